package extract

import (
	"bytes"
	"strings"
)

// xmlText decodes the character references of XML, and leaves the rest as it is:
// the names of elements say what stands in them.
type xmlText struct {
	next   stage
	entity []byte // from its "&" on
}

func (x *xmlText) write(b []byte) {
	for len(b) > 0 {
		if len(x.entity) == 0 {
			i := bytes.IndexByte(b, '&')
			if i < 0 {
				x.next.write(b)
				return
			}
			if i > 0 {
				x.next.write(b[:i])
			}
			x.entity, b = append(x.entity, '&'), b[i+1:]
			continue
		}
		c := b[0]
		switch {
		case c == ';':
			x.entity = append(x.entity, c)
			x.release()
			b = b[1:]
		case len(x.entity) < maxEntity && (isAlnum(c) || c == '#' && len(x.entity) == 1):
			x.entity = append(x.entity, c)
			b = b[1:]
		default:
			x.release()
		}
	}
}

func (x *xmlText) release() {
	if text := decodeEntity(x.entity); len(text) > 0 {
		x.next.write(text)
	}
	x.entity = x.entity[:0]
}

func (x *xmlText) close() {
	if len(x.entity) > 0 {
		x.release()
	}
	x.next.close()
}

// cardLines decodes the quoted-printable values of vCard 2.1 and vCalendar 1.0,
// which say so in a parameter, with a charset or without one.
type cardLines struct {
	next  stage
	line  []byte
	long  bool   // a line that is too long to hold more than a plain value
	value []byte // of a quoted-printable value that goes on
	in    bool
	set   string // its charset
}

// Bounds of a line of a card.
const (
	maxCardLine  = 8 << 10
	maxCardValue = 64 << 10
)

func (k *cardLines) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		whole := i > 0
		if !whole {
			i = len(b)
		}
		if k.long {
			k.next.write(b[:i])
			k.long, b = !whole, b[i:]
			continue
		}
		if n := maxCardLine - len(k.line); i > n {
			i, whole = n, false
		}
		k.line = append(k.line, b[:i]...)
		if b = b[i:]; whole || len(k.line) == maxCardLine {
			k.take()
			k.long = !whole
		}
	}
}

func (k *cardLines) take() {
	line := k.line
	k.line = k.line[:0]
	if !k.in {
		head, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !bytes.Contains(bytes.ToUpper(head), []byte("QUOTED-PRINTABLE")) {
			k.next.write(line)
			return
		}
		k.next.write(head)
		k.next.write([]byte(":"))
		k.in, k.set = true, ""
		for p := range strings.SplitSeq(string(head), ";") {
			if name, set, _ := strings.Cut(p, "="); strings.EqualFold(name, "charset") {
				k.set = set
			}
		}
		line = value
	}
	text := bytes.TrimRight(line, "\r\n")
	soft := len(text) > 0 && text[len(text)-1] == '=' && len(text) < len(line)
	if soft {
		text = text[:len(text)-1]
	}
	k.value = append(k.value, text...)
	if !soft || len(k.value) > maxCardValue {
		k.end()
		k.next.write(crlf)
	}
}

// end decodes the value.
func (k *cardLines) end() {
	k.in = false
	out := k.value[:0]
	for i := 0; i < len(k.value); i++ {
		if c := k.value[i]; c == '=' && i+2 < len(k.value) && hexValue[k.value[i+1]] < 16 && hexValue[k.value[i+2]] < 16 {
			out = append(out, hexValue[k.value[i+1]]<<4|hexValue[k.value[i+2]])
			i += 2
		} else {
			out = append(out, c)
		}
	}
	s, _ := decodeString(k.set, out)
	k.next.write([]byte(s))
	k.value = k.value[:0]
}

func (k *cardLines) close() {
	if len(k.line) > 0 {
		k.take()
	}
	if k.in {
		k.end()
	}
	k.next.close()
}
