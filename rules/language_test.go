package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// at puts a finding of level high at an offset of a part.
func at(r *classify.Report, id, part string, where extract.Where, offset int64) *classify.Report {
	r = with(r, find{id: id, part: part, where: where})
	f := &r.Findings[len(r.Findings)-1]
	f.Offset, f.End = offset, offset+9
	return r
}

func TestWhatStandsAroundAFinding(t *testing.T) {
	const near = `when = { found = "uk-nino", near = { found = "us-ssn", within = 100 } }`
	const after = `when = { found = "uk-nino", not_after = { found = "us-ssn", within = 100 } }`
	const two = `when = { found = "uk-nino", total = 2, near = { found = "us-ssn", within = 100 } }`
	place := func(nino, ssn int64, part string) *classify.Report {
		return at(at(report(), "uk-nino", "1", extract.Body, nino), "us-ssn", part, extract.Body, ssn)
	}
	for _, c := range []struct {
		name, when string
		r          *classify.Report
		want       bool
	}{
		{"near behind it", near, place(0, 109, "1"), true},
		{"too far behind it", near, place(0, 110, "1"), false},
		{"near before it", near, place(109, 0, "1"), true},
		{"too far before it", near, place(110, 0, "1"), false},
		{"near, but in another part", near, place(0, 20, "2"), false},
		{"not there at all", near, at(report(), "uk-nino", "1", extract.Body, 0), false},
		{"two wanted, one is near", two, place(0, 20, "1"), false},
		{"two wanted, two are near", two, at(place(0, 20, "1"), "uk-nino", "1", extract.Body, 40), true},
		{"nothing stands before it", after, place(0, 20, "1"), true},
		{"something stands before it", after, place(20, 0, "1"), false},
		{"far before it", after, place(200, 0, "1"), true},
		{"before one of two", after, at(place(20, 0, "1"), "uk-nino", "1", extract.Body, 500), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[rules.r]\nclause = \"1\"\nrecord = true\n"+c.when+"\n", Options{})
			d := p.Explain(envelope("a@in.example", "b@out.example"), c.r)
			if got := slices.Contains(d.Recipients[0].Rules, "r"); got != c.want {
				t.Errorf("fired %t, wanted %t: %+v", got, c.want, d.Rules)
			}
		})
	}
}

func TestAttachmentsByKind(t *testing.T) {
	pdf := extract.Part{Path: "2", Name: "Plan.PDF", Detected: "application/pdf", Declared: "application/octet-stream", Where: extract.Attachment}
	zip := extract.Part{Path: "3", Name: "a.zip", Detected: "application/zip", Where: extract.Attachment, Encrypted: true, Weak: true, Problem: extract.Encrypted}
	text := extract.Part{Path: "1", Detected: "text/html", Where: extract.Body, HiddenLinks: 1}
	mixed := extract.Part{Path: "4", Declared: "multipart/mixed", Where: extract.Attachment, Problem: extract.Malformed}
	for _, c := range []struct {
		when  string
		parts []extract.Part
		want  bool
	}{
		{`attachment = true`, []extract.Part{text}, false},
		{`attachment = true`, []extract.Part{text, pdf}, true},
		{`attachment = true`, []extract.Part{mixed}, false},
		{`attachment = false`, []extract.Part{text}, true},
		{`attachment = { count = 2 }`, []extract.Part{pdf}, false},
		{`attachment = { count = 2 }`, []extract.Part{pdf, zip}, true},
		{`attachment = { name = "*.pdf" }`, []extract.Part{pdf}, true},
		{`attachment = { name = "*.doc" }`, []extract.Part{pdf}, false},
		{`attachment = { type = "application/*", declared = "application/octet-stream" }`, []extract.Part{pdf}, true},
		{`attachment = { type = "text/*" }`, []extract.Part{text, pdf}, false},
		{`attachment = { encrypted = true }`, []extract.Part{zip}, true},
		{`attachment = { encrypted = true, weak = false }`, []extract.Part{zip}, false},
		{`attachment = { unread = "encrypted" }`, []extract.Part{zip}, true},
		{`attachment = { unread = "too-big" }`, []extract.Part{zip}, false},
		{`attachment = { unread = true, encrypted = false }`, []extract.Part{zip, pdf}, false},
		{`links = "hidden"`, []extract.Part{text}, true},
		{`links = "concealed"`, []extract.Part{text}, false},
		{`links = ["hidden", "concealed"]`, []extract.Part{text}, true},
	} {
		t.Run(c.when, func(t *testing.T) {
			p := policyOf(t, "[rules.r]\nclause = \"1\"\nrecord = true\nwhen = { "+c.when+" }\n", Options{})
			r := report()
			r.Parts = c.parts
			if got := slices.Contains(p.Explain(envelope("a@in.example", "b@out.example"), r).Recipients[0].Rules, "r"); got != c.want {
				t.Errorf("fired %t, wanted %t", got, c.want)
			}
		})
	}
}

