package mta

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/rules"
)

const goodCF = `DZ8.17.1.9/Debian-2+deb12u2
O DaemonPortOptions=Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1
O DaemonPortOptions=Family=inet,  Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1
O InputMailFilters=postern
O SetCertAltnames=true
O CACertPath=/etc/ssl/certs
O CACertFile=/etc/ssl/certs/ca-certificates.crt
Xpostern, S=inet:8892@127.0.0.1, F=T, T=C:5s;S:30s;R:70s;E:2m
SLocal_tls_rcpt
R<$+>	$: $1 $| $>D <$1> <?> <! PosternName> <>
`

func goodSetup() Setup {
	return Setup{
		Enforce: true, Listen: []string{"inet:127.0.0.1:8892"}, MailTime: time.Minute,
		Routes:   rules.Routes{MTA: rules.Sendmail, PartnerTLS: true, Gateways: []string{"secure"}},
		Partners: []rules.Partner{{Domain: "tls.example", Route: rules.TLSForced}, {Domain: "ver.example", Route: rules.TLSVerified}},
	}
}

// goodAnswers are those of a Sendmail with all recipes.
func goodAnswers() asked {
	return asked{
		access: map[string]string{
			"TLS_Srv:gw.example": "ENCR:128", "TLS_Rcpt:tls.example": "ENCR:128",
			"TLS_Rcpt:ver.example": "VERIFY:128", "PosternName:ver.example": "YES",
		},
		ways: map[string]way{
			probe("secure"):       {"posterngw", "[gw.example]", "pat@partner.example"},
			probe(unknownGateway): {"*error*", "4.3.5", "450 mailertable has no line for this mark"},
		},
	}
}

func TestTheDoctorFindsWhatIsAmissInSendmail(t *testing.T) {
	cf := func(good, bad string) func(*string, *Setup, *asked) {
		return func(text *string, _ *Setup, _ *asked) {
			if !strings.Contains(*text, good) {
				panic("the sample has no " + good)
			}
			*text = strings.ReplaceAll(*text, good, bad)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*string, *Setup, *asked)
		want   []string // level and check of each finding
	}{
		{"nothing", func(*string, *Setup, *asked) {}, nil},
		{"no filter", cf("Xpostern,", "Xother,"+"\nY"), []string{"wrong filter"}},
		{"a filter on another port", cf("8892@", "8891@"), []string{"wrong filter"}},
		{"a filter that nobody asks", cf("O InputMailFilters=postern\n", ""), []string{"wrong filter", "risky filter", "risky filter"}},
		{"a daemon with filters of its own", cf("Port=smtp,", "Port=smtp, InputMailFilters=clamav,"), []string{"risky filter"}},
		{"a signer before", cf("InputMailFilters=postern", "InputMailFilters=opendkim, postern"), []string{"risky order"}},
		{"no F", cf(" F=T,", ""), []string{"wrong default"}},
		{"F=R", cf("F=T", "F=R"), []string{"risky default"}},
		{"no timeouts", cf(", T=C:5s;S:30s;R:70s;E:2m", ""), []string{"risky timeouts", "note timeouts"}},
		{"a verdict too early", cf("E:2m", "E:30s"), []string{"risky timeouts"}},
		{"an old version", cf("DZ8.17.1.9", "DZ8.13.8"), []string{"wrong version"}},
		{"a name service over everything", func(_ *string, s *Setup, _ *asked) {
			s.Listen = []string{"inet:0.0.0.0:8892", "unix:/run/postern.sock"}
		}, nil},
		{"a Unix socket", func(text *string, s *Setup, _ *asked) {
			*text = strings.Replace(*text, "inet:8892@127.0.0.1", "local:/run/postern/milter.sock", 1)
			s.Listen = []string{"unix:/run/postern/milter.sock"}
		}, nil},
		{"routes of Postfix", func(_ *string, s *Setup, _ *asked) { s.Routes.MTA = rules.Postfix }, []string{"wrong declared"}},
		{"observe mode", func(_ *string, s *Setup, _ *asked) { s.Enforce = false }, []string{"note default"}},
		{"a gateway without a line", func(_ *string, _ *Setup, a *asked) {
			a.ways[probe("secure")] = way{"*error*", "4.3.5", "450 no line"}
		}, []string{"wrong gateway"}},
		{"a mailer that keeps the mark", func(_ *string, _ *Setup, a *asked) {
			a.ways[probe("secure")] = way{"esmtp", "[gw.example]", probe("secure")}
		}, []string{"wrong gateway"}},
		{"a smart host for unknown marks", func(_ *string, _ *Setup, a *asked) {
			a.ways[probe(unknownGateway)] = way{"relay", "smart.example", probe(unknownGateway)}
		}, []string{"wrong gateway"}},
		{"a gateway in clear", func(_ *string, _ *Setup, a *asked) { delete(a.access, "TLS_Srv:gw.example") }, []string{"wrong gateway"}},
		{"a gateway whose parent domain has the line", func(_ *string, _ *Setup, a *asked) {
			delete(a.access, "TLS_Srv:gw.example")
			a.access["TLS_Srv:example"] = "VERIFY:256"
		}, nil},
		{"a gateway on this machine", func(_ *string, _ *Setup, a *asked) {
			delete(a.access, "TLS_Srv:gw.example")
			a.ways[probe("secure")] = way{"posterngw", "[127.0.0.1]", "pat@partner.example"}
		}, nil},
		{"a partner that the access map lacks", func(_ *string, _ *Setup, a *asked) { delete(a.access, "TLS_Rcpt:tls.example") }, []string{"wrong registry"}},
		{"a partner whose entry is weak", func(_ *string, _ *Setup, a *asked) { a.access["TLS_Rcpt:ver.example"] = "ENCR:56" }, []string{"wrong registry"}},
		{"no rules for names", cf("PosternName", "Other"), []string{"wrong registry"}},
		{"no authorities", cf("O CACertPath=/etc/ssl/certs\n", ""), []string{"wrong registry"}},
		{"no partners to verify", func(text *string, s *Setup, _ *asked) {
			*text = strings.ReplaceAll(*text, "PosternName", "")
			s.Partners = s.Partners[:1]
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, setup, answers := goodCF, goodSetup(), goodAnswers()
			c.change(&text, &setup, &answers)
			found, err := examineSendmail(text, setup, func(keys, addresses []string) (asked, error) { return answers, nil })
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, string(f.Level)+" "+f.Check)
				if f.Parameter == "" || f.Why == "" || f.Repair == "" {
					t.Errorf("a finding without words: %+v", f)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q: %+v", got, c.want, found)
			}
		})
	}
}

