package anchor

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// plainScan says what Scan must find, byte by byte.
func plainScan(wants []Want, text string, from, to int, among uint64) []Hit {
	var hits []Hit
	for i := from; i < to; i++ {
		if !isDigit(text[i]) || i > 0 && isDigit(text[i-1]) {
			continue
		}
		// What begins in sight of a place counts as far as it is there.
		runs, digits := []int{0}, 0
		for j := i; j < min(len(text), i+BlockBytes); j++ {
			if isDigit(text[j]) {
				runs[len(runs)-1]++
				digits++
			} else if c := text[j]; c != '-' && c != '.' && c != ' ' || j+1 == len(text) || !isDigit(text[j+1]) {
				break
			} else if j+1 < i+BlockBytes {
				runs = append(runs, 0)
			}
		}
		runs = append(runs, 0, 0)
		h := Hit{At: i}
		lettered := i > 0 && isLetter(text[i-1]) || i > 1 && (text[i-1] == ' ' || text[i-1] == '-') && isLetter(text[i-2])
		for n, w := range wants {
			if digits >= w.Digits && (!w.Lettered || lettered) && (w.First == 0 || w.First>>(text[i]-'0')&1 == 1) &&
				w.Before.sees(text, i-1) && w.Before2.sees(text, i-2) && w.Before3.sees(text, i-3) && (runs[0] >= ManyDigits ||
				w.After.sees(text, i+runs[0]) && w.After2.sees(text, i+runs[0]+1) && w.After3.sees(text, i+runs[0]+2)) &&
				allows(w.Runs[0], min(runs[0], ManyDigits)) && allows(w.Runs[1], min(runs[1], MoreDigits)) && allows(w.Runs[2], min(runs[2], MoreDigits)) {
				h.Wants |= 1 << n
			}
		}
		if h.Wants &= among; h.Wants != 0 {
			hits = append(hits, h)
		}
	}
	return hits
}

// sees reports whether a byte of the text is of one of the sorts.
func (b Beside) sees(text string, i int) bool {
	if b == 0 {
		return true
	}
	if i < 0 || i >= len(text) {
		return b&OnOther != 0
	}
	sort := OnOther
	switch c := text[i]; {
	case isLetter(c):
		sort = OnLetter
	case c == ' ':
		sort = OnSpace
	case c == '\t', c == '\r', c == '\n':
		sort = OnBreak
	case c == '-':
		sort = OnHyphen
	case c == '.':
		sort = OnStop
	case c == '/':
		sort = OnSlash
	case c == '$', c >= 0x80:
		sort = OnMoney
	case c == '+', c == '(':
		sort = OnOpen
	case c == ')':
		sort = OnClose
	case isDigit(c):
		sort = OnDigit
	}
	return b&sort != 0
}

func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isDigit(c byte) bool  { return c-'0' < 10 }

func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) }

