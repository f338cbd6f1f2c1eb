package detect

import (
	"bytes"
	"fmt"
	"strings"
)

// ukMarking is a marking of the UK government's classification scheme. The words
// are everyday words: only where a marking stands are they one, and only the
// words OFFICIAL-SENSITIVE in capitals are hardly anything else.
var ukMarking = &Detector{
	ID:    "uk-marking",
	Title: "UK security marking",
	Finds: "OFFICIAL, OFFICIAL-SENSITIVE, SECRET and TOP SECRET, with UK before them or not, with a descriptor or a handling instruction in brackets after them or not. " +
		"High alone on a line, in brackets, at the start of the Subject, behind \"protective marking:\" or \"classification:\". " +
		"In running text OFFICIAL-SENSITIVE is medium in capitals, low in mixed case; the others are not found there, nor anything in lower case. " +
		"In brackets and in the Subject OFFICIAL, SECRET and TOP SECRET must be in capitals, and in the Subject the next word must not be.",
	Forms:   []string{"OFFICIAL", "OFFICIAL-SENSITIVE", "OFFICIAL SENSITIVE", "OFFICIAL: SENSITIVE", "SECRET", "TOP SECRET", "UK SECRET"},
	Sources: []string{"Cabinet Office, Government Security Classifications Policy (2024)"},
	Mask:    func(value string) string { return value }, Masking: "the marking",
	triggers: []string{"official", "secret", "top secret"},
	trigger:  findMarking,
}

// placing is how a marking stands in its text.
type placing uint8

const (
	inText placing = iota
	atSubject
	inBrackets
	onOwnLine
	behindLabel
)

// maxMarkingLine bounds the line of a marking.
const maxMarkingLine = 200

func findMarking(f *finder, h hit) {
	t := f.text
	c := candidate{start: h.start, end: h.end}
	value := "OFFICIAL"
	switch lower(string(t.slice(h.start, h.end))[:1]) {
	case "o":
		if end, ok := sensitive(t, h.end); ok {
			value, c.end = "OFFICIAL-SENSITIVE", end
		}
	case "s":
		if q := t.skipBack(h.start, 4); q < h.start && hasPrefixFold(t.slice(q-3, q), "top") && !t.wordBefore(q-3) {
			return
		}
		value = "SECRET"
	default:
		value = "TOP SECRET"
	}
	word := t.slice(c.start, c.end)
	upper, lowerCase := letterCase(word)
	if lowerCase || t.wordBefore(c.start) || t.wordAfter(c.end) || t.at(c.start-1) == '-' && t.wordBefore(c.start-1) {
		return
	}
	if q := t.skipBack(c.start, 1); q < c.start && string(t.slice(q-2, q)) == "UK" && !t.wordBefore(q-2) {
		c.start = q - 2
	}
	single := value != "OFFICIAL-SENSITIVE"
	place := f.placing(&c, upper, single)
	level := High
	if place == inText {
		switch {
		case single:
			return
		case upper:
			level = Medium
		default:
			level = Low
		}
	}
	c.put([]byte(value)...)
	f.detector = f.set.words.words[h.word].detector
	f.report(&c, level, nil, noLabel)
}

// sensitive reads what makes OFFICIAL, which ends at p, OFFICIAL-SENSITIVE.
func sensitive(t *text, p int64) (int64, bool) {
	q := t.skip(p, 2)
	if b := t.at(q); b == '-' || b == ':' {
		q = t.skip(q+1, 2)
	}
	end := q + int64(len("sensitive"))
	return end, q > p && hasPrefixFold(t.slice(q, end), "sensitive") && !t.wordAfter(end)
}

// letterCase reports whether all letters are upper case, and whether all are
// lower case.
func letterCase(b []byte) (upper, lowerCase bool) {
	upper, lowerCase = true, true
	for _, c := range b {
		if isLetter(c) {
			upper, lowerCase = upper && isUpper(c), lowerCase && !isUpper(c)
		}
	}
	return upper, lowerCase
}

