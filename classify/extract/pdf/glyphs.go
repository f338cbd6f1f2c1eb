package pdf

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// glyphFile is the Adobe Glyph List: a name, then code points.
//
//go:embed glyphs.txt
var glyphFile string

var glyphList = sync.OnceValue(func() map[string]rune {
	list := make(map[string]rune, 4400)
	for line := range strings.Lines(glyphFile) {
		if name, code, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok && name != "#" {
			if r, err := strconv.ParseUint(code, 16, 32); err == nil {
				list[name] = rune(r)
			}
		}
	}
	return list
})

// glyphText is what the name of a glyph means, by the rules of the Adobe Glyph
// List Specification and by the habits of programs that number their glyphs by
// character code; empty if nothing tells.
func glyphText(n name, code int) string {
	s, _, _ := strings.Cut(string(n), ".")
	var out []byte
	for part := range strings.SplitSeq(s, "_") {
		r := glyphRune(part, code)
		if r == 0 {
			return ""
		}
		out = append(out, string(r)...)
		if len(out) > 64 {
			break
		}
	}
	return string(out)
}

func glyphRune(s string, code int) rune {
	if r := glyphList()[s]; r != 0 {
		return r
	}
	if hex, ok := strings.CutPrefix(s, "uni"); ok && len(hex) >= 4 {
		if r, err := strconv.ParseUint(hex[:4], 16, 32); err == nil {
			return rune(r)
		}
	}
	if hex, ok := strings.CutPrefix(s, "u"); ok && len(hex) >= 4 && len(hex) <= 6 {
		if r, err := strconv.ParseUint(hex, 16, 32); err == nil && r <= 0x10FFFF {
			return rune(r)
		}
	}
	// QUIRK: dvips and others name glyphs a65, c65, G41 after their codes.
	if len(s) >= 2 && len(s) <= 4 && code > ' ' && code < 127 {
		if v, err := strconv.Atoi(s[1:]); err == nil && v == code {
			return rune(code)
		}
		if v, err := strconv.ParseUint(s[1:], 16, 8); err == nil && int(v) == code {
			return rune(code)
		}
	}
	return 0
}
