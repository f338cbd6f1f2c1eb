package detect

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// bounded reports whether a candidate stands by itself: no part of a longer
// word, number, version, address or amount.
func (f *finder) bounded(c *candidate) bool {
	if f.set.Detectors[f.detector].Apart { // a phrase ends where its words end
		return !f.text.wordBefore(c.start) && !f.text.wordAfter(c.end)
	}
	return (c.closed || freeRight(f.text, c.end)) && (c.vouched || f.freeLeft(c)) && !(c.bare && priced(f.text, c.start))
}

// touched reports what bounded would find out without a look at keywords.
func (f *finder) touched(c *candidate) bool {
	left, _ := f.text.before(c.start)
	return !c.vouched && (left == '+' || left == '@' || left != '_' && isWord(left)) || !c.closed && !freeRight(f.text, c.end)
}

// freeLeft judges what touches a candidate on the left.
func (f *finder) freeLeft(c *candidate) bool {
	t, p := f.text, c.start
	r, n := t.before(p)
	switch {
	case r == '_':
		return f.keywordEnds(c, p-1)
	case r == '-':
		return !t.wordBefore(p-1) || f.keywordEnds(c, p-1)
	case r == '.':
		// "No.34567812" is a label; of "ssn.34567812" the full stop is no part.
		return !t.wordBefore(p-1) || f.keywordEnds(c, p) || abbreviated(t, p-1)
	case r == '+' || r == '@':
		return false
	}
	return n == 0 || !isWord(r)
}

// abbreviated reports whether the word that ends at p is short for "number".
func abbreviated(t *text, p int64) bool {
	for _, word := range []string{"no", "nos", "num"} {
		at := p - int64(len(word))
		if bytes.EqualFold(t.slice(at, p), []byte(word)) && !t.wordBefore(at) {
			return true
		}
	}
	return false
}

// freeRight judges what touches a candidate on the right.
func freeRight(t *text, p int64) bool {
	r, n := t.after(p)
	switch r {
	case '-':
		return !t.wordAfter(p + 1)
	case '.':
		return !isDigit(t.at(p + 1))
	case '@':
		return false
	}
	return n == 0 || !isWord(r)
}

// priced reports whether a currency sign precedes p, a space between or not.
func priced(t *text, p int64) bool {
	if t.at(p-1) == ' ' {
		p--
	}
	r, _ := t.before(p)
	return r == '$' || r >= utf8.RuneSelf && unicode.Is(unicode.Sc, r)
}

// keywordEnds reports whether a keyword of the detector ends at p, right before
// the candidate.
func (f *finder) keywordEnds(c *candidate, p int64) bool {
	f.survey(c)
	own := f.found[f.detector]
	for i := before(own, p) - 1; i >= 0 && own[i].start >= p-f.set.words.longest; i-- {
		if own[i].end == p && f.set.words.words[own[i].word].role <= weak {
			return true
		}
	}
	return false
}

// crowd reports whether the neighbour behind one same separator is nothing but
// digits: then the groups are a part of a longer row of numbers.
func (f *finder) crowd(c *candidate) bool {
	t := f.text
	if t.at(c.start-1) == c.sep {
		if n := t.digitsBefore(c.start-1, maxNeighbour); n > 0 && !t.wordBefore(c.start-1-int64(n)) {
			return true
		}
	}
	if t.at(c.end) == c.sep {
		if n := t.digits(c.end+1, maxNeighbour); n > 0 && !t.wordAfter(c.end+1+int64(n)) {
			return true
		}
	}
	return false
}

// maxNeighbour is more digits than any neighbour needs to be looked at.
const maxNeighbour = 32
