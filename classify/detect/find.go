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

// places are the words of some blocks that may begin a keyword, by their places.
// Which do is as good as random, so each is written and none is jumped over: a
// processor that takes every other jump wrong would do little else.
type places struct {
	leads  [placesBlocks]uint64
	forced [placesBlocks]uint64     // to be looked at whatever they begin with
	words  [placesBlocks + 1]uint64 // letters and digits, of the block behind too
	odd    [placesBlocks + 1]uint64 // where a word may end early
	at     [placesBlocks*anchor.BlockBytes + 16]uint16
	hash   [placesBlocks * anchor.BlockBytes]uint64
}

// findIn appends the keywords that begin in some blocks, as far as that is between
// two indices of the buffer.
func (d *dictionary) findIn(t *text, block, behind, from, to int, hits []hit) []hit {
	p, base := t.places, block*anchor.BlockBytes
	d.markLeads(t, block, behind)
	t.markPlaces(block, behind)
	n, before := 0, uint64(0)
	if base > 0 && isAlnumByte(t.buf[base-1]) {
		before = 1
	}
	for b := block; b < behind; b++ {
		starts := d.startsIn(t, b, b-block, &before)
		if i := from - b*anchor.BlockBytes; i > 0 {
			starts &= ^uint64(0) << i
		}
		if i := to - b*anchor.BlockBytes; i < anchor.BlockBytes {
			starts &= 1<<i - 1
		}
		n = p.put(n, uint16((b-block)*anchor.BlockBytes), starts)
	}
	// Eight bytes more are there, whatever they are.
	text := t.buf[base : len(t.buf)+8]
	led := 0
	for _, at := range p.at[:n] {
		p.at[led] = at
		lead := d.openings.lead(uint64(binary.LittleEndian.Uint32(text[at:])))
		led += int(lead | p.forced[at/anchor.BlockBytes%placesBlocks]>>(at%anchor.BlockBytes)&1)
	}
	pass := 0
	for _, at := range p.at[:led] {
		size, odd := p.wordAt(at)
		head := binary.LittleEndian.Uint64(text[at:])
		hash := hashWord(head, size)
		p.at[pass], p.hash[pass] = at, hash
		bit := d.openings.first.bit(hash)
		if bit == 0 && (odd != 0 || size == 0) && d.oddWord(head, size, odd) {
			bit = 1
		}
		pass += int(bit)
	}
	for i, at := range p.at[:pass] {
		size, odd := p.wordAt(at)
		hits = d.begin(t, base+int(at), size, p.hash[i], odd, hits)
	}
	return hits
}

// wordAt returns how many characters the word at a place has, 0 if none stands there,
// up to maxWord; and where in it, and right behind, it may end for a keyword though
// more follows: at a hump ("orderNumber"), and where something that is not ASCII, and
// may be a letter or not, follows.
func (p *places) wordAt(at uint16) (int, uint64) {
	b, k := at/anchor.BlockBytes%placesBlocks, at%anchor.BlockBytes
	n := min(bits.TrailingZeros64(^(p.words[b]>>k | p.words[b+1]<<1<<(63-k))), maxWord)
	return n, (p.odd[b]>>k | p.odd[b+1]<<1<<(63-k)) & (2<<n - 1)
}

// markPlaces marks the words of some blocks and the one behind.
func (t *text) markPlaces(block, behind int) {
	p, before := t.places, uint64(0)
	for i := range behind + 1 - block {
		if block+i >= len(t.marks) {
			p.words[i], p.odd[i] = 0, 0
			return
		}
		w := t.wordsOf(block + i)
		lower := w.Letters &^ w.Uppers
		p.words[i] = w.Letters | t.marks[block+i].Digits
		p.odd[i] = w.Uppers&(lower<<1|before) | w.Wide
		before = lower >> 63
	}
}

