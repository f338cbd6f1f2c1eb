package anchor

import (
	"slices"
	"testing"
)

// plainRuns marks the words of a text byte by byte.
func plainRuns(text []byte, inside bool) []Runs {
	runs := make([]Runs, len(text)/BlockBytes)
	lower := false
	for i, c := range text[:len(runs)*BlockBytes] {
		r, bit := &runs[i/BlockBytes], uint64(1)<<(i%BlockBytes)
		is := isLetter(c) || isDigit(c)
		if is {
			r.Words |= bit
		}
		if is && !inside {
			r.Starts |= bit
		}
		if c >= 0x80 || c-'A' < 26 && lower {
			r.Odd |= bit
		}
		inside, lower = is, c-'a' < 26
	}
	return runs
}

// checkRuns holds the ways to mark the words of a text against each other.
func checkRuns(t *testing.T, text []byte) {
	t.Helper()
	runs, digits := make([]Runs, len(text)/BlockBytes), make([]Digits, len(text)/BlockBytes)
	MarkDigits(text, digits)
	for _, inside := range []bool{false, true} {
		want := plainRuns(text, inside)
		if MarkRuns(text, digits, runs, inside); !slices.Equal(runs, want) {
			t.Fatalf("the words of %q are\n%x, want\n%x", text, runs, want)
		}
		before := uint64(0)
		if inside {
			before = 1
		}
		if markRunsGeneric(text, digits, runs, before); !slices.Equal(runs, want) {
			t.Fatalf("the generic words of %q are\n%x, want\n%x", text, runs, want)
		}
	}
}
