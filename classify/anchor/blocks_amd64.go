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

func markLayout(text []byte, marks []Layout) {
	if cpu.X86.HasAVX2 {
		markLayoutAVX2(text, marks)
	} else {
		markLayoutGeneric(text, marks)
	}
}

func markWords(text []byte, marks []Words) {
	if cpu.X86.HasAVX2 {
		markWordsAVX2(text, marks)
	} else {
		markWordsGeneric(text, marks)
	}
}

// FastLeads tells that Leads.Mark is faster than a look at each word.
var FastLeads = cpu.X86.HasAVX2

func markLeads(l *Leads, text []byte, marks []uint64) {
	if cpu.X86.HasAVX2 {
		markLeadsAVX2(l, text, marks)
	} else {
		markLeadsGeneric(l, text, marks)
	}
}

func wideBlock(text []byte) int {
	if cpu.X86.HasAVX2 {
		return wideBlockAVX2(text)
	}
	return wideBlockGeneric(text)
}

// markDigitsAVX2 is as the generic one. It needs AVX2, at least one mark and as
// much text as marks.
//
//go:noescape
func markDigitsAVX2(text []byte, marks []Digits)

// markLayoutAVX2 is as the generic one. It needs AVX2, at least one mark and as
// much text as marks.
//
//go:noescape
func markLayoutAVX2(text []byte, marks []Layout)

// markWordsAVX2 is as the generic one. It needs AVX2, at least one mark and as
// much text as marks.
//
//go:noescape
func markWordsAVX2(text []byte, marks []Words)

// wideBlockAVX2 is as the generic one. It needs AVX2 and at least one block.
//
//go:noescape
func wideBlockAVX2(text []byte) int

// markLeadsAVX2 is as the generic one. It needs AVX2, at least one mark and as much
// text as marks and LeadsAhead.
//
//go:noescape
func markLeadsAVX2(l *Leads, text []byte, marks []uint64)
