package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crillab/gophersat/solver"
)

// lint looks for what a policy says in vain: a rule that no mail can fire, or that
// never makes a difference, an exemption that lifts nothing. As with assertions
// (prove.go) the conditions become clauses and a solver says whether any mail
// meets them. What the clauses do not know of counts as possible, so that what is
// told here is certain.
func (c *compiler) lint() {
	l := newLinter(c)
	for i := range c.Policy.rules {
		if r := &c.Policy.rules[i]; l.reachable(r) {
			l.shadowed(r)
		}
	}
	for i := range c.exemptions {
		l.lifting(i)
	}
	l.gateways()
}

type linter struct {
	*compiler
	f     *formula
	parts map[string][]int // by rule: what each of its parts says
	fires map[string]int
	cover []int // by exemption
}

func newLinter(c *compiler) *linter {
	f := newFormula(c.Policy, c.Policy.worlds())
	f.wide = true
	l := &linter{compiler: c, f: f, parts: map[string][]int{}, fires: map[string]int{}}
	for i := range c.exemptions {
		l.cover = append(l.cover, f.exempt(i))
	}
	for i := range c.Policy.rules {
		r := &c.Policy.rules[i]
		for j := range r.parts {
			literal := f.expr(&r.parts[j].expr)
			if r.parts[j].unless {
				literal = -literal
			}
			l.parts[r.id] = append(l.parts[r.id], literal)
		}
		l.fires[r.id] = f.fires(r)
	}
	f.tie()
	return l
}

// wrong notes a fault. One of a shipped pack that the admin's own lists bring about
// is a warning: the pack is not his to change, and it loads.
func (l *linter) wrong(file string, line int, fix, format string, args ...any) {
	own := slices.ContainsFunc(l.sources, func(s *source) bool { return !s.pack })
	if own && slices.ContainsFunc(l.sources, func(s *source) bool { return s.pack && s.title == file }) {
		l.warn(file, line, fix, format, args...)
		return
	}
	l.mistakes.Add(file, line, fix, format, args...)
}

// possible reports whether a mail can meet all literals.
func (l *linter) possible(literals ...int) bool {
	clauses := slices.Clone(l.f.clauses)
	for _, one := range literals {
		clauses = append(clauses, []int{one})
	}
	return solver.New(solver.ParseSlice(clauses)).Solve() == solver.Sat
}

// reachable tells of a rule that no mail can fire.
func (l *linter) reachable(r *rule) bool {
	if l.possible(l.fires[r.id]) {
		return true
	}
	s, all := l.sourceOf[r.id], l.parts[r.id]
	if l.possible(all...) {
		by := []string{}
		for _, n := range r.exemptions {
			if !l.possible(append(slices.Clone(all), -l.cover[n])...) {
				by = append(by, fmt.Sprintf("%q", l.exemptions[n].id))
			}
		}
		if len(by) == 0 {
			by = append(by, "taken together")
		}
		l.wrong(s.File, s.Line, "let the exemption cover fewer, or switch the rule off with off = true",
			"rule %q never fires: whoever it could fire for is lifted by exemption %s", r.id, strings.Join(by, ", "))
		return false
	}
	at, why := l.conflict(r)
	l.wrong(s.File, s.At(at), "change what contradicts, or switch the rule off with off = true", "rule %q never fires: %s", r.id, why)
	return false
}

// conflict names the parts of a rule that cannot hold at once: one, two or all.
func (l *linter) conflict(r *rule) (at, why string) {
	all := l.parts[r.id]
	for i, one := range all {
		if !l.possible(one) {
			return r.parts[i].key, r.parts[i].key + " contradicts itself: " + impossible(r.parts[i].key)
		}
	}
	for i, one := range all {
		for j, other := range all[:i] {
			if !l.possible(one, other) {
				return r.parts[i].key, fmt.Sprintf("%s and %s contradict each other", r.parts[j].key, r.parts[i].key)
			}
		}
	}
	var keys []string
	for i := range r.parts {
		keys = append(keys, r.parts[i].key)
	}
	return "", joinedWords(keys) + " cannot all hold for one mail"
}

func impossible(key string) string {
	if key == "unless" {
		return "it holds for every mail"
	}
	return "no mail meets it"
}

func joinedWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// ruleless tells of a policy whose file has no rule: in enforce mode the daemon
// refuses it.
func (c *compiler) ruleless() {
	s := c.sources[len(c.sources)-1]
	if len(c.own) == 0 && !s.pack {
		c.warn(s.title, 0, "write a rule, or use a pack: a file that was cut short looks like this", "there is no rule: the daemon refuses that in enforce mode")
	}
}

// unheard tells of rules that tell an officer who is not named. A pack by itself may
// leave that to the admin's file.
func (c *compiler) unheard() {
	if c.officer != "" || !slices.ContainsFunc(c.sources, func(s *source) bool { return !s.pack }) {
		return
	}
	for i := range c.Policy.rules {
		if r := &c.Policy.rules[i]; r.notify {
			s := c.sourceOf[r.id]
			c.warn(s.File, s.At("notify"), `say address = "privacy@agency.example" under [officer]`, "rule %q tells the officer, and none is named: nobody gets its reports", r.id)
			return
		}
	}
}

