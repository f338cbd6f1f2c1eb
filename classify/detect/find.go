package detect

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/anchor"
)

// find appends the keywords that begin in [from,to) of the view. A keyword has a
// character that is no letter or number on either side.
func (d *dictionary) find(t *text, from, to int64, hits []hit) []hit {
	from, to = max(from, t.base), min(to, t.end())
	if from >= to {
		return hits
	}
	if len(t.marks) == 0 {
		return d.findUnmarked(t, from, to, hits)
	}
	if d.few != nil {
		return d.findFew(t, int(from-t.base), int(to-t.base), hits)
	}
	if t.places == nil {
		t.places = new(places)
	}
	first, behind := int(from-t.base)/anchor.BlockBytes, int(to-1-t.base)/anchor.BlockBytes+1
	for block := first; block < behind; block += placesBlocks {
		hits = d.findIn(t, block, min(block+placesBlocks, behind), int(from-t.base), int(to-t.base), hits)
	}
	return hits
}

// placesBlocks is how many blocks are searched together.
const placesBlocks = 16

// places are the words of some blocks. Which of them begin a keyword is as good as
// random, so all are hashed, each is written to pass, and none is jumped over: a
// processor that takes every other jump wrong would do little else.
type places struct {
	leads [placesBlocks]uint64
	runs  [placesBlocks + 1]anchor.Runs // of the block behind too
	word  [placesBlocks*anchor.BlockBytes + 1]anchor.Word
	pass  [placesBlocks*anchor.BlockBytes + 1]uint16 // which of the words may begin one
}

// findIn appends the keywords that begin in some blocks, as far as that is between
// two indices of the buffer.
func (d *dictionary) findIn(t *text, block, behind, from, to int, hits []hit) []hit {
	p, base := t.places, block*anchor.BlockBytes
	d.markLeads(t, block, behind)
	t.markPlaces(block, behind)
	// Eight bytes more are there, whatever they are.
	text := t.buf[base : len(t.buf)+8]
	before := uint64(0)
	if base > 0 && isAlnumByte(t.buf[base-1]) {
		before = 1
	}
	for b := range behind - block {
		starts := d.startsIn(t, block+b, b, &before)
		if i := from - (block+b)*anchor.BlockBytes; i > 0 {
			starts &= ^uint64(0) << i
		}
		if i := to - (block+b)*anchor.BlockBytes; i < anchor.BlockBytes {
			starts &= 1<<i - 1
		}
		p.runs[b].Starts = starts
	}
	n, pass := d.openings.filter.Words(text, p.runs[:behind-block+1], p.word[:], p.pass[:])
	p.word[n] = anchor.Word{Odd: 1}
	if d.figures && d.openings.marker == nil { // so all words were noted
		pass = d.openings.pair(p, text, pass)
	}
	for _, j := range p.pass[:pass] {
		if w := &p.word[j]; w.Odd == 1 {
			if p.mayBegin(d.openings.filter, text, w) {
				hits = d.beginOdd(t, base+int(w.At), hits)
			}
		} else {
			hits = d.begin(t, base, w, &p.word[j+1], hits)
		}
	}
	return hits
}

// pair leaves in pass those words that begin a keyword as far as is known from what
// follows them.
func (o *openings) pair(p *places, text []byte, pass int) int {
	left := 0
	for _, j := range p.pass[:pass] {
		w, next := &p.word[j], &p.word[j+1]
		p.pass[left] = j
		left += int(uint64(w.Odd|next.Odd) | o.whole.Bit(w.Hash) | o.pairs.Bit(hashPair(w.Hash, next.Hash)) |
			o.pairs.Bit(hashPair(w.Hash, uint64(text[int(w.At)+int(w.Size)]))))
	}
	return left
}

// mayBegin reports whether keywords may begin with an odd word.
func (p *places) mayBegin(filter *anchor.Hashes, text []byte, w *anchor.Word) bool {
	b, k, n := w.At/anchor.BlockBytes, w.At%anchor.BlockBytes, int(w.Size)
	early := (p.runs[b].Odd>>k | p.runs[b+1].Odd<<1<<(63-k)) & (2<<n - 1)
	return filter.Has(w.Hash) || mayEndEarly(filter, text[w.At:], n, early)
}