// marksOf returns the marks of a text, its last block filled up with zeros.
func marksOf(text []byte) []Digits {
	marks := make([]Digits, (len(text)+BlockBytes-1)/BlockBytes)
	MarkDigits(append(slices.Clone(text), make([]byte, BlockBytes)...), marks)
	return marks
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
			for _, h := range New([]Want{{Digits: 6}}).Scan([]byte(c.text), marksOf([]byte(c.text)), 0, len(c.text), All, nil) {
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
	alphabets := []string{"0123456789-. ax/:;()\xb0\xff", "0123456789 ab-@[`{", "0123456789", "0123456789- ", "1-"}
	for i := range 20000 {
		alphabet := alphabets[i%len(alphabets)]
		text := make([]byte, random.IntN(300))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		wants := randomWants(random)
		cut, among := random.IntN(len(text)+1), random.Uint64()|random.Uint64()
		want := plainScan(wants, string(text), 0, len(text), among)
		set, marks := New(wants), marksOf(text)
		got := set.Scan(text, marks, 0, cut, among, nil)
		got = set.Scan(text, marks, cut, len(text), among, got)
		if !slices.Equal(got, want) {
			t.Fatalf("chains %v in %q cut at %d: found %v, want %v", wants, text, cut, got, want)
		}
	}
}

func randomWants(random *rand.Rand) (wants []Want) {
	for range 1 + random.IntN(3) {
		wants = append(wants, Want{
			Digits: 1 + random.IntN(16), Runs: [3]uint32{random.Uint32() & random.Uint32(), random.Uint32() & 0xFF, random.Uint32() & 0xFF},
			Before: Beside(random.Uint32()) & (1<<sorts - 1), After: Beside(random.Uint32()) & (1<<sorts - 1), Lettered: random.IntN(2) == 0,
		})
		if w := &wants[len(wants)-1]; random.IntN(2) == 0 {
			w.First = uint16(random.Uint32() | random.Uint32())
			w.Before2, w.Before3 = randomBeside(random), randomBeside(random)
			w.After2, w.After3 = randomBeside(random), randomBeside(random)
		}
	}
	return wants
}

// randomBeside is a set of most sorts, or any.
func randomBeside(random *rand.Rand) Beside {
	return Beside(random.Uint32()|random.Uint32()) & (1<<sorts - 1) &^ (Beside(random.IntN(2)) * (1<<sorts - 1))
}

// The starts of long chains are the same in both ways, and none is left out.
func TestLongStartsOfRandomMarks(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		marks := make([]Digits, 6+4*random.IntN(3))
		text := make([]byte, len(marks)*BlockBytes)
		for i := range text {
			text[i] = "0123456789-. ,"[random.IntN(1+random.IntN(14))]
		}
		MarkDigits(text, marks)
		for rest := range uint64(5) {
			want, got := make([]uint64, len(marks)-2), make([]uint64, len(marks)-2)
			blocks := longStartsGeneric(marks, want, rest)
			if n := longStarts(marks, got, rest); n != blocks || !slices.Equal(got, want) {
				t.Fatalf("the starts of %q with %d more are\n%x, want\n%x", text, rest, got, want)
			}
		}
	}
}

// What is taken of the starts of blocks is the same in both ways.
func TestTakesOfRandomTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		set := New(randomWants(random))
		text, marks, starts := make([]byte, 20*BlockBytes), make([]Digits, 20), make([]uint64, listed)
		for i := range text {
			text[i] = "0123456789012345678901234567890123456789-. ,a+\xC3"[random.IntN(1+random.IntN(47))]
		}
		for i := range marks {
			marks[i] = Digits{random.Uint64() | random.Uint64(), random.Uint64()}
		}
		for i := range starts {
			starts[i] = random.Uint64() & random.Uint64() & 0x5555555555555555
		}
		clear(starts[random.IntN(len(starts)):][:1])
		text = text[:random.IntN(len(text))]
		at := random.IntN(5)
		starts = starts[:max(min(len(starts), len(text)/BlockBytes-at), 0)]
		plain := scan{set: set, text: text, marks: marks, among: random.Uint64() | random.Uint64()}
		listed := plain
		plain.blocks(at, starts)
		if listed.take(at, starts, random.IntN(2) == 0); !slices.Equal(listed.hits, plain.hits) {
			t.Fatalf("of the blocks from %d on of %q are taken\n%v, want\n%v", at, text, listed.hits, plain.hits)
		}
	}
}

// The places of any starts are listed alike in both ways.
func TestListsOfRandomStarts(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 2000 {
		starts := make([]uint64, 1+random.IntN(listed))
		for i := range starts {
			starts[i] = random.Uint64() & (0x5555555555555555 << random.IntN(2))
			if random.IntN(2) == 0 {
				starts[i] &= random.Uint64() & random.Uint64()
			}
		}
		var want, got [(listed + 1) * BlockBytes / 2]uint16
		if n, m := listStarts(starts, got[:]), listStartsGeneric(starts, want[:]); !slices.Equal(got[:n], want[:m]) {
			t.Fatalf("the starts %x are listed as %v, want %v", starts, got[:n], want[:m])
		}
	}
}
