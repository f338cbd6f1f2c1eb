package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// collectRules checks ids over all files and takes what is switched off.
func (c *compiler) collectRules() {
	var offs []*sourceRule
	for _, s := range c.sources {
		for i := range s.Rules {
			r := &s.Rules[i]
			if r.onlyOff() {
				offs = append(offs, r)
				continue
			}
			c.define(s, r)
		}
	}
	c.ruleNames = slices.Sorted(maps.Keys(c.sourceOf))
	for _, r := range offs {
		r.switchOff(c)
	}
	for _, id := range c.ruleNames {
		if r := c.sourceOf[id]; r.Off {
			r.switchOff(c)
		}
	}
}

func (c *compiler) define(s *source, r *sourceRule) {
	switch first := c.sourceOf[r.ID]; {
	case !validID(r.ID):
		c.mistakes.Add(s.title, r.Line, "letters, digits, - . _", "%q is no usable id of a rule", r.ID)
	case strings.HasPrefix(r.ID, "postern-"):
		c.mistakes.Add(s.title, r.Line, "choose another id", "rule %q: ids that begin with postern- are postern's own", r.ID)
	case first != nil && first.File != r.File && s.pack:
		c.mistakes.Add(s.title, r.Line, "use one of the two", "rule %q stands in %s already: these packs cannot be used together", r.ID, first.File)
	case first != nil && first.File != r.File:
		c.mistakes.Add(s.title, r.Line, "choose another id, or say only off = true to switch that rule off", "rule %q stands in %s already", r.ID, first.File)
	case first != nil:
		c.mistakes.Add(s.title, r.Line, "choose another id", "rule %q stands in line %d already", r.ID, first.Line)
	default:
		c.sourceOf[r.ID] = r
	}
}

// onlyOff reports whether the table only switches a rule off.
func (r *sourceRule) onlyOff() bool {
	for key := range r.keys {
		if key != "id" && key != "off" {
			return false
		}
	}
	return r.Has("off")
}

func (r *sourceRule) switchOff(c *compiler) {
	of := c.sourceOf[r.ID]
	switch {
	case of == nil:
		c.mistakes.Add(r.File, r.Line, didYouMean(r.ID, c.ruleNames), "there is no rule %q to switch off", r.ID)
	case of.Never && r.Off:
		c.mistakes.Add(r.File, r.At("off"), "", "rule %q is marked never: it cannot be switched off", r.ID)
	case r.Off:
		c.switched[r.ID] = true
	}
}

// ruleCompiler compiles one rule or exemption.
type ruleCompiler struct {
	*compiler
	file string
	what string // `rule "cards-never"`
	// content allows conditions on content only, as labels have them.
	content bool
	// builtin is a label of postern's own: detectors that are not there are left
	// out of it.
	builtin bool
	// part is a label of single parts, which says only what is known of one.
	part bool
	// lenient is what makes outcomes milder: an exemption. negated is within none
	// or unless. Together they say which answer to an unknown fact is the stricter.
	lenient, negated bool
}

func (c *ruleCompiler) wrong(line int, fix, format string, args ...any) {
	c.mistakes.Add(c.file, line, fix, "%s: %s", c.what, fmt.Sprintf(format, args...))
}

func (c *compiler) compileRule(s *source, r *sourceRule) {
	if r.onlyOff() || c.sourceOf[r.ID] != r {
		return
	}
	rc := &ruleCompiler{compiler: c, file: s.title, what: fmt.Sprintf("rule %q", r.ID)}
	out := rule{id: r.ID, clause: r.Clause, never: r.Never}
	present := rc.present(s, r)
	c.switched[r.ID] = c.switched[r.ID] || !present
	rc.clause(s, r)
	rc.scope(s, r, &out)
	if r.When != nil {
		out.parts = append(out.parts, part{expr: rc.condition(r.When), key: "when"})
	}
	if r.Unless != nil {
		rc.negated = true
		out.parts = append(out.parts, part{expr: rc.condition(r.Unless), unless: true, key: "unless"})
		rc.negated = false
	}
	rc.action(r, &out)
	rc.route(r, &out)
	rc.edits(r, &out)
	rc.tags(r, &out)
	rc.appends(r, &out)
	if c.switched[r.ID] {
		return
	}
	c.Policy.rules = append(c.Policy.rules, out)
}

func (c *ruleCompiler) clause(s *source, r *sourceRule) {
	switch {
	case r.Clause != "":
	case s.pack:
		c.wrong(r.Line, `add clause = "…"`, "the clause that it enforces is missing")
	default:
		c.warn(s.title, r.Line, `add clause = "…"`, "%s: the clause that it enforces is missing", c.what)
	}
}

// present reports whether the settings want the rule.
func (c *ruleCompiler) present(s *source, r *sourceRule) bool {
	wanted := true
	settings := c.settings[s.Policy.ID]
	for _, name := range slices.Sorted(maps.Keys(r.Setting)) {
		value, ok := settings[name]
		if !ok {
			c.wrong(r.At("setting"), didYouMean(name, slices.Collect(maps.Keys(settings))), "unknown setting %q; [settings.%s] gives it its default", name, s.Policy.ID)
			continue
		}
		wanted = wanted && value == r.Setting[name]
	}
	return wanted
}

