package detect

import (
	"math/bits"
	"regexp/syntax"
	"unicode/utf8"
)

// maxLead is how many bytes of an expression's beginning are compared at every
// place of a text.
const maxLead = 8

// scout finds the places where expressions may begin: all of them in one pass,
// by the sets of bytes that their first positions take. It is the Shift-And
// algorithm (Baeza-Yates and Gonnet, A New Approach to Text Searching, 1992),
// several expressions side by side in one word.
type scout struct {
	takes [256]uint64 // the positions that a byte can stand at
	first uint64      // the first position of each expression
	last  uint64      // the last one that is compared
	of    [64]uint16  // by last position: the expression
	back  [64]uint8   // by last position: positions before it
	used  int
}

// newScouts compiles the beginnings of expressions.
func newScouts(leads [][]*[256]bool) []*scout {
	var all []*scout
	for i, lead := range leads {
		if n := len(all); n == 0 || all[n-1].used+len(lead) > 64 {
			all = append(all, &scout{})
		}
		s := all[len(all)-1]
		s.first |= 1 << s.used
		for j, set := range lead {
			for c, takes := range set {
				if takes {
					s.takes[c] |= 1 << (s.used + j)
				}
			}
		}
		s.used += len(lead)
		s.last |= 1 << (s.used - 1)
		s.of[s.used-1], s.back[s.used-1] = uint16(i), uint8(len(lead)-1)
	}
	return all
}

// find calls see with every place in a text where an expression may begin, in
// the order of the last byte compared.
func (s *scout) find(text []byte, see func(expression, at int)) {
	var state uint64
	for i, c := range text {
		state = (state<<1 | s.first) & s.takes[c]
		for hits := state & s.last; hits != 0; hits &= hits - 1 {
			at := bits.TrailingZeros64(hits)
			see(int(s.of[at]), i-int(s.back[at]))
		}
	}
}

// leadOf returns the sets of bytes that the first positions of every match take:
// at least one set, at most maxLead.
func leadOf(e *syntax.Regexp) []*[256]bool {
	sets, _ := lead(e, nil)
	if len(sets) == 0 {
		sets = append(sets, anyByte)
	}
	return sets[:min(len(sets), maxLead)]
}

var anyByte = func() *[256]bool {
	all := new([256]bool)
	for c := range all {
		all[c] = true
	}
	return all
}()

// lead appends the sets of an expression. goes tells that every match has exactly
// so many bytes, and what follows it can be compared too.
func lead(e *syntax.Regexp, sets []*[256]bool) (_ []*[256]bool, goes bool) {
	if len(sets) >= maxLead {
		return sets, false
	}
	switch e.Op {
	case syntax.OpEmptyMatch:
		return sets, true
	case syntax.OpLiteral:
		for _, r := range e.Rune {
			set, ascii := byteSet(e.Flags&syntax.FoldCase != 0, r, r)
			if sets = append(sets, set); !ascii {
				return sets, false
			}
		}
		return sets, true
	case syntax.OpCharClass:
		set, ascii := byteSet(false, e.Rune...)
		return append(sets, set), ascii
	case syntax.OpCapture:
		return lead(e.Sub[0], sets)
	case syntax.OpPlus:
		sets, _ = lead(e.Sub[0], sets)
		return sets, false
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			if sets, goes = lead(sub, sets); !goes {
				return sets, false
			}
		}
		return sets, true
	case syntax.OpAlternate:
		return leadAny(e.Sub, sets)
	default:
		return sets, false
	}
}

// leadAny joins what the alternatives begin with.
func leadAny(of []*syntax.Regexp, sets []*[256]bool) (_ []*[256]bool, goes bool) {
	joined, goes := lead(of[0], nil)
	for _, sub := range of[1:] {
		one, on := lead(sub, nil)
		goes = goes && on && len(one) == len(joined)
		joined = joined[:min(len(joined), len(one))]
		for i := range joined {
			both := *joined[i]
			for c, is := range one[i] {
				both[c] = both[c] || is
			}
			joined[i] = &both
		}
	}
	return append(sets, joined...), goes
}

// byteSet is the set of first bytes of the characters in ranges, and whether all
// of them are ASCII.
func byteSet(fold bool, ranges ...rune) (*[256]bool, bool) {
	if set := setOf(fold, ranges...); set != nil {
		return set, true
	}
	set := new([256]bool)
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= min(ranges[i+1], utf8.RuneSelf-1); r++ {
			set[r] = true
			if fold && isLetter(byte(r)) {
				set[r^0x20] = true
			}
		}
	}
	for c := utf8.RuneSelf; c < len(set); c++ {
		set[c] = true
	}
	return set, false
}
