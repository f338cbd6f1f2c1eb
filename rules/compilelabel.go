package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compileLabels compiles every label, so that each is looked at even if no rule
// asks for it. A label of a pack or of the admin takes the place of one of
// postern's own.
func (c *compiler) compileLabels() {
	for _, s := range c.sources {
		for i := range s.Labels {
			l := &s.Labels[i]
			switch old := c.labelOf[l.ID]; {
			case !validID(l.ID):
				c.mistakes.Add(s.title, l.Line, "letters, digits, - . _", "%q is no usable name of a label", l.ID)
			case old != nil && old.File != labelsTitle:
				c.mistakes.Add(s.title, l.Line, "choose another name", "label %q stands in %s line %d already", l.ID, old.File, old.Line)
			default:
				c.labelOf[l.ID] = l
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.labelOf)) {
		if e, ok := c.label(name); ok {
			c.labels = append(c.labels, label{name, e.test})
		}
	}
	c.replaced()
}

// label compiles a label at its first use.
func (c *compiler) label(name string) (expr, bool) {
	l := c.labelOf[name]
	if n, ok := c.tests["label "+name]; ok {
		return expr{op: opMail, test: n, mail: true}, true
	}
	rc := &ruleCompiler{compiler: c, file: l.File, what: fmt.Sprintf("label %q", name), content: true, builtin: l.File == labelsTitle}
	switch l.Per {
	case "part":
		rc.part = true
	case "", "mail":
	default:
		rc.wrong(l.At("per"), didYouMean(l.Per, []string{"part", "mail"}), "per is %q", l.Per)
	}
	if slices.Contains(c.open, name) {
		rc.wrong(l.Line, "", "it asks for itself: %s", strings.Join(append(slices.Clone(c.open), name), ", "))
		return expr{}, false
	}
	c.open = append(c.open, name)
	e := rc.condition(&l.sourceCondition)
	c.open = c.open[:len(c.open)-1]
	if !rc.part {
		return c.mailTest("label "+name, func() mailTest { return &labelTest{name, &e} }), true
	}
	c.countByPart(&e)
	return c.mailTest("label "+name, func() mailTest { return &partLabelTest{name: name, expr: &e, least: 1, key: len(c.mailTests)} }), true
}

// countByPart has the Scanner count by part what a label of parts asks for.
func (c *compiler) countByPart(e *expr) {
	if e.op == opMail {
		if t, ok := c.mailTests[e.test].(*foundTest); ok {
			for _, d := range t.detectors {
				if !slices.Contains(c.byPart, d.ID) {
					c.byPart = append(c.byPart, d.ID)
				}
			}
		}
	}
	for i := range e.kids {
		c.countByPart(&e.kids[i])
	}
}

// labelled compiles a condition on a label: that the mail has it, or so many of
// its parts.
func (c *ruleCompiler) labelled(s *sourceCondition, name string) (expr, bool) {
	if c.part {
		c.wrong(s.At("label"), "say its condition here", "a label of parts cannot ask for another label")
		return expr{}, false
	}
	e, ok := c.label(name)
	if !ok || s.Parts == nil {
		return e, ok
	}
	of, perPart := c.mailTests[e.test].(*partLabelTest)
	switch {
	case !perPart:
		c.wrong(s.At("parts"), "", "label %q is of the mail as a whole, so its parts cannot be counted", name)
		return e, true
	case *s.Parts < 1:
		c.wrong(s.At("parts"), "", "parts is %d, wanted 1 or more", *s.Parts)
	}
	least := *s.Parts
	return c.mailTest(fmt.Sprintf("label %s in %d parts", name, least), func() mailTest {
		return &partLabelTest{name: name, expr: of.expr, least: least, key: of.key}
	}), true
}