func TestAnUnknownFactTakesTheStricterWay(t *testing.T) {
	known := func(yes bool) *Facts {
		return &Facts{
			FirstContact: map[string]bool{"out.example": yes}, TLS: map[string]string{"b@out.example": "tls"},
			Volume: map[string]map[string]int{"out.example": {"us-ssn": map[bool]int{true: 9, false: 1}[yes]}},
		}
	}
	for _, c := range []struct {
		name, rule string
		facts      *Facts
		want       bool
	}{
		{"known to be so", `when = { first_contact = true }`, known(true), true},
		{"known not to be so", `when = { first_contact = true }`, known(false), false},
		{"unknown", `when = { first_contact = true }`, nil, true},
		{"unknown, asked the other way", `when = { first_contact = false }`, &Facts{}, true},
		{"unknown under unless", `unless = { first_contact = false }`, nil, true},
		{"known under unless", `unless = { first_contact = false }`, known(false), false},
		{"unknown under none", `when = { none = [ { reply = true } ] }`, nil, true},
		{"unknown under none under unless", `unless = { none = [ { reply = true } ] }`, nil, true},
		{"a state that is known", `when = { partner_tls = ["tls", "tls-verified"] }`, known(true), true},
		{"a state that is unknown", `when = { partner_tls = "unknown" }`, nil, true},
		{"a state that is known is not unknown", `when = { partner_tls = "unknown" }`, known(true), false},
		{"volume with this mail", `when = { volume = { found = "us-ssn", unique = 10 } }`, known(true), true},
		{"volume below", `when = { volume = { found = "us-ssn", unique = 10 } }`, known(false), false},
		{"volume unknown", `when = { volume = { found = "us-ssn", unique = 10 } }`, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[rules.r]\nclause = \"1\"\nrecord = true\n"+c.rule+"\n", Options{})
			env := envelope("a@in.example", "b@out.example")
			env.Facts = c.facts
			if got := slices.Contains(p.Explain(env, report(find{id: "us-ssn"})).Recipients[0].Rules, "r"); got != c.want {
				t.Errorf("fired %t, wanted %t", got, c.want)
			}
		})
	}
}

func TestAnExemptionIsNotGivenForAnUnknownFact(t *testing.T) {
	p := policyOf(t, "[rules.r]\nclause = \"1\"\nreject = true\n[exemptions.e]\nto = \"out.example\"\nwhen = { reply = true }\nlifts = \"r\"\n", Options{})
	env := envelope("a@in.example", "b@out.example")
	for want, facts := range map[Action]*Facts{Reject: nil, Accept: {Reply: map[string]bool{"b@out.example": true}}} {
		env.Facts = facts
		if got := p.Decide(env, report()).Action; got != want {
			t.Errorf("got %v, wanted %v", got, want)
		}
	}
}

