package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// own compiles one lexicon beside the shipped detectors.
func own(t testing.TB, l *Lexicon) *Set {
	t.Helper()
	set, err := Compile(append(Builtin(), l.Detector()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestALexiconScoresEachTermOnce(t *testing.T) {
	l := &Lexicon{
		ID: "birds", Title: "birds", Low: 3, Medium: 6, High: 9,
		Terms: []Term{
			{Weight: 4, Phrases: []string{"great auk egg{|s}"}},
			{Weight: 3, Phrases: []string{"great auk"}},
			{Weight: 2, Phrases: []string{"egg{|s}"}, UpTo: 2},
			{Weight: 5, Phrases: []string{"RSPB list"}, CaseSensitive: true},
			{Weight: 3, Phrases: []string{"Dodo"}},
			{Weight: 3, Phrases: []string{"nest"}, Heading: true},
			{Weight: 1, Pattern: YearRange},
		},
	}
	set := own(t, l)
	for _, c := range []struct {
		name, text string
		want       string
	}{
		{"nothing", "a wren", ""},
		{"one term", "the great auk", "4-13 low 3"},
		{"a term again", "great auk, great auk", "0-9 low 3"},
		{"a term owns its text", "great auk eggs", "0-14 low 4"},
		{"a term owns its text once", "great auk eggs, great auk, egg", "0-14 high 9"},
		{"up to twice", "egg egg egg", "0-3 low 4"},
		{"a capital of a term that does not care", "DODO", "0-4 low 3"},
		{"only the words with capitals care", "RSPB LIST", "0-9 low 5"},
		{"a word whose case matters", "rspb list", ""},
		{"a heading", "see\n  * Nest:\nhere", "8-12 low 3"},
		{"a heading at the end", "1. nest", "3-7 low 3"},
		{"no heading", "a nest", ""},
		{"a span of years", "Dodo 2015 - present", "0-4 low 4"},
		{"over a line break, with a soft hyphen", "great\r\nau\u00adk", "0-12 low 3"},
		{"all of it", "Dodo, great auk eggs, RSPB list", "0-4 high 12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, cuts := range [][]int{nil, everyByte(len(c.text))} {
				got := ""
				for _, m := range scan(set, c.text, cuts) {
					if set.Detectors[m.Detector].ID == "birds" {
						got = fmt.Sprintf("%d-%d %s %d", m.Start, m.End, m.Confidence, m.Score)
					}
				}
				if got != c.want {
					t.Errorf("found %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestALexiconNamesItsTerms(t *testing.T) {
	set := builtin(t, Options{})
	for _, m := range scan(set, "FTI of the taxpayer, tax return transcripts", nil) {
		want := []string{"FTI +5", "taxpayer +2", "tax return transcripts +5"}
		if set.Detectors[m.Detector].ID == "us-fti" && !slices.Equal(m.Context, want) {
			t.Errorf("context %q, want %q", m.Context, want)
		}
	}
}

func TestCompileRefusesALexiconThatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		lexicon Lexicon
		want    string
	}{
		"no thresholds":    {Lexicon{ID: "x", Terms: []Term{{Phrases: []string{"a"}}}}, `detector "x": the thresholds are 0, 0 and 0, want them to rise from 1`},
		"no phrases":       {Lexicon{ID: "x", Low: 1, Medium: 2, High: 3, Terms: []Term{{Weight: 1}}}, `detector "x": term 1 has no phrases`},
		"a pattern":        {Lexicon{ID: "x", Low: 1, Medium: 2, High: 3, Terms: []Term{{Pattern: "dates"}}}, `detector "x": term 1 has the pattern "dates", want "year-range"`},
		"a phrase of \"\"": {Lexicon{ID: "x", Low: 1, Medium: 2, High: 3, Terms: []Term{{Phrases: []string{" "}}}}, `detector "x": keyword pattern " " has the spelling "", want 1 to 256 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Compile([]*Detector{c.lexicon.Detector()}, Options{}); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// manyTerms is a lexicon of n terms made of syllables.
func manyTerms(n int) *Lexicon {
	l := &Lexicon{ID: "many", Title: "many terms", Low: 1, Medium: 2, High: 3}
	syllables := strings.Fields("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu")
	for i := range n {
		var b strings.Builder
		for j := i; b.Len() < 6 || j > 0; j /= len(syllables) {
			b.WriteString(syllables[j%len(syllables)])
		}
		word := b.String()
		if i%3 == 0 {
			word += " " + syllables[i%7] + "ter"
		}
		l.Terms = append(l.Terms, Term{Weight: 1, Phrases: []string{word}})
	}
	return l
}

func TestThousandsOfTermsAreAllFound(t *testing.T) {
	l := manyTerms(5000)
	var text strings.Builder
	for i := range l.Terms {
		l.Terms[i].UpTo = 1
		text.WriteString(l.Terms[i].Phrases[0] + ", ")
	}
	set := own(t, l)
	for _, m := range scan(set, text.String(), nil) {
		if set.Detectors[m.Detector].ID == "many" && m.Score < 4900 { // a few are words of others
			t.Errorf("score %d, want nearly 5000", m.Score)
		}
	}
}

// BenchmarkTerms shows what more terms cost.
func BenchmarkTerms(b *testing.B) {
	text := []byte(strings.Repeat("The committee met on Tuesday, 4 May, and agreed; nobody wished to speak against the plan,\nso the chair closed the meeting at noon and thanked all who had come.\n\n", 6000))
	for _, n := range []int{1, 500, 5000, 50000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := own(b, manyTerms(n)).NewStream(func(Match) {})
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Write(text)
				s.Close()
				s.Reset(func(Match) {})
			}
		})
	}
}
