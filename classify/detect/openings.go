package detect

import (
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// hashOf hashes a word as anchor.HashWord does.
func hashOf(word []byte) uint64 {
	var text uint64
	for i := min(len(word), anchor.Hashed) - 1; i >= 0; i-- {
		text = text<<8 | uint64(word[i])
	}
	return anchor.HashWord(text, min(len(word), anchor.MaxWord))
}

// open makes what knows how keywords begin: with which word of the text, and with what
// behind it. A word here is a run of ASCII letters and digits, so the words of a keyword
// may be one in the text ("socialSecurity").
func (d *dictionary) open() {
	var firsts, wholes, pairs []uint64
	d.runs(&d.nodes[0], nil, func(run []byte, at int32) {
		first, n := hashOf(run), &d.nodes[at]
		firsts = append(firsts, first)
		follow := func(second uint64) { pairs = append(pairs, anchor.HashPair(first, second)) }
		whole := d.follow(n, follow)
		for _, of := range d.ends[n.end:n.lastEnd] {
			beside := d.words[of].beside
			if whole = whole || len(beside) == 0; len(beside) > 0 {
				follow(0) // anything may stand between
			}
			for _, second := range beside {
				follow(second)
			}
		}
		if whole {
			wholes = append(wholes, first)
		}
	})
	d.phrases = anchor.NewPhrases(firsts, wholes, pairs)
}

// follow calls see with the hashes of what must be behind a word for a keyword to go on
// at a node, and reports whether it may be anything.
func (d *dictionary) follow(n *node, see func(second uint64)) (anything bool) {
	words := func(n *node) {
		d.runs(n, nil, func(second []byte, _ int32) { see(hashOf(second)) })
		anything = anything || n.end < n.lastEnd || slices.ContainsFunc(d.edgesOf(n), isSign)
	}
	if n.gap != 0 {
		words(&d.nodes[n.gap])
	}
	for _, e := range d.edgesOf(n) {
		switch {
		case e.c == ' ' || isAlnumByte(e.c):
		case e.c == '-' || e.c == '_' || isSpace(e.c):
			words(&d.nodes[e.to])
		default:
			see(0)
		}
	}
	return anything
}

// runs calls see with every run of letters and digits that the text can have from a
// node on, and the node behind it, if a keyword may end or go on there: in the order
// in which walk comes to them.
func (d *dictionary) runs(n *node, run []byte, see func(run []byte, at int32)) {
	if n.gap != 0 && len(run) > 0 {
		for _, e := range d.edgesOf(&d.nodes[n.gap]) {
			if isAlnumByte(e.c) {
				d.run(e, run, see)
			}
		}
	}
	for _, e := range d.edgesOf(n) {
		if isAlnumByte(e.c) {
			d.run(e, run, see)
		}
	}
}

func (d *dictionary) run(e edge, run []byte, see func(run []byte, at int32)) {
	run = append(run, e.c)
	n := &d.nodes[e.to]
	if n.end < n.lastEnd || slices.ContainsFunc(d.edgesOf(n), isSign) {
		see(run, e.to)
	}
	d.runs(n, run, see)
}

func isSign(e edge) bool { return !isAlnumByte(e.c) }
