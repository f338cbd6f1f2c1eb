package detect

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestTheStrongerOfTwoRivalsWins(t *testing.T) {
	rival := func(detector int, start, end int64, bare bool, distance int64) held {
		return held{Match{Detector: detector, Start: start, End: end}, start, end, bare, distance, span{}, false}
	}
	for name, c := range map[string]struct {
		held []held
		want string
	}{
		"the longer suppresses what lies inside":        {[]held{rival(0, 0, 8, true, 5), rival(1, 0, 20, false, noLabel)}, "1@0"},
		"the longer suppresses what it cuts":            {[]held{rival(0, 0, 8, true, 5), rival(1, 4, 20, false, noLabel)}, "1@4"},
		"of one number the nearer label wins":           {[]held{rival(0, 0, 9, true, 30), rival(1, 0, 9, true, 5)}, "1@0"},
		"without labels the table's order decides":      {[]held{rival(1, 0, 9, true, noLabel), rival(0, 0, 9, true, noLabel)}, "0@0"},
		"labels do not decide over groups":              {[]held{rival(0, 0, 11, false, noLabel), rival(1, 0, 11, false, 5)}, "0@0"},
		"who loses to a loser wins":                     {[]held{rival(0, 0, 6, true, 0), rival(1, 5, 12, true, 0), rival(2, 11, 20, true, 0)}, "0@0 2@11"},
		"neighbours that touch are no rivals":           {[]held{rival(0, 0, 6, true, 0), rival(1, 6, 12, true, 0)}, "0@0 1@6"},
		"matches come in the order of their beginnings": {[]held{rival(0, 8, 16, true, 0), rival(1, 5, 7, true, 0)}, "1@5 0@8"},
	} {
		t.Run(name, func(t *testing.T) {
			var o overlap
			for _, h := range c.held {
				*o.add(&candidate{start: h.start, end: h.end, bare: h.bare}) = h
			}
			got := ""
			o.release(math.MaxInt64, func(m Match) { got += fmt.Sprintf(" %d@%d", m.Detector, m.Start) })
			if got != " "+c.want {
				t.Errorf("emitted%s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatAPairSpansIsNotIts(t *testing.T) {
	for text, want := range map[string][]string{
		"sort code 10-79-99, NINO AB123456C, account 88837491":          {"uk-bank", "uk-nino"},
		"routing 021000021 SSN 536-90-4399 account 123456789012":        {"us-bank", "us-ssn"},
		"12 Oak Street\nSSN 536-90-4399\nRolla, MO 65401":               {"us-address", "us-ssn"},
		"12 Oak Street, tel. (573) 555-0143, Rolla, MO 65401":           {"us-address", "phone"},
		"sort code 10-79-99 account 88837491, with DCN 88837491 beside": {"uk-bank", "mo-dcn"},
	} {
		set := builtin(t, Options{})
		var got []string
		for _, m := range scan(set, text, nil) {
			got = append(got, set.Detectors[m.Detector].ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: found %v, want %v", text, got, want)
		}
	}
}

func TestPhrasesStandInAddressesToo(t *testing.T) {
	all := High
	d, err := (&Custom{ID: "phrase", Words: []string{"dropbox.com"}, Mask: "none", Levels: Levels{all, all, all, all}}).Detector()
	if err != nil {
		t.Fatal(err)
	}
	d.Apart = true
	set, err := Compile([]*Detector{d}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"see https://www.dropbox.com/s/x": 1, "mail a@dropbox.com now": 1, "order dropbox.com": 1, "mydropbox.com": 0, "dropbox.common": 0,
	} {
		n := 0
		s := set.NewStream(func(Match) { n++ })
		if _, err := s.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n != want {
			t.Errorf("%q: found %d, wanted %d", text, n, want)
		}
	}
}

func TestMatchesThatStandApartLeaveOthersAlone(t *testing.T) {
	var o overlap
	var got []int
	for i, apart := range []bool{false, true, true} {
		h := o.add(&candidate{start: 10, end: 20})
		h.Match, h.apart = Match{Detector: i, Confidence: High}, apart
	}
	o.release(math.MaxInt64, func(m Match) { got = append(got, m.Detector) })
	slices.Sort(got)
	if !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("got %v", got)
	}
}
