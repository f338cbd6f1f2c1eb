package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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

// Fault is one thing that is wrong with what an admin wrote of a detector.
type Fault struct {
	Key   string // what it is about: "pattern", "words", "keywords" …
	Index int    // of the word that is wrong, where Key is a list
	Err   error
}

func (f Fault) Error() string { return f.Err.Error() }

// Faults are all that is wrong with a detector. As an error they are one line each.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(key string, index int, err error) {
	if err != nil {
		*f = append(*f, Fault{key, index, err})
	}
}

// Detector makes it a detector to be compiled with others. The error is Faults.
func (c *Custom) Detector() (*Detector, error) {
	d := &Detector{
		ID: c.ID, Title: c.Title, Fingerprint: c.Fingerprint, window: c.Window,
		grades: []grade{{form: "value", label: c.Levels.Label, window: c.Levels.Window, alone: c.Levels.Alone, negative: c.Levels.Negative}},
	}
	var wrong Faults
	var err error
	if c.Pattern != "" {
		d.pattern, err = compilePattern(c.Pattern)
		wrong.add("pattern", 0, err)
	}
	if len(c.Words) > 0 {
		d.triggers = wordPatterns(c.Words, &wrong)
		d.literal, d.trigger = true, findWord
	}
	check, ok := checks[c.Check]
	if c.Check != "" && !ok {
		wrong.add("validate", 0, fmt.Errorf("unknown check %q, want one of %s", c.Check, strings.Join(Checks(), ", ")))
	}
	d.check, d.checked = check, c.Check
	d.addKeywords(&wrong, words{"keywords", strong, c.Keywords}, words{"negative", against, c.Negative})
	if c.Window < 0 || c.Window > windowChars {
		wrong.add("window", 0, fmt.Errorf("the window has %d characters, want 1 to %d", c.Window, windowChars))
	}
	mask, ok := masks[c.Mask]
	if !ok {
		wrong.add("mask", 0, fmt.Errorf("unknown mask %q, want one of %s", c.Mask, strings.Join(Masks(), ", ")))
	}
	d.Mask, d.Masking = mask.mask, mask.words
	if len(wrong) > 0 {
		return nil, wrong
	}
	return d, nil
}

// words are keywords as an admin wrote them, under a key of his table.
type words struct {
	key  string
	role role
	text []string
}

func (d *Detector) addKeywords(wrong *Faults, groups ...words) {
	for _, group := range groups {
		if patterns := userPatterns(group.key, group.text, wrong); len(patterns) > 0 {
			d.keywords = append(d.keywords, keywordGroup{group.role, patterns})
		}
	}
}

// own reports whether an admin described what a detector finds.
func (d *Detector) own() bool { return d.pattern != nil || d.literal }

// Scores reports whether a detector is a lexicon: its matches name the terms, each
// with what it adds to the score.
func (d *Detector) Scores() bool { return d.lexicon != nil }

// Tuned returns a detector with more keywords: those that speak for its values
// and those that speak against them. The error is Faults.
func Tuned(d *Detector, keywords, negative []string) (*Detector, error) {
	tuned := *d
	tuned.keywords = slices.Clone(d.keywords)
	var wrong Faults
	tuned.addKeywords(&wrong, words{"keywords_add", strong, keywords}, words{"negative_add", against, negative})
	if len(wrong) > 0 {
		return nil, wrong
	}
	return &tuned, nil
}

// wordPatterns makes patterns of literal values; their case does not matter.
func wordPatterns(words []string, wrong *Faults) []string {
	all := userPatterns("words", words, wrong)
	for i, w := range all {
		all[i] = strings.ToLower(w)
	}
	return all
}

// findWord queues a literal value that was found while the text ahead was read.
func findWord(f *finder, h hit) {
	f.search.add(sighting{h.start, h.end, h.start, h.end, f.set.words.words[h.word].detector})
}

// userPatterns makes keyword patterns of what an admin wrote under a key. Words all
// in capitals match in capitals only; in others the case does not matter.
func userPatterns(key string, words []string, wrong *Faults) []string {
	var all []string
	for i, w := range words {
		if err := checkWord(w); err != nil {
			wrong.add(key, i, err)
			continue
		}
		w = foldWord(w)
		if strings.ToUpper(w) != w || strings.IndexFunc(w, unicode.IsLetter) < 0 {
			w = strings.ToLower(w)
		}
		all = append(all, w)
	}
	return all
}

// foldWord folds a keyword as the text will be. Accents are written into their
// letters, as nearly every text has them (see dictionary.insertSpelled).
func foldWord(w string) string {
	var b []byte
	for _, r := range norm.NFC.String(w) {
		if f := foldings().fold(r); f != dropped {
			b = utf8.AppendRune(b, f)
		}
	}
	return string(b)
}

// checkWord finds what is wrong with a keyword as an admin wrote it.
func checkWord(w string) error {
	if err := checkBraces(w); err != nil {
		return err
	}
	for _, spelled := range alternatives(foldWord(w)) {
		switch n := keywordBytes(strings.Join(strings.Fields(spelled), " ")); {
		case n == 0 && strings.ContainsRune(w, '{'):
			return fmt.Errorf("keyword %q: one of its spellings is empty", w)
		case n == 0:
			return fmt.Errorf("keyword %q is empty", w)
		case n > maxKeyword:
			return fmt.Errorf("keyword %q has %d bytes with room for wide spaces, want at most %d", clip(w, 40), n, maxKeyword)
		}
	}
	return nil
}

// clip shortens what an admin wrote for a message.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
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
	if open {
		return fmt.Errorf("keyword %q: a brace is not closed; alternatives are written {a|b}", pattern)
	}
	if strings.Count(pattern, ".") > 4 {
		return fmt.Errorf("keyword %q has more than four full stops", pattern)
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
