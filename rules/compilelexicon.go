package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
)

// maxWeight bounds the weight of a term.
const maxWeight = 1000

// The thresholds of a lexicon that names none: those of the shipped ones.
const (
	standardLow    = 5
	standardMedium = 10
	standardHigh   = 15
)

// weighted is a term of a lexicon as it was written.
type weighted struct {
	text   string
	weight int
	file   string // "" in the policy
	line   int
}

// collectLexicons compiles the lexicons that files define, and tunes the shipped
// ones that they name.
func (c *compiler) collectLexicons() {
	first := map[string]*sourceLexicon{}
	for _, s := range c.sources {
		for i := range s.Lexicons {
			l := &s.Lexicons[i]
			switch other := first[l.ID]; {
			case !validID(l.ID):
				c.mistakes.Add(s.title, l.Line, "letters, digits, - . _", "%q is no usable name of a lexicon", l.ID)
			case other != nil:
				c.mistakes.Add(s.title, l.Line, "choose another name", "lexicon %q stands in %s line %d already", l.ID, other.File, other.Line)
			default:
				first[l.ID] = l
				c.lexicon(s, l)
			}
		}
	}
}

// lexicon compiles one lexicon. All that is wrong with it is told at once.
func (c *compiler) lexicon(s *source, l *sourceLexicon) {
	before := len(c.mistakes.List)
	wrong := func(key, fix, format string, args ...any) {
		c.mistakes.Add(s.title, l.At(key), fix, "lexicon %q: %s", l.ID, fmt.Sprintf(format, args...))
	}
	shipped := c.known[l.ID]
	if shipped != nil && !shipped.Scores() {
		wrong("id", "choose another name", "there is a detector of that name")
		return
	}
	terms := c.terms(s, l, shipped, wrong)
	for _, of := range []struct {
		key string
		n   int
	}{{"up_to", l.UpTo}, {"distinct", l.Distinct}} {
		switch {
		case l.blamed(of.key):
		case l.Has(of.key) && shipped != nil:
			wrong(of.key, "make a lexicon of your own", "%s: a shipped lexicon counts each of its terms once", of.key)
		case l.Has(of.key) && (of.n < 1 || of.n > 255):
			wrong(of.key, "", "%s is %d, wanted 1 to 255", of.key, of.n)
		}
	}
	for i := range terms {
		terms[i].UpTo = l.UpTo
	}
	t := l.thresholds(shipped)
	if (t.Low < 1 || t.Medium < t.Low || t.High < t.Medium) && !l.blamed("thresholds") {
		wrong("thresholds", "those that are not given are "+fmt.Sprintf("%d, %d and %d", standardLow, standardMedium, standardHigh), "the thresholds are %d, %d and %d, wanted them to rise from 1", t.Low, t.Medium, t.High)
	}
	if len(terms) == 0 && shipped == nil && !l.blamed("terms", "file") && len(c.mistakes.List) == before {
		wrong("terms", "say terms = { … } or file = \"…\"", "it has no terms")
	}
	broken := func() {
		if shipped == nil {
			c.broken[l.ID] = true
		}
	}
	if len(c.mistakes.List) > before || l.blamed() {
		broken()
		return
	}
	d := (&detect.Lexicon{
		ID: l.ID, Title: cmp.Or(l.Title, l.ID), Terms: terms, Distinct: l.Distinct, Low: t.Low, Medium: t.Medium, High: t.High,
	}).Detector()
	if shipped != nil {
		d = detect.Reweighed(shipped, terms, t.Low, t.Medium, t.High)
	}
	if _, err := detect.Compile([]*detect.Detector{d}, detect.Options{}); err != nil {
		wrong("terms", "", "%v", err)
		broken()
		return
	}
	if shipped != nil {
		c.known[l.ID] = d
		c.inUse[slices.Index(c.inUse, shipped)] = d
	} else {
		c.addDetector(d)
	}
	if c.off[l.ID] = l.Off; l.Off {
		return
	}
	c.reach(s, l, d)
	try := trialOf(c.alone(d))
	if shipped == nil && !s.pack {
		c.everydayScore(s, l, try)
	}
	if shipped == nil || len(l.Match)+len(l.NearMisses) > 0 {
		c.samples(s, l.Pos, fmt.Sprintf("lexicon %q", l.ID), try, l.Match, l.NearMisses)
	}
}