// placing finds out how a marking stands, and makes its descriptor or handling
// instruction a part of it.
func (f *finder) placing(c *candidate, upper, single bool) placing {
	t := f.text
	if behindMarkingLabel(t, c.start) {
		return behindLabel
	}
	plain := upper || !single
	if f.startsSubject(c.start) && plain {
		if !single || !shouts(t, t.skip(c.end, 2)) {
			return atSubject
		}
	}
	if end, ok := closesLine(t, c.start, c.end, single); ok {
		c.end = end
		return onOwnLine
	}
	if plain && bracketed(t, c.start, c.end) {
		return inBrackets
	}
	return inText
}

// shouts reports whether the word at p is in capitals and no descriptor: then the
// Subject is written in capitals, and what looks like a marking is its first word.
func shouts(t *text, p int64) bool {
	n := int64(0)
	for isLetter(t.at(p + n)) {
		n++
	}
	upper, _ := letterCase(t.slice(p, p+n))
	return n > 1 && upper && capitals(t, p, true) == 0
}

func isLineEnd(b byte) bool { return b == 0 || b == '\r' || b == '\n' }

// behindMarkingLabel reports whether a label of markings ends right before p.
func behindMarkingLabel(t *text, p int64) bool {
	q := t.skipBack(p, 4)
	for n := 0; n < 3 && (t.at(q-1) == '"' || t.at(q-1) == '*' || t.at(q-1) == '['); n++ {
		q--
	}
	for n := 0; n < 4 && (t.at(q-1) == ' ' || t.at(q-1) == '\t'); n++ { // a tab: the next cell
		q--
	}
	if t.at(q-1) != ':' && t.at(q-1) != '=' {
		return false
	}
	q = t.skipBack(q-1, 2)
	if t.at(q-1) == '"' {
		q--
	}
	for _, label := range []string{"protective marking", "protective-marking", "classification"} {
		from := q - int64(len(label))
		if hasPrefixFold(t.slice(from, q), label) && !t.wordBefore(from) {
			return true
		}
	}
	return false
}

// replyMarks are what mail programs put before a Subject.
var replyMarks = []string{"re:", "fw:", "fwd:", "aw:", "wg:", "sv:"}

// startsSubject reports whether nothing but marks of replies and brackets stands
// in the Subject before p.
func (f *finder) startsSubject(p int64) bool {
	if p < f.subject.from || p >= f.subject.to {
		return false
	}
	before := bytes.TrimLeft(f.text.slice(max(f.subject.from, p-maxMarkingLine), p), " \t")
	for again := true; again; {
		again = false
		for _, mark := range replyMarks {
			if hasPrefixFold(before, mark) {
				before, again = bytes.TrimLeft(before[len(mark):], " \t"), true
			}
		}
	}
	return len(bytes.Trim(before, " \t\"'*[(")) == 0
}

// closesLine reports whether [start,end) and a descriptor behind it are alone on
// a line, but for quotes and brackets, and where the marking ends.
func closesLine(t *text, start, end int64, single bool) (int64, bool) {
	for n := 0; !isLineEnd(t.at(start - 1)); n++ {
		if n == maxDecoration || !bytes.ContainsRune([]byte(" \t\"'*#>_|[({<=-"), rune(t.at(start-1))) {
			return 0, false
		}
		start--
	}
	// The descriptor belongs to the marking, what closes quotes does not.
	end = descriptor(t, end, single)
	for p, n := end, 0; ; n++ {
		switch b := t.at(p); {
		case isLineEnd(b):
			return end, true
		case n == maxDecoration || !bytes.ContainsRune([]byte(" \t\"'*#_|])}>=-.:"), rune(b)):
			return 0, false
		}
		p++
	}
}

// descriptors are the words that may follow any marking.
var descriptors = []string{
	"PERSONAL DATA", "PERSONAL", "COMMERCIAL", "LOCSEN", "MARKET SENSITIVE", "ORGANISATIONAL", "HR", "LEGAL", "MEDICAL", "STAFF", "MANAGEMENT", "POLICY", "INVESTIGATION",
	"UK EYES ONLY", "EYES ONLY", "RECIPIENTS ONLY", "FOR PUBLIC RELEASE", "HMG USE ONLY", "EMBARGOED",
}

