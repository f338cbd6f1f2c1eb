package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTailsLeadWhereTheTreeDoes holds the keywords found with tails against those found
// without them, in texts of pieces of keywords.
func TestTailsLeadWhereTheTreeDoes(t *testing.T) {
	set, err := Compile([]*Detector{usSSN, ukNINO, paymentCard, moDCN}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := *set.heralds
	if d.tails == nil {
		t.Fatal("few keywords have no tails")
	}
	plain := d
	plain.tails = nil
	pieces := []string{" ", "  ", "-", "_", "\n", "İ", "é", "K", "x", "1", "."}
	for _, w := range d.words {
		for n := range w.text {
			pieces = append(pieces, w.text[:n], w.text[n:])
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		var buf []byte
		for range 1 + r.IntN(12) {
			piece := []byte(pieces[r.IntN(len(pieces))])
			if r.IntN(4) == 0 && len(piece) > 0 && isLetter(piece[0]) {
				piece[0] ^= 0x20
			}
			buf = append(buf, piece...)
		}
		view := text{buf: buf}
		for at := range buf {
			if first := d.first[buf[at]]; first != 0 {
				got := d.walk(&view, int64(at), int64(at)+1, first, nil)
				if want := plain.walk(&view, int64(at), int64(at)+1, first, nil); !slices.Equal(got, want) {
					t.Fatalf("at %d of %q are %v, want %v", at, buf, got, want)
				}
			}
		}
	}
}
