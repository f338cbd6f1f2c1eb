package rules

import (
	"slices"
	"strings"
)

// ways are routes in the order of preference: the first of which the recipient's
// mail system is known to be capable is taken. If it is capable of none, or
// nothing is known, the strictest is, for nothing may leave by less than one of
// them.
type ways []Route

// choose takes the way for what a mail system is known to offer.
func (w ways) choose(state string) Route {
	strictest := w[0]
	for _, route := range w {
		if route.within(state) {
			return route
		}
		strictest, _ = stricter(strictest, route)
	}
	return strictest
}

// within reports whether a mail system of that state can be reached by a route. A
// gateway takes every mail.
func (r Route) within(state string) bool {
	switch r {
	case TLSForced:
		return state == "tls" || state == "tls-verified"
	case TLSVerified:
		return state == "tls-verified"
	case Direct:
		return false // it is no way of this list
	}
	return true
}

// unknownState stands for what is not known.
const unknownState = "unknown"

// state is what a recipient's mail system is known to offer.
func (m *mail) state(to int) string {
	if m.env.Facts != nil {
		if state, known := of(m.env.Facts.TLS, m.to[to]); known {
			return state
		}
	}
	return unknownState
}

// varies reports whether a rule's route depends on the recipient.
func (r *rule) varies() bool { return r.byPartner || r.ways != nil }

// routeFor is the route that a rule asks for, for one of its recipients.
func (m *mail) routeFor(r *rule, to int) Route {
	switch {
	case r.ways != nil:
		return r.ways.choose(m.state(to))
	case r.byPartner:
		if p := m.policy.partner(m.to[to], m.env.Time); p != nil {
			return p.route
		}
	}
	return r.route
}

// ways compiles a list of routes.
func (c *ruleCompiler) ways(r *sourceRule, out *rule) {
	line := r.At("route")
	for i, one := range r.Route {
		route, fix, ok := parseRoute(one)
		switch {
		case !ok || route == Direct:
			c.wrong(line, strings.Replace(fix, "direct, ", "", 1), "unknown route %q in a list of routes", one)
			return
		case slices.Contains(out.ways, route):
			c.wrong(line, "name each once", "the route %q stands twice in the list", one)
			return
		case route.rank() == GatewayRoute("").rank() && i < len(r.Route)-1:
			c.wrong(line, "put the gateway last", "a gateway takes every mail: the routes after %q are never taken", one)
			return
		}
		out.ways = append(out.ways, route)
		if !c.switched[r.ID] {
			c.declared(c.what, c.file, line, route)
		}
	}
}

// byFacts adds, for each of a rule's ways, when it is taken: what is known of a mail
// system is one of a few states.
func (f *formula) byFacts(r *rule, fires int, routes map[Route][]int) {
	for _, state := range tlsStates {
		route := r.ways.choose(state)
		here := f.state(&stateTest{[]string{state}})
		routes[route] = append(routes[route], f.all(fires, here))
	}
}

// FactsWanted says which facts a policy asks for.
type FactsWanted struct{ TLS, FirstContact, Reply, Volume bool }

// FactsWanted tells which facts the policy's decisions depend on: others need not be
// found out.
func (p *Policy) FactsWanted() FactsWanted {
	var w FactsWanted
	for i := range p.rules {
		w.TLS = w.TLS || p.rules[i].ways != nil
	}
	for _, one := range p.rcptTests {
		switch t := one.(type) {
		case *stateTest:
			w.TLS = true
		case *volumeTest:
			w.Volume = true
		case *factTest:
			w.FirstContact = w.FirstContact || t.what == factFirstContact
			w.Reply = w.Reply || t.what == factReply
		}
	}
	return w
}

// Outside lists the recipients outside, in their canonical form and lower case:
// those of whom facts may be known.
func (p *Policy) Outside(env *Envelope) []string {
	var all []string
	insider, sender := p.inside.insider(env), parseMailbox(env.Sender)
	for i := range env.Recipients {
		r := &env.Recipients[i]
		to := parseMailbox(r.judgedBy())
		if to.domain != "" && p.inside.direction(env, insider, to, r.Mailer, sender) == Outbound {
			all = append(all, to.String())
		}
	}
	return all
}
