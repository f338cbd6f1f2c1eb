//go:build !amd64 || purego

package anchor

func markDigits(text []byte, marks []Digits)           { markDigitsGeneric(text, marks) }
func markLines(text []byte, marks []Lines)             { markLinesGeneric(text, marks) }
func markCells(text []byte, marks []Cells)             { markCellsGeneric(text, marks) }
func markRuns(text []byte, runs []Runs, before uint64) { markRunsGeneric(text, runs, before) }
func longStarts(marks []Digits, starts []uint64, rest uint64) {
	longStartsGeneric(marks, starts, rest)
}

func (s *Set) take(text []byte, at int, starts uint64, p *places, hits []Hit) int {
	return s.takeGeneric(text, at, starts, p, hits)
}

func copyBlocks(to, text []byte) int { return copyBlocksGeneric(to, text) }

// FastLeads tells that Leads.Mark is faster than a look at each word.
const FastLeads = false

func markLeads(l *Leads, text []byte, marks []uint64, inside uint64) {
	markLeadsGeneric(l, text, marks, inside)
}
