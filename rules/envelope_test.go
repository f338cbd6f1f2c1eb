package rules

import (
	"net/netip"
	"testing"
)

func TestDirectionOfAMail(t *testing.T) {
	const domains = "[policy]\njudges = [\"outbound\", \"internal\", \"inbound\"]\n[inside]\ndomains = [\"in.example\", \"Bücher.example\"]\n"
	p := policyOf(t, domains, Options{})
	for _, c := range []struct {
		name string
		to   Recipient
		want Direction
	}{
		{"a domain of ours", Recipient{Address: "b@in.example"}, Internal},
		{"case does not matter", Recipient{Address: "b@IN.Example"}, Internal},
		{"a domain below ours", Recipient{Address: "b@x.y.in.example"}, Internal},
		{"a domain that only ends alike", Recipient{Address: "b@evilin.example"}, Outbound},
		{"the domain above ours", Recipient{Address: "b@example"}, Outbound},
		{"a trailing dot", Recipient{Address: "b@in.example."}, Outbound},
		{"an ideographic full stop", Recipient{Address: "b@in。example"}, Outbound},
		{"a full-width dot", Recipient{Address: "b@in．example"}, Outbound},
		{"a half-width ideographic dot", Recipient{Address: "b@in｡example"}, Outbound},
		{"an empty label", Recipient{Address: "b@x..in.example"}, Outbound},
		{"a percent hack", Recipient{Address: "b%out.example@in.example"}, Outbound},
		{"a bang path", Recipient{Address: "out.example!b@in.example"}, Outbound},
		{"a second at sign", Recipient{Address: "b@out.example@in.example"}, Outbound},
		{"a quoted at sign", Recipient{Address: `"b@out.example"@in.example`}, Outbound},
		{"a source route", Recipient{Address: "@in.example:b@in.example"}, Outbound},
		{"an address literal", Recipient{Address: "b@[192.0.2.1]"}, Outbound},
		{"an IPv6 literal", Recipient{Address: "b@[IPv6:2001:db8::1]"}, Outbound},
		{"the MTA's form decides", Recipient{Address: "b%in.example@x.example", Canonical: "b@in.example"}, Internal},
		{"also against the client's", Recipient{Address: "b@in.example", Canonical: "b@out.example"}, Outbound},
		{"the MTA's form is no better if odd", Recipient{Address: "b@in.example", Canonical: "out!b@in.example"}, Outbound},
		{"an internationalised domain", Recipient{Address: "b@bücher.EXAMPLE"}, Internal},
		{"its A-label", Recipient{Address: "b@xn--bcher-kva.example"}, Internal},
		{"no domain, delivered locally", Recipient{Address: "bob", Mailer: "local"}, Internal},
		{"no domain, who knows", Recipient{Address: "bob", Mailer: "smtp"}, Outbound},
		{"the postmaster needs no domain", Recipient{Address: "Postmaster"}, Internal},
		{"white space in the domain", Recipient{Address: "b@ in.example"}, Outbound},
		{"a local mailer does not make another domain ours", Recipient{Address: "b@other.example", Mailer: "local"}, Outbound},
		{"nothing at all", Recipient{}, Outbound},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := envelope("a@in.example")
			env.Recipients = []Recipient{c.to}
			if d := p.Decide(env, report()); d.Recipients[0].Direction != c.want {
				t.Errorf("got %v, wanted %v", d.Recipients[0].Direction, c.want)
			}
		})
	}
}

func TestInsideWithoutDomains(t *testing.T) {
	p := policyOf(t, "[policy]\nid = \"p\"\n", Options{})
	for _, c := range []struct {
		name string
		to   Recipient
		want Direction
	}{
		{"delivered locally", Recipient{Address: "b@x.example", Mailer: "local"}, Internal},
		{"a virtual mailbox", Recipient{Address: "b@x.example", Mailer: "virtual"}, Internal},
		{"handed to LMTP", Recipient{Address: "b@x.example", Mailer: "lmtp"}, Internal},
		{"the sender's own domain", Recipient{Address: "b@IN.example", Mailer: "smtp"}, Internal},
		{"below the sender's domain", Recipient{Address: "b@x.in.example", Mailer: "smtp"}, Outbound},
		{"relayed", Recipient{Address: "b@x.example", Mailer: "smtp"}, Outbound},
		{"odd, whatever the mailer", Recipient{Address: "b%y.example@in.example", Mailer: "local"}, Outbound},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := envelope("a@in.example")
			env.Recipients = []Recipient{c.to}
			if d := p.Decide(env, report()); d.Recipients[0].Direction != c.want {
				t.Errorf("got %v, wanted %v", d.Recipients[0].Direction, c.want)
			}
		})
	}
}

