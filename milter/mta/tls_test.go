package mta

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/rules"
)

var partners = []rules.Partner{
	{Domain: "court.example", Route: rules.GatewayRoute("cjsm")},
	{Domain: "gone.example", Route: rules.TLSForced, Expired: true},
	{Domain: "justice.example", Route: rules.TLSVerified},
	{Domain: "open.example", Route: rules.Direct},
	{Domain: "tls.example", Route: rules.TLSForced},
}

func TestEntriesAreTheLinesOfATable(t *testing.T) {
	for format, want := range map[Format]string{
		Postfix: "# court.example: sensitive mail goes by gateway cjsm, other mail as any\n" +
			"court.example\tmay\n.court.example\tmay\n" +
			"# gone.example: its entry has expired\n" +
			"justice.example\tsecure match=nexthop:dot-nexthop protocols=>=TLSv1.2 ciphers=high\n" +
			".justice.example\tsecure match=nexthop:dot-nexthop protocols=>=TLSv1.2 ciphers=high\n" +
			"open.example\tmay\n.open.example\tmay\n" +
			"tls.example\tencrypt protocols=>=TLSv1.2 ciphers=high\n.tls.example\tencrypt protocols=>=TLSv1.2 ciphers=high\n",
		Sendmail: "# court.example: sensitive mail goes by gateway cjsm, other mail as any\n# gone.example: its entry has expired\n" +
			"TLS_Rcpt:justice.example\tVERIFY:128\nPosternName:justice.example\tYES\n# open.example: no demand on TLS\nTLS_Rcpt:tls.example\tENCR:128\n",
	} {
		var out strings.Builder
		if err := Print(&out, Entries(partners, format)); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s: got\n%swant\n%s", format, &out, want)
		}
		table, err := ReadTable(strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		different, err := Differences(Entries(partners, format), format, func(key string) (string, error) { return table[strings.ToLower(key)], nil })
		if err != nil || len(different) != 0 {
			t.Errorf("%s: what was printed differs from itself: %v (%v)", format, different, err)
		}
	}
}

func TestWhatDemandsLessIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		format          Format
		want, got, tell string
	}{
		"missing":                        {Postfix, "encrypt", "", "missing"},
		"opportunistic":                  {Postfix, "encrypt ciphers=high", "may", "weaker"},
		"dane without a promise":         {Postfix, "encrypt", "dane", "weaker"},
		"the name is not verified":       {Postfix, "secure match=nexthop", "encrypt", "weaker"},
		"a name from an unsigned record": {Postfix, "secure", "verify", "weaker"},
		"as much":                        {Postfix, "secure", "dane-only", ""},
		"more":                           {Postfix, "encrypt", "secure match=nexthop", ""},
		"bad ciphers":                    {Postfix, "encrypt", "encrypt ciphers=export", "weaker"},
		"no level":                       {Postfix, "encrypt", "yes", "different"},
		"no entry for what may be clear": {Postfix, "may", "", ""},
		"Sendmail, as much":              {Sendmail, "ENCR:128", "TEMP+VERIFY:256", ""},
		"Sendmail, not verified":         {Sendmail, "VERIFY:128", "ENCR:128", "weaker"},
		"Sendmail, short keys":           {Sendmail, "ENCR:128", "ENCR:56", "weaker"},
	} {
		if got := compare(c.want, c.got, c.format); got != c.tell {
			t.Errorf("%s: %q for %q is %q, want %q", name, c.got, c.want, got, c.tell)
		}
	}
}

func TestATableHasCommentsAndFoldedLines(t *testing.T) {
	table, err := ReadTable(strings.NewReader("# a comment\n\nA.example\tencrypt\n  ciphers=high\n\nb.example may\n"))
	if err != nil || table["a.example"] != "encrypt ciphers=high" || table["b.example"] != "may" || len(table) != 2 {
		t.Errorf("got %v (%v)", table, err)
	}
}
