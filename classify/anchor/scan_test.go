package anchor

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// plainScan says what Scan must find, byte by byte.
func plainScan(wants []Want, text string, from, to int) []Hit {
	var hits []Hit
	for i := from; i < to; i++ {
		if !isDigit(text[i]) || i > 0 && isDigit(text[i-1]) {
			continue
		}
		n, run, joined := 0, 0, false
		for j := i; j < len(text); j++ {
			if isDigit(text[j]) {
				n++
				if !joined {
					run++
				}
			} else if c := text[j]; c != '-' && c != '.' && c != ' ' || j+1 == len(text) || !isDigit(text[j+1]) {
				break
			} else {
				joined = true
			}
		}
		h := Hit{int32(i), uint8(min(run, ManyDigits)), uint8(min(n, ManyDigits)), 0}
		if i > 0 && isLetter(text[i-1]) || i > 1 && (text[i-1] == ' ' || text[i-1] == '-') && isLetter(text[i-2]) {
			h.Lettered = 1
		}
		if slices.ContainsFunc(wants, func(w Want) bool { return w.Takes(&h) }) {
			hits = append(hits, h)
		}
	}
	return hits
}

func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isDigit(c byte) bool  { return c-'0' < 10 }

// marksOf returns the marks of a text, its last block filled up with zeros.
func marksOf(text []byte) []Digits {
	marks := make([]Digits, (len(text)+BlockBytes-1)/BlockBytes)
	MarkDigits(append(slices.Clone(text), make([]byte, BlockBytes)...), marks)
	return marks
}

func TestScanFindsChains(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []int32
	}{
		"nothing in prose":                         {"no digits at all in this line of text", nil},
		"a run":                                    {"a 123456 b", []int32{2}},
		"a run that is too short":                  {"a 12345 b", nil},
		"groups, each of which begins a chain":     {"12 34 56 78", []int32{0, 3}},
		"two separators end a chain":               {"123  456", nil},
		"a separator at the end adds nothing":      {"12345-", nil},
		"the last digits of a text of eight bytes": {"ab123456", []int32{2}},
		"bytes over 0x7f are no digits":            {"\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7123456", []int32{8}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int32
			for _, h := range New([]Want{{Digits: 6}}).Scan([]byte(c.text), marksOf([]byte(c.text)), 0, len(c.text), nil) {
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
	alphabets := []string{"0123456789-. ax/:;\xb0\xff", "0123456789 ab-@[`{", "0123456789", "0123456789- ", "1-"}
	for i := range 20000 {
		alphabet := alphabets[i%len(alphabets)]
		text := make([]byte, random.IntN(300))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		var wants []Want
		for range 1 + random.IntN(3) {
			wants = append(wants, Want{1 + random.IntN(16), random.Uint32() & random.Uint32(), random.IntN(2) == 0})
		}
		want := plainScan(wants, string(text), 0, len(text))
		cut := random.IntN(len(text) + 1)
		set, marks := New(wants), marksOf(text)
		got := set.Scan(text, marks, 0, cut, nil)
		got = set.Scan(text, marks, cut, len(text), got)
		if !slices.Equal(got, want) {
			t.Fatalf("chains %v in %q cut at %d: found %v, want %v", wants, text, cut, got, want)
		}
	}
}
