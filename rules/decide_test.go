package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

const exampleUser = `
[policy]
use = ["example"]
[inside]
domains = ["agency.example"]
[lists.partners]
entries = ["partner.example"]
[lists.examiner]
entries = ["ombudsman.example"]
[help]
contact = "postmaster@agency.example"
`

func yes1(id string) func(*classify.Report) *classify.Report {
	return func(r *classify.Report) *classify.Report { return answered(r, id, classify.Answer{Yes: true}) }
}

func nearMiss(id string) func(*classify.Report) *classify.Report {
	return func(r *classify.Report) *classify.Report { return answered(r, id, classify.Answer{Near: true}) }
}

func TestExamplePackShowsEveryOutcome(t *testing.T) {
	p := policyOf(t, exampleUser, enforcing())
	tag := "tag:[encrypt]"
	for _, c := range []struct {
		name   string
		to     string
		report *classify.Report
		change func(*classify.Report) *classify.Report
		action Action
		route  Route
		rules  string
	}{
		{"a clean mail is accepted", "b@far.example", report(), nil, Accept, Direct, ""},
		{"a social security number to the outside is rejected", "b@far.example", report(find{id: "us-ssn"}), nil, Reject, Direct, "marked-personal number-untagged"},
		{"with the tag it goes to the gateway", "b@far.example", report(find{id: "us-ssn"}), yes1(tag), Accept, "gateway:secure", "marked-personal tagged"},
		{"the tag alone goes to the gateway", "b@far.example", report(), yes1(tag), Accept, "gateway:secure", "tagged"},
		{"a misspelt tag is rejected", "b@far.example", report(), nearMiss(tag), Reject, Direct, "tag-misspelt"},
		{"a colleague may have the number", "b@agency.example", report(find{id: "us-ssn"}), nil, Accept, Direct, ""},
		{"a colleague in a domain below may have it", "b@x.agency.example", report(find{id: "us-ssn"}), nil, Accept, Direct, ""},
		{"nobody may have a card number", "b@agency.example", report(find{id: "payment-card"}), nil, Reject, Direct, "cards-never"},
		{"not even the examiner", "b@ombudsman.example", report(find{id: "payment-card"}, find{id: "us-ssn"}), nil, Reject, Direct, "cards-never marked-personal"},
		{"the examiner may have other numbers", "b@ombudsman.example", report(find{id: "us-ssn"}), nil, Accept, Direct, "marked-personal"},
		{"a partner gets a NINO over TLS", "b@mail.partner.example", report(find{id: "uk-nino"}), nil, Accept, TLSForced, "marked-personal nino-to-partner"},
		{"a tagged NINO to a partner takes the stricter way", "b@partner.example", report(find{id: "uk-nino"}), yes1(tag), Accept, "gateway:secure", "marked-personal nino-to-partner tagged"},
		{"a domain that only ends alike is no partner", "b@evilpartner.example", report(find{id: "uk-nino"}), nil, Reject, Direct, "marked-personal nino-untagged"},
		{"low confidence does not fire", "b@far.example", report(find{id: "us-ssn", level: detect.Low}), nil, Accept, Direct, ""},
		{"a header field puts the mail off", "b@far.example", report(), yes1("header:x-example-defer:"), TempFail, Direct, "deferred"},
		{"nine numbers are not yet bulk", "b@agency.example", report(find{id: "us-ssn", count: 5}, find{id: "uk-nino", count: 4}), nil, Accept, Direct, ""},
		{"ten numbers of several kinds are bulk", "b@agency.example", report(find{id: "us-ssn", count: 6}, find{id: "uk-nino", count: 4}), nil, Accept, Direct, "many-numbers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				c.report = c.change(c.report)
			}
			d := p.Decide(envelope("a@agency.example", c.to), c.report)
			o := d.Recipients[0]
			if o.Action != c.action || d.Action != c.action || o.Route != c.route || strings.Join(o.Rules, " ") != c.rules {
				t.Errorf("got %v %v %v, wanted %v %v [%s]", o.Action, o.Route, o.Rules, c.action, c.route, c.rules)
			}
		})
	}
}

