package rules

import (
	"slices"

	"github.com/crillab/gophersat/solver"

	"github.com/postern-mail/postern/classify/extract"
)

// prove checks that what the policy asserts holds for every mail. One recipient
// is enough, since what happens to one does not depend on the others. Its
// conditions become variables, its rules clauses over them; a solver says
// whether any assignment contradicts an assertion. Variables are tied together
// where the conditions are (ties.go), so that an assignment that no mail can have
// is left out as far as that is known; what is found is tried on a real mail
// (counterexample.go) before it is told.
func (c *compiler) prove() {
	for i := range c.asserts {
		a := &c.asserts[i]
		example, proved := c.Policy.refute(a)
		switch {
		case proved:
		case example == nil:
			c.mistakes.Add(a.file, a.line, "say it of fewer conditions at once", "assertion %q cannot be proved, and no mail was found that contradicts it", a.id)
		default:
			c.mistakes.counterexamples = append(c.mistakes.counterexamples, example)
			c.mistakes.Add(a.file, a.line, "postern lint --counterexamples DIR writes this mail, postern check --counterexample explains it", "assertion %q does not hold: %s", a.id, example)
		}
	}
}

// maxTries is how many assignments are tried on real mails before it is given up.
const maxTries = 200

// refute looks for a mail that contradicts an assertion. proved says that there
// is none.
func (p *Policy) refute(a *assertion) (example *Counterexample, proved bool) {
	w := p.worlds()
	f := newFormula(p, w)
	f.contradict(a)
	for range maxTries {
		model := f.solve()
		if model == nil {
			return nil, true
		}
		if example = p.realise(a, w, f, model); example != nil {
			return example, false
		}
		f.exclude(model)
	}
	return nil, false
}

// formula is a policy as clauses over numbered variables. A literal is a variable
// or its negative.
type formula struct {
	p        *Policy
	w        *worlds
	clauses  [][]int
	last     int
	mail     []int       // by mail test; 0 is not there yet
	rcpt     []int       // by recipient test
	origins  []int       // by origin of the worlds
	targets  []int       // by recipient of the worlds
	yes      int         // a variable that is true
	expiring map[int]int // by exemption: whether it is still valid
	states   map[string]int
	members  map[membership]int // in lists that are still to be filled
	things   map[thing]int      // what the mail holds
	parts    []int              // by sample of a part
	samples  []extract.Part
	facts    map[string][]int
	wide     bool // for lint: parts may be in any state, and anybody may become a partner
	methods  []Route
}

// membership is that of a recipient, sender, login or client in a list.
type membership struct {
	list *roll
	who  string
}

func newFormula(p *Policy, w *worlds) *formula {
	f := &formula{
		p: p, w: w, mail: make([]int, len(p.mailTests)), rcpt: make([]int, len(p.rcptTests)),
		expiring: map[int]int{}, states: map[string]int{}, members: map[membership]int{},
		things: map[thing]int{}, facts: map[string][]int{},
	}
	f.yes = f.fresh()
	f.clause(f.yes)
	f.origins = f.oneOf(len(w.origins))
	f.targets = f.oneOf(len(w.targets))
	for i := range w.targets {
		// A recipient seen from inside goes with an origin inside.
		or := []int{-f.targets[i]}
		for j := range w.origins {
			if w.origins[j].insider == w.targets[i].insider {
				or = append(or, f.origins[j])
			}
		}
		f.clause(or...)
	}
	return f
}

func (f *formula) fresh() int {
	f.last++
	return f.last
}

// clause adds that one of the literals is true.
func (f *formula) clause(literals ...int) {
	slices.Sort(literals)
	literals = slices.Compact(literals)
	for _, l := range literals {
		if l < 0 && slices.Contains(literals, -l) {
			return
		}
	}
	f.clauses = append(f.clauses, literals)
}

// oneOf makes variables of which exactly one is true.
func (f *formula) oneOf(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = f.fresh()
		for j := range i {
			f.clause(-all[i], -all[j])
		}
	}
	f.clause(slices.Clone(all)...)
	return all
}

// all is a literal that is true when all are; any when one is.
func (f *formula) all(literals ...int) int {
	switch len(literals) {
	case 0:
		return f.yes
	case 1:
		return literals[0]
	}
	v := f.fresh()
	back := []int{v}
	for _, l := range literals {
		f.clause(-v, l)
		back = append(back, -l)
	}
	f.clause(back...)
	return v
}

func (f *formula) any(literals ...int) int {
	turned := make([]int, len(literals))
	for i, l := range literals {
		turned[i] = -l
	}
	return -f.all(turned...)
}

// expr is the literal of a condition.
func (f *formula) expr(e *expr) int {
	switch e.op {
	case opMail:
		return f.mailTest(e.test)
	case opRecipient:
		return f.rcptTest(e.test)
	}
	kids := make([]int, len(e.kids))
	for i := range e.kids {
		kids[i] = f.expr(&e.kids[i])
	}
	switch e.op {
	case opAll:
		return f.all(kids...)
	case opAny:
		return f.any(kids...)
	}
	return -f.any(kids...)
}

