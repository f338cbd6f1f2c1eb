package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Facts is what was known before a mail came: it is handed to a decision, never
// fetched while deciding. Recipients are named by address or by domain, in lower
// case; the address counts before the domain. What does not stand here is not
// known.
type Facts struct {
	// FirstContact says whether a recipient was never written to before.
	FirstContact map[string]bool `json:"first_contact,omitempty" toml:"first_contact"`
	// Reply says whether the mail answers one that came from the recipient.
	Reply map[string]bool `json:"reply,omitempty" toml:"reply"`
	// TLS is what the recipient's mail system was seen to offer: "none", "tls" or
	// "tls-verified".
	TLS map[string]string `json:"tls,omitempty" toml:"tls"`
	// Volume counts, by detector, the different values that the sender has sent to
	// the recipient within the time that the store of facts covers.
	Volume map[string]map[string]int `json:"volume,omitempty" toml:"volume"`
}

// of finds what is known of a recipient.
func of[T any](facts map[string]T, to mailbox) (value T, known bool) {
	if value, known = facts[to.String()]; known {
		return value, known
	}
	upwards(to.domain, func(domain string) bool {
		value, known = facts[domain]
		return !known
	})
	return value, known
}

// sourceVolume asks how much a sender has sent to a recipient.
type sourceVolume struct {
	Pos
	Found  Strings `toml:"found"`
	Unique int     `toml:"unique"`
}

// sourceTLS asks for the protection of the session by which a mail came in.
type sourceTLS struct {
	yes  bool
	bits int
}

func (t *sourceTLS) fromTOML(d *decoder, n node) {
	if yes, ok := n.value.(bool); ok {
		t.yes = yes
		return
	}
	t.yes = true
	var table struct {
		Pos
		Bits int `toml:"bits"`
	}
	decodeInto(d, n, &table)
	if t.bits = table.Bits; t.bits < 1 {
		d.wrong(n, "", "wanted true, false, or a table with bits")
	}
}

// factTests compiles what a condition says of the incoming session and of facts.
func (c *ruleCompiler) factTests(s *sourceCondition) []expr {
	var kids []expr
	// An unknown fact takes the stricter way: it is met where that makes a rule
	// fire, and not where that lifts one.
	unknown := c.negated == c.lenient
	if t := s.IncomingTLS; t != nil {
		kids = append(kids, c.mailTest(fmt.Sprint("incoming tls ", *t), func() mailTest { return &sessionTest{t.yes, t.bits} }))
	}
	for _, one := range []struct {
		key, what string
		want      *bool
		facts     func(*Facts) map[string]bool
	}{
		{"first_contact", factFirstContact, s.FirstContact, func(f *Facts) map[string]bool { return f.FirstContact }},
		{"reply", factReply, s.Reply, func(f *Facts) map[string]bool { return f.Reply }},
	} {
		if one.want != nil {
			kids = append(kids, c.class(fmt.Sprint(one.key, *one.want, unknown), func() rcptTest {
				return &factTest{what: one.what, want: *one.want, unknown: unknown, facts: one.facts}
			}))
		}
	}
	if s.Has("partner_tls") {
		known := []string{"none", "tls", "tls-verified", "unknown"}
		for _, state := range s.PartnerTLS {
			if !slices.Contains(known, state) {
				c.wrong(s.At("partner_tls"), didYouMean(state, known), "unknown state %q", state)
			}
		}
		states := slices.Clone(s.PartnerTLS)
		kids = append(kids, c.class(fmt.Sprint("partner tls ", states), func() rcptTest { return &stateTest{states} }))
	}
	if s.Has("look_alike") {
		kids = append(kids, c.lookAlike(s))
	}
	if s.Volume != nil {
		kids = append(kids, c.volume(s, unknown))
	}
	return kids
}

func (c *ruleCompiler) volume(s *sourceCondition, unknown bool) expr {
	v := s.Volume
	if v.Unique < 1 {
		c.wrong(v.Line, "say unique = 501", "volume wants the number of values from which on it counts")
	}
	test := &volumeTest{least: v.Unique, unknown: unknown}
	e := c.found(&sourceCondition{Pos: v.Pos, Found: v.Found})
	if e.op == opMail {
		test.of = c.mailTests[e.test].(*foundTest)
	}
	return c.class(fmt.Sprint("volume ", v.Found, v.Unique, unknown), func() rcptTest { return test })
}

// sessionTest asks for the protection of the incoming session.
type sessionTest struct {
	want bool
	bits int
}

func (t *sessionTest) holds(m *mail) bool {
	return (m.env.TLS.Version != "" && m.env.TLS.Bits >= t.bits) == t.want
}

func (t *sessionTest) because(m *mail, _ bool) []string {
	if m.env.TLS.Version == "" {
		return []string{"the mail came in without TLS"}
	}
	return []string{fmt.Sprintf("the mail came in under %s, %d bits", m.env.TLS.Version, m.env.TLS.Bits)}
}

func (t *sessionTest) failed(m *mail) (why, nearest string) { return t.because(m, false)[0], "" }
func (t *sessionTest) found(*mail) []string                 { return nil }

// What a factTest asks for.
const (
	factFirstContact = "a first contact"
	factReply        = "answered by this mail"
)

// factTest asks for a fact that is true, false or unknown of a recipient.
type factTest struct {
	what          string
	want, unknown bool
	facts         func(*Facts) map[string]bool
}

func (t *factTest) matches(m *mail, i int) bool {
	if m.env.Facts != nil {
		if is, known := of(t.facts(m.env.Facts), m.to[i]); known {
			return is == t.want
		}
	}
	return t.unknown
}

func (t *factTest) failed(*mail) (why, nearest string) {
	return fmt.Sprintf("no recipient is %s%s", map[bool]string{true: "", false: "not "}[t.want], t.what), ""
}

// stateTest asks which TLS a recipient's mail system was seen to offer.
type stateTest struct{ states []string }

func (t *stateTest) matches(m *mail, i int) bool {
	return slices.Contains(t.states, m.state(i))
}

func (t *stateTest) failed(*mail) (why, nearest string) {
	return "no recipient's mail system is known for TLS " + strings.Join(t.states, " or "), ""
}

// volumeTest asks how many values the sender has sent to a recipient, those of
// this mail included.
type volumeTest struct {
	of      *foundTest
	least   int
	unknown bool
}

func (t *volumeTest) matches(m *mail, i int) bool {
	now, _ := t.of.count(m, t.of.least, t.of.in)
	if m.env.Facts == nil {
		return t.unknown
	}
	before, known := of(m.env.Facts.Volume, m.to[i])
	if !known {
		return t.unknown
	}
	for _, d := range t.of.detectors {
		now += before[d.ID]
	}
	return now >= t.least
}

func (t *volumeTest) failed(*mail) (why, nearest string) {
	return fmt.Sprintf("no recipient was sent %d values of %s", t.least, t.of.names()), ""
}
