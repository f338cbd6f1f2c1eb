package anchor

import (
	"encoding/binary"
	"math/bits"
)

// Runs marks the words of a block: runs of ASCII letters and digits.
type Runs struct {
	Words  uint64 // letters and digits
	Odd    uint64 // where, in a word or right behind it, it is odd
	Starts uint64 // the places whose words are wanted
}

// Word is a word, or the first MaxWord characters of it.
type Word struct {
	Hash uint64
	At   uint16 // its place in the text
	Size uint8
	Odd  uint8 // 1 if it is odd, as long as MaxWord, or no word
}

// MaxWord is the number of characters from which on words are not told apart by
// their length, Hashed that from which on not by what they are.
const (
	MaxWord = 64
	Hashed  = 8
)

// HashWord hashes a word of size characters, in any case. Text are its first eight
// bytes, the first the lowest, and whatever follows if it is shorter.
func HashWord(text uint64, size int) uint64 {
	short := uint(8*Hashed-8*min(size, Hashed)) & 63
	return ((text|0x20*ones)<<short + uint64(size)) * 0x9E3779B97F4A7C15
}

// Hashes is a set of hashes, one bit for each: it may take a hash for one that it
// has, never the other way round (a Bloom filter of one hash).
type Hashes struct {
	bits  []uint64
	shift uint64
}

// NewHashes returns a set of at least 32,768 bits, and sixteen for each hash.
func NewHashes(hashes []uint64) *Hashes {
	n := max(bits.Len(uint(16*len(hashes))), 15)
	s := &Hashes{make([]uint64, 1<<n/64), uint64(64 - n)}
	for _, h := range hashes {
		s.bits[h>>s.shift/64] |= 1 << (h >> s.shift % 64)
	}
	return s
}

// Bit is 1 if a hash may be in the set.
func (s *Hashes) Bit(h uint64) uint64 {
	i := h >> (s.shift & 63)
	return s.bits[i/64] >> (i % 64) & 1
}

// Has reports whether a hash may be in the set.
func (s *Hashes) Has(h uint64) bool { return s.Bit(h) == 1 }

// Words notes the words that begin at the Starts of blocks, in their order, and in
// pass the indices of those that are odd or whose hashes may be in the set. There is
// one more of runs than of blocks, for what goes on behind them. Text must have eight
// bytes more than the blocks, and words and pass room for one more than starts.
func (s *Hashes) Words(text []byte, runs []Runs, words []Word, pass []uint16) (n, passed int) {
	if len(runs) < 2 {
		return 0, 0
	}
	starts := 0
	for i := range runs[:len(runs)-1] {
		starts += bits.OnesCount64(runs[i].Starts)
	}
	return hashWords(s, text[:(len(runs)-1)*BlockBytes+8], runs, words[:starts+1], pass[:starts+1])
}

// hashWordsGeneric is Words in plain Go.
func hashWordsGeneric(s *Hashes, text []byte, runs []Runs, words []Word, pass []uint16) (n, passed int) {
	for b := range runs[:len(runs)-1] {
		r, behind := &runs[b], &runs[b+1]
		for starts := r.Starts; starts != 0; starts &= starts - 1 {
			k := bits.TrailingZeros64(starts) & 63
			at := b*BlockBytes + k
			size := bits.TrailingZeros64(^(r.Words>>k | behind.Words<<1<<(63-k)))
			w := Word{Hash: HashWord(binary.LittleEndian.Uint64(text[at:]), size), At: uint16(at), Size: uint8(size)}
			if odd := r.Odd>>k | behind.Odd<<1<<(63-k); odd&(2<<size-1) != 0 || size == 0 || size == MaxWord {
				w.Odd = 1
			}
			words[n], pass[passed] = w, uint16(n)
			passed += int(s.Bit(w.Hash) | uint64(w.Odd))
			n++
		}
	}
	return n, passed
}
