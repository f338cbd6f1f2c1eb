package detect

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestTheStrongerOfTwoRivalsWins(t *testing.T) {
	rival := func(detector int, start, end int64, bare bool, distance int64) held {
		return held{Match{Detector: detector, Start: start, End: end}, start, end, bare, distance, span{}, false, false}
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

func TestAnOwnDetectorHidesNothingSurer(t *testing.T) {
	m := func(detector int, start, end int64, level Confidence, own bool) held {
		return held{Match: Match{Detector: detector, Confidence: level}, start: start, end: end, own: own}
	}
	for name, c := range map[string]struct {
		held []held
		want string
	}{
		"a longer one of the same level hides":       {[]held{m(0, 0, 9, Medium, false), m(5, 0, 12, Medium, true)}, "5"},
		"a longer one of a higher level hides":       {[]held{m(0, 0, 9, Medium, false), m(5, 0, 12, High, true)}, "5"},
		"a longer one of a lower level stands aside": {[]held{m(0, 0, 9, High, false), m(5, 0, 12, Low, true)}, "5 0"},
		"a shorter one of a lower level is hidden":   {[]held{m(0, 0, 12, High, false), m(5, 0, 9, Low, true)}, "0"},
		"a shorter one of the same level is hidden":  {[]held{m(0, 0, 12, Low, false), m(5, 0, 9, Low, true)}, "0"},
		"a shorter one that is surer is not":         {[]held{m(0, 0, 12, Low, false), m(5, 0, 9, High, true)}, "0 5"},
		"nor is one of the same text":                {[]held{m(0, 0, 9, Low, false), m(5, 0, 9, High, true)}, "0 5"},
		"of two of an admin's the longer hides":      {[]held{m(4, 0, 9, Medium, true), m(5, 0, 12, High, true)}, "5"},
		"and hides none that is surer":               {[]held{m(4, 0, 9, High, true), m(5, 0, 12, Low, true)}, "5 4"},
		"shipped ones go by length alone":            {[]held{m(0, 0, 9, High, false), m(1, 0, 12, Low, false)}, "1"},
		"what is freed takes nothing else": {
			// 1 hides 2, which would hide 3; 5 hides 1.
			[]held{m(1, 0, 20, Low, false), m(2, 15, 33, Low, false), m(3, 30, 40, High, false), m(5, 0, 30, Low, true)}, "5 3",
		},
		"what is freed counts again": {
			[]held{m(1, 0, 20, Low, false), m(2, 15, 25, Low, false), m(5, -15, 10, Low, true)}, "5 2",
		},
		"a mere candidate hides nothing": {[]held{m(5, 0, 20, None, true), m(0, 0, 9, Low, false)}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			o := overlap{}
			slices.SortStableFunc(c.held, func(a, b held) int { return int(a.start - b.start) })
			got := ""
			o.settle(c.held, func(m Match) { got += fmt.Sprintf(" %d", m.Detector) })
			if got != " "+c.want {
				t.Errorf("emitted%s, want %s", got, c.want)
			}
		})
	}
}

func TestOwnDetectorsLeaveShippedOnesWhatTheseAreSureOf(t *testing.T) {
	own := func(id, pattern string, level Confidence) *Detector {
		d, err := (&Custom{ID: id, Pattern: pattern, Mask: "all", Levels: Levels{level, level, level, level}}).Detector()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		pattern, text string
		level         Confidence
		want          []string
	}{
		{`\d{4} \d{4} \d{4} \d{4}( \d{2}/\d{2})`, "card number 4539 1488 0343 6467 12/27", Low, []string{"payment-card", "own"}},
		{`\d{4} \d{4} \d{4} \d{4}( \d{2}/\d{2})`, "card number 4539 1488 0343 6467 12/27", High, []string{"own"}},
		{`[A-Z]{0,3}\d{3}-\d{2}-\d{4}[-/]\d{1,4}`, "SSN 219-09-1234/1", Medium, []string{"us-ssn", "own"}},
		{`[A-Z]{2}\d{2}.{10,40}`, "IBAN GB29 NWBK 6016 1331 9268 19 for the rent", Low, []string{"iban", "own"}},
		{`\d{8}`, "account 48271935", High, []string{"uk-bank", "own"}},
		{`\d{8}`, "account 48271935", Low, []string{"uk-bank"}},
	} {
		set, err := Compile(append(Builtin(), own("own", c.pattern, c.level)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range scan(set, c.text, nil) {
			got = append(got, set.Detectors[m.Detector].ID)
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(c.want))
		if !slices.Equal(got, want) {
			t.Errorf("%q at %s: found %v, want %v", c.text, c.level, got, want)
		}
	}
}

func TestWhatIsTakenFromADetectorIsReported(t *testing.T) {
	opt := Options{Candidates: []string{"mo-dcn"}, Beaten: true}
	set := builtin(t, opt)
	for text, want := range map[string]string{
		"account 48271935":                      "uk-bank mo-dcn<uk-bank",
		"sort code 20-41-67 account 48271935":   "uk-bank mo-dcn<uk-bank",
		"client 48271935":                       "mo-dcn",
		"48271935 or so":                        "mo-dcn",
		"driver license number 48271935, thank": "us-dl mo-dcn<us-dl",
	} {
		got := ""
		for _, m := range scan(set, text, nil) {
			got += " " + set.Detectors[m.Detector].ID
			if m.Rival > 0 {
				got += "<" + set.Detectors[m.Rival-1].ID
			}
			if m.Rival > 0 && m.Confidence != None {
				t.Errorf("%q: what was taken has a level", text)
			}
		}
		if got != " "+want {
			t.Errorf("%q: got%s, want %s", text, got, want)
		}
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

func TestEachAccountGoesWithItsOwnBank(t *testing.T) {
	const british, american = "sort code 20-41-67 account 73829164", "routing number 021000021 account number 8837462910"
	for _, c := range []struct {
		text string
		want []string
	}{
		{british + "\n" + american, []string{"uk-bank 204167/73829164", "us-bank 021000021/8837462910"}},
		{american + "\n" + british, []string{"us-bank 021000021/8837462910", "uk-bank 204167/73829164"}},
		{american + "\n" + british + "\n" + american, []string{"us-bank 021000021/8837462910", "uk-bank 204167/73829164", "us-bank 021000021/8837462910"}},
		{"routing number 021000021 account 73829164, 20-41-68 88374629", []string{"us-bank 021000021/73829164", "uk-bank 204168/88374629"}},
		{british + ", routing number 021000021", []string{"uk-bank 204167/73829164", "us-bank 021000021/-"}},
		{"account number 8837462910, routing number 021000021", []string{"us-bank 021000021/8837462910"}},
		{"account 73829164, sort code 20-41-67\naccount 8837462910, routing 021000021", []string{"uk-bank 204167/73829164", "us-bank 021000021/8837462910"}},
	} {
		set := builtin(t, Options{})
		var got []string
		for _, m := range scan(set, c.text, nil) {
			got = append(got, set.Detectors[m.Detector].ID+" "+m.Value)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: found %q, want %q", c.text, got, c.want)
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
