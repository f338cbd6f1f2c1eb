package anchor

import (
	"encoding/binary"
	"math/bits"
)

// Set is what to look for. It is immutable and safe for concurrent use.
type Set struct {
	least, most int
}

// Hit is a place where at least one detector wants to look: the first digit of
// a run of digits that begins a chain.
type Hit struct {
	At     int // index into the text
	Digits int // digits of the chain, counted up to the Set's most
}

// New returns a Set that looks for chains of at least so many digits, and counts
// them up to most. A chain is made of runs of digits with one '-', '.' or space
// between two runs.
func New(least, most int) *Set { return &Set{max(least, 1), max(least, most, 1)} }

// Ahead is how many bytes behind a stretch Scan looks at.
func (s *Set) Ahead() int { return 2 * s.most }

// Scan appends to hits, in order, the places in text[from:to] where a chain
// begins: every first digit of a run from which on the chain is long enough.
// The bytes before from and behind to are looked at, not reported.
func (s *Set) Scan(text []byte, from, to int, hits []Hit) []Hit {
	for i := from; i < to; {
		i = nextDigit(text[:to], i)
		if i == to {
			break
		}
		if i == 0 || !isDigit(text[i-1]) {
			if n := s.chain(text, i); n >= s.least {
				hits = append(hits, Hit{At: i, Digits: n})
			}
		}
		for i < to && isDigit(text[i]) {
			i++
		}
	}
	return hits
}

// chain counts the digits of the chain that begins at i, up to the most that count.
func (s *Set) chain(text []byte, i int) int {
	n, gap := 0, true
	for ; i < len(text) && n < s.most; i++ {
		switch c := text[i]; {
		case isDigit(c):
			n, gap = n+1, false
		case !gap && (c == '-' || c == ' ' || c == '.'):
			gap = true
		default:
			return n
		}
	}
	return n
}

func isDigit(c byte) bool { return c-'0' < 10 }

// nextDigit returns the index of the first digit at or behind i, or len(text).
func nextDigit(text []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; i+8 <= len(text); i += 8 {
		// A byte is a digit if, without its high nibble of 3, it is under ten.
		// The borrow of the subtraction can only spoil bytes behind a digit, so
		// the lowest mark is always right.
		x := binary.LittleEndian.Uint64(text[i:]) ^ '0'*ones
		if m := (x - 10*ones) &^ x & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(text); i++ {
		if isDigit(text[i]) {
			return i
		}
	}
	return i
}
