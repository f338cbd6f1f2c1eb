//go:build !purego

package anchor

import "golang.org/x/sys/cpu"

var hasBMI = cpu.X86.HasBMI1 && cpu.X86.HasBMI2

func hashWords(s *Hashes, text []byte, runs []Runs, words []Word, pass []uint16) (n, passed int) {
	if hasBMI {
		return hashWordsBMI(s, text, runs, words, pass)
	}
	return hashWordsGeneric(s, text, runs, words, pass)
}

// hashWordsBMI is as the generic one. It needs BMI1 and BMI2, and all the room that
// the generic one would use.
//
//go:noescape
func hashWordsBMI(s *Hashes, text []byte, runs []Runs, words []Word, pass []uint16) (n, passed int)
