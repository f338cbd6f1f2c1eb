package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// odd notes what is wrong with a policy that works: lint calls it a mistake,
// others are warned.
func (c *compiler) odd(file string, line int, fix, format string, args ...any) {
	if c.opt.Lint {
		c.odds = append(c.odds, Mistake{file, line, fmt.Sprintf(format, args...), fix})
	} else {
		c.warn(file, line, fix, format, args...)
	}
}

// private are names without a dot that nobody can register, so that a network
// may use them for itself (RFC 2606, RFC 6762 appendix G, ICANN for "internal").
var private = []string{"localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "test", "example", "invalid"}

// registries are labels under which anybody may register below a country's.
var registries = []string{"co", "com", "org", "net", "or", "ne", "ltd", "plc", "me", "biz", "info", "firm", "gen", "ind", "web", "nom", "name"}

// anybodys reports whether anybody can have a domain below this one.
func anybodys(domain string) bool {
	first, rest, below := strings.Cut(domain, ".")
	if !below {
		return !slices.Contains(private, domain)
	}
	return len(rest) == 2 && slices.Contains(registries, first)
}

// perimeters tells of borders with a hole: names under which anybody may register,
// partners that are inside, and conditions that take a piece of text for a domain.
func (c *compiler) perimeters() {
	for _, s := range c.sources {
		for _, name := range s.Inside.Domains {
			if domain := asciiDomain(name); domain != "" && anybodys(domain) {
				c.odd(s.title, s.Inside.At("domains"), "name the domains that are yours", "inside.domains: anybody can have a domain below %q", name)
			}
		}
		for i := range s.Labels {
			c.looseFields(s.title, fmt.Sprintf("label %q", s.Labels[i].ID), &s.Labels[i].sourceCondition)
		}
		for i := range s.Rules {
			what := fmt.Sprintf("rule %q", s.Rules[i].ID)
			c.looseFields(s.title, what, s.Rules[i].When)
			c.looseFields(s.title, what, s.Rules[i].Unless)
		}
		for i := range s.Exemptions {
			c.looseFields(s.title, fmt.Sprintf("exemption %q", s.Exemptions[i].ID), s.Exemptions[i].When)
		}
	}
	for _, domain := range slices.Sorted(maps.Keys(c.partners)) {
		p := c.partners[domain]
		if anybodys(domain) && p.floor().rank() < TLSVerified.rank() {
			c.odd(p.file, p.line, "name the partner's own domain", "partner %q: anybody can have a domain below it", domain)
		}
		upwards(domain, func(above string) bool {
			if c.inside.domains[above] {
				c.odd(p.file, p.line, "take it out of [partners] or of inside.domains", "partner %q is inside, by %q of inside.domains: mail to it does not leave, and its method is not used", domain, above)
			}
			return !c.inside.domains[above]
		})
	}
}

// looseFields tells of conditions that look for a domain in a field of addresses:
// a piece of text is not bounded by the dots of a name.
func (c *compiler) looseFields(file, what string, s *sourceCondition) {
	if s == nil {
		return
	}
	switch field := strings.ToLower(s.Header); field {
	case "from", "sender", "to", "cc", "bcc", "reply-to", "return-path", "errors-to":
		domain := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(s.Contains, "*"), "@"), ".>$")
		if strings.Contains(domain, ".") && asciiDomain(domain) != "" {
			c.odd(file, s.At("contains"), fmt.Sprintf("ask for the envelope, as in from = %q or to = %q", domain, domain),
				"%s: the text %q in %s also stands in not%s and in %s.evil.example", what, s.Contains, s.Header, domain, domain)
		}
	}
	for _, group := range [][]sourceCondition{s.All, s.Any, s.None} {
		for i := range group {
			c.looseFields(file, what, &group[i])
		}
	}
}

// role is what the rules do with those who stand in a list.
type role struct {
	binds  []*sourceRule // it is for them
	spares []*sourceRule // it is for others
	routes []Route       // which it sends them by
}

