package detect

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/detectors.md from the table")

const page = "../../docs/detectors.md"

// roles says in the manual what a keyword does.
var roles = map[role]string{
	strong: "Keywords",
	weak:   "Weak keywords, which count as labels together with a cue",
	cue:    "Cues",
}

// manual prints the table of detectors.
func manual(detectors []*Detector) string {
	var b strings.Builder
	b.WriteString(`# Detectors

<!-- Printed from the table in classify/detect by "go test ./classify/detect -update". -->

What each detector finds, and how sure it is. A policy names detectors by their id and counts findings of a level or
higher. *Label* is a keyword at most 40 characters before the value on its line, or before it with nothing but white
space, ` + "`:`, `#` or `=`" + ` between, or in the header of its column; *window* is a keyword within 300 characters on either side.
*Negative* is a value whose nearest label names another kind of number. "-" is not found at all.

In keywords ` + "`{a|b}`" + ` are alternatives, a full stop may be missing, and a space is one to four characters of white space,
` + "`_`, `-`" + ` or nothing, so that ` + "`social security number`" + ` is also ` + "`socialSecurityNumber`" + `. Only keywords in capitals care for case.
`)
	for _, d := range detectors {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n%s\n", d.ID, strings.ToUpper(d.Title[:1])+d.Title[1:], d.Finds)
		fmt.Fprintf(&b, "\nForms: `%s`.\n", strings.Join(d.Forms, "`, `"))
		hinted := false
		for _, g := range d.grades {
			hinted = hinted || g.weak != None
		}
		columns := []string{"form", "label", "window", "none", "negative"}
		if hinted {
			columns = []string{"form", "label", "window", "weak label and cue", "none", "negative"}
		}
		fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
		for _, g := range d.grades {
			levels := []Confidence{g.label, g.window, g.alone, g.negative}
			if hinted {
				levels = []Confidence{g.label, g.window, g.weak, g.alone, g.negative}
			}
			b.WriteString("| " + g.form)
			for _, l := range levels {
				b.WriteString(" | " + strings.ReplaceAll(l.String(), "none", "-"))
			}
			b.WriteString(" |\n")
		}
		for _, k := range d.keywords {
			fmt.Fprintf(&b, "\n%s: `%s`.\n", roles[k.role], strings.Join(k.patterns, "`, `"))
		}
		fmt.Fprintf(&b, "\nShown in logs and replies: %s, as in `%s`.\n\nSources:\n\n", d.Masking, d.Mask(samples[d.ID]))
		for _, s := range d.Sources {
			b.WriteString("- " + s + "\n")
		}
	}
	fmt.Fprintf(&b, "\n## Negative labels\n\nAt most 20 characters before a value on its line, or in the header of its column: `%s`.\n", strings.Join(negatives, "`, `"))
	var loose []string
	for _, d := range detectors {
		if d.accounts {
			loose = append(loose, d.ID)
		}
	}
	fmt.Fprintf(&b, "\nFor bare digits, and a National Insurance number without its suffix, of %s also: `%s`.\n", strings.Join(loose, ", "), strings.Join(accounts, "`, `"))
	return b.String()
}

// samples are values that name nobody.
var samples = map[string]string{
	"payment-card": "4111111111111111",
	"us-ssn":       "078-05-1120",
	"uk-nino":      "QQ123456C",
	"mo-dcn":       "12345678",
}

func TestTheManualIsPrintedFromTheTable(t *testing.T) {
	want := manual(Builtin())
	if *update {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/detectors.md is not what the table says; run go test ./classify/detect -update")
	}
}

func TestEachDetectorIsComplete(t *testing.T) {
	for _, d := range Builtin() {
		t.Run(d.ID, func(t *testing.T) {
			if d.Title == "" || d.Finds == "" || len(d.Forms) == 0 || len(d.Sources) == 0 || d.Masking == "" || d.digits == 0 || d.find == nil || len(d.grades) == 0 {
				t.Error("the entry lacks a field that the manual or the scanner needs")
			}
			near := 0
			vectors := readVectors(t, d.ID)
			for _, v := range vectors {
				if len(v.values) == 0 {
					near++
				}
			}
			if len(vectors) < 20 || near < 5 {
				t.Errorf("%d vectors, %d of them near misses, want at least 20 and 5", len(vectors), near)
			}
		})
	}
}

func TestMasksShowNoMoreThanTheyMay(t *testing.T) {
	for value, want := range map[string]string{
		"us-ssn 078-05-1120":            "***-**-1120",
		"mo-dcn 12345678":               "******78",
		"uk-nino QQ123456C":             "******56C",
		"uk-nino QQ123456":              "******56",
		"payment-card 4111111111111111": "************1111",
	} {
		id, value, _ := strings.Cut(value, " ")
		for _, d := range Builtin() {
			if d.ID == id && d.Mask(value) != want {
				t.Errorf("%s shows %q as %q, want %q", id, value, d.Mask(value), want)
			}
		}
	}
}
