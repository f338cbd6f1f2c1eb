package rules

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/detect"
)

const waysText = `
[policy]
judges = ["outbound"]
[inside]
domains = ["in.example"]
[rules.strict]
to    = { not = "t.example" }
when  = { found = "uk-nino" }
route = ["tls-verified", "gateway:secure"]
[rules.mild]
to    = "t.example"
when  = { found = "uk-nino" }
route = ["tls-verified", "tls"]
[[assert]]
id      = "never-in-clear"
never   = { found = "uk-nino", direction = "outbound", outcome = "in-clear" }
`

func TestOfAListOfRoutesTheFirstIsTakenThatTheDestinationIsCapableOf(t *testing.T) {
	p := policyOf(t, waysText, enforcing())
	for state, want := range map[string][2]Route{
		"tls-verified": {TLSVerified, TLSVerified}, "tls": {"gateway:secure", TLSForced},
		"none": {"gateway:secure", TLSVerified}, "unknown": {"gateway:secure", TLSVerified}, "": {"gateway:secure", TLSVerified},
		"whatever": {"gateway:secure", TLSVerified},
	} {
		env := envelope("a@in.example", "x@s.example", "y@t.example")
		if state != "" {
			env.Facts = &Facts{TLS: map[string]string{"s.example": state, "t.example": state}}
		}
		d := p.Decide(env, report(find{id: "uk-nino"}))
		if got := [2]Route{d.Recipients[0].Route, d.Recipients[1].Route}; got != want {
			t.Errorf("%q: got %v, wanted %v", state, got, want)
		}
	}
	if w := p.FactsWanted(); !w.TLS || w.FirstContact || w.Reply || w.Volume {
		t.Errorf("it wants the facts %+v", w)
	}
	if w := policyOf(t, exampleUser, enforcing()).FactsWanted(); w.TLS {
		t.Errorf("a policy without such rules wants %+v", w)
	}
}

func TestListsOfRoutesAreProved(t *testing.T) {
	text := strings.ReplaceAll(waysText, `route = ["tls-verified", "tls"]`, `route = ["tls-verified", "tls"]`+"\nunless = { partner_tls = \"none\" }")
	_, err := waysPolicy(t, text)
	if err == nil || !strings.Contains(err.Error(), "never-in-clear") {
		t.Errorf("a hole is not found: %v", err)
	}
	_, err = waysPolicy(t, strings.Replace(waysText, `outcome = "in-clear"`, `outcome = ["in-clear", "tls"]`, 1))
	if err == nil || !strings.Contains(err.Error(), "never-in-clear") {
		t.Errorf("that a mail may go by tls is not found: %v", err)
	}
	if _, err = waysPolicy(t, strings.Replace(waysText, `outcome = "in-clear"`, `outcome = ["in-clear", "gateway:other"]`, 1)); err != nil {
		t.Errorf("what holds is not proved: %v", err)
	}
}

func waysPolicy(t *testing.T, text string) (*Policy, error) {
	t.Helper()
	return ReadPolicyText("policy", []byte(text), "", detect.Builtin(), enforcing())
}

func TestAListOfRoutesThatCannotBeFollowedIsAMistake(t *testing.T) {
	for list, want := range map[string]string{
		`["tls", "direct"]`:                         `unknown route "direct" in a list`,
		`["tls", "partner"]`:                        `unknown route "partner" in a list`,
		`["tls", "tls"]`:                            "stands twice",
		`["gateway:secure", "tls"]`:                 "never taken",
		`["tls", "gateway:nowhere"]`:                `"gateway:nowhere" is not declared`,
		`["gateway:secure"]` + "\nreject = \"no\"":  "a route for a mail that is refused",
		`["tls", "tls-verified", "gateway:secure"]`: "",
	} {
		_, err := waysPolicy(t, strings.Replace(waysText, `["tls-verified", "gateway:secure"]`, list, 1))
		var mistakes *Mistakes
		if want == "" && err == nil {
			continue
		}
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), want) || want == "" {
			t.Errorf("%s: got %v, wanted %q", list, err, want)
		}
	}
}

