package rules

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/detect"
)

func TestLintTellsWhichShippedDetectorsAreHidden(t *testing.T) {
	const order, longnum = `\d{4} \d{4} \d{4} \d{4}( \d{2}/\d{2})`, `[A-Z]{0,3}\d{3}-\d{2}-\d{4}[-/]\d{1,4}`
	for _, c := range []struct {
		name, detector string
		want           string // "" is no warning
	}{
		{"a card with its expiry", `pattern = '` + order + `'` + "\n" + `confidence = { without = "high" }`, `hides values of payment-card, as in "card number 4539 1488 0343 6467 12/27"`},
		{"a number with a suffix", `pattern = '` + longnum + `'` + "\n" + `confidence = { without = "high" }`, "hides values of us-itin and us-ssn"},
		{"one that is not sure", `pattern = '` + order + `'` + "\n" + `confidence = { without = "low" }`, ""},
		{"one that is as sure as a card without a label", `pattern = '\d{16} \d{3}'`, `hides values of payment-card, as in "card 4539148803436467 123"`},
		{"under a keyword of its own", `pattern = '\d{4} \d{4} \d{4} \d{4} [A-Z]'` + "\n" + `keywords = ["berth {no.|number}"]` + "\n" + `confidence = { without = "none" }`, `hides values of payment-card, as in "berth`},
		{"one that stands apart", `pattern = '` + order + `'` + "\napart = true\n" + `confidence = { without = "high" }`, ""},
		{"one of another shape", `pattern = 'EMP-\d{4}'`, ""},
		{"one that is switched off", `pattern = '` + order + `'` + "\noff = true\n" + `confidence = { without = "high" }`, ""},
		{"words", `words = ["card number"]`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "[policy]\njudges = [\"outbound\"]\nuse = [\"pci\"]\n[inside]\ndomains = [\"in.example\"]\n[detectors.own]\nnear_misses = [\"x\"]\n" + c.detector + "\n"
			p, err := ReadPolicyText("own.toml", []byte(text), ".", detect.Builtin(), Options{Lint: true, Time: noon})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, w := range p.Warnings() {
				if strings.Contains(w.Text, "hides values") {
					got = w.String()
				}
			}
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || got != "" && !strings.Contains(got, "own.toml line 6") {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheValuesThatLintTriesAreFound(t *testing.T) {
	all := newFound(detect.Builtin(), detect.Options{})
	seen := map[string]bool{}
	for _, v := range shippedValues {
		n := 0
		for _, m := range all.in(v.label + v.text + " or so") {
			seen[all.id(&m)] = true
			n++
		}
		if n == 0 {
			t.Errorf("%q: nothing is found", v.label+v.text)
		}
	}
	for _, d := range detect.Builtin() {
		switch d.ID {
		case "card-cvv", "benefit-amount", "uk-marking", "marker": // words and amounts
		default:
			if d.Rivals() && !seen[d.ID] {
				t.Errorf("no value of %s", d.ID)
			}
		}
	}
}
