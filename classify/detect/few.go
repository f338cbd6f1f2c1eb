package detect

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/anchor"
)

// few finds keywords that are so few that most words of a text begin unlike any: by
// one look at blocks of it, and another at the words that are left.
type few struct {
	marker *anchor.Leads
	words  *anchor.Hashes // the first words of keywords, as keyOf makes them
}

// mostFew is how many beginnings a few has at most.
const mostFew = 128

// newFew makes a few of a finished dictionary, or nil if it has too many keywords or
// some that begin with something else than an ASCII letter.
func newFew(d *dictionary) *few {
	if d.signs || d.other || d.figures || !anchor.FastLeads {
		return nil
	}
	var leads []anchor.Lead
	d.beginnings(0, anchor.Lead{}, 0, func(lead anchor.Lead) { leads = append(leads, lead) })
	slices.SortFunc(leads, func(a, b anchor.Lead) int { return bytes.Compare(a[:], b[:]) })
	if leads = slices.Compact(leads); len(leads) > mostFew {
		return nil
	}
	var keys []uint64
	d.firstWords(0, [8]byte{}, 0, func(word [8]byte) {
		key, _ := keyOf(binary.LittleEndian.Uint64(word[:]))
		keys = append(keys, key)
	})
	return &few{anchor.NewLeads(leads), anchor.NewHashes(keys)}
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
// can begin with, or the first eight characters of them.
func (d *dictionary) firstWords(at int32, word [8]byte, n int, see func([8]byte)) {
	node := &d.nodes[at]
	ends := n == len(word) || node.end < node.lastEnd
	for _, e := range d.edges[node.edge:node.lastEdge] {
		switch next := word; {
		case n == len(word):
		case e.c == ' ':
			ends = true
			d.firstWords(e.to, word, n, see)
		case isAlnumByte(e.c):
			next[n] = e.c
			d.firstWords(e.to, next, n+1, see)
		default:
			ends = true
		}
	}
	if ends {
		see(word)
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
	block, behind := from/anchor.BlockBytes, (to-1)/anchor.BlockBytes+1
	// A few bytes more are there, whatever they are.
	text := t.buf[:behind*anchor.BlockBytes+8]
	for ; block < behind; block += len(leads) {
		base := block * anchor.BlockBytes
		n := min(len(leads), behind-block)
		d.few.marker.Mark(text[base:], leads[:n], base > 0 && isAlnumByte(text[base-1]))
		for b, places := range leads[:n] {
			for ; places != 0; places &= places - 1 {
				i := base + b*anchor.BlockBytes + bits.TrailingZeros64(places)
				key, odd := keyOf(binary.LittleEndian.Uint64(text[i:]))
				if (odd || d.few.words.Has(key)) && i >= from && i < to {
					hits = d.enter(t, i, hits)
				}
			}
		}
	}
	return hits
}

// enter appends the keywords that begin at an index of the buffer, where a word does.
func (d *dictionary) enter(t *text, i int, hits []hit) []hit {
	p, from := t.base+int64(i), d.first[t.buf[i]]
	if from == 0 {
		return hits
	}
	if i > 0 && t.buf[i-1] >= utf8.RuneSelf {
		if r, _ := t.before(p); isAlnum(r) {
			return hits
		}
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
	s.heralds.few, s.against.few = newFew(s.heralds), newFew(s.against)
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
