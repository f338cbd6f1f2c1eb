package extract

import (
	"unicode/utf16"
	"unicode/utf8"
)

// utf7 decodes UTF-7 (RFC 2152): ASCII, with UTF-16 in base64 between "+" and
// the first character that is none of base64. It is lenient: what is broken is
// left out, characters that should have been encoded stand for themselves.
type utf7 struct {
	next    stage
	out     []byte
	shifted bool
	first   bool // right behind the "+"
	bits    uint32
	n       int
	high    rune // the first half of a surrogate pair
}

func (u *utf7) write(b []byte) {
	for _, c := range b {
		if len(u.out) > 4000 {
			u.flush()
		}
		switch v := base64Value[c]; {
		case !u.shifted && c == '+':
			u.shifted, u.first, u.bits, u.n, u.high = true, true, 0, 0, 0
			continue
		case !u.shifted:
			u.out = append(u.out, c)
		case v < 64:
			u.digit(v)
		default:
			u.shifted = false
			if c != '-' {
				u.out = append(u.out, c)
			} else if u.first {
				u.out = append(u.out, '+')
			}
		}
		u.first = false
	}
	u.flush()
}

// digit takes six bits of UTF-16.
func (u *utf7) digit(v byte) {
	u.bits, u.n = u.bits<<6|uint32(v), u.n+6
	if u.n < 16 {
		return
	}
	u.n -= 16
	r := rune(u.bits >> u.n & 0xffff)
	u.bits &= 1<<u.n - 1
	switch {
	case u.high != 0:
		u.out = utf8.AppendRune(u.out, utf16.DecodeRune(u.high, r))
		u.high = 0
	case 0xd800 <= r && r < 0xdc00:
		u.high = r
	default:
		u.out = utf8.AppendRune(u.out, r)
	}
}

func (u *utf7) flush() {
	if len(u.out) > 0 {
		u.next.write(u.out)
		u.out = u.out[:0]
	}
}

func (u *utf7) close() { u.next.close() }
