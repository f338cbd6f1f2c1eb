package extract

import (
	"bytes"
	"strings"
)

// cardLines decodes the quoted-printable values of vCard 2.1 and vCalendar 1.0,
// which say so in a parameter, with a charset or without one. Values in base64
// (RFC 5545 section 3.2.7, RFC 2426 section 5) are files of their own, and those in
// HTML are read as such, too.
type cardLines struct {
	leaf  *leaf
	next  stage
	file  stage // takes the lines of a value in base64 or HTML
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
			if k.file != nil {
				k.file.write(b[:i])
			}
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
		k.data(line)
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

// data takes a line if it is of a value in base64. The lines stay text as well.
func (k *cardLines) data(line []byte) {
	if k.file != nil {
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			k.file.write(line)
			return
		}
		k.endData()
	}
	head, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(head) > maxURIHead || k.leaf == nil {
		return
	}
	declared, encoded := "", false
	for p := range strings.SplitSeq(string(head), ";") {
		name, v, _ := strings.Cut(strings.ToLower(p), "=")
		switch {
		case name == "base64", name == "encoding" && (v == "b" || v == "base64"):
			encoded = true
		case name == "fmttype":
			declared = v
		}
	}
	if !encoded && declared == "text/html" {
		p := k.leaf.part
		h := newHTML(newTextStream(k.leaf.r, p, p.Where), newTextStream(k.leaf.r, p, p.Where))
		h.leaf = k.leaf
		k.file = newEscapes("text/calendar", h)
		k.file.write(value)
		return
	}
	if !encoded {
		media, data, _ := bytes.Cut(value, []byte(","))
		scheme, ok := strings.CutPrefix(strings.ToLower(string(media[:min(len(media), maxURIHead)])), "data:")
		if !ok || !strings.HasSuffix(scheme, ";base64") { // as in vCard 4
			return
		}
		declared, value = strings.TrimSuffix(scheme, ";base64"), data
	}
	d := newBase64(k.leaf.r, k.leaf.within(member{declared: declared, inline: true}), nil)
	d.quiet = true
	d.write(value)
	k.file = d
}

func (k *cardLines) endData() {
	if k.file != nil {
		k.file.close()
		k.file = nil
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
	k.endData()
	k.next.close()
}
