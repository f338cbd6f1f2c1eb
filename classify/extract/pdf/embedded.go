package pdf

import (
	"bytes"
	"encoding/binary"
)

// embeddedFont is the font file in a document. It is asked for the meaning of
// glyphs where the document does not tell.
type embeddedFont struct {
	d      *document
	st     *stream
	type1  bool
	parsed bool
	names  []string       // of glyphs, by number; texts already
	runes  map[int]rune   // by glyph
	codes  *[256]string   // the font's own encoding
	mac    map[uint32]int // code to glyph
	symbol map[uint32]int // code to glyph
}

// maxFontFile is how much of a font file is read.
const maxFontFile = 16 << 20

func (d *document) embedded(desc dict) *embeddedFont {
	for _, key := range []name{"FontFile", "FontFile2", "FontFile3"} {
		if st := d.stream(desc[key]); st != nil {
			return &embeddedFont{d: d, st: st, type1: key == "FontFile"}
		}
	}
	return nil
}

func (e *embeddedFont) parse() {
	if e.parsed {
		return
	}
	e.parsed = true
	data, _ := e.d.decode(e.st, maxFontFile)
	switch {
	case e.type1:
		e.parseType1(data)
	case len(data) > 4 && data[0] == 1 && data[1] == 0 && data[2] > 3 && data[2] < 32:
		e.parseCFF(data)
	default:
		e.parseTables(data)
	}
}

// simple tells what the codes of a simple font mean.
func (e *embeddedFont) simple() *[256]string {
	e.parse()
	if e.codes != nil {
		return e.codes
	}
	var codes [256]string
	found := false
	for code := range 256 {
		gid := 0
		for _, c := range []uint32{0xF000, 0xF100, 0xF200, 0} {
			if gid == 0 {
				gid = e.symbol[c+uint32(code)]
			}
		}
		if gid == 0 {
			gid = e.mac[uint32(code)]
		}
		if gid != 0 {
			codes[code] = e.glyph(gid)
			found = found || codes[code] != ""
		}
	}
	if !found {
		return nil
	}
	return &codes
}

// glyph tells what a glyph means.
func (e *embeddedFont) glyph(gid int) string {
	e.parse()
	if r := e.runes[gid]; r != 0 {
		return clean(string(r))
	}
	if gid >= 0 && gid < len(e.names) {
		return e.names[gid]
	}
	return ""
}

// parseType1 reads the encoding of a Type 1 font, which is PostScript.
func (e *embeddedFont) parseType1(data []byte) {
	if i := bytes.Index(data, []byte("eexec")); i >= 0 {
		data = data[:i]
	}
	i := bytes.Index(data, []byte("/Encoding"))
	if i < 0 {
		return
	}
	var codes [256]string
	p := parser{b: data, i: i + len("/Encoding")}
	for p.i < len(data) {
		switch p.object(maxNesting) {
		case keyword("StandardEncoding"):
			for c, r := range standardEncoding {
				if r != 0 {
					codes[c] = string(r)
				}
			}
			e.codes = &codes
			return
		case keyword("dup"):
			code, ok := p.object(maxNesting).(int)
			glyph, ok2 := p.object(maxNesting).(name)
			if ok && ok2 && code >= 0 && code < 256 {
				codes[code] = glyphText(glyph, code)
				e.codes = &codes
			}
		case keyword("def"), keyword("readonly"):
			if e.codes != nil {
				return
			}
		}
	}
}

// parseTables reads the tables of a TrueType or OpenType font (ISO/IEC 14496-22).
func (e *embeddedFont) parseTables(data []byte) {
	if len(data) < 12 {
		return
	}
	n := int(binary.BigEndian.Uint16(data[4:]))
	for i := 0; i < n && 12+16*i+16 <= len(data); i++ {
		record := data[12+16*i:]
		off := int64(binary.BigEndian.Uint32(record[8:]))
		length := int64(binary.BigEndian.Uint32(record[12:]))
		if off > int64(len(data)) {
			continue
		}
		table := data[off:min(int64(len(data)), off+length)]
		switch string(record[:4]) {
		case "cmap":
			e.parseCmap(table)
		case "post":
			e.parsePost(table)
		case "CFF ":
			e.parseCFF(table)
		}
	}
}

