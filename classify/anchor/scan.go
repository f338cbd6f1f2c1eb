package anchor

import (
	"math/bits"
	"slices"
)

// Want describes the chains that somebody wants to look at. A chain is made of
// runs of digits with one '-', '.' or space between two runs.
type Want struct {
	Digits   int    // the least number of digits in the chain
	Runs     uint32 // digits that its first run may have: bit n is n digits, bit ManyDigits that many and more; 0 is any
	Lettered bool   // a letter stands before it, with at most one space or '-' between
}

// ManyDigits is the number of digits from which on they are not counted.
const ManyDigits = 31

// Set is what to look for. It is immutable and safe for concurrent use.
type Set struct {
	least int
	// need is how many digits a chain needs by the digits of its first run:
	// without a letter before it and with one.
	need [2][ManyDigits + 1]uint8
}

// Hit is a place where at least one detector wants to look: the first digit of
// a run of digits that begins a chain.
type Hit struct {
	At       int32 // index into the text
	Run      uint8 // digits of the run, up to ManyDigits
	Digits   uint8 // digits of the chain, up to ManyDigits
	Lettered uint8 // 1 if a letter stands before it
}

// New returns a Set that looks for the chains that anybody wants.
func New(wants []Want) *Set {
	s := &Set{least: ManyDigits}
	for run := range s.need[0] {
		s.need[0][run], s.need[1][run] = 255, 255
	}
	for _, w := range wants {
		digits := min(max(w.Digits, 1), ManyDigits)
		s.least = min(s.least, digits)
		for run := range s.need[0] {
			if w.Runs != 0 && w.Runs>>run&1 == 0 {
				continue
			}
			s.need[1][run] = min(s.need[1][run], uint8(digits))
			if !w.Lettered {
				s.need[0][run] = min(s.need[0][run], uint8(digits))
			}
		}
	}
	return s
}

// Takes reports whether a want is met by a hit.
func (w *Want) Takes(h *Hit) bool {
	return int(h.Digits) >= w.Digits && (w.Runs == 0 || w.Runs>>h.Run&1 == 1) && (!w.Lettered || h.Lettered == 1)
}

// Ahead is how many bytes behind a stretch Scan looks at.
const Ahead = 2 * ManyDigits

// Scan appends to hits, in order, the places in text[from:to] where a wanted
// chain begins: first digits of runs, with the chain from there on. The marks
// are those of the text. The bytes before from and behind to are looked at, not
// reported.
func (s *Set) Scan(text []byte, marks []Digits, from, to int, hits []Hit) []Hit {
	for i := from / BlockBytes; i*BlockBytes < to; i++ {
		digits := marks[i].Digits
		if digits == 0 {
			continue
		}
		var before uint64
		if i > 0 {
			before = marks[i-1].Digits >> 63
		}
		var next Digits
		if i+1 < len(marks) {
			next = marks[i+1]
		}
		chain := digits | marks[i].Joints&(digits<<1|before)&(digits>>1|next.Digits<<63)
		more := next.Digits | next.Joints&(next.Digits<<1|digits>>63)&(next.Digits>>1)
		starts := digits &^ (digits<<1 | before) & s.long(chain, more)
		if starts == 0 {
			continue
		}
		if i*BlockBytes < from {
			starts &= ^uint64(0) << (from % BlockBytes)
		}
		if rest := to - i*BlockBytes; rest < BlockBytes {
			starts &= 1<<rest - 1
		}
		hits = s.block(text, i*BlockBytes, starts, [2]uint64{digits, next.Digits}, [2]uint64{chain, more}, hits)
	}
	return hits
}

// long marks where at least as many bytes of a chain follow as a chain that is
// long enough has digits.
func (s *Set) long(chain, more uint64) uint64 {
	n := 1
	for ; 2*n <= s.least; n *= 2 {
		chain &= chain>>n | more<<(64-n)
		more &= more >> n
	}
	rest := s.least - n
	return chain & (chain>>rest | more<<(64-rest))
}

// block appends those of the starts in the block at a place that begin a wanted
// chain. Which do is as good as random, so each is written and none is jumped
// over.
func (s *Set) block(text []byte, at int, starts uint64, digits, chain [2]uint64, hits []Hit) []Hit {
	n := len(hits)
	hits = slices.Grow(hits, BlockBytes/2)[:n+BlockBytes/2]
	for ; starts != 0; starts &= starts - 1 {
		k := bits.TrailingZeros64(starts) & 63
		run := digits[0]>>k | digits[1]<<(64-k)
		whole := bits.TrailingZeros64(^(chain[0]>>k | chain[1]<<(64-k)))
		h := Hit{
			At:       int32(at + k),
			Run:      uint8(min(bits.TrailingZeros64(^run), ManyDigits)),
			Digits:   uint8(min(bits.OnesCount64(run&(1<<whole-1)), ManyDigits)),
			Lettered: lettered(text, at+k),
		}
		hits[n] = h
		if h.Digits >= s.need[h.Lettered&1][h.Run] {
			n++
		}
	}
	return hits[:n]
}

// lettered is 1 if an ASCII letter stands before i, or before the space or
// hyphen there.
func lettered(text []byte, i int) uint8 {
	if i < 2 {
		if i == 1 {
			return before[text[0]] & 1
		}
		return 0
	}
	c := before[text[i-1]]
	return (c | c>>1&before[text[i-2]]) & 1
}

// before classes what stands before a chain: bit 0 is a letter, bit 1 what may
// stand between a letter and a chain.
var before = func() (of [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		of[c], of[c-0x20] = 1, 1
	}
	of[' '], of['-'] = 2, 2
	return of
}()
