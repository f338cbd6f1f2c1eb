package rules

import (
	"slices"
	"strings"
	"unicode"
)

// The MTAs that Routes may name.
const (
	Postfix  = "postfix"
	Sendmail = "sendmail"
)

// OnSendmail reports whether the MTA is Sendmail.
func (r Routes) OnSendmail() bool { return r.MTA == Sendmail }

// possible is what of Routes the MTA can do.
func (r Routes) possible() Routes {
	if r.OnSendmail() {
		r.TLS, r.TLSVerified, r.PerRecipient = false, false, true
	} else {
		r.PartnerTLS = false
	}
	return r
}

// Routes returns what the policy was compiled for.
func (p *Policy) Routes() Routes { return p.routes }

// way is the route that the MTA must be told of a recipient. What its own tables
// do for the recipient's domain it need not be told.
func (m *mail) way(i int) Route {
	route := m.outcomes[i].Route
	if !m.policy.routes.PartnerTLS || route.rank() == 0 || route.rank() > TLSVerified.rank() {
		return route
	}
	if p := m.policy.partner(m.to[i], m.env.Time); p != nil && p.floor().rank() >= route.rank() && p.floor().rank() <= TLSVerified.rank() {
		return Direct
	}
	return route
}

// carry works out the edits that make the routes true. Where the mail cannot go
// out as each recipient needs, it is refused or held.
func (m *mail) carry(d *Decision) {
	if m.policy.routes.OnSendmail() {
		m.carryBySendmail(d)
	} else {
		m.carryByPostfix(d)
	}
	if d.Action > Hold {
		d.Edits = []Edit{}
	}
}

func (m *mail) carryByPostfix(d *Decision) {
	c := m.carriage()
	switch {
	case c.strictest == Direct:
	case c.same && (c.inside.empty() || slices.Equal(c.inside, m.every) && !c.markable(m)):
		d.Edits = append(d.Edits, routeHeader(c.strictest))
	case c.markable(m):
		d.Edits = append(d.Edits, m.markers()...)
	case m.policy.routes.PerRecipient:
		m.separate(d, c.unmarkable, "an address that cannot be routed on its own")
	case !c.inside.empty():
		m.separate(d, c.inside, "the mail must leave by a route of its own, which would take colleagues along")
	case c.twice:
		m.tell(d, gatewaysRule, m.every, "the recipients need two gateways: "+m.gateways())
		d.Action = max(d.Action, Hold)
		d.Edits = append(d.Edits, routeHeader(c.strictest))
	default:
		d.Edits = append(d.Edits, routeHeader(c.strictest))
	}
	if d.Action == Hold {
		d.Edits = append(d.Edits, Edit{AddHeader, "X-Postern-Ref", m.env.Ref})
	}
}

// carryBySendmail knows marks alone: Sendmail neither routes by a header nor
// strips one. The reference of held mail is in the reason for its quarantine.
func (m *mail) carryBySendmail(d *Decision) {
	c := m.carriage()
	switch {
	case c.strictest == Direct:
	case !c.impossible.empty():
		m.separate(d, c.impossible, "Sendmail cannot force TLS for one mail, and no table of it does for the domain")
	case !c.unmarkable.empty():
		m.separate(d, c.unmarkable, "an address that cannot be routed on its own")
	default:
		d.Edits = append(d.Edits, m.markers()...)
	}
}

// carriage sums up how the recipients of a mail must be reached.
type carriage struct {
	strictest  Route
	same       bool // all by the same route
	twice      bool // by two gateways
	inside     set
	unmarkable set // routed, yet of an address that takes no marker domain
	impossible set // with TLS, where the MTA cannot force it for one mail
}

// markable reports whether every recipient that needs a route can have it alone.
func (c *carriage) markable(m *mail) bool {
	return m.policy.routes.PerRecipient && c.unmarkable.empty()
}

func (m *mail) carriage() carriage {
	c := carriage{
		strictest: Direct, same: true,
		inside: make(set, m.words), unmarkable: make(set, m.words), impossible: make(set, m.words),
	}
	for i, o := range m.outcomes {
		way := m.way(i)
		c.same = c.same && way == m.way(0)
		var twice bool
		before := c.strictest
		c.strictest, twice = stricter(before, way)
		c.twice = c.twice && before == c.strictest || twice
		if o.Direction != Outbound {
			c.inside.add(i)
		}
		if way == TLSForced || way == TLSVerified {
			c.impossible.add(i)
		}
		if way != Direct && (m.to[i].domain == "" || !markable(&m.env.Recipients[i])) {
			c.unmarkable.add(i)
		}
	}
	return c
}

// markable reports whether a recipient can be written under a marker domain. What
// needs quotes (RFC 5321, section 4.1.2) would not survive the recipes' maps.
func markable(r *Recipient) bool {
	return !strings.ContainsFunc(r.Address+r.judgedBy(), func(c rune) bool {
		return c == '<' || c == '>' || c == '"' || c == '\\' || unicode.IsSpace(c) || unicode.IsControl(c)
	})
}

func routeHeader(r Route) Edit { return Edit{AddHeader, "X-Postern-Route", string(r)} }

// separate refuses a mail whose recipients cannot be served together.
func (m *mail) separate(d *Decision, s set, because string) {
	m.tell(d, separateRule, s, because)
	d.Action = Reject
}

// markers replaces routed recipients by their address under a marker domain,
// which the MTA's recipe turns into the route. Every spelling is removed: the
// MTA knows some recipients only by the client's form, some only by its own.
func (m *mail) markers() []Edit {
	edits := make([]Edit, 0, 2*len(m.outcomes))
	seen := make(map[Edit]bool, 2*len(m.outcomes))
	add := func(e Edit) {
		if !seen[e] {
			seen[e] = true
			edits = append(edits, e)
		}
	}
	for i := range m.outcomes {
		way := m.way(i)
		if way == Direct {
			continue
		}
		r := &m.env.Recipients[i]
		add(Edit{RemoveRecipient, "", r.Address})
		if r.Canonical != "" {
			add(Edit{RemoveRecipient, "", r.Canonical})
		}
		judged := r.judgedBy()
		local := judged[:strings.LastIndexByte(judged, '@')]
		add(Edit{AddRecipient, "", local + "@" + m.to[i].domain + "." + way.marker() + "." + markerDomain})
	}
	return edits
}

// marker is the label of a route's marker domain.
func (r Route) marker() string {
	switch r {
	case Direct:
		panic("internal error: the direct route has no marker")
	case TLSForced:
		return "tls"
	case TLSVerified:
		return "ver"
	}
	return strings.TrimPrefix(string(r), "gateway:")
}
