package detect

import "unicode"

// bounded reports whether a candidate stands by itself: no part of a longer
// word, number, version, address or amount.
func (f *finder) bounded(d *Detector, c *candidate) bool {
	t := f.text
	return (c.vouched || f.freeLeft(c.start)) && freeRight(t, c.end) && !(c.bare && priced(t, c.start))
}

// freeLeft judges what touches a candidate on the left.
func (f *finder) freeLeft(p int64) bool {
	t := f.text
	r, n := t.before(p)
	switch {
	case r == '_':
		return f.keywordEnds(p - 1)
	case r == '-':
		return !t.wordBefore(p-1) || f.keywordEnds(p-1)
	case r == '.':
		// "No.34567812" is a label; of "ssn.34567812" the full stop is no part.
		return !t.wordBefore(p-1) || f.keywordEnds(p)
	case r == '+' || r == '@':
		return false
	}
	return n == 0 || !isWord(r)
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
	return unicode.Is(unicode.Sc, r)
}

// keywordEnds reports whether a keyword of the detector ends at p.
func (f *finder) keywordEnds(p int64) bool {
	for i := len(f.hits) - 1; i >= 0; i-- {
		h := &f.hits[i]
		if h.end == p {
			if w := &f.set.words.words[h.word]; w.detector == f.detector && w.role <= weak {
				return true
			}
		}
		if h.start < p-maxKeyword {
			break
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