func (e *embeddedFont) parseCmap(t []byte) {
	if len(t) < 4 {
		return
	}
	for i := range min(int(binary.BigEndian.Uint16(t[2:])), 16) {
		if 4+8*i+8 > len(t) {
			return
		}
		record := t[4+8*i:]
		platform, kind := binary.BigEndian.Uint16(record), binary.BigEndian.Uint16(record[2:])
		off := binary.BigEndian.Uint32(record[4:])
		if int64(off) >= int64(len(t)) {
			continue
		}
		codes := map[uint32]int{}
		e.subtable(t[off:], codes)
		switch {
		case platform == 1:
			e.mac = codes
		case platform == 3 && kind == 0:
			e.symbol = codes
		default:
			if e.runes == nil {
				e.runes = map[int]rune{}
			}
			for code, gid := range codes {
				if old := e.runes[gid]; old == 0 || rune(code) < old {
					e.runes[gid] = rune(code)
				}
			}
		}
	}
}

// subtable reads formats 0, 4, 6 and 12 of the table cmap.
func (e *embeddedFont) subtable(t []byte, codes map[uint32]int) {
	u16 := func(i int) int {
		if i < 0 || i+2 > len(t) {
			return 0
		}
		return int(binary.BigEndian.Uint16(t[i:]))
	}
	switch u16(0) {
	case 0:
		for i := 6; i < min(262, len(t)); i++ {
			if t[i] != 0 {
				codes[uint32(i-6)] = int(t[i])
			}
		}
	case 4:
		n := u16(6) / 2
		for s := range n {
			end, start := u16(14+2*s), u16(16+2*n+2*s)
			delta, off := u16(16+4*n+2*s), u16(16+6*n+2*s)
			for c := start; c <= end && c < 0xFFFF && len(codes) < 1<<16 && e.d.spend(1); c++ {
				gid := c + delta
				if off != 0 {
					if gid = u16(16 + 6*n + 2*s + off + 2*(c-start)); gid != 0 {
						gid += delta
					}
				}
				if gid &= 0xFFFF; gid != 0 {
					codes[uint32(c)] = gid
				}
			}
		}
	case 6:
		for i := range u16(8) {
			if 10+2*i+2 > len(t) {
				return
			}
			codes[uint32(u16(6)+i)] = u16(10 + 2*i)
		}
	case 12:
		for i := 16; i+12 <= len(t); i += 12 {
			start, end := binary.BigEndian.Uint32(t[i:]), binary.BigEndian.Uint32(t[i+4:])
			gid := binary.BigEndian.Uint32(t[i+8:])
			for c := start; c <= end && c <= 0x10FFFF && len(codes) < 1<<16 && e.d.spend(1); c++ {
				codes[c] = int(gid + c - start)
			}
		}
	}
}

// parsePost reads the names of format 2 of the table post.
func (e *embeddedFont) parsePost(t []byte) {
	if len(t) < 34 || binary.BigEndian.Uint32(t) != 0x00020000 {
		return
	}
	n := min(int(binary.BigEndian.Uint16(t[32:])), (len(t)-34)/2)
	var own []string
	for b := t[34+2*n:]; len(b) > 0 && len(b) > int(b[0]); b = b[1+int(b[0]):] {
		own = append(own, string(b[1:1+int(b[0])]))
	}
	e.names = make([]string, n)
	for i := range n {
		switch k := int(binary.BigEndian.Uint16(t[34+2*i:])); {
		case k >= 258 && k-258 < len(own):
			e.names[i] = clean(glyphText(name(own[k-258]), -1))
		case k >= 3 && k < 98: // the order of the Macintosh begins like ASCII
			e.names[i] = string(rune(k + 29))
		}
	}
}
