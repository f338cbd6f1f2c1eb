package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"html"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// What the most common references stand for.
var nbsp, ampersand, lessThan, greaterThan = []byte("\u00a0"), []byte("&"), []byte("<"), []byte(">")

// decodeEntity decodes a character reference of HTML; what is none stays.
func decodeEntity(e []byte) []byte {
	switch string(e) {
	case "&nbsp;":
		return nbsp
	case "&amp;":
		return ampersand
	case "&lt;":
		return lessThan
	case "&gt;":
		return greaterThan
	}
	if len(e) > 2 && e[1] == '#' {
		digits, base := bytes.TrimSuffix(e[2:], []byte(";")), 10
		if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(string(digits), base, 32)
		if err == nil && n == 0 {
			return nil
		}
		if err == nil && (n < 0x80 || n > 0x9f) && n <= utf8.MaxRune {
			return utf8.AppendRune(nil, rune(n))
		}
		if err != nil && len(digits) > 0 && len(bytes.Trim(digits, "0")) < len(digits) && base == 10 {
			return decodeDigits(e, digits)
		}
	}
	return []byte(html.UnescapeString(string(e)))
}

// decodeDigits decodes "&#48abc": digits that other characters follow at once.
func decodeDigits(e, digits []byte) []byte {
	n := 0
	for n < len(digits) && '0' <= digits[n] && digits[n] <= '9' {
		n++
	}
	if n == 0 || n == len(digits) {
		return e
	}
	return append(decodeEntity(append([]byte("&#"), digits[:n]...)), e[2+n:]...)
}

// commonEntity is a reference of up to eight characters, and what it stands for.
type commonEntity struct {
	name uint64 // what stands between its signs, the first byte lowest
	text [utf8.UTFMax]byte
	size uint8
}

type entityTable [2048]commonEntity

// commonEntities are the names that HTML 4 knows, and the numbers of the
// characters that they stand for, by hashEntity.
var commonEntities = sync.OnceValue(func() *entityTable {
	t := &entityTable{}
	for name := range strings.FieldsSeq(entityNames) {
		text := html.UnescapeString("&" + name + ";")
		t.add(name, text)
		r, _ := utf8.DecodeRuneInString(text)
		t.add(fmt.Sprintf("#%d", r), text)
		t.add(fmt.Sprintf("#x%x", r), text)
		t.add(fmt.Sprintf("#x%X", r), text)
	}
	return t
})

func (t *entityTable) add(name, text string) {
	var b [8]byte
	copy(b[:], name)
	e := commonEntity{name: binary.LittleEndian.Uint64(b[:])}
	e.size = uint8(copy(e.text[:], text))
	at := hashEntity(e.name)
	for t[at].name != 0 && t[at].name != e.name {
		at = (at + 1) % uint64(len(t))
	}
	t[at] = e
}

func (t *entityTable) find(name uint64) *commonEntity {
	for at := hashEntity(name); t[at].name != 0; at = (at + 1) % uint64(len(t)) {
		if t[at].name == name {
			return &t[at]
		}
	}
	return nil
}

func hashEntity(name uint64) uint64 { return name * 0x9e3779b97f4a7c15 >> 53 }

const entityNames = `nbsp amp lt gt quot apos iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute
micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc
Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave
aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml
divide oslash ugrave uacute ucirc uuml yacute thorn yuml fnof Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi
Omicron Pi Rho Sigma Tau Upsilon Phi Chi Psi Omega alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho
sigmaf sigma tau upsilon phi chi psi omega thetasym upsih piv bull hellip prime Prime oline frasl weierp image real trade alefsym larr uarr
rarr darr harr crarr lArr uArr rArr dArr hArr forall part exist empty nabla isin notin ni prod sum minus lowast radic prop infin ang and or
cap cup int there4 sim cong asymp ne equiv le ge sub sup nsub sube supe oplus otimes perp sdot lceil rceil lfloor rfloor lang rang loz
spades clubs hearts diams OElig oelig Scaron scaron Yuml circ tilde ensp emsp thinsp zwnj zwj lrm rlm ndash mdash lsquo rsquo sbquo ldquo
rdquo bdquo dagger Dagger permil lsaquo rsaquo euro`

// fastEntity reads the character reference at the front of b, if it is whole, and
// returns its length.
func (h *htmlReader) fastEntity(b []byte) int {
	if len(b) >= 10 {
		if n := h.commonEntity(b); n > 0 {
			return n
		}
	}
	n := wholeEntity(b)
	if n > 0 {
		h.page.literal(decodeEntity(b[:n]))
	}
	return n
}

// wholeEntity is how long the reference at the front of b is; 0 if it does not
// end in a semicolon there.
func wholeEntity(b []byte) int {
	for i := 1; i < len(b) && i < maxEntity-1; i++ {
		switch c := b[i]; {
		case c == ';':
			return i + 1
		case !isAlnum(c) && (c != '#' || i != 1):
			return 0
		}
	}
	return 0
}

// commonEntity reads a reference that is one of commonEntities, or a number.
func (h *htmlReader) commonEntity(b []byte) int {
	if h.entities == nil {
		h.entities = commonEntities()
	}
	name, n := nameBefore(binary.LittleEndian.Uint64(b[1:]), ';')
	if b[9] == ';' && n == 0 {
		n = 8
	}
	if n == 0 {
		return 0
	}
	if e := h.entities.find(name); e != nil {
		h.page.character(&e.text, int(e.size))
		return n + 2
	}
	if b[1] == '#' {
		r, n := numberEntity(b)
		if n > 0 {
			h.page.character(&h.char, utf8.EncodeRune(h.char[:], r))
		}
		return n
	}
	return 0
}

// nameBefore returns the bytes of x before the first one that is end, and how
// many they are; all of them and 0 if none is.
func nameBefore(x uint64, end byte) (name uint64, n int) {
	at := zeroBytes(x ^ uint64(end)*ones)
	if at == 0 {
		return x, 0
	}
	n = bits.TrailingZeros64(at) >> 3
	return x & (1<<(8*n) - 1), n
}

// numberEntity reads a reference by a number of up to six digits, if it stands
// for a character that is one.
func numberEntity(b []byte) (r rune, n int) {
	hex := b[2]|0x20 == 'x'
	i := 2
	if hex {
		i = 3
	}
	for end := i + 7; i < min(end, len(b)); i++ {
		c := b[i]
		switch {
		case c == ';' && i > 2 && (r != 0 && r < 0x80 || r > 0x9f && r <= utf8.MaxRune):
			return r, i + 1
		case !hex && c-'0' <= 9:
			r = r*10 + rune(c-'0')
		case hex && hexValue[c] < 16:
			r = r<<4 | rune(hexValue[c])
		default:
			return 0, 0
		}
	}
	return 0, 0
}

// decoded is the value of an attribute without its references. It holds until
// the next call.
func (h *htmlReader) decoded(value []byte) []byte {
	out := h.plainValue[:0]
	for {
		at := bytes.IndexByte(value, '&')
		if at < 0 {
			break
		}
		out = append(out, value[:at]...)
		value = value[at:]
		n := 1
		for n < len(value) && n < maxEntity && (isAlnum(value[n]) || value[n] == '#' && n == 1) {
			n++
		}
		if n < len(value) && value[n] == ';' {
			n++
		}
		if n == len("&amp;") && string(value[:n]) == "&amp;" { // as between the values of a query
			out = append(out, '&')
		} else {
			out = append(out, decodeEntity(value[:n])...)
		}
		value = value[n:]
	}
	h.plainValue = append(out, value...)
	return h.plainValue
}
