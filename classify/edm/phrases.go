package edm

// What stands in a text as one word may stand in a table as two, and the other way
// round: O'Brien is O Brien, AB 12-34 is AB1234. A text column is therefore compared
// without what separates its words. The words of a name stand in any order, so each
// way of reading them is tried.

// Kinds of what is hashed.
const (
	hashedWord = "word"
	hashedText = "text"
)

// token is one way to read the words of a text from a place on.
type token struct {
	sum   uint64 // of the mixed hashes of the words that it is read as
	words int    // how many these are
	next  int    // the word behind it
	last  bool   // nothing may follow: a possessive
}

// maxParticle is the greatest length of a word that may be one with the next, as in
// O Brien, Mc Donald and van Dyke.
const maxParticle = 3

// tokenise reads each word in all ways.
func (r *Reader) tokenise() {
	r.tokens, r.first = r.tokens[:0], r.first[:0]
	l := &r.words
	for i := range l.all {
		w := &l.all[i]
		r.first = append(r.first, len(r.tokens))
		r.tokens = append(r.tokens, token{mix(r.word(w.from, w.to)), 1, i + 1, false})
		if w.stem > 0 {
			r.tokens = append(r.tokens, token{mix(r.word(w.from, w.stem)), 1, i + 1, true})
		}
		if w.joint > 0 {
			r.tokens = append(r.tokens, token{mix(r.word(w.from, w.joint)) + mix(r.word(w.joint, w.to)), 2, i + 1, false})
		}
		if w.to-w.from <= maxParticle && w.number < 0 && i+1 < len(l.all) {
			next := &l.all[i+1]
			r.tokens = append(r.tokens, token{mix(r.word(w.from, next.to)), 1, i + 2, false})
			if next.stem > 0 {
				r.tokens = append(r.tokens, token{mix(r.word(w.from, next.stem)), 1, i + 2, true})
			}
		}
	}
	r.first = append(r.first, len(r.tokens))
}

// word is the hash of a word, or of two as one, at [from,to) of the list's text.
func (r *Reader) word(from, to int) uint64 {
	r.scratch = bare(append(r.scratch[:0], hashedWord...), 0, r.words.text[from:to])
	return r.hashOf(hashedWord)
}

// maxReadings bounds the ways to read the words from one place on.
const maxReadings = 64

// names hashes every run of words that can be a value of a column.
func (r *Reader) names(column int) {
	for i := range r.words.all {
		left := maxReadings
		r.read(column, token{next: i}, &left)
	}
}

// read hashes what goes on from some words.
func (r *Reader) read(column int, so token, left *int) {
	if so.next == len(r.words.all) || so.last {
		return
	}
	for _, t := range r.tokens[r.first[so.next]:r.first[so.next+1]] {
		t.sum, t.words = t.sum+so.sum, t.words+so.words
		if t.words > r.table.header.Longest[column] || *left == 0 {
			continue
		}
		*left--
		r.near[column] = append(r.near[column], short(nameOf(t.sum, t.words)))
		r.read(column, t, left)
	}
}

// nameOf is the hash of words in any order, of the sum of their mixed hashes.
func nameOf(sum uint64, words int) uint64 { return mix(sum + uint64(words)) }

// texts hashes every run of words that has the length of a value of a column.
func (r *Reader) texts(column int) {
	l := &r.words
	longest, lengths := len(hashedText)+r.table.header.Longest[column], r.table.header.Lengths[column]
	for from := range l.all {
		r.scratch = append(r.scratch[:0], hashedText...)
		before := byte(0)
		for to := from; to < min(from+maxTextWords, len(l.all)) && len(r.scratch) <= longest; to++ {
			w := &l.all[to]
			r.scratch = bare(r.scratch, before, l.at(to))
			before = l.text[w.to-1]
			r.text(column, lengths)
			if w.stem > 0 {
				whole := r.scratch
				r.scratch = r.scratch[:len(r.scratch)-1]
				r.text(column, lengths)
				r.scratch = whole
			}
		}
	}
}

// text hashes the text in r.scratch if a value of the column has its length.
func (r *Reader) text(column int, lengths uint64) {
	if lengths&lengthBit(len(r.scratch)-len(hashedText)) != 0 {
		r.near[column] = append(r.near[column], short(r.hashOf(hashedText)))
	}
}

// lengthBit stands for a length among those of a column.
func lengthBit(n int) uint64 { return 1 << min(n, 63) }
