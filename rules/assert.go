package rules

import (
	"fmt"
	"slices"
	"strings"
)

// sourceAssertion is what a policy says must never happen.
type sourceAssertion struct {
	Pos
	ID     string           `toml:"id"`
	Clause string           `toml:"clause"`
	Never  *sourceNever     `toml:"never"`
	Unless *sourceUnlessing `toml:"unless"`
	Off    bool             `toml:"off"`
}

func (a *sourceAssertion) ident() *string { return &a.ID }

// sourceNever is a condition with the outcomes that must not come of it.
type sourceNever struct {
	sourceCondition
	Outcome Strings `toml:"outcome"`
}

// sourceUnlessing is a condition under which an assertion says nothing.
type sourceUnlessing struct {
	sourceCondition
	Exemption bool `toml:"exemption"`
}

// assertion is a compiled assertion: the outcomes must not come for a recipient
// for whom never holds, and neither unless nor, where asked, an exemption does.
type assertion struct {
	id, clause string
	never      expr
	unless     *expr
	exemption  bool
	outcomes   []string
	file       string
	line       int
}

// outcomeNames are what an assertion can speak of beside gateways: in-clear is
// accepted and direct; an action
// means just that; a route means that the mail is not refused and leaves by it,
// now or when it is released.
var outcomeNames = []string{"in-clear", "accept", "hold", "tempfail", "reject", "direct", "tls", "tls-verified", "gateway:NAME"}

func (c *compiler) compileAssertions() {
	seen, off := map[string]bool{}, map[string]bool{}
	for _, s := range c.sources {
		for i := range s.Assert {
			if a := &s.Assert[i]; a.Off {
				off[a.ID] = true
				c.warn(s.title, a.At("off"), "", "assertion %q is switched off: what it says is not proved", a.ID)
			}
		}
	}
	for _, s := range c.sources {
		for i := range s.Assert {
			a := &s.Assert[i]
			rc := &ruleCompiler{compiler: c, file: s.title, what: fmt.Sprintf("assertion %q", a.ID)}
			switch {
			case off[a.ID]:
				continue
			case !validID(a.ID):
				rc.wrong(a.Line, "letters, digits, - . _", "no usable id")
			case seen[a.ID]:
				rc.wrong(a.Line, "choose another id", "there is another of that id")
			case a.Never == nil:
				rc.wrong(a.Line, `say never = { …, outcome = "direct" }`, "it does not say what must never happen")
			default:
				rc.assertion(a)
			}
			seen[a.ID] = true
		}
	}
}

func (c *ruleCompiler) assertion(a *sourceAssertion) {
	out := assertion{id: a.ID, clause: a.Clause, outcomes: a.Never.Outcome, file: c.file, line: a.Line}
	if len(out.outcomes) == 0 {
		c.wrong(a.Never.Line, "known: "+strings.Join(outcomeNames, ", "), "never names no outcome")
	}
	for _, name := range out.outcomes {
		if _, _, ok := parseRoute(name); !ok && name != "in-clear" && !slices.Contains(actions[:], name) {
			c.wrong(a.Never.At("outcome"), didYouMean(name, outcomeNames), "unknown outcome %q", name)
		}
	}
	out.never = expr{op: opAll, mail: true}
	if len(a.Never.keys) > 1 {
		out.never = c.condition(&a.Never.sourceCondition)
	}
	if u := a.Unless; u != nil {
		out.exemption = u.Exemption
		if !u.Has("exemption") || len(u.keys) > 1 {
			c.negated = true
			e := c.condition(&u.sourceCondition)
			c.negated = false
			out.unless = &e
		}
	}
	c.asserts = append(c.asserts, out)
	for _, e := range []*expr{&out.never, out.unless} {
		if e != nil {
			c.depth = max(c.depth, e.depth())
		}
	}
}

// comes reports whether an outcome is one that an assertion forbids.
func (a *assertion) comes(o *Outcome) bool {
	return slices.Contains(a.outcomes, "in-clear") && o.Action == Accept && o.Route == Direct || slices.Contains(a.outcomes, o.Action.String()) || o.Action <= Hold && slices.Contains(a.outcomes, string(o.Route))
}

// violated reports whether a decision for the first recipient contradicts the
// assertion.
func (p *Policy) violated(a *assertion, m *mail) bool {
	s := make(set, m.words)
	s.add(0)
	holds := func(e *expr) bool {
		clear(s)
		s.add(0)
		e.keep(m, s, 1)
		return !s.empty()
	}
	if !holds(&a.never) || a.unless != nil && holds(a.unless) {
		return false
	}
	if a.exemption {
		for i := range p.exemptions {
			if m.exempt(i)[0]&1 == 1 {
				return false
			}
		}
	}
	return a.comes(&m.outcomes[0])
}