// descriptor is the end of a descriptor or a handling instruction in brackets
// behind a marking that ends at p, or p. OFFICIAL-SENSITIVE takes any words in
// capitals.
func descriptor(t *text, p int64, single bool) int64 {
	end := p
	for range 4 {
		q := t.skip(end, 2)
		if b := t.at(q); b == '-' || b == ':' || b == '/' {
			q = t.skip(q+1, 2)
		}
		next := int64(0)
		if t.at(q) == '[' || t.at(q) == '(' {
			next = bracket(t, q)
		} else if q > end {
			next = capitals(t, q, single)
		}
		if next <= q {
			return end
		}
		end = next
	}
	return end
}

// bracket is the end of the brackets that open at p, on one line.
func bracket(t *text, p int64) int64 {
	shut := byte(']')
	if t.at(p) == '(' {
		shut = ')'
	}
	for q := p + 1; q < p+maxMarkingLine && !isLineEnd(t.at(q)); q++ {
		if t.at(q) == shut {
			return q + 1
		}
	}
	return 0
}

// capitals is the end of a descriptor at p.
func capitals(t *text, p int64, single bool) int64 {
	for _, d := range descriptors {
		end := p + int64(len(d))
		if string(t.slice(p, end)) == d && !t.wordAfter(end) {
			return end
		}
	}
	if single {
		return 0
	}
	q := p
	for isUpper(t.at(q)) {
		q++
	}
	if q-p < 2 || t.wordAfter(q) {
		return 0
	}
	return q
}

// bracketed reports whether [start,end), with a descriptor behind it, stands in
// brackets by itself.
func bracketed(t *text, start, end int64) bool {
	open := t.at(t.skipBack(start, 2) - 1)
	end = t.skip(descriptor(t, end, false), 2)
	shut := t.at(end)
	return open == '[' && shut == ']' || open == '(' && shut == ')' || open == '{' && shut == '}' || open == '<' && shut == '>'
}

// markerID is the detector whose phrases are the Options' Markers.
const markerID = "marker"

// marker finds the strings by which senders ask for a treatment of their mail.
var marker = &Detector{
	ID:    markerID,
	Title: "marker",
	Finds: "Literal strings that the configuration names, in any case; by default E_M_A_I_L_B_L_O_C_K anywhere and [encrypt] in the Subject. A text that quotes one has it too. Always high.",
	Forms: []string{"E_M_A_I_L_B_L_O_C_K", "[encrypt]"},
	Sources: []string{
		"DWP Email Policy, 4 (E_M_A_I_L_B_L_O_C_K)",
		"Missouri DSS, Email Policy 0107.010.05, memorandum IM-65 ([encrypt] in the subject line)",
	},
	Mask: func(value string) string { return value }, Masking: "the marker",
	trigger: findMarker,
}

// addMarkers adds the Options' Markers to the dictionary; a keyword's term is
// its index.
func (s *Set) addMarkers(detector int) error {
	all := s.options.Markers
	if all == nil {
		all = DefaultMarkers
	}
	for i, m := range all {
		// The dictionary knows a marker from its first letter or number on.
		whole := foldString(m.Text)
		word := strings.TrimLeftFunc(whole, func(r rune) bool { return !isAlnum(r) })
		if err := s.words.addLiteral(detector, triggers, word, int32(i)); err != nil {
			return fmt.Errorf("marker %q: %w", m.Text, err)
		}
		s.markers = append(s.markers, markerEntry{m, whole[:len(whole)-len(word)]})
	}
	return nil
}

// markerEntry is a Marker and what stands before its first letter or number.
type markerEntry struct {
	Marker
	before string
}

func findMarker(f *finder, h hit) {
	word := &f.set.words.words[h.word]
	m := &f.set.markers[word.term]
	t := f.text
	h.start -= int64(len(m.before))
	if !hasPrefixFold(t.slice(h.start, h.end), m.before) || m.SubjectOnly && !f.subject.holds(h) {
		return
	}
	if first, _ := t.after(h.start); isWord(first) && t.wordBefore(h.start) {
		return
	}
	if last, _ := t.before(h.end); isWord(last) && t.wordAfter(h.end) {
		return
	}
	c := candidate{start: h.start, end: h.end}
	f.detector = word.detector
	f.reportValue(&c, m.Text, High, nil, noLabel)
}
