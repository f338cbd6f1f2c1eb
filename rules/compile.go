package rules

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
)

// compiler makes a Policy of its sources: packs first, the admin's file last.
type compiler struct {
	*Policy
	sources   []*source
	known     map[string]*detect.Detector // and what stands for tables
	off       map[string]bool             // detectors that are off
	tables    map[string]*exactTable
	opt       Options
	mistakes  *Mistakes
	lists     map[string]*lineList
	settings  map[string]map[string]any // by pack
	rolls     map[string]*roll
	tests     map[string]int // mail tests by what they say
	classes   map[string]int // recipient tests likewise
	sumOf     map[string]int // by what is counted
	labelOf   map[string]*sourceLabel
	open      []string // labels being compiled
	sourceOf  map[string]*sourceRule
	ruleNames []string
	switched  map[string]bool // rules that are off
	odds      []Mistake       // that lint takes for mistakes
	// broken are the ids of detectors, lexicons and tables whose definition is a
	// mistake: that somebody asks for them is none.
	broken map[string]bool
}

// lineList is a list before it is put to a use.
type lineList struct {
	entries []entry
	pos     Pos
	own     bool // the admin's, not a pack's
	used    bool
	spares  bool // those who stand in it get away with more
}

func newCompiler(sources []*source, detectors []*detect.Detector, opt Options, m *Mistakes) *compiler {
	c := &compiler{
		Policy:  &Policy{routes: opt.Routes.possible(), partners: map[string]*partner{}, warnings: m.Warnings()},
		broken:  map[string]bool{},
		sources: sources, opt: opt, mistakes: m,
		known: map[string]*detect.Detector{}, off: map[string]bool{}, tables: map[string]*exactTable{}, lists: map[string]*lineList{}, settings: map[string]map[string]any{},
		rolls: map[string]*roll{}, tests: map[string]int{}, classes: map[string]int{}, sumOf: map[string]int{},
		labelOf: map[string]*sourceLabel{}, sourceOf: map[string]*sourceRule{}, switched: map[string]bool{},
	}
	for _, d := range detectors {
		c.addDetector(d)
	}
	return c
}

func (c *compiler) compile() *Policy {
	c.id = c.sources[len(c.sources)-1].Policy.ID
	for _, s := range c.sources {
		c.head(s)
		c.collectLists(s)
		c.collectPartners(s)
	}
	c.collectStatements()
	c.collectDetectors()
	c.openTables()
	c.collectSettings()
	c.collectRules()
	c.compileLabels()
	for _, s := range c.sources {
		for i := range s.Rules {
			c.compileRule(s, &s.Rules[i])
		}
	}
	for _, s := range c.sources {
		for i := range s.Exemptions {
			c.compileExemption(&s.Exemptions[i])
		}
	}
	c.compileAssertions()
	c.finish()
	c.wanted = c.wants()
	c.cover()
	if c.mistakes.Err() == nil && !c.opt.Unproved {
		c.prove()
	}
	if c.mistakes.Err() == nil {
		c.recordable()
	}
	if c.mistakes.Err() == nil && c.opt.Lint {
		c.ruleless()
		c.unheard()
		c.hiding()
		c.lint()
	}
	c.mistakes.List = append(c.mistakes.List, c.odds...)
	c.sortWarnings()
	return c.Policy
}