// markLeads marks what keywords may begin like in some blocks.
func (d *dictionary) markLeads(t *text, block, behind int) {
	p := t.places
	n := 0
	if d.openings.marker != nil {
		n = max(min(behind-block, (len(t.buf)-anchor.LeadsAhead)/anchor.BlockBytes-block), 0)
		at := block * anchor.BlockBytes
		d.openings.marker.Mark(t.buf[at:], p.leads[:n], at > 0 && isAlnumByte(t.buf[at-1]))
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
	w, words := t.wordsOf(block), p.words[i]
	starts := words &^ (words<<1 | *before)
	*before = words >> 63
	if !d.figures {
		starts &^= t.marks[block].Digits
	}
	forced := uint64(0)
	if w.Wide != 0 {
		forced = starts & (w.Wide>>1 | w.Wide>>2) // what is not ASCII may fold to a letter
	}
	if starts>>62 != 0 && t.wideAt((block+1)*anchor.BlockBytes) {
		forced |= starts & (3 << 62)
	}
	if d.signs || d.other && w.Wide != 0 {
		forced |= d.oddStarts(t, block*anchor.BlockBytes)
	}
	p.forced[i] = forced
	return starts&p.leads[i] | forced
}

// wideAt reports whether one of the two bytes at an index of the buffer is not ASCII.
func (t *text) wideAt(i int) bool {
	return i < len(t.buf) && t.buf[i] >= utf8.RuneSelf || i+1 < len(t.buf) && t.buf[i+1] >= utf8.RuneSelf
}

// put appends the places of a block that begins at a place to the n that are there.
func (p *places) put(n int, at uint16, starts uint64) int {
	all := n + bits.OnesCount64(starts)
	for n < all {
		for i := range 8 {
			p.at[n+i] = at + uint16(bits.TrailingZeros64(starts))
			starts &= starts - 1
		}
		n += 8
	}
	return all
}

// oddWord reports whether a keyword may end before a word of n characters does, at
// one of its odd places, or begin where no word does.
func (d *dictionary) oddWord(head uint64, n int, odd uint64) bool {
	if n == 0 || odd>>n&1 == 1 || n == maxWord {
		return true
	}
	for odd &= 1<<n - 1; odd != 0; odd &= odd - 1 {
		if d.openings.whole.has(hashWord(head, bits.TrailingZeros64(odd))) {
			return true
		}
	}
	return false
}

// lastBytes are the last bytes of a text, less than eight, as a word.
func lastBytes(s []byte) uint64 {
	var word uint64
	for i := len(s) - 1; i >= 0; i-- {
		word = word<<8 | uint64(s[i])
	}
	return word
}

// oddStarts marks where in a block keywords may begin that do not begin with an
// ASCII letter or digit.
func (d *dictionary) oddStarts(t *text, at int) uint64 {
	var starts uint64
	inside := at > 0 && isAlnumByte(t.buf[at-1])
	for i, c := range t.buf[at:min(at+anchor.BlockBytes, len(t.buf))] {
		alnum := isAlnumByte(c)
		if !alnum && !inside && (d.first[c] != 0 || d.other && c >= utf8.RuneSelf) {
			starts |= 1 << i
		}
		inside = alnum
	}
	return starts
}

func isAlnumByte(c byte) bool { return isLetter(c) || isDigit(c) }

// findUnmarked is find for a short text without marks.
func (d *dictionary) findUnmarked(t *text, from, to int64, hits []hit) []hit {
	inside := false // the byte before is an ASCII letter or digit
	for i, c := range t.buf[:to-t.base] {
		starts := !inside && (d.first[c] != 0 || d.other && c >= utf8.RuneSelf)
		inside = isAlnumByte(c)
		if !starts || int64(i) < from-t.base {
			continue
		}
		n, odd := 0, uint64(0)
		for ; i+n < len(t.buf); n++ {
			c := t.buf[i+n]
			if c >= utf8.RuneSelf || n > 0 && isHump(t.buf[i+n-1], c) {
				odd |= 1 << n
			}
			if n == maxWord || !isAlnumByte(c) {
				break
			}
		}
		hits = d.begin(t, i, n, hashWord(t.head(i), n), odd, hits)
	}
	return hits
}

// head is the first eight bytes at an index of the buffer, or what there is.
func (t *text) head(i int) uint64 {
	if rest := t.buf[i:]; len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest)
	}
	return lastBytes(t.buf[i:])
}

// begin appends the keywords that begin at an index of the buffer, where a word of
// n characters stands, by its hash and the odd places in it; n is 0 where what stands
// there is no ASCII letter or digit.
func (d *dictionary) begin(t *text, i, n int, hash, odd uint64, hits []hit) []hit {
	c, p := t.buf[i], t.base+int64(i)
	from, q := d.first[c], p+1
	if c >= utf8.RuneSelf {
		from, q = 0, p
	}
	if q > p && from == 0 || c >= utf8.RuneSelf && !d.other {
		return hits
	}
	known := d.openings.first.has(hash) && (d.openings.whole.has(hash) || d.mayGoOn(t, i+n, hash))
	if !known && (odd == 0 && n > 0 && n < maxWord || !d.oddWord(t.head(i), n, odd)) {
		return hits
	}
	if i > 0 && t.buf[i-1] >= utf8.RuneSelf {
		if r, _ := t.before(p); isAlnum(r) {
			return hits
		}
	}
	return d.walk(t, p, q, from, hits)
}

// isHump reports whether a word of camelCase begins between two characters.
func isHump(a, b byte) bool { return isUpper(b) && isLetter(a) && !isUpper(a) }

// mayGoOn reports whether the word behind the one that ends at an index may be the
// second of a keyword.
func (d *dictionary) mayGoOn(t *text, end int, first uint64) bool {
	q, ok := t.gap(t.base + int64(end))
	i := int(q - t.base)
	if !ok || i == end || i >= len(t.buf) {
		return false
	}
	n := 0
	for n < maxWord && i+n < len(t.buf) && isAlnumByte(t.buf[i+n]) {
		if n > 0 && isHump(t.buf[i+n-1], t.buf[i+n]) {
			return true
		}
		n++
	}
	if n == maxWord || i+n < len(t.buf) && t.buf[i+n] >= utf8.RuneSelf {
		return true
	}
	return n > 0 && d.openings.pairs.has(hashPair(first, hashWord(t.head(i), n)))
}
