package classify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

func scanMail(t *testing.T, config Config, mail string) *Report {
	t.Helper()
	scanner, err := NewScanner(config)
	if err != nil {
		t.Fatal(err)
	}
	report, err := scanner.ScanMail(t.Context(), strings.NewReader(strings.ReplaceAll(mail, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const everywhere = `From: a@example.org
To: b@example.org
Subject: about SSN 536-90-4399
X-Note: SSN 536-90-4399
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

new: SSN 536-90-4399
> old: SSN 078-05-1123
--x
Content-Type: text/csv; name="list.csv"
Content-Disposition: attachment; filename="list.csv"

name,ssn
A,871-17-6523
--x--
`

func TestFindingsSayWhereTheyStand(t *testing.T) {
	r := scanMail(t, Config{}, everywhere)
	var got []string
	for _, f := range r.Findings {
		got = append(got, fmt.Sprintf("%s %s quoted=%v %s %s", f.Where, f.Part, f.Quoted, f.Masked, f.Confidence))
	}
	want := []string{
		"subject 0 quoted=false ***-**-4399 high",
		"header 0 quoted=false ***-**-4399 high",
		"body 1 quoted=false ***-**-4399 high",
		"body 1 quoted=true ***-**-1123 high",
		"attachment 2 quoted=false ***-**-6523 high",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	paths := map[string]bool{}
	for _, p := range r.Parts {
		paths[p.Path] = true
	}
	for _, f := range r.Findings {
		if !paths[f.Part] {
			t.Errorf("finding in part %q, which is not among the parts", f.Part)
		}
	}
}

func TestCountsAreByUniqueValueAndPlace(t *testing.T) {
	r := scanMail(t, Config{}, everywhere)
	if got, want := r.Counts()["us-ssn"], (Count{Total: 5, Unique: 3, High: 3}); got != want {
		t.Errorf("counts: got %+v, want %+v", got, want)
	}
	tally := r.Tallies["us-ssn"]
	for _, c := range []struct {
		name          string
		in            Place
		unique, total int
	}{
		{"anywhere", AnyPlace, 3, 5},
		{"in the subject", InSubject, 1, 1},
		{"in the body", InBody, 2, 2},
		{"in new text", InNew, 2, 4},
		{"in quoted text", InQuoted, 1, 1},
		{"in new text of the body", InBody & InNew, 1, 1},
		{"in attachments", InAttachment, 1, 1},
	} {
		if u, n := tally.Unique(detect.Medium, c.in), tally.Total(detect.Medium, c.in); u != c.unique || n != c.total {
			t.Errorf("%s: got %d unique of %d, want %d of %d", c.name, u, n, c.unique, c.total)
		}
	}
}

func TestWhatSpeaksOfAWholeTextIsNewUnlessAllIsQuoted(t *testing.T) {
	const head, terms = "From: a@example.org\nTo: b@example.org\n\n", "hipaa, protected health information, diagnosis code and treatment plan\n"
	for name, c := range map[string]struct {
		text string
		in   Place
	}{
		"new, then quoted": {terms + "> quoted\n", InNew},
		"quoted alone":     {"> " + terms + "> more\n", InQuoted},
	} {
		tally := scanMail(t, Config{}, head+c.text).Tallies["phi-terms"]
		if all := tally.Total(detect.Low, AnyPlace); all != 1 || tally.Total(detect.Low, c.in) != 1 {
			t.Errorf("%s: %d found, %d of them there", name, all, tally.Total(detect.Low, c.in))
		}
	}
}

func TestASubjectIsReadAsOne(t *testing.T) {
	const mail = "From: a@example.org\nTo: b@example.org\nSubject: OFFICIAL-SENSITIVE [encrypt] report\n\n[encrypt] is a tag\n"
	r := scanMail(t, Config{}, mail)
	for _, id := range []string{"marker", "uk-marking"} {
		if got := r.Tallies[id].Total(detect.High, AnyPlace); got != 1 {
			t.Errorf("%s: %d found, want the one of the Subject", id, got)
		}
	}
}

func TestTallySurvivesJSON(t *testing.T) {
	r := scanMail(t, Config{}, everywhere)
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	a, b := r.Tallies["us-ssn"], again.Tallies["us-ssn"]
	for in := range 256 {
		for least := detect.Low; least <= detect.High; least++ {
			if a.Unique(least, Place(in)) != b.Unique(least, Place(in)) || a.Total(least, Place(in)) != b.Total(least, Place(in)) {
				t.Fatalf("place %08b, level %s: the counts differ after JSON", in, least)
			}
		}
	}
}

func TestReportHoldsNoValue(t *testing.T) {
	r := scanMail(t, Config{Keys: []Key{{"a", []byte("0123456789abcdef")}}}, everywhere)
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"536-90-4399", "078-05-1123", "871-17-6523", "536904399", "78051123", "078051123"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the report holds %s", secret)
		}
	}
}

func TestRevealGivesTheValue(t *testing.T) {
	r := scanMail(t, Config{Reveal: true}, everywhere)
	if got := r.Findings[0].Value; got != "536-90-4399" {
		t.Errorf("value %q, want 536-90-4399", got)
	}
}

func TestFingerprintsTellValuesApart(t *testing.T) {
	r := scanMail(t, Config{Keys: []Key{{"a", []byte("0123456789abcdef")}}}, everywhere)
	f := r.Findings
	if f[0].Fingerprint == "" || f[0].Fingerprint != f[1].Fingerprint {
		t.Errorf("the same number has the fingerprints %q and %q", f[0].Fingerprint, f[1].Fingerprint)
	}
	if f[0].Fingerprint == f[3].Fingerprint {
		t.Error("two numbers have one fingerprint")
	}
	other := scanMail(t, Config{Keys: []Key{{"a", []byte("fedcba9876543210")}}}, everywhere)
	if other.Findings[0].Fingerprint == f[0].Fingerprint {
		t.Error("the fingerprint does not depend on the key")
	}
	if plain := scanMail(t, Config{}, everywhere); plain.Findings[0].Fingerprint != "" {
		t.Error("a fingerprint without a key")
	}
}

func TestListsAreCappedAndCountingGoesOn(t *testing.T) {
	var b strings.Builder
	b.WriteString("From: a@example.org\nTo: b@example.org\n\nSSN\n")
	const n = MaxUnique + 50
	for i := range n {
		fmt.Fprintf(&b, "%03d-%02d-%04d\n", 100+i/9000, 1+i/1000%90, 1000+i%9000)
	}
	r := scanMail(t, Config{}, b.String())
	if len(r.Findings) != MaxFindings || !r.FindingsTruncated {
		t.Errorf("%d findings listed, truncated=%v; want %d and true", len(r.Findings), r.FindingsTruncated, MaxFindings)
	}
	c := r.Counts()["us-ssn"]
	if c.Total != n || c.Unique != MaxUnique || !c.AtLeast {
		t.Errorf("got %+v; want %d in all, at least %d unique", c, n, MaxUnique)
	}
}

func TestSafeNames(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"a plain name is shown", "plan.xlsx", "plan.xlsx"},
		{"digit runs are starred", "case 20231105.pdf", "case ********.pdf"},
		{"short runs stay", "q3 2x.pdf", "q3 2x.pdf"},
		{"long names are not shown", strings.Repeat("a", 41), ""},
		{"nor others than ASCII", "Müller.pdf", ""},
		{"nor controls", "a\nb", ""},
	} {
		if got := safeName(c.file); got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.name, c.file, got, c.want)
		}
	}
	r := scanMail(t, Config{}, strings.ReplaceAll(everywhere, "list.csv", "ssn 536-90-4399.csv"))
	if name, ok := r.SafeNames["2"]; ok {
		t.Errorf("a name that holds a number is shown as %q", name)
	}
	if r := scanMail(t, Config{}, everywhere); r.SafeNames["2"] != "list.csv" {
		t.Errorf("the name of part 2 is %q, want list.csv", r.SafeNames["2"])
	}
}

func TestMarksStayFew(t *testing.T) {
	scanner, err := NewScanner(Config{})
	if err != nil {
		t.Fatal(err)
	}
	scan := scanner.Begin(t.Context())
	stream := (*sink)(scan).Text(&extract.Part{Path: "1"}, extract.Body).(*textStream)
	for i := range 1 << 20 {
		stream.Mark(i%2 == 0)
		if _, err := stream.Write([]byte("x ")); err != nil {
			t.Fatal(err)
		}
	}
	if len(stream.marks) > 1<<16 {
		t.Errorf("%d marks are kept after %d bytes", len(stream.marks), stream.written)
	}
}