// mayEndEarly reports whether a keyword may begin with an odd word of n characters,
// whatever its hash: if one ends early or ends in a character that folds to ASCII, or
// if the hash says nothing. The text has eight bytes at least.
func mayEndEarly(filter *anchor.Hashes, text []byte, n int, early uint64) bool {
	if n == 0 || n == anchor.MaxWord || string(text[n:min(n+2, len(text))]) == dottedI {
		return true
	}
	head := binary.LittleEndian.Uint64(text)
	for early &= 1<<n - 1; early != 0; early &= early - 1 {
		if filter.Has(anchor.HashWord(head, bits.TrailingZeros64(early))) {
			return true
		}
	}
	return false
}

// dottedI is the only character of the view that is not ASCII and has a lower case
// that is.
const dottedI = "\u0130"

// markPlaces marks the words of some blocks and the one behind, and where in them, or
// right behind, a word may end for a keyword though more follows: at a hump
// ("orderNumber"), and where something that is not ASCII, and may be a letter or not,
// follows.
func (t *text) markPlaces(block, behind int) {
	p, before := t.places, uint64(0)
	for i := range behind + 1 - block {
		if block+i >= len(t.marks) {
			p.runs[i] = anchor.Runs{}
			return
		}
		w := t.wordsOf(block + i)
		lower := w.Letters &^ w.Uppers
		p.runs[i].Words = w.Letters | t.marks[block+i].Digits
		p.runs[i].Odd = w.Uppers&(lower<<1|before) | w.Wide
		before = lower >> 63
	}
}

// markLeads marks what keywords may begin like in some blocks.
func (d *dictionary) markLeads(t *text, block, behind int) {
	p := t.places
	n := 0
	if d.openings.marker != nil {
		n = max(min(behind, (len(t.buf)-anchor.LeadsAhead)/anchor.BlockBytes, len(t.marks))-block, 0)
		at := block * anchor.BlockBytes
		d.openings.marker.Mark(t.buf[at:], t.marks[block:], p.leads[:n], at > 0 && isAlnumByte(t.buf[at-1]))
	}
	for i := n; i < behind-block; i++ {
		p.leads[i] = ^uint64(0)
	}
}

// startsIn marks the words of the i-th block that may begin a keyword, as far as
// marks tell. before is 1 if a letter or digit stands before the block, and is made
// that of the next.
func (d *dictionary) startsIn(t *text, block, i int, before *uint64) uint64 {
	p := t.places
	words := p.runs[i].Words
	starts := words &^ (words<<1 | *before)
	*before = words >> 63
	if !d.figures {
		starts &^= t.marks[block].Digits
	}
	wide := t.words[block].Wide
	forced := uint64(0)
	if d.openings.marker != nil { // what is not ASCII may fold to a letter
		forced = starts & (wide>>1 | wide>>2)
		if starts>>62 != 0 && t.wideAt((block+1)*anchor.BlockBytes) {
			forced |= starts & (3 << 62)
		}
	}
	if d.signs || d.other && wide != 0 {
		forced |= d.oddStarts(t, block*anchor.BlockBytes)
	}
	return starts&p.leads[i] | forced
}

// wideAt reports whether one of the two bytes at an index of the buffer is not ASCII.
func (t *text) wideAt(i int) bool {
	return i < len(t.buf) && !isASCII(t.buf[i]) || i+1 < len(t.buf) && !isASCII(t.buf[i+1])
}

// oddStarts marks where in a block keywords may begin that do not begin with an
// ASCII letter or digit.
func (d *dictionary) oddStarts(t *text, at int) uint64 {
	var starts uint64
	inside := at > 0 && isAlnumByte(t.buf[at-1])
	for i, c := range t.buf[at:min(at+anchor.BlockBytes, len(t.buf))] {
		alnum := isAlnumByte(c)
		if !alnum && !inside && (d.first[c] != 0 || d.other && !isASCII(c)) {
			starts |= 1 << i
		}
		inside = alnum
	}
	return starts
}

func isAlnumByte(c byte) bool { return isLetter(c) || isDigit(c) }

func isASCII(c byte) bool { return c < utf8.RuneSelf }

