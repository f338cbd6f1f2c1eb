package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// condition compiles a table of conditions: all that it says must hold.
func (c *ruleCompiler) condition(s *sourceCondition) expr {
	var kids []expr
	for _, group := range []struct {
		key string
		of  []sourceCondition
		op  op
	}{{"all", s.All, opAll}, {"any", s.Any, opAny}, {"none", s.None, opNone}} {
		if !s.Has(group.key) {
			continue
		}
		if len(group.of) == 0 {
			c.wrong(s.At(group.key), "", "%s has no conditions in it", group.key)
		}
		var inner []expr
		c.negated = c.negated != (group.op == opNone)
		for i := range group.of {
			inner = append(inner, c.condition(&group.of[i]))
		}
		c.negated = c.negated != (group.op == opNone)
		kids = append(kids, join(group.op, inner))
	}
	kids = append(kids, c.contentTests(s)...)
	if c.content {
		c.onlyContent(s)
	} else {
		kids = append(kids, c.envelopeTests(s)...)
	}
	if len(s.keys) == 0 || len(s.keys) == 1 && s.Has("id") {
		c.wrong(s.Line, "", "a condition is empty")
	}
	return all(kids...)
}

// contentTests compiles what a condition says of the mail's content.
func (c *ruleCompiler) contentTests(s *sourceCondition) []expr {
	var kids []expr
	switch n := c.sought(s); {
	case n > 1:
		c.wrong(s.Line, "use all or any", "found, edm, says and statement want conditions of their own")
	case s.Has("found"), s.Has("edm"):
		kids = append(kids, c.found(s))
	case s.Has("says"):
		kids = append(kids, c.says(s))
	case s.Has("statement"):
		kids = append(kids, c.statement(s))
	default:
		c.stray(s, "found", "unique", "total", "where", "quoted")
	}
	if !s.Has("found") {
		c.stray(s, "found", "confidence", "not_after", "not_own")
	}
	if !s.Has("edm") {
		c.stray(s, "edm", "columns")
	}
	if !s.Has("found") {
		c.stray(s, "found", "value")
	}
	if s.Has("parts") && !s.Has("label") {
		c.stray(s, "label", "parts")
	}
	if len(s.Label) > 0 {
		var either []expr
		for _, name := range s.Label {
			if c.labelOf[name] == nil {
				c.wrong(s.At("label"), didYouMean(name, slices.Collect(maps.Keys(c.labelOf))), "unknown label %q", name)
			} else if e, ok := c.labelled(s, name); ok {
				either = append(either, e)
			}
		}
		kids = append(kids, join(opAny, either))
	}
	if s.Has("tag") {
		kids = append(kids, c.tag(s))
	} else if !s.Has("found") {
		c.stray(s, "found or tag", "near")
	}
	if s.Has("header") {
		kids = append(kids, c.header(s))
	} else {
		c.stray(s, "header", "contains")
	}
	if s.Unread != nil {
		kids = append(kids, c.unread(s))
	}
	if s.Encrypted != nil {
		kids = append(kids, c.parts("encrypted", *s.Encrypted, func(p *extract.Part) bool { return p.Encrypted }))
	}
	kids = append(kids, c.partTests(s)...)
	if s.Weak != nil {
		kids = append(kids, c.parts("weakly encrypted", *s.Weak, func(p *extract.Part) bool { return p.Weak }))
	}
	return kids
}

// stray notes keys that say something about a test that is not there.
func (c *ruleCompiler) stray(s *sourceCondition, of string, keys ...string) {
	for _, key := range keys {
		if s.Has(key) {
			c.wrong(s.At(key), "", "%s has no effect without %s beside it", key, of)
		}
	}
}

func (c *ruleCompiler) onlyContent(s *sourceCondition) {
	for _, key := range []string{"to", "from", "user", "client", "direction", "authenticated", "partner", "look_alike", "incoming_tls", "first_contact", "reply", "partner_tls", "volume"} {
		if s.Has(key) {
			c.wrong(s.At(key), "say it in the rule", "%s: a label speaks of content only", key)
		}
	}
}

