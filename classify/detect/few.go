package detect

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// few finds keywords that are so few that most words of a text begin unlike any: by
// one look at blocks of it, and another at the words that are left.
type few struct {
	marker *anchor.Leads
	firsts []firstWord // a table, by their keys
	shift  uint8
	nodes  []int32
}

// firstWord is the word that keywords begin with, or the first eight letters of it.
type firstWord struct {
	key      uint64 // as keyOf makes it, 0 if there is none
	from, to int32  // the nodes behind it
	size     int64
}

// mostFew is how many beginnings a few has at most.
const mostFew = 128

// newFew makes a few of a finished dictionary, or nil if it has too many keywords or
// some that begin with something else than an ASCII letter.
func newFew(d *dictionary) *few {
	if d.signs || d.other || d.figures {
		return nil
	}
	var leads []anchor.Lead
	d.beginnings(0, anchor.Lead{}, 0, func(lead anchor.Lead) { leads = append(leads, lead) })
	slices.SortFunc(leads, func(a, b anchor.Lead) int { return bytes.Compare(a[:], b[:]) })
	if leads = slices.Compact(leads); len(leads) > mostFew {
		return nil
	}
	f := &few{marker: anchor.NewLeads(leads)}
	f.index(d)
	d.makeTails()
	return f
}

// index makes the table of first words.
func (f *few) index(d *dictionary) {
	nodes := map[uint64][]int32{}
	var words []firstWord
	d.firstWords(0, [8]byte{}, 0, func(word [8]byte, size int, at int32) {
		key, _ := keyOf(binary.LittleEndian.Uint64(word[:]))
		if nodes[key] == nil {
			words = append(words, firstWord{key: key, size: int64(size)})
		}
		nodes[key] = append(nodes[key], at)
	})
	size := bits.Len(uint(4 * len(words)))
	f.firsts, f.shift = make([]firstWord, 1<<size), uint8(64-size)
	for _, w := range words {
		w.from = int32(len(f.nodes))
		f.nodes = append(f.nodes, nodes[w.key]...)
		w.to = int32(len(f.nodes))
		i := w.key >> f.shift
		for f.firsts[i].key != 0 {
			i = (i + 1) & uint64(len(f.firsts)-1)
		}
		f.firsts[i] = w
	}
}

// get returns the first word of a key, nil if it is none.
func (f *few) get(key uint64) *firstWord {
	for i := key >> (f.shift & 63); ; i++ {
		w := &f.firsts[i&uint64(len(f.firsts)-1)]
		if w.key == key {
			return w
		}
		if w.key == 0 {
			return nil
		}
	}
}

// beginnings calls see with how the text of keywords can begin, from a node on with n
// bytes before it.
func (d *dictionary) beginnings(at int32, lead anchor.Lead, n int, see func(anchor.Lead)) {
	node := &d.nodes[at]
	if n == len(lead) || node.end < node.lastEnd {
		see(lead) // behind the end of a keyword anything may stand
	}
	if n == len(lead) {
		return
	}
	for _, e := range d.edges[node.edge:node.lastEdge] {
		next := lead
		if e.c != ' ' {
			next[n] = e.c
			d.beginnings(e.to, next, n+1, see)
			continue
		}
		for _, c := range []byte(" \t\n\v\f\r_-") {
			next[n] = c
			see(next)
		}
		d.beginnings(e.to, lead, n, see)
	}
}

// firstWords calls see with the runs of letters and digits that the text of keywords
// can begin with, or the first eight characters of them, and the nodes behind them: in
// the order in which walk comes to them.
func (d *dictionary) firstWords(at int32, word [8]byte, n int, see func(word [8]byte, size int, at int32)) {
	node := &d.nodes[at]
	if n == len(word) {
		see(word, n, at)
		return
	}
	if node.end < node.lastEnd || slices.ContainsFunc(d.edgesOf(node), isSign) {
		see(word, n, at)
	}
	if node.gap != 0 {
		d.firstWords(node.gap, word, n, see)
	}
	for _, e := range d.edgesOf(node) {
		if isAlnumByte(e.c) {
			next := word
			next[n] = e.c
			d.firstWords(e.to, next, n+1, see)
		}
	}
}

// keyOf hashes the run of letters and digits that eight bytes of text begin with, the
// first byte the lowest. The run is odd if a keyword may end in it or go on behind it
// nevertheless: at a hump ("orderNumber"), and with what is not ASCII.
func keyOf(text uint64) (key uint64, odd bool) {
	low := text &^ highs
	lower := low | 0x20*ones
	letters := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones) & highs
	digits := (low + (0x80-'0')*ones) &^ (low + (0x80-'9'-1)*ones) & highs
	end := ^(letters | digits) & highs
	run := (end&-end)>>7 - 1 // the bytes before the first that is neither
	uppers := letters &^ (text << 2)
	humps := uppers & ((letters &^ uppers) << 8) & run
	return (lower & run) * 0x9E3779B97F4A7C15, (humps | text&highs) != 0
}

// findFew is find for few keywords, from one index of the buffer to another.
func (d *dictionary) findFew(t *text, from, to int, hits []hit) []hit {
	var leads [anchor.WordBlocks]uint64
	block, behind := from/anchor.BlockBytes, min((to-1)/anchor.BlockBytes+1, len(t.marks))
	// A few bytes more are there, whatever they are.
	text := t.buf[:behind*anchor.BlockBytes+8]
	for ; block < behind; block += len(leads) {
		base := block * anchor.BlockBytes
		n := min(len(leads), behind-block)
		d.few.marker.Mark(text[base:], t.marks[block:], leads[:n], base > 0 && isAlnumByte(text[base-1]))
		for b, places := range leads[:n] {
			for ; places != 0; places &= places - 1 {
				i := base + b*anchor.BlockBytes + bits.TrailingZeros64(places)
				if i < from || i >= to {
					continue
				}
				key, odd := keyOf(binary.LittleEndian.Uint64(text[i:]))
				if odd {
					hits = d.enter(t, i, hits)
				} else if w := d.few.get(key); w != nil && !t.letterBefore(i) {
					hits = d.goOnFrom(t, i, w, hits)
				}
			}
		}
	}
	return hits
}

// goOnFrom appends the keywords that begin at an index of the buffer with a first word.
func (d *dictionary) goOnFrom(t *text, i int, w *firstWord, hits []hit) []hit {
	p := t.base + int64(i)
	for _, at := range d.few.nodes[w.from:w.to] {
		hits = d.walk(t, p, p+w.size, at, hits)
	}
	return hits
}

// enter appends the keywords that begin at an index of the buffer, where a word does.
func (d *dictionary) enter(t *text, i int, hits []hit) []hit {
	p, from := t.base+int64(i), d.first[t.buf[i]]
	if from == 0 {
		return hits
	}
	if t.letterBefore(i) {
		return hits
	}
	return d.walk(t, p, p+1, from, hits)
}

// ownWords are the keywords of one detector. The index of each is that in all words,
// less first.
type ownWords struct {
	*dictionary
	first int32
}

// part makes dictionaries for a set whose keywords matter only near numbers.
func (s *Set) part() error {
	s.needy &^= s.asking
	s.heralds.few = newFew(s.heralds)
	first := 0
	for i, d := range s.Detectors {
		own := newDictionary()
		for _, group := range d.keywords {
			for _, pattern := range group.patterns {
				if err := own.add(i, group.role, pattern); err != nil {
					return err
				}
			}
		}
		own.finish()
		own.few = newFew(own)
		s.own = append(s.own, ownWords{own, int32(first)})
		first += len(own.words)
	}
	return nil
}

// Eight bytes of text are looked at together.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)