func (f *formula) mailTest(n int) int {
	if f.mail[n] != 0 {
		return f.mail[n]
	}
	switch t := f.p.mailTests[n].(type) {
	case *labelTest:
		f.mail[n] = f.expr(t.expr)
	case *foundTest:
		f.mail[n] = f.found(t)
	case *partTest:
		f.mail[n] = f.part(t)
	case *originTest:
		f.mail[n] = f.selected(&t.rolls, t.what, func(r *roll) int { return f.ofOrigins(func(o *origin) bool { return t.match(o.mail, r) }) })
	case *loginTest:
		f.mail[n] = f.ofOrigins(func(o *origin) bool { return t.holds(o.mail) })
	default:
		f.mail[n] = f.fresh()
	}
	return f.mail[n]
}

func (f *formula) rcptTest(n int) int {
	if f.rcpt[n] != 0 {
		return f.rcpt[n]
	}
	switch t := f.p.rcptTests[n].(type) {
	case *toTest:
		f.rcpt[n] = f.selected(&t.rolls, "recipient", func(r *roll) int {
			if len(r.owned) > 0 {
				return f.fresh()
			}
			return f.ofTargets(func(to *target) bool { return r.holds(to.mail.to[0], to.mail.env.Time) })
		})
	case *partnerTest:
		if f.wide {
			f.rcpt[n] = f.registered(t)
		} else {
			f.rcpt[n] = f.ofTargets(func(to *target) bool { return t.matches(to.mail, 0) })
		}
	case *directionTest:
		f.rcpt[n] = f.ofTargets(func(to *target) bool { return f.p.rcptTests[n].matches(to.mail, 0) })
	case *factTest:
		f.rcpt[n] = f.fact(t)
	case *stateTest:
		f.rcpt[n] = f.state(t)
	default:
		f.rcpt[n] = f.fresh()
	}
	return f.rcpt[n]
}

// selected is the literal of a selector, by that of each of its lists. A list
// that is still to be filled may hold anybody.
func (f *formula) selected(r *rolls, who string, member func(*roll) int) int {
	of := func(all []*roll) []int {
		var literals []int
		for _, one := range all {
			switch {
			case !one.toFill():
				literals = append(literals, member(one))
			default:
				literals = append(literals, f.member(membership{one, who}))
			}
		}
		return literals
	}
	in := f.yes
	if len(r.is) > 0 {
		in = f.any(of(r.is)...)
	}
	return f.all(in, -f.any(of(r.not)...))
}

// member is the variable of standing in a list that is still to be filled. What
// has no name stands in none.
func (f *formula) member(m membership) int {
	v := f.members[m]
	if v == 0 {
		v = f.fresh()
		f.members[m] = v
		named := f.ofOrigins(func(o *origin) bool {
			switch m.who {
			case "sender":
				return o.mail.env.Sender != ""
			case "login":
				return o.mail.env.User != ""
			case "client":
				return o.mail.env.Client.IsValid()
			}
			return true
		})
		f.clause(-v, named)
	}
	return v
}

// toFill reports whether a list has no entries yet.
func (r *roll) toFill() bool {
	return r.name != "" && len(r.domains)+len(r.addresses)+len(r.logins)+len(r.networks)+len(r.owned) == 0
}

func (f *formula) ofOrigins(holds func(*origin) bool) int {
	var literals []int
	for i := range f.w.origins {
		if holds(&f.w.origins[i]) {
			literals = append(literals, f.origins[i])
		}
	}
	return f.any(literals...)
}

func (f *formula) ofTargets(holds func(*target) bool) int {
	var literals []int
	for i := range f.w.targets {
		if holds(&f.w.targets[i]) {
			literals = append(literals, f.targets[i])
		}
	}
	return f.any(literals...)
}

// exempt is the literal of an exemption covering the recipient.
func (f *formula) exempt(n int) int {
	e := &f.p.exemptions[n]
	if e.expires.end.IsZero() {
		return f.expr(&e.expr)
	}
	if f.expiring[n] == 0 {
		f.expiring[n] = f.fresh()
	}
	return f.all(f.expr(&e.expr), f.expiring[n])
}

// fires is the literal of a rule firing.
func (f *formula) fires(r *rule) int {
	var literals []int
	for i := range r.parts {
		l := f.expr(&r.parts[i].expr)
		if r.parts[i].unless {
			l = -l
		}
		literals = append(literals, l)
	}
	for _, n := range r.exemptions {
		literals = append(literals, -f.exempt(n))
	}
	return f.all(literals...)
}