// mailTest numbers a test of the mail; equal tests are asked once.
func (c *compiler) mailTest(key string, build func() mailTest) expr {
	n, ok := c.tests[key]
	if !ok {
		n = len(c.mailTests)
		c.tests[key] = n
		c.mailTests = append(c.mailTests, build())
	}
	return expr{op: opMail, test: n, mail: true}
}

// class numbers a test of recipients likewise.
func (c *compiler) class(key string, build func() rcptTest) expr {
	n, ok := c.classes[key]
	if !ok {
		n = len(c.rcptTests)
		c.classes[key] = n
		c.rcptTests = append(c.rcptTests, build())
	}
	return expr{op: opRecipient, test: n}
}

func (c *ruleCompiler) found(s *sourceCondition) expr {
	t := &foundTest{least: detect.Medium, in: classify.AnyPlace}
	for _, id := range s.Found {
		d := c.known[id]
		switch {
		case c.builtin && (d == nil || c.off[id]):
			continue // a label of postern's own does without
		case c.broken[id]:
			continue // which was told
		case c.off[id]:
			c.wrong(s.At("found"), "", "detector %q is off", id)
			continue
		case d == nil || strings.ContainsRune(id, ':'):
			c.wrong(s.At("found"), didYouMean(id, c.usable()), "unknown detector %q", id)
			continue
		}
		if !slices.Contains(c.detectors, id) {
			c.detectors = append(c.detectors, id)
		}
		for _, d := range c.named(s, d) {
			if !slices.Contains(t.detectors, d) {
				t.detectors = append(t.detectors, d)
			}
		}
	}
	if len(s.Found) == 0 && s.Has("found") {
		c.wrong(s.At("found"), "", "found names no detector")
	}
	if s.Has("edm") {
		t.detectors = c.exactly(s)
	}
	t.unique = 1
	if s.Total != nil {
		t.unique, t.total = 0, c.least(s, "total", *s.Total)
	}
	if s.Unique != nil {
		t.unique = c.least(s, "unique", *s.Unique)
	}
	if s.Confidence != nil {
		t.least = *s.Confidence
	}
	c.where(s, t)
	c.beyond(s, t)
	if s.NotOwn != "" || s.NotAfter != nil || s.Near != nil && s.Has("found") && !s.Has("tag") {
		return c.near(s, t)
	}
	what := fmt.Sprintf("%q %d %x", t.names(), t.least, t.in)
	if c.sumOf[what] == 0 {
		c.counts++
		c.sumOf[what] = c.counts
	}
	t.sum = c.sumOf[what]
	return c.mailTest(fmt.Sprintf("found %q %d %d %d %x", t.names(), t.unique, t.total, t.least, t.in), func() mailTest { return t })
}

// named is what a condition counts of a detector: all, or the values that it
// names.
func (c *ruleCompiler) named(s *sourceCondition, d *detect.Detector) []*detect.Detector {
	if !s.Has("value") {
		return []*detect.Detector{d}
	}
	if len(s.Value) == 0 {
		c.wrong(s.At("value"), "", "value names none")
	}
	var all []*detect.Detector
	for _, value := range s.Value {
		id := d.ID + ":" + value
		if d.Mask == nil || d.Mask(value) != value {
			c.wrong(s.At("value"), "count them with unique", "values of detector %q are masked, so that none can be asked for", d.ID)
			return nil
		}
		if c.known[id] == nil {
			c.known[id] = &detect.Detector{ID: id, Title: d.Title + " " + value}
			c.values = append(c.values, classify.Named{ID: id, Detector: d.ID, Value: value})
		}
		all = append(all, c.known[id])
	}
	return all
}

func (c *ruleCompiler) least(s *sourceCondition, key string, n int) int {
	if n < 1 {
		c.wrong(s.At(key), "", "%s is %d, wanted 1 or more", key, n)
	}
	if s.Has("edm") && n > classify.MaxUnique {
		c.wrong(s.At(key), "", "%s is %d: no more than %d values of a table are counted", key, n, classify.MaxUnique)
	} else if key == "unique" && n > classify.MaxUnique {
		c.wrong(s.At(key), "", "unique is %d: no more than %d different values of a detector are counted", n, classify.MaxUnique)
	}
	return n
}

var placesOf = map[string]classify.Place{
	"subject": classify.InSubject, "header": classify.InHeader, "body": classify.InBody, "attachment": classify.InAttachment,
}