func TestUnreadPartsOfOutboundMailAreHeldWithoutAPack(t *testing.T) {
	unread := report()
	unread.Parts = []extract.Part{{Path: "2", Name: "plan.zip", Problem: extract.Encrypted, Where: extract.Attachment}}
	unread.SafeNames = map[string]string{"2": "plan.zip"}
	logo := report()
	logo.Parts = []extract.Part{{Path: "2", Unscannable: true, Problem: extract.Unsupported}}
	byDefault, err := ReadPolicy("", testDetectors, Options{Enforce: true})
	if err != nil {
		t.Fatal(err)
	}
	own := policyOf(t, "[inside]\ndomains = [\"in.example\"]\n", Options{})
	off := policyOf(t, "[inside]\ndomains = [\"in.example\"]\n[rules.unread-held]\noff = true\n", Options{})
	for _, c := range []struct {
		name   string
		policy *Policy
		to     string
		report *classify.Report
		want   Action
	}{
		{"the default policy holds it", byDefault, "b@out.example", unread, Hold},
		{"the default policy lets a logo pass", byDefault, "b@out.example", logo, Accept},
		{"so does an admin's policy without packs", own, "b@out.example", unread, Hold},
		{"not among colleagues", own, "b@in.example", unread, Accept},
		{"an admin may switch it off", off, "b@out.example", unread, Accept},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.policy.Decide(envelope("a@in.example", c.to), c.report)
			if d.Action != c.want {
				t.Fatalf("got %v, wanted %v", d.Action, c.want)
			}
			if c.want == Hold {
				if d.Reason != "a part could not be read: attachment plan.zip that cannot be read (encrypted)" {
					t.Errorf("reason %q", d.Reason)
				}
				if !slices.Contains(d.Edits, Edit{AddHeader, "X-Postern-Ref", "P-0123456789"}) {
					t.Errorf("no reference among %v", d.Edits)
				}
			}
		})
	}
}

// routing routes by domain: what a mixed mail needs.
const routing = `
[policy]
judges = ["outbound", "internal"]
[inside]
domains = ["in.example"]
[rules.a-tls]
to = "tls.example"
route = "tls"
[rules.b-ver]
to = "ver.example"
route = "tls-verified"
[rules.c-gw]
to = "gw.example"
route = "gateway:secure"
[rules.d-both]
to = "both.gw.example"
route = "gateway:other"
[rules.e-held]
to = "held.tls.example"
hold = true
`

