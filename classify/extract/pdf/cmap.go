package pdf

import "unicode/utf16"

// sparse maps codes of two bytes.
type sparse[T any] struct {
	pages [256]*[256]T
}

func (s *sparse[T]) get(code uint32) (v T) {
	if code <= 0xFFFF {
		if p := s.pages[code>>8]; p != nil {
			return p[code&255]
		}
	}
	return v
}

func (s *sparse[T]) set(d *document, code uint32, v T) {
	if code > 0xFFFF {
		return
	}
	p := s.pages[code>>8]
	if p == nil {
		if !d.expand(1024) {
			return
		}
		p = new([256]T)
		s.pages[code>>8] = p
	}
	p[code&255] = v
}

// cmap maps codes to text or to the CIDs of glyphs, section 9.7.5.
type cmap struct {
	text   sparse[rune] // below zero one of more
	more   []string
	cid    sparse[uint16] // plus one
	spaces []codespace
	wide   bool // vertical
}

// codespace is a range of codes of one length.
type codespace struct {
	n      int
	lo, hi uint32
}

// lookup returns what a code means, "" if it is not known.
func (c *cmap) lookup(code uint32) string {
	if c == nil {
		return ""
	}
	switch r := c.text.get(code); {
	case r > 0:
		return string(r)
	case r < 0:
		return c.more[-r-1]
	}
	return ""
}

// readCMap reads a CMap file.
func (d *document) readCMap(st *stream, depth int) *cmap {
	c := &cmap{}
	d.expand(4096)
	data, _ := d.decode(st, 8<<20)
	if d.int(st.dict["WMode"], 0) == 1 {
		c.wide = true
	}
	if base := d.stream(st.dict["UseCMap"]); base != nil && depth < 4 {
		*c = *d.readCMap(base, depth+1)
	}
	p := parser{b: data}
	for p.i < len(data) && d.stopped == nil {
		k, ok := p.object(maxNesting - 1).(keyword)
		if !ok {
			continue
		}
		switch k {
		case "begincodespacerange":
			c.readSpaces(&p)
		case "beginbfchar":
			c.readChars(d, &p)
		case "beginbfrange":
			c.readRanges(d, &p)
		case "begincidchar":
			c.readCIDs(d, &p, false)
		case "begincidrange":
			c.readCIDs(d, &p, true)
		}
	}
	return c
}

// code makes a number of a string of up to four bytes.
func codeOf(v any) (code uint32, n int, ok bool) {
	s, ok := v.(str)
	if !ok || len(s) == 0 {
		return 0, 0, false
	}
	for i := range min(len(s), 4) {
		code = code<<8 | uint32(s[i])
	}
	return code, min(len(s), 4), true
}

func (c *cmap) readSpaces(p *parser) {
	for {
		lo, n, ok := codeOf(p.object(maxNesting))
		if !ok {
			return
		}
		hi, _, ok := codeOf(p.object(maxNesting))
		if !ok {
			return
		}
		if len(c.spaces) < 64 {
			c.spaces = append(c.spaces, codespace{n, lo, hi})
		}
	}
}

func (c *cmap) readChars(d *document, p *parser) {
	for d.stopped == nil {
		code, _, ok := codeOf(p.object(maxNesting))
		if !ok {
			return
		}
		switch v := p.object(maxNesting - 1).(type) {
		case str:
			c.define(d, code, utf16Text(v))
		case name:
			c.define(d, code, glyphText(v, -1))
		default:
			return
		}
	}
}

func (c *cmap) readRanges(d *document, p *parser) {
	for d.stopped == nil {
		lo, _, ok := codeOf(p.object(maxNesting))
		if !ok {
			return
		}
		hi, _, ok := codeOf(p.object(maxNesting))
		if !ok {
			return
		}
		hi = min(hi, 0xFFFF)
		switch v := p.object(maxNesting - 1).(type) {
		case str:
			text := []rune(utf16Text(v))
			if len(text) == 0 || !d.spend(4*(int64(hi-min(lo, hi))+1)) {
				continue
			}
			for code := lo; code <= hi; code++ {
				if r := text[0]; len(text) == 1 && plain(r) {
					c.text.set(d, code, r)
				} else {
					c.define(d, code, string(text))
				}
				text[len(text)-1]++
			}
		case array:
			for i, v := range v {
				if s, ok := v.(str); ok && lo+uint32(i) <= hi {
					c.define(d, lo+uint32(i), utf16Text(s))
				}
			}
		default:
			return
		}
	}
}

func (c *cmap) readCIDs(d *document, p *parser, ranges bool) {
	for d.stopped == nil {
		lo, _, ok := codeOf(p.object(maxNesting))
		if !ok {
			return
		}
		hi := lo
		if ranges {
			if hi, _, ok = codeOf(p.object(maxNesting)); !ok {
				return
			}
		}
		cid, ok := p.object(maxNesting).(int)
		if !ok {
			return
		}
		hi = min(hi, 0xFFFF)
		if lo > hi || !d.spend(int64(hi-lo)+1) {
			continue
		}
		for code := lo; code <= hi && cid < 0xFFFF; code, cid = code+1, cid+1 {
			c.cid.set(d, code, uint16(max(cid, -1)+1))
		}
	}
}

func (c *cmap) define(d *document, code uint32, s string) {
	if s = clean(s); s == "" {
		return
	}
	if r := []rune(s); len(r) == 1 {
		c.text.set(d, code, r[0])
		return
	}
	if d.expand(len(s) + 16) {
		c.more = append(c.more, s)
		c.text.set(d, code, rune(-len(c.more)))
	}
}

// utf16Text decodes the text of a ToUnicode CMap; a single byte is a character.
func utf16Text(s str) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	units := make([]uint16, 0, 4)
	for i := 0; i+1 < len(s) && i < 64; i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}

// next splits a code off a string.
func (c *cmap) next(b []byte) (code uint32, n int) {
	for i := range min(len(b), 4) {
		code = code<<8 | uint32(b[i])
		for _, s := range c.spaces {
			if s.n == i+1 && s.contains(code) {
				return code, i + 1
			}
		}
	}
	n = 2
	for i, s := range c.spaces {
		if i == 0 || s.n < n {
			n = s.n
		}
	}
	code = 0
	n = min(n, len(b))
	for _, v := range b[:n] {
		code = code<<8 | uint32(v)
	}
	return code, n
}

// contains compares byte by byte, as codespaces are defined.
func (s codespace) contains(code uint32) bool {
	for i := range s.n {
		b, lo, hi := byte(code>>(8*i)), byte(s.lo>>(8*i)), byte(s.hi>>(8*i))
		if b < lo || b > hi {
			return false
		}
	}
	return true
}