func (c *ruleCompiler) where(s *sourceCondition, t *foundTest) {
	if s.Has("where") {
		t.in = 0
	}
	for _, name := range s.Where {
		place, ok := placesOf[name]
		if !ok {
			c.wrong(s.At("where"), didYouMean(name, slices.Collect(maps.Keys(placesOf))), "unknown place %q", name)
		}
		t.in |= place
	}
	t.places = strings.Join(s.Where, " or ")
	if s.Quoted == nil {
		return
	}
	if *s.Quoted {
		t.in &= classify.InQuoted
		t.places = strings.TrimSpace("quoted text " + t.places)
	} else {
		t.in &= classify.InNew
		t.places = strings.TrimSpace("new text " + t.places)
	}
}

func (c *ruleCompiler) tag(s *sourceCondition) expr {
	text := strings.TrimSpace(s.Tag)
	if !validTag(text) {
		c.wrong(s.At("tag"), `write it with its brackets, as in "[encrypt]"`, "%q is no usable subject tag", clip(s.Tag, 40))
	}
	near := s.Near != nil && s.Near.yes
	if s.Near != nil && s.Near.table {
		c.wrong(s.At("near"), "say near = true", "near beside tag is true or false")
	}
	q := tagQuestion(text)
	c.ask(q)
	return c.mailTest(fmt.Sprintf("%s near=%t", q.ID, near), func() mailTest { return &tagTest{q, near} })
}

func (c *ruleCompiler) header(s *sourceCondition) expr {
	if !validField(s.Header) {
		c.wrong(s.At("header"), "", "%q is not the name of a header field", clip(s.Header, 40))
	}
	if s.Has("contains") && strings.TrimSpace(s.Contains) == "" {
		c.wrong(s.At("contains"), "leave it out to ask whether the field is there", "contains is empty")
	}
	text := strings.ToLower(strings.Join(strings.Fields(s.Contains), " "))
	field := strings.ToLower(s.Header)
	q := classify.Question{ID: "header:" + field + ":" + text, Kind: classify.HeaderField, Field: s.Header, Text: text}
	c.ask(q)
	return c.mailTest(q.ID, func() mailTest { return &headerTest{q} })
}

func (c *compiler) ask(q classify.Question) {
	if !slices.ContainsFunc(c.questions, func(old classify.Question) bool { return old.ID == q.ID }) {
		c.questions = append(c.questions, q)
	}
}

func (c *ruleCompiler) unread(s *sourceCondition) expr {
	var of []extract.Problem
	for _, name := range s.Unread.of {
		p := extract.Problem(name)
		if !slices.Contains(extract.Problems(), p) {
			c.wrong(s.At("unread"), didYouMean(name, problemNames()), "unknown problem %q", name)
		}
		of = append(of, p)
	}
	return c.parts(strings.TrimSpace("unread "+strings.Join(s.Unread.of, " or ")), s.Unread.yes, func(p *extract.Part) bool {
		return p.Unread() && (len(of) == 0 || slices.Contains(of, p.Problem))
	})
}

func problemNames() []string {
	var names []string
	for _, p := range extract.Problems() {
		names = append(names, string(p))
	}
	return names
}

func (c *ruleCompiler) parts(state string, want bool, is func(*extract.Part) bool) expr {
	return c.mailTest(fmt.Sprintf("parts %s %t", state, want), func() mailTest { return &partTest{want: want, state: state, is: is} })
}

// envelopeTests compiles what a condition says of sender and recipients.
func (c *ruleCompiler) envelopeTests(s *sourceCondition) []expr {
	kids := c.people(s.To, s.From, s.User)
	if s.Client.set {
		r := c.selected(s.Client, asClients)
		kids = append(kids, c.mailTest("client "+r.text, func() mailTest {
			return &originTest{"client", r, func(m *mail, r *roll) bool { return r.holdsClient(m.env.Client, m.env.Time) }}
		}))
	}
	if s.Has("direction") {
		named := c.directions(c.file, s.At("direction"), c.what, s.Direction)
		if len(s.Direction) == 0 {
			c.wrong(s.At("direction"), "", "direction names none")
		}
		kids = append(kids, c.class(fmt.Sprint("direction", named), func() rcptTest { return &directionTest{named} }))
	}
	if s.Authenticated != nil {
		want := *s.Authenticated
		kids = append(kids, c.mailTest(fmt.Sprint("authenticated ", want), func() mailTest { return &loginTest{want} }))
	}
	if s.Partner != nil {
		kids = append(kids, c.partnerIs(s))
	}
	return append(kids, c.factTests(s)...)
}

