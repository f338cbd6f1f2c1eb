package detect

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// Places that nobody with a keyword in reach wants are left out: with and without that
// the same is found, however far keywords, headers and halves are from their values.
func TestPlacesLeftOutAreThoseOfNobody(t *testing.T) {
	gated := builtin(t, Options{})
	all := *gated
	all.needy, all.labelled, all.partnered = 0, 0, 0
	random := rand.New(rand.NewPCG(11, 12))
	fillers := []string{"and the ", "no more of it, ", "é", "7 ", "12:30 ", "a\nb\n", "\r\n\r\n", "x,y,z\n", "– "}
	for range 600 {
		var b strings.Builder
		for range 5 + random.IntN(60) {
			b.WriteString(snippets[random.IntN(len(snippets))])
			if random.IntN(4) == 0 {
				b.WriteString(strings.Repeat(fillers[random.IntN(len(fillers))], random.IntN(120)))
			}
		}
		text := b.String()
		got, want := scan(gated, text, nil), scan(&all, text, nil)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("in %q\nfound %+v\nwant  %+v", text, got, want)
		}
	}
}

// A sort code and an account need no keyword, on whichever side of where the next places
// are asked for they stand.
func TestPairsWithoutAKeyword(t *testing.T) {
	set := builtin(t, Options{})
	for _, pair := range []string{"10-79-99 88837491", "88837491 10-79-99"} {
		for at := amongBytes - 30; at < amongBytes+10; at++ {
			text := strings.Repeat("x ", at/2) + strings.Repeat(" ", at%2) + pair + strings.Repeat(" x", 600)
			if found := scan(set, text, nil); len(found) != 1 || set.Detectors[found[0].Detector].ID != "uk-bank" {
				t.Fatalf("%q at %d: found %+v, want one account", pair, at, found)
			}
		}
	}
}

// Six digits or three pairs are seen where they are, across blocks too, and nowhere else.
func TestSixDigitsBetweenPlaces(t *testing.T) {
	for _, c := range []struct {
		number     string
		six, pairs bool
	}{{"123456", true, false}, {"12-34-56", true, true}, {"12 34 56", true, false}, {"12345", false, false}, {"12/34/56", false, false}, {"12-34-5", false, false}} {
		for at := range 200 {
			var s Stream
			s.text.reset()
			s.text.fold([]byte(strings.Repeat("x", at)+c.number+strings.Repeat("x", 80)), 4096)
			s.text.mark(true)
			from := int64(at)
			if got := s.text.hasSix(from, from+1); got != c.six {
				t.Fatalf("%q at %d: six digits %v, want %v", c.number, at, got, c.six)
			}
			if got := s.text.hasPairs(from, from+1); got != c.pairs {
				t.Fatalf("%q at %d: pairs %v, want %v", c.number, at, got, c.pairs)
			}
			if s.text.hasSix(0, from) || s.text.hasPairs(0, from) || s.text.hasSix(from+9, from+60) {
				t.Fatalf("%q at %d is seen elsewhere", c.number, at)
			}
		}
	}
}
