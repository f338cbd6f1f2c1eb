package extract

import "bytes"

// nulLines is the second reading of text that looks like UTF-16 for its NUL bytes or
// its mark, with no charset that says so: clients that go by the charset drop NUL
// bytes, show the mark as two odd characters, and then the rest. It passes on the
// lines in which ASCII characters stand side by side, which those of UTF-16 do not;
// all other lines read the same both ways.
type nulLines struct {
	next stage
	line []byte
}

// maxNULLine is how much of a line is held.
const maxNULLine = 4 << 10

func (l *nulLines) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		whole := i > 0
		if !whole {
			i = len(b)
		}
		if n := maxNULLine - len(l.line); i > n {
			i, whole = n, false
		}
		l.line = append(l.line, b[:i]...)
		if b = b[i:]; whole || len(l.line) == maxNULLine {
			l.take()
		}
	}
}

func (l *nulLines) take() {
	if asciiPair(l.line) {
		l.next.write(l.line)
	}
	l.line = l.line[:0]
}

// asciiPair reports whether two visible ASCII characters stand side by side.
func asciiPair(line []byte) bool {
	for i := 1; i < len(line); i++ {
		if a, b := line[i-1], line[i]; a >= ' ' && a < 0x7f && b >= ' ' && b < 0x7f {
			return true
		}
	}
	return false
}

func (l *nulLines) close() {
	l.take()
	l.next.close()
}

// plainBehindMark reports whether ASCII stands behind a byte order mark of UTF-16.
func plainBehindMark(head []byte) bool {
	text := bytes.TrimLeft(head, "\xff\xfe")
	return bytes.IndexByte(text, 0) < 0 && mostlyASCII(text)
}
