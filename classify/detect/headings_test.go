package detect

import (
	"math/rand/v2"
	"testing"

	"github.com/postern-mail/postern/classify/anchor"
)

func TestALineIsPassedByOnlyIfItsLastCellIsTooLongForAHeader(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 7))
	passed := 0
	for range 20000 {
		pieces := []string{"a", "name", " ", "\"", ";", "é", "\U0001F600", "long words without an end in sight", "                    "}
		line := ""
		for range 1 + r.IntN(12) {
			line += pieces[r.IntN(len(pieces))]
		}
		v := textOf("x\n" + line + "\n")
		end := int64(len("x\n") + len(line))
		cell := v.slice(v.markBefore(end, 0), end)
		if long := v.endsLong(end); len(cell) >= longTail && long {
			passed++
			if !isLong(cell) {
				t.Fatalf("%q is passed by, but %q may head a column", line, cell)
			}
		}
	}
	if passed < 1000 {
		t.Errorf("%d lines were passed by; want many more", passed)
	}
}

func TestTheLastEmptyLineIsFoundWhereverItEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	breaks := []string{"\n", "\r\n", "\r", "\n\r", "\r\r\n"}
	for range 3000 {
		s := ""
		for range 1 + r.IntN(60) {
			for range r.IntN(60) {
				s += "x"
			}
			s += breaks[min(r.IntN(40), len(breaks)-1)*r.IntN(2)]
		}
		v := textOf(s)
		var got lines
		want := lines{}
		for _, to := range []int64{int64(len(s)) / 3, int64(len(s))} {
			got.follow(v, to)
			for p := want.quiet; p < to; p++ {
				if c := s[p]; isBreak(c) {
					if p > 0 && isBreak(s[p-1]) && !(c == '\n' && s[p-1] == '\r') {
						want.blank = p + 1
					}
					want.last = p + 1
				}
			}
			want.quiet = max(want.quiet, to)
			if got != want {
				t.Fatalf("%q up to %d: got %+v, want %+v", s, to, got, want)
			}
		}
	}
}

// textOf is a whole text, with its digits marked.
func textOf(s string) *text {
	v := new(text)
	v.reset()
	v.fold([]byte(s), len(s)+anchor.BlockBytes)
	v.mark(true)
	return v
}
