package pdf

import (
	"strings"
	"unicode/utf8"
)

// font turns the codes of strings into text and widths.
type font struct {
	toUnicode *cmap
	composite *composite // nil for a simple font, whose codes are bytes
	text      [256]rune  // 0 if not known; below zero one of more
	more      []string   // text of several characters
	width     [256]float32
	pictures  bool // its glyphs are no letters
	bad       map[uint32]bool
	badCount  int
}

// maxFonts is how many fonts are kept ready.
const maxFonts = 256

// noFont is what text is shown in if its font cannot be found.
var noFont = func() *font {
	f := &font{text: *winAnsi}
	for i := range f.width {
		f.width[i] = 0.5
	}
	return f
}()

// missed notes a code whose meaning nothing tells.
func (f *font) missed(code uint32) {
	if f.pictures || f == noFont {
		return
	}
	if f.bad == nil {
		f.bad = map[uint32]bool{}
	}
	if f.badCount++; len(f.bad) < 64 {
		f.bad[code] = true
	}
}

// unreadable reports whether there was text that could not be read: more than
// the odd bullet.
func (f *font) unreadable() bool { return len(f.bad) >= 4 && f.badCount >= 6 }

func (x *interpreter) font(v any) *font {
	r, isRef := v.(ref)
	if isRef {
		if f := x.fonts[r]; f != nil {
			return f
		}
	}
	d := x.d.dict(v)
	if d == nil {
		return noFont
	}
	f := x.d.newFont(d)
	if isRef {
		if len(x.fonts) >= maxFonts {
			x.settleFonts()
		}
		x.fonts[r] = f
	} else {
		x.direct = append(x.direct[:min(len(x.direct), maxFonts)], f)
	}
	return f
}

func (d *document) newFont(v dict) *font {
	f := &font{}
	d.expand(4096)
	if st := d.stream(v["ToUnicode"]); st != nil {
		f.toUnicode = d.readCMap(st, 0)
	}
	base := plainFontName(d.name(v["BaseFont"]))
	f.pictures = isPictures(base)
	if d.name(v["Subtype"]) == "Type0" {
		f.composite = d.newComposite(v, f)
		return f
	}
	d.simpleWidths(f, v, base)
	d.simpleText(f, v, base)
	return f
}

// plainFontName is a name without the tag of a subset, in small letters.
func plainFontName(n name) string {
	s := string(n)
	if len(s) > 7 && s[6] == '+' {
		s = s[7:]
	}
	return strings.ToLower(s)
}

func isPictures(base string) bool {
	for _, s := range []string{"dingbat", "wingding", "webding", "bullet", "symbolmt", "icon", "awesome", "opensymbol", "emoji", "cmsy", "cmex", "msam", "msbm", "barcode", "code128", "code39"} {
		if strings.Contains(base, s) {
			return true
		}
	}
	return false
}

func (d *document) simpleWidths(f *font, v dict, base string) {
	scale := 0.001
	if d.name(v["Subtype"]) == "Type3" {
		if m := d.array(v["FontMatrix"]); len(m) == 6 {
			scale = d.float(m[0], 0.001)
		}
	}
	desc := d.dict(v["FontDescriptor"])
	missing := d.float(desc["MissingWidth"], 0)
	widths := d.array(v["Widths"])
	if len(widths) == 0 {
		standardWidths(f, base)
		return
	}
	for i := range f.width {
		f.width[i] = float32(missing * scale)
	}
	first := d.int(v["FirstChar"], 0)
	for i, w := range widths {
		if c := first + i; c >= 0 && c < 256 {
			f.width[c] = float32(d.float(w, 0) * scale)
		}
	}
}

// standardWidths takes the widths of the font that a viewer uses instead.
func standardWidths(f *font, base string) {
	bold := strings.Contains(base, "bold")
	italic := strings.Contains(base, "italic") || strings.Contains(base, "oblique")
	var w *[224]uint16
	switch {
	case strings.Contains(base, "courier"), strings.Contains(base, "mono"):
		for i := range f.width {
			f.width[i] = 0.6
		}
		return
	case strings.Contains(base, "times") && bold && italic:
		w = &timesBoldItalic
	case strings.Contains(base, "times") && bold:
		w = &timesBold
	case strings.Contains(base, "times") && italic:
		w = &timesItalic
	case strings.Contains(base, "times"):
		w = &timesRoman
	case bold:
		w = &helveticaBold
	default:
		w = &helvetica
	}
	for i := range f.width {
		f.width[i] = float32(w[max(i, 32)-32]) / 1000
	}
}