// finish puts the policy in an order that does not depend on the files'.
func (c *compiler) finish() {
	slices.SortFunc(c.Policy.rules, func(a, b rule) int { return cmp.Compare(a.id, b.id) })
	slices.SortFunc(c.labels, func(a, b label) int { return cmp.Compare(a.name, b.name) })
	for i := range c.Policy.rules {
		if id := c.Policy.rules[i].id; c.sourceOf[id].File != defaultTitle {
			c.own = append(c.own, id)
		}
		// Tests of the whole mail are the cheapest way to find that a rule does not fire.
		slices.SortStableFunc(c.Policy.rules[i].parts, func(a, b part) int {
			return cmp.Compare(b.cheap(), a.cheap())
		})
		for j := range c.Policy.rules[i].parts {
			c.depth = max(c.depth, c.Policy.rules[i].parts[j].depth())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.lists)) {
		if l := c.lists[name]; !l.used && l.own {
			fix := didYouMean(name, c.usedLists())
			if strings.HasPrefix(fix, "known") {
				fix = ""
			}
			c.warn(l.pos.File, l.pos.Line, fix, "list %q is used by no rule", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		if t := c.tables[name]; !t.used {
			c.warn(t.file, t.source.Line, "", "edm table %q is used by no rule and no label", name)
		}
	}
	c.contradictions()
	c.perimeters()
	c.memberships()
}

// sortWarnings puts what is odd in order, once all is told.
func (c *compiler) sortWarnings() {
	warnings := Mistakes{List: c.warnings}
	warnings.Sort()
	c.warnings = warnings.List
	c.mistakes.warnings = warnings.List
}

// contradictions warns of rules that set one header field to different values: if
// both fire, both changes are made, and the one that comes later stays.
func (c *compiler) contradictions() {
	first := map[string]*rule{}
	value := map[string]string{}
	for i := range c.Policy.rules {
		r := &c.Policy.rules[i]
		for _, e := range r.edits {
			name := strings.ToLower(e.Name)
			switch {
			case e.Op != ChangeHeader:
			case first[name] == nil:
				first[name], value[name] = r, e.Value
			case value[name] != e.Value:
				s := c.sourceOf[r.id]
				c.warn(s.File, s.At("change_header"), "", "rule %q changes header field %s otherwise than rule %q", r.id, e.Name, first[name].id)
			}
		}
	}
}

func (c *compiler) usedLists() []string {
	var used []string
	for name, l := range c.lists {
		if l.used {
			used = append(used, name)
		}
	}
	return used
}

func (c *compiler) warn(file string, line int, fix, format string, args ...any) {
	c.warnings = append(c.warnings, Mistake{file, line, fmt.Sprintf(format, args...), fix})
}

// head takes over what a file says of itself, of the inside and of help.
func (c *compiler) head(s *source) {
	at := s.Policy
	if !validID(s.Policy.ID) {
		c.mistakes.Add(s.title, at.At("id"), "letters, digits, - . _", "%q is no usable id", s.Policy.ID)
	}
	judged := c.directions(s.title, at.At("judges"), "judges", s.Policy.Judges)
	for _, d := range judged {
		if s.Policy.ID != defaultPack && s.title != labelsTitle { // which judges by its rules only
			c.judge(d)
		}
	}
	if s.Help.Contact != "" {
		c.help = s.Help.Contact
	}
	if s.Officer.Address != "" {
		if m := parseMailbox(s.Officer.Address); m.odd || m.domain == "" {
			c.mistakes.Add(s.title, s.Officer.At("address"), `write it as "officer@example.org"`, "officer: %q is no address", s.Officer.Address)
		}
		c.officer = s.Officer.Address
	}
	in, inside := s.Inside, &c.inside
	if len(in.Domains) > 0 {
		inside.domains = map[string]bool{}
	}
	for _, name := range in.Domains {
		r := &roll{domains: map[string]date{}, addresses: map[string]date{}}
		fix, text := r.add(entry{text: name}, asPeople)
		if _, domain, is := strings.Cut(name, "@"); is && fix == "" && asciiDomain(domain) != "" {
			fix = "write " + domain
		}
		if text != "" || len(r.domains) == 0 {
			c.mistakes.Add(s.title, in.At("domains"), fix, "inside.domains: %q is not a domain", name)
			continue
		}
		inside.domains[asciiDomain(name)] = true
	}
	if len(in.Networks) > 0 {
		inside.networks = nil
	}
	for _, text := range in.Networks {
		prefix, err := parseNetwork(text)
		if err != nil {
			c.mistakes.Add(s.title, in.At("networks"), "write 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32", "inside.networks: %q is not a network", text)
			prefix = netip.Prefix{}
		} else if whole, err := netip.ParsePrefix(text); err == nil && whole.Addr() != whole.Masked().Addr() {
			c.warn(s.title, in.At("networks"), fmt.Sprintf("write %s, or %s for that machine alone", prefix, whole.Addr()), "inside.networks: %q names a machine and means all of %s", text, prefix)
		}
		inside.networks = append(inside.networks, prefix)
	}
	if len(in.Daemons) > 0 {
		inside.daemons = map[string]bool{}
	}
	for _, name := range in.Daemons {
		if name == "" {
			c.mistakes.Add(s.title, in.At("daemons"), "", "inside.daemons: the empty name would make every unnamed daemon inside")
			continue
		}
		inside.daemons[name] = true
	}
}

func (c *compiler) judge(d Direction) {
	if !slices.Contains(c.scope, d) {
		c.scope = append(c.scope, d)
		order := []Direction{Outbound, Internal, Inbound}
		slices.SortFunc(c.scope, func(a, b Direction) int {
			return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
		})
	}
}

func (c *compiler) directions(file string, line int, what string, names Strings) []Direction {
	var all []Direction
	for _, name := range names {
		switch d := Direction(name); d {
		case Outbound, Internal, Inbound:
			all = append(all, d)
		default:
			c.mistakes.Add(file, line, didYouMean(name, []string{"outbound", "internal", "inbound"}), "%s: unknown direction %q", what, name)
		}
	}
	return all
}

// collectLists joins the lists of packs; the admin's replace them, or add to them.
func (c *compiler) collectLists(s *source) {
	for _, name := range slices.Sorted(maps.Keys(s.Lists)) {
		l := s.Lists[name]
		if !validID(name) {
			c.mistakes.Add(s.title, l.Line, "letters, digits, - . _", "%q is no usable name of a list", name)
		}
		if l.Has("entries") == l.Has("file") {
			c.mistakes.Add(s.title, l.Line, "", "list %q: wanted either entries or file", name)
		}
		var entries []entry
		for _, e := range l.Entries {
			if e.Entry = strings.TrimSpace(e.Entry); e.Entry == "" {
				c.mistakes.Add(s.title, e.Line, "", "list %q: an entry is empty", name)
				continue
			}
			entries = append(entries, entry{e.Entry, e.Expires, e.Ref, e.Of, s.title, e.Line})
		}
		entries = append(entries, s.fromFile[name]...)
		for _, e := range entries {
			if e.expires.expired(c.opt.Time) {
				c.warn(e.file, e.line, "renew or delete it", "list %q: entry %q expired on %s", name, e.text, e.expires)
			}
		}
		if old := c.lists[name]; old != nil && (s.pack || l.Extend) {
			entries = append(slices.Clone(old.entries), entries...)
		} else if old == nil && l.Extend {
			c.warn(s.title, l.At("extend"), didYouMean(name, slices.Collect(maps.Keys(c.lists))), "list %q: there is no list of a pack to extend", name)
		}
		c.lists[name] = &lineList{entries: entries, pos: Pos{File: s.title, Line: l.Line}, own: !s.pack}
	}
}

func (c *compiler) collectPartners(s *source) {
	for _, name := range slices.Sorted(maps.Keys(s.Partners)) {
		p := s.Partners[name]
		domain := asciiDomain(name)
		if domain == "" {
			c.mistakes.Add(s.title, p.Line, "", "partner %q is not a domain", name)
			continue
		}
		route, list, ok := c.method(s, name, p)
		if !ok {
			continue
		}
		if p.Expires.expired(c.opt.Time) {
			c.warn(s.title, p.Line, "renew or delete it", "partner %q expired on %s", name, p.Expires)
		}
		if first := c.partners[domain]; first != nil && first.file == s.title {
			c.mistakes.Add(s.title, p.Line, "keep one of them", "partner %q stands in line %d already, by method %s", name, first.line, first.route)
		}
		c.partners[domain] = &partner{domain, route, list, p.Ref, p.Expires, s.title, p.At("method")}
	}
}

// collectSettings takes the packs' defaults and puts the admin's values over
// them. A text must be one that some rule of the pack asks for.
func (c *compiler) collectSettings() {
	asked := map[string]map[string][]string{}
	for _, s := range c.sources {
		asked[s.Policy.ID] = map[string][]string{}
		for i := range s.Rules {
			for name, value := range s.Rules[i].Setting {
				if text, ok := value.(string); ok {
					asked[s.Policy.ID][name] = append(asked[s.Policy.ID][name], text)
				}
			}
		}
		if values := s.Settings[s.Policy.ID].values; values != nil {
			c.settings[s.Policy.ID] = maps.Clone(values)
		}
	}
	for _, s := range c.sources {
		for _, pack := range slices.Sorted(maps.Keys(s.Settings)) {
			if pack != s.Policy.ID {
				c.override(s, pack, s.Settings[pack], asked[pack])
			}
		}
	}
}

func (c *compiler) override(s *source, pack string, given sourceSettings, asked map[string][]string) {
	defaults, ok := c.settings[pack]
	if !ok {
		c.mistakes.Add(s.title, given.Line, didYouMean(pack, slices.Collect(maps.Keys(c.settings))), "settings of %q, which is no pack in use that has settings", pack)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(given.values)) {
		value, standard := given.values[name], defaults[name]
		line := given.At(name)
		switch {
		case standard == nil:
			c.mistakes.Add(s.title, line, didYouMean(name, slices.Collect(maps.Keys(defaults))), "pack %q has no setting %q", pack, name)
			continue
		case fmt.Sprintf("%T", value) != fmt.Sprintf("%T", standard):
			c.mistakes.Add(s.title, line, "", "setting %q of pack %q: got %s, wanted something like %v", name, pack, describe(value), standard)
			continue
		}
		if text, ok := value.(string); ok {
			choice := append(slices.Clone(asked[name]), standard.(string))
			if !slices.Contains(choice, text) && len(asked[name]) > 0 {
				slices.Sort(choice)
				c.mistakes.Add(s.title, line, "known: "+strings.Join(slices.Compact(choice), ", "), "setting %q of pack %q: unknown value %q", name, pack, text)
				continue
			}
		}
		defaults[name] = value
	}
}

// validID reports whether a name can stand in metrics, logs and replies.
func validID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || i > 0 && strings.IndexByte("-._", c) >= 0) {
			return false
		}
	}
	return true
}
