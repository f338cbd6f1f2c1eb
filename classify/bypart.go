package classify

import (
	"hash/maphash"

	"github.com/postern-mail/postern/classify/detect"
)

// MaxPartValues bounds the values of all parts together that are told apart for
// counts by part.
const MaxPartValues = 50000

// byPart counts what is found in each part by itself, for the detectors that
// were asked for. Parts are known by their path until all are complete.
type byPart struct {
	counted []bool // by number of a detector or Exact; nil: none
	parts   map[string]map[int]*partTally
	values  int
}

type partTally struct {
	Tally
	seen map[uint64]signature
}

// count adds a match to the tally of its part.
func (b *byPart) count(at int, m *detect.Match, seed maphash.Seed, path string, place int) {
	if b.counted == nil || !b.counted[at] {
		return
	}
	if b.parts == nil {
		b.parts = map[string]map[int]*partTally{}
	}
	part := b.parts[path]
	if part == nil {
		part = map[int]*partTally{}
		b.parts[path] = part
	}
	t := part[at]
	if t == nil {
		t = &partTally{seen: map[uint64]signature{}}
		part[at] = t
	}
	t.Findings[place][m.Confidence]++
	hash := maphash.String(seed, m.Value)
	sig, known := t.seen[hash]
	if !known {
		if b.values == MaxPartValues {
			t.AtLeast = true
			return
		}
		b.values++
	}
	t.seen[hash] = sig.raise(place, m.Confidence)
}

// report returns the tallies of each part by its place in the Report.
func (b *byPart) report(r *Report, id func(at int) string) []map[string]*Tally {
	if b.counted == nil {
		return nil
	}
	all := make([]map[string]*Tally, len(r.Parts))
	for i := range r.Parts {
		for at, t := range b.parts[r.Parts[i].Path] {
			if all[i] == nil {
				all[i] = map[string]*Tally{}
			}
			t.settle(t.seen)
			all[i][id(at)] = &t.Tally
		}
		// A path that stands twice is counted once.
		delete(b.parts, r.Parts[i].Path)
	}
	return all
}
