package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Custom describes a detector that an admin wrote. A value is what the expression
// matches, or one of the words; all else is as with the shipped detectors.
type Custom struct {
	ID, Title string
	Pattern   string   // a regular expression (RE2) over the folded view
	Words     []string // or literal values: patterns as keywords are
	Check     string   // a name of Checks; "" is none
	Keywords  []string
	Negative  []string // speak against a value, as "order" does
	Window    int      // reach of keywords in characters; 0 is the usual 300
	Levels    Levels
	Mask      string // a name of Masks; "" is "all"
	// Fingerprint tells whether values may be given a keyed fingerprint.
	Fingerprint bool
}

// Levels is a row of the confidence table of a Custom detector.
type Levels struct {
	Label    Confidence // a keyword as label
	Window   Confidence // a keyword in the window
	Alone    Confidence // no context
	Negative Confidence // the nearest label is negative
}

// Detector makes it a detector to be compiled with others.
func (c *Custom) Detector() (*Detector, error) {
	d := &Detector{
		ID: c.ID, Title: c.Title, Fingerprint: c.Fingerprint, window: c.Window,
		grades: []grade{{form: "value", label: c.Levels.Label, window: c.Levels.Window, alone: c.Levels.Alone, negative: c.Levels.Negative}},
	}
	if c.Window < 0 || c.Window > windowChars {
		return nil, fmt.Errorf("the window has %d characters, want 1 to %d", c.Window, windowChars)
	}
	var err error
	if c.Pattern != "" {
		if d.pattern, err = compilePattern(c.Pattern); err != nil {
			return nil, err
		}
	}
	if len(c.Words) > 0 {
		if d.triggers, err = wordPatterns(c.Words); err != nil {
			return nil, err
		}
		d.literal, d.trigger = true, findWord
	}
	if c.Check != "" {
		check, ok := checks[c.Check]
		if !ok {
			return nil, fmt.Errorf("unknown check %q, want one of %s", c.Check, strings.Join(Checks(), ", "))
		}
		d.check, d.checked = check, c.Check
	}
	mask, ok := masks[c.Mask]
	if !ok {
		return nil, fmt.Errorf("unknown mask %q, want one of %s", c.Mask, strings.Join(Masks(), ", "))
	}
	d.Mask, d.Masking = mask.mask, mask.words
	for _, group := range []struct {
		role  role
		words []string
	}{{strong, c.Keywords}, {against, c.Negative}} {
		patterns, err := userPatterns(group.words)
		if err != nil {
			return nil, err
		}
		if len(patterns) > 0 {
			d.keywords = append(d.keywords, keywordGroup{group.role, patterns})
		}
	}
	return d, nil
}

// own reports whether an admin described what a detector finds.
func (d *Detector) own() bool { return d.pattern != nil || d.literal }

// Scores reports whether a detector is a lexicon: its matches name the terms, each
// with what it adds to the score.
func (d *Detector) Scores() bool { return d.lexicon != nil }

// Tuned returns a detector with more keywords: those that speak for its values
// and those that speak against them.
func Tuned(d *Detector, keywords, negative []string) (*Detector, error) {
	tuned := *d
	tuned.keywords = slices.Clone(d.keywords)
	for _, group := range []struct {
		role  role
		words []string
	}{{strong, keywords}, {against, negative}} {
		patterns, err := userPatterns(group.words)
		if err != nil {
			return nil, err
		}
		if len(patterns) > 0 {
			tuned.keywords = append(tuned.keywords, keywordGroup{group.role, patterns})
		}
	}
	return &tuned, nil
}

// wordPatterns makes patterns of literal values; their case does not matter.
func wordPatterns(words []string) ([]string, error) {
	all, err := userPatterns(words)
	for i, w := range all {
		all[i] = strings.ToLower(w)
	}
	return all, err
}

// findWord queues a literal value that was found while the text ahead was read.
func findWord(f *finder, h hit) {
	f.search.add(sighting{h.start, h.end, h.start, h.end, f.set.words.words[h.word].detector})
}

// userPatterns makes keyword patterns of what an admin wrote. Words all in
// capitals match in capitals only; in others the case does not matter.
func userPatterns(words []string) ([]string, error) {
	var all []string
	for _, w := range words {
		if err := checkBraces(w); err != nil {
			return nil, err
		}
		w = foldWord(w)
		if strings.ToUpper(w) != w || strings.IndexFunc(w, unicode.IsLetter) < 0 {
			w = strings.ToLower(w)
		}
		all = append(all, w)
	}
	return all, nil
}

// foldWord folds a keyword as the text will be.
func foldWord(w string) string {
	var b []byte
	for _, r := range w {
		if f := foldings().fold(r); f != dropped {
			b = utf8.AppendRune(b, f)
		}
	}
	return string(b)
}