func TestAnEntryOfOneSenderIsNobodyElses(t *testing.T) {
	p := policyOf(t, "[lists.homes]\nfile = \"homes\"\n[rules.r]\nclause = \"1\"\nto = \"@homes\"\nrecord = true\n", Options{},
		"homes", "jo@home.example\tof=jo@in.example\nann@home.example\tof=ann\texpires=2027-03-14\nall.example\n")
	for _, c := range []struct {
		from, user, to string
		want           bool
	}{
		{"jo@in.example", "alice", "jo@home.example", true},
		{"al@in.example", "alice", "jo@home.example", false},
		{"x@in.example", "ann", "ann@home.example", false}, // expired
		{"x@in.example", "ann", "x@all.example", true},
	} {
		env := envelope(c.from, c.to)
		env.User = c.user
		if got := slices.Contains(p.Decide(env, report()).Recipients[0].Rules, "r"); got != c.want {
			t.Errorf("%+v: fired %t", c, got)
		}
	}
}

func TestOwnNumbersDoNotCount(t *testing.T) {
	p := policyOf(t, "[lists.own]\nentries = [ { entry = \"f1\", of = \"jo@in.example\" } ]\n[rules.r]\nclause = \"1\"\nwhen = { found = \"us-ssn\", not_own = \"@own\" }\nrecord = true\n", Options{})
	for _, c := range []struct {
		from, print string
		want        bool
	}{{"jo@in.example", "f1", false}, {"jo@in.example", "f2", true}, {"jo@in.example", "", true}, {"al@in.example", "f1", true}} {
		r := report(find{id: "us-ssn"})
		r.Findings[0].Fingerprint = c.print
		if got := slices.Contains(p.Decide(envelope(c.from, "b@out.example"), r).Recipients[0].Rules, "r"); got != c.want {
			t.Errorf("%+v: fired %t", c, got)
		}
	}
}

func TestWhoLooksLikeAnEntry(t *testing.T) {
	p := policyOf(t, "[lists.known]\nentries = [\"bob@council.example\", \"court.example\"]\n[rules.r]\nclause = \"1\"\nwhen = { look_alike = \"@known\" }\nrecord = true\n", Options{})
	for to, want := range map[string]bool{
		"bob@council.example": false, "bob@counci.example": true, "bbo@council.example": true, "rob@council.example": true,
		"alice@council.example": false, "x@cuort.example": true, "x@a.court.example": false, "x@port.example": false, "bob@council.example.": false,
	} {
		if got := slices.Contains(p.Decide(envelope("a@in.example", to), report()).Recipients[0].Rules, "r"); got != want {
			t.Errorf("%s: fired %t, wanted %t", to, got, want)
		}
	}
}

func TestTheSessionByWhichAMailCameIn(t *testing.T) {
	for _, c := range []struct {
		when string
		tls  TLS
		want bool
	}{
		{`incoming_tls = true`, TLS{}, false},
		{`incoming_tls = false`, TLS{}, true},
		{`incoming_tls = true`, TLS{Version: "TLSv1.3", Bits: 256}, true},
		{`incoming_tls = { bits = 128 }`, TLS{Version: "TLSv1.2", Bits: 112}, false},
		{`incoming_tls = { bits = 128 }`, TLS{Version: "TLSv1.2", Bits: 128}, true},
	} {
		p := policyOf(t, "[rules.r]\nclause = \"1\"\nrecord = true\nwhen = { "+c.when+" }\n", Options{})
		env := envelope("a@in.example", "b@out.example")
		env.TLS = c.tls
		if got := slices.Contains(p.Decide(env, report()).Recipients[0].Rules, "r"); got != c.want {
			t.Errorf("%s, %+v: fired %t", c.when, c.tls, got)
		}
	}
}

func TestStatementsAndNoticesOfADecision(t *testing.T) {
	text := `
[statements.s]
text = "one two three four five six seven eight nine"
[rules.a]
clause = "1"
when = { found = "us-ssn" }
append = "s"
fallback = "accept"
notify = true
[rules.b]
clause = "1"
when = { found = "uk-nino" }
append = "s"
`
	p := policyOf(t, text, Options{})
	d := p.Decide(envelope("a@in.example", "b@out.example"), report(find{id: "us-ssn"}, find{id: "uk-nino"}))
	if len(d.Append) != 1 || d.Append[0] != (Append{"s", Hold}) || !slices.Equal(d.Notify, []string{"a"}) {
		t.Errorf("got %+v and %v", d.Append, d.Notify)
	}
	if text, html := p.Statement("s"); !strings.HasPrefix(text, "one two") || html != "" {
		t.Errorf("got %q and %q", text, html)
	}
}

