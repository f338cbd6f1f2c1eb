package rules

import (
	"fmt"
	"testing"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// TestARecordAnswersYesNoOrNotAtAll replays a mail that was recorded under a policy
// that asked for SSNs and the tag [encrypt], and for nothing else beside the
// shipped detectors.
func TestARecordAnswersYesNoOrNotAtAll(t *testing.T) {
	const open = "open"
	const staff = "\n[detectors.staff]\npattern = 'EMP-\\d{4}'\napart = true\n"
	record := func() *classify.Report {
		return answered(report(find{id: "us-ssn", count: 2}), "tag:[encrypt]", classify.Answer{Yes: true})
	}
	attached := func(r *classify.Report) *classify.Report {
		r.Parts = []extract.Part{{Path: "2", Where: extract.Attachment, Detected: "text/csv"}}
		return r
	}
	for _, c := range []struct {
		name, rules string
		report      *classify.Report
		want        string
	}{
		{"what was counted is known", `when = { found = "us-ssn", unique = 2 }`, record(), "reject"},
		{"and so is that there were fewer", `when = { found = "us-ssn", unique = 3 }`, record(), "accept"},
		{"what was not found is known too", `when = { found = "uk-nino" }`, record(), "accept"},
		{"a phrase that nobody looked for", `when = { says = "plan alpha" }`, record(), open},
		{"none of it is as open", `when = { none = [ { says = "plan alpha" } ] }`, record(), open},
		{"unless is, too", "when = { found = \"us-ssn\" }\nunless = { says = \"plan alpha\" }", record(), open},
		{"what is there makes any of them true", `when = { any = [ { says = "plan alpha" }, { found = "us-ssn" } ] }`, record(), "reject"},
		{"what is missing makes all of them false", `when = { all = [ { says = "plan alpha" }, { found = "uk-nino" } ] }`, record(), "accept"},
		{"one detector or another, of which there are enough", "when = { found = [\"us-ssn\", \"staff\"], total = 2 }" + staff, record(), "reject"},
		{"one detector or another, of which there are not", "when = { found = [\"us-ssn\", \"staff\"], total = 3 }" + staff, record(), open},
		{"a rule that does no more than another", "when = { found = \"us-ssn\" }\n[rules.s]\nwhen = { says = \"plan alpha\" }\nhold = true", record(), "reject"},
		{"a rule that does more than another", "when = { says = \"plan alpha\" }\n[rules.s]\nwhen = { found = \"us-ssn\" }\nhold = true", record(), open},
		{"a route beside it", "when = { found = \"us-ssn\" }\n[rules.s]\nwhen = { says = \"plan alpha\" }\nroute = \"tls\"", record(), open},
		{"a rule that is only recorded", "when = { found = \"us-ssn\" }\n[rules.s]\nwhen = { says = \"plan alpha\" }\nrecord = true", record(), "reject"},
		{"an exemption that may lift it", "when = { found = \"us-ssn\" }\n[exemptions.e]\nto = \"x.example\"\nlifts = [\"r\"]\nwhen = { says = \"plan alpha\" }", record(), open},
		{"an exemption for somebody else", "when = { found = \"us-ssn\" }\n[exemptions.e]\nto = \"y.example\"\nlifts = [\"r\"]\nwhen = { says = \"plan alpha\" }", record(), "reject"},
		{"a question that was asked", `when = { tag = "[encrypt]" }`, record(), "reject"},
		{"a question that was not", `when = { header = "X-Any" }`, record(), open},
		{"a name, where there are no attachments", `when = { attachment = { name = "*.csv" } }`, record(), "accept"},
		{"a name, where there is one", `when = { attachment = { name = "*.csv" } }`, attached(record()), open},
		{"two names, where there is one", `when = { attachment = { name = "*.csv", count = 2 } }`, attached(record()), "accept"},
		{"a type that is known", `when = { attachment = { type = "text/*" } }`, attached(record()), "reject"},
		{"what stands near, of what is not there", `when = { found = "uk-nino", near = { found = "us-ssn" } }`, record(), "accept"},
		{"what stands near, of what is", `when = { found = "us-ssn", near = { found = "uk-nino" } }`, record(), open},
		{"a label by part that nobody counted", "when = { label = \"rows\" }\n[labels.rows]\nper = \"part\"\nall = [ { found = \"us-ssn\" } ]", attached(record()), open},
		{"one that could not be", "when = { label = \"rows\" }\n[labels.rows]\nper = \"part\"\nall = [ { found = \"us-ssn\", unique = 3 } ]", attached(record()), "accept"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "[policy]\njudges = [\"outbound\"]\n[inside]\ndomains = [\"in.example\"]\n"
			then := policyOf(t, text+"[rules.old]\nclause = \"c\"\nwhen = { tag = \"[encrypt]\" }\nrecord = true\n", enforcing())
			now := policyOf(t, text+"[rules.r]\nclause = \"c\"\nreject = true\n"+c.rules+"\n", enforcing())
			c.report.Asked = then.asked
			r := now.Replay(envelope("a@in.example", "b@x.example"), c.report)
			got := r.Recipients[0].Action.String()
			if lacks, is := r.Open[0]; is {
				got = open
				if len(lacks) == 0 || len(lacks[0].What) == 0 {
					t.Errorf("nothing says why it is open: %+v", lacks)
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestARivalShakesOnlyWhatItMayTakeTextFrom(t *testing.T) {
	const base = "[policy]\njudges = [\"outbound\"]\n[rules.r]\nclause = \"c\"\nwhen = { found = \"us-ssn\" }\nreject = true\n"
	const rival = "[detectors.staff]\npattern = 'EMP-\\d{4}'\n"
	for _, c := range []struct {
		name, then, now string
		report          *classify.Report
		open            bool
	}{
		{"the same detectors", base, base, report(find{id: "us-ssn"}), false},
		{"a new one, where something was found", base, base + rival, report(find{id: "us-ssn"}), true},
		{"a new one, where nothing was found", base, base + rival, report(), false},
		{"a new one that stands apart", base, base + rival + "apart = true\n", report(find{id: "us-ssn"}), false},
		{"one that is gone and had found something", base + rival, base, report(find{id: "staff"}), true},
		{"one that is gone and had found nothing", base + rival, base, report(find{id: "us-ssn"}), false},
		{"one that is tuned otherwise and had found something", base + rival, base + rival + "keywords = [\"clerk\"]\n", report(find{id: "staff"}), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.report.Asked = policyOf(t, c.then, enforcing()).asked
			r := policyOf(t, c.now, enforcing()).Replay(envelope("a@in.example", "b@x.example"), c.report)
			if open := len(r.Open) > 0; open != c.open {
				t.Errorf("undecidable: %v, want %v", r.Open, c.open)
			}
		})
	}
}

func TestAskedIsShortAndTellsDetectorsApart(t *testing.T) {
	seen := map[string]string{}
	for _, tuning := range []string{
		"", "keywords_add = [\"plastic\"]", "negative_add = [\"order\"]",
	} {
		text := "[policy]\njudges = [\"outbound\"]\n[rules.r]\nclause = \"c\"\nwhen = { found = \"us-ssn\" }\nrecord = true\n"
		if tuning != "" {
			text += "[detectors.us-ssn]\n" + tuning + "\n"
		}
		p := policyOf(t, text, enforcing())
		for _, d := range p.asked {
			if len(d) != 8 {
				t.Errorf("digest %q", d)
			}
		}
		d := p.digests["us-ssn"]
		if other, ok := seen[d]; ok {
			t.Errorf("%q has the digest of %q", tuning, other)
		}
		seen[d] = tuning
	}
	if a, b := policyOf(t, world, enforcing()), policyOf(t, world+"[rules.x]\nclause = \"c\"\nwhen = { found = \"us-ssn\" }\nrecord = true\n", enforcing()); fmt.Sprint(a.asked) != fmt.Sprint(b.asked) {
		t.Error("rules change what is asked")
	}
}

func TestAValueThatNobodyCountedIsBoundedByItsDetector(t *testing.T) {
	const base = "[policy]\njudges = [\"outbound\"]\n[rules.r]\nclause = \"c\"\nreject = true\nwhen = "
	then, err := readTextWith(t, base+`{ found = "uk-marking", value = "SECRET" }`, detect.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		value  string
		report *classify.Report
		open   bool
	}{
		{"SECRET", report(find{id: "uk-marking"}), false},
		{"OFFICIAL", report(find{id: "uk-marking"}), true},
		{"OFFICIAL", report(), false},
	} {
		now, err := readTextWith(t, base+fmt.Sprintf(`{ found = "uk-marking", value = %q }`, c.value), detect.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		c.report.Asked = then.asked
		if r := now.Replay(envelope("a@in.example", "b@x.example"), c.report); len(r.Open) > 0 != c.open {
			t.Errorf("%s: undecidable: %v, want %v", c.value, r.Open, c.open)
		}
	}
}