// scope compiles for whom the rule is. A rule that names no direction has those
// that its file judges.
func (c *ruleCompiler) scope(s *source, r *sourceRule, out *rule) {
	named := c.directions(s.title, r.At("direction"), c.what, r.Direction)
	if len(named) == 0 {
		for _, d := range s.Policy.Judges {
			named = append(named, Direction(d))
		}
	}
	if !c.switched[r.ID] {
		for _, d := range named {
			c.judge(d)
		}
	}
	out.parts = append(out.parts, part{expr: c.class(fmt.Sprint("direction", named), func() rcptTest { return &directionTest{named} }), key: "direction"})
	for _, one := range []struct {
		key          string
		to, from, by selector
	}{{key: "to", to: r.To}, {key: "from", from: r.From}, {key: "user", by: r.User}} {
		for _, e := range c.people(one.to, one.from, one.by) {
			out.parts = append(out.parts, part{expr: e, key: one.key})
		}
	}
}

// people compiles the selectors that rules and exemptions share.
func (c *ruleCompiler) people(to, from, user selector) []expr {
	var all []expr
	if to.set {
		all = append(all, c.to(to))
	}
	if from.set {
		all = append(all, c.from(from))
	}
	if user.set {
		all = append(all, c.user(user))
	}
	return all
}

func (c *ruleCompiler) action(r *sourceRule, out *rule) {
	given := 0
	for _, one := range []struct {
		action   Action
		text     *wording
		standard string
	}{
		{Reject, r.Reject, "5.7.1 " + rejectText},
		{Hold, r.Hold, holdText},
		{TempFail, r.TempFail, "4.7.1 " + tempFailText},
	} {
		if one.text == nil {
			continue
		}
		given++
		text := one.text.text
		if text == "" {
			text = one.standard
		}
		out.action = one.action
		c.words(text, one.standard, one.text.line, out)
	}
	if r.Record {
		given++
	}
	if given > 1 {
		c.wrong(r.Line, "", "more than one of reject, hold, tempfail and record")
	}
	acts := slices.ContainsFunc([]string{"reject", "hold", "tempfail", "record", "route", "add_header", "change_header", "remove_header", "tag_subject", "strip_tag", "append", "notify"}, r.Has)
	if !acts && r.saysOnly("id", "clause", "never", "off", "setting", "direction", "to", "from", "user", "when", "unless") {
		c.wrong(r.Line, "give reject, hold, tempfail, route, append, notify, a header change or record = true", "nothing is to be done when it fires")
	}
}

// words compiles the text of an action, with its status code where it is a reply.
func (c *ruleCompiler) words(text, standard string, line int, out *rule) {
	if out.action != Hold {
		class := standard[:1]
		code, rest, _ := strings.Cut(text, " ")
		if !validEnhanced(code, class) {
			c.wrong(line, fmt.Sprintf("begin the text with %q", standard[:6]), "%s needs an enhanced status code of class %s, got %q", out.action, class, clip(code, 20))
			return
		}
		out.enhanced, text = code, strings.TrimSpace(rest)
		if text == "" {
			text = standard[6:]
		}
	}
	words, unknown := parseTemplate(text)
	if unknown != "" {
		c.wrong(line, didYouMean(unknown, templateFields), "unknown field {%s} in the text", unknown)
	}
	out.words = words
}

// validEnhanced checks a status code as RFC 3463, section 2 has it.
func validEnhanced(code, class string) bool {
	parts := strings.Split(code, ".")
	if len(parts) != 3 || parts[0] != class {
		return false
	}
	for _, p := range parts[1:] {
		if len(p) == 0 || len(p) > 3 || strings.Trim(p, "0123456789") != "" || len(p) > 1 && p[0] == '0' {
			return false
		}
	}
	return true
}

func (c *compiler) compileExemption(e *sourceExemption) {
	rc := &ruleCompiler{compiler: c, file: e.File, what: fmt.Sprintf("exemption %q", e.ID), lenient: true}
	if !validID(e.ID) {
		rc.wrong(e.Line, "letters, digits, - . _", "no usable id")
	}
	for i := range c.exemptions {
		if c.exemptions[i].id == e.ID {
			rc.wrong(e.Line, "choose another id", "there is another of that id")
		}
	}
	if !e.To.set && !e.From.set && !e.User.set {
		rc.wrong(e.Line, "name to, from or user", "it covers everybody")
	}
	if len(e.Lifts) == 0 {
		rc.wrong(e.Line, `say lifts = ["rule-id"]`, "it lifts nothing")
	}
	if e.Expires.expired(c.opt.Time) {
		c.warn(e.File, e.At("expires"), "renew or delete it", "%s expired on %s", rc.what, e.Expires)
	}
	number := len(c.exemptions)
	covers := rc.people(e.To, e.From, e.User)
	if e.When != nil {
		covers = append(covers, rc.condition(e.When))
	}
	c.exemptions = append(c.exemptions, exemption{e.ID, e.Clause, e.Expires, all(covers...)})
	c.depth = max(c.depth, c.exemptions[number].expr.depth())
	for _, id := range e.Lifts {
		switch r := c.sourceOf[id]; {
		case r == nil:
			rc.wrong(e.At("lifts"), didYouMean(id, c.ruleNames), "it lifts the unknown rule %q", id)
		case r.Never:
			rc.wrong(e.At("lifts"), "take it out of lifts", "rule %q is marked never: no exemption lifts it", id)
		}
		for i := range c.Policy.rules {
			if r := &c.Policy.rules[i]; r.id == id && !r.never {
				r.exemptions = append(r.exemptions, number)
			}
		}
	}
}
