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
		if n >= least {
			hits = append(hits, Hit{int32(i), uint8(min(run, 63)), uint8(min(n, most))})
		}
	}
	return hits
}

func isDigit(c byte) bool { return c-'0' < 10 }

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
			for _, h := range New(6, 8).Scan(marksOf([]byte(c.text)), 0, len(c.text), nil) {
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
	alphabets := []string{"0123456789-. ax/:;\xb0\xff", "0123456789", "0123456789- ", "1-"}
	for i := range 20000 {
		alphabet := alphabets[i%len(alphabets)]
		text := make([]byte, random.IntN(300))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		least, most := 1+random.IntN(12), 12+random.IntN(MaxDigits-11)
		want := plainScan(least, most, string(text), 0, len(text))
		cut := random.IntN(len(text) + 1)
		set, marks := New(least, most), marksOf(text)
		got := set.Scan(marks, 0, cut, nil)
		got = set.Scan(marks, cut, len(text), got)
		if !slices.Equal(got, want) {
			t.Fatalf("chains of %d to %d digits in %q cut at %d: found %v, want %v", least, most, text, cut, got, want)
		}
	}
}
