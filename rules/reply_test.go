package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
)

// attached is a report of one finding in an attachment.
func attached(id, name string) *classify.Report {
	r := report(find{id: id, where: extract.Attachment, part: "2"})
	r.Parts = []extract.Part{{Path: "0"}, {Path: "1"}, {Path: "2", Name: name, Where: extract.Attachment}}
	if !strings.Contains(name, "secret") { // as the scanner judges names
		r.SafeNames = map[string]string{"2": name}
	}
	return r
}

func TestReplies(t *testing.T) {
	const rule = "[policy]\nid = \"p\"\n[help]\ncontact = \"ext. 42\"\n[rules.cards]\nclause = \"1.10\"\nwhen = { found = \"payment-card\" }\n"
	for _, c := range []struct {
		name, action string
		report       *classify.Report
		code         int
		enhanced     string
		lines        []string
	}{
		{
			"what was found, where, and the reference", `reject = "5.7.1 No: {found}."`, attached("payment-card", "report.csv"),
			550, "5.7.1",
			[]string{"No: payment card number (1) in attachment report.csv. (P-0123456789)"},
		},
		{
			"all other fields", `reject = "5.6.0 {rule} {clause} {help} {ref} {recipients} {x y}"`, report(find{id: "payment-card"}),
			550, "5.6.0",
			[]string{"cards 1.10 ext. 42 P-0123456789 b@out.example {x y}"},
		},
		{
			"a rule without a text", `reject = true`, report(find{id: "payment-card", count: 2}),
			550, "5.7.1",
			[]string{"This mail was not sent, because it holds payment card number (2) in the text. Take that out, or send it another way. For help ask ext. 42. (P-0123456789)"},
		},
		{
			"a code alone", `reject = "5.7.26"`, report(find{id: "payment-card", where: extract.Subject, part: "0"}),
			550, "5.7.26",
			[]string{"This mail was not sent, because it holds payment card number (1) in the subject. Take that out, or send it another way. For help ask ext. 42. (P-0123456789)"},
		},
		{
			"a tempfail", `tempfail = "4.7.1 Later."`, report(find{id: "payment-card"}),
			451, "4.7.1",
			[]string{"Later. (P-0123456789)"},
		},
		{
			"lines of one's own", "reject = \"5.7.1 One.\\nTwo.\\nThree.\\nFour.\"", report(find{id: "payment-card"}),
			550, "5.7.1",
			[]string{"One. (P-0123456789)", "Two.", "Three."},
		},
		{
			"plain ASCII", `reject = "5.7.1 “£5” – naïve\u2026"`, report(find{id: "payment-card"}),
			550, "5.7.1",
			[]string{`"GBP5" - na?ve... (P-0123456789)`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := policyOf(t, rule+c.action+"\n", Options{}).Decide(envelope("a@in.example", "b@out.example"), c.report)
			if d.Reply.Code != c.code || d.Reply.Enhanced != c.enhanced || strings.Join(d.Reply.Lines, "\n") != strings.Join(c.lines, "\n") {
				t.Errorf("got %+v\nwanted %d %s %q", d.Reply, c.code, c.enhanced, c.lines)
			}
		})
	}
}

func TestRecipientsAtFaultAreNamed(t *testing.T) {
	p := policyOf(t, "[inside]\ndomains = [\"in.example\"]\n[rules.r]\nwhen = { found = \"us-ssn\" }\nreject = \"5.7.1 No.\"\n", Options{})
	to := []string{"a@in.example"}
	for i := range 5 {
		to = append(to, fmt.Sprintf("o%d@out.example", i))
	}
	d := p.Decide(envelope("s@in.example", to...), report(find{id: "us-ssn"}))
	want := "The recipients at fault are o0@out.example, o1@out.example, o2@out.example and 2 more. Nobody has received the mail; without them it can be sent."
	if len(d.Reply.Lines) != 2 || d.Reply.Lines[1] != want {
		t.Errorf("got %q", d.Reply.Lines)
	}
	d = p.Decide(envelope("s@in.example", to[:2]...), report(find{id: "us-ssn"}))
	want = "The recipient at fault is o0@out.example. Nobody has received the mail; without this one it can be sent."
	if len(d.Reply.Lines) != 2 || d.Reply.Lines[1] != want {
		t.Errorf("got %q", d.Reply.Lines)
	}
	if d := p.Decide(envelope("s@in.example", to[1:]...), report(find{id: "us-ssn"})); len(d.Reply.Lines) != 1 {
		t.Errorf("all at fault: got %q", d.Reply.Lines)
	}
}

func TestACountThatIsALowerBoundSaysSo(t *testing.T) {
	p := policyOf(t, "[rules.r]\nwhen = { found = \"us-ssn\" }\nreject = \"5.7.1 {found}\"\n", Options{})
	r := report(find{id: "us-ssn"})
	r.Tallies["us-ssn"].AtLeast = true
	if lines := p.Decide(envelope("a@in.example", "b@out.example"), r).Reply.Lines; !strings.Contains(lines[0], "(at least 1)") {
		t.Errorf("got %q", lines)
	}
}

