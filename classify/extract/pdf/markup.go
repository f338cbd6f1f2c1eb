package pdf

import (
	"bytes"
	"html"
	"strings"
)

// elements tells the text of XML by the names of the elements or attributes it
// stands in. What is broken is read as far as it makes sense.
func elements(b []byte, attributes bool, tell func(label, value string)) {
	label := ""
	for len(b) > 0 {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			i = len(b)
		}
		if t := strings.TrimSpace(html.UnescapeString(string(b[:i]))); t != "" {
			tell(label, t)
		}
		b = b[i:]
		switch {
		case len(b) == 0:
			return
		case bytes.HasPrefix(b, []byte("<![CDATA[")):
			inner, rest, _ := bytes.Cut(b[9:], []byte("]]>"))
			if t := strings.TrimSpace(string(inner)); t != "" {
				tell(label, t)
			}
			b = rest
		case bytes.HasPrefix(b, []byte("<!--")):
			_, b, _ = bytes.Cut(b, []byte("-->"))
		default:
			end := tagEnd(b)
			if tag := b[1:end]; len(tag) > 0 && tag[0] != '/' && tag[0] != '?' && tag[0] != '!' {
				label = tagName(tag)
				if attributes {
					attributesOf(tag, tell)
				}
			}
			b = b[min(end+1, len(b)):]
		}
	}
}

// richText is the text of a rich text string, section 12.7.3.4, as it is shown:
// elements that are no paragraph leave no trace.
func richText(t string) string {
	if !strings.Contains(t, "<") {
		return t
	}
	var out strings.Builder
	b := []byte(t)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			i = len(b)
		}
		out.WriteString(html.UnescapeString(string(b[:i])))
		if b = b[i:]; len(b) == 0 {
			break
		}
		end := tagEnd(b)
		switch tagName(bytes.TrimPrefix(b[1:end], []byte("/"))) {
		case "b", "i", "u", "sub", "sup", "font", "a":
		default:
			if tag := b[1:end]; !bytes.HasPrefix(bytes.TrimPrefix(tag, []byte("/")), []byte("span")) {
				out.WriteByte('\n')
			}
		}
		b = b[min(end+1, len(b)):]
	}
	return strings.Join(strings.FieldsFunc(out.String(), func(c rune) bool { return c == '\n' || c == '\r' }), "\n")
}

// tagEnd finds the > of a tag, which may stand in a value as well.
func tagEnd(b []byte) int {
	quote := byte(0)
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return len(b)
}

func tagName(tag []byte) string {
	n := bytes.IndexAny(tag, " \t\r\n/")
	if n < 0 {
		n = len(tag)
	}
	return plainName(string(tag[:n]))
}

// plainName is a name without its namespace.
func plainName(s string) string {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		s = s[i+1:]
	}
	switch s {
	case "li", "Alt", "Seq", "Bag", "p", "span", "body":
		return "" // names of the form, not of the content
	}
	return s
}

func attributesOf(tag []byte, tell func(label, value string)) {
	for {
		i := bytes.IndexByte(tag, '=')
		if i < 0 || i+1 >= len(tag) {
			return
		}
		key := string(tag[bytes.LastIndexAny(tag[:i], " \t\r\n")+1 : i])
		quote := tag[i+1]
		tag = tag[i+2:]
		end := bytes.IndexByte(tag, quote)
		if end < 0 {
			return
		}
		if v := strings.TrimSpace(html.UnescapeString(string(tag[:end]))); v != "" && !strings.HasPrefix(key, "xmlns") && !strings.HasPrefix(key, "rdf:") && !strings.HasPrefix(key, "x:") {
			tell(plainName(key), v)
		}
		tag = tag[end+1:]
	}
}
