package detect

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFoldingByCodePoint(t *testing.T) {
	table := foldings()
	for _, c := range []struct {
		name string
		in   string
		want string
	}{
		{"decimal digits of many scripts", "٣۴५９𝟓", "34595"},
		{"fullwidth letters and signs", "ＡｚＺ＠＃：＿", "AzZ@#:_"},
		{"mathematical letters", "𝐀𝓫", "Ab"},
		{"superscripts and subscripts stay", "m²x₃ª", "m²x₃ª"},
		{"dashes", "‐‑‒–—―−﹘﹣－", "----------"},
		{"spaces", "\u00a0\u1680\u2000\u200a\u202f\u205f\u3000", "       "},
		{"full stops", "．․", ".."},
		{"curly quotes", "‘’“”", "''\"\""},
		{"ignorables go", "\u00ad\u034f\u180e\u200b\u200f\u202a\u202e\u2060\u2066\u2069\ufeff", ""},
		{"letters of other scripts stay", "АВΑé中", "АВΑé中"},
		{"characters that decompose into several stay", "ﬁ½", "ﬁ½"},
		{"TAB, CR and LF stay", "\t\r\n", "\t\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got strings.Builder
			for _, r := range c.in {
				if f := table.fold(r); f != dropped {
					got.WriteRune(f)
				}
			}
			if got.String() != c.want {
				t.Errorf("%q folds to %q, want %q", c.in, got.String(), c.want)
			}
		})
	}
}

// Unicode assigns decimal digits in runs of ten, and setDigits relies on it.
func TestRangesOfDecimalDigitsAreRunsOfTen(t *testing.T) {
	check := func(lo, hi, stride uint32) {
		if stride != 1 || (hi-lo+1)%10 != 0 {
			t.Errorf("digits U+%04X to U+%04X by %d are no runs of ten", lo, hi, stride)
		}
	}
	for _, r := range unicode.Nd.R16 {
		check(uint32(r.Lo), uint32(r.Hi), uint32(r.Stride))
	}
	for _, r := range unicode.Nd.R32 {
		check(r.Lo, r.Hi, r.Stride)
	}
}

// The table covers every digit and every ignorable, and folds nothing to what
// would fold again.
func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	table := foldings()
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		f := table.fold(r)
		if unicode.Is(unicode.Nd, r) && (f < '0' || f > '9') {
			t.Errorf("digit U+%04X folds to %q", r, f)
		}
		if f != dropped && table.fold(f) != f {
			t.Errorf("U+%04X folds to U+%04X and that to U+%04X", r, f, table.fold(f))
		}
	}
}

func TestOffsetsLeadBackToTheBytes(t *testing.T) {
	for name, in := range map[string]string{
		"ASCII":                  "abc",
		"folded characters":      "a－ｂ\u00a0c",
		"ignorables":             "\u200b\u200ba\u200bb\u00ad",
		"malformed":              "a\xffb\xe2\x80",
		"all":                    "\ufeffSSN：５\u200b３６é\xff中",
		"a cut in every sort":    "é\u200b９\xe2\x82",
		"malformed, then a rune": "\xe2\x82é",
	} {
		t.Run(name, func(t *testing.T) {
			for cut := 0; cut <= len(in); cut++ {
				var x text
				x.reset()
				x.fold([]byte(in[:cut]), 1<<20)
				x.fold([]byte(in[cut:]), 1<<20)
				x.foldLast()
				var starts, ends, wantStarts, wantEnds []int64
				for p := int64(0); p < x.end(); {
					_, n := x.after(p)
					starts, ends = append(starts, x.rawStart(p)), append(ends, x.rawEnd(p+n))
					p += n
				}
				for i := 0; i < len(in); {
					r, n := utf8.DecodeRuneInString(in[i:])
					if foldings().fold(r) != dropped {
						wantStarts, wantEnds = append(wantStarts, int64(i)), append(wantEnds, int64(i+n))
					}
					i += n
				}
				if !slices.Equal(starts, wantStarts) || !slices.Equal(ends, wantEnds) {
					t.Fatalf("cut at %d: characters at %v to %v, want %v to %v", cut, starts, ends, wantStarts, wantEnds)
				}
			}
		})
	}
}