func TestEveryRuleThatRefusesHasItsSay(t *testing.T) {
	p := policyOf(t, `
[rules.b]
reject = "5.7.2 B."
[rules.a]
reject = "5.7.3 A."
[rules.z]
never = true
reject = "5.7.4 Z."
[rules.c]
reject = "5.7.5 C."
[rules.t]
tempfail = "4.0.0 T."
`, Options{})
	d := p.Decide(envelope("s@in.example", "b@out.example"), report())
	if got := strings.Join(d.Reply.Lines, "|"); d.Reply.Enhanced != "5.7.4" || got != "Z. (P-0123456789)|A.|B." {
		t.Errorf("got %s %q", d.Reply.Enhanced, got)
	}
}

func TestNamesOfFilesAreToldWithCare(t *testing.T) {
	for name, want := range map[string]string{
		"report.csv":              "attachment report.csv",
		"q3 2026.xlsx":            "attachment q3 *.xlsx",
		"scan-123456789-12.pdf":   "attachment scan-*-12.pdf",
		"078-05-1120.txt":         "attachment 2",
		"AB 12 34 56 C.txt":       "attachment 2",
		"größe.txt":               "attachment 2",
		"a\r\nb.txt":              "attachment 2",
		strings.Repeat("x", 41):   "attachment 2",
		strings.Repeat("x", 40):   "attachment " + strings.Repeat("x", 40),
		"":                        "attachment 2",
		"4111 1111 1111 1111.csv": "attachment * * * *.csv",
		"smith secret.csv":        "attachment 2",
	} {
		t.Run(name, func(t *testing.T) {
			p := policyOf(t, "[rules.r]\nwhen = { found = \"us-ssn\" }\nreject = \"5.7.1 {found}\"\n", Options{})
			d := p.Decide(envelope("s@in.example", "b@out.example"), attached("us-ssn", name))
			if got := d.Reply.Lines[0]; got != "US Social Security number (1) in "+want+" (P-0123456789)" {
				t.Errorf("got %q, wanted %q", got, want)
			}
		})
	}
}

func TestReasonsForTheLogNameNoMembers(t *testing.T) {
	p := policyOf(t, "[rules.r]\nwhen = { found = \"us-ssn\" }\nhold = true\n", Options{})
	r := report(find{id: "us-ssn", where: extract.Attachment, part: "2!q3.xlsx!Sheet1"})
	r.Parts = []extract.Part{{Path: "2"}, {Path: "2!q3.xlsx", Name: "q3.xlsx"}}
	r.SafeNames = map[string]string{"2!q3.xlsx": "q3.xlsx"}
	env := envelope("s@in.example", "b@out.example")
	if got := p.Decide(env, r).Rules[0].Because[0]; got != "us-ssn: 1 unique, high, in attachment 2" {
		t.Errorf("Decide: got %q", got)
	}
	if got := p.Explain(env, r).Rules[0].Because[0]; got != "us-ssn: 1 unique, high, in attachment 2!q3.xlsx!Sheet1" {
		t.Errorf("Explain: got %q", got)
	}
	r.SafeNames = nil
	if got := p.Explain(env, r).Rules[0].Because[0]; got != "us-ssn: 1 unique, high, in attachment 2" {
		t.Errorf("a name that is not safe: got %q", got)
	}
}

func FuzzReplyStaysWithinItsBounds(f *testing.F) {
	f.Add("{found} {recipients}", "b@out.example", "report.csv", false)
	f.Add(strings.Repeat("100% ", 300), strings.Repeat("%", 300)+"@x.example", "%%%%.pdf", true)
	f.Add("ä\u202e\x00\r\n{ref}", "ü@x.example", "a\nb", false)
	f.Fuzz(func(t *testing.T, text, to, name string, utf8 bool) {
		words, unknown := parseTemplate(text)
		if unknown != "" {
			return
		}
		p := policyOf(t, "[rules.r]\nwhen = { found = \"us-ssn\" }\nreject = true\n[rules.q]\nto = \"x.example\"\nreject = true\n", Options{})
		p.rules[1].words = words
		env := envelope("s@in.example", to, "c@x.example", to+"x", to+"y")
		env.SMTPUTF8 = utf8
		d := p.Decide(env, attached("us-ssn", name))
		if n := len(d.Reply.Lines); n < 1 || n > 3 {
			t.Fatalf("%d lines", n)
		}
		if !strings.Contains(d.Reply.Lines[0], env.Ref) {
			t.Errorf("no reference in %q", d.Reply.Lines[0])
		}
		for _, line := range d.Reply.Lines {
			if n := len(strings.ReplaceAll(line, "%", "%%")); n > 400-len("550-5.7.1 ") {
				t.Errorf("%d octets", n)
			}
			for _, c := range line {
				if c < 0x20 || c == 0x7f || c > 0x7e && !utf8 {
					t.Errorf("character %U", c)
				}
			}
		}
	})
}

func TestSendersReadTheNamesOfFilesWithinFiles(t *testing.T) {
	m := &mail{report: &classify.Report{SafeNames: map[string]string{"2!plan.zip": "plan.zip", "2!plan.zip!a": "a", "2!plan.zip!a!Sheet1": "Sheet1", "3": "list.csv"}}}
	for path, want := range map[string]string{
		"2!plan.zip!a!Sheet1": "attachment plan.zip, Sheet1",
		"2!plan.zip!a":        "attachment plan.zip, a",
		"2!plan.zip!secret":   "attachment plan.zip",
		"2!other!a":           "attachment 2",
		"3":                   "attachment list.csv",
		"4":                   "attachment 4",
	} {
		if got := m.senderSpot(path, extract.Attachment); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
