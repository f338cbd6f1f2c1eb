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
	last := int(to-1-t.base) / anchor.BlockBytes
	block := int(from-t.base) / anchor.BlockBytes
	var here, next wordBlock
	if block > 0 {
		here = t.wordBlock(block-1, &next)
	}
	next = t.wordBlock(block, &here)
	for ; block <= last; block++ {
		here = next
		next = t.wordBlock(block+1, &here)
		at := block * anchor.BlockBytes
		starts := here.starts
		if !d.figures {
			starts &^= t.marks[block].Digits
		}
		if d.signs || d.other && here.odd != 0 {
			starts |= d.oddStarts(t, at)
		}
		if n := int(from-t.base) - at; n > 0 {
			starts &= ^uint64(0) << n
		}
		if n := int(to-t.base) - at; n < anchor.BlockBytes {
			starts &= 1<<n - 1
		}
		odd := here.odd|next.odd != 0
		for ; starts != 0; starts &= starts - 1 {
			k := bits.TrailingZeros64(starts) & 63
			n := min(bits.TrailingZeros64(^(here.words>>k | next.words<<1<<(63-k))), maxWord)
			var head uint64
			if rest := t.buf[at+k:]; len(rest) >= 8 {
				head = binary.LittleEndian.Uint64(rest)
			} else {
				head = lastBytes(rest)
			}
			hash := hashWord(head, n)
			ends := uint64(0)
			if odd {
				ends = (here.odd>>k | next.odd<<1<<(63-k)) & (2<<n - 1)
			}
			if d.openings.first.has(hash) || n == 0 || n == maxWord || ends != 0 && d.endsEarly(t, at+k, head, ends) {
				hits = d.begin(t, at+k, n, hash, ends, hits)
			}
		}
	}
	return hits
}

// wordBlock are the words of a block.
type wordBlock struct {
	words  uint64 // letters and digits
	starts uint64 // those before which none stands
	lower  uint64 // lower-case letters
	// odd is what a word may end before for a keyword: a hump ("orderNumber"), and
	// what is not ASCII and may be a letter or not.
	odd uint64
}

// wordBlock returns the words of a block; before are those of the block before it.
func (t *text) wordBlock(block int, before *wordBlock) wordBlock {
	if block >= len(t.marks) {
		return wordBlock{}
	}
	w := t.wordsOf(block)
	words, lower := w.Letters|t.marks[block].Digits, w.Letters&^w.Uppers
	return wordBlock{words, words &^ (words<<1 | before.words>>63), lower, w.Uppers&(lower<<1|before.lower>>63) | w.Wide}
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
		n := 0
		for n < maxWord && i+n < len(t.buf) && isAlnumByte(t.buf[i+n]) {
			n++
		}
		hits = d.begin(t, i, n, hashWord(t.head(i), n), t.oddEnds(i, n), hits)
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

// oddEnds are the odd places in the word of n characters at an index of the buffer
// and right behind it.
func (t *text) oddEnds(i, n int) uint64 {
	var odd uint64
	for j := range n + 1 {
		if i+j < len(t.buf) && (t.buf[i+j] >= utf8.RuneSelf || j > 0 && isHump(t.buf[i+j-1], t.buf[i+j])) {
			odd |= 1 << j
		}
	}
	return odd
}

// isHump reports whether a word of camelCase begins between two characters.
func isHump(a, b byte) bool { return isUpper(b) && isLetter(a) && !isUpper(a) }

// begin appends the keywords that begin at an index of the buffer, where a word of
// n characters stands, by its hash and its odd ends; n is 0 where what stands there
// is no ASCII letter or digit.
func (d *dictionary) begin(t *text, i, n int, hash, ends uint64, hits []hit) []hit {
	p := t.base + int64(i)
	known := n == 0 || n == maxWord || d.openings.first.has(hash) && (d.openings.whole.has(hash) || d.mayGoOn(t, i+n, hash))
	if !known && (ends == 0 || !d.endsEarly(t, i, t.head(i), ends)) {
		return hits
	}
	if r, _ := t.before(p); r >= utf8.RuneSelf && isAlnum(r) {
		return hits
	}
	c := t.buf[i]
	switch {
	case c >= utf8.RuneSelf && d.other:
		return d.walk(t, p, p, 0, hits)
	case c < utf8.RuneSelf && d.first[c] != 0:
		return d.walk(t, p, p+1, d.first[c], hits)
	}
	return hits
}

// endsEarly reports whether a keyword may end, or its first word go on, at one of
// the odd ends of the word at an index that begins with head.
func (d *dictionary) endsEarly(t *text, i int, head, ends uint64) bool {
	for ; ends != 0; ends &= ends - 1 {
		n := bits.TrailingZeros64(ends)
		if t.buf[i+n] >= utf8.RuneSelf || d.openings.whole.has(hashWord(head, n)) {
			return true
		}
	}
	return false
}

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