// contradict adds that the assertion does not hold.
func (f *formula) contradict(a *assertion) {
	f.clause(f.expr(&a.never))
	if a.unless != nil {
		f.clause(-f.expr(a.unless))
	}
	if a.exemption {
		for n := range f.p.exemptions {
			f.clause(-f.exempt(n))
		}
	}
	f.clause(f.outcome(a))
	f.tie()
}

// outcome is the literal of one of the outcomes that the assertion forbids.
func (f *formula) outcome(a *assertion) int {
	acts := make([][]int, len(actions))
	routes := map[Route][]int{}
	for i := range f.p.rules {
		r := &f.p.rules[i]
		fires := f.fires(r)
		if r.action != Accept {
			acts[r.action] = append(acts[r.action], fires)
		}
		if r.route != Direct {
			routes[r.route] = append(routes[r.route], fires)
		}
		f.byFacts(r, fires, routes)
		for _, route := range f.partnerRoutes(r) {
			here := f.ofTargets(func(to *target) bool { return to.partner == route && to.ways == nil })
			routes[route] = append(routes[route], f.all(fires, here))
		}
	}
	asked := map[Route]int{}
	var gateways []Route
	for route, by := range routes {
		asked[route] = f.any(by...)
		if route.rank() == 3 {
			gateways = append(gateways, route)
		}
	}
	slices.Sort(gateways)
	for i, one := range gateways {
		for _, other := range gateways[:i] {
			acts[Hold] = append(acts[Hold], f.all(asked[one], asked[other]))
		}
	}
	var forbidden []int
	for _, name := range a.outcomes {
		forbidden = append(forbidden, f.named(name, acts, asked, gateways))
	}
	return f.any(forbidden...)
}

func (f *formula) partnerRoutes(r *rule) []Route {
	var all []Route
	if r.byPartner {
		for i := range f.w.targets {
			if route := f.w.targets[i].partner; route != "" && route != Direct && f.w.targets[i].ways == nil && !slices.Contains(all, route) {
				all = append(all, route)
			}
		}
	}
	return all
}

// named is the literal of an outcome by its name.
func (f *formula) named(name string, acts [][]int, asked map[Route]int, gateways []Route) int {
	done := func(action Action) int {
		literals := []int{}
		if action != Accept {
			literals = append(literals, f.any(acts[action]...))
		}
		for stricter := action + 1; stricter <= Reject; stricter++ {
			literals = append(literals, -f.any(acts[stricter]...))
		}
		return f.all(literals...)
	}
	if i := slices.Index(actions[:], name); i >= 0 {
		return done(Action(i))
	}
	route := Route(name)
	literals := []int{f.any(done(Accept), done(Hold))}
	if name == "in-clear" {
		route, literals = Direct, []int{done(Accept)}
	}
	if route != Direct {
		if asked[route] == 0 {
			return -f.yes
		}
		literals = append(literals, asked[route])
	}
	for other, l := range asked {
		stricter := other.rank() > route.rank() || other.rank() == 3 && slices.Index(gateways, other) < slices.Index(gateways, route)
		if other != route && stricter {
			literals = append(literals, -l)
		}
	}
	return f.all(literals...)
}

// solve returns an assignment with as few things in the mail as possible, by
// variable from 1 on; nil if there is none.
func (f *formula) solve() []bool {
	s := solver.New(solver.ParseSlice(f.clauses))
	if s.Solve() != solver.Sat {
		return nil
	}
	model := s.Model()
	// What is in the mail costs; with one thing less after the other the
	// assignment becomes as small as it can be.
	for _, v := range f.content() {
		if v > len(model) || !model[v-1] {
			continue
		}
		smaller := slices.Clone(f.clauses)
		for _, other := range f.content() {
			if other == v || other <= len(model) && !model[other-1] {
				smaller = append(smaller, []int{-other})
			}
		}
		again := solver.New(solver.ParseSlice(smaller))
		if again.Solve() == solver.Sat {
			model = again.Model()
		}
	}
	return append([]bool{false}, model...)
}

// content are the variables that put something into the mail.
func (f *formula) content() []int {
	all := slices.Clone(f.parts)
	for _, v := range f.things {
		all = append(all, v)
	}
	for n, v := range f.mail {
		switch f.p.mailTests[n].(type) {
		case *labelTest, *originTest, *loginTest, *partTest:
		default:
			if v > 0 {
				all = append(all, v)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// exclude leaves out an assignment that no mail has.
func (f *formula) exclude(model []bool) {
	var turned []int
	var members []int
	for _, v := range f.members {
		members = append(members, v)
	}
	for _, group := range [][]int{f.content(), f.origins, f.targets, f.rcpt, members} {
		for _, v := range group {
			if v < 0 {
				v = -v
			}
			switch {
			case v == 0 || v >= len(model):
			case model[v]:
				turned = append(turned, -v)
			default:
				turned = append(turned, v)
			}
		}
	}
	f.clause(turned...)
}
