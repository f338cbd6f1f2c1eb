package detect

import (
	"cmp"
	"fmt"
	"slices"
)

// Lexicon is a list of terms with weights. A text has the score of all terms that
// stand in it, and with that a level; it is one match, whatever the text holds.
type Lexicon struct {
	ID, Title, Finds string
	Sources          []string
	// Terms are tried in order: a term owns its text, and a later one does not
	// match inside it.
	Terms []Term
	// The least scores of the three levels.
	Low, Medium, High int
	// Distinct is how many different terms must stand in a text; 0 is one.
	Distinct int
}

// Term is a term of a Lexicon. It scores once, however often it stands in a text.
type Term struct {
	Weight int
	// Phrases are patterns as keywords are: "{a|b|}" are alternatives, a space
	// stands between words, a full stop may be left out in the text. All of them
	// are the same term.
	Phrases []string
	// CaseSensitive makes words with an upper-case letter match in that case only.
	CaseSensitive bool
	// Heading makes the term match only where it stands alone on a line.
	Heading bool
	// UpTo is how often the term scores; 0 is once.
	UpTo int
	// Pattern names a term that is no phrase: YearRange.
	Pattern string
}

// YearRange is the Pattern of a span of years, as in "Mar 2015 - present".
const YearRange = "year-range"

// lexiconHit is the canonical value of a lexicon's match.
const lexiconHit = "hit"

// Detector makes the Lexicon a detector to be compiled with others.
func (l *Lexicon) Detector() *Detector {
	d := &Detector{
		ID: l.ID, Title: l.Title, Finds: l.Finds, Sources: l.Sources, lexicon: l,
		Mask: func(value string) string { return value }, Masking: "the word \"hit\"; no text",
	}
	for i := range l.Terms {
		if l.Terms[i].Pattern == YearRange {
			d.places, d.find = yearsPlaces, findYears
		}
	}
	return d
}

// scale is a compiled Lexicon. Its words stand in the dictionary.
type scale struct {
	lexicon    *Lexicon
	detector   int
	words      *dictionary
	terms      []counting
	years      int32 // the term of year ranges, -1 if there is none
	statements []statement
	triples    []triple // what the words behind those of the terms are
}

// counting is what must be known of every term that is found.
type counting struct {
	weight  int
	upTo    uint8 // how often it scores
	heading bool
}

// newScale adds the terms of a lexicon to the dictionary.
func (s *Set) newScale(detector int, d *Detector) (*scale, error) {
	l := d.lexicon
	if l.Low < 1 || l.Medium < l.Low || l.High < l.Medium {
		return nil, fmt.Errorf("the thresholds are %d, %d and %d, want them to rise from 1", l.Low, l.Medium, l.High)
	}
	c := &scale{lexicon: l, detector: detector, years: -1, words: s.words}
	for i := range l.Terms {
		t := &l.Terms[i]
		c.terms = append(c.terms, counting{t.Weight, uint8(min(max(t.UpTo, 1), 255)), t.Heading})
		switch {
		case t.Pattern == YearRange:
			c.years = int32(i)
		case t.Pattern != "":
			return nil, fmt.Errorf("term %d has the pattern %q, want %q", i+1, t.Pattern, YearRange)
		case len(t.Phrases) == 0:
			return nil, fmt.Errorf("term %d has no phrases", i+1)
		}
		for _, phrase := range t.Phrases {
			if !t.CaseSensitive {
				phrase = lower(phrase)
			}
			if err := s.words.addTerm(detector, term, phrase, int32(i)); err != nil {
				return nil, err
			}
		}
	}
	if d.statements {
		return c, s.addStatements(c)
	}
	return c, nil
}

// scorer counts the terms of one lexicon in one text.
type scorer struct {
	scale    *scale
	count    []uint8     // by term
	found    []termFound // each term once
	score    int
	first    span // of the earliest term, in the stream
	cluster  []termHit
	end      int64 // of the cluster, in the view
	shares   []share
	yearsEnd int64 // of the last span of years, in the view
}

// termHit is a term found at [start,end) of the view; at is its place in the
// stream, if it may still score.
type termHit struct {
	term, word int32
	start, end int64
	at         span
}

// termName is a term and the spelling of it that was found.
type termName struct {
	term int32
	name string
}

// termFound is a term where it was found first, at an offset of the stream.
type termFound struct {
	termName
	at int64
}

// maxCluster bounds the terms that overlap each other.
const maxCluster = 64

func (s *Set) newScorers() []scorer {
	all := make([]scorer, len(s.Detectors))
	for i, c := range s.scales {
		if c != nil {
			all[i] = scorer{scale: c, count: make([]uint8, len(c.lexicon.Terms)), shares: newShares(c.statements)}
		}
	}
	return all
}

func (s *scorer) reset() {
	for _, t := range s.found {
		s.count[t.term] = 0
	}
	s.found, s.cluster, s.score, s.end, s.yearsEnd = s.found[:0], s.cluster[:0], 0, 0, 0
	for i := range s.shares {
		s.shares[i].reset()
	}
}

