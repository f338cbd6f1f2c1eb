package office

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// The bounds of a document's own entities (XML 1.0 section 4.2).
const (
	maxEntities    = 64
	maxEntityBytes = 1 << 10  // of one entity
	maxEntityDepth = 4        // entities in entities
	entityBudget   = 64 << 10 // that all entities of a part expand to
)

// entities are those that a document type declares.
type entities struct {
	values map[string][]byte
	spent  int
	over   bool // an entity was left as it stands
}

// readDoctype reads a document type up to its end and keeps the entities that
// are declared in it. External ones are never fetched.
func (l *lexer) readDoctype() {
	internal := false
	for {
		if l.pos == l.end && !l.fill() {
			l.torn = true
			return
		}
		c := l.buf[l.pos]
		l.pos++
		switch {
		case c == '[':
			internal = true
		case c == ']':
			internal = false
		case c == '>' && !internal:
			return
		case c == '<' && l.need(8) && bytes.HasPrefix(l.buf[l.pos:l.end], []byte("!ENTITY")):
			l.pos += 7
			l.readEntity()
		case c == '<' && l.need(3) && bytes.HasPrefix(l.buf[l.pos:l.end], []byte("!--")):
			l.pass("-->")
		}
	}
}

// readEntity reads the declaration of a general entity from behind <!ENTITY.
func (l *lexer) readEntity() {
	l.need(maxEntityBytes)
	b := l.buf[l.pos:min(l.end, l.pos+maxEntityBytes)]
	quote := bytes.IndexAny(b, `"'>`)
	if quote < 0 || b[quote] == '>' {
		return
	}
	n := bytes.IndexByte(b[quote+1:], b[quote])
	fields := bytes.Fields(b[:quote])
	if n < 0 || len(fields) != 1 || len(l.dtd.values) >= maxEntities {
		l.dtd.over = l.dtd.over || n < 0
		return
	}
	if l.dtd.values == nil {
		l.dtd.values = map[string][]byte{}
	}
	l.dtd.values[string(fields[0])] = bytes.Clone(b[quote+1 : quote+1+n])
	l.pos += quote + n + 2
	l.pass(">")
}

// decode appends text with its entities resolved. What is no entity stays as it
// stands.
func (e *entities) decode(dst, text []byte) []byte { return e.decodeAt(dst, text, 0) }

func (e *entities) decodeAt(dst, text []byte, depth int) []byte {
	for {
		amp := bytes.IndexByte(text, '&')
		if amp < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:amp]...)
		text = text[amp:]
		semi := bytes.IndexByte(text[:min(len(text), 64)], ';')
		if semi < 2 {
			dst = append(dst, '&')
			text = text[1:]
			continue
		}
		name := text[1:semi]
		text = text[semi+1:]
		if c, ok := character(name); ok {
			dst = utf8.AppendRune(dst, c)
			continue
		}
		value, ok := e.values[string(name)]
		if ok && depth < maxEntityDepth && e.spent+len(value) <= entityBudget {
			e.spent += len(value) + 1
			dst = e.decodeAt(dst, value, depth+1)
			continue
		}
		e.over = e.over || ok
		dst = append(append(append(dst, '&'), name...), ';')
	}
}

// character resolves the entities that are one character: the five of XML, and
// those by number. A character that XML forbids is none.
func character(name []byte) (rune, bool) {
	if name[0] == '#' {
		digits, base := string(name[1:]), 10
		if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil || n > utf8.MaxRune {
			return 0, false
		}
		return rune(n), true
	}
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	case "nbsp":
		return '\u00a0', true
	}
	return 0, false
}
