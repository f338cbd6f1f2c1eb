package rules

import (
	"slices"
	"strings"
	"testing"
)

const sendmailPolicy = `
[policy]
id = "s"
[inside]
domains = ["agency.example"]
[partners."tls.example"]
method = "tls"
[partners."ver.example"]
method = "tls-verified"
[partners."gate.example"]
method = "gateway:secure"
[partners."old.example"]
method  = "tls"
expires = 2020-01-01
[rules.partners]
to    = { not = "@colleagues" }
route = "partner"
[rules.gateway]
to    = "@citizens"
route = "gateway:secure"
[lists.colleagues]
entries = ["agency.example"]
[lists.citizens]
entries = ["cit@tls.example", "citizen.example"]
`

func sendmailRoutes() Routes {
	return Routes{MTA: Sendmail, PartnerTLS: true, Gateways: []string{"secure"}}
}

func TestSendmailIsToldOfMarksAlone(t *testing.T) {
	p := policyOf(t, sendmailPolicy, Options{Enforce: true, Routes: sendmailRoutes()})
	for _, c := range []struct {
		name   string
		to     []string
		action Action
		edits  string
	}{
		{"a table forces TLS for a partner, and for what lies below it", []string{"a@tls.example", "b@sub.ver.example"}, Accept, ""},
		{"a gateway needs a mark even if all recipients go there", []string{"c@citizen.example"}, Accept, "-c@citizen.example +c@citizen.example.secure.postern.invalid"},
		{"a gateway for one, a table for another, a colleague", []string{"c@citizen.example", "a@tls.example", "bob@agency.example"}, Accept, "-c@citizen.example +c@citizen.example.secure.postern.invalid"},
		{"the gateway of a partner", []string{"g@gate.example"}, Accept, "-g@gate.example +g@gate.example.secure.postern.invalid"},
		{"a rule is stricter than the table", []string{"cit@tls.example"}, Accept, "-cit@tls.example +cit@tls.example.secure.postern.invalid"},
		{"an entry that has expired asks for nothing", []string{"o@old.example"}, Accept, ""},
		{"an address that takes no mark", []string{`"a b"@citizen.example`}, Reject, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := p.Decide(envelope("ann@agency.example", c.to...), report())
			if got := edits(d); d.Action != c.action || got != c.edits {
				t.Errorf("got %s with %q, want %s with %q", d.Action, got, c.action, c.edits)
			}
			if !d.PerRecipient {
				t.Error("the decision does not say that recipients are routed alone")
			}
		})
	}
}

func TestHeldMailOfSendmailGetsNoField(t *testing.T) {
	p := policyOf(t, sendmailPolicy+"[rules.hold]\nhold = \"Somebody looks.\"\n", Options{Enforce: true, Routes: sendmailRoutes()})
	d := p.Decide(envelope("ann@agency.example", "c@citizen.example"), report())
	if got := edits(d); d.Action != Hold || got != "-c@citizen.example +c@citizen.example.secure.postern.invalid" {
		t.Errorf("got %s with %q", d.Action, got)
	}
}

func TestWhatSendmailCannotDoDoesNotLoad(t *testing.T) {
	route := func(name string) string {
		return "[policy]\nid = \"s\"\n[inside]\ndomains = [\"agency.example\"]\n[rules.r]\nroute = \"" + name + "\"\n[partners.\"tls.example\"]\nmethod = \"tls\"\n"
	}
	all := Routes{MTA: Sendmail, TLS: true, TLSVerified: true, PerRecipient: true, Gateways: []string{"secure"}}
	static := all
	static.PartnerTLS = true
	for _, c := range []struct {
		name, policy string
		routes       Routes
		tells        string // empty: it loads
	}{
		{"TLS for one mail", route("tls"), all, "Sendmail cannot force TLS for one mail"},
		{"verified TLS for one mail", route("tls-verified"), static, "Sendmail cannot force TLS for one mail"},
		{"partners whose TLS no table forces", route("partner"), all, "that Sendmail forces TLS for partners is not declared"},
		{"partners whose TLS a table forces", route("partner"), static, ""},
		{"a partner with a list that ends in a gateway", strings.Replace(route("partner"), `method = "tls"`, `method = ["tls", "gateway:secure"]`, 1), static, "Sendmail cannot force TLS for one mail"},
		{"a partner with two kinds of TLS", strings.Replace(route("partner"), `method = "tls"`, `method = ["tls-verified", "tls"]`, 1), static, "Sendmail cannot force TLS for one mail"},
		{"a gateway", route("gateway:secure"), all, ""},
		{"a gateway that is not there", route("gateway:other"), all, "is not declared under [routes]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readText(t, c.policy, Options{Enforce: true, Routes: c.routes})
			if c.tells == "" && err != nil || c.tells != "" && (err == nil || !strings.Contains(err.Error(), c.tells)) {
				t.Errorf("got %v, want %q", err, c.tells)
			}
			if _, err := readText(t, c.policy, Options{Routes: c.routes}); err != nil {
				t.Errorf("in observe mode: %v", err)
			}
		})
	}
}

// A policy that loaded to observe alone must not tell that mail could leave.
func TestTLSThatSendmailCannotForceRefusesTheMail(t *testing.T) {
	p := policyOf(t, "[inside]\ndomains = [\"agency.example\"]\n[rules.r]\nroute = \"tls\"\n", Options{Routes: sendmailRoutes()})
	d := p.Decide(envelope("ann@agency.example", "a@tls.example"), report())
	if d.Action != Reject || len(d.Edits) > 0 {
		t.Errorf("got %s with %v", d.Action, d.Edits)
	}
}

func edits(d *Decision) string {
	var all []string
	for _, e := range d.Edits {
		sign := map[Op]string{AddRecipient: "+", RemoveRecipient: "-"}[e.Op]
		if sign == "" {
			sign = string(e.Op) + ":"
		}
		if s := sign + e.Value; !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, " ")
}
