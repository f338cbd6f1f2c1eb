package extract

import (
	"bytes"
	"strings"
)

// yEnc is a file in yEnc (www.yenc.org, version 1.3): each byte plus 42, with the
// few that would harm a line escaped. A block that is one of several pieces of a
// file is read as far as it goes, and its member is said to be torn.
type yEnc struct {
	leaf   *leaf
	out    stage
	buf    []byte
	escape bool
}

func newYEnc(l *leaf, begin string) *yEnc {
	name := ""
	if _, after, ok := strings.Cut(begin, " name="); ok {
		name = hybridString([]byte(strings.Trim(after, " \"")))
	}
	if strings.Contains(begin, " part=") && !strings.Contains(begin, " total=1 ") {
		l.r.anomalies.add(partialMessage)
	}
	return &yEnc{leaf: l, out: l.within(member{name: name})}
}

func (y *yEnc) line(b []byte, begun bool) bool {
	if begun && len(b) > 1 && b[0] == '=' && b[1] == 'y' {
		return !bytes.HasPrefix(b, []byte("=yend"))
	}
	y.buf = y.buf[:0]
	for _, c := range b {
		switch {
		case y.escape:
			y.escape = false
			y.buf = append(y.buf, c-64-42)
		case c == '=':
			y.escape = true
		case c != '\r':
			y.buf = append(y.buf, c-42)
		}
	}
	y.out.write(y.buf)
	return true
}

func (y *yEnc) close() { y.out.close() }
