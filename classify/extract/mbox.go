package extract

import "bytes"

// mbox splits a mailbox file into its mails, each a member: one begins at a
// "From " line behind a blank one (RFC 4155).
type mbox struct {
	leaf  *leaf
	mail  stage
	line  []byte
	long  bool // the rest of a line that was passed on
	blank bool // the line before was blank
}

// maxFromLine is how much of a line may be a separator.
const maxFromLine = 500

func newMbox(l *leaf) *mbox { return &mbox{leaf: l, blank: true} }

func (m *mbox) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		whole := i > 0
		if !whole {
			i = len(b)
		}
		if m.long {
			m.mail.write(b[:i])
			m.long, m.blank, b = !whole, false, b[i:]
			continue
		}
		if n := maxFromLine - len(m.line); i > n {
			i, whole = n, false
		}
		m.line = append(m.line, b[:i]...)
		if b = b[i:]; whole || len(m.line) == maxFromLine {
			m.take()
			m.long = !whole
		}
	}
}

func (m *mbox) take() {
	if m.mail == nil || m.blank && isFromLine(m.line) {
		if m.mail != nil {
			m.mail.close()
		}
		m.mail = m.leaf.within(member{})
	} else {
		m.mail.write(m.line)
	}
	m.blank = len(bytes.TrimRight(m.line, "\r\n")) == 0
	m.line = m.line[:0]
}

// isFromLine reports whether a line is a separator: it ends in a date, with a
// time of day.
func isFromLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) && bytes.Count(line, []byte(":")) >= 2 && bytes.Count(line, []byte(" ")) >= 5 &&
		bytes.ContainsAny(line[len(line)-min(len(line), 14):], "0123456789")
}

func (m *mbox) close() {
	if len(m.line) > 0 {
		m.take()
	}
	if m.mail != nil {
		m.mail.close()
	}
}