func TestTheDoctorTellsThatSendmailDoesNotAnswer(t *testing.T) {
	broken := errors.New("sendmail -bt: no")
	for n := range 2 {
		calls := 0
		_, err := examineSendmail(goodCF, goodSetup(), func(_, _ []string) (asked, error) {
			if calls++; calls > n {
				return asked{}, broken
			}
			return goodAnswers(), nil
		})
		if !errors.Is(err, broken) {
			t.Errorf("answer %d failed, got %v", n, err)
		}
	}
}

func TestAnswersOfAddressTestMode(t *testing.T) {
	a := readAnswers(`ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)
Enter <ruleset> <address>
> map_lookup: access (TLS_Srv:gw.example) returns ENCR:128 (0)
> map_lookup: access (TLS_Srv:none) no match (0)
> Cracked address = $g
Parsing envelope recipient address
canonify           input: pat @ partner . example
a@b.example... Name server timeout
mailer posterngw, host [gw.example], user pat@partner.example
> > Cracked address = $g
Parsing envelope recipient address
second@x.example... no line
> Cracked address = $g
Parsing envelope recipient address
mailer *error*, host 4.3.5, user 450 a line, with a comma
> mailer esmtp, host more.example, user than@asked

`, []string{"first", "second", "third"})
	if len(a.access) != 1 || a.access["TLS_Srv:gw.example"] != "ENCR:128" {
		t.Errorf("access: %v", a.access)
	}
	if len(a.ways) != 2 || a.ways["first"] != (way{"posterngw", "[gw.example]", "pat@partner.example"}) || a.ways["third"] != (way{"*error*", "4.3.5", "450 a line, with a comma"}) {
		t.Errorf("ways: %v", a.ways)
	}
}

func FuzzAnswersOfAddressTestMode(f *testing.F) {
	f.Add("> map_lookup: access (k) returns v (0)\nParsing envelope x\nmailer a, host b, user c\n")
	f.Add("> map_lookup: access () returns \nmailer \n> > > ")
	f.Fuzz(func(t *testing.T, said string) {
		if a := readAnswers(said, []string{"x"}); len(a.ways) > 1 {
			t.Errorf("%d ways for one address", len(a.ways))
		}
	})
}