// findUnmarked is find for a short text without marks.
func (d *dictionary) findUnmarked(t *text, from, to int64, hits []hit) []hit {
	inside := false // the byte before is an ASCII letter or digit
	for i, c := range t.buf[:to-t.base] {
		starts := !inside && (d.first[c] != 0 || d.other && !isASCII(c))
		inside = isAlnumByte(c)
		if starts && int64(i) >= from-t.base && d.mayBegin(t.buf[i:]) {
			hits = d.beginOdd(t, i, hits)
		}
	}
	return hits
}

// mayBegin reports whether keywords may begin as a text does.
func (d *dictionary) mayBegin(text []byte) bool {
	n, early := wordOf(text)
	var head [anchor.MaxWord + 8]byte
	copy(head[:], text)
	return n > 0 && d.openings.filter.Has(hashOf(text[:n])) || mayEndEarly(d.openings.filter, head[:], n, early)
}

// wordOf returns the number of characters of the word that a text begins with, up to
// anchor.MaxWord, and where in it, or right behind, it is odd.
func wordOf(text []byte) (n int, odd uint64) {
	for i, c := range text {
		if i == anchor.MaxWord {
			break
		}
		if !isASCII(c) || i > 0 && isHump(text[i-1], c) {
			odd |= 1 << i
		}
		if !isAlnumByte(c) {
			break
		}
		n++
	}
	return n, odd
}

// begin appends the keywords that begin with a word which is not odd; next is the word
// that was noted behind it.
func (d *dictionary) begin(t *text, base int, w, next *anchor.Word, hits []hit) []hit {
	i := base + int(w.At)
	p := t.base + int64(i)
	end := i + int(w.Size)
	o := d.openings.get(w.Hash, t.buf[i:end])
	if o == nil || t.letterBefore(i) {
		return hits
	}
	for _, at := range d.openings.nodes[o.from:o.to] {
		n := &d.nodes[at]
		for _, of := range d.ends[n.end:n.lastEnd] {
			if k := &d.words[of]; !k.exact || k.matchesCase(t.buf[i:end]) {
				hits = append(hits, hit{p, t.base + int64(end), of})
			}
		}
		if n.edge < n.lastEdge && end < len(t.buf) {
			hits = d.goOn(t, base, n, w, next, hits)
		}
	}
	return hits
}

// goOn appends the keywords that go on from a node behind the word that they begin
// with.
func (d *dictionary) goOn(t *text, base int, n *node, w, next *anchor.Word, hits []hit) []hit {
	p := t.base + int64(base) + int64(w.At)
	end := p + int64(w.Size)
	if n.gap != 0 {
		if q, ok := t.gap(end); ok {
			hash := next.Hash
			if next.Odd == 1 || q != t.base+int64(base)+int64(next.At) {
				hash, ok = t.secondAt(q)
			}
			if !ok || d.openings.pairs.Has(hashPair(w.Hash, hash)) {
				hits = d.walk(t, p, q, n.gap, hits)
			}
		}
	}
	if c := t.at(end); c != ' ' {
		if to := d.child(n, c); to != 0 {
			hits = d.walk(t, p, end+1, to, hits)
		}
	}
	return hits
}

// secondAt returns the hash of the word at a position if it has one: if it is a word,
// and not odd.
func (t *text) secondAt(p int64) (hash uint64, ok bool) {
	i := int(p - t.base)
	n, odd := wordOf(t.slice(p, t.end()))
	if n == 0 || n == anchor.MaxWord || odd != 0 {
		return 0, false
	}
	return hashOf(t.buf[i : i+n]), true
}

// beginOdd appends the keywords that begin at an index of the buffer, whatever stands
// there.
func (d *dictionary) beginOdd(t *text, i int, hits []hit) []hit {
	c, p := t.buf[i], t.base+int64(i)
	switch {
	case !isASCII(c) && !d.other || isASCII(c) && d.first[c] == 0 || t.letterBefore(i):
		return hits
	case !isASCII(c):
		return d.walk(t, p, p, 0, hits)
	}
	return d.walk(t, p, p+1, d.first[c], hits)
}

// letterBefore reports whether a letter or number that is not ASCII stands before an
// index of the buffer.
func (t *text) letterBefore(i int) bool {
	if i == 0 || isASCII(t.buf[i-1]) {
		return false
	}
	r, _ := t.before(t.base + int64(i))
	return isAlnum(r)
}

// isHump reports whether a word of camelCase begins between two characters.
func isHump(a, b byte) bool { return isUpper(b) && isLetter(a) && !isUpper(a) }
