package pdf

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// composite is the part of a font of more than 256 glyphs, section 9.7.
type composite struct {
	encoding *cmap             // nil: codes of two bytes are the CIDs
	charset  encoding.Encoding // codes are text in it
	utf16    bool              // codes are UTF-16
	vertical bool
	widths   sparse[float32] // plus a thousand, so that 0 is not known
	usual    float32
	latin    bool // the CIDs 1 to 95 are ASCII
	embedded *embeddedFont
	gids     []byte // CIDToGIDMap
}

// charsets are those of the predefined CMaps, section 9.7.5.2, whose codes are
// characters of a known set.
var charsets = []struct {
	part string
	enc  encoding.Encoding
}{
	{"RKSJ", japanese.ShiftJIS},
	{"GBK2K", simplifiedchinese.GB18030},
	{"GBK", simplifiedchinese.GBK},
	{"GB-EUC", simplifiedchinese.GBK},
	{"GBpc-EUC", simplifiedchinese.GBK},
	{"B5", traditionalchinese.Big5},
	{"ETen", traditionalchinese.Big5},
	{"HKscs", traditionalchinese.Big5},
	{"KSC", korean.EUCKR},
	{"EUC-", japanese.EUCJP},
}

func (d *document) newComposite(v dict, f *font) *composite {
	c := &composite{usual: 1}
	d.expand(4096)
	switch e := d.get(v["Encoding"]).(type) {
	case *stream:
		c.encoding = d.readCMap(e, 0)
		c.vertical = c.encoding.wide
		if len(c.encoding.spaces) == 0 {
			c.encoding.spaces = []codespace{{2, 0, 0xFFFF}}
		}
	case name:
		c.predefined(string(e))
	}
	descendants := d.array(v["DescendantFonts"])
	if len(descendants) == 0 {
		return c
	}
	cid := d.dict(descendants[0])
	c.usual = float32(d.float(cid["DW"], 1000) / 1000)
	c.readWidths(d, d.array(cid["W"]))
	switch ordering, _ := d.str(d.dict(cid["CIDSystemInfo"])["Ordering"]); ordering {
	case "Japan1", "GB1", "CNS1", "Korea1", "KR":
		c.latin = true
	}
	if f.toUnicode == nil || len(f.toUnicode.more) == 0 && f.toUnicode.text == (sparse[rune]{}) {
		f.toUnicode = nil
		c.embedded = d.embedded(d.dict(cid["FontDescriptor"]))
		if st := d.stream(cid["CIDToGIDMap"]); st != nil {
			c.gids, _ = d.decode(st, 128<<10)
		}
	}
	return c
}

func (c *composite) predefined(n string) {
	c.vertical = strings.HasSuffix(n, "-V") || n == "V"
	switch {
	case strings.HasPrefix(n, "Identity"):
	case strings.Contains(n, "UCS2"), strings.Contains(n, "UTF16"):
		c.utf16 = true
	default:
		for _, s := range charsets {
			if strings.Contains(n, s.part) {
				c.charset = s.enc
				return
			}
		}
	}
}

// readWidths reads the array W, section 9.7.4.3.
func (c *composite) readWidths(d *document, w array) {
	for i := 0; i+1 < len(w); {
		first := d.int(w[i], -1)
		if list, ok := d.get(w[i+1]).(array); ok {
			for j, v := range list {
				c.setWidth(d, first+j, v)
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			return
		}
		last := min(d.int(w[i+1], -1), 0xFFFF)
		if !d.spend(int64(max(0, last-first))) {
			return
		}
		for cid := first; cid <= last; cid++ {
			c.setWidth(d, cid, w[i+2])
		}
		i += 3
	}
}

func (c *composite) setWidth(d *document, cid int, v any) {
	if cid >= 0 {
		c.widths.set(d, uint32(cid), float32(d.float(v, 0)/1000)+1000)
	}
}

// next reads a glyph: its text, its width, and how many bytes it takes.
func (f *font) next(b, text []byte) (_ []byte, width float32, n int) {
	c := f.composite
	var code uint32
	switch {
	case c.charset != nil:
		return c.legacy(f, b, text)
	case c.encoding != nil:
		code, n = c.encoding.next(b)
	case len(b) < 2:
		return text, 0, 1
	default:
		code, n = uint32(b[0])<<8|uint32(b[1]), 2
	}
	cid := code
	if c.encoding != nil {
		if v := c.encoding.cid.get(code); v > 0 {
			cid = uint32(v) - 1
		}
	}
	width = c.usual
	if w := c.widths.get(cid); w != 0 {
		width = w - 1000
	}
	if t := f.toUnicode; t != nil {
		switch r := t.text.get(code); {
		case r > 0:
			return utf8.AppendRune(text, r), width, n
		case r < 0:
			return append(text, t.more[-r-1]...), width, n
		}
	}
	switch {
	case c.utf16 && code >= 0xD800 && code < 0xDC00 && len(b) >= 4:
		r := utf16.DecodeRune(rune(code), rune(b[2])<<8|rune(b[3]))
		return utf8.AppendRune(text, r), c.usual, 4
	case c.utf16:
		return append(text, clean(string(rune(code)))...), width, n
	case c.latin && cid >= 1 && cid <= 95:
		return append(text, byte(cid+31)), width, n
	case c.embedded != nil:
		if s := c.embedded.glyph(c.gid(cid)); s != "" {
			return append(text, s...), width, n
		}
	}
	if cid != 0 {
		f.missed(code)
	}
	return text, width, n
}

func (c *composite) gid(cid uint32) int {
	if c.gids == nil {
		return int(cid)
	}
	if i := int(2 * cid); i+1 < len(c.gids) {
		return int(c.gids[i])<<8 | int(c.gids[i+1])
	}
	return 0
}

// legacy reads a character of a predefined CMap that is a charset.
func (c *composite) legacy(f *font, b, text []byte) ([]byte, float32, int) {
	if b[0] < 0x80 {
		return append(text, clean(string(rune(b[0])))...), 0.5, 1
	}
	for n := 1; n <= min(4, len(b)); n++ {
		out, err := c.charset.NewDecoder().Bytes(b[:n])
		if err == nil && len(out) > 0 && !strings.ContainsRune(string(out), utf8.RuneError) {
			return append(text, out...), c.usual, n
		}
	}
	f.missed(uint32(b[0]))
	return text, c.usual, min(2, len(b))
}
