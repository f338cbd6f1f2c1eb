package detect

import (
	"fmt"
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// Detector says how one kind of sensitive data looks and is verified. It is
// data: a new kind of data is a new value in the table, not new code paths.
type Detector struct {
	ID    string // "us-ssn"; part of the public interface
	Title string // "US Social Security number", as a sender reads it
	// Finds, Forms and Sources are the detector's page in the manual: what is
	// found, how it may be written, and who says so.
	Finds   string
	Forms   []string
	Sources []string
	// Mask returns the form of a canonical value that may be shown.
	Mask func(value string) string
	// Masking says in words what Mask does.
	Masking string
	// Fingerprint tells whether values may be given a keyed fingerprint.
	Fingerprint bool

	keywords []keywordGroup
	// digits is the least number of digits that a chain at the value's first
	// digit holds, with single separators between its runs.
	digits int
	// find proposes the candidates whose first run of digits begins at p, the
	// longest first, by filling in the candidate and calling stands.
	find func(f *finder, p int64)
	// grades is the confidence table; a candidate's form is an index into it.
	grades []grade
	// accounts makes the numbers of accounts and cases negative labels of
	// loose candidates.
	accounts bool
	// lists lets the values of a list share the label of the first.
	lists bool
	// crowded lets digits stand beside a spaced value without a label; the
	// grammar has its own rule for neighbours.
	crowded bool
	// vouch looks for context of the detector's own near a candidate, and names
	// it; "" is none.
	vouch func(t *text, c *candidate) string

	// pattern finds values by an expression; check validates their letters and
	// digits. window is the reach of keywords if not the usual one.
	pattern *pattern
	check   func(value []byte) bool
	window  int
}

// grade is a row of a confidence table: the level of one form in each context.
type grade struct {
	form     string
	label    Confidence // a strong keyword as label, in the column's header or before the list
	window   Confidence // a strong keyword in the window
	weak     Confidence // a weak keyword as label and a cue in the window
	alone    Confidence // no context
	negative Confidence // the nearest label is negative
}

// candidate is a place that has the shape of a detector's values and passed its
// checks, not yet its surroundings.
type candidate struct {
	start, end int64
	form       int    // index into Detector.grades
	sep        byte   // the separator between its groups, 0 if there is none
	bare       bool   // nothing but digits
	loose      bool   // also the numbers of accounts speak against it
	vouched    bool   // the grammar vouches for what touches it on the left
	context    string // what speaks for it in its own grammar
	value      [40]byte
	size       int // bytes of value, the canonical form
}

// put appends to the candidate's canonical form.
func (c *candidate) put(b ...byte) { c.size += copy(c.value[c.size:], b) }

// Builtin returns the detectors that postern ships, in the order that decides
// between equal spans.
func Builtin() []*Detector {
	return []*Detector{paymentCard, usSSN, ukNINO, moDCN}
}

// Options tunes detectors without code.
type Options struct {
	// ReportSpecimens reports never-issued specimen numbers (us-ssn).
	ReportSpecimens bool
	// Candidates names detectors whose candidates are reported at level None
	// where nothing speaks for them, or all against them. Shape, checks and
	// surroundings are right, no more.
	Candidates []string
}

// Set is a compiled choice of detectors: immutable and safe for concurrent use.
type Set struct {
	Detectors []*Detector

	options Options
	words   *dictionary
	anchors *anchor.Set
	// patterns are the detectors that have an expression.
	patterns []int
	scouts   []*scout
	bare     []bool // by detector: candidates without a level are reported
}

// Compile builds a Set. The order of the detectors decides between matches that
// are equal in all else.
func Compile(detectors []*Detector, opt Options) (*Set, error) {
	s := &Set{Detectors: detectors, options: opt, words: newDictionary()}
	seen := make(map[string]bool)
	least, most := maxChain, 1
	for i, d := range detectors {
		if seen[d.ID] {
			return nil, fmt.Errorf("detector %q stands twice in the set", d.ID)
		}
		seen[d.ID] = true
		s.bare = append(s.bare, slices.Contains(opt.Candidates, d.ID))
		if d.pattern != nil {
			s.patterns = append(s.patterns, i)
		}
		if d.digits <= maxChain {
			least, most = min(least, d.digits), max(most, d.digits)
		}
		for _, group := range d.keywords {
			for _, pattern := range group.patterns {
				if err := s.words.add(i, group.role, pattern); err != nil {
					return nil, fmt.Errorf("detector %q: %w", d.ID, err)
				}
			}
		}
	}
	for r, patterns := range map[role][]string{negative: negatives, account: accounts} {
		for _, pattern := range patterns {
			if err := s.words.add(-1, r, pattern); err != nil {
				return nil, err
			}
		}
	}
	s.anchors = anchor.New(least, most)
	leads := make([][]*[256]bool, len(s.patterns))
	for i, d := range s.patterns {
		leads[i] = detectors[d].pattern.lead
	}
	s.scouts = newScouts(leads)
	return s, nil
}

// maxChain is the most digits that a detector may ask an anchor for.
const maxChain = 9
