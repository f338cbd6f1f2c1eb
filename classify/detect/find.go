package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"
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
	if t.list == nil {
		t.list = new(anchor.WordList)
	}
	first, behind := int(from-t.base)/anchor.BlockBytes, int(to-1-t.base)/anchor.BlockBytes+1
	for block := first; block < behind; block += anchor.WordBlocks {
		hits = d.findIn(t, block, min(block+anchor.WordBlocks, behind), int(from-t.base), int(to-t.base), hits)
	}
	return hits
}

// findIn appends the keywords that begin in some blocks, as far as that is between
// two indices of the buffer.
func (d *dictionary) findIn(t *text, block, behind, from, to int, hits []hit) []hit {
	list, base := t.list, block*anchor.BlockBytes
	t.markRuns(block, behind)
	if d.signs || d.other {
		d.addStarts(t, block, behind)
	}
	// A block more is there, whatever is in it.
	text := t.buf[base : (behind+1)*anchor.BlockBytes]
	passed := d.phrases.Find(text, behind-block, list)
	for _, of := range list.Pass[:passed] {
		j := int(of &^ anchor.Paired)
		w := list.Word[j]
		if i := base + w.At(); i < from || i >= to {
			continue
		}
		if w&anchor.Odd == 0 {
			hits = d.begin(t, base, j, of&anchor.Paired != 0, hits)
		} else if d.mayBeginOdd(text, list, j) {
			hits = d.beginOdd(t, base+w.At(), hits)
		}
	}
	return hits
}

// markRuns marks the words of some blocks and the one behind, if that is marked.
func (t *text) markRuns(block, behind int) {
	n, at := min(behind+1, len(t.marks))-block, block*anchor.BlockBytes
	anchor.MarkRuns(t.buf[at:at+n*anchor.BlockBytes], t.marks[block:], t.list.Runs[:n], at > 0 && isAlnumByte(t.buf[at-1]))
	if block+n == behind {
		t.list.Runs[n] = anchor.Runs{}
	}
}

// addStarts adds to the starts in some blocks those of keywords that do not begin with
// an ASCII letter or digit.
func (d *dictionary) addStarts(t *text, block, behind int) {
	for i := range behind - block {
		if r := &t.list.Runs[i]; d.signs || r.Odd != 0 {
			r.Starts |= d.oddStarts(t, (block+i)*anchor.BlockBytes)
		}
	}
}

// mayBeginOdd reports whether keywords may begin with the j-th word, which is odd.
func (d *dictionary) mayBeginOdd(text []byte, list *anchor.WordList, j int) bool {
	w := list.Word[j]
	b, k, n := w.At()/anchor.BlockBytes, w.At()%anchor.BlockBytes, w.Size()
	early := (list.Runs[b].Odd>>k | list.Runs[b+1].Odd<<1<<(63-k)) & (2<<n - 1)
	return d.phrases.Begins(list.Hash[j]) || d.mayEndEarly(text[w.At():], n, early)
}

// mayEndEarly reports whether a keyword may begin with an odd word of n characters,
// whatever its hash: if one ends early or ends in a character that folds to ASCII, or
// if the hash says nothing. The text has eight bytes at least.
func (d *dictionary) mayEndEarly(text []byte, n int, early uint64) bool {
	if n == 0 || n == anchor.MaxWord || string(text[n:min(n+2, len(text))]) == dottedI {
		return true
	}
	head := binary.LittleEndian.Uint64(text)
	for early &= 1<<n - 1; early != 0; early &= early - 1 {
		if d.phrases.Begins(anchor.HashWord(head, bits.TrailingZeros64(early))) {
			return true
		}
	}
	return false
}

// dottedI is the only character of the view that is not ASCII and has a lower case
// that is.
const dottedI = "\u0130"

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
	return n > 0 && d.phrases.Begins(hashOf(text[:n])) || d.mayEndEarly(head[:], n, early)
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

// begin appends the keywords that begin with the j-th word of the list, which is not
// odd; paired tells that one may go on behind it.
func (d *dictionary) begin(t *text, base, j int, paired bool, hits []hit) []hit {
	w := t.list.Word[j]
	i := base + w.At()
	to := d.hops.get(0, t.list.Hash[j], t.buf[:len(t.buf)+8], i, w.Size())
	if to == 0 || t.letterBefore(i) {
		return hits
	}
	return d.goOn(t, base, i, to, j, paired, hits)
}

// goOn appends the keywords that begin at an index of the buffer and end or go on where
// hops lead by the j-th word, which is not odd; paired as for begin.
func (d *dictionary) goOn(t *text, base, start, to, j int, paired bool, hits []hit) []hit {
	w := t.list.Word[j]
	i := base + w.At() + w.Size()
	for ; ; to++ {
		h := &d.hops.all[to]
		for _, of := range d.ends[h.end : int(h.end)+int(h.ends)] {
			if h.flags&hopChoosy == 0 || d.chooses(t, start, i, j, of) {
				hits = append(hits, hit{t.base + int64(start), t.base + int64(i), of})
			}
		}
		if h.gap != 0 && (paired || h.flags&hopAnything != 0) {
			hits = d.crossGap(t, base, start, h.gap, j, hits)
		}
		if h.flags&hopSigns != 0 {
			if next := d.child(&d.nodes[h.to], t.at(t.base+int64(i))); next != 0 && t.buf[i] != ' ' {
				hits = d.walk(t, t.base+int64(start), t.base+int64(i)+1, next, hits)
			}
		}
		if h.flags&hopMore == 0 {
			return hits
		}
	}
}

// chooses reports whether a keyword that matched from one index of the buffer to
// another, by the case of its words perhaps not, is what stands there: the j-th word is
// its last.
func (d *dictionary) chooses(t *text, start, end, j int, of int32) bool {
	k := &d.words[of]
	return (!k.exact || k.matchesCase(t.buf[start:end])) && (k.beside == nil || goesOn(t.list, j, k.beside))
}

// crossGap appends the keywords that go on from a node with what follows the j-th word.
func (d *dictionary) crossGap(t *text, base, start int, at int32, j int, hits []hit) []hit {
	w, next := t.list.Word[j], t.list.Word[j+1]
	q, ok := t.gap(t.base + int64(base) + int64(w.At()) + int64(w.Size()))
	if !ok {
		return hits
	}
	i := base + next.At()
	if next&anchor.Odd != 0 || q != t.base+int64(i) {
		return d.walk(t, t.base+int64(start), q, at, hits)
	}
	if to := d.hops.get(at, t.list.Hash[j+1], t.buf[:len(t.buf)+8], i, next.Size()); to != 0 {
		hits = d.goOn(t, base, start, to, j+1, true, hits)
	}
	return hits
}

// goesOn reports whether one of the words may follow the j-th of the list.
func goesOn(list *anchor.WordList, j int, words []uint64) bool {
	return list.Word[j+1]&anchor.Odd != 0 || slices.Contains(words, list.Hash[j+1])
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
