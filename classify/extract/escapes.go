package extract

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// escapes undoes what a structured text does to the values in it, so that they
// read as their reader sees them: the backslashes of JSON (RFC 8259 section 7),
// or the backslashes and folded lines of calendars and cards (RFC 5545 section
// 3.1, RFC 6350 section 3). All else stays.
type escapes struct {
	next stage
	fold bool   // a line that begins with white space continues the one before
	held []byte // an escape or a line end, undecided
	high rune   // the first half of a surrogate pair
}

// newEscapes returns the stage for a media type, nil if the type has none.
func newEscapes(media string, next stage) *escapes {
	switch media {
	case "text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/x-vcalendar", "application/ics":
		return &escapes{next: next, fold: true}
	case "application/json", "text/json", "application/x-ndjson":
		return &escapes{next: next}
	}
	return nil
}

func (e *escapes) write(b []byte) {
	for len(b) > 0 {
		if len(e.held) > 0 {
			if e.step(b[0]) {
				b = b[1:]
			}
			continue
		}
		i := bytes.IndexByte(b, '\\')
		if e.fold {
			if j := bytes.IndexAny(b, "\r\n\\"); j >= 0 {
				i = j
			}
		}
		if i < 0 {
			e.text(b)
			return
		}
		e.text(b[:i])
		e.held, b = append(e.held, b[i]), b[i+1:]
	}
}

// step takes the byte behind what is held and reports whether it was used up.
func (e *escapes) step(c byte) bool {
	switch e.held[0] {
	case '\r':
		if c == '\n' && len(e.held) == 1 {
			e.held = append(e.held, c)
			return true
		}
		return e.folded(c)
	case '\n':
		return e.folded(c)
	}
	if len(e.held) > 1 { // \u
		if hexValue[c] > 15 {
			e.release()
			return false
		}
		if e.held = append(e.held, c); len(e.held) == 6 {
			e.unit()
		}
		return true
	}
	switch {
	case c == 'n' || c == 'N' && e.fold:
		e.replace('\n')
	case e.fold && (c == ',' || c == ';' || c == '\\'):
		e.replace(c)
	case e.fold:
		e.release()
		return false
	case c == 't':
		e.replace('\t')
	case c == 'r' || c == 'f' || c == 'b':
		e.replace(' ')
	case c == '"' || c == '\\' || c == '/':
		e.replace(c)
	case c == 'u':
		e.held = append(e.held, c)
	default:
		e.release()
		return false
	}
	return true
}

// folded takes the byte behind a line end.
func (e *escapes) folded(c byte) bool {
	if (c == ' ' || c == '\t') && e.held[len(e.held)-1] == '\n' {
		e.held = e.held[:0]
		return true
	}
	e.release()
	return false
}

// unit ends a \uXXXX, one unit of UTF-16.
func (e *escapes) unit() {
	var r rune
	for _, c := range e.held[2:] {
		r = r<<4 | rune(hexValue[c])
	}
	e.held = e.held[:0]
	switch {
	case e.high != 0 && utf16.IsSurrogate(r):
		r, e.high = utf16.DecodeRune(e.high, r), 0
	case 0xd800 <= r && r < 0xdc00:
		e.high = r
		return
	case r == 0: // as any NUL byte
		return
	}
	e.text(utf8.AppendRune(nil, r))
}

func (e *escapes) replace(c byte) {
	e.held = append(e.held[:0], c)
	e.release()
}

// release gives what is held on as it is.
func (e *escapes) release() {
	e.text(e.held)
	e.held = e.held[:0]
}

func (e *escapes) text(b []byte) {
	if len(b) > 0 {
		e.high = 0
		e.next.write(b)
	}
}

func (e *escapes) close() {
	e.release()
	e.next.close()
}
