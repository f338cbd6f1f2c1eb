package anchor

import (
	"encoding/binary"
)

// Runs marks the words of a block: runs of ASCII letters and digits.
type Runs struct {
	Words  uint64 // letters and digits
	Odd    uint64 // capitals behind small letters, and bytes that are not ASCII
	Starts uint64 // where words begin
}

// MarkRuns fills in the marks of the blocks that text begins with. The text must be
// at least as long as the blocks; inside tells that a letter or digit stands before it.
func MarkRuns(text []byte, runs []Runs, inside bool) {
	if len(runs) > 0 {
		before := uint64(0)
		if inside {
			before = 1
		}
		markRuns(text[:len(runs)*BlockBytes], runs, before)
	}
}

// markRunsGeneric is MarkRuns in plain Go.
func markRunsGeneric(text []byte, runs []Runs, before uint64) {
	lowerBefore := uint64(0) // of the byte before, in the highest byte
	for i := range runs {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		var words, odd uint64
		for j := range 8 {
			v := binary.LittleEndian.Uint64(block[8*j:])
			x := v & lows
			letters := atLeast(x|0x20*ones, 'a') &^ atLeast(x|0x20*ones, 'z'+1)
			uppers := letters &^ (v << 2)
			lowers := (letters ^ uppers) &^ v & highs
			odd |= (uppers&(lowers<<8|lowerBefore>>56)&highs | v&highs) >> (7 - j)
			lowerBefore = lowers
			words |= ((letters | ^atLeast(x^'0'*ones, 10)) &^ v & highs) >> (7 - j)
		}
		words = transpose(words)
		if odd != 0 {
			odd = transpose(odd)
		}
		runs[i] = Runs{words, odd, words &^ (words<<1 | before)}
		before = words >> 63
	}
}
