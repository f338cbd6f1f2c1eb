package pdf

// The types of objects, ISO 32000-2 section 7.3: nil, bool, int, float64,
// name, str, array, dict, ref and *stream. A word that is none of these is a
// keyword.
type (
	name    string
	str     string
	keyword string
	array   []any
	dict    map[name]any
	ref     struct{ num, gen int }
)

// stream is a dictionary with bytes. They lie in the file.
type stream struct {
	dict
	num, gen int // the object it is, which its key is made from
	off      int64
	length   int64 // -1 until it is asked for
}

// maxNesting is how deep arrays and dictionaries are followed.
const maxNesting = 64

// parser reads objects from bytes. It never fails: of what is broken it makes
// what it can.
type parser struct {
	b     []byte
	i     int
	nodes int // objects made so far, as a measure of memory
}

const (
	regular = iota
	space
	delimiter
)

// class tells white-space characters and delimiters, section 7.2.3.
var class = func() (c [256]byte) {
	for _, b := range []byte{0, '\t', '\n', '\f', '\r', ' '} {
		c[b] = space
	}
	for _, b := range []byte("()<>[]{}/%") {
		c[b] = delimiter
	}
	return c
}()

// skip passes white space and comments.
func (p *parser) skip() {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case class[c] == space:
			p.i++
		case c == '%':
			for p.i < len(p.b) && p.b[p.i] != '\n' && p.b[p.i] != '\r' {
				p.i++
			}
		default:
			return
		}
	}
}

// object reads the next object. At the end of the bytes it is an empty keyword.
func (p *parser) object(depth int) any {
	p.skip()
	if p.i >= len(p.b) {
		return keyword("")
	}
	p.nodes++
	switch c := p.b[p.i]; c {
	case '/':
		return p.name()
	case '(':
		s, _ := p.literal(nil)
		return str(s)
	case '<':
		if p.i+1 < len(p.b) && p.b[p.i+1] == '<' {
			if depth >= maxNesting {
				p.i += 2
				return nil
			}
			return p.dict(depth)
		}
		return str(p.hex(nil))
	case '[':
		if depth >= maxNesting {
			p.i++
			return nil
		}
		return p.array(depth)
	case ']', ')', '{', '}':
		p.i++
		return keyword(c)
	case '>':
		p.i++
		if p.i < len(p.b) && p.b[p.i] == '>' {
			p.i++
			return keyword(">>")
		}
		return keyword(">")
	case '+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	}
	return p.word()
}

func (p *parser) word() any {
	from := p.i
	for p.i < len(p.b) && class[p.b[p.i]] == regular {
		p.i++
	}
	switch w := p.b[from:p.i]; string(w) {
	case "null":
		return nil
	case "true":
		return true
	case "false":
		return false
	default:
		return keyword(w)
	}
}

// number reads a number, and what follows it if both are a reference.
func (p *parser) number() any {
	v, whole := p.numeral()
	if !whole {
		return v
	}
	n := int(v)
	if n < 0 || n > maxObject {
		return n
	}
	at := p.i
	if gen, ok := p.digits(); ok {
		p.skip()
		if p.i < len(p.b) && p.b[p.i] == 'R' && (p.i+1 == len(p.b) || class[p.b[p.i+1]] != regular) {
			p.i++
			return ref{n, gen}
		}
	}
	p.i = at
	return n
}

// digits reads white space and a whole number of up to five digits.
func (p *parser) digits() (int, bool) {
	p.skip()
	n, from := 0, p.i
	for p.i < len(p.b) && p.b[p.i]-'0' < 10 && p.i-from < 6 {
		n = 10*n + int(p.b[p.i]-'0')
		p.i++
	}
	return n, p.i > from && p.i-from < 6
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// numeral reads a number as tolerantly as viewers do: several signs, no digits.
func (p *parser) numeral() (v float64, whole bool) {
	b, i := p.b, p.i
	negative := false
	for i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = negative || b[i] == '-'
		i++
	}
	n, digits, dot := uint64(0), 0, -1
	for ; i < len(b); i++ {
		c := b[i] - '0'
		switch {
		case c < 10:
			if digits < 18 {
				n = 10*n + uint64(c)
				digits++
			} else if dot >= 0 {
				dot++ // beyond what matters
			}
			continue
		case b[i] == '.' && dot < 0:
			dot = digits
			continue
		case b[i] == '-': // QUIRK: old PDF writers make numbers such as 12.-34
			continue
		}
		break
	}
	for i < len(b) && class[b[i]] == regular && i > p.i && (b[i]-'0' < 10 || b[i] == '.') {
		i++
	}
	if i == p.i {
		i++
	}
	p.i = i
	v = float64(n)
	if dot >= 0 {
		v /= pow10[min(max(digits-dot, 0), 18)]
	}
	if negative {
		v = -v
	}
	return v, dot < 0
}

func (p *parser) name() name {
	p.i++
	from, escaped := p.i, false
	for p.i < len(p.b) && class[p.b[p.i]] == regular {
		escaped = escaped || p.b[p.i] == '#'
		p.i++
	}
	raw := p.b[from:p.i]
	if !escaped {
		return name(raw)
	}
	return name(unescapeName(raw))
}

// unescapeName undoes #xx.
func unescapeName(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) && unhex[raw[i+1]] < 16 && unhex[raw[i+2]] < 16 {
			out = append(out, unhex[raw[i+1]]<<4|unhex[raw[i+2]])
			i += 2
			continue
		}
		out = append(out, raw[i])
	}
	return out
}