func (c *ruleCompiler) partnerIs(s *sourceCondition) expr {
	var methods []Route
	for _, name := range s.Partner.of {
		if name == "cjsm" {
			name = "gateway:cjsm"
		}
		route, fix, ok := parseRoute(name)
		if name == anyGateway {
			route, ok = anyGateway, true
		}
		if !ok {
			c.wrong(s.At("partner"), fix, "unknown method %q", name)
		}
		methods = append(methods, route)
	}
	want := s.Partner.yes
	return c.class(fmt.Sprint("partner", want, methods), func() rcptTest { return &partnerTest{want, methods} })
}

func (c *ruleCompiler) to(s selector) expr {
	r := c.selected(s, asPeople)
	return c.class("to "+r.text, func() rcptTest {
		for _, one := range slices.Concat(r.is, r.not) {
			if one.number == 0 {
				c.Policy.rolls++
				one.number = c.Policy.rolls
			}
		}
		return &toTest{r}
	})
}

func (c *ruleCompiler) from(s selector) expr {
	r := c.selected(s, asPeople)
	return c.mailTest("from "+r.text, func() mailTest {
		return &originTest{"sender", r, func(m *mail, r *roll) bool { return r.holds(m.sender, m.env.Time) }}
	})
}

func (c *ruleCompiler) user(s selector) expr {
	r := c.selected(s, asLogins)
	return c.mailTest("user "+r.text, func() mailTest {
		return &originTest{"login", r, func(m *mail, r *roll) bool { return r.holdsUser(m.env.User, m.sender, m.env.Time) }}
	})
}

// selected compiles a selector. Its text is its name in explanations, and the
// key by which equal selectors share their look-ups.
func (c *ruleCompiler) selected(s selector, as use) rolls {
	var r rolls
	var texts []string
	if len(s.Is) > 0 {
		r.is = c.entries(s, s.Is, "is", as)
		texts = append(texts, "in "+strings.Join(s.Is, " or "))
	}
	if len(s.Not) > 0 {
		r.not = c.entries(s, s.Not, "not", as)
		texts = append(texts, "outside "+strings.Join(s.Not, " and "))
	}
	r.text = strings.Join(texts, " and ")
	return r
}

// entries compiles names of lists ("@partners") and entries written in place.
func (c *ruleCompiler) entries(s selector, names Strings, key string, as use) []*roll {
	var all []*roll
	var inPlace []entry
	// Whoever is named here gets away with more.
	spares := (key == "not") != (c.lenient || c.negated)
	for _, name := range names {
		list, isList := strings.CutPrefix(name, "@")
		if !isList {
			if domain := asciiDomain(strings.TrimSpace(name)); spares && as == asPeople && domain != "" && anybodys(domain) {
				c.odd(c.file, s.At(key), "name the domains that are meant", "%s: anybody can have a domain below %q", c.what, name)
			}
			inPlace = append(inPlace, entry{text: strings.TrimSpace(name), file: c.file, line: s.At(key)})
			continue
		}
		l := c.lists[list]
		if l == nil {
			c.wrong(s.At(key), didYouMean(list, slices.Collect(maps.Keys(c.lists))), "unknown list %q", "@"+list)
			continue
		}
		l.used = true
		l.spares = l.spares || spares && as == asPeople
		id := fmt.Sprint(as, list)
		if c.rolls[id] == nil {
			c.rolls[id] = newRoll(name, l.entries, as, func(e entry, fix, text string) {
				c.mistakes.Add(e.file, e.line, fix, "list %q: entry %q is %s", list, clip(e.text, 60), text)
			})
		}
		all = append(all, c.rolls[id])
	}
	if len(inPlace) > 0 {
		all = append(all, newRoll("", inPlace, as, func(e entry, fix, text string) {
			c.wrong(e.line, fix, "%q is %s", clip(e.text, 60), text)
		}))
	}
	return all
}
