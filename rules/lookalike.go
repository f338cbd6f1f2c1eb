package rules

import (
	"fmt"
	"slices"
)

// lookAlike compiles a condition on recipients that are not in a list but look
// like an entry of it.
func (c *ruleCompiler) lookAlike(s *sourceCondition) expr {
	rolls := c.entries(selector{Pos: s.Pos, Is: Strings{s.LookAlike}}, Strings{s.LookAlike}, "look_alike", asPeople)
	return c.class("look alike "+s.LookAlike, func() rcptTest { return &lookAlikeTest{s.LookAlike, rolls} })
}

// lookAlikeTest asks for recipients one slip of the hand away from an entry.
type lookAlikeTest struct {
	name  string
	rolls []*roll
}

func (t *lookAlikeTest) matches(m *mail, i int) bool {
	to := m.to[i]
	if to.odd || to.domain == "" {
		return false
	}
	return slices.ContainsFunc(t.rolls, func(r *roll) bool {
		if r.holdsFor(to, m.sender, m.env.User, m.env.Time) {
			return false
		}
		for address := range r.addresses {
			if oneSlip(address, to.String()) {
				return true
			}
		}
		for domain := range r.domains {
			if oneSlip(domain, to.domain) {
				return true
			}
		}
		return false
	})
}

func (t *lookAlikeTest) failed(*mail) (why, nearest string) {
	return fmt.Sprintf("no recipient looks like an entry of %s", t.name), ""
}

// oneSlip reports whether one letter inserted, left out, changed or swapped with
// its neighbour makes b of a. Equal texts are none.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
