package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
)

// partLabelTest asks for parts that a label's condition holds for, each taken by
// itself.
type partLabelTest struct {
	name  string
	expr  *expr
	least int
	key   int // the label's own test: where its parts are remembered
}

// onePart is the mail as if it had only one part: its tallies, and the answers
// that are the mail's. Its tests are asked anew.
func (m *mail) onePart(i int) *mail {
	one := *m
	report := *m.report
	report.Tallies, report.Named, report.ByPart = nil, nil, nil
	if i < len(m.report.ByPart) {
		report.Tallies, report.Named = m.report.ByPart[i], m.report.ByPart[i]
	}
	report.Parts = m.report.Parts[i : i+1]
	report.Findings = slices.DeleteFunc(slices.Clone(m.report.Findings), func(f classify.Finding) bool { return f.Part != report.Parts[0].Path })
	one.report = &report
	one.answers, one.facts, one.inParts, one.sums = make([]answer, len(m.answers)), make([][]string, len(m.facts)), nil, nil
	return &one
}

// parts are the parts that the label holds for, worked out once for all tests.
func (t *partLabelTest) parts(m *mail) []int {
	if found, ok := m.inParts[t.key]; ok {
		return found
	}
	found := []int{}
	one := *m
	report := *m.report
	one.report, one.answers, one.inParts, one.sums = &report, make([]answer, len(m.answers)), nil, nil
	for i := range m.report.Parts {
		report.Tallies, report.Named = nil, nil
		if i < len(m.report.ByPart) {
			report.Tallies, report.Named = m.report.ByPart[i], m.report.ByPart[i]
		}
		report.Parts = m.report.Parts[i : i+1]
		clear(one.answers)
		if t.expr.holds(&one) {
			found = append(found, i)
		}
	}
	if m.inParts == nil {
		m.inParts = map[int][]int{}
	}
	m.inParts[t.key] = found
	return found
}

func (t *partLabelTest) holds(m *mail) bool { return len(t.parts(m)) >= t.least }

func (t *partLabelTest) because(m *mail, full bool) []string {
	parts := t.parts(m)
	facts := []string{fmt.Sprintf("label %s: %s", t.name, count(len(parts), "part"))}
	for n, i := range parts {
		if n == maxSpots {
			facts = append(facts, fmt.Sprintf("%d more parts of label %s", len(parts)-n, t.name))
			break
		}
		one := m.onePart(i)
		one.reasons(t.expr, func(test int) { facts = append(facts, m.policy.mailTests[test].because(one, full)...) })
	}
	return facts
}

func (t *partLabelTest) failed(m *mail) (why, nearest string) {
	parts := t.parts(m)
	if len(parts) > 0 {
		return "too few parts labelled " + t.name, fmt.Sprintf("parts %d of %d needed", len(parts), t.least)
	}
	for i := range m.report.Parts {
		if i < len(m.report.ByPart) && m.report.ByPart[i] != nil {
			whys, near := m.onePart(i).shortfall(t.expr)
			if near != "" {
				return "no part labelled " + t.name + ": " + strings.Join(whys, "; "), near
			}
		}
	}
	return "no part labelled " + t.name, ""
}

func (t *partLabelTest) found(m *mail) []string {
	parts := t.parts(m)
	if len(parts) == 0 {
		return []string{t.name}
	}
	var all []string
	one := m.onePart(parts[0])
	one.reasons(t.expr, func(test int) { all = append(all, m.policy.mailTests[test].found(one)...) })
	if len(all) == 0 {
		all = []string{t.name}
	}
	if n := len(parts) - 1; n > 0 {
		all[len(all)-1] += fmt.Sprintf(" and in %s more", count(n, "part"))
	}
	return all
}
