package detect

import (
	"fmt"
	"slices"
	"unicode/utf8"

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
	// Apart matches stand beside those of other detectors on the same text: none
	// takes the place of another.
	Apart bool
	// OnceARow counts one value of a line, or of a row of a table, however many of
	// its cells hold one: the first.
	OnceARow bool
	// Alone values have a line to themselves, and text above them.
	Alone bool

	keywords []keywordGroup
	// places are where the first run of digits of a value can begin. Those of values
	// that are nothing without a keyword around them may stand in backed instead, of
	// those that are nothing without a label in labelled.
	places, backed, labelled []anchor.Want
	// hinted lets weak keywords count anywhere near a value, not only as labels.
	hinted bool
	// atDigit tells that a value begins with its first digit.
	atDigit bool
	// find proposes the candidates whose first run of digits begins at p, the
	// longest first, by filling in the candidate and calling stands.
	find func(f *finder, p int64)
	// grades is the confidence table; a candidate's form is an index into it.
	grades []grade
	// accounts makes the numbers of accounts and cases negative labels of
	// loose candidates.
	accounts bool
	// asks tells that find asks for keywords before it does anything else.
	asks bool
	// lists lets the values of a list share the label of the first.
	lists bool
	// crowded lets digits stand beside a spaced value without a label; the
	// grammar has its own rule for neighbours.
	crowded bool
	// partnered lets a value count for another beside it, label or not.
	partnered bool
	// pairing puts two numbers together that belong together.
	pairing *pairing
	// far tells that a value can begin up to leftReach before its first digit,
	// not only nearReach.
	far bool
	// vouch looks for context of the detector's own near a candidate, and names
	// it; "" is none.
	vouch func(t *text, c *candidate) string
	// pattern finds values by an expression; check validates their letters and
	// digits. window is the reach of keywords if not the usual one.
	pattern *pattern
	literal bool // it finds words that the admin gave
	check   func(value []byte) bool
	checked string // the name of check
	window  int
	// labelReach is how many characters before a value its label can stand, if
	// not as many as usual.
	labelReach int

	// triggers are phrases that are candidates themselves; trigger judges one.
	triggers []string
	trigger  func(f *finder, h hit)
	// lexicon makes the detector one that scores the whole text.
	lexicon *Lexicon
	// statements makes the lexicon one that also knows whole statements.
	statements bool
}

// labelOnly reports whether a detector finds nothing where none of its keywords
// is near.
func (d *Detector) labelOnly() bool {
	for i := range d.grades {
		if g := &d.grades[i]; g.alone != None || g.negative != None {
			return false
		}
	}
	return len(d.grades) > 0 && d.vouch == nil && !d.partnered
}

// isShy reports whether a detector finds nothing at a place of its own where no keyword
// speaks for it, a labelled one or another.
func (d *Detector) isShy(labelled bool) bool {
	return d.labelOnly() || labelled && d.vouch == nil && !d.partnered
}

// reach is how many characters before a value its keywords can count. If only a
// label can make one, that is as far as labels reach.
func (d *Detector) reach() int {
	if !d.windowed() {
		return d.labels()
	}
	if d.window > 0 {
		return max(d.labels(), d.window)
	}
	return windowChars
}

// labels is how many characters before a value its label can stand.
func (d *Detector) labels() int {
	if d.labelReach > 0 {
		return d.labelReach
	}
	return labelChars
}

// windowed reports whether keywords count that are no labels.
func (d *Detector) windowed() bool {
	return d.partnered || slices.ContainsFunc(d.grades, func(g grade) bool { return g.window != None })
}

// windowReach is how far before a candidate a keyword in its window can begin, in
// bytes.
const windowReach = windowChars*utf8.UTFMax + maxKeyword

// left is how far before its first digit a value can begin. What an admin
// describes may have no digit at all.
func (d *Detector) left() int64 {
	if d.far || d.pattern != nil || d.literal {
		return leftReach
	}
	return nearReach
}

// grade is a row of a confidence table: the level of one form in each context.
type grade struct {
	form     string
	label    Confidence // a strong keyword as label, in the column's header or before the list
	window   Confidence // a strong keyword in the window
	weak     Confidence // a weak keyword as label and a cue in the window
	alone    Confidence // no context
	negative Confidence // the nearest label is negative
	backed   Confidence // a strong keyword as label and a cue in the window; none: as label
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
	closed     bool   // likewise on the right
	cued       bool   // the grammar found a cue
	hole       span   // what the value spans without being it
	context    string // what speaks for it in its own grammar
	value      [40]byte
	size       int // bytes of value, the canonical form
}

