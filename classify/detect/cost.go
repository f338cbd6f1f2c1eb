package detect

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// Cost estimates what an expression costs on the worst text for it: how many of its
// states are busy at each character, on average. Most expressions have some ten. The
// time per character grows with that number, some 15 nanoseconds for each. It is 0
// for a detector without an expression.
//
// The search of package regexp is played, with its order of preference, on a text
// made for it: at each place the character that keeps most states busy.
func (d *Detector) Cost() int {
	if d.pattern == nil {
		return 0
	}
	tree, err := syntax.Parse(d.pattern.source, syntax.Perl)
	if err != nil {
		return 0 // it was parsed before
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0
	}
	return newCostTrial(prog, d.pattern.wordFirst).average()
}

const (
	costText    = 3 * MaxPattern // characters of the text that is made
	costSettled = MaxPattern     // those before are not counted
	costChoices = 24             // characters to choose from
	costBudget  = 30_000_000     // states that are looked at in all
)

// costTrial plays a search.
type costTrial struct {
	prog *syntax.Prog
	// wordFirst tells that a match begins a word, and so not behind a word character.
	wordFirst bool

	choices []rune
	now     []uint32 // states that wait for a character, the preferred first
	next    []uint32
	seen    []uint32 // by state: the round in which it was entered last
	round   uint32
	spent   int
	matched bool
}

func newCostTrial(prog *syntax.Prog, wordFirst bool) *costTrial {
	t := &costTrial{prog: prog, wordFirst: wordFirst, seen: make([]uint32, len(prog.Inst)), choices: []rune{' '}}
	for i := range prog.Inst {
		for _, r := range prog.Inst[i].Rune {
			if len(t.choices) < costChoices && r <= unicode.MaxRune && !slices.Contains(t.choices, r) {
				t.choices = append(t.choices, r)
			}
		}
	}
	return t
}

func (t *costTrial) average() int {
	sum, n := 0, 0
	for at := 0; at < costText && t.spent < costBudget; at++ {
		best, busy := rune(0), -1
		for _, r := range t.choices {
			if b, _ := t.step(r); b > busy {
				best, busy = r, b
			}
		}
		var matched bool
		busy, matched = t.step(best)
		t.now, t.next, t.matched = t.next, t.now, matched
		if len(t.now) == 0 {
			t.matched = false // the search goes on behind the match
		}
		if at >= costSettled {
			sum, n = sum+busy, n+1
		}
	}
	if n == 0 { // too large an expression to come so far: it is as large as its cost
		return len(t.prog.Inst)
	}
	return sum / n
}

// step leaves in next the states that wait once a character was read, and returns how
// many were entered. States after one that has matched are given up, and no new match
// is begun then.
func (t *costTrial) step(r rune) (busy int, matched bool) {
	t.round++
	t.next = t.next[:0]
	matched = t.matched
	for _, pc := range t.now {
		i := &t.prog.Inst[pc]
		if !i.MatchRune(r) {
			continue
		}
		n, hit := t.enter(i.Out)
		busy += n
		if hit {
			matched = true
			break
		}
	}
	if !matched && !(t.wordFirst && isWordByte(r)) {
		n, _ := t.enter(uint32(t.prog.Start))
		busy += n
	}
	t.spent += busy + len(t.now)
	return busy, matched
}

// enter follows a state to those that wait for a character, and reports whether the
// match is reached on the way.
func (t *costTrial) enter(pc uint32) (busy int, hit bool) {
	if t.seen[pc] == t.round {
		return 0, false
	}
	t.seen[pc] = t.round
	switch i := &t.prog.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		a, hit := t.enter(i.Out)
		if hit {
			return a + 1, true
		}
		b, hit := t.enter(i.Arg)
		return a + b + 1, hit
	case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
		n, hit := t.enter(i.Out)
		return n + 1, hit
	case syntax.InstMatch:
		return 1, true
	case syntax.InstFail:
		return 1, false
	default:
		t.next = append(t.next, pc)
		return 1, false
	}
}