func TestRoutesBecomeEdits(t *testing.T) {
	each, whole := enforcing(), enforcing()
	whole.Routes.PerRecipient = false
	header := func(v string) Edit { return Edit{AddHeader, "X-Postern-Route", v} }
	ref := Edit{AddHeader, "X-Postern-Ref", "P-0123456789"}
	for _, c := range []struct {
		name   string
		opt    Options
		to     []string
		action Action
		edits  []Edit
	}{
		{"nothing to route, nothing to edit", whole, []string{"a@far.example"}, Accept, nil},
		{"one route for all is a header", each, []string{"a@tls.example", "b@tls.example"}, Accept, []Edit{header("tls")}},
		{"all outside: the strictest takes all", whole, []string{"a@tls.example", "b@ver.example", "c@far.example"}, Accept, []Edit{header("tls-verified")}},
		{"a gateway is the strictest", whole, []string{"a@gw.example", "b@ver.example"}, Accept, []Edit{header("gateway:secure")}},
		{"a colleague must be written to separately", whole, []string{"a@tls.example", "b@in.example"}, Reject, nil},
		{"an address in quotes takes no marker domain", each, []string{`"a b"@tls.example`, "b@in.example"}, Reject, nil},
		{"alone it needs none", each, []string{`"a b"@tls.example`}, Accept, []Edit{header("tls")}},
		{"recipients are routed one by one", each, []string{"a@tls.example", "b@in.example", "c@ver.example", "d@gw.example"}, Accept, []Edit{
			{RemoveRecipient, "", "a@tls.example"},
			{AddRecipient, "", "a@tls.example.tls.postern.invalid"},
			{RemoveRecipient, "", "c@ver.example"},
			{AddRecipient, "", "c@ver.example.ver.postern.invalid"},
			{RemoveRecipient, "", "d@gw.example"},
			{AddRecipient, "", "d@gw.example.secure.postern.invalid"},
		}},
		{"two gateways for one recipient: held, and routed", each, []string{"a@both.gw.example"}, Hold, []Edit{header("gateway:other"), ref}},
		{"two gateways for two recipients as one mail: held", whole, []string{"a@both.gw.example", "b@gw.example"}, Hold, []Edit{header("gateway:other"), ref}},
		{"held mail keeps its route", each, []string{"a@held.tls.example"}, Hold, []Edit{header("tls"), ref}},
		{"an address under a marker domain is refused", each, []string{"a@x.example.tls.postern.invalid"}, Reject, nil},
		{"in any spelling", each, []string{"a@x.example.tls.Postern.INVALID."}, Reject, nil},
		{"full-width too", each, []string{"a@x.example.tls．ｐostern．invalid"}, Reject, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := policyOf(t, routing, c.opt).Decide(envelope("a@in.example", c.to...), report())
			if d.Action != c.action || !slices.Equal(d.Edits, c.edits) {
				t.Errorf("got %v %v, wanted %v %v", d.Action, d.Edits, c.action, c.edits)
			}
		})
	}
}

func TestEverySpellingOfARoutedRecipientIsRemoved(t *testing.T) {
	p := policyOf(t, routing, enforcing())
	env := envelope("a@in.example", "X@TLS.example", "b@in.example")
	env.Recipients[0].Address = "X@tls.EXAMPLE"
	d := p.Decide(env, report())
	want := []Edit{
		{RemoveRecipient, "", "X@tls.EXAMPLE"},
		{RemoveRecipient, "", "X@TLS.example"},
		{AddRecipient, "", "X@tls.example.tls.postern.invalid"},
	}
	if !slices.Equal(d.Edits, want) {
		t.Errorf("got %v, wanted %v", d.Edits, want)
	}
}

func TestAnAddressThatTakesNoMarkerIsSentToSeparately(t *testing.T) {
	p := policyOf(t, "[inside]\ndomains=[\"in.example\"]\n[rules.all]\nto = { not = \"far.example\" }\nroute = \"tls\"\n", enforcing())
	d := p.Decide(envelope("a@in.example", "b@[192.0.2.9]", "c@far.example"), report())
	if d.Action != Reject || !strings.Contains(d.Reply.Lines[0], "b@[192.0.2.9] separately") {
		t.Errorf("got %v %q", d.Action, d.Reply.Lines)
	}
	d = p.Decide(envelope("a@in.example", "b@[192.0.2.9]"), report())
	if d.Action != Accept || !slices.Equal(d.Edits, []Edit{{AddHeader, "X-Postern-Route", "tls"}}) {
		t.Errorf("alone: got %v %v", d.Action, d.Edits)
	}
}

