package anchor

import (
	"math/bits"
	"slices"
)

// Want describes places that somebody wants to look at: first digits of runs of
// digits, from which a chain goes on. A chain is made of runs with one '-', '.' or
// space between two of them.
type Want struct {
	Digits   int       // the least number of digits in the chain
	Runs     [3]uint32 // digits that its first runs may have: bit n is n digits, bit 0 no such run; 0 is any
	Before   Beside    // what may stand before the first run
	After    Beside    // what may stand behind the first run; behind one of ManyDigits anything
	Lettered bool      // a letter stands before it, with at most one space or '-' between
}

// ManyDigits is the number of digits from which on those of a chain, or of its
// first run, are not counted; MoreDigits likewise of its second and third.
const (
	ManyDigits = 31
	MoreDigits = 7
)

// MaxWants is how many wants a Set can have.
const MaxWants = 64

// Set is what to look for. It is immutable and safe for concurrent use.
type Set struct {
	least int  // digits that any of them has
	rest  uint // what is left of least by doublings up to eight
	// Which wants a chain meets, one bit for each, is what all of these have in
	// common.
	runs   [ManyDigits + 1][MoreDigits + 1][MoreDigits + 1]uint16 // index into masks
	masks  []uint64
	digits [ManyDigits + 1]uint64
	before [16]uint64 // by the sort of byte
	after  [16]uint64
	letter [2]uint64
}

// Hit is a place where at least one want is met.
type Hit struct {
	Wants uint64 // that are met: bit n is the n-th given to New
	At    int    // index into the text
}

// New returns a Set that looks for what is wanted, at most MaxWants.
func New(wants []Want) *Set {
	if len(wants) > MaxWants {
		panic("internal error: too many wants")
	}
	s := &Set{least: ManyDigits}
	var runs [ManyDigits + 1][MoreDigits + 1][MoreDigits + 1]uint64
	for i := range wants {
		w, bit := &wants[i], uint64(1)<<i
		s.least = min(s.least, max(w.Digits, 1))
		for n := range s.digits {
			if n >= min(w.Digits, ManyDigits) {
				s.digits[n] |= bit
			}
		}
		for sort := range sorts {
			s.before[sort] |= bit * w.Before.takes(sort)
			s.after[sort] |= bit * w.After.takes(sort)
		}
		s.letter[1] |= bit
		if !w.Lettered {
			s.letter[0] |= bit
		}
		for first := range runs {
			for second := range runs[first] {
				for third := range runs[first][second] {
					if allows(w.Runs[0], first) && allows(w.Runs[1], second) && allows(w.Runs[2], third) {
						runs[first][second][third] |= bit
					}
				}
			}
		}
	}
	s.pack(&runs)
	s.rest = uint(s.least - min(1<<(bits.Len(uint(s.least))-1), 8))
	return s
}

// pack makes the table of runs small: few of its masks differ.
func (s *Set) pack(runs *[ManyDigits + 1][MoreDigits + 1][MoreDigits + 1]uint64) {
	for first := range runs {
		for second := range runs[first] {
			for third, mask := range runs[first][second] {
				i := slices.Index(s.masks, mask)
				if i < 0 {
					i = len(s.masks)
					s.masks = append(s.masks, mask)
				}
				s.runs[first][second][third] = uint16(i)
			}
		}
	}
}

func allows(set uint32, n int) bool { return set == 0 || set>>n&1 == 1 }

// takes is 1 if a sort is one of those.
func (b Beside) takes(sort int) uint64 {
	if b == 0 || b>>sort&1 == 1 {
		return 1
	}
	return 0
}

// Ahead is how many bytes behind a stretch Scan looks at.
const Ahead = 2 * BlockBytes

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
		if i*BlockBytes < from {
			starts &= ^uint64(0) << (from % BlockBytes)
		}
		if rest := to - i*BlockBytes; rest < BlockBytes {
			starts &= 1<<rest - 1
		}
		if starts != 0 {
			hits = s.block(text, i*BlockBytes, starts, [2]uint64{digits, next.Digits}, [2]uint64{chain, more}, hits)
		}
	}
	return hits
}

// long marks where at least as many bytes of a chain follow as a chain that is
// long enough has digits.
func (s *Set) long(chain, more uint64) uint64 {
	if s.least >= 2 {
		chain &= chain>>1 | more<<63
		more &= more >> 1
	}
	if s.least >= 4 {
		chain &= chain>>2 | more<<62
		more &= more >> 2
	}
	if s.least >= 8 {
		chain &= chain>>4 | more<<60
		more &= more >> 4
	}
	return chain & (chain>>(s.rest&63) | more<<1<<(63-s.rest&63))
}

// block appends those of the starts in the block at a place that begin a wanted
// chain. Which do is as good as random, so each is written and none is jumped
// over.
func (s *Set) block(text []byte, at int, starts uint64, digits, chain [2]uint64, hits []Hit) []Hit {
	n := len(hits)
	hits = slices.Grow(hits, BlockBytes/2)[:n+BlockBytes/2]
	for ; starts != 0; starts &= starts - 1 {
		k := bits.TrailingZeros64(starts) & 63
		// In one word what begins at the place: digits, and the chain.
		run := digits[0]>>k | digits[1]<<1<<(63-k)
		whole := run & (1<<bits.TrailingZeros64(^(chain[0]>>k|chain[1]<<1<<(63-k))) - 1)
		first := bits.TrailingZeros64(^run)
		second := whole >> first >> 1
		third := second >> bits.TrailingZeros64(^second) >> 1
		i := at + k
		var b, c, a byte
		if i > 0 {
			b = text[i-1]
		}
		if i > 1 {
			c = text[i-2]
		}
		if i+first < len(text) && first < ManyDigits {
			a = text[i+first]
		}
		after := s.after[sortOf[a]&15]
		if first >= ManyDigits {
			after = ^uint64(0)
		}
		runs := s.runs[min(first, ManyDigits)&31][min(bits.TrailingZeros64(^second), MoreDigits)&7][min(bits.TrailingZeros64(^third), MoreDigits)&7]
		h := &hits[n]
		h.At = i
		h.Wants = s.masks[runs] & s.digits[min(bits.OnesCount64(whole), ManyDigits)&31] &
			s.before[sortOf[b]&15] & after & s.letter[(letters[b]|letters[b]>>1&letters[c])&1]
		if h.Wants != 0 {
			n++
		}
	}
	return hits[:n]
}

// letters classes what stands before a chain: bit 0 is a letter, bit 1 what may
// stand between a letter and a chain.
var letters = func() (of [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		of[c], of[c-0x20] = 1, 1
	}
	of[' '], of['-'] = 2, 2
	return of
}()
