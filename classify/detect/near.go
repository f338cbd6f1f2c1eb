package detect

import (
	"math/bits"
	"unicode/utf8"
)

// speaks reports whether a keyword can make a value of what is none without it.
func (r role) speaks() bool { return r <= weak || r == heads }

// maxCandidate is longer, in characters, than a value behind its first digit that
// needs a keyword.
const maxCandidate = 128

// sight is how many bytes from a place on keywords are looked for, in ASCII and in
// any text.
const (
	sight     = windowChars + maxCandidate + 1
	wideSight = (windowChars+maxCandidate)*utf8.UTFMax + 1
)

// speaker is a keyword that counts up to a place, and up to another one as a label.
type speaker struct {
	at, until, label int64
	detector         int
	heads            bool // it may stand in a header
	hints            bool // it counts as a label only
}

// hearing is for which seekers a keyword or list counts.
type hearing struct {
	until []int64 // by detector: up to here its last one may count
	on    uint64  // the seekers that have one, and some that had one
	fresh int64   // up to here on is right
}

func (h *hearing) reset() {
	for i := range h.until {
		h.until[i] = -1
	}
	h.on, h.fresh = 0, -1
}

// hear notes what counts up to a place for the seekers of a detector.
func (h *hearing) hear(detector int, seekers uint64, until int64) {
	h.until[detector] = max(h.until[detector], until)
	h.on |= seekers
	h.fresh = min(h.fresh, h.until[detector])
}

// refresh makes on right again for the places from p on.
func (h *hearing) refresh(p int64, f *finder) {
	if p <= h.fresh {
		return
	}
	h.fresh = noLabel << 8
	for rest := h.on; rest != 0; {
		d := f.set.seekers[bits.TrailingZeros64(rest)].detector
		of := f.set.seekerOf[d]
		rest &^= of
		switch until := h.until[d]; {
		case until >= p:
			h.fresh = min(h.fresh, until)
		case !f.lists[d].label:
			h.on &^= of
		}
	}
}

// arrive takes in the keywords that may be in the window of a candidate at p.
func (f *finder) arrive(p int64) {
	to := p + sight
	if f.text.wide > p {
		to = p + wideSight
	}
	switch {
	case f.set.everywhere && to > f.read:
		f.readKeywords(p, min(to, f.text.end()))
	case !f.set.everywhere && to > f.heralds.read:
		f.listen(p, f.text.forth(p, windowChars+maxCandidate)+1)
	}
	if f.past < len(f.coming) {
		f.see(to, p)
	}
}

// see takes in the keywords that begin up to a place, and as labels those before p.
func (f *finder) see(to, p int64) {
	for ; f.come < len(f.coming) && f.coming[f.come].at <= to; f.come++ {
		s := &f.coming[f.come]
		if s.heads {
			f.saidAt[s.detector] = s.at
			f.said |= f.set.seekerOf[s.detector]
		}
		if !s.hints {
			f.nearby.hear(s.detector, f.set.seekerOf[s.detector], s.until)
		}
		f.silence = -1
	}
	for ; f.past < f.come && f.coming[f.past].at < p; f.past++ {
		s := &f.coming[f.past]
		f.behind.hear(s.detector, f.set.seekerOf[s.detector], s.label)
		if s.hints {
			f.nearby.hear(s.detector, f.set.seekerOf[s.detector], s.label)
		}
	}
	if f.past > len(f.coming)/2 {
		f.coming = f.coming[:copy(f.coming, f.coming[f.past:])]
		f.come, f.past = f.come-f.past, 0
	}
}

// goesOn notes a list of the present detector that may go on up to a place.
func (f *finder) goesOn(to int64) {
	seekers := f.set.seekerOf[f.detector]
	f.nearby.hear(f.detector, seekers, to)
	f.behind.hear(f.detector, seekers, to)
	f.silence = -1
}

// remote reports that none of the detector's keywords is anywhere near a candidate
// at p, nor in the header of its column.
func (f *finder) remote(p int64) bool {
	if !f.set.everywhere && p-windowChars > f.heralds.read && f.isLabelled(p) {
		return false
	}
	f.arrive(p)
	return f.nearby.until[f.detector] < p && (!f.set.everywhere && f.allSilent(p) || f.headless(p))
}

// unlabelled reports that no keyword of the detector can be a label of what begins at
// p. It must be known that some are near.
func (f *finder) unlabelled(p int64) bool {
	return f.behind.until[f.detector] < p && f.headless(p)
}

// headless reports that no keyword of the detector stands in the header of the column
// of p.
func (f *finder) headless(p int64) bool {
	if !f.set.everywhere && f.untitled() || !f.mayHead(p, f.set.seekerOf[f.detector]) && f.set.seekerOf[f.detector] != 0 {
		return true
	}
	return f.columns.isFree(f.text, p) || !f.columns.speakOf(f.text, p-nearHeader, f.set, f.detector, &f.heralds)
}

// isLabelled reports whether a keyword that speaks for the detector ends close before a
// place. That is cheaper to know than what stands around it.
func (f *finder) isLabelled(p int64) bool {
	from := p - labelChars
	f.readOwn(from-f.set.own[f.detector].longest, p)
	own := f.found[f.detector]
	for i := len(own) - 1; i >= 0 && own[i].end >= from; i-- {
		if own[i].end <= p && f.set.words.words[own[i].word].role.speaks() {
			return true
		}
	}
	return false
}

