package detect

import (
	"slices"
	"strings"
)

// NewTerm is a term of a Lexicon as an admin wrote it: a pattern as keywords are.
// Written in capitals it matches in capitals only.
func NewTerm(text string, weight int) (Term, error) {
	var wrong Faults
	patterns := userPatterns("terms", []string{text}, &wrong)
	if len(wrong) > 0 {
		return Term{}, wrong
	}
	return Term{Weight: weight, Phrases: patterns, CaseSensitive: strings.ToLower(patterns[0]) != patterns[0]}, nil
}

// HasTerm reports whether a lexicon has a term already, in any of its spellings.
func (d *Detector) HasTerm(t Term) bool {
	return d.lexicon != nil && slices.ContainsFunc(d.lexicon.Terms, func(old Term) bool { return old.spelled(t.Phrases[0]) })
}

// Reach tells the highest level that a lexicon can give to a text that holds all of
// its terms, with their score and the thresholds. Terms that own each other's text
// cannot all stand in one, so it may be less; never more.
func (d *Detector) Reach() (best Confidence, score int, l Lexicon) {
	l = *d.lexicon
	for i := range l.Terms {
		score += l.Terms[i].Weight * max(l.Terms[i].UpTo, 1)
	}
	switch {
	case len(l.Terms) < l.Distinct, score < l.Low:
	case score < l.Medium:
		best = Low
	case score < l.High:
		best = Medium
	default:
		best = High
	}
	return best, score, l
}

// spelled reports whether a phrase is one of the spellings of the term, or the
// name of its pattern.
func (t *Term) spelled(phrase string) bool {
	return strings.EqualFold(t.Pattern, phrase) || slices.ContainsFunc(t.Phrases, func(p string) bool {
		return strings.EqualFold(p, phrase) || slices.ContainsFunc(alternatives(p), func(one string) bool {
			return strings.EqualFold(strings.Join(strings.Fields(one), " "), phrase)
		})
	})
}

// Reweighed returns a lexicon with other weights, more terms and other
// thresholds; a threshold of 0 stays. A term that is there already takes the
// weight, and 0 removes it.
func Reweighed(d *Detector, terms []Term, low, medium, high int) *Detector {
	l := *d.lexicon
	l.Terms = slices.Clone(l.Terms)
	for _, t := range slices.Backward(terms) {
		at := slices.IndexFunc(l.Terms, func(old Term) bool { return old.spelled(t.Phrases[0]) })
		switch {
		case at < 0 && t.Weight > 0:
			l.Terms = slices.Insert(l.Terms, 0, t)
		case at >= 0 && t.Weight > 0:
			l.Terms[at].Weight = t.Weight
		case at >= 0:
			l.Terms = slices.Delete(l.Terms, at, at+1)
		}
	}
	for given, into := range map[*int]*int{&low: &l.Low, &medium: &l.Medium, &high: &l.High} {
		if *given > 0 {
			*into = *given
		}
	}
	tuned := *d
	tuned.lexicon = &l
	return &tuned
}
