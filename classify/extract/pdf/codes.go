package pdf

import "io"

// asciiHex undoes ASCIIHexDecode, section 7.4.2.
type asciiHex struct {
	r   byteReader
	end bool
}

func (a *asciiHex) Read(b []byte) (int, error) {
	n := 0
	high, half := byte(0), false
	for n < len(b) && !a.end {
		c, err := a.r.ReadByte()
		if err != nil || c == '>' {
			a.end = true
			if half {
				b[n] = high
				n++
			}
			break
		}
		switch v := unhex[c]; {
		case v > 15:
		case half:
			b[n] = high | v
			n++
			half = false
		default:
			high, half = v<<4, true
		}
	}
	return n, endOf(n)
}

func endOf(n int) error {
	if n == 0 {
		return io.EOF
	}
	return nil
}

// ascii85 undoes ASCII85Decode, section 7.4.3.
type ascii85 struct {
	r    byteReader
	rest []byte
	out  [4]byte
	end  bool
}

func (a *ascii85) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(a.rest) == 0 {
			if a.end {
				break
			}
			a.group()
			continue
		}
		k := copy(b[n:], a.rest)
		n += k
		a.rest = a.rest[k:]
	}
	return n, endOf(n)
}

func (a *ascii85) group() {
	var v uint32
	n := 0
	for n < 5 {
		c, err := a.r.ReadByte()
		if err != nil || c == '~' {
			a.end = true
			break
		}
		if c == 'z' && n == 0 {
			a.out = [4]byte{}
			a.rest = a.out[:]
			return
		}
		if c >= '!' && c <= 'u' {
			v = 85*v + uint32(c-'!')
			n++
		}
	}
	if n < 2 {
		return
	}
	for i := n; i < 5; i++ {
		v = 85*v + 84
	}
	a.out = [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	a.rest = a.out[:n-1]
}

// runLength undoes RunLengthDecode, section 7.4.5.
type runLength struct {
	r     byteReader
	left  int
	same  bool
	value byte
	end   bool
}

func (r *runLength) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && !r.end {
		if r.left == 0 {
			c, err := r.r.ReadByte()
			if err != nil || c == 128 {
				r.end = true
				break
			}
			r.left, r.same = int(c)+1, c > 128
			if r.same {
				r.left = 257 - int(c)
				r.value, err = r.r.ReadByte()
				r.end = err != nil
			}
			continue
		}
		c := r.value
		if !r.same {
			var err error
			if c, err = r.r.ReadByte(); err != nil {
				r.end = true
				break
			}
		}
		b[n] = c
		n++
		r.left--
	}
	return n, endOf(n)
}

// lzw undoes LZWDecode, section 7.4.4.
type lzw struct {
	r      byteReader
	early  int
	bits   uint32
	have   uint
	width  uint
	next   int // the code to be defined
	last   int // the code before, -1 at the beginning
	prefix [4096]uint16
	suffix [4096]byte
	length [4096]uint16
	buf    [4096]byte
	rest   []byte
	end    bool
}

const (
	lzwClear = 256
	lzwEnd   = 257
)

func newLZW(r byteReader, early bool) *lzw {
	l := &lzw{r: r, width: 9, next: 258, last: -1}
	if early {
		l.early = 1
	}
	for i := range 256 {
		l.suffix[i], l.length[i] = byte(i), 1
	}
	return l
}

func (l *lzw) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(l.rest) == 0 {
			if l.end {
				break
			}
			l.code()
			continue
		}
		k := copy(b[n:], l.rest)
		n += k
		l.rest = l.rest[k:]
	}
	return n, endOf(n)
}

func (l *lzw) code() {
	for l.have < l.width {
		c, err := l.r.ReadByte()
		if err != nil {
			l.end = true
			return
		}
		l.bits = l.bits<<8 | uint32(c)
		l.have += 8
	}
	l.have -= l.width
	code := int(l.bits >> l.have & (1<<l.width - 1))
	switch {
	case code == lzwClear:
		l.width, l.next, l.last = 9, 258, -1
		return
	case code == lzwEnd || code > l.next || code == l.next && l.last < 0:
		l.end = true
		return
	}
	if l.last >= 0 && l.next < 4096 {
		l.prefix[l.next] = uint16(l.last)
		l.length[l.next] = l.length[l.last] + 1
		l.suffix[l.next] = l.first(code)
		l.next++
	}
	if code >= 4096 || l.length[code] == 0 {
		l.end = true
		return
	}
	n := int(l.length[code])
	for c, i := code, n-1; i >= 0; i-- {
		l.buf[i] = l.suffix[c]
		c = int(l.prefix[c])
	}
	l.rest = l.buf[:n]
	l.last = code
	if l.next+l.early >= 1<<l.width && l.width < 12 {
		l.width++
	}
}

// first is the first byte of what a code stands for; one that is just being
// defined begins like the one before.
func (l *lzw) first(code int) byte {
	if code == l.next {
		code = l.last
	}
	for l.length[code] > 1 {
		code = int(l.prefix[code])
	}
	return l.suffix[code]
}
