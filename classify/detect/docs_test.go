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
	strong:  "Keywords",
	weak:    "Weak keywords, which count as labels together with a cue",
	cue:     "Cues",
	heads:   "Keywords that count in the header of a column only",
	against: "Keywords that speak against a value, as negative labels do",
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
		if len(d.Forms) > 0 {
			fmt.Fprintf(&b, "\nForms: `%s`.\n", strings.Join(d.Forms, "`, `"))
		}
		printGrades(&b, d)
		for _, k := range d.keywords {
			fmt.Fprintf(&b, "\n%s: `%s`.\n", roles[k.role], strings.Join(k.patterns, "`, `"))
		}
		if d.labelReach > 0 {
			fmt.Fprintf(&b, "\nA label stands at most %d characters before the value.\n", d.labelReach)
		}
		if d.lexicon != nil {
			printLexicon(&b, d.lexicon)
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

// printGrades prints the confidence table of a detector, with the columns that it
// uses.
func printGrades(b *strings.Builder, d *Detector) {
	if len(d.grades) == 0 {
		return
	}
	columns := []struct {
		title string
		level func(g *grade) Confidence
		must  bool
	}{
		{"label and cue", func(g *grade) Confidence { return g.backed }, false},
		{"label", func(g *grade) Confidence { return g.label }, true},
		{"window", func(g *grade) Confidence { return max(g.window, g.alone) }, true},
		{"weak label and cue", func(g *grade) Confidence { return g.weak }, false},
		{"none", func(g *grade) Confidence { return g.alone }, true},
		{"negative", func(g *grade) Confidence { return g.negative }, true},
	}
	rows := make([]string, len(d.grades)+2)
	rows[0], rows[1] = "| form |", "|---|"
	for i := range d.grades {
		rows[i+2] = "| " + d.grades[i].form + " |"
	}
	for _, c := range columns {
		used := c.must
		for i := range d.grades {
			used = used || c.level(&d.grades[i]) != None
		}
		if !used {
			continue
		}
		rows[0] += " " + c.title + " |"
		rows[1] += "---|"
		for i := range d.grades {
			rows[i+2] += " " + strings.ReplaceAll(c.level(&d.grades[i]).String(), "none", "-") + " |"
		}
	}
	b.WriteString("\n" + strings.Join(rows, "\n") + "\n")
}

// printLexicon prints the terms of a lexicon by their weight.
func printLexicon(b *strings.Builder, l *Lexicon) {
	fmt.Fprintf(b, "\nLow from a score of %d, medium from %d, high from %d. Terms by weight, in capitals where the case counts:\n\n", l.Low, l.Medium, l.High)
	for i := range l.Terms {
		t := &l.Terms[i]
		fmt.Fprintf(b, "- %d: ", t.Weight)
		if t.Pattern != "" {
			b.WriteString("a span of years, as in `Mar 2015 - present`")
		} else {
			b.WriteString("`" + strings.Join(t.Phrases, "`, `") + "`")
		}
		if t.Heading {
			b.WriteString(", alone on its line")
		}
		if t.UpTo > 1 {
			fmt.Fprintf(b, ", up to %d times", t.UpTo)
		}
		b.WriteString("\n")
	}
}

// samples are values that name nobody.
var samples = map[string]string{
	"payment-card":   "4111111111111111",
	"us-ssn":         "078-05-1120",
	"uk-nino":        "QQ123456C",
	"mo-dcn":         "12345678",
	"iban":           "GB75TEST00000000000001",
	"card-cvv":       "123",
	"us-itin":        "900-50-0001",
	"us-ein":         "12-3456789",
	"uk-bank":        "107999/88837491",
	"us-bank":        "021000021/123456789012",
	"uk-nhs":         "9990000018",
	"us-mbi":         "1EG4TE5MK73",
	"icd10":          "E11.9",
	"us-dl-wi":       "Y5203703120508",
	"us-dl":          "H12234567",
	"uk-passport":    "925076473",
	"dob":            "1980-12-31",
	"uk-address":     "SW1A 2AA",
	"us-address":     "MO 65101-1234",
	"phone":          "+442079460018",
	"benefit-amount": "GBP 342.72",
	"uk-marking":     "OFFICIAL-SENSITIVE",
	"marker":         "[encrypt]",
	"disclaimer":     "mo-dss",
	"us-fti":         lexiconHit,
	"phi-terms":      lexiconHit,
	"cji-terms":      lexiconHit,
	"cv-resume":      lexiconHit,
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
			if d.Title == "" || d.Finds == "" || len(d.Sources) == 0 || d.Masking == "" || d.Mask == nil {
				t.Error("the entry lacks a field that the manual needs")
			}
			byDigits := d.find != nil && len(d.grades) > 0
			if !byDigits && d.trigger == nil && d.lexicon == nil || d.lexicon == nil && len(d.Forms) == 0 {
				t.Error("the entry lacks a field that the scanner needs")
			}
			for _, g := range d.grades {
				if g.form == "" {
					t.Error("a row of the confidence table has no name")
				}
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
		"us-ssn 078-05-1120":             "***-**-1120",
		"mo-dcn 12345678":                "******78",
		"uk-nino QQ123456C":              "******56C",
		"uk-nino QQ123456":               "******56",
		"payment-card 4111111111111111":  "************1111",
		"iban GB75TEST00000000000001":    "GB****************0001",
		"card-cvv 123":                   "***",
		"us-itin 900-50-0001":            "***-**-0001",
		"us-ein 12-3456789":              "**-***6789",
		"uk-bank 107999/88837491":        "******/*****491",
		"uk-bank 107999/-":               "******/-",
		"uk-bank -/88837491":             "-/*****491",
		"us-bank 021000021/123456789012": "*********/********9012",
		"us-bank 021000021/1234":         "*********/****",
		"uk-nhs 9990000018":              "*******018",
		"us-mbi 1EG4TE5MK73":             "*******MK73",
		"us-dl-wi Y5203703120508":        "**********0508",
		"us-dl H12234567":                "*****4567",
		"uk-passport 925076473":          "******473",
		"dob 1980-12-31":                 "1980-**-**",
		"uk-address SW1A|2AA":            "SW1A ***",
		"us-address MO|65101-1234":       "MO 651**-****",
		"phone +442079460018":            "***********18",
		"benefit-amount GBP|342.72":      "GBP ***.**",
	} {
		id, value, _ := strings.Cut(value, " ")
		value = strings.ReplaceAll(value, "|", " ")
		for _, d := range Builtin() {
			if d.ID == id && d.Mask(value) != want {
				t.Errorf("%s shows %q as %q, want %q", id, value, d.Mask(value), want)
			}
		}
	}
}