func TestConditions(t *testing.T) {
	attachment := func(f find) find { f.where, f.part = extract.Attachment, "2"; return f }
	parts := func(ps ...extract.Part) *classify.Report { r := report(); r.Parts = ps; return r }
	for _, c := range []struct {
		name string
		rule string
		r    *classify.Report
		want bool
	}{
		{"found counts one unique value", `when = { found = "us-ssn" }`, report(find{id: "us-ssn"}), true},
		{"medium counts", `when = { found = "us-ssn" }`, report(find{id: "us-ssn", level: detect.Medium}), true},
		{"low only when named", `when = { found = "us-ssn", confidence = "low" }`, report(find{id: "us-ssn", level: detect.Low}), true},
		{"high leaves medium out", `when = { found = "us-ssn", confidence = "high" }`, report(find{id: "us-ssn", level: detect.Medium}), false},
		{"unique is a minimum, below", `when = { found = "us-ssn", unique = 3 }`, report(find{id: "us-ssn", count: 2}), false},
		{"unique is a minimum, at", `when = { found = "us-ssn", unique = 3 }`, report(find{id: "us-ssn", count: 3}), true},
		{"total is a minimum", `when = { found = "us-ssn", total = 3 }`, report(find{id: "us-ssn", count: 2}), false},
		{"where asks for the place", `when = { found = "us-ssn", where = "attachment" }`, report(find{id: "us-ssn"}), false},
		{"one of several places", `when = { found = "us-ssn", where = ["subject", "attachment"] }`, report(attachment(find{id: "us-ssn"})), true},
		{"quoted text only", `when = { found = "us-ssn", quoted = true }`, report(find{id: "us-ssn"}), false},
		{"new text only", `when = { found = "us-ssn", quoted = false }`, report(find{id: "us-ssn", quoted: true, where: extract.Body, part: "1"}), false},
		{"one of several detectors", `when = { found = ["us-ssn", "uk-nino"] }`, report(find{id: "uk-nino"}), true},
		{"all of", `when = { all = [ { found = "us-ssn" }, { found = "uk-nino" } ] }`, report(find{id: "uk-nino"}), false},
		{"any of", `when = { any = [ { found = "us-ssn" }, { found = "uk-nino" } ] }`, report(find{id: "uk-nino"}), true},
		{"none of", `when = { none = [ { found = "us-ssn" }, { found = "uk-nino" } ] }`, report(find{id: "uk-nino"}), false},
		{"nested", `when = { any = [ { all = [ { found = "us-ssn" }, { none = [ { found = "uk-nino" } ] } ] }, { found = "mo-dcn" } ] }`, report(find{id: "us-ssn"}), true},
		{"unless lifts", "when = { found = \"us-ssn\" }\nunless = { found = \"uk-nino\" }", report(find{id: "us-ssn"}, find{id: "uk-nino"}), false},
		{"unless by recipient", "when = { found = \"us-ssn\" }\nunless = { to = \"out.example\" }", report(find{id: "us-ssn"}), false},
		{"unless another recipient", "when = { found = \"us-ssn\" }\nunless = { to = \"other.example\" }", report(find{id: "us-ssn"}), true},
		{"any of recipient and content", `when = { any = [ { to = "other.example" }, { found = "us-ssn" } ] }`, report(find{id: "us-ssn"}), true},
		{"none of recipient", `when = { none = [ { to = "out.example" } ] }`, report(), false},
		{"unread", `when = { unread = true }`, parts(extract.Part{Path: "2", Problem: extract.TooBig}), true},
		{"unread by problem", `when = { unread = "encrypted" }`, parts(extract.Part{Path: "2", Problem: extract.TooBig}), false},
		{"all read", `when = { unread = false }`, parts(extract.Part{Path: "2"}), true},
		{"encrypted and strong", `when = { encrypted = true, weak = false }`, parts(extract.Part{Path: "2", Encrypted: true}), true},
		{"encrypted and weak", `when = { encrypted = true, weak = false }`, parts(extract.Part{Path: "2", Encrypted: true, Weak: true}), false},
		{"direction", `when = { direction = "internal" }`, report(), false},
		{"authenticated", `when = { authenticated = true }`, report(), true},
		{"not authenticated", `when = { authenticated = false }`, report(), false},
		{"sender's domain", `from = "in.example"`, report(), true},
		{"not this sender", `from = { not = "a@in.example" }`, report(), false},
		{"login", `user = "ALICE"`, report(), true},
		{"another login", `user = ["bob", "carol"]`, report(), false},
		{"an address in a group is compared with the sender", `user = "a@in.example"`, report(), true},
		{"client network", `when = { client = "192.0.2.0/24" }`, report(), true},
		{"another network", `when = { client = { not = ["192.0.2.0/24", "2001:db8::/32"] } }`, report(), false},
		{"registered partner", `when = { partner = true }`, report(), true},
		{"partner by another method", `when = { partner = ["tls-verified", "cjsm"] }`, report(), false},
		{"no partner", `when = { partner = false }`, report(), false},
		{"a header field", `when = { header = "Sensitivity", contains = "Company  Confidential" }`, answered(report(), "header:sensitivity:company confidential", classify.Answer{Yes: true}), true},
		{"in a list", `to = "@friends"`, report(), true},
		{"is and not", `to = { is = "example", not = "@friends" }`, report(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[inside]\ndomains = [\"in.example\"]\n[lists.friends]\nentries = [\"out.example\"]\n"+
				"[partners.\"out.example\"]\nmethod = \"tls\"\n[rules.r]\nrecord = true\n"+c.rule+"\n", Options{})
			d := p.Decide(envelope("a@in.example", "b@out.example"), c.r)
			if got := slices.Contains(d.Recipients[0].Rules, "r"); got != c.want {
				t.Errorf("fired %t, wanted %t", got, c.want)
			}
		})
	}
}

