package detect

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// dropped marks the code points that the folded view leaves out.
const dropped rune = -1

// foldTable maps code points to their folded form, by pages of 256. A page that
// is nil folds nothing; an entry of 0 stands for itself.
type foldTable [0x20000 >> 8]*[256]rune

// foldings is the table of all foldings. The planes above U+1FFFF hold only
// ideographs, tags and private use; none of them folds.
var foldings = sync.OnceValue(func() *foldTable {
	t := new(foldTable)
	for _, block := range [][2]rune{{0xA0, 0x33FF}, {0xA000, 0xABFF}, {0xF900, 0xFFFF}, {0x10780, 0x107BF}, {0x1D400, 0x1D7FF}, {0x1EE00, 0x1EEFF}, {0x1F100, 0x1FBFF}} {
		for r := block[0]; r <= block[1]; r++ {
			if f, ok := compatible(r); ok {
				t.set(r, f)
			}
		}
	}
	for _, r := range unicode.Nd.R16 {
		t.setDigits(rune(r.Lo), rune(r.Hi))
	}
	for _, r := range unicode.Nd.R32 {
		t.setDigits(rune(r.Lo), rune(r.Hi))
	}
	for to, froms := range map[rune][][2]rune{
		'-':     {{0x2010, 0x2015}, {0x2212, 0x2212}, {0xFE58, 0xFE58}, {0xFE63, 0xFE63}, {0xFF0D, 0xFF0D}},
		' ':     {{0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}},
		'.':     {{0xFF0E, 0xFF0E}, {0x2024, 0x2024}},
		'\'':    {{0x2018, 0x201B}},
		'"':     {{0x201C, 0x201F}},
		dropped: {{0xAD, 0xAD}, {0x34F, 0x34F}, {0x180E, 0x180E}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2060}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}},
	} {
		for _, b := range froms {
			for r := b[0]; r <= b[1]; r++ {
				t.set(r, to)
			}
		}
	}
	for _, page := range t {
		for i := 0; page != nil && i < len(page); i++ {
			if page[i] > 0 { // the NFKC form of an upright dash is a dash
				page[i] = t.fold(page[i])
			}
		}
	}
	return t
})

func (t *foldTable) set(r, to rune) {
	page := t[r>>8]
	if page == nil {
		page = new([256]rune)
		t[r>>8] = page
	}
	page[r&0xFF] = to
}

// setDigits folds a range of decimal digits. Unicode assigns them in runs of
// ten from zero (Unicode Standard, section 4.6), so a range holds whole runs.
func (t *foldTable) setDigits(lo, hi rune) {
	if lo < utf8.RuneSelf {
		return
	}
	for r := lo; r <= hi; r++ {
		t.set(r, '0'+(r-lo)%10)
	}
}

// fold returns the folded form of r, or dropped.
func (t *foldTable) fold(r rune) rune {
	if int(r>>8) < len(t) {
		if page := t[r>>8]; page != nil {
			if f := page[r&0xFF]; f != 0 {
				return f
			}
		}
	}
	return r
}

// compatible returns the NFKC form of r if that is one other character, and r
// is no superscript or subscript: in "m²" stands no digit.
func compatible(r rune) (rune, bool) {
	if unicode.Is(raised, r) {
		return 0, false
	}
	var in, out [utf8.UTFMax * 8]byte
	n := utf8.EncodeRune(in[:], r)
	folded := norm.NFKC.Append(out[:0], in[:n]...)
	f, size := utf8.DecodeRune(folded)
	return f, size == len(folded) && f != r && f != utf8.RuneError
}

// raised are the code points that Unicode decomposes with <super> or <sub>.
var raised = &unicode.RangeTable{R16: []unicode.Range16{
	{0x00AA, 0x00AA, 1},
	{0x00B2, 0x00B3, 1},
	{0x00B9, 0x00BA, 1},
	{0x02B0, 0x02B8, 1},
	{0x02E0, 0x02E4, 1},
	{0x10FC, 0x10FC, 1},
	{0x1D2C, 0x1D6A, 1},
	{0x1D78, 0x1D78, 1},
	{0x1D9B, 0x1DBF, 1},
	{0x2070, 0x209C, 1},
	{0x2120, 0x2122, 1},
	{0x2C7C, 0x2C7D, 1},
	{0x2D6F, 0x2D6F, 1},
	{0x3192, 0x319F, 1},
	{0xA69C, 0xA69D, 1},
	{0xA770, 0xA770, 1},
	{0xA7F1, 0xA7F4, 1},
	{0xA7F8, 0xA7F9, 1},
	{0xAB5C, 0xAB5F, 1},
	{0xAB69, 0xAB69, 1},
}, R32: []unicode.Range32{{0x10780, 0x107BF, 1}}}
