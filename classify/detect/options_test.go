package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// values renders the matches of one detector under options and a kind of text.
func values(t *testing.T, text, detector string, kind Kind, opt Options) []string {
	t.Helper()
	set := builtin(t, opt)
	var all []string
	s := set.NewStream(func(m Match) {
		if set.Detectors[m.Detector].ID == detector {
			all = append(all, m.Value+" "+m.Confidence.String())
		}
	})
	s.SetKind(kind)
	s.Write([]byte(text))
	s.Close()
	return all
}

func TestASubjectIsToldFromOtherText(t *testing.T) {
	for _, c := range []struct {
		detector, text string
		kind           Kind
		want           []string
	}{
		{"marker", "papers [encrypt]", Subject, []string{"[encrypt] high"}},
		{"marker", "papers [encrypt]", Plain, nil},
		{"marker", "SUBJECT: papers\u00a0[\u200bEncrypt]", Plain, []string{"[encrypt] high"}},
		{"marker", "My subject: [encrypt]", Plain, nil},
		{"uk-marking", "Re: Fwd: OFFICIAL: minutes", Subject, []string{"OFFICIAL high"}},
		{"uk-marking", "OFFICIAL-SENSITIVE minutes", Subject, []string{"OFFICIAL-SENSITIVE high"}},
		{"uk-marking", "OFFICIAL-SENSITIVE minutes", Plain, []string{"OFFICIAL-SENSITIVE medium"}},
		{"uk-marking", "minutes OFFICIAL: x", Subject, nil},
	} {
		if got := values(t, c.text, c.detector, c.kind, Options{}); !slices.Equal(got, c.want) {
			t.Errorf("%s in %q: %v, want %v", c.detector, c.text, got, c.want)
		}
	}
}

func TestTheDayBoundsDatesOfBirth(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"DOB 31/03/2026": "[2026-03-31 high]",
		"DOB 01/04/2026": "[]",
		"DOB 01/04/26":   "[1926-04-01 high]",
		"DOB 31/03/26":   "[2026-03-31 high]",
		"DOB 29/02/00":   "[2000-02-29 high]",
		"DOB 30/02/00":   "[]",
		"DOB 01/01/1890": "[1890-01-01 high]",
		"DOB 31/12/1889": "[]",
	} {
		if got := fmt.Sprint(values(t, text, "dob", Plain, Options{Today: func() time.Time { return now }})); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestAnAmbiguousDateHasTheConfiguredOrder(t *testing.T) {
	for _, c := range []struct {
		text       string
		monthFirst bool
		want       string
	}{
		{"DOB 03/04/1980", false, "[1980-04-03 high]"},
		{"DOB 03/04/1980", true, "[1980-03-04 high]"},
		{"DOB 13/04/1980", true, "[1980-04-13 high]"},
		{"DOB 04/13/1980", false, "[1980-04-13 high]"},
	} {
		if got := fmt.Sprint(values(t, c.text, "dob", Plain, Options{MonthFirst: c.monthFirst})); got != c.want {
			t.Errorf("%q, month first %t: %s, want %s", c.text, c.monthFirst, got, c.want)
		}
	}
}

// weights are those of the worked examples in "Validating account numbers", and a
// row of our own with an exception.
const weights = `
089999 089999 MOD10 0 0 0 0 0 0 7 1 3 7 1 3 7 1
107999 107999 MOD11 0 0 0 0 0 0 8 7 6 5 4 3 2 1
499273 499273 DBLAL 2 1 2 1 2 1 2 1 2 1 2 1 2 1
560000 569999 MOD10 1 1 1 1 1 1 1 1 1 1 1 1 1 1 6
`

func TestSortCodesAreCheckedByAnOperatorsTable(t *testing.T) {
	table, err := ReadSortCodes(strings.NewReader(weights))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Sort code 08-99-99 account 66374958": "[089999/66374958 high]",
		"Sort code 10-79-99 account 88837491": "[107999/88837491 high]",
		"Sort code 10-79-99 account 88837493": "[107999/88837493 medium]",
		"10-79-99 88837493":                   "[107999/88837493 low]",
		"Sort code 49-92-73 account 12345678": "[499273/12345678 high]",
		"Sort code 49-92-73 account 12345679": "[499273/12345679 medium]",
		"Sort code 56-00-01 account 10000007": "[560001/10000007 high]",
		"Sort code 20-29-59 account 63748472": "[202959/63748472 medium]",
	} {
		if got := fmt.Sprint(values(t, text, "uk-bank", Plain, Options{SortCodes: table})); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestABrokenTableOfSortCodesIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"089999 089999 MOD10 0":                                 "line 1: 4 fields, want 17 or 18",
		"\n08999x 089999 MOD10 0 0 0 0 0 0 7 1 3 7 1 3 7 1":     `line 2: sort code "08999x", want six digits`,
		"089999 089999 MOD97 0 0 0 0 0 0 7 1 3 7 1 3 7 1":       `line 1: method "MOD97", want MOD10, MOD11 or DBLAL`,
		"089999 089999 MOD10 0 0 0 0 0 0 7 1 3 7 1 3 7 x":       `line 1: weight "x", want a number`,
		"089999 089999 MOD10 0 0 0 0 0 0 7 1 3 7 1 3 7 1000000": `line 1: weight "1000000", want a number`,
	} {
		if _, err := ReadSortCodes(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestMarkersAndStatementsAreTheOperators(t *testing.T) {
	opt := Options{
		Markers:    []Marker{{Text: "#secure#"}, {Text: "[Privé]", SubjectOnly: true}},
		Statements: []Statement{{"acme", "This message is the property of Acme Limited; who receives it by mistake tells us, and nobody else."}},
	}
	for _, c := range []struct{ detector, text, want string }{
		{"marker", "see #SECURE#", "[#secure# high]"},
		{"marker", "see secure#", "[]"},
		{"marker", "Subject: [PRIVÉ] x", "[[Privé] high]"},
		{"marker", "E_M_A_I_L_B_L_O_C_K", "[]"},
		{"disclaimer", "> THIS message is the\n> property of ACME Limited, who receives it by mistake: tells us and nobody else", "[acme high]"},
		{"disclaimer", "This message is the property of Acme Limited; who receives it by chance", "[acme low]"},
		{"disclaimer", "This message is the property of Acme", "[]"},
	} {
		if got := fmt.Sprint(values(t, c.text, c.detector, Plain, opt)); got != c.want {
			t.Errorf("%s in %q: %s, want %s", c.detector, c.text, got, c.want)
		}
	}
	for want, opt := range map[string]Options{
		`detector "marker": marker "--": "" is empty, longer than 256 bytes or not one word`: {Markers: []Marker{{Text: "--"}}},
		`detector "disclaimer": statement "x" has 3 words, want 8 to 1000`:                   {Statements: []Statement{{"x", "far too short"}}},
	} {
		if _, err := Compile(Builtin(), opt); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