// thresholds are those that the table says; for the others those of the shipped
// lexicon that it tunes, or the standard ones.
func (l *sourceLexicon) thresholds(shipped *detect.Detector) sourceThresholds {
	t := sourceThresholds{Low: standardLow, Medium: standardMedium, High: standardHigh}
	if shipped != nil {
		_, _, of := shipped.Reach()
		t = sourceThresholds{Low: of.Low, Medium: of.Medium, High: of.High}
	}
	if given := l.Thresholds; given != nil {
		for _, one := range []struct {
			key        string
			from, into *int
		}{{"low", &given.Low, &t.Low}, {"medium", &given.Medium, &t.Medium}, {"high", &given.High, &t.High}} {
			if given.Has(one.key) {
				*one.into = *one.from
			}
		}
	}
	return t
}

// reach tells of a lexicon that no text can bring to a level that counts.
func (c *compiler) reach(s *source, l *sourceLexicon, d *detect.Detector) {
	switch best, score, is := d.Reach(); {
	case len(is.Terms) < is.Distinct:
		c.odd(s.title, l.At("distinct"), "lower distinct, or add terms", "lexicon %q never finds anything: distinct wants %d different terms, and it has %d", l.ID, is.Distinct, len(is.Terms))
	case best == detect.None:
		c.odd(s.title, l.At("thresholds"), "give its terms more weight, or lower the thresholds", "lexicon %q never finds anything: all its terms together are %d, and low begins at %d", l.ID, score, is.Low)
	}
}

// beyond tells of a condition on a lexicon that asks for a level which no text gives.
func (c *ruleCompiler) beyond(s *sourceCondition, t *foundTest) {
	if c.builtin || len(t.detectors) != 1 || !t.detectors[0].Scores() {
		return
	}
	d := t.detectors[0]
	best, score, is := d.Reach()
	if best == detect.None || best >= t.least {
		return
	}
	from := is.Medium
	if t.least == detect.High {
		from = is.High
	}
	c.odd(c.file, s.At("found"), fmt.Sprintf("ask for confidence = %q, or give its terms more weight", best.String()),
		"%s: this condition is never met: all terms of lexicon %q together are %d, and %s begins at %d", c.what, d.ID, score, t.least, from)
}

// terms are those of the policy, the longest first so that they own their text
// before the shorter ones in them, then those of the file in its order.
func (c *compiler) terms(s *source, l *sourceLexicon, shipped *detect.Detector, wrong func(key, fix, format string, args ...any)) []detect.Term {
	var all []weighted
	for text, weight := range l.Terms {
		all = append(all, weighted{text: text, weight: weight})
	}
	slices.SortFunc(all, func(a, b weighted) int { return cmp.Or(len(b.text)-len(a.text), cmp.Compare(a.text, b.text)) })
	all = append(all, s.termsOf[l.ID]...)
	if len(all) > maxWords {
		wrong("terms", "make two lexicons of it", "%d terms, more than the %d that a lexicon takes", len(all), maxWords)
		return nil
	}
	least := 1
	if shipped != nil {
		least = 0 // takes a term out
	}
	var terms []detect.Term
	for _, w := range all {
		title, line, what := s.title, l.At("terms"), fmt.Sprintf("lexicon %q: term %q", l.ID, clip(w.text, 40))
		if w.file != "" {
			title, line = w.file, w.line
		}
		if w.weight < least || w.weight > maxWeight {
			c.mistakes.Add(title, line, "", "%s has the weight %d, wanted %d to %d", what, w.weight, least, maxWeight)
			continue
		}
		term, err := detect.NewTerm(w.text, w.weight)
		if err != nil {
			c.mistakes.Add(title, line, "", "%s: %v", what, err)
			continue
		}
		if w.weight == 0 && !shipped.HasTerm(term) {
			c.warn(title, line, "docs/detectors.md lists its terms", "%s has the weight 0, which takes a term out, and there is none of that spelling", what)
		}
		terms = append(terms, term)
	}
	return terms
}

// usable lists the ids that a condition may name.
func (c *compiler) usable() []string {
	return slices.DeleteFunc(slices.Collect(maps.Keys(c.known)), func(id string) bool {
		return c.off[id] || strings.ContainsRune(id, ':')
	})
}
