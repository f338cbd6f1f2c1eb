package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/edm"
)

// engineOf loads a policy with all that postern ships, with files beside it.
func engineOf(t testing.TB, text string, beside ...string) (*Engine, error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(beside); i += 2 {
		write(t, filepath.Join(dir, beside[i]), beside[i+1])
	}
	return LoadText(`policy "p.toml"`, []byte(text), dir, enforcing())
}

func mustEngine(t testing.TB, text string, beside ...string) *Engine {
	t.Helper()
	e, err := engineOf(t, text, beside...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// decided tells what fires for a mail text, and why.
func decided(t testing.TB, e *Engine, text string) (rules, because []string) {
	t.Helper()
	mail := "From: a@inside.example\r\nTo: b@outside.example\r\nSubject: s\r\n" + strings.ReplaceAll(text, "\n", "\r\n")
	report, err := e.Scanner().ScanMail(t.Context(), strings.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	d := e.Explain(envelope("a@inside.example", "b@outside.example"), report)
	data, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var again classify.Report
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if other := e.Explain(envelope("a@inside.example", "b@outside.example"), &again); !reflect.DeepEqual(other, d) {
		t.Errorf("%q: another decision after JSON:\n%+v\n%+v", text, other, d)
	}
	for _, r := range d.Rules {
		if r.Fired {
			rules, because = append(rules, r.ID), append(because, r.Because...)
		}
	}
	return rules, because
}

const staffPolicy = `
[detectors.staff-number]
title       = "staff number"
pattern     = '[A-Z]{2}-?\d{6}'
keywords    = ["staff {no.|number}"]
negative    = ["model"]
window      = 100
mask        = "last2"
confidence  = { without = "none" }
match       = ["staff number AB-123456", "AB123456 is her staff no"]
near_misses = ["AB-123456", "staff number, model AB-123456", "staff number AB-1234567"]

[detectors.projects]
title       = "secret project"
words       = ["project falcon"]
file        = "projects.txt"
mask        = "none"
match       = ["about Project Falcon", "grey goose"]
near_misses = ["falcon", "project falcons"]

[lexicons.merger]
title       = "merger talk"
terms       = { "due diligence" = 6, takeover = 3 }
file        = "merger.txt"
thresholds  = { low = 3, medium = 6, high = 12 }
match       = ["due diligence", "takeover bid"]
near_misses = ["diligence is due", "synergy"]

[rules.staff]
clause = "1"
when   = { found = "staff-number" }
record = true

[rules.projects]
clause = "2"
when   = { found = "projects", unique = 2 }
record = true

[rules.merger]
clause = "3"
when   = { found = "merger", confidence = "high" }
record = true
`

var staffFiles = []string{"projects.txt", "# secret\nGrey Goose\n\n", "merger.txt", "bid\t3 # of a company\nacquisition\t5\nsynergy\n"}

func TestOwnDetectorsAndLexiconsAreAskedByTheirIDs(t *testing.T) {
	e := mustEngine(t, staffPolicy, staffFiles...)
	if w := e.Warnings(); len(w) > 0 {
		t.Errorf("warnings %v", w)
	}
	for _, c := range []struct{ text, rules, because string }{
		{"\nstaff number: AB-123456\n", "staff", "staff-number: 1 unique, high, in body 1"},
		{"\nAB-123456\n", "", ""},
		{"\nProject Falcon\n", "", ""},
		{"\nProject Falcon and grey\n goose\n", "projects", "projects: 2 unique, medium, in body 1"},
		{"\nDue diligence before the takeover bid.\n", "merger", "merger: 1 unique, high, in body 1: due diligence +6, takeover +3, bid +3 (12 in all, high from 12)"},
		{"\nan acquisition\n", "", ""},
		{
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ndue diligence, acquisition, bid\n--x\nContent-Disposition: attachment; filename=a.txt\n\ntakeover bid, due diligence, acquisition\n--x--\n",
			"merger", "merger: 1 unique, high, in body 1, attachment 2: attachment 2: takeover +3, bid +3, due diligence +6, acquisition +5 (17 in all, high from 12); body 1: due diligence +6, acquisition +5, bid +3 (14 in all, high from 12)",
		},
	} {
		rules, because := decided(t, e, c.text)
		if strings.Join(rules, " ") != c.rules || strings.Join(because, "; ") != c.because {
			t.Errorf("%q: fired %v because %q, want %q because %q", c.text, rules, because, c.rules, c.because)
		}
	}
}

func TestDetectorsThatContradictTheirSamplesAreMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a match that is not found", "[detectors.x]\npattern = 'x\\d'\nmatch = ['x1', 'y2']\nnear_misses = ['x']", `line 3: detector "x": match #2 is not found`},
		{"a near miss that is found", "[detectors.x]\npattern = 'x\\d'\nnear_misses = ['x', 'see x1']", `line 3: detector "x": near miss #2 is found, at medium confidence, at 4-6`},
		{"a lexicon's near miss", "[lexicons.x]\nterms = { a1 = 20 }\nnear_misses = ['a1']", `line 3: lexicon "x": near miss #1 is found, at high confidence`},
		{"an expression that cannot be read", "[detectors.x]\npattern = '('", `line 2: detector "x": error parsing regexp`},
		{"neither expression nor words", "[detectors.x]\ntitle = 'x'", `line 1: detector "x": nothing says what it finds`},
		{"both", "[detectors.x]\npattern = 'x'\nwords = ['x']", `detector "x": both an expression and words`},
		{"an unknown check", "[detectors.x]\npattern = 'x'\nvalidate = 'luhm'", `line 3: detector "x": unknown validate "luhm" (did you mean "luhn"?)`},
		{"an unknown mask", "[detectors.x]\npattern = 'x'\nmask = 'last5'", `unknown mask "last5"`},
		{"too wide a window", "[detectors.x]\npattern = 'x'\nwindow = 1000", "the window has 1000 characters"},
		{"an id of ours", "[detectors.us-ssn]\npattern = 'x'", `detector "us-ssn": postern ships one of that id`},
		{"tuning what is not there", "[detectors.us-sn]\noff = true", `detector "us-sn": no detector of that id is there to be tuned`},
		{"specimens of another", "[detectors.mo-dcn]\nreport_specimens = true", "only us-ssn leaves out specimens"},
		{"a rule on what is off", "[detectors.mo-dcn]\noff = true\n[rules.r]\nwhen = { found = 'mo-dcn' }\nrecord = true", `rule "r": detector "mo-dcn" is off`},
		{"a keyword with an open brace", "[detectors.us-ssn]\nkeywords_add = ['{a']", `line 2: detector "us-ssn": keyword "{a"`},
		{"a file that is not there", "[detectors.x]\nfile = 'none.txt'", "cannot read"},
		{"a lexicon without terms", "[lexicons.x]\ntitle = 'x'", `lexicon "x": it has no terms`},
		{"a term without weight", "[lexicons.x]\nterms = { a = 0 }", `term "a" has the weight 0`},
		{"thresholds that fall", "[lexicons.x]\nterms = { a = 1 }\nthresholds = { low = 3, medium = 2, high = 1 }", "the thresholds are 3, 2 and 1"},
		{"a lexicon under a detector's name", "[lexicons.us-ssn]\nterms = { a = 1 }", "there is a detector of that name"},
		{"a weight that is none", "[lexicons.x]\nfile = 'w.txt'", "line 2: lexicon \"x\": got \"many\" behind the TAB"},
		{"an unknown level", "[detectors.x]\npattern = 'x'\nconfidence = { label = 'certain' }", `"certain"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := engineOf(t, c.text, "w.txt", "a\t1\nb\tmany\n")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestWhatIsOddAboutADetectorIsAWarning(t *testing.T) {
	for text, want := range map[string]string{
		"[detectors.x]\npattern = 'qq\\d'":                                                         "has no near misses",
		"[detectors.x]\npattern = '\\d{4}'\nnear_misses = ['12']":                                  "it also finds what stands in mail of every day, at medium confidence: bare numbers of 4 digits, ",
		"[detectors.x]\npattern = 'qq\\d'\nkeywords = ['a']\nmatch = ['qq1']\nnear_misses = ['q']": "match #1 is found at low confidence only",
		"[detectors.x]\npattern = 'qq\\d'\nkeywords = ['a']\nnear_misses = ['qq1']":                "near miss #1 is found at low confidence, at 0-3",
	} {
		e := mustEngine(t, text)
		if !slices.ContainsFunc(e.Warnings(), func(m Mistake) bool { return strings.Contains(m.Text, want) }) {
			t.Errorf("%s\nwarnings %v, want %q", text, e.Warnings(), want)
		}
	}
}

func TestShippedDetectorsAreTuned(t *testing.T) {
	const rule = "\n[rules.r]\nclause = '1'\nwhen = { found = 'us-ssn' }\nrecord = true\n[rules.p]\nclause = '2'\nwhen = { found = 'phi-terms' }\nrecord = true\n"
	for _, c := range []struct{ tuning, text, want string }{
		{"", "\nSSN 078-05-1120\n", ""},
		{"[detectors.us-ssn]\nreport_specimens = true", "\nSSN 078-05-1120\n", "r"},
		{"", "\nSozialnummer 536904399\n", ""},
		{"[detectors.us-ssn]\nkeywords_add = ['sozialnummer']", "\nSozialnummer 536904399\n", "r"},
		{"", "\nwidget: 536-90-4399\n", "r"},
		{"[detectors.us-ssn]\nnegative_add = ['widget']", "\nwidget: 536-90-4399\n", ""},
		{"", "\nhipaa and prognosis\n", ""},
		{"[lexicons.phi-terms]\nterms = { prognosis = 9 }", "\nhipaa and prognosis\n", "p"},
		{"[lexicons.phi-terms]\nterms = { widgetitis = 12 }", "\nwidgetitis\n", "p"},
		{"[lexicons.phi-terms]\nthresholds = { medium = 8 }", "\nhipaa and prognosis\n", "p"},
	} {
		rules, _ := decided(t, mustEngine(t, c.tuning+rule), c.text)
		if got := strings.Join(rules, " "); got != c.want {
			t.Errorf("%s: %q fires %q, want %q", c.tuning, c.text, got, c.want)
		}
	}
	e := mustEngine(t, "[detectors.us-ssn]\noff = true\n[rules.r]\nclause = '1'\nwhen = { found = 'mo-dcn' }\nrecord = true")
	if slices.ContainsFunc(e.Detectors(), func(d *detect.Detector) bool { return d.ID == "us-ssn" }) {
		t.Error("a detector that is off runs")
	}
}

// clientTable writes a table and its key beside a policy.
func clientTable(t testing.TB, dir string) {
	t.Helper()
	columns, err := edm.ParseColumns("dcn:mo-dcn,surname:name,born:date")
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("0123456789abcdef0123")
	write(t, filepath.Join(dir, "clients.key"), string(key)+"\n")
	source := "dcn,surname,born\n34567812,O'Brien,1970-03-04\n34567813,Nowak,1985-05-12\n"
	if _, err := edm.Build(filepath.Join(dir, "clients.edm"), strings.NewReader(source), edm.Options{Columns: columns, Key: key, Detectors: detect.Builtin()}); err != nil {
		t.Fatal(err)
	}
}

const clientPolicy = `
[edm.clients]
title    = "client of the agency"
file     = "clients.edm"
key_file = "clients.key"

[rules.one]
clause = "1"
when   = { edm = "clients" }
record = true

[rules.two]
clause = "2"
when   = { edm = "clients", unique = 2, columns = ["dcn", "Surname"], where = "body" }
record = true

[rules.all]
clause = "3"
when   = { edm = "clients", columns = 3 }
record = true
`

func TestTablesAreAskedInConditions(t *testing.T) {
	dir := t.TempDir()
	clientTable(t, dir)
	load := func(text string) (*Engine, error) {
		return LoadText(`policy "p.toml"`, []byte(text), dir, enforcing())
	}
	e, err := load(clientPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if w := e.Warnings(); len(w) > 0 {
		t.Errorf("warnings %v", w)
	}
	for _, c := range []struct{ text, rules, because string }{
		{"\n34567812\n", "", ""},
		{"\nNowak 34567812\n", "", ""},
		{"\nO'Brien 34567812\n", "one", "edm:clients: 1 unique, high, in body 1"},
		{"\nO'Brien, account 34567812\n", "one", "edm:clients: 1 unique, high, in body 1; the same text counts as uk-bank"},
		{"\nO'Brien 34567812, Nowak 34567813\n", "one two", "edm:clients: 2 unique, high, in body 1; edm:clients(dcn+Surname): 2 unique, high, in body 1"},
		{"\nO'Brien, 4 March 1970, 34567812\n", "all one", "edm:clients(3): 1 unique, high, in body 1; edm:clients: 1 unique, high, in body 1"},
	} {
		rules, because := decided(t, e, c.text)
		if strings.Join(rules, " ") != c.rules || strings.Join(because, "; ") != c.because {
			t.Errorf("%q: fired %v because %q, want %q because %q", c.text, rules, because, c.rules, c.because)
		}
	}
	released := make(chan bool, 1)
	runtime.AddCleanup(e.exacts[0].Table, func(c chan bool) { c <- true }, released)
	before := e.Checksum()
	clientTable(t, dir)
	if again, err := load(clientPolicy); err != nil || again.Checksum() == before {
		t.Errorf("another table, %v, and the checksum is the same", err)
	}
	const head = "[edm.clients]\nfile = 'clients.edm'\nkey_file = 'clients.key'\n"
	const rule = "[rules.r]\nclause = '1'\nrecord = true\n"
	for text, want := range map[string]string{
		"[edm.clients]\nfile = 'none.edm'\nkey_file = 'clients.key'":    `line 2: edm table "clients": cannot read`,
		"[edm.clients]\nfile = 'clients.edm'\nkey_file = 'none'":        `line 3: edm table "clients": cannot read`,
		"[edm.clients]\nfile = 'clients.edm'":                           "the file of the table or that of its key is missing",
		"[edm.clients]\nfile = 'clients.edm'\nkey_file = 'clients.edm'": "built with another key",
		head + "columns = ['name']":                                     `has no column "name"`,
		head + "columns = 4":                                            "4 columns are wanted",
		head + "columns = 0":                                            "got the number 0",
		head + "[detectors.mo-dcn]\noff = true":                         `detector "mo-dcn"`,
		rule + "when = { edm = 'client' }":                              `unknown edm table "client"`,
		rule + "when = { found = 'us-ssn', columns = 2 }":               "columns has no effect without edm",
		head + rule + "when = { edm = 'clients', found = 'us-ssn' }":    "conditions of their own",
		head + rule + "when = { edm = 'clients', total = 10001 }":       "no more than 10000 values of a table",
		head + rule + "when = { found = 'edm:clients' }":                `unknown detector "edm:clients"`,
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v, want %s", text, err, want)
		}
	}
	if err := os.Truncate(filepath.Join(dir, "clients.edm"), 200); err != nil {
		t.Fatal(err)
	}
	if rules, _ := decided(t, e, "\nO'Brien 34567812\n"); len(rules) != 1 {
		t.Errorf("after the file was cut: fired %v", rules)
	}
	if _, err := load(clientPolicy); err == nil {
		t.Error("a table that was cut loads")
	}

	// The table goes with the last that can ask it: here a mail being read.
	inspection := e.Inspect(t.Context(), envelope("a@inside.example", "b@outside.example"))
	e = nil
	runtime.GC()
	select {
	case <-released:
		t.Fatal("the table is gone while a mail is being read")
	case <-time.After(20 * time.Millisecond):
	}
	if _, err := inspection.Finish(); err != nil {
		t.Fatal(err)
	}
	inspection = nil
	for deadline := time.Now().Add(10 * time.Second); ; {
		runtime.GC()
		select {
		case <-released:
			return
		case <-time.After(time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatal("the table is never given back")
			}
		}
	}
}

func TestValuesThatAreNoSecretCanBeAsked(t *testing.T) {
	e := mustEngine(t, "[rules.r]\nclause = '1'\nwhen = { found = 'uk-marking', value = ['SECRET', 'TOP SECRET'] }\nrecord = true")
	for text, want := range map[string]string{
		"\nOFFICIAL\n": "", "\nSECRET\n\nsome text\n": "uk-marking:SECRET: 1 unique, high, in body 1",
	} {
		_, because := decided(t, e, text)
		if got := strings.Join(because, "; "); got != want {
			t.Errorf("%q: because %q, want %q", text, got, want)
		}
	}
	_, err := engineOf(t, "[rules.r]\nclause = '1'\nwhen = { found = 'us-ssn', value = '078-05-1123' }\nrecord = true")
	if err == nil || !strings.Contains(err.Error(), "are masked") || strings.Contains(err.Error(), "1123") {
		t.Errorf("got %v, want that values are masked, and not the value", err)
	}
}

const cvText = "Curriculum Vitae\n\nWork Experience\n\nEducation\n\nReferees\nreferences available upon request\n"

func TestLabelsAreExplained(t *testing.T) {
	e := mustEngine(t, `
[rules.cvs]
clause = "1"
when   = { label = "cv", parts = 3 }
record = true
[rules.fti]
clause = "2"
when   = { label = "fti" }
record = true
[rules.phi]
clause = "3"
when   = { label = "phi" }
record = true
`)
	mail := func(parts ...string) string {
		b := "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
		for i, p := range parts {
			b += fmt.Sprintf("\n--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a%d.txt\n\n%s", i, p)
		}
		return b + "\n--x--\n"
	}
	for _, c := range []struct{ name, text, rules, because string }{
		{"two CVs", mail(cvText, cvText, "hello"), "", ""},
		{"three CVs", mail(cvText, "hello", cvText, cvText), "cvs", "label cv: 3 parts; cv-resume: 1 unique, high, in attachment 1"},
		{"one part that has three", mail(cvText + cvText + cvText), "", ""},
		{"tax information", "\nFederal tax information, IRS match\n", "fti", "label fti; us-fti: 1 unique, high, in body 1: federal tax information +10, irs match +5"},
		{"health without a person", "\nhipaa, chemotherapy, prognosis\n", "", ""},
		{"health of a person", "\nhipaa, chemotherapy, prognosis of SSN 536-90-4399\n", "phi", "label phi; phi-terms: 1 unique, medium, in body 1: hipaa +5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules, because := decided(t, e, c.text)
			if strings.Join(rules, " ") != c.rules || !strings.HasPrefix(strings.Join(because, "; "), c.because) {
				t.Errorf("fired %v because %q, want %q because %q…", rules, strings.Join(because, "; "), c.rules, c.because)
			}
		})
	}
}

func TestLabelsOfPosternGiveWay(t *testing.T) {
	e := mustEngine(t, "[labels.cv]\nfound = 'us-ssn'\n[labels.odd]\nper = 'part'\nencrypted = true\n[rules.r]\nclause = '1'\nwhen = { label = ['cv', 'odd'] }\nrecord = true")
	if rules, _ := decided(t, e, "\nSSN 536-90-4399\n"); len(rules) != 1 {
		t.Error("the admin's label does not take the place of postern's")
	}
	for text, want := range map[string]string{
		"[labels.x]\nper = 'mails'\nfound = 'us-ssn'":                                    `per is "mails"`,
		"[labels.x]\nper = 'part'\nlabel = 'cv'":                                         "a label of parts cannot ask for another label",
		"[rules.r]\nclause = '1'\nwhen = { label = 'fti', parts = 2 }\nrecord = true":    "its parts cannot be counted",
		"[rules.r]\nclause = '1'\nwhen = { label = 'cv', parts = 0 }\nrecord = true":     "parts is 0",
		"[rules.r]\nclause = '1'\nwhen = { found = 'us-ssn', parts = 2 }\nrecord = true": "parts has no effect without label",
		"[labels.x]\nfound = 'us-ssn'\n[[labels]]\nid = 'y'":                             "",
	} {
		_, err := engineOf(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v, want %s", text, err, want)
		}
	}
	without := mustEngine(t, "[detectors.cv-resume]\noff = true\n[detectors.us-fti]\noff = true\n")
	if labels := without.Labels(report()); len(labels) != 0 {
		t.Errorf("labels %v of an empty report", labels)
	}
}

func TestEveryLabelOfPosternAsksForDetectorsThatAreThere(t *testing.T) {
	text, _ := Pack(labelsPack)
	s := &source{}
	if m := DecodeTOML("labels", text, s); m != nil {
		t.Fatal(m)
	}
	var look func(c *sourceCondition)
	seen := 0
	look = func(c *sourceCondition) {
		for _, id := range c.Found {
			seen++
			if !slices.ContainsFunc(detect.Builtin(), func(d *detect.Detector) bool { return d.ID == id }) {
				t.Errorf("no detector %q", id)
			}
		}
		for _, group := range [][]sourceCondition{c.All, c.Any, c.None} {
			for i := range group {
				look(&group[i])
			}
		}
	}
	for i := range s.Labels {
		look(&s.Labels[i].sourceCondition)
	}
	if seen < 20 {
		t.Errorf("only %d detectors asked for", seen)
	}
}

func TestALabelInThePlaceOfPosternsIsToldWithWhoAsksForIt(t *testing.T) {
	const rule = "\n[rules.own]\nclause = '1'\nwhen = { found = 'us-ssn' }\nrecord = true\n"
	for _, c := range []struct{ name, text, want string }{
		{"one that a pack asks for", "[policy]\nuse = ['wisconsin-dsp']\n[inside]\ndomains = ['in.example']\n[labels.cji]\nsays = 'capital joint investment'" + rule, `line 5: label "cji" takes the place of postern's: what it says is now what these ask for: rules "`},
		{"one that nobody of a pack asks for", "[labels.cji]\nsays = 'capital joint investment'" + rule, ""},
		{"a slip of the hand", "[labels.official-sensitve]\nsays = 'x y z'" + rule, `line 1: label "official-sensitve" is asked for by no rule; it is a label of its own, and takes the place of none (did you mean "official-sensitive"?)`},
		{"another hyphen", "[labels.bulk_records]\nsays = 'x y z'" + rule, `did you mean "bulk-records"?`},
		{"a short name of one's own", "[labels.hr]\nsays = 'x y z'" + rule, ""},
		{"a like name that a rule asks for", "[labels.bulk-record]\nsays = 'x y z'\n[rules.b]\nclause = '1'\nwhen = { label = 'bulk-record' }\nrecord = true" + rule, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told []string
			p, err := ReadPolicyText(`policy "p.toml"`, []byte(c.text), ".", detect.Builtin(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range p.Warnings() {
				if strings.Contains(w.Text, "label") {
					told = append(told, w.String())
				}
			}
			if got := strings.Join(told, "\n"); c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}

func TestATableOfABrokenDetectorIsNoMistakeItself(t *testing.T) {
	dir := t.TempDir()
	const whole = "[detectors.member]\npattern = 'QQ\\d{6}'\nnear_misses = ['x']\n"
	own, err := ReadPolicyText("p", []byte(whole), dir, detect.Builtin(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	columns, err := edm.ParseColumns("id:member,surname:name")
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("0123456789abcdef0123")
	write(t, filepath.Join(dir, "k"), string(key))
	if _, err := edm.Build(filepath.Join(dir, "t.edm"), strings.NewReader("id,surname\nQQ123456,Nowak\n"), edm.Options{Columns: columns, Key: key, Detectors: own.inUse}); err != nil {
		t.Fatal(err)
	}
	const rest = "[edm.t]\nfile = 't.edm'\nkey_file = 'k'\n[labels.l]\nfound = 'member'\n[rules.r]\nclause = '1'\nwhen = { any = [ { edm = 't' }, { found = 'us-ssn', near = { found = 'member' } }, { label = 'l' }, { volume = { found = 'member', unique = 2 } } ] }\nrecord = true\n"
	if _, err := ReadPolicyText("p", []byte(whole+rest), dir, detect.Builtin(), Options{}); err != nil {
		t.Fatal(err)
	}
	_, err = ReadPolicyText("p", []byte(strings.Replace(whole, "{6}", "{6", 1)+"validate = 'luhm'\n"+rest), dir, detect.Builtin(), Options{})
	const want = `p line 4: detector "member": unknown validate "luhm" (did you mean "luhn"?)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
