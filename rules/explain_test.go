package rules

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

func TestExplainTellsWhyARuleDidNotFire(t *testing.T) {
	for _, c := range []struct {
		name, rule       string
		report           *classify.Report
		because, nearest string
	}{
		{"nothing there", `when = { found = "us-ssn" }`, report(), "us-ssn: not found at medium confidence", ""},
		{"too few", `when = { found = "us-ssn", unique = 2 }`, report(find{id: "us-ssn"}), "us-ssn: too few found", "unique 1 of 2 needed"},
		{"too few in all", `when = { found = "us-ssn", total = 5 }`, report(find{id: "us-ssn", count: 3}), "us-ssn: too few found", "total 3 of 5 needed"},
		{"not sure enough", `when = { found = "us-ssn" }`, report(find{id: "us-ssn", level: detect.Low}), "us-ssn: not found at medium confidence", "medium wanted, best was low"},
		{"elsewhere", `when = { found = "us-ssn", where = "subject" }`, report(find{id: "us-ssn"}), "us-ssn: not found in subject at medium confidence", "found, but not in subject"},
		{"a tag near miss", `when = { tag = "[encrypt]" }`, answered(report(), "tag:[encrypt]", classify.Answer{Near: true}), `no subject tag "[encrypt]"`, "subject tag near miss"},
		{"all that failed", `when = { all = [ { found = "us-ssn" }, { tag = "[x]" } ] }`, report(), `us-ssn: not found at medium confidence; no subject tag "[x]"`, ""},
		{"none of", `when = { none = [ { found = "us-ssn" } ] }`, report(find{id: "us-ssn"}), "there must be none of: us-ssn: 1 unique, high, in body 1", ""},
		{"unless", `unless = { found = "us-ssn" }`, report(find{id: "us-ssn"}), "the condition under unless is met: us-ssn: 1 unique, high, in body 1", ""},
		{"the wrong direction", `direction = "inbound"`, report(), "no recipient is inbound", ""},
		{"not in the list", `to = "@friends"`, report(), "no recipient is in @friends", `entry "out.example" expired on 2027-03-01`},
		{"the label", `when = { label = "personal" }`, report(find{id: "uk-nino", level: detect.Low}), "not labelled personal: uk-nino: not found at medium confidence", "medium wanted, best was low"},
		{"lifted", `when = { found = "mo-dcn" }`, report(find{id: "mo-dcn"}), "lifted by exemption e", "it would have fired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[inside]\ndomains = [\"in.example\"]\n[lists.friends]\nentries = [ { entry = \"out.example\", expires = 2027-03-01 } ]\n"+
				"[labels.personal]\nfound = \"uk-nino\"\n[exemptions.e]\nto = \"out.example\"\nlifts = \"r\"\n[rules.r]\nrecord = true\n"+c.rule+"\n", Options{})
			d := p.Explain(envelope("a@in.example", "b@out.example"), c.report)
			r := d.Rules[0]
			if r.Fired || strings.Join(r.Because, "; ") != c.because || r.Nearest != c.nearest {
				t.Errorf("got %t %q %q", r.Fired, r.Because, r.Nearest)
			}
		})
	}
}

func TestExplainTellsWhyARuleFired(t *testing.T) {
	unread := report()
	unread.Parts = []extract.Part{{Path: "2", Problem: extract.Encrypted, Encrypted: true}}
	for _, c := range []struct {
		name, rule string
		report     *classify.Report
		because    string
	}{
		{"a finding", `when = { found = "payment-card" }`, report(find{id: "payment-card", where: extract.Attachment, part: "2!q3.xlsx"}), "payment-card: 1 unique, high, in attachment 2!q3.xlsx"},
		{"a member whose name gives something away", `when = { found = "payment-card" }`, report(find{id: "payment-card", where: extract.Attachment, part: "2!078-05-1120.txt"}), "payment-card: 1 unique, high, in attachment 2"},
		{"the subject", `when = { found = "us-ssn", total = 1 }`, report(find{id: "us-ssn", where: extract.Subject, part: "0"}), "us-ssn: 1 unique, 1 in all, high, in subject"},
		{"an unread part", `when = { unread = true }`, unread, "unread: part 2, encrypted"},
		{"one of several", `when = { any = [ { found = "us-ssn" }, { tag = "[x]" } ] }`, answered(report(), "tag:[x]", classify.Answer{Yes: true}), `subject tag "[x]"`},
		{"a label", `when = { label = "personal" }`, report(find{id: "uk-nino", level: detect.Medium}), "label personal; uk-nino: 1 unique, medium, in body 1"},
		{"only recipients", `to = "out.example"`, report(), "it fires for every mail to these recipients"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[labels.personal]\nfound = \"uk-nino\"\n[rules.r]\nrecord = true\n"+c.rule+"\n", Options{})
			r := p.Explain(envelope("a@in.example", "b@out.example"), c.report).Rules[0]
			if !r.Fired || strings.Join(r.Because, "; ") != c.because {
				t.Errorf("got %t %q", r.Fired, r.Because)
			}
		})
	}
}
