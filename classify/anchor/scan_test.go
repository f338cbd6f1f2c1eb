package anchor

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// plainScan says what Scan must find, byte by byte.
func plainScan(least, most int, text string, from, to int) []Hit {
	var hits []Hit
	for i := from; i < to; i++ {
		if !isDigit(text[i]) || i > 0 && isDigit(text[i-1]) {
			continue
		}
		n := 0
		for j := i; j < len(text); j++ {
			if isDigit(text[j]) {
				n++
			} else if c := text[j]; c != '-' && c != '.' && c != ' ' || j+1 == len(text) || !isDigit(text[j+1]) {
				break
			}
		}
		if n >= least {
			hits = append(hits, Hit{At: i, Digits: min(n, most)})
		}
	}
	return hits
}

func TestScanFindsChains(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []int
	}{
		"nothing in prose":                         {"no digits at all in this line of text", nil},
		"a run":                                    {"a 123456 b", []int{2}},
		"a run that is too short":                  {"a 12345 b", nil},
		"groups, each of which begins a chain":     {"12 34 56 78", []int{0, 3}},
		"two separators end a chain":               {"123  456", nil},
		"a separator at the end adds nothing":      {"12345-", nil},
		"the last digits of a text of eight bytes": {"ab123456", []int{2}},
		"bytes over 0x7f are no digits":            {"\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7123456", []int{8}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			for _, h := range New(6, 8).Scan([]byte(c.text), 0, len(c.text), nil) {
				got = append(got, h.At)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Scan(%q) found %v, want %v", c.text, got, c.want)
			}
		})
	}
}

func TestScanAgreesWithThePlainScanForAnyCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const alphabet = "0123456789-. ax/:;\xb0\xff"
	for range 2000 {
		text := make([]byte, random.IntN(120))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		want := plainScan(6, 8, string(text), 0, len(text))
		cut := random.IntN(len(text) + 1)
		set := New(6, 8)
		got := set.Scan(text, 0, cut, nil)
		got = set.Scan(text, cut, len(text), got)
		if !slices.Equal(got, want) {
			t.Fatalf("Scan(%q) cut at %d found %v, want %v", text, cut, got, want)
		}
	}
}

func BenchmarkScanProse(b *testing.B) {
	text := make([]byte, 0, 1<<16)
	for len(text) < 1<<16 {
		text = append(text, "The quick brown fox jumps over the lazy dog; on 4 May 2024 it did so twice.\n"...)
	}
	set, hits := New(6, 8), []Hit(nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		hits = set.Scan(text, 0, len(text), hits[:0])
	}
}