var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// literal reads a string in parentheses. Without escapes it is cut out of the
// bytes; otherwise it is appended to buf, which is returned as well.
func (p *parser) literal(buf []byte) (s, _ []byte) {
	p.i++
	from, depth := p.i, 1
	for i := p.i; i < len(p.b); i++ {
		switch p.b[i] {
		case '\\', '\r':
			p.i = i
			n := len(buf)
			buf = p.escaped(append(buf, p.b[from:i]...), depth)
			return buf[n:], buf
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.i = i + 1
				return p.b[from:i], buf
			}
		}
	}
	p.i = len(p.b)
	return p.b[from:], buf
}

func (p *parser) escaped(out []byte, depth int) []byte {
	for p.i < len(p.b) {
		c := p.b[p.i]
		p.i++
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return out
			}
		case '\r':
			if p.i < len(p.b) && p.b[p.i] == '\n' {
				p.i++
			}
			c = '\n'
		case '\\':
			out = p.escape(out)
			continue
		}
		out = append(out, c)
	}
	return out
}

// escape reads what stands behind a backslash.
func (p *parser) escape(out []byte) []byte {
	if p.i >= len(p.b) {
		return out
	}
	c := p.b[p.i]
	p.i++
	switch c {
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case '\r':
		if p.i < len(p.b) && p.b[p.i] == '\n' {
			p.i++
		}
		return out
	case '\n':
		return out
	case '0', '1', '2', '3', '4', '5', '6', '7':
		c -= '0'
		for n := 0; n < 2 && p.i < len(p.b) && p.b[p.i]&^7 == '0'; n++ {
			c = c<<3 | p.b[p.i]&7
			p.i++
		}
	}
	return append(out, c)
}

// hex reads a hexadecimal string, appended to buf.
func (p *parser) hex(buf []byte) []byte {
	p.i++
	high, half := byte(0), false
	for p.i < len(p.b) {
		c := p.b[p.i]
		p.i++
		if c == '>' {
			break
		}
		v := unhex[c]
		switch {
		case v > 15:
		case half:
			buf = append(buf, high|v)
			half = false
		default:
			high, half = v<<4, true
		}
	}
	if half {
		buf = append(buf, high)
	}
	return buf
}

func (p *parser) array(depth int) array {
	p.i++
	a := array{}
	for {
		v := p.object(depth + 1)
		if k, ok := v.(keyword); ok {
			if k == "]" || k == "" {
				return a
			}
			if k == ">>" || k == "endobj" || k == "stream" {
				p.i -= len(k) // the array was never closed
				return a
			}
			continue
		}
		a = append(a, v)
	}
}

func (p *parser) dict(depth int) dict {
	p.i += 2
	d := dict{}
	for {
		switch key := p.object(depth + 1).(type) {
		case keyword:
			switch key {
			case ">>", "":
				return d
			case "endobj", "stream":
				p.i -= len(key)
				return d
			}
		case name:
			v := p.object(depth + 1)
			if k, ok := v.(keyword); ok {
				if k == ">>" || k == "" || k == "endobj" {
					p.i -= len(k)
				}
				continue
			}
			d[key] = v
		}
	}
}
