package anchor

import "math/bits"

// sieve tells which chains nobody wants by the digits of the first run, the bytes of
// the chain and the letters before it: those of a whole block at once, while a look at
// each takes several ns. It lets too many pass, never too few.
type sieve struct {
	// By the digits of the first run, less one: all ones if such chains pass if they are
	// long, if a letter stands before them. Those with a longer run pass.
	long, lettered [sieved]uint64
	bytes          [2]uint64 // long chains have the first; chains of the second pass
	works          bool      // else all chains pass
}

// sieved is how many digits of the first run a sieve tells apart.
const sieved = 7

// The bytes of chains that a sieve can tell.
const (
	leastLong = 8
	mostLong  = 16
)

// newSieve returns what lets pass what is wanted.
func newSieve(wants []Want) *sieve {
	s := &sieve{bytes: [2]uint64{mostLong, leastLong}, works: true}
	var needs [sieved]int
	for i := range needs {
		n := i + 1
		needs[i] = mostLong
		for j := range wants {
			switch w := &wants[j]; {
			case !allows(w.Runs[0], n):
			case w.Lettered:
				s.lettered[i] = ^uint64(0)
			default:
				needs[i] = min(needs[i], w.needs(n))
			}
		}
		s.works = s.works && needs[i] >= leastLong
		s.bytes[0], s.bytes[1] = min(s.bytes[0], uint64(needs[i])), max(s.bytes[1], uint64(needs[i]))
	}
	for i, need := range needs {
		if uint64(need) < s.bytes[1] {
			s.long[i] = ^uint64(0)
		}
	}
	return s
}

// needs is how many bytes a chain has at least that a want takes, if its first run has
// n digits.
func (w *Want) needs(n int) int {
	behind := 0
	for _, lengths := range w.Runs[1:] {
		if lengths == 0 || lengths&1 == 1 {
			break
		}
		behind += 1 + bits.TrailingZeros32(lengths)
	}
	if n+behind < w.Digits {
		return max(w.Digits+1, n+behind)
	}
	return n + behind
}

// siftGeneric leaves of the starts in blocks those of chains that may be wanted. The
// marks are those of one block before and of one behind, the text begins two bytes
// before the first block.
func (s *sieve) siftGeneric(text []byte, marks []Digits, starts []uint64) {
	for i, found := range starts {
		if found == 0 {
			continue
		}
		before, m, next := marks[i].Digits>>63, &marks[i+1], &marks[i+2]
		chain := m.Digits | m.Joints&(m.Digits<<1|before)&(m.Digits>>1|next.Digits<<63)
		more := next.Digits | next.Joints&(next.Digits<<1|m.Digits>>63)&(next.Digits>>1)
		for n := 1; n < leastLong; n *= 2 {
			chain &= chain>>n | more<<(64-n)
			more &= more >> n
		}
		least := s.bytes[0] - leastLong
		long := chain & (chain>>least | more<<(64-least))
		more &= more >> least
		least = s.bytes[1] - s.bytes[0]
		pass := long & (long>>least | more<<(64-least))

		run, lettered := m.Digits, uint64(0)
		for n := range sieved {
			on := run & (m.Digits>>(n+1) | next.Digits<<(63-n))
			run ^= on // those of so many digits and no more
			pass |= run & long & s.long[n]
			lettered |= run & s.lettered[n]
			run = on
		}
		pass |= run
		starts[i] = found & (pass | lettered&letteredIn(text[i*BlockBytes:], lettered&found&^pass))
	}
}

// letteredIn is which of some places in a block have a letter before them, with at
// most one space or '-' between. The text begins two bytes before the block.
func letteredIn(text []byte, places uint64) uint64 {
	var found uint64
	for ; places != 0; places &= places - 1 {
		k := bits.TrailingZeros64(places) & 63
		b, c := letters[text[k+1]], letters[text[k]]
		found |= uint64((b|b>>1&c)&letter) << k
	}
	return found
}
