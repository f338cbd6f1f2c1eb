package detect

import (
	"cmp"
	"slices"
)

// overlap holds matches back until no further one can overlap them.
type overlap struct {
	held   []held
	beaten []bool // by detector: whether what it loses is reported; nil: of none
}

// held is a match with what decides between it and its rivals.
type held struct {
	Match
	start, end int64 // in the view
	bare       bool
	distance   int64 // of its label
	hole       span  // what it spans without owning it
	apart      bool  // it wants no text of its own
	own        bool  // an admin wrote its detector
}

// clashes reports whether two matches want the same text. What stands between the
// two halves of a pair, or between a street and its city, is free.
func (h *held) clashes(o *held) bool {
	return !h.apart && !o.apart && h.start < o.end && o.start < h.end && !h.hole.surrounds(o) && !o.hole.surrounds(h)
}

// hides reports whether a match of higher rank leaves no room for another. Where one
// of the two is of a detector that an admin wrote, it hides none that is surer: what a
// shipped detector is sure of cannot be switched off by a careless expression.
func (h *held) hides(o *held) bool {
	return h.clashes(o) && (!h.own && !o.own || h.Confidence >= o.Confidence)
}

func (s span) surrounds(h *held) bool { return s.from <= h.start && h.end <= s.to }

// maxHeld bounds a row of matches each of which overlaps the next. Past it the
// row is settled piece by piece.
const maxHeld = 256

func (o *overlap) reset(set *Set) {
	o.held, o.beaten = o.held[:0], nil
	if set.options.Beaten {
		o.beaten = set.bare
	}
}

// add takes a match of a candidate. Most begin behind all others.
func (o *overlap) add(c *candidate) *held {
	i := len(o.held)
	for i > 0 && o.held[i-1].start > c.start {
		i--
	}
	if i == cap(o.held) || i < len(o.held) {
		o.held = slices.Insert(o.held, i, held{})
	} else {
		o.held = o.held[:i+1]
	}
	h := &o.held[i]
	h.start, h.end, h.bare, h.hole = c.start, c.end, c.bare, c.hole
	return h
}

// release emits the matches that nothing which begins at or behind next can
// overlap.
func (o *overlap) release(next int64, emit func(Match)) {
	done := 0
	for done < len(o.held) {
		row := o.held[done:]
		n, end := 0, row[0].end
		for n < len(row) && n < maxHeld && row[n].start < end {
			end = max(end, row[n].end)
			n++
		}
		if n < maxHeld && end > next || row[n-1].start >= next {
			break
		}
		o.settle(row[:n], emit)
		done += n
	}
	if done > 0 {
		o.held = slices.Delete(o.held, 0, done)
	}
}

// settle emits those of a row of overlapping matches that win over all others they
// overlap, and as candidates those that lose where such are reported.
func (o *overlap) settle(row []held, emit func(Match)) {
	if len(row) == 1 {
		emit(row[0].Match)
		return
	}
	byRank := make([]*held, len(row))
	for i := range row {
		byRank[i] = &row[i]
	}
	slices.SortStableFunc(byRank, compareRivals)
	all := winners(byRank)
	if o.beaten != nil {
		all = o.candidates(byRank, all)
	}
	slices.SortStableFunc(all, func(a, b *held) int { return cmp.Compare(a.start, b.start) })
	for _, h := range all {
		emit(h.Match)
	}
}

// winners are those matches that no other hides. The shipped detectors settle among
// each other first, so that what others take from one of them is not taken from a
// third.
func winners(byRank []*held) []*held {
	if !slices.ContainsFunc(byRank, func(h *held) bool { return h.own }) {
		return unhidden(nil, byRank)
	}
	var shipped, own []*held
	for _, h := range byRank {
		if h.own {
			own = append(own, h)
		} else {
			shipped = append(shipped, h)
		}
	}
	rivals := append(own, unhidden(nil, shipped)...)
	slices.SortStableFunc(rivals, compareRivals)
	return unhidden(unhidden(nil, rivals), shipped)
}

// unhidden adds to the winners those matches that none of them hides, the first of them
// first.
func unhidden(won, byRank []*held) []*held {
	for _, h := range byRank {
		if !slices.ContainsFunc(won, func(w *held) bool { return w == h || w.hides(h) }) {
			won = append(won, h)
		}
	}
	return won
}

// candidates adds to the winners, as candidates, what they take from detectors of which
// that is reported.
func (o *overlap) candidates(byRank, won []*held) []*held {
	all := won
	for _, h := range byRank {
		if !o.beaten[h.Detector] || slices.Contains(won, h) {
			continue
		}
		same := func(other *held) bool { return other.Detector == h.Detector && other.clashes(h) }
		if slices.ContainsFunc(all, same) {
			continue
		}
		i := slices.IndexFunc(won, func(w *held) bool { return w.hides(h) })
		h.Confidence, h.Context = None, nil
		if w := won[i]; w.Confidence != None {
			h.Rival = w.Detector + 1
		}
		all = append(all, h)
	}
	return all
}

// compareRivals puts a match before a mere candidate, and the longer one first; of one bare number that two
// detectors want, that with the nearer label; else the order of the table.
func compareRivals(a, b *held) int {
	if (a.Confidence == None) != (b.Confidence == None) {
		return int(b.Confidence) - int(a.Confidence)
	}
	if d := (b.end - b.start) - (a.end - a.start); d != 0 {
		return int(d)
	}
	if a.bare && b.bare && a.distance != b.distance {
		return int(a.distance - b.distance)
	}
	return a.Detector - b.Detector
}
