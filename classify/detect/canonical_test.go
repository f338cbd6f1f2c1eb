package detect

import (
	"slices"
	"strings"
	"testing"
)

func detectorOf(t testing.TB, id string) *Detector {
	t.Helper()
	for _, d := range Builtin() {
		if d.ID == id {
			return d
		}
	}
	t.Fatalf("no detector %q", id)
	return nil
}

func TestACellHoldsOneValueAndNothingElse(t *testing.T) {
	for _, c := range []struct{ id, cell, want string }{
		{"mo-dcn", "34567812", "34567812"},
		{"mo-dcn", " 0034567812 ", "34567812"},
		{"mo-dcn", "3456781", ""},
		{"mo-dcn", "20260102", "20260102"}, // a date too, but the column says what it is
		{"mo-dcn", "34567812 34567813", ""},
		{"us-ssn", "536904399", "536-90-4399"},
		{"us-ssn", "536-90-4399", "536-90-4399"},
		{"us-ssn", "536 90 4399", "536-90-4399"},
		{"us-ssn", "536-90-4399 x", ""},
		{"us-ssn", "000904399", ""},
		{"us-ssn", "", ""},
		{"uk-nino", "ab123456c", "AB123456C"},
		{"payment-card", "4111 1111 1111 1111", "4111111111111111"},
	} {
		r, err := NewReader(detectorOf(t, c.id))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := r.Canonical(c.cell)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q is read as %q, %t, want %q", c.id, c.cell, got, ok, c.want)
		}
	}
}

func TestCandidatesAreReportedWithoutContextAndChangeNothingElse(t *testing.T) {
	texts := []string{
		"34567812", "order 34567812", "DCN 34567812", "a 34567812 b SSN 536-90-4399 c 536904399",
		"4111 1111 1111 1111 is no 1111 1111", "UID 345678123 and v1.34567812",
	}
	plain := builtin(t, Options{})
	bare := builtin(t, Options{Candidates: []string{"mo-dcn", "us-ssn"}})
	for _, text := range texts {
		all := scan(bare, text, nil)
		kept := slices.DeleteFunc(slices.Clone(all), func(m Match) bool { return m.Confidence == None })
		if want := scan(plain, text, nil); len(kept) != len(want) {
			t.Errorf("%q: %d matches beside candidates, %d without", text, len(kept), len(want))
		}
		if cut := scan(bare, text, everyByte(len(text))); !slices.EqualFunc(cut, all, func(a, b Match) bool {
			return a.Value == b.Value && a.Start == b.Start && a.End == b.End && a.Confidence == b.Confidence
		}) {
			t.Errorf("%q: found %v whole and %v in pieces", text, all, cut)
		}
	}
	if all := scan(bare, "a 34567812 b", nil); len(all) != 1 || all[0].Value != "34567812" || all[0].Confidence != None {
		t.Errorf("a bare number gives %v, want one candidate", all)
	}
}

func TestAroundIsTheSameForAnyCut(t *testing.T) {
	set := builtin(t, Options{})
	long := strings.Repeat("żółw ", 200)
	for _, text := range []string{
		"SSN 536-90-4399", long + "SSN 536-90-4399 " + long,
		"x\u00ad\u200bSSN\u00a0536\u201190\u20114399\u200b, ｎａｍｅ " + strings.Repeat("\u200b", 5000) + "end",
		strings.Repeat("SSN 536-90-4399 ", 2000),
	} {
		around := func(step int) []string {
			var all []string
			var s *Stream
			s = set.NewStream(func(m Match) {
				before, after := s.Around(&m)
				all = append(all, string(before)+"<"+m.Value+">"+string(after))
			})
			for i := 0; i < len(text); i += step {
				s.Write([]byte(text[i:min(i+step, len(text))]))
			}
			s.Close()
			return all
		}
		whole := around(len(text))
		if len(whole) == 0 {
			t.Fatalf("nothing found in %.40q", text)
		}
		for _, step := range []int{1, 7, 1000} {
			if got := around(step); !slices.Equal(got, whole) {
				t.Errorf("%.40q in pieces of %d: other surroundings than whole", text, step)
			}
		}
		for _, one := range whole {
			before, after, _ := strings.Cut(one, "<")
			_, after, _ = strings.Cut(after, ">")
			if n := len([]rune(before)); n > windowChars {
				t.Errorf("%d characters before", n)
			}
			if n := len([]rune(after)); n > windowChars {
				t.Errorf("%d characters behind", n)
			}
		}
	}
}