// allSilent reports that no keyword is in reach of a place, whose ever, nor in a header.
// It remembers up to where that is so.
func (f *finder) allSilent(p int64) bool {
	if p <= f.silence {
		return true
	}
	f.arrive(p)
	f.nearby.refresh(p, f)
	if f.nearby.on != 0 || !f.untitled() {
		return false
	}
	end := f.heralds.read
	if f.come < len(f.coming) {
		end = min(end, f.coming[f.come].at)
	}
	reach := int64(sight)
	if f.text.wide > p {
		reach = wideSight
	}
	f.silence = max(end-reach, p)
	if f.past < f.come {
		f.silence = min(f.silence, max(f.coming[f.past].at, p))
	}
	return true
}

// mayHead reports whether any of the seekers has a keyword in the lines since the
// last blank one, so that it may stand in a header.
func (f *finder) mayHead(p int64, seekers uint64) bool {
	if !f.set.everywhere {
		return true
	}
	if seekers&f.said == 0 {
		return false
	}
	f.columns.breaks.follow(f.text, p)
	if blank := f.columns.breaks.blank; blank != f.hush {
		f.hush, f.said = blank, 0
		for d, at := range f.saidAt {
			if at >= blank {
				f.said |= f.set.seekerOf[d]
			}
		}
	}
	return seekers&f.said != 0
}

// nearHeader is how far before a place a header may begin whose keywords all are
// near that place.
const nearHeader = negativeChars

// counts is up to where a keyword that ends at p counts for what begins there: so
// many characters, or where nothing else stands behind it than stands between a
// label and its value.
func (f *finder) counts(p int64, reach int) int64 {
	to := f.text.forthAtMost(p, reach)
	if reach < windowChars {
		q := p
		for q < p+windowChars && separatesLabel(f.text.at(q)) {
			q++
		}
		to = max(to, q)
	}
	return to
}

// spokenFor returns those of the seekers that may find something at p, because a
// keyword is near, in a header of a column, or labels the list that goes on.
func (f *finder) spokenFor(p int64, seekers uint64) uint64 {
	f.arrive(p)
	heard := f.heard(p, seekers)
	if seekers&^heard == 0 {
		return seekers
	}
	if !f.mayHead(p, seekers&^heard) || f.columns.isFree(f.text, p) {
		return seekers & heard
	}
	return seekers & (heard | f.spoken.in(&f.columns, f.text, p-nearHeader, f.set, &f.heralds))
}

// heard returns those of the seekers for which a keyword or list counts at p.
func (f *finder) heard(p int64, seekers uint64) uint64 {
	if seekers&f.audible() == 0 {
		return 0
	}
	f.nearby.refresh(p, f)
	f.behind.refresh(p, f)
	return seekers & f.audible()
}

// audible are the seekers for which a keyword or list counted lately.
func (f *finder) audible() uint64 {
	return f.nearby.on&^f.set.labelled | f.behind.on&f.set.labelled
}

// partnered returns those of the seekers that may find a number at p which counts for
// another beside it.
func (f *finder) partnered(p int64, seekers uint64) uint64 {
	end := p + int64(f.text.digits(p, 9))
	if end == p+2 {
		end = p + 8 // three pairs
	}
	found := uint64(0)
	for ; seekers != 0; seekers &= seekers - 1 {
		f.detector = f.set.seekers[bits.TrailingZeros64(seekers)].detector
		if f.expected(p, end) {
			found |= seekers & -seekers
		}
	}
	return found
}

// among returns the seekers that may find something at any place in [from,to): those
// that need no keyword, and those that have one, or a list, in reach of any of these
// places or in a header that may be theirs.
func (f *finder) among(from, to int64) uint64 {
	end := to + sight
	if f.text.wide > from {
		end = to + wideSight
	}
	f.readKeywords(from, min(end, f.text.end()))
	heard := ^f.set.needy | f.heard(from, f.set.needy)
	if f.set.partnered != 0 && f.mayPair(from, to) {
		heard |= f.set.partnered
	}
	for i := f.past; i < len(f.coming) && f.coming[i].at <= end; i++ {
		s := &f.coming[i]
		if seekers := f.set.seekerOf[s.detector]; s.at < to {
			heard |= seekers
		} else {
			heard |= seekers &^ f.set.labelled
		}
	}
	if !f.mayHead(from, ^heard) {
		return heard
	}
	f.columns.catchUp(f.text, from)
	for d, at := range f.saidAt {
		if at >= f.columns.breaks.last { // in a line that may be a header yet
			heard |= f.set.seekerOf[d]
		}
	}
	return heard | f.spoken.in(&f.columns, f.text, from, f.set, &f.heralds)
}

// spoken are the seekers of which headers speak, as long as that is known.
type spoken struct {
	seekers  uint64
	change   int   // of the tables, when it was worked out
	from, to int64 // for the headers that begin before one of these places
}

// in returns the seekers of which any header speaks that begins before a place.
func (s *spoken) in(c *columns, t *text, near int64, set *Set, h *heralds) uint64 {
	if s.change == c.changes && s.from <= near && near <= s.to && s.from >= 0 {
		return s.seekers
	}
	*s = spoken{from: max(near, 0), to: noLabel << 8}
	for d := range c.tables {
		for i := range c.tables[d] {
			table := &c.tables[d][i]
			if table.start >= near {
				s.to = min(s.to, table.start)
				break
			}
			if !h.isSilent(t, table) {
				s.seekers |= table.head.seekers(set)
			}
		}
	}
	s.change = c.changes
	return s.seekers
}