func TestOnSendmailNoListOfTLSLoads(t *testing.T) {
	opt := Options{Enforce: true, Routes: Routes{MTA: Sendmail, PartnerTLS: true, Gateways: []string{"secure"}}}
	for _, text := range []string{
		"[rules.a]\nwhen = { found = \"uk-nino\" }\nroute = [\"tls\", \"gateway:secure\"]\n",
		"[partners.\"p.example\"]\nmethod = [\"tls\", \"gateway:secure\"]\n[rules.a]\nwhen = { found = \"uk-nino\" }\nroute = \"partner\"\n",
		"[partners.\"p.example\"]\nmethod = [\"tls-verified\", \"tls\"]\n[rules.a]\nwhen = { found = \"uk-nino\" }\nroute = \"partner\"\n",
	} {
		_, err := ReadPolicyText("policy", []byte("[policy]\njudges = [\"outbound\"]\n"+text), "", detect.Builtin(), opt)
		if err == nil || !strings.Contains(err.Error(), "Sendmail cannot force TLS for one mail") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestOutsideAreTheRecipientsThatFactsMayBeKnownOf(t *testing.T) {
	p := policyOf(t, waysText, enforcing())
	env := envelope("a@in.example", "X@S.example", "b@in.example", "c%d@t.example", "y@bücher.example", "z@[192.0.2.1]")
	if got := p.Outside(env); !slices.Equal(got, []string{"x@s.example", "y@xn--bcher-kva.example"}) {
		t.Errorf("got %q", got)
	}
}

func TestAPartnersMethodsAreTriedInTheirOrder(t *testing.T) {
	text := `
[policy]
judges = ["outbound"]
[inside]
domains = ["in.example"]
[partners."p.example"]
method = ["tls-verified", "cjsm"]
[partners."q.example"]
method = ["tls-verified", "tls"]
[rules.agreed]
when = { found = "uk-nino", partner = ["tls-verified", "gateway"] }
route = "partner"
[rules.others]
when = { found = "uk-nino", partner = false }
reject = "5.7.1 no"
[[assert]]
id    = "never-in-clear"
never = { found = "uk-nino", direction = "outbound", outcome = "in-clear" }
`
	p := policyOf(t, text, enforcing())
	for state, want := range map[string][2]Route{
		"tls-verified": {TLSVerified, TLSVerified}, "tls": {"gateway:cjsm", TLSForced}, "none": {"gateway:cjsm", TLSVerified}, "unknown": {"gateway:cjsm", TLSVerified},
	} {
		env := envelope("a@in.example", "x@p.example", "y@q.example")
		env.Facts = &Facts{TLS: map[string]string{"p.example": state, "q.example": state}}
		d := p.Decide(env, report(find{id: "uk-nino"}))
		if got := [2]Route{d.Recipients[0].Route, d.Recipients[1].Route}; got != want {
			t.Errorf("%q: got %v, wanted %v", state, got, want)
		}
	}
	if !p.FactsWanted().TLS {
		t.Error("it does not want to know what its partners can do")
	}
	// In the MTA's own table stands what every mail is sent by.
	partners := p.Partners(noon)
	if len(partners) != 2 || partners[0].Route != "gateway:cjsm" || partners[1].Route != TLSForced {
		t.Errorf("the registry is %v", partners)
	}
	_, err := waysPolicy(t, strings.Replace(text, `outcome = "in-clear"`, `outcome = "tls"`, 1))
	if err == nil || !strings.Contains(err.Error(), "never-in-clear") || !strings.Contains(err.Error(), "q.example") {
		t.Errorf("that mail may go by tls is not found: %v", err)
	}
	_, err = waysPolicy(t, strings.Replace(text, `["tls-verified", "cjsm"]`, `["cjsm", "tls"]`, 1))
	if err == nil || !strings.Contains(err.Error(), `partner "p.example": a gateway takes every mail`) {
		t.Errorf("got %v", err)
	}
}
