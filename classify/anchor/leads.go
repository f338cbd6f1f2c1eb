package anchor

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// Lead is how a word may begin: three ASCII characters, letters in lower case, the
// first of them a letter or digit. A zero stands for any character.
type Lead [leadBytes]byte

const leadBytes = 3

// LeadsAhead is how many bytes behind the blocks Leads.Mark looks at.
const LeadsAhead = 4

// Leads knows leads. It marks places where a word begins, more than the leads, never
// less; behind the first a byte that is not ASCII may be any. A word is a run of ASCII
// letters and digits.
type Leads struct {
	// For AVX2, by the halves of bytes, in eight groups: a place is marked if each of its
	// bytes has the lower and the upper half of one in the same group (Hyperscan's Teddy).
	// These are for each byte of a lead the groups by its lower half and by its upper one.
	lower, upper [leadBytes][16]uint8
	// For AVX-512, for each byte of a lead its groups by the whole of it.
	exact [leadBytes][128]uint8
	// For plain Go, 1 for the hashes of three bytes with which a lead may begin, and
	// whether any begins with a digit.
	begins  [1 << leadBits]uint8
	figures bool
}

// leadBits is how long hashes of leads are.
const leadBits = 12

// NewLeads returns what marks words that begin with one of the leads, in any case.
func NewLeads(leads []Lead) *Leads {
	l := new(Leads)
	for _, lead := range leads {
		l.spell(lead, 0, 0)
		l.figures = l.figures || lead[0]-'0' < 10
	}
	for i, g := range groupLeads(leads) {
		for j := range g.lower {
			for half := range 16 {
				l.lower[j][half] |= uint8(g.lower[j]>>half&1) << i
				l.upper[j][half] |= uint8(g.upper[j]>>half&1) << i
			}
		}
		for _, lead := range leads {
			if g.has(lead) {
				l.addExact(lead, 1<<i)
			}
		}
	}
	return l
}

// addExact adds a lead to a group.
func (l *Leads) addExact(lead Lead, group uint8) {
	for j, c := range lead {
		for k := range l.exact[j] {
			if b := byte(k); c == 0 || b == c || c-'a' < 26 && b|0x20 == c {
				l.exact[j][k] |= group
			}
		}
	}
}

// spell adds to the hashes those of a lead, from its n-th byte on; before it are those
// of text. They know only the lower five bits of a byte.
func (l *Leads) spell(lead Lead, n int, text uint32) {
	if n == leadBytes {
		l.begins[hashLead(text)] = 1
		return
	}
	for c := range uint32(32) {
		if lead[n] == 0 || uint32(lead[n])%32 == c {
			l.spell(lead, n+1, text|c<<(8*n))
		}
	}
}

// hashLead hashes the lower five bits of three bytes, the first the lowest.
func hashLead(text uint32) uint32 { return text & 0x1F1F1F * 0x9E3779B1 >> (32 - leadBits) }

// group is some leads, by the sets of halves of their bytes.
type group struct{ lower, upper [leadBytes]uint16 }

// groupLeads makes eight groups or less: of leads with the same first character, and
// of those that mark least when they are put together.
func groupLeads(leads []Lead) []group {
	var groups []group
	byFirst := map[byte]int{}
	for _, lead := range leads {
		i, ok := byFirst[lead[0]]
		if !ok {
			i = len(groups)
			byFirst[lead[0]], groups = i, append(groups, group{})
		}
		for j, c := range lead {
			groups[i].add(j, c)
		}
	}
	for len(groups) > 8 {
		best, left, right := math.MaxFloat64, 0, 0
		for a := range groups {
			for b := range a {
				both := groups[a].with(&groups[b])
				if cost := both.share() - groups[a].share() - groups[b].share(); cost < best {
					best, left, right = cost, b, a
				}
			}
		}
		groups[left] = groups[left].with(&groups[right])
		groups = slices.Delete(groups, right, right+1)
	}
	return groups
}

