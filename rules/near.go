package rules

import (
	"fmt"
	"slices"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
)

// sourceNear is, beside tag, whether something that was meant as the tag counts;
// beside found, what else must stand near a finding.
type sourceNear struct {
	yes, table bool
	nearTo
}

type nearTo struct {
	Pos
	Found      Strings            `toml:"found"`
	Says       Strings            `toml:"says"`
	Confidence *detect.Confidence `toml:"confidence"`
	Within     *int               `toml:"within"`
	Until      Strings            `toml:"until"`
}

func (s *sourceNear) fromTOML(d *decoder, n node) {
	if yes, ok := n.value.(bool); ok {
		s.yes = yes
		return
	}
	if _, ok := n.value.(map[string]any); !ok {
		d.wanted(n, "true, false, or a table with found")
		return
	}
	s.table = true
	decodeInto(d, n, &s.nearTo)
}

// Reach of near, in bytes of the text.
const (
	standardWithin = 300
	standardBehind = 1000
	maxWithin      = 10000
)

// near compiles a condition on findings by what else stands around them. Findings are
// counted, not values: which values stand where is not known past the scanner.
func (c *ruleCompiler) near(s *sourceCondition, t *foundTest) expr {
	if s.Unique != nil {
		c.wrong(s.At("unique"), "use total", "unique cannot be counted beside near and not_after")
	}
	if c.part {
		c.wrong(s.Line, "make it a label of the mail", "near and not_after are not known of single parts")
	}
	test := &nearTest{of: t, least: max(t.total, 1)}
	key := fmt.Sprintf("near %q %d %x %d", t.names(), t.least, t.in, test.least)
	if s.Near != nil {
		if !s.Near.table {
			c.wrong(s.At("near"), `say near = { found = "…", within = 300 }`, "near beside found says what else must stand there")
			return expr{op: opAll, mail: true}
		}
		test.other, test.within = c.neighbour(&s.Near.nearTo, "near", standardWithin)
		if len(s.Near.Until) > 0 {
			c.wrong(s.Near.At("until"), "", "until has no effect in near")
		}
		key += test.other.key(test.within)
	}
	if s.NotAfter != nil {
		test.before, test.behind = c.neighbour(s.NotAfter, "not_after", standardBehind)
		key += " not after" + test.before.key(test.behind)
		if len(s.NotAfter.Until) > 0 {
			e := c.found(&sourceCondition{Pos: s.NotAfter.Pos, Found: s.NotAfter.Until})
			if e.op == opMail {
				test.until = c.mailTests[e.test].(*foundTest)
				key += " until" + test.until.key(0)
			}
		}
	}
	if s.NotOwn != "" {
		test.own = c.entries(selector{Pos: s.Pos, Is: Strings{s.NotOwn}}, Strings{s.NotOwn}, "not_own", asPrints)
		key += " not own " + s.NotOwn
	}
	return c.mailTest(key, func() mailTest { return test })
}

// neighbour compiles what else stands beside a finding, and how far away.
func (c *ruleCompiler) neighbour(n *nearTo, key string, reach int) (*foundTest, int) {
	if n.Within != nil {
		if reach = *n.Within; reach < 1 || reach > maxWithin {
			c.wrong(n.At("within"), "", "within is %d, wanted 1 to %d", reach, maxWithin)
		}
	}
	other := sourceCondition{Pos: n.Pos, Found: n.Found, Says: n.Says, Confidence: n.Confidence}
	var e expr
	switch {
	case len(n.Found) > 0 == (len(n.Says) > 0):
		c.wrong(n.Line, fmt.Sprintf(`say %s = { found = "…" } or { says = "…" }`, key), "%s does not say what stands there", key)
		return &foundTest{}, reach
	case len(n.Says) > 0:
		e = c.says(&other)
	default:
		e = c.found(&other)
	}
	return c.mailTests[e.test].(*foundTest), reach
}

func (t *foundTest) key(within int) string {
	return fmt.Sprintf(" %q %d within %d", t.names(), t.least, within)
}

// nearTest asks for findings that have another kind of finding near them, or
// none of a kind before them.
type nearTest struct {
	of, other, before     *foundTest // other and before may be nil
	until                 *foundTest // ends the reach of before; may be nil
	own                   []*roll    // fingerprints of the sender\'s own numbers
	least, within, behind int
}

// count counts the findings that stand as asked. At most as many as a Report
// lists are looked at.
func (t *nearTest) count(m *mail) int {
	n := 0
	for i := range m.report.Findings {
		f := &m.report.Findings[i]
		if t.of.covers(f) && t.placed(m, i, f) {
			if n++; n >= t.least {
				break
			}
		}
	}
	return n
}

func (t *nearTest) placed(m *mail, i int, f *classify.Finding) bool {
	if slices.ContainsFunc(t.own, func(r *roll) bool { return r.holdsPrint(f, m) }) {
		return false
	}
	if t.other == nil && t.before == nil {
		return true
	}
	near := t.other == nil
	for j := range m.report.Findings {
		o := &m.report.Findings[j]
		if i == j || o.Part != f.Part || o.Where != f.Where {
			continue
		}
		if t.before != nil && o.End <= f.Offset && f.Offset-o.End <= int64(t.behind) && t.before.covers(o) && !t.ended(m, o, f) {
			return false
		}
		near = near || t.other != nil && t.other.covers(o) && o.Offset-f.End <= int64(t.within) && f.Offset-o.End <= int64(t.within)
	}
	return near
}

// ended reports whether something between two findings ends the reach of the first.
func (t *nearTest) ended(m *mail, from, to *classify.Finding) bool {
	return t.until != nil && slices.ContainsFunc(m.report.Findings, func(f classify.Finding) bool {
		return f.Part == to.Part && f.Where == to.Where && from.End <= f.Offset && f.End <= to.Offset && t.until.covers(&f)
	})
}

// covers reports whether a finding is one that the test asks for.
func (t *foundTest) covers(f *classify.Finding) bool {
	if f.Confidence < t.least || placeOf(f)&t.in == 0 {
		return false
	}
	for _, d := range t.detectors {
		if isOf(f, d.ID) {
			return true
		}
	}
	return false
}

func (t *nearTest) holds(m *mail) bool { return t.count(m) >= t.least }

func (t *nearTest) because(m *mail, full bool) []string {
	facts := t.of.because(m, full)
	for i := range facts {
		if t.other != nil {
			facts[i] += ", near " + t.other.names()
		}
		if t.own != nil {
			facts[i] += ", not the sender's own"
		}
		if t.before != nil {
			facts[i] += ", not after " + t.before.names()
		}
	}
	return facts
}

func (t *nearTest) failed(m *mail) (why, nearest string) {
	if !t.of.holds(m) {
		return t.of.failed(m)
	}
	why = t.of.names() + ": too few"
	if t.other != nil {
		why += fmt.Sprintf(" within %d bytes of %s", t.within, t.other.names())
	}
	if t.before != nil {
		why += " that do not follow " + t.before.names()
	}
	return why, fmt.Sprintf("%d of %d needed", t.count(m), t.least)
}

func (t *nearTest) found(m *mail) []string { return t.of.found(m) }
