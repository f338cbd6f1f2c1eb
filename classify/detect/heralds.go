package detect

// heralds are the keywords without which some candidates are worth nothing. Where not
// all of the text is searched for keywords, it is searched for these first: they are
// few, and most numbers have none near.
type heralds struct {
	from, read int64 // the stretch that was searched
	hits       []hit
	titles     titles
}

// herald compiles the heralds of a detector: all that speaks for it, if any of its
// forms needs that.
func (s *Set) herald(i int, d *Detector) error {
	for form := range d.grades {
		if !d.needs(form) {
			continue
		}
		for _, group := range d.keywords {
			if !group.role.speaks() {
				continue
			}
			for _, pattern := range group.patterns {
				if err := s.heralds.add(i, group.role, pattern); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return nil
}

// needs reports whether a form is worth nothing without a keyword.
func (d *Detector) needs(form int) bool {
	g := &d.grades[form]
	return g.alone == None && g.negative == None && d.vouch == nil
}

// listen takes in the heralds that begin up to a place, for a candidate at p. What is
// too far before p to be heard there, but in a header row, is not searched.
func (f *finder) listen(p, to int64) {
	h := &f.heralds
	if from := f.text.back(p-nearReach, windowChars) - f.set.heralds.longest; from > h.read+readGap {
		h.from, h.read = from, from
	}
	ahead := int64(readAround)
	if h.read > h.from+sight {
		ahead = readHeralds
	}
	to = min(max(to, min(h.read+ahead, f.limit)), f.text.end())
	h.hits = f.set.heralds.find(f.text, h.read, to, h.hits[:0])
	h.read = to
	for i := range h.hits {
		k := &f.set.heralds.words[h.hits[i].word]
		f.speak(&h.hits[i], k.detector, k.role)
		h.titles.heralds = append(h.titles.heralds, h.hits[i].start)
	}
}

// readHeralds is how much text is searched for heralds at once, readGap how much that
// lies between two candidates is searched too, so that all header rows are known.
const (
	readHeralds = 1024
	readGap     = 2048
)

// speak notes a keyword that can make a value of a candidate behind or before it.
func (f *finder) speak(h *hit, of int, as role) {
	d := f.set.Detectors[of]
	s := speaker{at: h.start, until: f.counts(h.end, f.set.reach[of]) + nearReach, detector: of}
	s.hints = !f.set.everywhere && as == weak && !d.hinted && !d.partnered
	if s.label = s.until; s.hints || f.set.seekerOf[of]&(f.set.labelled|f.set.partnered) != 0 {
		s.label = f.counts(h.end, d.labels())
		if !d.atDigit {
			s.label += nearReach
		}
	}
	if s.heads = !f.set.everywhere || f.silent.heads(f.text, h.start, h.end); s.heads {
		f.text.key(h.start)
	}
	f.coming = append(f.coming, s)
}

// isSilent reports whether it is known that no herald stands in a table's header.
func (h *heralds) isSilent(t *text, table *table) bool {
	if !table.silent && table.start >= max(h.from, t.base) && table.end <= h.read {
		table.silent = !t.isKeyed(table.start, table.end)
	}
	return table.silent
}
