package extract

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
)

// iso2022KR names the charset of RFC 1557, which golang.org/x/text lacks.
type iso2022KR struct{ encoding.Encoding }

// shifted decodes it: ASCII, and between Shift Out and Shift In the characters
// of EUC-KR without their high bits. The sequence that announces this is dropped.
type shifted struct {
	next stage // EUC-KR
	out  bool  // behind a Shift Out
	held []byte
	buf  []byte
}

func newShifted(next stage) *shifted {
	return &shifted{next: newCharset(korean.EUCKR, next)}
}

func (s *shifted) write(b []byte) {
	const announcer = "\x1b$)C"
	s.buf = s.buf[:0]
	for _, c := range b {
		if n := len(s.held); n > 0 || c == announcer[0] {
			if c == announcer[n] {
				if s.held = append(s.held, c); len(s.held) == len(announcer) {
					s.held = s.held[:0]
				}
				continue
			}
			s.buf = append(s.buf, bytes.TrimPrefix(s.held, []byte{0x1b})...)
			s.held = s.held[:0]
		}
		switch {
		case c == 0x0e:
			s.out = true
		case c == 0x0f:
			s.out = false
		case s.out && c > ' ' && c < 0x7f:
			s.buf = append(s.buf, c|0x80)
		default:
			if c == '\n' { // a line begins in ASCII
				s.out = false
			}
			s.buf = append(s.buf, c)
		}
	}
	s.next.write(s.buf)
}

func (s *shifted) close() {
	s.next.write(bytes.TrimPrefix(s.held, []byte{0x1b}))
	s.next.close()
}
