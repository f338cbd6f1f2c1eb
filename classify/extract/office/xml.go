package office

import (
	"bytes"
	"errors"
	"io"
)

// token is the kind of what lexer.next found.
type token uint8

const (
	startTag token = iota
	endTag
	charData
	comment
)

const (
	lexerBytes = 64 << 10 // of the buffer at first
	tagBytes   = 1 << 20  // the longest tag that is read whole
)

// lexer cuts XML into tags and text. It is tolerant: tags need not match,
// names and attributes may be anything. What it returns points into its buffer
// and holds until the next call.
type lexer struct {
	src      io.Reader
	err      error // of src, once it came
	buf      []byte
	pos, end int

	kind    token
	name    []byte // of a tag, without its prefix
	tag     []byte // a start tag between its name and its end
	empty   bool   // a start tag that is its own end tag
	text    []byte // of charData and comment
	literal bool   // text has no entities: CDATA
	section string // what ends the section that is being read
	torn    bool   // something was too long, or ended too early
	dtd     entities
}

func (l *lexer) reset(src io.Reader) {
	buf := l.buf
	if len(buf) != lexerBytes {
		buf = make([]byte, lexerBytes)
	}
	*l = lexer{src: src, buf: buf}
}

// fill reads more bytes behind those not yet used. It reports false if there
// are no more, or no room for them.
func (l *lexer) fill() bool {
	if l.err != nil {
		return false
	}
	if l.pos > 0 {
		copy(l.buf, l.buf[l.pos:l.end])
		l.end -= l.pos
		l.pos = 0
	}
	if l.end == len(l.buf) {
		if len(l.buf) >= tagBytes {
			return false
		}
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	n, err := io.ReadFull(l.src, l.buf[l.end:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	l.end += n
	l.err = err
	return n > 0
}

// need sees to it that n bytes are in the buffer.
func (l *lexer) need(n int) bool {
	for l.end-l.pos < n {
		if !l.fill() {
			return false
		}
	}
	return true
}

// next finds the next token and reports whether there is one.
func (l *lexer) next() bool {
	for {
		if l.pos == l.end && !l.fill() {
			return false
		}
		if l.section != "" {
			l.readSection()
			return true
		}
		b := l.buf[l.pos:l.end]
		if b[0] != '<' {
			l.readText(b)
			return true
		}
		if len(b) < 2 {
			if !l.fill() {
				l.torn = true
				l.pos = l.end
				return false
			}
			continue
		}
		switch c := b[1]; {
		case c == '/':
			return l.readEnd()
		case c == '?':
			l.pos += 2
			l.pass("?>")
		case c == '!':
			if l.readBang() {
				return true
			}
		case c > '@' || c == ':':
			return l.readStart()
		default: // a bare < is text
			l.kind, l.text, l.literal = charData, b[:1], true
			l.pos++
			return true
		}
	}
}

// readText takes text up to the next tag, or as much as there is of it.
func (l *lexer) readText(b []byte) {
	n := bytes.IndexByte(b, '<')
	for n < 0 && len(b) < lexerBytes && l.fill() {
		b = l.buf[l.pos:l.end]
		n = bytes.IndexByte(b, '<')
	}
	if n < 0 {
		n = len(b)
		if l.err == nil || n >= lexerBytes { // an entity is not cut in two
			if amp := bytes.LastIndexByte(b[n-min(n, 32):], '&'); amp >= 0 && n > 64 {
				n += amp - 32
			}
		}
	}
	l.kind, l.text, l.literal = charData, b[:n], false
	l.pos += n
}

// readEnd reads an end tag.
func (l *lexer) readEnd() bool {
	from := 2
	for {
		b := l.buf[l.pos:l.end]
		for i := from; i < len(b); i++ {
			switch b[i] {
			case ':':
				from = i + 1
			case '>':
				l.kind, l.name = endTag, b[from:i]
				if i > from && b[i-1] <= ' ' {
					l.name = bytes.TrimRight(l.name, " \t\r\n")
				}
				l.pos += i + 1
				return true
			}
		}
		if !l.fill() { // too long for an end tag, or cut
			l.torn = true
			l.kind, l.name = endTag, nil
			l.pos = l.end
			return true
		}
		from = 2
	}
}

// readStart reads a start tag.
func (l *lexer) readStart() bool {
	for {
		b := l.buf[l.pos:l.end]
		from := 1
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case ':':
				from = i + 1
				continue
			case '>':
				l.kind, l.name, l.tag, l.empty = startTag, b[from:i], nil, false
				l.pos += i + 1
				return true
			case '/', ' ', '\t', '\r', '\n':
			default:
				continue
			}
			end := tagEnd(b, i)
			if end < 0 {
				break
			}
			l.kind, l.name, l.tag = startTag, b[from:i], b[i:end]
			if l.empty = b[end-1] == '/'; l.empty {
				l.tag = b[i : end-1]
			}
			l.pos += end + 1
			return true
		}
		if !l.fill() {
			return l.tornTag(b)
		}
	}
}

// tornTag is a start tag too long to be held, or cut by the end of the file: its
// beginning is the tag.
func (l *lexer) tornTag(b []byte) bool {
	l.torn = true
	name := bytes.IndexAny(b[:min(len(b), 256)], " \t\r\n")
	if name < 0 {
		l.pos = l.end
		return false
	}
	l.kind, l.name, l.tag, l.empty = startTag, b[1:name], b[name:], false
	if colon := bytes.LastIndexByte(l.name, ':'); colon >= 0 {
		l.name = l.name[colon+1:]
	}
	l.pos = l.end
	return true
}

// tagEnd finds the > that ends a tag, from where its name ends; -1 if it is not
// in b. A > in a quoted value is none.
func tagEnd(b []byte, from int) int {
	n := bytes.IndexByte(b[from:], '>')
	if n < 0 {
		return -1
	}
	n += from
	inside := b[from:n]
	if len(inside) < 2 || bytes.Count(inside, dquote)%2 == 0 && bytes.IndexByte(inside, '\'') < 0 {
		return n
	}
	quote := byte(0)
	for i := from; i < len(b); i++ {
		switch c := b[i]; {
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
	if len(b) >= tagBytes { // a quote that never ends
		return n
	}
	return -1
}

var dquote = []byte(`"`)

// readBang reads what begins with <! and reports whether it is a token.
func (l *lexer) readBang() bool {
	l.need(9)
	b := l.buf[l.pos:l.end]
	switch {
	case bytes.HasPrefix(b, []byte("<!--")):
		l.pos += 4
		l.kind, l.section = comment, "-->"
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		l.pos += 9
		l.kind, l.section = charData, "]]>"
	case bytes.HasPrefix(b, []byte("<!DOCTYPE")):
		l.pos += 9
		l.readDoctype()
		return false
	default:
		l.pos += 2
		l.pass(">")
		return false
	}
	l.literal = true
	l.readSection()
	return true
}

// readSection takes the text of a CDATA section or a comment, or the next piece
// of it.
func (l *lexer) readSection() {
	mark := []byte(l.section)
	b := l.buf[l.pos:l.end]
	n := bytes.Index(b, mark)
	for n < 0 && len(b) < lexerBytes && l.fill() {
		b = l.buf[l.pos:l.end]
		n = bytes.Index(b, mark)
	}
	switch {
	case n >= 0:
		l.pos += len(mark)
		l.section = ""
	case len(b) < lexerBytes: // the end of the file
		n, l.torn, l.section = len(b), true, ""
	default:
		n = len(b) - len(mark) + 1
	}
	l.text = b[:n]
	l.pos += n
}

// pass goes on to behind mark.
func (l *lexer) pass(mark string) {
	for {
		b := l.buf[l.pos:l.end]
		if n := bytes.Index(b, []byte(mark)); n >= 0 {
			l.pos += n + len(mark)
			return
		}
		l.pos += max(0, len(b)-len(mark)+1)
		if !l.fill() {
			l.torn = true
			l.pos = l.end
			return
		}
	}
}

// skip goes on to behind the end tag of the element whose start tag was just
// read, and reports whether an element called look stood in it.
func (l *lexer) skip(look string) bool {
	if l.empty {
		return false
	}
	var name [64]byte
	n := copy(name[:], l.name)
	found := false
	for {
		b := l.buf[l.pos:l.end]
		at, seen := closeOf(b, name[:n], look)
		found = found || seen
		if at >= 0 {
			if gt := bytes.IndexByte(b[at:], '>'); gt >= 0 {
				l.pos += at + gt + 1
				return found
			}
			l.pos += at // its end is yet to come
		} else if len(b) > lexerBytes/2 {
			l.pos = l.end - closeBytes
		}
		if !l.fill() {
			l.torn = true
			l.pos = l.end
			return found
		}
	}
}

// closeBytes is the longest end tag that skip finds.
const closeBytes = 256

// closeOf finds the first end tag of an element in b, -1 if there is none, and
// whether an element called look begins before it.
func closeOf(b, name []byte, look string) (at int, seen bool) {
	for {
		i := bytes.IndexByte(b[at:], '<')
		if i < 0 || at+i+2 >= len(b) {
			return -1, seen
		}
		if at += i + 2; b[at-1] != '/' {
			seen = seen || look != "" && called(b[at-1:], look)
			continue
		}
		tag := b[at:]
		if !bytes.HasPrefix(tag, name) || !ends(tag, len(name)) {
			colon := bytes.IndexByte(tag[:min(len(tag), 32)], ':')
			if colon < 0 || !bytes.HasPrefix(tag[colon+1:], name) || !ends(tag, colon+1+len(name)) {
				continue
			}
		}
		return at - 2, seen
	}
}

// called reports whether the name of a start tag is that, behind any prefix.
func called(tag []byte, name string) bool {
	if len(tag) < 2 || tag[1] != ':' { // another prefix than one letter
		colon := bytes.IndexByte(tag[:min(len(tag), 16)], ':')
		tag = tag[colon+1:]
	} else {
		tag = tag[2:]
	}
	return len(tag) > len(name) && tag[0] == name[0] && string(tag[:len(name)]) == name && (tag[len(name)] <= ' ' || tag[len(name)] == '/' || tag[len(name)] == '>')
}

// ends reports whether the name of an end tag ends at n.
func ends(tag []byte, n int) bool { return n < len(tag) && (tag[n] == '>' || tag[n] <= ' ') }

// attr returns the value of the first attribute of that name, any prefix, as
// it stands in the tag; nil if there is none.
func (l *lexer) attr(name string) []byte { return attrOf(l.tag, name) }

func attrOf(tag []byte, name string) []byte {
	for len(tag) > 0 {
		key, value, rest := nextAttr(tag)
		if string(key) == name {
			return value
		}
		tag = rest
	}
	return nil
}

// nextAttr cuts the first attribute off a tag: its name without prefix, its
// value without quotes.
func nextAttr(tag []byte) (name, value, rest []byte) {
	i := 0
	for i < len(tag) && (tag[i] <= ' ' || tag[i] == '/') {
		i++
	}
	from := i
	for i < len(tag) && tag[i] != '=' && tag[i] > ' ' {
		if tag[i] == ':' {
			from = i + 1
		}
		i++
	}
	name = tag[min(from, i):i]
	for i < len(tag) && tag[i] <= ' ' {
		i++
	}
	if i == len(tag) || tag[i] != '=' {
		return name, nil, tag[i:]
	}
	i++
	for i < len(tag) && tag[i] <= ' ' {
		i++
	}
	if i == len(tag) {
		return name, nil, nil
	}
	if q := tag[i]; q == '"' || q == '\'' {
		if n := bytes.IndexByte(tag[i+1:], q); n >= 0 {
			return name, tag[i+1 : i+1+n], tag[i+n+2:]
		}
		return name, tag[i+1:], nil
	}
	n := bytes.IndexAny(tag[i:], " \t\r\n")
	if n < 0 {
		n = len(tag) - i
	}
	return name, tag[i : i+n], tag[i+n:]
}

// broken reports whether the XML ended before it should, or its source failed.
func (l *lexer) broken() bool {
	return l.torn || l.err != nil && !errors.Is(l.err, io.EOF)
}