// add takes a term that was found. They come in the order of their beginnings.
func (s *scorer) add(f *finder, h hit, of int32) {
	if n := int32(len(s.count)); of >= n {
		s.share(f, &s.scale.triples[of-n], h)
		return
	}
	if s.scale.terms[of].heading && !standsAlone(f.text, h.start, h.end) {
		return
	}
	if h.start >= s.end || len(s.cluster) == maxCluster {
		s.settle()
	}
	var at span
	if !s.full(of) {
		at = span{f.text.rawStart(h.start), f.text.rawEnd(h.end)}
	}
	s.cluster = append(s.cluster, termHit{of, h.word, h.start, h.end, at})
	s.end = max(s.end, h.end)
}

// full reports whether a term has scored as often as it does.
func (s *scorer) full(of int32) bool { return s.count[of] >= s.scale.terms[of].upTo }

// settle counts those of the overlapping terms that own their text: the earlier
// in the table first, of one term the longer.
func (s *scorer) settle() {
	all := s.cluster
	s.cluster = s.cluster[:0]
	if len(all) == 1 {
		s.own(&all[0])
		return
	}
	if len(all) > 1 {
		slices.SortStableFunc(all, func(a, b termHit) int {
			return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
		})
	}
	owners := all[:0]
	for _, h := range all {
		if !slices.ContainsFunc(owners, func(o termHit) bool { return o.start < h.end && h.start < o.end }) {
			owners = append(owners, h)
		}
	}
	for i := range owners {
		s.own(&owners[i])
	}
}

// own counts a term that owns its text.
func (s *scorer) own(h *termHit) {
	if !s.full(h.term) {
		s.take(termName{h.term, s.scale.words.words[h.word].text}, h.at)
	}
}

// take counts one term.
func (s *scorer) take(name termName, at span) {
	if len(s.found) == 0 || at.from < s.first.from {
		s.first = at
	}
	of := name.term
	if s.count[of] == 0 {
		s.found = append(s.found, termFound{name, at.from})
	}
	if !s.full(of) {
		s.count[of]++
		s.score += s.scale.terms[of].weight
	}
}

// level is that of the score.
func (s *scorer) level() Confidence {
	switch l := s.scale.lexicon; {
	case len(s.found) < l.Distinct:
		return None
	case s.score >= l.High:
		return High
	case s.score >= l.Medium:
		return Medium
	case s.score >= l.Low:
		return Low
	}
	return None
}

// maxTermsNamed is how many terms a match names; of the others it tells how many they
// are and what they add.
const maxTermsNamed = 32

// names lists the terms with what they added, in the order of their first places.
func (s *scorer) names() []string {
	slices.SortStableFunc(s.found, func(a, b termFound) int { return cmp.Compare(a.at, b.at) })
	var names []string
	for _, of := range s.found[:min(len(s.found), maxTermsNamed)] {
		weight := s.scale.lexicon.Terms[of.term].Weight
		names = append(names, fmt.Sprintf("%s +%d", of.name, weight*int(s.count[of.term])))
	}
	if left := s.found[len(names):]; len(left) > 0 {
		sum := 0
		for _, of := range left {
			sum += s.scale.lexicon.Terms[of.term].Weight * int(s.count[of.term])
		}
		names = append(names, fmt.Sprintf("%d more terms +%d", len(left), sum))
	}
	return names
}

// score emits the matches of the lexicons, in the order of their places.
func (f *finder) score(emit func(Match)) {
	var all []Match
	for i := range f.scorers {
		s := &f.scorers[i]
		if s.scale == nil {
			continue
		}
		s.settle()
		known := len(all)
		for _, age := range []Age{New, Quoted} {
			if m, ok := s.statement(age); ok {
				all = append(all, m)
			}
		}
		if len(all) > known {
			continue
		}
		if level := s.level(); level != None {
			all = append(all, Match{
				Detector: s.scale.detector, Start: s.first.from, End: s.first.to,
				Value: s.scale.value(), Confidence: level, Context: s.names(), Score: s.score, Age: Whole,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Match) int { return cmp.Compare(a.Start, b.Start) })
	for _, m := range all {
		emit(m)
	}
}

// value is the canonical form of a match of terms.
func (c *scale) value() string {
	if len(c.statements) > 0 {
		return "generic"
	}
	return lexiconHit
}

// maxDecoration is how much may stand around a heading on its line.
const maxDecoration = 40

// standsAlone reports whether [start,end) is alone on its line but for marks of
// headings, bullets, numbers and quotes.
func standsAlone(t *text, start, end int64) bool {
	for n := 0; ; n++ {
		r, size := t.before(start)
		if r == 0 || r == '\n' || r == '\r' {
			break
		}
		if n == maxDecoration || !decorates[r] {
			return false
		}
		start -= size
	}
	for n := 0; ; n++ {
		r, size := t.after(end)
		if r == 0 || r == '\n' || r == '\r' {
			return true
		}
		if n == maxDecoration || r != ' ' && r != '\t' && r != ':' && r != '*' && r != '#' && r != '_' {
			return false
		}
		end += size
	}
}

// decorates are the characters that may stand before a heading.
var decorates = func() map[rune]bool {
	is := map[rune]bool{}
	for _, r := range " \t#*>0123456789.)-+_•·‣▪●○■◦–—" {
		is[r] = true
	}
	return is
}()

// lower is strings.ToLower for patterns.
func lower(pattern string) string {
	b := []byte(pattern)
	for i, c := range b {
		if isUpper(c) {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
