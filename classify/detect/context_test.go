package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// levels renders the matches of one detector as "value level" strings.
func levels(t *testing.T, text, detector string) []string {
	t.Helper()
	set := builtin(t, Options{})
	var all []string
	for _, m := range scan(set, text, nil) {
		if set.Detectors[m.Detector].ID == detector {
			all = append(all, m.Value+" "+m.Confidence.String())
		}
	}
	return all
}

func TestAHeaderRowReachesAsFarAsItMay(t *testing.T) {
	row := func(cells int, at int, value string) string {
		all := slices.Repeat([]string{"x"}, cells)
		all[at] = value
		return strings.Join(all, ",") + "\n"
	}
	wide := func(cells, width int) string {
		all := slices.Repeat([]string{strings.Repeat("h", width)}, cells)
		all[cells-1] = "dcn"
		return strings.Join(all, ";") + "\n"
	}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"past a megabyte of rows", row(3, 1, "dcn") + strings.Repeat(row(3, 0, "y"), 200000) + row(3, 1, "24036805"), []string{"24036805 high"}},
		{"1,024 cells", row(1024, 1000, "dcn") + row(1024, 1000, "24036805"), []string{"24036805 high"}},
		{"1,025 cells are too many", row(1025, 1000, "dcn") + row(1025, 1000, "24036805"), nil},
		{"16 KiB", wide(520, 30) + strings.Repeat(";", 519) + "24036805\n", []string{"24036805 high"}},
		{"more than 16 KiB are too much", wide(540, 30) + strings.Repeat(";", 539) + "24036805\n", nil},
		{"a cell of 30 characters", strings.Repeat("é", 26) + " dcn,b\n" + row(2, 1, strings.Repeat("y", 400)) + "24036805,b\n", []string{"24036805 high"}},
		{"a cell of 31 characters", strings.Repeat("é", 27) + " dcn,b\n" + row(2, 1, strings.Repeat("y", 400)) + "24036805,b\n", nil},
		{"a row of 20 KiB", "a,dcn\n" + strings.Repeat("y", 20<<10) + ",24036805\n", []string{"24036805 high"}},
		{"a row of 20 KiB behind the value", "dcn,a\n24036805," + strings.Repeat("y", 20<<10) + "\n", []string{"24036805 high"}},
		{"CRLF", "a,dcn\r\n" + strings.Repeat("b,c\r\n", 100) + "b,24036805\r\n", []string{"24036805 high"}},
		{"CR alone", "a,dcn\r" + strings.Repeat("b,c\r", 100) + "b,24036805\r", []string{"24036805 high"}},
		{"a line of prose before", "Here is the list, as asked:\na,dcn,c\nb,24036805,c\n", []string{"24036805 high"}},
		{"a second table after five rows of its own", "a,b\nc,d\n" + row(3, 1, "dcn") + strings.Repeat(row(3, 0, "y"), 80) + row(3, 1, "24036805"), []string{"24036805 high"}},
		{"a line that leads in a list is no header", "DCNs to close, please:\n24036805, 22833081\n", []string{"24036805 medium", "22833081 medium"}},
		{"Excel's line that names the delimiter", "sep=;\na;dcn\nb;24036805\n", []string{"24036805 high"}},
		{"an empty row and a rule before the header", ",,\n-,-,-\na,dcn,c\nb,24036805,c\n", []string{"24036805 high"}},
		{"quotes that are never closed", "a,dcn\n5\" pipe,24036805\n", []string{"24036805 high"}},
		{"doubled quotes", "a,dcn\n\"5\"\" pipe, long\",24036805\n", []string{"24036805 high"}},
		{"a quoted value", "a,dcn\n\"x, y\",\"24036805\"\n", []string{"24036805 high"}},
		{"spaces around the pipes", "| a            | the DCN of the child          |\n|---|---|\n| x            | 24036805                      |\n", []string{"24036805 high"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := levels(t, c.text, "mo-dcn"); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

func TestMatchesNameWhatSpokeForThem(t *testing.T) {
	set := builtin(t, Options{})
	for text, want := range map[string]string{
		"Social Security No. 536-90-4399":          "[social security no]",
		"536-90-4399":                              "[]",
		"order 536-90-4399":                        "[]",
		"name,SSN\nx,536-90-4399":                  "[ssn]",
		"client number 24036805, Missouri":         "[client number missouri]",
		"4111111111111111 12/27":                   "[expiry date]",
		"%B4111111111111111^A/B^":                  "[magnetic stripe]",
		"PAN 4111111111111111":                     "[PAN]",
		"the masterCard is 4111 1111 1111 1111 ok": "[master card]",
	} {
		matches := scan(set, text, nil)
		if len(matches) != 1 {
			t.Errorf("%q: %d matches, want 1", text, len(matches))
			continue
		}
		if got := fmt.Sprint(matches[0].Context); got != want {
			t.Errorf("%q: context %s, want %s", text, got, want)
		}
	}
}

func TestSpecimensAreFoundOnlyOnRequest(t *testing.T) {
	text := "SSN 078-05-1120, 219-09-9999, 123-45-6789, 111-11-1111"
	if got := scan(builtin(t, Options{}), text, nil); len(got) != 0 {
		t.Errorf("%d specimens found without the option", len(got))
	}
	if got := scan(builtin(t, Options{ReportSpecimens: true}), text, nil); len(got) != 4 {
		t.Errorf("%d specimens found with the option, want 4", len(got))
	}
}

func TestCompileRefusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		detectors []*Detector
		want      string
	}{
		"twice the same":   {[]*Detector{usSSN, usSSN}, `detector "us-ssn" stands twice in the set`},
		"an empty keyword": {[]*Detector{{ID: "x", keywords: []keywordGroup{{strong, []string{"a{b|}", "{|c}"}}}}}, `detector "x": keyword pattern "{|c}" has the spelling "", want 1 to 256 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Compile(c.detectors, Options{}); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestKeywordsMatchAsOneWritesThem(t *testing.T) {
	d := newDictionary()
	for _, pattern := range []string{"social sec.", "card {no.|#}", "PAN", "número", "s/n"} {
		if err := d.add(0, strong, pattern); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.add(-1, negative, "order"); err != nil {
		t.Fatal(err)
	}
	d.finish()
	for text, want := range map[string]bool{
		"social sec": true, "Social Sec.": true, "SOCIALSEC": true, "socialSec": true, "social_sec": true, "social-sec": true,
		"social \r\n sec": true, "social     sec": false, "social  - sec": false, "social__sec": true, "antisocial sec": false, "social section": false,
		"card#": true, "card #": true, "card no.": true, "cardno": true, "card number": false, "PAN": true, "pan": false, "PANs": false,
		"NÚMERO": true, "número": true, "numero": false, "S/N": true, "sn": false, "xPAN": false, "_PAN_": true, "éPAN": false, "中PAN": false, "—PAN—": true,
		"orderId": true, "ORDERID": false, "orders": false, "order": true, "reorder": false,
	} {
		x := viewOf(text)
		if got := len(d.find(x, 0, x.end(), nil)) > 0; got != want {
			t.Errorf("keyword in %q: %t, want %t", text, got, want)
		}
	}
}

// viewOf is the folded view of a whole text.
func viewOf(s string) *text {
	x := new(text)
	x.reset()
	x.fold([]byte(s), 1<<20)
	return x
}

func TestNoNegativeKeywordEndsInWhatSeparatesALabel(t *testing.T) {
	for _, d := range []*dictionary{builtin(t, Options{}).against, core(t).against} {
		for i := range d.words {
			if text := d.words[i].text; separatesLabel(text[len(text)-1]) {
				t.Errorf("negative keyword %q ends in what may stand between a label and its value", text)
			}
		}
	}
}
