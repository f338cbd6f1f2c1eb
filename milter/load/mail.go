package load

import (
	"bytes"
	"strings"
)

// Mail is a mail as a milter is shown it.
type Mail struct {
	Name   string
	Fields []Field
	Body   []byte // lines end in CRLF
}

// Field is a header field; Value may be folded, with bare line feeds as Postfix
// has them.
type Field struct{ Name, Value string }

// Bytes is the length of the mail on the wire, without the envelope.
func (m *Mail) Bytes() int64 {
	n := int64(len(m.Body))
	for _, f := range m.Fields {
		n += int64(len(f.Name) + len(f.Value) + 3)
	}
	return n
}

// Parse splits a mail at its first empty line, or at the first line that is no
// header field, which is where an MTA ends the header.
func Parse(name string, raw []byte) Mail {
	m := Mail{Name: name}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			raw = rest
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(m.Fields) == 0 {
				break
			}
			last := &m.Fields[len(m.Fields)-1]
			last.Value += "\n" + string(line)
			raw = rest
			continue
		}
		field, value, ok := strings.Cut(string(line), ":")
		if !ok || field == "" || strings.ContainsAny(field, " \t") {
			break
		}
		m.Fields = append(m.Fields, Field{field, strings.TrimPrefix(value, " ")})
		raw = rest
	}
	m.Body = crlf(raw)
	return m
}

// crlf ends every line in CRLF.
func crlf(body []byte) []byte {
	bare := bytes.Count(body, []byte("\n")) - bytes.Count(body, []byte("\r\n"))
	if bare == 0 {
		return body
	}
	out := make([]byte, 0, len(body)+bare)
	for i, c := range body {
		if c == '\n' && (i == 0 || body[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}
