//go:build !purego

package anchor

// inAnyForm calls check with each of the ways to find words that the processor has.
func inAnyForm(check func()) {
	bmi, avx512 := hasBMI, hasAVX512
	defer func() { hasBMI, hasAVX512 = bmi, avx512 }()
	check()
	hasAVX512 = false
	check()
	hasBMI = false
	check()
}
