package extract

import "bytes"

// maxSoftBlanks bounds the blanks behind the equals sign of a soft line break.
const maxSoftBlanks = 1000

// quotedDecoder decodes quoted-printable and keeps whatever is no escape. It
// does not strip blanks at line ends: they harm no reader of the text.
type quotedDecoder struct {
	r    *Reader
	next stage
	held []byte // an equals sign and what followed it, undecided
	out  []byte
}

func newQuoted(r *Reader, next stage) *quotedDecoder {
	return &quotedDecoder{r: r, next: next, out: make([]byte, 0, 4<<10)}
}

func (d *quotedDecoder) write(b []byte) {
	for len(b) > 0 {
		if len(d.held) > 0 {
			if d.escape(b[0]) {
				b = b[1:]
			}
			continue
		}
		i := bytes.IndexByte(b, '=')
		if i < 0 {
			d.emit(b)
			break
		}
		d.emit(b[:i])
		// The common escapes, whole in this piece.
		switch rest := b[i+1:]; {
		case len(rest) >= 2 && hexValue[rest[0]] < 16 && hexValue[rest[1]] < 16:
			d.emitByte(hexValue[rest[0]]<<4 | hexValue[rest[1]])
			b = rest[2:]
		case len(rest) >= 2 && rest[0] == '\r' && rest[1] == '\n':
			b = rest[2:]
		default:
			d.held = append(d.held, '=')
			b = rest
		}
	}
	d.flush()
}

// escape takes the next byte behind an equals sign, and reports whether it was
// used up; if not, it is to be read again.
func (d *quotedDecoder) escape(c byte) bool {
	last := d.held[len(d.held)-1]
	switch {
	case c == '\n': // a soft line break, blanks before it or not
		if len(d.held) == 2 && hexValue[last] < 16 {
			break
		}
		d.held = d.held[:0]
		return true
	case last == '\r': // QUIRK: a bare CR ends the line too
		d.held = d.held[:0]
		return false
	case len(d.held) == 1 && hexValue[c] < 16:
		d.held = append(d.held, c)
		return true
	case len(d.held) == 2 && hexValue[last] < 16:
		if hexValue[c] < 16 {
			d.emitByte(hexValue[last]<<4 | hexValue[c])
			d.held = d.held[:0]
			return true
		}
	case (c == ' ' || c == '\t' || c == '\r') && len(d.held) < maxSoftBlanks:
		d.held = append(d.held, c)
		return true
	}
	d.r.anomalies.add(badQuotedPrintable)
	d.emit(d.held)
	d.held = d.held[:0]
	return false
}

// quotedLines passes on, decoded, the lines that hold an escape of
// quoted-printable, with those that a soft line break makes one with them.
type quotedLines struct {
	next stage
	line []byte
}

// maxQuotedLine is how much of a line is held.
const maxQuotedLine = 4 << 10

func (q *quotedLines) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		whole := i > 0
		if !whole {
			i = len(b)
		}
		if n := maxQuotedLine - len(q.line); i > n {
			i, whole = n, false
		}
		q.line = append(q.line, b[:i]...)
		b = b[i:]
		if len(q.line) == maxQuotedLine || whole && !bytes.HasSuffix(bytes.TrimRight(q.line, " \t\r\n"), []byte("=")) {
			q.take()
		}
	}
}

// take decodes a line if it holds an escape.
func (q *quotedLines) take() {
	escaped := false
	for i := 0; i+2 < len(q.line) && !escaped; i++ {
		escaped = q.line[i] == '=' && hexValue[q.line[i+1]] < 16 && hexValue[q.line[i+2]] < 16
	}
	if escaped {
		var s stringStage
		d := newQuoted(&Reader{}, &s) // what is odd about it is no oddity of the mail's
		d.write(q.line)
		d.close()
		q.next.write([]byte(s.String()))
	}
	q.line = q.line[:0]
}

func (q *quotedLines) close() {
	q.take()
	q.next.close()
}

func (d *quotedDecoder) emit(b []byte) {
	if len(d.out)+len(b) > cap(d.out) {
		d.flush()
		if len(b) >= cap(d.out) {
			d.next.write(b)
			return
		}
	}
	d.out = append(d.out, b...)
}

func (d *quotedDecoder) emitByte(c byte) {
	if len(d.out) == cap(d.out) {
		d.flush()
	}
	d.out = append(d.out, c)
}

func (d *quotedDecoder) flush() {
	if len(d.out) > 0 {
		d.next.write(d.out)
		d.out = d.out[:0]
	}
}

func (d *quotedDecoder) close() {
	if len(d.held) > 1 { // a lone equals sign at the end is a soft break cut off
		d.emit(d.held)
		d.held = d.held[:0]
	}
	d.flush()
	d.next.close()
}

// hexValue gives the value of a hexadecimal digit; other bytes are 255.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range 10 {
		t['0'+i] = byte(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = byte(10+i), byte(10+i)
	}
	return t
}()