func TestDetectorsAreTunedByTheirOptions(t *testing.T) {
	p, err := readTextWith(t, "[detectors.dob]\nmonth_first = true\nborn_until = 2026-12-31\n[detectors.uk-bank]\nsort_codes = \"weights\"\n", detect.Builtin(),
		"weights", "000000 999999 MOD11 0 0 0 0 0 0 7 6 5 4 3 2 1 0\n")
	if err != nil {
		t.Fatal(err)
	}
	o := p.detectOptions
	if !o.MonthFirst || o.Today().Format(time.DateOnly) != "2026-12-31" || o.SortCodes == nil {
		t.Errorf("got %+v", o)
	}
	if _, err := readTextWith(t, "[detectors.us-ssn]\nmonth_first = true\n", detect.Builtin()); err == nil || !strings.Contains(err.Error(), "month_first is for the detector dob") {
		t.Errorf("got %v", err)
	}
}

func readTextWith(t *testing.T, text string, detectors []*detect.Detector, beside ...string) (*Policy, error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(beside); i += 2 {
		write(t, dir+"/"+beside[i], beside[i+1])
	}
	return ReadPolicyText(`policy "p.toml"`, []byte(text), dir, detectors, Options{})
}

// bigLists is a policy with 500 rules over lists of 10,000 entries, and a mail to
// 100 recipients.
func bigLists(tb testing.TB) (*Policy, *Envelope, *classify.Report) {
	tb.Helper()
	var text strings.Builder
	text.WriteString(world)
	for l := range 5 {
		fmt.Fprintf(&text, "[lists.l%d]\nentries = [\n", l)
		for i := range 10000 {
			fmt.Fprintf(&text, "%q,\n", fmt.Sprintf("d%d-%d.example", l, i))
		}
		text.WriteString("]\n")
	}
	for i := range 500 {
		fmt.Fprintf(&text, "[rules.r%d]\nclause = \"c\"\nto = { not = [\"@l%d\", \"x%d.example\"] }\nwhen = { found = \"us-ssn\", unique = %d, none = [ { to = \"@l%d\" } ] }\nroute = \"tls\"\n", i, i%5, i%7, 2+i, (i+1)%5)
	}
	var to []string
	for i := range 100 {
		to = append(to, fmt.Sprintf("u%d@d%d-%d.example", i, i%6, i*90))
	}
	return policyOf(tb, text.String(), enforcing()), envelope("a@in.example", to...), report(find{id: "us-ssn", count: 6})
}

// BenchmarkDecideBigLists is to take less than 200 µs.
func BenchmarkDecideBigLists(b *testing.B) {
	p, env, r := bigLists(b)
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(env, r)
	}
}

func TestAssertionsOverBigListsAreProved(t *testing.T) {
	var text strings.Builder
	text.WriteString("[lists.big]\nentries = [\n")
	for i := range 10000 {
		fmt.Fprintf(&text, "%q,\n", fmt.Sprintf("d%d.example", i))
	}
	text.WriteString("]\n[rules.r]\nclause = \"1\"\nto = { not = \"@big\" }\nwhen = { found = \"us-ssn\", unique = 3 }\nreject = true\n" +
		"[[assert]]\nid = \"a\"\nnever = { found = \"us-ssn\", unique = 5, to = { not = \"@big\" }, direction = \"outbound\", outcome = \"accept\" }\n")
	begin := cpuTime(t)
	policyOf(t, text.String(), Options{})
	if took := cpuTime(t) - begin; took > 60*time.Second {
		t.Errorf("took %v", took)
	} else {
		t.Logf("took %v", took)
	}
	_, err := readText(t, strings.Replace(text.String(), "unique = 5", "unique = 2", 1), Options{})
	if err == nil || !strings.Contains(err.Error(), `assertion "a" does not hold`) || !strings.Contains(err.Error(), "us-ssn (2)") {
		t.Errorf("got %v", err)
	}
}
