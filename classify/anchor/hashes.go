package anchor

import "math/bits"

// Hashes is a set of hashes: it may take a hash for one that it has, never the other
// way round (a Bloom filter that keeps the three bits of a hash in one word).
type Hashes struct {
	bits  []uint64
	shift uint64 // leaves of a hash the word, and where its bits are
}

// bitsOf is how many bits of a hash say where in a word its bits are.
const bitsOf = 18

// NewHashes returns a set of at least 32,768 bits, and sixteen for each hash.
func NewHashes(hashes []uint64) *Hashes {
	n := max(bits.Len(uint(16*len(hashes))), 15) - 6
	s := &Hashes{make([]uint64, 1<<n), uint64(64 - n - bitsOf)}
	for _, h := range hashes {
		at := h >> s.shift
		s.bits[at>>bitsOf] |= 1<<(at%64) | 1<<(at>>6%64) | 1<<(at>>12%64)
	}
	return s
}

// Bit is 1 if a hash may be in the set.
func (s *Hashes) Bit(h uint64) uint64 {
	at := h >> (s.shift & 63)
	word := s.bits[at>>bitsOf]
	return word >> (at % 64) & (word >> (at >> 6 % 64)) & (word >> (at >> 12 % 64)) & 1
}

// Has reports whether a hash may be in the set.
func (s *Hashes) Has(h uint64) bool { return s.Bit(h) == 1 }
