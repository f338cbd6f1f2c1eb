//go:build !purego

package anchor

import "golang.org/x/sys/cpu"

var hasBMI = cpu.X86.HasBMI1 && cpu.X86.HasBMI2

// gapsASCII has 0x80 where gapBehind has Gap, for ASCII. The
// assembly reads it.
var gapsASCII = func() (is [128]uint8) { //nolint:unused // read by words512_amd64.s
	for c := range is {
		is[c] = uint8(gapBehind[c] / Gap << 7)
	}
	return is
}()

func noteWords(list *WordList, text []byte, blocks int) int {
	switch {
	case hasAVX512:
		return noteWordsAVX512(list, text, blocks)
	case hasBMI:
		return noteWordsBMI(list, text, blocks)
	}
	return noteWordsGeneric(list, text, blocks)
}

func passWords(p *Phrases, list *WordList, n int) int {
	if hasAVX512 {
		return passWordsAVX512(list, n, p.whole, p.pairs)
	}
	return passWordsGeneric(p, list, n)
}

// noteWordsAVX512 is as the generic one. It needs AVX-512, at least one block, and a block of text more.
//
//go:noescape
func noteWordsAVX512(list *WordList, text []byte, blocks int) int

// noteWordsBMI is as the generic one. It needs BMI1 and BMI2, at least one block, and
// a block of text more.
//
//go:noescape
func noteWordsBMI(list *WordList, text []byte, blocks int) int

// passWordsAVX512 is as the generic one. It needs AVX-512.
//
//go:noescape
func passWordsAVX512(list *WordList, n int, whole, pairs *Hashes) int
