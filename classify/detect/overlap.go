package detect

import "slices"

// overlap holds matches back until no further one can overlap them.
type overlap struct {
	held []held
}

// held is a match with what decides between it and its rivals.
type held struct {
	Match
	start, end int64 // in the view
	bare       bool
	distance   int64 // of its label
	hole       span  // what it spans without owning it
	apart      bool  // it wants no text of its own
}

// clashes reports whether two matches want the same text. What stands between the
// two halves of a pair, or between a street and its city, is free.
func (h *held) clashes(o *held) bool {
	return !h.apart && !o.apart && h.start < o.end && o.start < h.end && !h.hole.surrounds(o) && !o.hole.surrounds(h)
}

func (s span) surrounds(h *held) bool { return s.from <= h.start && h.end <= s.to }

// maxHeld bounds a row of matches each of which overlaps the next. Past it the
// row is settled piece by piece.
const maxHeld = 256

func (o *overlap) reset() { o.held = o.held[:0] }

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
		settle(row[:n], emit)
		done += n
	}
	if done > 0 {
		o.held = slices.Delete(o.held, 0, done)
	}
}

// settle emits those of a row of overlapping matches that win over all others
// they overlap, strongest first.
func settle(row []held, emit func(Match)) {
	if len(row) == 1 {
		emit(row[0].Match)
		return
	}
	byRank := slices.Clone(row)
	slices.SortStableFunc(byRank, compareRivals)
	var won []held
	for _, h := range byRank {
		if !slices.ContainsFunc(won, func(w held) bool { return w.clashes(&h) }) {
			won = append(won, h)
		}
	}
	slices.SortFunc(won, func(a, b held) int { return int(a.start - b.start) })
	for _, h := range won {
		emit(h.Match)
	}
}

// compareRivals puts a match before a mere candidate, and the longer one first; of one bare number that two
// detectors want, that with the nearer label; else the order of the table.
func compareRivals(a, b held) int {
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