func TestOriginInScope(t *testing.T) {
	const networks = "[inside]\nnetworks = [\"10.0.0.0/8\", \"2001:db8::/32\"]\n"
	const daemons = "[inside]\ndaemons = [\"ORIGINATING\"]\n"
	const both = networks + "daemons = [\"ORIGINATING\"]\n"
	ip := netip.MustParseAddr
	for _, c := range []struct {
		name, policy string
		env          Envelope
		want         bool
	}{
		{"logged in", networks, Envelope{User: "a", Client: ip("192.0.2.1")}, true},
		{"from our network", networks, Envelope{Client: ip("10.1.2.3")}, true},
		{"in IPv6", networks, Envelope{Client: ip("2001:db8::9")}, true},
		{"IPv4 in IPv6", networks, Envelope{Client: ip("::ffff:10.1.2.3")}, true},
		{"from elsewhere", networks, Envelope{Client: ip("192.0.2.1")}, false},
		{"from our service", daemons, Envelope{Client: ip("192.0.2.1"), Daemon: "ORIGINATING"}, true},
		{"from another service", daemons, Envelope{Client: ip("192.0.2.1"), Daemon: "smtpd"}, false},
		{"from a service that has no name", daemons, Envelope{Client: ip("192.0.2.1")}, true},
		{"neither network nor service", both, Envelope{Client: ip("192.0.2.1"), Daemon: "smtpd"}, false},
		{"local pickup", networks, Envelope{Pickup: true}, true},
		{"an unknown client cannot be placed", networks, Envelope{}, true},
		{"nothing is configured", "", Envelope{Client: ip("192.0.2.1")}, true},
		{"inbound is judged", networks + "[policy]\njudges = [\"inbound\"]\n", Envelope{Client: ip("192.0.2.1")}, true},
		{"only inbound is judged", networks + "[policy]\njudges = [\"inbound\"]\n[rules.unread-held]\noff = true\n", Envelope{User: "a"}, false},
		{"unread outbound mail is held beside it", networks + "[policy]\njudges = [\"inbound\"]\n", Envelope{User: "a"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := policyOf(t, c.policy, Options{}).OriginInScope(&c.env); got != c.want {
				t.Errorf("got %t, wanted %t", got, c.want)
			}
		})
	}
}

func TestInScope(t *testing.T) {
	const inside = "[inside]\ndomains = [\"in.example\"]\n"
	for _, c := range []struct {
		name, policy string
		to           []string
		want         bool
	}{
		{"outbound mail is judged", inside, []string{"b@out.example"}, true},
		{"mail among colleagues is not, unless a policy says so", inside, []string{"b@in.example"}, false},
		{"one outsider is enough", inside, []string{"b@in.example", "c@out.example"}, true},
		{"the policy judges it", "[policy]\njudges = [\"internal\"]\n" + inside, []string{"b@in.example"}, true},
		{"a rule names the direction", inside + "[rules.r]\ndirection = \"internal\"\nrecord = true\n", []string{"b@in.example"}, true},
		{"a rule that is off does not count", inside + "[rules.r]\noff = true\ndirection = \"internal\"\nrecord = true\n", []string{"b@in.example"}, false},
		{"a pack judges it", "[policy]\nuse = \"example\"\n" + inside, []string{"b@in.example"}, true},
		{"a marker recipient is looked at in any case", "[policy]\njudges = \"internal\"\n" + inside + "[rules.unread-held]\noff = true\n", []string{"b@x.example.tls.postern.invalid"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := policyOf(t, c.policy, Options{}).InScope(envelope("a@in.example", c.to...)); got != c.want {
				t.Errorf("got %t, wanted %t", got, c.want)
			}
		})
	}
}

func FuzzMailbox(f *testing.F) {
	for _, s := range []string{"a@b.example", "a%b@c", "@a:b@c", "a@[1.2.3.4]", "ü@bücher.example", "a@b。c", "", "@", "a@."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := parseMailbox(s)
		if m.odd && (m.local != "" || m.domain != "") || !m.odd && m.local == "" {
			t.Errorf("%q: %+v", s, m)
		}
		if again := parseMailbox(m.String()); m.domain != "" && again != m {
			t.Errorf("%q: %+v became %+v", s, m, again)
		}
	})
}
