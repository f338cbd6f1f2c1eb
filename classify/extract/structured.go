package extract

import "bytes"

// xmlText decodes the character references of XML and the entities that a
// document declares itself (XML 1.0 section 4.2), and leaves the rest as it is:
// the names of elements say what stands in them.
type xmlText struct {
	next   stage
	leaf   *leaf           // has the problem if entities are too much; may be nil
	entity []byte          // from its "&" on
	markup []byte          // from a "<" on, until it is known what it is
	quote  byte            // around the value that is being declared
	dtd    *declaredValues // nil: none is declared
	open   bool            // the text is a document type
}

// maxDeclaration is how much of a declaration is held.
const maxDeclaration = 4 << 10

func (x *xmlText) write(b []byte) {
	for len(b) > 0 {
		switch {
		case len(x.markup) > 0:
			b = x.declaration(b)
		case len(x.entity) > 0:
			b = x.reference(b)
		default:
			i := bytes.IndexByte(b, '&')
			if j := x.opens(b); j >= 0 && (i < 0 || j < i) {
				x.pass(b[:j])
				x.markup, b = append(x.markup, b[j]), b[j+1:]
				continue
			}
			if i < 0 {
				x.next.write(b)
				return
			}
			x.pass(b[:i])
			x.entity, b = append(x.entity, '&'), b[i+1:]
		}
	}
}

// opens finds where a declaration may begin: a document type stands before the
// first element, and the others stand in it.
func (x *xmlText) opens(b []byte) int {
	if x.dtd != nil && !x.open {
		return -1
	}
	return bytes.IndexByte(b, '<')
}

func (x *xmlText) pass(b []byte) {
	if len(b) > 0 {
		x.next.write(b)
	}
}

// declaration takes bytes behind a "<" and keeps the entity that is declared.
func (x *xmlText) declaration(b []byte) []byte {
	const doctype, entity = "<!DOCTYPE", "<!ENTITY"
	for i, c := range b {
		x.markup = append(x.markup, c)
		n := len(x.markup)
		switch {
		case !x.open && n <= len(doctype):
			if c == doctype[n-1] {
				if n == len(doctype) {
					x.dtd, x.open = &declaredValues{}, true
					return x.release(b[i+1:])
				}
			} else {
				if n == 2 && c != '!' && c != '?' { // an element: no document type comes
					x.dtd = &declaredValues{}
				}
				return x.release(b[i+1:])
			}
		case n <= len(entity):
			if c != entity[n-1] {
				if n == 2 && c != '!' && c != '?' {
					x.open = false
				}
				return x.release(b[i+1:])
			}
		case x.quote != 0:
			if c == x.quote {
				x.quote = 0
			}
		case c == '"' || c == '\'':
			x.quote = c
		case c == '>':
			x.dtd.declare(x.markup[len(entity) : n-1])
			return x.release(b[i+1:])
		}
		if n == maxDeclaration {
			x.dtd.over = true
			return x.release(b[i+1:])
		}
	}
	return nil
}

// release gives on what was held, as it stands.
func (x *xmlText) release(rest []byte) []byte {
	x.next.write(x.markup)
	x.markup, x.quote = x.markup[:0], 0
	return rest
}

// reference takes bytes behind a "&".
func (x *xmlText) reference(b []byte) []byte {
	c := b[0]
	switch {
	case c == ';':
		x.entity = append(x.entity, c)
		x.resolve()
		return b[1:]
	case len(x.entity) < maxEntity && (isAlnum(c) || c == '#' && len(x.entity) == 1 || x.dtd != nil && (c == '_' || c == '-' || c == '.')):
		x.entity = append(x.entity, c)
		return b[1:]
	}
	x.resolve()
	return b
}

func (x *xmlText) resolve() {
	text, known := x.dtd.expand(x.entity)
	if !known {
		text = decodeEntity(x.entity)
	}
	x.pass(text)
	x.entity = x.entity[:0]
}

func (x *xmlText) close() {
	if len(x.entity) > 0 {
		x.resolve()
	}
	if len(x.markup) > 0 {
		x.release(nil)
	}
	if x.dtd != nil && x.dtd.over && x.leaf != nil {
		x.leaf.r.anomalies.add(entityExpansion)
		x.leaf.problem(TooBig)
	}
	x.next.close()
}

// Bounds of the entities of a document.
const (
	maxDeclared      = 256
	maxDeclaredDepth = 16
	maxExpansion     = 1 << 20 // bytes that all references together stand for
)

// declaredValues are the entities that a document declares with a value.
type declaredValues struct {
	values map[string][]byte
	spent  int
	over   bool // a reference was left as it stands
}

// declare reads a declaration from behind "<!ENTITY" to its end.
func (d *declaredValues) declare(b []byte) {
	quote := bytes.IndexAny(b, `"'`)
	if quote < 0 {
		return
	}
	value := b[quote+1:]
	n := bytes.IndexByte(value, b[quote])
	names := bytes.Fields(b[:quote])
	if n < 0 || len(names) != 1 || len(names[0]) > maxEntity-2 || d.values[string(names[0])] != nil { // the first one counts
		return
	}
	if len(d.values) == maxDeclared {
		d.over = true
		return
	}
	if d.values == nil {
		d.values = map[string][]byte{}
	}
	d.values[string(names[0])] = append([]byte{}, value[:n]...)
}

// expand returns what a reference, "&name;", stands for.
func (d *declaredValues) expand(reference []byte) ([]byte, bool) {
	if d == nil || len(d.values) == 0 || len(reference) < 3 || reference[len(reference)-1] != ';' {
		return nil, false
	}
	value, known := d.values[string(reference[1:len(reference)-1])]
	if !known {
		return nil, false
	}
	text, ok := d.append(nil, value, 0)
	if !ok {
		d.over = true
		return nil, false
	}
	return text, true
}

// append appends a value with the references in it expanded.
func (d *declaredValues) append(out, value []byte, depth int) ([]byte, bool) {
	if d.spent += len(value) + 1; depth > maxDeclaredDepth || d.spent > maxExpansion {
		return nil, false
	}
	for {
		i := bytes.IndexByte(value, '&')
		if i < 0 {
			return append(out, value...), true
		}
		out = append(out, value[:i]...)
		value = value[i:]
		n := bytes.IndexByte(value[:min(len(value), maxEntity)], ';') + 1
		if n == 0 {
			out, value = append(out, '&'), value[1:]
			continue
		}
		inner, known := d.values[string(value[1:n-1])]
		if !known {
			out = append(out, decodeEntity(value[:n])...)
		} else {
			var ok bool
			if out, ok = d.append(out, inner, depth+1); !ok {
				return nil, false
			}
		}
		value = value[n:]
	}
}
