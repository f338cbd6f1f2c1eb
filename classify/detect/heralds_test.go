package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Alone the core detectors look for keywords around numbers only, beside a lexicon all
// of the text is searched.
func TestHeadersFarAwaySpeakAloneAsBesideALexicon(t *testing.T) {
	alone := core(t)
	lexicon := &Lexicon{ID: "x-any", Title: "any", Finds: "any", Terms: []Term{{Weight: 1, Phrases: []string{"zebra"}}}, Low: 1, Medium: 2, High: 3}
	beside, err := Compile(append(slices.Clip(alone.Detectors), lexicon.Detector()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if alone.everywhere || !beside.everywhere {
		t.Fatal("both sets search alike")
	}
	r := rand.New(rand.NewPCG(5, 2))
	found := 0
	for range 60 {
		text := tables(r, 30<<10+r.IntN(80<<10))
		got, want := findAll(alone, text), findAll(beside, text)
		found += len(want)
		if len(got) != len(want) {
			t.Errorf("got %d matches, beside a lexicon %d", len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
				t.Fatalf("got %+v, beside a lexicon %+v", got[i], want[i])
			}
		}
	}
	if found < 1000 {
		t.Errorf("got %d matches in all, want tables with many", found)
	}
}

func findAll(set *Set, text string) (all []Match) {
	s := set.NewStream(func(m Match) { all = append(all, m) })
	write(s, []byte(text))
	return all
}

// tables makes up a text of rows under headers that speak or do not, of prose
// between them, and of few empty lines.
func tables(r *rand.Rand, size int) string {
	var b strings.Builder
	ends := []string{"\n", "\n", "\r\n", "\r"}[r.IntN(4)]
	quiet := r.IntN(3) == 0
	for b.Len() < size {
		delim := string("\t|;,"[r.IntN(4)])
		switch r.IntN(12) {
		case 0, 1:
			heads := []string{"id", "amount", "name", "order", "date", "city", "batch"}
			if r.IntN(3) == 0 {
				heads = append(heads, "ssn", "DCN", "client number", "national insurance no.", `"dcn"`, "social security")
			}
			n := 2 + r.IntN(6)
			for i := range n {
				if i > 0 {
					b.WriteString(delim)
				}
				b.WriteString(heads[r.IntN(len(heads))])
			}
			b.WriteString(ends)
			for range r.IntN(300) {
				writeRow(r, &b, delim, n)
				b.WriteString(ends)
				if r.IntN(40) == 0 {
					b.WriteString("a line between" + ends)
				}
			}
		case 2:
			if r.IntN(4) == 0 {
				b.WriteString(ends)
			}
		case 3:
			b.WriteString([]string{"my ssn is ", "dcn ", "order ", "the client number, as I said: ", "Missouri, and "}[r.IntN(5)])
			fmt.Fprintf(&b, "%08d%s", r.IntN(1e8), ends)
		case 4:
			fmt.Fprintf(&b, "what is 2%08d or %09d, or else%s", r.IntN(1e8), r.IntN(1e9), ends)
		case 5:
			fmt.Fprintf(&b, "%d.%d host app[%d]: id=%d took %d.%03d ms, bytes=%d%s", r.IntN(1e9), r.IntN(1e6), r.IntN(1e5), r.IntN(1e10), r.IntN(900), r.IntN(1e3), r.IntN(1e9), ends)
		default:
			words := []string{"a word", "or another", "of Missouri", "so, then", "on; and on", "number", "naïve"}
			if quiet {
				words = words[:2]
			}
			for range r.IntN(200) {
				b.WriteString(words[r.IntN(len(words))] + " ")
			}
			b.WriteString(ends)
		}
	}
	return b.String()
}

func writeRow(r *rand.Rand, b *strings.Builder, delim string, n int) {
	for i := range n {
		if i > 0 {
			b.WriteString(delim)
		}
		switch r.IntN(6) {
		case 0:
			fmt.Fprintf(b, "%08d", r.IntN(1e8))
		case 1:
			fmt.Fprintf(b, "%09d", r.IntN(1e9))
		case 2:
			fmt.Fprintf(b, "AB%06d", r.IntN(1e6))
		case 3:
			fmt.Fprintf(b, `"%d, more"`, r.IntN(1e4))
		case 4:
			fmt.Fprintf(b, "%d", r.IntN(1e5))
		default:
			b.WriteString("cell")
		}
	}
}
