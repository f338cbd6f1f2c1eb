package anchor

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// longWants are such as a sieve is for.
func longWants(random *rand.Rand) []Want {
	wants := randomWants(random)
	for i := range wants {
		w := &wants[i]
		w.Digits = 8 + random.IntN(9)
		w.Runs[1+random.IntN(2)] = 0
		if random.IntN(3) == 0 {
			*w = Want{Digits: 6, Runs: w.Runs, Lettered: true}
		}
	}
	return wants
}

// numbersText is a text of numbers that ends a page, and its marks.
func numbersText(random *rand.Rand, room []byte, size int) ([]byte, []Digits) {
	text := room[len(room)-size:]
	alphabet := []string{"0123456789-. a,", "0123456789", "00112233445566778899-. ", "0123456789 B\xC3"}[random.IntN(4)]
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return text, marksOf(text)
}

func TestASieveLetsPassWhatIsWanted(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	room, works := guarded(t), 0
	for range 400 {
		text, marks := numbersText(random, room, 10*BlockBytes+random.IntN(20*BlockBytes))
		wants := longWants(random)
		set := New(wants)
		if set.sieve.works {
			works++
		}
		if got, want := set.Scan(text, marks, 0, len(text), All, nil), plainScan(wants, string(text), 0, len(text), All); !slices.Equal(got, want) {
			t.Fatalf("chains %v in %q: found %v, want %v", wants, text, got, want)
		}
	}
	if works < 100 {
		t.Errorf("got %d sieves that work, want most", works)
	}
}

// The sieve is the same in both ways, and lets pass what is wanted in both.
func TestSievesOfRandomTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	room := guarded(t)
	for range 400 {
		wants := longWants(random)
		s := newSieve(wants)
		if !s.works {
			continue
		}
		blocks := 8 * (1 + random.IntN(2))
		// One block before, one behind, and some bytes before and behind those.
		text, marks := numbersText(random, room, (blocks+2)*BlockBytes)
		want := make([]uint64, blocks)
		longStartsGeneric(marks, want, uint64(random.IntN(5)))
		if random.IntN(3) == 0 {
			clear(want[:random.IntN(blocks)])
		}
		got, starts := slices.Clone(want), slices.Clone(want)
		s.siftGeneric(text[BlockBytes-2:], marks, want)
		// The last block is no part of the text that may be read.
		end := len(room)
		copy(room[end-blocks*BlockBytes-2:], text[BlockBytes-2:])
		if s.sift(room[end-blocks*BlockBytes-2:end:end], marks, got); !slices.Equal(got, want) {
			t.Fatalf("wants %v let pass\n%x, want\n%x of\n%x", wants, got, want, starts)
		}
	}
}
