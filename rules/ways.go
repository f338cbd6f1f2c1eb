package rules

import (
	"fmt"
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
		switch p := m.policy.partner(m.to[to], m.env.Time); {
		case p == nil:
		case p.ways != nil:
			return p.ways.choose(m.state(to))
		default:
			return p.route
		}
	}
	return r.route
}

// ways compiles a rule's list of routes.
func (c *ruleCompiler) ways(r *sourceRule, out *rule) {
	var fix, wrong string
	if out.ways, fix, wrong = readWays(r.Route); wrong != "" {
		c.wrong(r.At("route"), fix, "%s", wrong)
		return
	}
	for _, route := range out.ways {
		if !c.switched[r.ID] {
			c.declared(c.what, c.file, r.At("route"), route)
		}
	}
}

// readWays reads a list of routes; what is wrong comes with a fix.
func readWays(list []string) (all ways, fix, wrong string) {
	for i, one := range list {
		route, fix, ok := parseRoute(one)
		switch {
		case !ok || route == Direct:
			return nil, strings.Replace(fix, "direct, ", "", 1), fmt.Sprintf("unknown route %q in a list of routes", one)
		case slices.Contains(all, route):
			return nil, "name each once", fmt.Sprintf("the route %q stands twice in the list", one)
		case route.rank() == GatewayRoute("").rank() && i < len(list)-1:
			return nil, "put the gateway last", fmt.Sprintf("a gateway takes every mail: the routes after %q are never taken", one)
		}
		all = append(all, route)
	}
	return all, "", ""
}

// method reads that of a partner, one or a list in the order of preference.
func (c *compiler) method(s *source, name string, p sourcePartner) (route Route, list ways, ok bool) {
	methods := make([]string, len(p.Method))
	for i, one := range p.Method {
		if methods[i] = one; one == "cjsm" {
			methods[i] = "gateway:cjsm"
		}
	}
	if len(methods) > 1 {
		list, fix, wrong := readWays(methods)
		if wrong != "" {
			c.mistakes.Add(s.title, p.At("method"), fix, "partner %q: %s", name, wrong)
			return "", nil, false
		}
		return list.choose(unknownState), list, true
	}
	method := strings.Join(methods, "")
	route, fix, ok := parseRoute(method)
	if !ok {
		c.mistakes.Add(s.title, p.At("method"), fix, "partner %q: unknown method %q", name, strings.Join(p.Method, ""))
	}
	return route, nil, ok
}

// methods are the routes by which mail to a partner may leave.
func (p *partner) methods() []Route {
	if p.ways != nil {
		return p.ways
	}
	return []Route{p.route}
}

// floor is the least that any mail to a partner is sent by: with a gateway its own
// mail server need not do anything.
func (p *partner) floor() Route {
	least := p.route
	for _, route := range p.methods() {
		if p.route.rank() < GatewayRoute("").rank() && route.rank() < least.rank() {
			least = route
		}
	}
	return least
}

// byFacts adds, for the ways of a rule or of the partners that it follows, when each
// is taken: what is known of a mail system is one of a few states.
func (f *formula) byFacts(r *rule, fires int, routes map[Route][]int) {
	add := func(w ways, fires int) {
		for _, state := range tlsStates {
			route := w.choose(state)
			routes[route] = append(routes[route], f.all(fires, f.state(&stateTest{[]string{state}})))
		}
	}
	if r.ways != nil {
		add(r.ways, fires)
	}
	if !r.byPartner {
		return
	}
	var lists []ways
	for i := range f.w.targets {
		list := f.w.targets[i].ways
		if list != nil && !slices.ContainsFunc(lists, func(w ways) bool { return slices.Equal(w, list) }) {
			lists = append(lists, list)
		}
	}
	for _, list := range lists {
		add(list, f.all(fires, f.ofTargets(func(to *target) bool { return slices.Equal(to.ways, list) })))
	}
}

// FactsWanted says which facts a policy asks for.
type FactsWanted struct{ TLS, FirstContact, Reply, Volume bool }

// FactsWanted tells which facts the policy's decisions depend on: others need not be
// found out.
func (p *Policy) FactsWanted() FactsWanted { return p.wanted }

// wants works out which facts the policy asks for.
func (p *Policy) wants() (w FactsWanted) {
	byPartner := false
	for i := range p.rules {
		w.TLS = w.TLS || p.rules[i].ways != nil
		byPartner = byPartner || p.rules[i].byPartner
	}
	for _, one := range p.partners {
		w.TLS = w.TLS || byPartner && one.ways != nil
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
