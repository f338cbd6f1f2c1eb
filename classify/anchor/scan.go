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
	First    uint16    // what its first digit may be: bit n is n; 0 is any
	Before   Beside    // what may stand before the first run
	After    Beside    // what may stand behind the first run; behind one of ManyDigits anything
	Lettered bool      // a letter stands before it, with at most one space or '-' between

	Before2, Before3 Beside // what may stand one and two bytes further before it
	After2, After3   Beside // likewise behind it
}

// isOuter reports whether a want needs more of its surroundings than the two bytes
// beside the first run and the one before.
func (w *Want) isOuter() bool {
	return w.First != 0 || w.Before2|w.Before3|w.After2|w.After3 != 0
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
	least int    // digits that any of them has
	rest  uint64 // of these behind the first four, up to four
	// Which wants a chain meets, one bit for each, is what all of these have in
	// common.
	runs   [ManyDigits + 1][MoreDigits + 1][MoreDigits + 1]uint16 // index into masks
	masks  []uint64
	digits [BlockBytes + 1]uint64
	before [256]uint64 // by the byte
	after  [256]uint64
	past   [4]uint64 // by what the two bytes before are among letters
	sieve  *sieve

	isOuter         uint64 // 1 if any want needs what follows
	first           [16]uint64
	before2, after2 [256]uint64
	before3, after3 [256]uint64
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
	s := &Set{least: ManyDigits, sieve: newSieve(wants)}
	var runs [ManyDigits + 1][MoreDigits + 1][MoreDigits + 1]uint64
	for i := range wants {
		w, bit := &wants[i], uint64(1)<<i
		s.least = min(s.least, max(w.Digits, 1))
		for n := range s.digits {
			if n >= min(w.Digits, ManyDigits) {
				s.digits[n] |= bit
			}
		}
		for c := range 256 {
			s.before[c] |= bit * w.Before.takes(c)
			s.after[c] |= bit * w.After.takes(c)
			if w.Lettered && letters[c] == 0 {
				s.before[c] &^= bit
			}
			s.before2[c] |= bit * w.Before2.takes(c)
			s.before3[c] |= bit * w.Before3.takes(c)
			s.after2[c] |= bit * w.After2.takes(c)
			s.after3[c] |= bit * w.After3.takes(c)
		}
		for c := range s.first {
			if w.First == 0 || w.First>>c&1 == 1 {
				s.first[c] |= bit
			}
		}
		if w.isOuter() {
			s.isOuter = 1
		}
		for i := range s.past {
			s.past[i] |= bit
		}
		if w.Lettered {
			s.past[gap] &^= bit
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
	s.rest = uint64(max(min(s.least-fourBytes, 4), 0))
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

// takes is 1 if a byte is of one of the sorts.
func (b Beside) takes(c int) uint64 {
	if b == 0 || b>>sortOf[c]&1 == 1 {
		return 1
	}
	return 0
}

// Ahead is how many bytes behind a stretch Scan looks at.
const Ahead = 2 * BlockBytes

// All is all wants.
const All = ^uint64(0)

// Scan appends to hits, in order, the places in text[from:to] where a chain begins
// that is wanted by any among some of the wants: first digits of runs, with the chain
// from there on. The marks are those of the text. The bytes before from and behind to
// are looked at, not reported.
func (s *Set) Scan(text []byte, marks []Digits, from, to int, among uint64, hits []Hit) []Hit {
	sc := scan{set: s, text: text, marks: marks, among: among, hits: hits}
	if s.least < fourBytes {
		sc.all(from, to)
		return sc.hits
	}
	var starts [64]uint64
	for at := from / BlockBytes; at*BlockBytes < to; at += len(starts) {
		n := min((to+BlockBytes-1)/BlockBytes-at, len(starts))
		blocks := s.starts(marks, at, starts[:n])
		if blocks == 0 {
			continue
		}
		if fastSift && s.sieve.works && blocks > n/siftFrom {
			s.sift(text, marks, at, starts[:n])
		}
		sc.clip(at, starts[:n], from, to)
		if blocks <= fewBlocks {
			sc.take(at, starts[:n], true)
			continue
		}
		for i := 0; i < n; i += listed {
			sc.take(at+i, starts[i:min(i+listed, n)], false)
		}
	}
	return sc.hits
}

// scan is one call of Scan.
type scan struct {
	set   *Set
	text  []byte
	marks []Digits
	among uint64
	hits  []Hit
	list  [(listed + 1) * BlockBytes / 2]uint16
}

// listed is of how many blocks all places are listed together; of many blocks they are
// if but a few have any.
const (
	listed    = 16
	fewBlocks = 8
)

// clip leaves of the starts in blocks from one on those between two places.
func (s *scan) clip(at int, starts []uint64, from, to int) {
	if first := at * BlockBytes; first < from {
		starts[0] &= ^uint64(0) << (from - first)
	}
	if rest := to - (at+len(starts)-1)*BlockBytes; rest < BlockBytes {
		starts[len(starts)-1] &= 1<<rest - 1
	}
}

// take appends those of the starts in some blocks from one on that begin a wanted chain:
// from a list of the places, if there is text around them. few tells that most blocks
// have none.
func (s *scan) take(at int, starts []uint64, few bool) {
	if !fastTake {
		s.blocks(at, starts)
		return
	}
	first := 0
	if at == 0 { // what stands before the text is not there
		first = min(1, len(starts))
	}
	last := max(min(len(starts), len(s.text)/BlockBytes-1-at, len(s.marks)-1-at), first)
	s.blocks(at, starts[:first])
	if inner := starts[first:last]; len(inner) > 0 {
		n := 0
		if few {
			n = listStartsGeneric(inner, s.list[:])
		} else {
			n = listStarts(inner, s.list[:])
		}
		if n > 0 {
			had := len(s.hits)
			s.hits = slices.Grow(s.hits, n)[:had+n]
			s.hits = s.hits[:had+s.set.take(s.text, s.marks, (at+first)*BlockBytes, s.list[:n], s.hits[had:], s.among)]
		}
	}
	s.blocks(at+last, starts[last:])
}

// listStartsGeneric fills in the places of starts, from the first block on, and returns
// how many there are.
func listStartsGeneric(starts []uint64, list []uint16) int {
	n := 0
	for i, found := range starts {
		for ; found != 0; found &= found - 1 {
			list[n] = uint16(i*BlockBytes + bits.TrailingZeros64(found))
			n++
		}
	}
	return n
}

// blocks is take, block by block.
func (s *scan) blocks(at int, starts []uint64) {
	for i, found := range starts {
		if found != 0 {
			s.block(at+i, found)
		}
	}
}

// all is Scan where any run of digits may begin a wanted chain.
func (s *scan) all(from, to int) {
	before := uint64(0)
	if from >= BlockBytes {
		before = s.marks[from/BlockBytes-1].Digits >> 63
	}
	var starts [listed]uint64
	for at := from / BlockBytes; at*BlockBytes < to; at += len(starts) {
		n := min((to+BlockBytes-1)/BlockBytes-at, len(starts))
		for i, m := range s.marks[at : at+n] {
			starts[i] = m.Digits &^ (m.Digits<<1 | before)
			before = m.Digits >> 63
		}
		s.clip(at, starts[:n], from, to)
		s.take(at, starts[:n], false)
	}
}

// starts marks the first digits of runs in the blocks from one on: those from which a
// chain is long enough, and perhaps others. It returns in how many blocks such are.
func (s *Set) starts(marks []Digits, at int, starts []uint64) (blocks int) {
	n := 0
	if at == 0 {
		starts[0] = s.startsIn(marks, 0)
		blocks += int((starts[0] | -starts[0]) >> 63)
		n++
	}
	if inner := (min(at+len(starts), len(marks)-1) - at - n) &^ 3; inner > 0 {
		blocks += longStarts(marks[at+n-1:at+n+inner+1], starts[n:n+inner], s.rest)
		n += inner
	}
	for ; n < len(starts); n++ {
		starts[n] = s.startsIn(marks, at+n)
		blocks += int((starts[n] | -starts[n]) >> 63)
	}
	return blocks
}

// siftFrom is that a sieve is worth its while if more than one in so many blocks has a
// chain.
const siftFrom = 2

// sift leaves of the starts in the blocks from one on those of chains that may be
// wanted.
func (s *Set) sift(text []byte, marks []Digits, at int, starts []uint64) {
	if at == 0 {
		at, starts = 1, starts[1:]
	}
	if n := min(at+len(starts), len(marks)-1) - at; n > 0 {
		s.sieve.sift(text[at*BlockBytes-2:], marks[at-1:at+n+1], starts[:n])
	}
}

// startsIn is starts for one block.
func (s *Set) startsIn(marks []Digits, at int) uint64 {
	var around [3]Digits
	around[1] = marks[at]
	if at > 0 {
		around[0] = marks[at-1]
	}
	if at+1 < len(marks) {
		around[2] = marks[at+1]
	}
	var starts [1]uint64
	longStartsGeneric(around[:], starts[:], s.rest)
	return starts[0]
}

// fourBytes is how long a chain must be for longStarts to look at it; of what is
// longer it looks at eight bytes at most.
const fourBytes = 4

// longStartsGeneric marks the first digits of runs from which on a chain has four bytes
// and rest, up to four more, and returns in how many blocks there are such. The marks are
// those of one block before and of one behind.
func longStartsGeneric(marks []Digits, starts []uint64, rest uint64) (blocks int) {
	marks = marks[:len(starts)+2]
	for i := range starts {
		before, m, next := marks[i].Digits>>63, &marks[i+1], &marks[i+2]
		if m.Digits == 0 {
			starts[i] = 0
			continue
		}
		behind := m.Digits<<1 | before
		chain := m.Digits | m.Joints&behind&(m.Digits>>1|next.Digits<<63)
		more := next.Digits | next.Joints&(next.Digits<<1|m.Digits>>63)&(next.Digits>>1)
		chain &= chain>>1 | more<<63
		more &= more >> 1
		chain &= chain>>2 | more<<62
		more &= more >> 2
		starts[i] = m.Digits &^ behind & chain & (chain>>(rest&63) | more<<1<<(63-rest&63))
		blocks += int((starts[i] | -starts[i]) >> 63)
	}
	return blocks
}

// block appends those of the starts in a block that begin a wanted chain.
func (s *scan) block(block int, starts uint64) {
	var next Digits
	var before uint64
	if block+1 < len(s.marks) {
		next = s.marks[block+1]
	}
	if block > 0 {
		before = s.marks[block-1].Digits >> 63
	}
	digits := s.marks[block].Digits
	p := places{
		digits: digits, next: next.Digits << 1,
		chain: digits | s.marks[block].Joints&(digits<<1|before)&(digits>>1|next.Digits<<63),
		more:  (next.Digits | next.Joints&(next.Digits<<1|digits>>63)&(next.Digits>>1)) << 1,
	}
	n := len(s.hits)
	s.hits = slices.Grow(s.hits, BlockBytes/2)[:n+BlockBytes/2]
	s.hits = s.hits[:n+s.set.takeGeneric(s.text, block*BlockBytes, starts, &p, s.hits[n:], s.among)]
}

// places are the marks of a block, and of the next one moved up by one.
type places struct{ digits, next, chain, more uint64 }

// takeGeneric fills in the hits among the starts in the block at a place, for some
// among the wants, and returns how many there are. There must be room for another one.
// Which starts do is as good as random, so of those that may by the bytes before them
// each is written and none is jumped over.
func (s *Set) takeGeneric(text []byte, at int, starts uint64, p *places, hits []Hit, among uint64) int {
	var room around
	near := room.of(text, at)
	n := 0
	for ; starts != 0; starts &= starts - 1 {
		k := bits.TrailingZeros64(starts) & 63
		b, c := near[k+blockAround-1], near[k+blockAround-2]
		wants := among & s.before[b] & s.past[letters[b]&gap|letters[c]&letter]
		if wants == 0 {
			continue
		}
		// In one word what begins at the place: the digits of the chain.
		end := ^(p.chain>>k | p.more<<(63-k))
		all := (p.digits>>k | p.next<<(63-k)) & (end&-end - 1)
		// An addition at the first digit of a run carries through it and leaves the others.
		behind := all & (all + 1)
		behind2 := behind & (behind + behind&-behind)
		behind3 := behind2 & (behind2 + behind2&-behind2)
		total, rest, rest2 := bits.OnesCount64(all), bits.OnesCount64(behind), bits.OnesCount64(behind2)
		first, second, third := min(total-rest, ManyDigits)&31, rest-rest2, rest2-bits.OnesCount64(behind3)
		after := s.after[near[k+blockAround+first]]
		if first == ManyDigits {
			after = ^uint64(0)
		}
		runs := s.runs[first][min(second, MoreDigits)&7][min(third, MoreDigits)&7]
		wants &= s.masks[runs] & s.digits[total] & after
		if s.isOuter != 0 {
			wants &= s.outer(near, k, first)
		}
		hits[n] = Hit{wants, at + k}
		n += int((wants | -wants) >> 63)
	}
	return n
}

// around is a block with the bytes before and behind it that matter for chains in it,
// zeros where the text does not reach.
type around [blockAround + BlockBytes + ManyDigits + blockAround]byte

// blockAround is how many bytes beside a chain matter.
const blockAround = 3

// of returns what is around the block at a place, in the text if that is longer.
func (a *around) of(text []byte, at int) *around {
	if from := at - blockAround; from >= 0 && from+len(a) <= len(text) {
		return (*around)(text[from:])
	}
	from := max(at-blockAround, 0)
	copy(a[from-at+blockAround:], text[from:])
	return a
}

// outer are the wants that what stands around the chain at a place allows, but for what
// stands right beside it.
func (s *Set) outer(near *around, k, first int) uint64 {
	i := k + blockAround
	wants := s.first[near[i]&15] & s.before2[near[i-2]] & s.before3[near[i-3]]
	if first == ManyDigits {
		return wants
	}
	return wants & s.after2[near[i+first+1]] & s.after3[near[i+first+2]]
}

// letters classes what stands before a chain: a letter, or what may stand between one
// and a chain.
const (
	letter = 1
	gap    = 2
)

var letters = func() (of [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		of[c], of[c-0x20] = letter, letter
	}
	of[' '], of['-'] = gap, gap
	return of
}()