// simpleText finds what each code means: by ToUnicode, by the encoding in the
// dictionary, by that in the embedded font, or as the standard says.
func (d *document) simpleText(f *font, v dict, base string) {
	encoding := d.get(v["Encoding"])
	desc := d.dict(v["FontDescriptor"])
	symbolic := d.int(desc["Flags"], 0)&4 != 0
	table := standardEncoding
	told := false // the meaning of the codes, by something
	if strings.HasPrefix(base, "symbol") {
		table, told = symbolEncoding, true
	}
	if t := namedEncoding(d, encoding); t != nil {
		table, told = t, true
	} else if e, ok := encoding.(dict); ok {
		if t := namedEncoding(d, d.get(e["BaseEncoding"])); t != nil {
			table, told = t, true
		}
	}
	embedded := d.embedded(desc)
	if embedded == nil && !told {
		told = !symbolic || f.pictures || desc == nil
		if d.name(v["Subtype"]) == "TrueType" {
			table = winAnsi
		}
	}
	type3 := d.name(v["Subtype"]) == "Type3"
	names := map[int]name{}
	if e, ok := encoding.(dict); ok {
		names = d.differences(e)
	}
	var builtin *[256]string
	if embedded != nil && f.toUnicode == nil && (!told || symbolic && len(names) == 0) {
		builtin = embedded.simple()
	}
	for code := range 256 {
		r := table[code]
		known := told && r != 0
		if builtin != nil && builtin[code] != "" {
			f.set(code, builtin[code])
			if f.text[code] != 0 {
				known = true
				r = 0
			}
		}
		if n, ok := names[code]; ok {
			s := glyphText(n, code)
			f.text[code], known, r = 0, s != "", 0
			f.set(code, s)
			if s == "" && !type3 {
				r = table[code]
			}
		} else if type3 {
			known = false
		}
		if r != 0 && f.text[code] == 0 {
			f.set(code, string(r))
		}
		if s := f.toUnicode.lookup(uint32(code)); s != "" {
			f.text[code] = 0
			f.set(code, s)
			known = f.text[code] != 0
		}
		if !known {
			f.doubt(code)
		}
	}
}

// doubtful marks text that is a guess.
const doubtful = 1 << 30

// doubt marks the text of a code as a guess.
func (f *font) doubt(code int) {
	if f.text[code] > 0 {
		f.text[code] |= doubtful
	}
}

// set gives a code its text.
func (f *font) set(code int, s string) {
	s = clean(s)
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case s == "":
	case n == len(s):
		f.text[code] = r
	default:
		f.more = append(f.more, s)
		f.text[code] = rune(-len(f.more))
	}
}

// plain reports whether clean leaves a character alone.
func plain(r rune) bool {
	return r > ' ' && r < 0xA0 || r > 0xAD && r < 0xFB00 || r > 0x1FFFF && r < 0x10FFFF
}

// clean makes characters that only look different the same.
func clean(s string) string {
	if len(s) == 1 && s[0] > ' ' {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == 0xA0:
			return ' '
		case r < ' ' || r == 0xFFFD || r == 0xFEFF || r == 0xFFFF:
			return -1
		case r == 0xAD:
			return '-'
		}
		return r
	}, ligatures.Replace(s))
}

var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st")

func namedEncoding(d *document, v any) *[256]rune {
	switch n, _ := v.(name); n {
	case "WinAnsiEncoding":
		return winAnsi
	case "MacRomanEncoding":
		return macRoman
	case "StandardEncoding":
		return standardEncoding
	}
	return nil
}

// differences reads an encoding's own names, section 9.6.5.1.
func (d *document) differences(e dict) map[int]name {
	names := map[int]name{}
	code := 0
	for _, v := range d.array(e["Differences"]) {
		switch v := d.get(v).(type) {
		case int:
			code = v
		case name:
			if code >= 0 && code < 256 {
				names[code] = v
			}
			code++
		}
	}
	return names
}
