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
// one look at blocks of it, and another at the first four characters of what is left.
type few struct {
	marker *anchor.Leads
	shorts [1 << 15 / 64]uint64 // the first three characters where any fourth may follow
	fours  bitset               // hashes of the first four
}

// mostFew is how many beginnings a few has at most.
const mostFew = 128

// newFew makes a few of a finished dictionary, or nil if it has too many keywords or
// some that begin with something else than an ASCII letter.
func newFew(d *dictionary) *few {
	if d.signs || d.other || d.figures || !anchor.FastLeads {
		return nil
	}
	texts := map[[4]byte]bool{}
	d.beginnings(0, nil, texts)
	var leads []anchor.Lead
	var hashes []uint64
	w := new(few)
	for text := range texts {
		leads = append(leads, anchor.Lead(text[:]))
		if text[3] != 0 {
			hashes = append(hashes, hashFour(binary.LittleEndian.Uint32(text[:])))
		} else {
			w.addShort(text)
		}
	}
	slices.SortFunc(leads, func(a, b anchor.Lead) int { return bytes.Compare(a[:], b[:]) })
	if leads = slices.Compact(leads); len(leads) > mostFew {
		return nil
	}
	w.marker, w.fours = anchor.NewLeads(leads), newBitset(hashes)
	return w
}

// beginnings notes the first four bytes that the text of keywords can have from a node
// on: zeros where any may stand.
func (d *dictionary) beginnings(at int32, text []byte, all map[[4]byte]bool) {
	n := &d.nodes[at]
	if len(text) == 4 || n.end < n.lastEnd {
		all[[4]byte(append(append([]byte{}, text...), 0, 0, 0, 0))] = true
	}
	if len(text) == 4 {
		return
	}
	for _, e := range d.edges[n.edge:n.lastEdge] {
		if e.c != ' ' {
			d.beginnings(e.to, append(text[:len(text):len(text)], e.c), all)
			continue
		}
		for _, c := range []byte(" \t\n\v\f\r_-") {
			all[[4]byte(append(append([]byte{}, text...), c, 0, 0, 0))] = true
		}
		d.beginnings(e.to, text, all)
	}
}

func (w *few) addShort(text [4]byte) {
	last := [2]uint32{}
	for i := range last {
		if text[i+1] == 0 {
			last[i] = 31
		}
	}
	for second := range last[0] + 1 {
		for third := range last[1] + 1 {
			i := shortOf(uint32(text[0]) | (uint32(text[1])|second)<<8 | (uint32(text[2])|third)<<16)
			w.shorts[i/64] |= 1 << (i % 64)
		}
	}
}

// shortOf is the index among the shorts of a text by its first bytes, the first the
// lowest: five bits of each, which are the same in both cases.
func shortOf(text uint32) uint32 { return text&31 | text>>3&(31<<5) | text>>6&(31<<10) }

// hashFour hashes four bytes, the same in both cases.
func hashFour(text uint32) uint64 { return uint64(text|0x20202020) * 0x9E3779B97F4A7C15 }

// begins reports whether a keyword may begin with such four bytes. What is not ASCII
// may be anything.
func (w *few) begins(text uint32) bool {
	i := shortOf(text)
	return w.shorts[i/64]>>(i%64)&1|w.fours.bit(hashFour(text)) != 0 || text&0x80808080 != 0
}

// findFew is find for few keywords, from one index of the buffer to another.
func (d *dictionary) findFew(t *text, from, to int, hits []hit) []hit {
	var leads [placesBlocks]uint64
	block, behind := from/anchor.BlockBytes, (to-1)/anchor.BlockBytes+1
	// A few bytes more are there, whatever they are.
	text := t.buf[:behind*anchor.BlockBytes+4]
	for ; block < behind; block += len(leads) {
		base := block * anchor.BlockBytes
		n := min(len(leads), behind-block)
		d.few.marker.Mark(text[base:], leads[:n], base > 0 && isAlnumByte(text[base-1]))
		for b, places := range leads[:n] {
			for ; places != 0; places &= places - 1 {
				i := base + b*anchor.BlockBytes + bits.TrailingZeros64(places)
				if d.few.begins(binary.LittleEndian.Uint32(text[i:])) && i >= from && i < to {
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
