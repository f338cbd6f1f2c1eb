package anchor

import "math/bits"

// Set is what to look for. It is immutable and safe for concurrent use.
type Set struct {
	least, most int
}

// Hit is a place where at least one detector wants to look: the first digit of
// a run of digits that begins a chain.
type Hit struct {
	At     int32 // index into the text
	Run    uint8 // digits of the run, up to 63
	Digits uint8 // digits of the chain, counted up to the Set's most
}

// MaxDigits is the most digits of a chain that can be counted.
const MaxDigits = 31

// New returns a Set that looks for chains of at least so many digits, and counts
// them up to most. A chain is made of runs of digits with one '-', '.' or space
// between two runs.
func New(least, most int) *Set {
	most = min(max(least, most, 1), MaxDigits)
	return &Set{min(max(least, 1), most), most}
}

// Ahead is how many bytes behind a stretch Scan looks at.
func (s *Set) Ahead() int { return 2 * s.most }

// Scan appends to hits, in order, the places in text[from:to] where a chain
// begins: every first digit of a run from which on the chain is long enough. The
// text is given by its marks. The bytes before from and behind to are looked at,
// not reported.
func (s *Set) Scan(marks []Digits, from, to int, hits []Hit) []Hit {
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
		for ; starts != 0; starts &= starts - 1 {
			k := bits.TrailingZeros64(starts)
			run := digits>>k | next.Digits<<(64-k)
			whole := bits.TrailingZeros64(^(chain>>k | more<<(64-k)))
			n := bits.OnesCount64(run & (1<<whole - 1))
			if n >= s.least {
				hits = append(hits, Hit{int32(i*BlockBytes + k), uint8(min(bits.TrailingZeros64(^run), 63)), uint8(min(n, s.most))})
			}
		}
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
