package office

import "bytes"

// runBytes is how much of a document quick wants to see.
const runBytes = 512

// memo remembers what blocks of properties said. A document has few different
// ones, and each of them again and again.
type memo struct {
	blocks [4]struct {
		xml   []byte // from its start tag to its end tag
		found bool
	}
	next int // that is forgotten first
}

// read reads a block of properties at the beginning of b: how long it is, 0 if it
// does not end there, and whether an element called look stands in it.
func (m *memo) read(b []byte, tag int, name, look string) (n int, found bool) {
	for i := range m.blocks {
		if k := &m.blocks[i]; len(k.xml) > 0 && bytes.HasPrefix(b, k.xml) {
			return len(k.xml), k.found
		}
	}
	at, found := closeOf(b[tag:], []byte(name), look)
	if at < 0 {
		return 0, false
	}
	gt := bytes.IndexByte(b[tag+at:], '>')
	if gt < 0 {
		return 0, false
	}
	n = tag + at + gt + 1
	if n <= runBytes {
		k := &m.blocks[m.next]
		k.xml, k.found = append(k.xml[:0], b[:n]...), found
		m.next = (m.next + 1) % len(m.blocks)
	}
	return n, found
}

// quick reads what paragraphs and runs are made of, as Word and others write it,
// straight from the lexer's buffer:
//
//	<w:p><w:pPr>...</w:pPr><w:r><w:rPr>...</w:rPr><w:t>text</w:t></w:r></w:p>
//
// It stops at anything else, which is then read as XML.
func (f *flow) quick() {
	lx := f.lx
	for lx.section == "" && lx.end-lx.pos >= runBytes {
		b := lx.buf[lx.pos:lx.end]
		n := 0
		switch {
		case string(b[:3]) == "<w:":
			n = f.quickStart(b)
		case string(b[:6]) == "</w:r>":
			n = 6
		case string(b[:6]) == "</w:p>":
			n = 6
			f.end([]byte("p"))
		}
		if n == 0 {
			return
		}
		f.mode = modeOther
		lx.pos += n
	}
}

// quickStart reads one of those elements, or the start tag of one, and says how
// long it is; 0 if it is another.
func (f *flow) quickStart(b []byte) (n int) {
	switch b[3] {
	case 't':
		if b[4] == '>' {
			return f.quickText(b, len("<w:t>"))
		}
		if bytes.HasPrefix(b, []byte(`<w:t xml:space="preserve">`)) {
			return f.quickText(b, len(`<w:t xml:space="preserve">`))
		}
	case 'r':
		if string(b[4:7]) == "Pr>" {
			if n, vanish := f.runs.read(b, len("<w:rPr>"), "rPr", "vanish"); n > 0 {
				f.vanish = vanish
				return n
			}
			return 0
		}
		if n = quickTag(b); n > 0 {
			f.vanish = false
		}
	case 'p':
		if string(b[4:7]) == "Pr>" && !f.flat {
			if n, joins := f.paragraphs.read(b, len("<w:pPr>"), "pPr", "del"); n > 0 {
				f.joins = joins
				return n
			}
			return 0
		}
		if n = quickTag(b); n > 0 {
			f.joins = false
		}
	}
	return n
}

// quickTag finds the end of a start tag whose name is one letter; 0 if it is
// another one, or an empty element.
func quickTag(b []byte) int {
	if b[4] == '>' {
		return 5
	}
	if b[4] != ' ' {
		return 0
	}
	end := tagEnd(b[:runBytes], 4)
	if end < 0 || b[end-1] == '/' {
		return 0
	}
	return end + 1
}

// quickText reads an element that is one text.
func (f *flow) quickText(b []byte, tag int) int {
	n := bytes.IndexByte(b[tag:], '<')
	if n < 0 || !bytes.HasPrefix(b[tag+n:], []byte("</w:t>")) {
		return 0
	}
	f.mode, f.lx.literal = modeText, false
	f.text(b[tag : tag+n])
	return tag + n + len("</w:t>")
}
