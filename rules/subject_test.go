package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
)

const tagPolicy = `
[rules.tagged]
clause      = "1"
when        = { found = "us-ssn" }
tag_subject = "[SECURE]"
[rules.done]
clause    = "2"
strip_tag = "[encrypt]"
`

func TestSubjectTagsAreAddedOnceAndTakenOut(t *testing.T) {
	e, err := LoadText(`policy "p"`, []byte(tagPolicy), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	const ssn = "\r\n\r\nSSN: 536-22-8726\r\n"
	for _, c := range []struct {
		name, mail string
		want       []Edit
	}{
		{"before the subject", "Subject: Report" + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE] Report"}}},
		{"before an answer", "Subject: Re: Report" + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE] Re: Report"}}},
		{"not twice", "Subject: Re: [secure] Report" + ssn, nil},
		{"not twice, encoded", "Subject: =?utf-8?q?=5BSecure=5D_Gr=C3=B6=C3=9Fe?=" + ssn, nil},
		{"before encoded words, which stay", "Subject: =?iso-8859-1?q?Gr=F6=DFe?= of May" + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE] =?iso-8859-1?q?Gr=F6=DFe?= of May"}}},
		{"a misspelt one is none", "Subject: (secure) Report" + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE] (secure) Report"}}},
		{"without a subject", "From: a@in.example" + ssn, []Edit{{AddHeader, "Subject", "[SECURE]"}}},
		{"an empty subject", "Subject: " + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE]"}}},
		{"raw UTF-8 is encoded", "Subject: Größe" + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE] =?utf-8?b?R3LDtsOfZQ==?="}}},
		{"nothing to add, nothing to take", "Subject: Report\r\n\r\nHello.\r\n", nil},
		{"taken out", "Subject: Report [Encrypt] of May\r\n\r\nHello.\r\n", []Edit{{ChangeHeader, "Subject", "Report of May"}}},
		{"taken out misspelt", "Subject: (encypt) Report\r\n\r\nHello.\r\n", []Edit{{ChangeHeader, "Subject", "Report"}}},
		{"taken out beside encoded words, which stay", "Subject: [encrypt] =?iso-8859-1?q?Gr=F6=DFe?=\r\n\r\nHello.\r\n", []Edit{{ChangeHeader, "Subject", "=?iso-8859-1?q?Gr=F6=DFe?="}}},
		{"taken out of encoded words", "Subject: =?utf-8?q?=5Bencrypt=5D_Gr=C3=B6=C3=9Fe?=\r\n\r\nHello.\r\n", []Edit{{ChangeHeader, "Subject", "=?utf-8?b?R3LDtsOfZQ==?="}}},
		{"taken out of an encoded word with its brackets plain", "Subject: =?utf-8?q?[encrypt]?= Report\r\n\r\nHello.\r\n", []Edit{{ChangeHeader, "Subject", "Report"}}},
		{"nothing is left", "Subject: [encrypt]\r\n\r\nHello.\r\n", []Edit{{RemoveHeader, "Subject", ""}}},
		{"taken out and added", "Subject: [encrypt] Report" + ssn, []Edit{{ChangeHeader, "Subject", "[SECURE] Report"}}},
		{"two subjects", "Subject: [encrypt] Report\r\nSubject: Other [encrypt]" + ssn, []Edit{{RemoveHeader, "Subject", ""}, {AddHeader, "Subject", "[SECURE] Report"}, {AddHeader, "Subject", "Other"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := inspect(t, e, "a@in.example", c.mail)
			got, _ := json.Marshal(v.Decision.Edits)
			want, _ := json.Marshal(append([]Edit{}, c.want...))
			if string(got) != string(want) {
				t.Errorf("got %s, wanted %s", got, want)
			}
			pure := e.Decide(v.Envelope, v.Report)
			for _, edit := range pure.Edits {
				if edit.Value != "" {
					t.Errorf("a decision without the mail holds its subject: %v", edit)
				}
			}
			if len(c.want) > 0 != (len(pure.Edits) > 0) {
				t.Errorf("without the mail: got %v", pure.Edits)
			}
		})
	}
}

func TestARefusedMailKeepsItsSubject(t *testing.T) {
	e, err := LoadText(`policy "p"`, []byte(tagPolicy+"[rules.no]\nclause = \"3\"\nwhen = { found = \"us-ssn\" }\nreject = true\n"), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := inspect(t, e, "a@in.example", "Subject: Report\r\n\r\nSSN: 536-22-8726\r\n"); len(v.Decision.Edits) > 0 {
		t.Errorf("got %v", v.Decision.Edits)
	}
}

// FuzzRetagged: the new subject has the tag once, holds no line break, and is the
// old one beside.
func FuzzRetagged(f *testing.F) {
	f.Add("[encrypt] Report")
	f.Add("=?utf-8?q?=5Bencrypt=5D_Gr=C3=B6=C3=9Fe?=\r\n =?utf-8?b?R3LDtsOfZQ==?=")
	f.Add("(encrypt) Gr\xf6\xdfe")
	f.Fuzz(func(t *testing.T, raw string) {
		got := retagged(raw, []string{"[encrypt]"}, []string{"[SECURE]"})
		if strings.ContainsAny(got, "\r\n\x00") || !strings.HasPrefix(got, "[SECURE]") {
			t.Fatalf("%q: got %q", raw, got)
		}
		if again := retagged(raw, nil, nil); isASCII(raw) && again != unfolded(raw) {
			t.Fatalf("%q: it is not touched, got %q", raw, again)
		}
		text, _ := extract.DecodeField(got)
		if _, found := classify.CutTag("[encrypt]", text, false); found && strings.Count(strings.ToLower(text), "encrypt") < 10 {
			t.Fatalf("%q: the tag is still in %q", raw, text)
		}
	})
}
