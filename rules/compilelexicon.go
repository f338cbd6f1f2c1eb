package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	line   int // in its file, 0 in the policy
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

func (c *compiler) lexicon(s *source, l *sourceLexicon) {
	wrong := func(key, fix, format string, args ...any) {
		c.mistakes.Add(s.title, l.At(key), fix, "lexicon %q: %s", l.ID, fmt.Sprintf(format, args...))
	}
	shipped := c.known[l.ID]
	terms := c.terms(s, l, shipped != nil, wrong)
	for key, n := range map[string]int{"up_to": l.UpTo, "distinct": l.Distinct} {
		switch {
		case l.Has(key) && shipped != nil:
			wrong(key, "make a lexicon of your own", "%s: a shipped lexicon counts each of its terms once", key)
		case l.Has(key) && (n < 1 || n > 255):
			wrong(key, "", "%s is %d, wanted 1 to 255", key, n)
		}
	}
	for i := range terms {
		terms[i].UpTo = l.UpTo
	}
	if t := l.Thresholds; t != nil && shipped == nil && (t.Low < 1 || t.Medium < t.Low || t.High < t.Medium) {
		wrong("thresholds", "say low, medium and high, rising from 1", "the thresholds are %d, %d and %d", t.Low, t.Medium, t.High)
		return
	}
	if l.Thresholds == nil {
		l.Thresholds = &sourceThresholds{}
	}
	var d *detect.Detector
	switch t := l.Thresholds; {
	case shipped != nil && !shipped.Scores():
		wrong("id", "choose another name", "there is a detector of that name")
		return
	case shipped != nil:
		d = detect.Reweighed(shipped, terms, t.Low, t.Medium, t.High)
	case len(terms) == 0:
		wrong("terms", "say terms = { … } or file = \"…\"", "it has no terms")
		return
	default:
		d = (&detect.Lexicon{
			ID: l.ID, Title: cmp.Or(l.Title, l.ID), Terms: terms,
			Distinct: l.Distinct, Low: cmp.Or(t.Low, standardLow), Medium: cmp.Or(t.Medium, standardMedium), High: cmp.Or(t.High, standardHigh),
		}).Detector()
	}
	if _, err := detect.Compile([]*detect.Detector{d}, detect.Options{}); err != nil {
		wrong("terms", "", "%v", err)
		return
	}
	if shipped != nil {
		c.known[l.ID] = d
		c.inUse[slices.Index(c.inUse, shipped)] = d
	} else {
		c.addDetector(d)
	}
	c.off[l.ID] = l.Off
	if shipped == nil || len(l.Match)+len(l.NearMisses) > 0 {
		c.samples(s, l.Pos, fmt.Sprintf("lexicon %q", l.ID), c.trial(d), l.Match, l.NearMisses)
	}
}

// terms are those of the policy, the longest first so that they own their text
// before the shorter ones in them, then those of the file in its order.
func (c *compiler) terms(s *source, l *sourceLexicon, tunes bool, wrong func(key, fix, format string, args ...any)) []detect.Term {
	var all []weighted
	for text, weight := range l.Terms {
		all = append(all, weighted{text: text, weight: weight})
	}
	slices.SortFunc(all, func(a, b weighted) int { return cmp.Or(len(b.text)-len(a.text), cmp.Compare(a.text, b.text)) })
	all = append(all, s.termsOf[l.ID]...)
	if len(all) > maxWords {
		wrong("terms", "", "%d terms, more than the %d that a lexicon takes", len(all), maxWords)
		return nil
	}
	least := 1
	if tunes {
		least = 0 // takes a term out
	}
	var terms []detect.Term
	for _, w := range all {
		where := fmt.Sprintf("term %q", clip(w.text, 40))
		if w.line > 0 {
			where = fmt.Sprintf("line %d of %q", w.line, l.File)
		}
		if w.weight < least || w.weight > maxWeight {
			wrong("terms", "", "%s has the weight %d, wanted %d to %d", where, w.weight, least, maxWeight)
			continue
		}
		term, err := detect.NewTerm(w.text, w.weight)
		if err != nil {
			wrong("terms", "", "%s: %v", where, err)
			continue
		}
		terms = append(terms, term)
	}
	return terms
}

// termLines reads a file of terms: one a line, after a TAB its weight, 1 without;
// "#" begins a comment.
func termLines(title string, data []byte, m *Mistakes) []weighted {
	var all []weighted
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line, _, _ = strings.Cut(line, "#")
		text, number, has := strings.Cut(strings.TrimSpace(line), "\t")
		if text == "" {
			continue
		}
		weight := 1
		if has {
			var err error
			if weight, err = strconv.Atoi(strings.TrimSpace(number)); err != nil {
				m.Add(title, n, "", "got %q behind the TAB, wanted a weight", clip(number, 20))
				continue
			}
		}
		all = append(all, weighted{strings.TrimSpace(text), weight, n})
	}
	return all
}

// usable lists the ids that a condition may name.
func (c *compiler) usable() []string {
	return slices.DeleteFunc(slices.Collect(maps.Keys(c.known)), func(id string) bool {
		return c.off[id] || strings.ContainsRune(id, ':')
	})
}
