package classify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Question is what a compiled policy asks of content, beside the detectors. The
// Scanner answers it by ID.
type Question struct {
	ID   string // stable: the same question has the same ID in every policy
	Kind QuestionKind
	// Field is the header field that a HeaderField question looks at.
	Field string
	// Text is the tag with its brackets (Tag), or the phrase that the field's
	// value must hold, case and white space ignored (HeaderField; empty asks
	// whether the field is there at all).
	Text string
}

// QuestionKind tells what a Question asks.
type QuestionKind uint8

// Kinds of questions.
const (
	Tag         QuestionKind = iota // is the tag in the decoded Subject, any case?
	HeaderField                     // does a field of the mail's own header hold the text?
)

// Answer is the Scanner's answer to a Question.
type Answer struct {
	Yes bool `json:"yes"`
	// Near says that no tag was found, but something that was meant as one:
	// other, missing or full-width brackets, blanks inside, a letter wrong,
	// missing, doubled or swapped, or an ending too many.
	Near bool `json:"near,omitempty"`
}

func (a Answer) or(b Answer) Answer {
	yes := a.Yes || b.Yes
	return Answer{Yes: yes, Near: !yes && (a.Near || b.Near)}
}

// ask answers the question for one header field.
func (q *Question) ask(name, value string) Answer {
	switch q.Kind {
	case Tag:
		if strings.EqualFold(name, "Subject") {
			return findTag(q.Text, value)
		}
	case HeaderField:
		if strings.EqualFold(name, q.Field) {
			return Answer{Yes: strings.Contains(squeeze(value), squeeze(q.Text))}
		}
	}
	return Answer{}
}

// squeeze lowers the case and makes every run of white space one space.
func squeeze(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// findTag looks for a subject tag such as "[encrypt]": as it is but for case and
// for characters that no reader sees, or nearly so.
func findTag(tag, subject string) Answer {
	subject = squeeze(dropInvisible(subject))
	tag = squeeze(tag)
	if strings.Contains(subject, tag) {
		return Answer{Yes: true}
	}
	want := strings.Fields(trimBrackets(tag))
	if len(want) == 0 {
		return Answer{}
	}
	words := bracketWords(norm.NFKC.String(subject))
	if from, _ := meant(want, words); from >= 0 {
		return Answer{Near: true}
	}
	return Answer{}
}

// maxPieces is into how many pieces more than it has words a tag may have fallen.
const maxPieces = 3

// meant finds the first run of words that was meant as a tag; from is -1 if there
// is none.
func meant(want []string, words []bracketWord) (from, to int) {
	for i := range words {
		for n := 1; n <= len(want)+maxPieces && i+n <= len(words); n++ {
			if meantAs(want, words[i:i+n]) {
				return i, i + n
			}
		}
	}
	return -1, -1
}

// meantAs reports whether words with brackets were meant as a tag: word by word, or
// written together, or in pieces, or the two words of a tag the other way round.
func meantAs(want []string, run []bracketWord) bool {
	first, last := run[0], run[len(run)-1]
	if !(first.opened && last.closed || first.dangling || last.dangling) {
		return false
	}
	if allNear(want, run) {
		return true
	}
	var joined strings.Builder
	for _, w := range run {
		joined.WriteString(w.text)
	}
	if nearlyJoined(strings.Join(want, ""), joined.String()) {
		return true
	}
	if len(want) != 2 {
		return false
	}
	turned := []string{want[1], want[0]}
	return allNear(turned, run) || nearlyJoined(want[1]+want[0], joined.String())
}

// nearlyJoined reports whether words written together are those of a tag.
func nearlyJoined(want, got string) bool {
	return len(want) > 3 && len(got) <= len(want)+8 && nearWord(want, got)
}

func allNear(want []string, run []bracketWord) bool {
	if len(want) != len(run) {
		return false
	}
	for i, w := range want {
		if !nearWord(w, run[i].text) {
			return false
		}
	}
	return true
}

// bracketWord is a word of a subject, with whether a bracket of any kind opens
// right before it or closes right after it, blanks aside. A dangling one has a
// bracket whose other half is nowhere.
type bracketWord struct {
	text                     string
	from, to                 int // where it stands
	opened, closed, dangling bool
}

func opens(r rune) bool  { return unicode.In(r, unicode.Ps, unicode.Pi) || r == '<' || r == '|' }
func closes(r rune) bool { return unicode.In(r, unicode.Pe, unicode.Pf) || r == '>' || r == '|' }

func trimBrackets(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return opens(r) || closes(r) })
}

func bracketWords(s string) []bracketWord {
	var words []bracketWord
	opened, touching := false, false
	whole := len(s)
	opening := strings.ContainsFunc(s, opens)
	closing := strings.ContainsFunc(s, closes)
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if isWordRune(r) {
			if n = strings.IndexFunc(s, func(r rune) bool { return !isWordRune(r) }); n < 0 {
				n = len(s)
			}
			words = append(words, bracketWord{text: s[:n], from: whole - len(s), to: whole - len(s) + n, opened: opened, dangling: opened && !closing})
			opened, touching = false, true
			s = s[n:]
			continue
		}
		if closes(r) && touching {
			words[len(words)-1].closed = true
			words[len(words)-1].dangling = !opening
		}
		if !unicode.IsSpace(r) {
			opened, touching = opens(r), false
		}
		s = s[n:]
	}
	return words
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// nearWord reports whether a sender may have meant want: the same word, one slip
// of the hand away (two in a long word), or with an ending of up to three letters.
func nearWord(want, got string) bool {
	if ending := len(got) - len(want); ending > 0 && ending <= 3 && strings.HasPrefix(got, want) {
		return true
	}
	slips := 1
	if len(want) > 8 {
		slips = 2
	}
	return len(want) > 2 && editDistance([]rune(want), []rune(got), slips) <= slips || want == got
}

// editDistance counts the letters to insert, delete, change or swap with their
// neighbour (optimal string alignment). It gives up above limit.
func editDistance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// dropInvisible removes the characters that no mail reader shows: soft hyphens,
// zero-width and bidirectional marks (Unicode category Cf), controls, and
// combining grapheme joiners.
func dropInvisible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u034f' || unicode.Is(unicode.Cf, r):
			return -1
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}
