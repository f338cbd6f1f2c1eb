//go:build !amd64 || purego

package anchor

func markDigits(text []byte, marks []Digits) { markDigitsGeneric(text, marks) }
func markLines(text []byte, marks []Lines)   { markLinesGeneric(text, marks) }
func markCells(text []byte, marks []Cells)   { markCellsGeneric(text, marks) }

func markRuns(text []byte, digits []Digits, runs []Runs, before uint64) {
	markRunsGeneric(text, digits, runs, before)
}

func longStarts(marks []Digits, starts []uint64, rest uint64) int {
	return longStartsGeneric(marks, starts, rest)
}

// fastSift tells that a sieve takes less time than it saves.
const fastSift = false

func (s *sieve) sift(text []byte, marks []Digits, starts []uint64) {
	s.siftGeneric(text, marks, starts)
}

// fastTake tells that places are taken from lists.
const fastTake = false

func (s *Set) take([]byte, []Digits, int, []uint16, []Hit, uint64) int { return 0 }

func listStarts(starts []uint64, list []uint16) int { return listStartsGeneric(starts, list) }

func copyBlocks(to, text []byte) int { return copyBlocksGeneric(to, text) }

func markLeads(l *Leads, text []byte, digits []Digits, marks []uint64, inside uint64) {
	markLeadsGeneric(l, text, digits, marks, inside)
}