// memberships tells of entries that stand in one list twice, or in two that say
// contrary things of them.
func (c *compiler) memberships() {
	roles := c.roles()
	for _, name := range slices.Sorted(maps.Keys(c.lists)) {
		l := c.lists[name]
		c.twice(name, l)
		for _, e := range l.entries {
			if domain := asciiDomain(e.text); l.spares && e.of == "" && domain != "" && anybodys(domain) {
				c.odd(e.file, e.line, "name the domains that are meant", "list %q: anybody can have a domain below %q", name, e.text)
			}
		}
		for _, other := range slices.Sorted(maps.Keys(c.lists)) {
			if other != name {
				c.contrary(name, other, roles)
			}
		}
		for _, e := range l.entries {
			c.methods(name, e, roles[name])
		}
	}
}

// roles collects what rules that are in force do with each list.
func (c *compiler) roles() map[string]*role {
	roles := map[string]*role{}
	of := func(name string) *role {
		if roles[name] == nil {
			roles[name] = &role{}
		}
		return roles[name]
	}
	for i := range c.Policy.rules {
		r := &c.Policy.rules[i]
		s := c.sourceOf[r.id]
		if r.action == Accept && r.route == Direct && !r.varies() {
			continue
		}
		for _, name := range listsIn(s.To.Is) {
			of(name).binds = append(of(name).binds, s)
			if r.route != Direct {
				of(name).routes = append(of(name).routes, r.route)
			}
		}
		for _, name := range listsIn(s.To.Not) {
			of(name).spares = append(of(name).spares, s)
		}
	}
	return roles
}

func listsIn(names Strings) []string {
	var lists []string
	for _, name := range names {
		if list, ok := strings.CutPrefix(name, "@"); ok {
			lists = append(lists, list)
		}
	}
	return lists
}

// twice tells of an entry that a list has twice, with two dates.
func (c *compiler) twice(name string, l *lineList) {
	first := map[string]entry{}
	for _, e := range l.entries {
		key := strings.ToLower(e.text) + "\t" + strings.ToLower(e.of)
		before, ok := first[key]
		if ok && before.expires != e.expires {
			c.odd(e.file, e.line, "keep one of them", "list %q: entry %q stands in line %d already, with another date: the later line counts", name, e.text, before.line)
		}
		first[key] = e
	}
}

// contrary tells of a domain in two lists: one that rules are for, and one that
// rules leave out.
func (c *compiler) contrary(bound, spared string, roles map[string]*role) {
	a, b := roles[bound], roles[spared]
	if a == nil || b == nil || len(a.binds) == 0 || len(b.spares) == 0 || len(b.binds) > 0 && len(a.spares) > 0 && bound > spared {
		return
	}
	for _, e := range c.lists[bound].entries {
		domain := asciiDomain(e.text)
		i := slices.IndexFunc(c.lists[spared].entries, func(other entry) bool { return domain != "" && asciiDomain(other.text) == domain })
		if i < 0 || e.of != "" {
			continue
		}
		other := c.lists[spared].entries[i]
		for _, r := range a.binds {
			if slices.Contains(listsIn(r.To.Not), spared) {
				c.warn(other.file, other.line, "take it out of one of them", "%q is in two classes: rule %q is for list %q (line %d) but not for list %q", e.text, r.ID, bound, e.line, spared)
				return
			}
		}
		c.warn(other.file, other.line, "take it out of one of them", "%q is in two classes: rule %q is for list %q (line %d), and rule %q leaves list %q out", e.text, a.binds[0].ID, bound, e.line, b.spares[0].ID, spared)
		return
	}
}

// methods tells of an entry that rules send by one way and the partner registry,
// or another list, by another.
func (c *compiler) methods(name string, e entry, of *role) {
	p := c.partners[asciiDomain(e.text)]
	if of == nil || len(of.routes) == 0 || p == nil || slices.ContainsFunc(p.methods(), func(r Route) bool { return slices.Contains(of.routes, r) }) {
		return
	}
	slices.SortFunc(of.routes, func(a, b Route) int { return cmp.Compare(a.rank(), b.rank()) })
	c.odd(p.file, p.line, "take it out of one of them", "partner %q is in two classes: its method is %s, and list %q (line %d) is sent by %s", p.domain, p.route, name, e.line, of.routes[0])
}
