package extract

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// iso2022KR and iso2022CN name the charsets of RFC 1557 and RFC 1922, which
// golang.org/x/text lacks.
type (
	iso2022KR struct{ encoding.Encoding }
	iso2022CN struct{ encoding.Encoding }
)

// shifted decodes them: ASCII, and between Shift Out and Shift In the characters
// of another charset without their high bits. Which one that is, a sequence says,
// which is dropped. Of CNS 11643 the digits are read and the rest is marks, for its
// table is in no library.
type shifted struct {
	next  stage // EUC-KR or GBK
	out   bool  // behind a Shift Out
	cns   bool  // CNS 11643 was announced
	first byte  // of two bytes of that
	held  []byte
	buf   []byte
}

func newShifted(enc encoding.Encoding, next stage) *shifted {
	return &shifted{next: newCharset(enc, next)}
}

func newISO2022KR(next stage) *shifted { return newShifted(korean.EUCKR, next) }
func newISO2022CN(next stage) *shifted { return newShifted(simplifiedchinese.GBK, next) }

// announces reports whether b is the beginning of a sequence that announces a
// charset: for Shift Out (Escape $ ) and a letter), or for a single shift.
func announces(b []byte) bool {
	for i, c := range b {
		if i == 1 && c != '$' || i == 2 && c != ')' && c != '*' || i == 3 && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func (s *shifted) write(b []byte) {
	s.buf = s.buf[:0]
	for _, c := range b {
		if len(s.held) > 0 || c == 0x1b {
			if s.held = append(s.held, c); announces(s.held) {
				if len(s.held) == 4 {
					s.cns = s.held[2] == ')' && c == 'G' || s.held[2] == '*' && s.cns
					s.held = s.held[:0]
				}
				continue
			}
			s.buf = append(s.buf, s.held[1:len(s.held)-1]...)
			s.held = s.held[:0]
		}
		s.character(c)
	}
	s.next.write(s.buf)
}

func (s *shifted) character(c byte) {
	visible := c > ' ' && c < 0x7f
	switch {
	case c == 0x0e:
		s.out = true
	case c == 0x0f:
		s.out, s.first = false, 0
	case s.out && visible && s.cns && s.first == 0:
		s.first = c
	case s.out && visible && s.cns:
		mark := byte('?')
		if s.first == 0x24 && c >= 0x21 && c <= 0x2a { // wide digits
			mark = '0' + c - 0x21
		}
		s.buf, s.first = append(s.buf, mark), 0
	case s.out && visible:
		s.buf = append(s.buf, c|0x80)
	default:
		if c == '\n' { // a line begins in ASCII
			s.out = false
		}
		s.buf = append(s.buf, c)
	}
}

func (s *shifted) close() {
	s.next.write(bytes.TrimPrefix(s.held, []byte{0x1b}))
	s.next.close()
}