func TestRulesAreAskedForEachRecipient(t *testing.T) {
	p := policyOf(t, exampleUser, enforcing())
	env := envelope("a@agency.example", "b@agency.example", "c@far.example", "d@partner.example")
	d := p.Decide(env, report(find{id: "uk-nino"}))
	got := ""
	for _, o := range d.Recipients {
		got += o.Address + " " + string(o.Direction) + " " + o.Action.String() + " " + string(o.Route) + "\n"
	}
	want := "b@agency.example internal accept direct\nc@far.example outbound reject direct\nd@partner.example outbound accept tls\n"
	if got != want || d.Action != Reject || d.Direction != Outbound {
		t.Errorf("got\n%s%v %v", got, d.Action, d.Direction)
	}
}

func TestExpiredEntriesAreNone(t *testing.T) {
	for _, c := range []struct {
		name, entries string
		want          Action
	}{
		{"valid to the end of its day", `{ entry = "out.example", expires = 2027-03-15 }`, Accept},
		{"expired the day before", `{ entry = "out.example", expires = "2027-03-14", ref = "DSA 7" }`, Reject},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[lists.friends]\nentries = ["+c.entries+"]\n[rules.r]\nto = { not = \"@friends\" }\nreject = true\n", Options{})
			if d := p.Decide(envelope("a@in.example", "b@out.example"), report()); d.Action != c.want {
				t.Errorf("got %v, wanted %v", d.Action, c.want)
			}
		})
	}
}

func TestPartnersMethodIsForced(t *testing.T) {
	p := policyOf(t, `
[partners."p.example"]
method = "tls"
[partners."deep.p.example"]
method = "cjsm"
[partners."old.p.example"]
method = "gateway:other"
expires = 2026-01-01
[rules.agreed]
when = { partner = true }
route = "partner"
`, enforcing())
	for to, want := range map[string]Route{
		"x@p.example": TLSForced, "x@a.deep.p.example": "gateway:cjsm", "x@old.p.example": TLSForced, "x@q.example": Direct,
	} {
		if d := p.Decide(envelope("a@in.example", to), report()); d.Recipients[0].Route != want {
			t.Errorf("%s: got %v, wanted %v", to, d.Recipients[0].Route, want)
		}
	}
}

func TestAMailWithoutRecipientsOrSenderIsDecided(t *testing.T) {
	p := policyOf(t, exampleUser, enforcing())
	if d := p.Decide(&Envelope{}, &classify.Report{}); d.Action != Accept || d.Edits == nil || d.Recipients == nil {
		t.Errorf("got %+v", d)
	}
	if d := p.Explain(envelope("", "", "@", "a@", "@b", "<>", strings.Repeat("x", 70000)), report(find{id: "us-ssn"})); d.Action != Reject {
		t.Errorf("got %v", d.Action)
	}
}