func (g *group) add(j int, c byte) {
	if c == 0 {
		g.lower[j], g.upper[j] = 0xFFFF, 0xFFFF
		return
	}
	g.lower[j] |= 1 << (c & 15)
	g.upper[j] |= 1 << (c >> 4)
	if c-'a' < 26 {
		g.upper[j] |= 1 << ((c &^ 0x20) >> 4)
	}
}

// has reports whether a group marks a lead.
func (g *group) has(lead Lead) bool {
	for j, c := range lead {
		if c != 0 && (g.lower[j]>>(c&15)&1 == 0 || g.upper[j]>>(c>>4)&1 == 0) || c == 0 && g.lower[j] != 0xFFFF {
			return false
		}
	}
	return true
}

func (g *group) with(o *group) group {
	both := *g
	for j := range both.lower {
		both.lower[j] |= o.lower[j]
		both.upper[j] |= o.upper[j]
	}
	return both
}

// share is which share of words, more or less, begins as a group does.
func (g *group) share() float64 {
	share := 1.0
	for j := range g.lower {
		sum := 0
		for i, weight := range letterWeights {
			if c := 'a' + byte(i); g.lower[j]>>(c&15)&1 == 1 && g.upper[j]>>(c>>4)&1 == 1 {
				sum += weight
			}
		}
		share *= float64(sum)
	}
	return share
}

// letterWeights are how often letters stand at the beginning of English words, in
// hundredths.
var letterWeights = [26]int{8, 2, 4, 4, 11, 2, 2, 5, 7, 1, 1, 4, 3, 6, 8, 4, 1, 7, 6, 8, 4, 1, 2, 1, 2, 1}

// Mark fills in a word for each of the blocks that text begins with, whose digits are
// marked: where a lead may begin. The text must be longer than the blocks by LeadsAhead.
// inside tells that a letter or digit stands before it.
func (l *Leads) Mark(text []byte, digits []Digits, marks []uint64, inside bool) {
	if len(marks) > 0 {
		var before uint64
		if inside {
			before = 1
		}
		markLeads(l, text[:len(marks)*BlockBytes+LeadsAhead], digits[:len(marks)], marks, before)
	}
}

// markLeadsGeneric is Mark in plain Go.
func markLeadsGeneric(l *Leads, text []byte, digits []Digits, marks []uint64, inside uint64) {
	for i := range marks {
		at := (*[BlockBytes + LeadsAhead]byte)(text[i*BlockBytes:])
		a, b, c, d, e, f, g, h := eight((*[BlockBytes]byte)(at[:]))
		starts := ^gather(noLetter(a), noLetter(b), noLetter(c), noLetter(d), noLetter(e), noLetter(f), noLetter(g), noLetter(h))
		words := starts | digits[i].Digits
		if l.figures {
			starts = words
		}
		starts &^= words<<1 | inside
		inside = words >> 63
		marks[i] = l.among(at, starts)
		if (a|b|c|d|e|f|g|h)&highs != 0 || at[BlockBytes]|at[BlockBytes+1] >= 0x80 {
			wide := gather(a, b, c, d, e, f, g, h)
			marks[i] |= starts & (wide>>1 | wide>>2 | uint64(at[BlockBytes]>>7)*3<<62 | uint64(at[BlockBytes+1]>>7)<<63)
		}
	}
}

// among leaves those of the starts of words in a block at which a lead may begin. It
// looks at four at a time: behind the last at the first byte, whatever that is.
func (l *Leads) among(text *[BlockBytes + LeadsAhead]byte, starts uint64) (found uint64) {
	for rest := starts; rest != 0; rest &= rest - 1 {
		found |= l.first(text, rest)
		rest &= rest - 1
		found |= l.first(text, rest)
		rest &= rest - 1
		found |= l.first(text, rest)
		rest &= rest - 1
		found |= l.first(text, rest)
	}
	return found & starts
}

// first marks the first of some starts if a lead may begin there.
func (l *Leads) first(text *[BlockBytes + LeadsAhead]byte, starts uint64) uint64 {
	k := bits.TrailingZeros64(starts) & 63
	return uint64(l.begins[hashLead(binary.LittleEndian.Uint32(text[k:]))]) << k
}
