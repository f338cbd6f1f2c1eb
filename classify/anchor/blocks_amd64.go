//go:build !purego

package anchor

import "golang.org/x/sys/cpu"

func markDigits(text []byte, marks []Digits) {
	if cpu.X86.HasAVX2 {
		markDigitsAVX2(text, marks)
	} else {
		markDigitsGeneric(text, marks)
	}
}

func markLines(text []byte, marks []Lines) {
	if cpu.X86.HasAVX2 {
		markLinesAVX2(text, marks)
	} else {
		markLinesGeneric(text, marks)
	}
}

func markCells(text []byte, marks []Cells) {
	if cpu.X86.HasAVX2 {
		markCellsAVX2(text, marks)
	} else {
		markCellsGeneric(text, marks)
	}
}

func markRuns(text []byte, runs []Runs, before uint64) {
	if cpu.X86.HasAVX2 {
		markRunsAVX2(text, runs, before)
	} else {
		markRunsGeneric(text, runs, before)
	}
}

// FastLeads tells that Leads.Mark is faster than a look at each word.
var FastLeads = cpu.X86.HasAVX2

func markLeads(l *Leads, text []byte, marks []uint64, inside uint64) {
	if cpu.X86.HasAVX2 {
		markLeadsAVX2(l, text, marks, inside)
	} else {
		markLeadsGeneric(l, text, marks, inside)
	}
}

func longStarts(marks []Digits, starts []uint64, rest uint64) {
	if cpu.X86.HasAVX2 {
		longStartsAVX2(marks, starts, rest)
	} else {
		longStartsGeneric(marks, starts, rest)
	}
}

// fastTake tells that the processor counts and moves bits as takeBMI does.
var fastTake = cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

func (s *Set) take(text []byte, at int, starts uint64, p *places, hits []Hit) int {
	if fastTake && at > 0 && at+2*BlockBytes <= len(text) && len(hits) > BlockBytes/2-1 {
		return takeBMI(s, &text[at], at, starts, p, &hits[0])
	}
	return s.takeGeneric(text, at, starts, p, hits)
}

func copyBlocks(to, text []byte) int {
	if cpu.X86.HasAVX2 {
		return copyBlocksAVX2(to, text)
	}
	return copyBlocksGeneric(to, text)
}

// markDigitsAVX2 is as the generic one. It needs AVX2, at least one mark and as
// much text as marks.
//
//go:noescape
func markDigitsAVX2(text []byte, marks []Digits)

// markLinesAVX2 is as the generic one. It needs AVX2, at least one mark and as
// much text as marks.
//
//go:noescape
func markLinesAVX2(text []byte, marks []Lines)

// markCellsAVX2 is as the generic one. It needs AVX2, at least one mark and as
// much text as marks.
//
//go:noescape
func markCellsAVX2(text []byte, marks []Cells)

// markRunsAVX2 is as the generic one. It needs AVX2, at least one block and as much
// text as blocks.
//
//go:noescape
func markRunsAVX2(text []byte, runs []Runs, before uint64)

// copyBlocksAVX2 is as the generic one. It needs AVX2, at least one block and as much
// room as text.
//
//go:noescape
func copyBlocksAVX2(to, text []byte) int

// markLeadsAVX2 is as the generic one. It needs AVX2, at least one mark and as much
// text as marks and LeadsAhead.
//
//go:noescape
func markLeadsAVX2(l *Leads, text []byte, marks []uint64, inside uint64)

// longStartsAVX2 is as the generic one. It needs AVX2, at least four starts and a
// number of them that four divides.
//
//go:noescape
func longStartsAVX2(marks []Digits, starts []uint64, rest uint64)

// takeBMI is as the generic one. It needs BMI1, BMI2 and POPCNT, text that reaches
// two bytes before the block and as far as the next one behind it, and room for
// BlockBytes/2 hits.
//
//go:noescape
func takeBMI(s *Set, block *byte, at int, starts uint64, p *places, hits *Hit) int