// put appends to the candidate's canonical form.
func (c *candidate) put(b ...byte) { c.size += copy(c.value[c.size:], b) }

// Builtin returns the detectors that postern ships, in the order that decides
// between equal spans.
func Builtin() []*Detector {
	return []*Detector{
		iban, paymentCard, cardCVV, ukBank, usBank, ukNHS, usMBI, usSSN, usITIN, usEIN, ukNINO, moDCN,
		ukPassport, usDLWI, usDL, phone, dob, ukAddress, usAddress, benefitAmount, icd10,
		ukMarking, marker, disclaimer, usFTI, phiTerms, cjiTerms, cvResume,
	}
}

// Set is a compiled choice of detectors: immutable and safe for concurrent use.
type Set struct {
	Detectors []*Detector

	options Options
	words   *dictionary // the detectors' own
	own     []ownWords  // by detector, where not all of the text is searched for them
	heralds *dictionary // those of them without which some candidates are nothing
	against *dictionary // the negative ones
	anchors *anchor.Set
	// left is how far before its first digit a value of any detector can begin.
	left int64
	// reach is how many characters before a value of each a keyword can count.
	reach []int
	// everywhere tells that some keywords matter without a number near.
	everywhere bool
	// patterns are the detectors that have an expression.
	patterns []int
	scouts   []*scout
	worded   bool     // a detector of the admin's own finds words
	bare     []bool   // by detector: candidates without a level are reported
	seekers  []seeker // by the wants of the anchors
	needy    uint64   // the seekers that find nothing without a keyword
	asking   uint64   // of these those that ask for one themselves
	labelled uint64   // of the needy those that need a label
	// partnered are those of the needy that may find something for another number
	// beside theirs too.
	partnered uint64
	shy       uint64     // seekers that find nothing without a keyword, where little of the text is searched for them
	denials   [2]denials // negative keywords, and names of accounts, right before a number
	seekerOf  []uint64   // by detector
	// scales are the lexicons, by detector; nil for other detectors.
	scales  []*scale
	markers []markerEntry
	// names are the contexts of matches for which one keyword spoke.
	names [][]string
}

// Compile builds a Set. The order of the detectors decides between matches that
// are equal in all else.
func Compile(detectors []*Detector, opt Options) (*Set, error) {
	s := &Set{Detectors: detectors, options: opt, words: newDictionary(), heralds: newDictionary(), against: newDictionary(), scales: make([]*scale, len(detectors))}
	seen := make(map[string]bool)
	for i, d := range detectors {
		if seen[d.ID] {
			return nil, fmt.Errorf("detector %q stands twice in the set", d.ID)
		}
		seen[d.ID] = true
		s.bare = append(s.bare, slices.Contains(opt.Candidates, d.ID))
		s.left = max(s.left, d.left())
		s.reach = append(s.reach, d.reach())
		if d.pattern != nil {
			s.patterns = append(s.patterns, i)
		}
		s.worded = s.worded || d.literal
		if err := s.compile(i, d); err != nil {
			return nil, fmt.Errorf("detector %q: %w", d.ID, err)
		}
	}
	for r, patterns := range map[role][]string{negative: negatives, account: accounts} {
		for _, pattern := range patterns {
			if err := s.against.add(-1, r, pattern); err != nil {
				return nil, err
			}
		}
	}
	s.words.finish()
	s.heralds.finish()
	s.against.finish()
	s.against.few = newFew(s.against)
	for _, w := range s.words.words {
		s.everywhere = s.everywhere || w.role == triggers || w.role == term
		s.names = append(s.names, []string{w.text})
	}
	if err := s.seek(); err != nil {
		return nil, err
	}
	s.deny()
	if !s.everywhere {
		if err := s.part(); err != nil {
			return nil, err
		}
	}
	leads := make([][]*[256]bool, len(s.patterns))
	for i, d := range s.patterns {
		leads[i] = detectors[d].pattern.lead
	}
	s.scouts = newScouts(leads)
	return s, nil
}

// compile adds what a detector knows by words.
func (s *Set) compile(i int, d *Detector) error {
	if err := s.herald(i, d); err != nil {
		return err
	}
	for _, group := range d.keywords {
		for _, pattern := range group.patterns {
			if err := s.words.add(i, group.role, pattern); err != nil {
				return err
			}
		}
	}
	for _, pattern := range d.triggers {
		if err := s.words.add(i, triggers, pattern); err != nil {
			return err
		}
	}
	if d.ID == markerID {
		return s.addMarkers(i)
	}
	if d.lexicon == nil {
		return nil
	}
	var err error
	s.scales[i], err = s.newScale(i, d)
	return err
}
