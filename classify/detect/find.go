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
		hits = d.findIn(t, at, starts, &here, &next, hits)
	}
	return hits
}

// headBytes is how much text is looked at from the beginning of a block on to tell
// how its words begin.
const headBytes = anchor.BlockBytes + 8

// findIn appends the keywords that begin at any of the starts in the block at an
// index of the buffer.
func (d *dictionary) findIn(t *text, at int, starts uint64, here, next *wordBlock, hits []hit) []hit {
	if starts == 0 {
		return hits
	}
	var text *[headBytes]byte
	if rest := t.buf[at:]; len(rest) >= headBytes {
		text = (*[headBytes]byte)(rest)
	} else {
		text = new([headBytes]byte)
		copy(text[:], rest)
	}
	words, more := here.words, next.words<<1
	// Which words pass is as good as random, so each is asked and none is jumped
	// over: first for its beginning, then for the whole of it.
	led := uint64(0)
	for rest := starts; rest != 0; rest &= rest - 1 {
		k := bits.TrailingZeros64(rest) & 63
		led |= d.openings.lead(uint64(binary.LittleEndian.Uint32(text[k:k+8]))) << k
	}
	pass := starts &^ words
	first := &d.openings.first
	for ; led != 0; led &= led - 1 {
		k := bits.TrailingZeros64(led) & 63
		n := min(bits.TrailingZeros64(^(words>>k | more<<(63-k))), maxWord)
		pass |= first.bit(hashWord(binary.LittleEndian.Uint64(text[k:k+8]), n)) << k
	}
	if here.odd|next.odd != 0 {
		pass |= d.oddWords(text, starts, here, next)
	}
	for ; pass != 0; pass &= pass - 1 {
		k := bits.TrailingZeros64(pass) & 63
		n := min(bits.TrailingZeros64(^(words>>k | more<<(63-k))), maxWord)
		hits = d.begin(t, at+k, n, hits)
	}
	return hits
}

// oddWords are those of the starts in a block behind which a keyword may end before
// the word does.
func (d *dictionary) oddWords(text *[headBytes]byte, starts uint64, here, next *wordBlock) uint64 {
	var pass uint64
	for ; starts != 0; starts &= starts - 1 {
		k := bits.TrailingZeros64(starts) & 63
		odd := here.odd>>k | next.odd<<1<<(63-k)
		if odd == 0 {
			continue
		}
		n := min(bits.TrailingZeros64(^(here.words>>k | next.words<<1<<(63-k))), maxWord)
		if odd>>n&1 == 1 || n == maxWord {
			pass |= 1 << k
		}
		head := binary.LittleEndian.Uint64(text[k : k+8])
		for odd &= 1<<n - 1; odd != 0; odd &= odd - 1 {
			pass |= d.openings.whole.bit(hashWord(head, bits.TrailingZeros64(odd))) << k
		}
	}
	return pass
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
		hits = d.begin(t, i, n, hits)
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
// n characters stands; n is 0 where what stands there is no ASCII letter or digit.
func (d *dictionary) begin(t *text, i, n int, hits []hit) []hit {
	c, p := t.buf[i], t.base+int64(i)
	from, q := d.first[c], p+1
	if c >= utf8.RuneSelf {
		from, q = 0, p
	}
	if q > p && from == 0 || c >= utf8.RuneSelf && !d.other || !d.mayBegin(t, i, n) {
		return hits
	}
	if r, _ := t.before(p); r >= utf8.RuneSelf && isAlnum(r) {
		return hits
	}
	return d.walk(t, p, q, from, hits)
}

// mayBegin reports whether a keyword may begin with a word of n characters, and the
// one behind it.
func (d *dictionary) mayBegin(t *text, i, n int) bool {
	if n == 0 || n == maxWord || i+n < len(t.buf) && t.buf[i+n] >= utf8.RuneSelf {
		return true
	}
	head := t.head(i)
	hash := hashWord(head, n)
	if d.openings.first.has(hash) && (d.openings.whole.has(hash) || d.mayGoOn(t, i+n, hash)) {
		return true
	}
	for j := 1; j < n; j++ {
		if isHump(t.buf[i+j-1], t.buf[i+j]) && d.openings.whole.has(hashWord(head, j)) {
			return true
		}
	}
	return false
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