// shadowed tells of a rule that makes no difference: whenever it fires, another
// does that is stricter in all that the rule does.
func (l *linter) shadowed(r *rule) {
	if r.notify || r.varies() || r.action == Accept && r.route == Direct && !r.changes() {
		return // it tells somebody, or it records
	}
	without := []int{l.fires[r.id]}
	var by []string
	for i := range l.Policy.rules {
		if other := &l.Policy.rules[i]; other.outdoes(r) {
			without = append(without, -l.fires[other.id])
			if !l.possible(l.fires[r.id], -l.fires[other.id]) {
				by = append(by, fmt.Sprintf("%q", other.id))
			}
		}
	}
	if len(without) == 1 || l.possible(without...) {
		return
	}
	if len(by) == 0 {
		by = append(by, "others, taken together")
	}
	s := l.sourceOf[r.id]
	l.warn(s.File, s.Line, "take it out, or make it say more than the other", "rule %q makes no difference: whenever it fires, so does %s, which is stricter", r.id, strings.Join(by, ", "))
}

// outdoes reports whether nothing is left of what another rule does, where both
// fire.
func (r *rule) outdoes(other *rule) bool {
	if r.action > Hold && r.action > other.action {
		return true
	}
	plain := !other.changes()
	action := other.action == Accept || r.action > other.action
	route := other.route == Direct || r.route.rank() > other.route.rank()
	return plain && action && route
}

// changes reports whether a rule changes the mail beyond its route.
func (r *rule) changes() bool {
	return len(r.edits)+len(r.tagged)+len(r.stripped) > 0 || r.statement != ""
}

// lifting tells of an exemption that lifts nothing.
func (l *linter) lifting(n int) {
	e := &l.exemptions[n]
	of := 0
	for i := range l.Policy.rules {
		r := &l.Policy.rules[i]
		if !slices.Contains(r.exemptions, n) {
			continue
		}
		of++
		if l.possible(append(slices.Clone(l.parts[r.id]), l.cover[n])...) {
			return
		}
	}
	s := l.exemptionOf(e.id)
	if of == 0 {
		l.warn(s.File, s.At("lifts"), "take it out", "exemption %q lifts nothing: its rules are switched off", e.id)
		return
	}
	l.wrong(s.File, s.At("lifts"), "let it cover those whom the rules are for, or take it out", "exemption %q lifts nothing: none of its rules can fire for those it covers", e.id)
}

func (c *compiler) exemptionOf(id string) *sourceExemption {
	for _, s := range c.sources {
		for i := range s.Exemptions {
			if s.Exemptions[i].ID == id {
				return &s.Exemptions[i]
			}
		}
	}
	panic("internal error: no source of exemption " + id)
}

// gateways tells of two rules that send one recipient to two gateways: such mail
// is held. Lists that are still to be filled are taken for empty.
func (l *linter) gateways() {
	var nobody []int
	for _, v := range l.f.members {
		nobody = append(nobody, -v)
	}
	var routed []*rule
	for i := range l.Policy.rules {
		if r := &l.Policy.rules[i]; r.route.rank() == 3 {
			routed = append(routed, r)
		}
	}
	for i, r := range routed {
		for _, other := range routed[:i] {
			if r.route != other.route && l.possible(append(slices.Clone(nobody), l.fires[r.id], l.fires[other.id])...) {
				s := l.sourceOf[r.id]
				l.warn(s.File, s.At("route"), "let one of them leave out whom the other is for", "rules %q and %q send one recipient to two gateways, %s and %s: such mail is held", other.id, r.id, other.route, r.route)
			}
		}
	}
	for _, domain := range slices.Sorted(maps.Keys(l.partners)) {
		l.otherGateway(l.partners[domain], routed, nobody)
	}
}

// otherGateway tells of a partner whose gateway is another than that which a rule
// sends him to.
func (l *linter) otherGateway(p *partner, routed []*rule, nobody []int) {
	if p.route.rank() != 3 {
		return
	}
	here := l.f.ofTargets(func(to *target) bool { return to.partner == p.route })
	for i := range l.Policy.rules {
		by := &l.Policy.rules[i]
		if !by.byPartner {
			continue
		}
		for _, r := range routed {
			if r.route != p.route && l.possible(append(slices.Clone(nobody), here, l.fires[by.id], l.fires[r.id])...) {
				l.warn(p.file, p.line, fmt.Sprintf("let rule %q leave partners out, as in unless = { partner = \"gateway\" }", r.id), "partner %q has gateway %s, but rule %q sends the same mail to %s: such mail is held", p.domain, strings.TrimPrefix(string(p.route), "gateway:"), r.id, strings.TrimPrefix(string(r.route), "gateway:"))
				return
			}
		}
	}
}