// checkBraces finds braces that are not "{a|b}", and too many spellings.
func checkBraces(pattern string) error {
	open, spellings, choices := false, 1, 1
	for _, r := range pattern {
		switch {
		case r == '{' && !open:
			open, choices = true, 1
		case r == '}' && open:
			open = false
			spellings *= choices
		case r == '|' && open:
			choices++
		case r == '{' || r == '}' || r == '|':
			return fmt.Errorf("keyword %q: alternatives are written {a|b}, not one in another", pattern)
		}
		if spellings*choices > maxSpellings {
			return fmt.Errorf("keyword %q has more than %d spellings", pattern, maxSpellings)
		}
	}
	if open || strings.Count(pattern, ".") > 4 {
		return fmt.Errorf("keyword %q: a brace is not closed, or there are more than four full stops", pattern)
	}
	return nil
}

const maxSpellings = 256

// checks validate the letters and digits of a value.
var checks = map[string]func(value []byte) bool{
	"none":  nil,
	"luhn":  func(v []byte) bool { return allDigits(v) && luhn(v) && !sameDigit(v) },
	"mod11": passesMod11,
	"mod97": passesMod97,
	"date":  passesDate,
}

// Checks lists the names of the checks that a Custom detector can have.
func Checks() []string { return slices.Sorted(maps.Keys(checks)) }

func allDigits(v []byte) bool {
	return len(v) > 0 && !slices.ContainsFunc(v, func(c byte) bool { return !isDigit(c) })
}

// passesMod11 weighs the digits from the right by 1, 2, 3 and so on; the sum must
// be divisible by eleven. The last may be X for ten, as in an ISBN: 0-8044-2957-X.
func passesMod11(v []byte) bool {
	sum := 0
	for i, c := range v {
		n := int(c - '0')
		switch {
		case c == 'X' && i == len(v)-1:
			n = 10
		case !isDigit(c):
			return false
		}
		sum += n * (len(v) - i)
	}
	return len(v) > 1 && sum%11 == 0 && !sameDigit(v)
}

// passesMod97 takes letters as 10 to 35; the number must leave 1 when divided by
// 97 (ISO 7064, MOD 97-10): 794 has the check digits 44, so 79444 passes.
func passesMod97(v []byte) bool {
	rest := 0
	for _, c := range v {
		switch {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case isUpper(c):
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return len(v) > 2 && rest == 1
}

// passesDate takes eight digits that are a day of 1900 to 2099, or six with the
// year short, in any usual order.
func passesDate(v []byte) bool {
	if !allDigits(v) {
		return false
	}
	switch len(v) {
	case 8:
		return isDate(v[:4], v[4:6], v[6:]) || isDate(v[4:], v[:2], v[2:4]) || isDate(v[4:], v[2:4], v[:2])
	case 6:
		for _, century := range []string{"19", "20"} {
			first, last := append([]byte(century), v[:2]...), append([]byte(century), v[4:]...)
			if isDate(first, v[2:4], v[4:]) || isDate(last, v[:2], v[2:4]) || isDate(last, v[2:4], v[:2]) {
				return true
			}
		}
	}
	return false
}

// masks by name, with what they show in words.
var masks = map[string]struct {
	mask  func(string) string
	words string
}{
	"":      {func(v string) string { return maskLast(v, 0) }, "nothing"},
	"all":   {func(v string) string { return maskLast(v, 0) }, "nothing"},
	"last2": {func(v string) string { return maskLast(v, 2) }, "last two characters"},
	"last3": {func(v string) string { return maskLast(v, 3) }, "last three characters"},
	"last4": {func(v string) string { return maskLast(v, 4) }, "last four characters"},
	"none":  {func(v string) string { return v }, "all of it"},
}

// Masks lists the names of the masks that a Custom detector can have.
func Masks() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(masks)), func(name string) bool { return name == "" })
}

// maskLast shows the last n characters of a value, and never more than half of it.
func maskLast(value string, n int) string {
	runes := []rune(value)
	n = min(n, len(runes)/2)
	return strings.Repeat("*", len(runes)-n) + string(runes[len(runes)-n:])
}

// NewTerm is a term of a Lexicon as an admin wrote it: a pattern as keywords are.
// Written in capitals it matches in capitals only.
func NewTerm(text string, weight int) (Term, error) {
	patterns, err := userPatterns([]string{text})
	if err != nil {
		return Term{}, err
	}
	return Term{Weight: weight, Phrases: patterns, CaseSensitive: strings.ToLower(patterns[0]) != patterns[0]}, nil
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
