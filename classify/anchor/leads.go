package anchor

import (
	"math"
	"slices"
)

// Lead is how a word may begin: three ASCII characters, letters in lower case, the
// first of them a letter or digit. A zero stands for any character.
type Lead [leadBytes]byte

const leadBytes = 3

// LeadsAhead is how many bytes behind the blocks Leads.Mark looks at.
const LeadsAhead = leadBytes - 1

// Leads knows leads by the halves of their bytes, in eight groups: where a word begins
// is marked if each of its bytes has the lower and the upper half of one in the same
// group (Hyperscan's Teddy). It marks more than the leads, never less; behind the first
// a byte that is not ASCII may be any. A word is a run of ASCII letters and digits.
type Leads struct {
	// For each byte of a lead the groups by its lower half and by its upper one.
	lower, upper [leadBytes][16]uint8
}

// NewLeads returns what marks words that begin with one of the leads, in any case.
func NewLeads(leads []Lead) *Leads {
	l := new(Leads)
	for i, g := range groupLeads(leads) {
		for j := range g.lower {
			for half := range 16 {
				l.lower[j][half] |= uint8(g.lower[j]>>half&1) << i
				l.upper[j][half] |= uint8(g.upper[j]>>half&1) << i
			}
		}
	}
	return l
}

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

// Mark fills in a word for each of the blocks that text begins with: where a lead may
// begin. The text must be longer than the blocks by LeadsAhead. inside tells that a
// letter or digit stands before it.
func (l *Leads) Mark(text []byte, marks []uint64, inside bool) {
	if len(marks) > 0 {
		var before uint64
		if inside {
			before = 1
		}
		markLeads(l, text[:len(marks)*BlockBytes+LeadsAhead], marks, before)
	}
}

// markLeadsGeneric is Mark in plain Go.
func markLeadsGeneric(l *Leads, text []byte, marks []uint64, inside uint64) {
	for i := range marks {
		marks[i] = 0
		for k, c := range text[i*BlockBytes:][:BlockBytes] {
			if (c|0x20)-'a' >= 26 && c-'0' >= 10 {
				inside = 0
				continue
			}
			next := text[i*BlockBytes+k:][1:leadBytes]
			if inside == 0 && l.groups(0, c)&l.groups(1, next[0])&l.groups(2, next[1]) != 0 {
				marks[i] |= 1 << k
			}
			inside = 1
		}
	}
}

// groups are those that a byte can be the j-th of.
func (l *Leads) groups(j int, c byte) uint8 {
	if c >= 0x80 {
		return 0xFF
	}
	return l.lower[j][c&15] & l.upper[j][c>>4]
}
