package detect

import (
	"math/rand/v2"
	"testing"
)

func TestATokenIsTheSameHoweverFarItIsFollowedAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 8))
	pieces := []string{
		"https://", "www.example.com", "/", "?", "#", ":", ";", ",", "data:image/png", " ", "\"", "<a href=",
		"id=", "123456789", "aVeryLongPartOfAPathThatGoesOnForMoreThanSixtyFourBytesAndMoreThanThat", "é", ".",
	}
	kinds := map[tokenKind]int{}
	for range 5000 {
		s := ""
		for range 1 + r.IntN(20) {
			s += pieces[r.IntN(len(pieces))]
		}
		v := textOf(s)
		var far, near token
		far.follow(v, int64(r.IntN(len(s)+1)))
		far.follow(v, int64(len(s)))
		for p := range len(s) {
			near.follow(v, int64(p+1))
		}
		if far != near {
			t.Fatalf("%q: got %+v at once, %+v byte by byte", s, far, near)
		}
		kinds[far.kind]++
	}
	if kinds[urlToken] < 100 || kinds[dataToken] < 10 {
		t.Errorf("got %v by kind; want more URLs and data URIs", kinds)
	}
}
