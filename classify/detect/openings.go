package detect

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// openings knows keywords by their first word in the text: it tells in which nodes
// of the tree the search goes on behind it. A word here is a run of ASCII letters and
// digits, so the words of a keyword may be one in the text ("socialSecurity").
type openings struct {
	marker *anchor.Leads // marks what begins as keywords do; nil if that is most words
	leads  []anchor.Lead
	filter *anchor.Hashes // hashes of the first words
	whole  *anchor.Hashes // of those that are keywords, or go on with what is no word
	pairs  *anchor.Hashes // of the first words and what may come behind them, a word or a sign
	slots  []opening
	shift  uint8
	nodes  []int32
}

// opening is a first word.
type opening struct {
	hash     uint64
	rest     string // of the word, behind the characters that the hash tells apart
	from, to int32  // its nodes
}

// manyLeads are so many that all words begin like one of them, more or less.
const manyLeads = 128

// hashPair hashes two words by the hashes of each.
func hashPair(first, second uint64) uint64 {
	return (bits.RotateLeft64(first, 29) ^ second) * 0xD6E8FEB86659FD93
}

func hashOf(word []byte) uint64 {
	var text uint64
	for i := min(len(word), anchor.Hashed) - 1; i >= 0; i-- {
		text = text<<8 | uint64(word[i])
	}
	return anchor.HashWord(text, min(len(word), anchor.MaxWord))
}

// addLead notes how a keyword begins: for a space, and behind its end, anything may
// stand.
func (o *openings) addLead(spelled string) {
	var lead anchor.Lead
	n := 0
	for n < len(lead) && n < len(spelled) && spelled[n] != ' ' && isASCII(spelled[n]) {
		lead[n] = spelled[n]
		n++
	}
	if n > 0 && isAlnumByte(lead[0]) {
		o.leads = append(o.leads, lead)
	} // what begins with another character is looked for by that
}

// finish makes the tables from the tree, once all keywords are in.
func (o *openings) finish(d *dictionary) {
	type known struct {
		word  string
		nodes []int32
	}
	var words []known
	index := map[string]int{}
	var firsts, wholes, pairs []uint64
	d.runs(&d.nodes[0], nil, func(run []byte, at int32) {
		i, ok := index[string(run)]
		if !ok {
			i = len(words)
			index[string(run)], words = i, append(words, known{word: string(run)})
			firsts = append(firsts, hashOf(run))
		}
		words[i].nodes = append(words[i].nodes, at)
		first, n := hashOf(run), &d.nodes[at]
		for _, of := range d.ends[n.end:n.lastEnd] {
			if len(d.words[of].beside) == 0 {
				wholes = append(wholes, first)
			}
			for _, second := range d.words[of].beside {
				pairs = append(pairs, hashPair(first, second))
			}
		}
		for _, e := range d.edgesOf(n) {
			if e.c != ' ' {
				pairs = append(pairs, hashPair(first, uint64(e.c)))
			}
		}
		if n.gap == 0 {
			return
		}
		d.runs(&d.nodes[n.gap], nil, func(second []byte, _ int32) {
			pairs = append(pairs, hashPair(first, hashOf(second)))
		})
		if slices.ContainsFunc(d.edgesOf(&d.nodes[n.gap]), isSign) {
			wholes = append(wholes, first)
		}
	})
	o.filter, o.whole, o.pairs = anchor.NewHashes(firsts), anchor.NewHashes(wholes), anchor.NewHashes(pairs)
	size := bits.Len(uint(2*len(words)) | 1)
	o.slots, o.shift = make([]opening, 1<<size), uint8(64-size)
	for i, w := range words {
		at := firsts[i] >> o.shift
		for o.slots[at].hash != 0 {
			at = (at + 1) % uint64(len(o.slots))
		}
		from := int32(len(o.nodes))
		o.nodes = append(o.nodes, w.nodes...)
		o.slots[at] = opening{firsts[i], w.word[min(len(w.word), anchor.Hashed):], from, int32(len(o.nodes))}
	}
	slices.SortFunc(o.leads, func(a, b anchor.Lead) int { return bytes.Compare(a[:], b[:]) })
	if o.leads = slices.Compact(o.leads); len(o.leads) <= manyLeads {
		o.marker = anchor.NewLeads(o.leads)
	}
	o.leads = nil
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

// get returns the opening that is a word, nil if there is none.
func (o *openings) get(hash uint64, word []byte) *opening {
	for i := hash >> (o.shift & 63); ; i++ {
		s := &o.slots[i&uint64(len(o.slots)-1)]
		if s.hash == hash && (len(word) <= anchor.Hashed || hasPrefixFold(word[anchor.Hashed:], s.rest)) {
			return s
		}
		if s.hash == 0 {
			return nil
		}
	}
}
