package anchor

// Runs marks the words of a block: runs of ASCII letters and digits.
type Runs struct {
	Words  uint64 // letters and digits
	Odd    uint64 // capitals behind small letters, and bytes that are not ASCII
	Starts uint64 // where words begin
}

// MarkRuns fills in the marks of the blocks that text begins with, whose digits are
// marked. The text must be at least as long as the blocks; inside tells that a letter or
// digit stands before it.
func MarkRuns(text []byte, digits []Digits, runs []Runs, inside bool) {
	if len(runs) > 0 {
		before := uint64(0)
		if inside {
			before = 1
		}
		markRuns(text[:len(runs)*BlockBytes], digits[:len(runs)], runs, before)
	}
}

// markRunsGeneric is MarkRuns in plain Go.
func markRunsGeneric(text []byte, digits []Digits, runs []Runs, before uint64) {
	lower := uint64(0) // a small letter was the last
	for i := range runs {
		a, b, c, d, e, f, g, h := eight((*[BlockBytes]byte)(text[i*BlockBytes:]))
		letters := ^gather(noLetter(a), noLetter(b), noLetter(c), noLetter(d), noLetter(e), noLetter(f), noLetter(g), noLetter(h))
		lowers := letters & gather(a<<2, b<<2, c<<2, d<<2, e<<2, f<<2, g<<2, h<<2)
		odd := (letters ^ lowers) & (lowers<<1 | lower)
		if (a|b|c|d|e|f|g|h)&highs != 0 {
			odd |= gather(a, b, c, d, e, f, g, h)
		}
		words := letters | digits[i].Digits
		runs[i] = Runs{words, odd, words &^ (words<<1 | before)}
		lower, before = lowers>>63, words>>63
	}
}
