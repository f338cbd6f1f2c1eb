//go:build !purego

package anchor

import "golang.org/x/sys/cpu"

// hasAVX512 tells that the processor has what all that is named so needs: VBMI and VBMI2
// too, as Ice Lake, Zen 4 and later ones have.
var hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 &&
	cpu.X86.HasAVX512VPOPCNTDQ && cpu.X86.HasPOPCNT && cpu.X86.HasBMI1

func markDigits(text []byte, marks []Digits) {
	switch {
	case hasAVX512:
		markDigitsAVX512(text, marks)
	case cpu.X86.HasAVX2:
		markDigitsAVX2(text, marks)
	default:
		markDigitsGeneric(text, marks)
	}
}

func markLines(text []byte, marks []Lines) {
	switch {
	case hasAVX512:
		markLinesAVX512(text, marks)
	case cpu.X86.HasAVX2:
		markLinesAVX2(text, marks)
	default:
		markLinesGeneric(text, marks)
	}
}

func markCells(text []byte, marks []Cells) {
	switch {
	case hasAVX512:
		markCellsAVX512(text, marks)
	case cpu.X86.HasAVX2:
		markCellsAVX2(text, marks)
	default:
		markCellsGeneric(text, marks)
	}
}

func markRuns(text []byte, digits []Digits, runs []Runs, before uint64) {
	switch {
	case hasAVX512:
		markRunsAVX512(text, digits, runs, before)
	case cpu.X86.HasAVX2:
		markRunsAVX2(text, digits, runs, before)
	default:
		markRunsGeneric(text, digits, runs, before)
	}
}

func markLeads(l *Leads, text []byte, digits []Digits, marks []uint64, inside uint64) {
	switch {
	case hasAVX512:
		markLeadsAVX512(l, text, marks, inside)
	case cpu.X86.HasAVX2:
		markLeadsAVX2(l, text, marks, inside)
	default:
		markLeadsGeneric(l, text, digits, marks, inside)
	}
}

func longStarts(marks []Digits, starts []uint64, rest uint64) int {
	if cpu.X86.HasAVX2 {
		return longStartsAVX2(marks, starts, rest)
	}
	return longStartsGeneric(marks, starts, rest)
}

// fastSift tells that a sieve takes less time than it saves.
var fastSift = hasAVX512

func (s *sieve) sift(text []byte, marks []Digits, starts []uint64) {
	if n := len(starts) &^ 7; n > 0 {
		siftAVX512(s, &text[:n*BlockBytes+2][0], &marks[:n+2][0], starts[:n])
	}
}

// fastTake tells that the processor counts and moves bits as takeBMI does.
var fastTake = cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

func (s *Set) take(text []byte, marks []Digits, at int, list []uint16, hits []Hit, among uint64) int {
	n := (int(list[len(list)-1])/BlockBytes + 2) * BlockBytes
	return takeBMI(s, &text[at : at+n][0], &marks[at/BlockBytes], at, list, &hits[:len(list)][0], among)
}

func listStarts(starts []uint64, list []uint16) int {
	if hasAVX512 {
		return listAVX512(starts, list[:(len(starts)+1)*BlockBytes/2])
	}
	return listStartsGeneric(starts, list)
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

// markRunsAVX2 is as the generic one. It needs AVX2, at least one block, and as much text
// and as many digits as blocks.
//
//go:noescape
func markRunsAVX2(text []byte, digits []Digits, runs []Runs, before uint64)

// copyBlocksAVX2 is as the generic one. It needs AVX2, at least one block and as much
// room as text.
//
//go:noescape
func copyBlocksAVX2(to, text []byte) int

// markLeadsAVX2 marks leads as the generic one, but others beside them. It needs AVX2, at least one mark and as much
// text as marks and LeadsAhead.
//
//go:noescape
func markLeadsAVX2(l *Leads, text []byte, marks []uint64, inside uint64)

// markDigitsAVX512 is as the generic one. It needs AVX-512 and what that with AVX2 needs.
//
//go:noescape
func markDigitsAVX512(text []byte, marks []Digits)

// markLinesAVX512 is as the generic one. It needs AVX-512 and what that with AVX2 needs.
//
//go:noescape
func markLinesAVX512(text []byte, marks []Lines)

// markCellsAVX512 is as the generic one. It needs AVX-512 and what that with AVX2 needs.
//
//go:noescape
func markCellsAVX512(text []byte, marks []Cells)

// markRunsAVX512 is as the generic one. It needs AVX-512 and what that with AVX2 needs.
//
//go:noescape
func markRunsAVX512(text []byte, digits []Digits, runs []Runs, before uint64)

// markLeadsAVX512 is as the generic one. It needs AVX-512 and what that with AVX2 needs.
//
//go:noescape
func markLeadsAVX512(l *Leads, text []byte, marks []uint64, inside uint64)

// longStartsAVX2 is as the generic one. It needs AVX2, at least four starts and a
// number of them that four divides.
//
//go:noescape
func longStartsAVX2(marks []Digits, starts []uint64, rest uint64) int

// siftAVX512 is as the generic one. It needs AVX-512 with VBMI2, at least eight starts
// and a number of them that eight divides, two marks more than these, and as much text as
// starts and two bytes.
//
//go:noescape
func siftAVX512(s *sieve, text *byte, marks *Digits, starts []uint64)

// takeBMI is as the generic one, for the places of a list, of which there must be one at
// least, in blocks from one on; text and marks are at it. It needs BMI1, BMI2 and POPCNT,
// three bytes of text and a mark before the first place, as much behind the last one as
// the next block, and room for a hit for each.
//
//go:noescape
func takeBMI(s *Set, text *byte, marks *Digits, at int, list []uint16, hits *Hit, among uint64) int

// listAVX512 is as the generic one. It needs AVX-512 with VBMI2, at least one start, and
// room for BlockBytes/2 places more than there can be.
//
//go:noescape
func listAVX512(starts []uint64, list []uint16) int
