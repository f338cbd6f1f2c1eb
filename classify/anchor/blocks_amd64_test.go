//go:build amd64 && !purego

package anchor

import (
	"math/rand/v2"
	"testing"
)

// Where there is AVX-512, the other tests do not reach the ways for AVX2.
func TestMarksWithoutAVX512(t *testing.T) {
	defer func(has bool) { hasAVX512 = has }(hasAVX512)
	hasAVX512 = false
	TestMarksOfEveryByteInEveryPlace(t)
	TestMarksOfRandomTextsOnEveryAlignment(t)
	TestMarksOfATextBeforeAGuardPage(t)
	TestLeadsAreFewOfTheWords(t)
}

// A block without digits has no joints, by both ways.
func TestJointsWithoutAVX512(t *testing.T) {
	if !hasAVX512 {
		return
	}
	random := rand.New(rand.NewPCG(8, 9))
	text := make([]byte, 4*BlockBytes)
	for range 1000 {
		for i := range text {
			text[i] = "ab-. \xAE\xB0\n0123456789"[random.IntN(8+random.IntN(11))]
		}
		var wide, narrow [4]Digits
		markDigitsAVX512(text, wide[:])
		if markDigitsAVX2(text, narrow[:]); wide != narrow {
			t.Fatalf("the digits of %q are\n%v, with AVX2\n%v", text, wide, narrow)
		}
	}
}
