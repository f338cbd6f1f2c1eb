package rules

import (
	"fmt"
	"slices"
	"strings"
)

// replaced warns of labels of the admin's own that take the place of one of
// postern's or miss its name by a slip of the hand. What asks for a label asks for
// whatever has its name, so that a rule of a pack may come to mean another thing.
func (c *compiler) replaced() {
	for _, s := range c.sources {
		if s.pack {
			continue
		}
		for i := range s.Labels {
			l := &s.Labels[i]
			if c.labelOf[l.ID] != l {
				continue
			}
			packs := c.askers(l.ID, true)
			switch {
			case c.shippedLabel(l.ID) && len(packs) > 0:
				c.warn(s.title, l.Line, "give it another name, or keep what postern's has (docs/labels.md) in it", "label %q takes the place of postern's: what it says is now what these ask for: %s", l.ID, joinedWords(packs))
			case !c.shippedLabel(l.ID) && len(c.askers(l.ID, false)) == 0:
				if meant := c.misspelt(l.ID); meant != "" {
					c.warn(s.title, l.Line, fmt.Sprintf("did you mean %q?", meant), "label %q is asked for by no rule; it is a label of its own, and takes the place of none", l.ID)
				}
			}
		}
	}
}

// shippedLabel reports whether every policy has a label of that name.
func (c *compiler) shippedLabel(name string) bool {
	return slices.ContainsFunc(c.sources, func(s *source) bool {
		return s.title == labelsTitle && slices.ContainsFunc(s.Labels, func(l sourceLabel) bool { return l.ID == name })
	})
}

// misspelt is the label that a name was probably meant for, "" if there is none. Short
// names are near each other by chance.
func (c *compiler) misspelt(name string) string {
	for _, other := range c.labels {
		if other.name != name && distance(strings.ToLower(name), strings.ToLower(other.name)) <= min(2, len(other.name)/5) {
			return other.name
		}
	}
	for _, other := range c.labels {
		plain := strings.NewReplacer("-", "", "_", "", ".", "")
		if other.name != name && strings.EqualFold(plain.Replace(name), plain.Replace(other.name)) {
			return other.name
		}
	}
	return ""
}

// askers lists what asks for a label, itself or by way of another label: rules,
// exemptions and assertions, of packs alone or of all files.
func (c *compiler) askers(label string, packs bool) []string {
	sources := slices.DeleteFunc(slices.Clone(c.sources), func(s *source) bool { return packs && (!s.pack || s.title == labelsTitle) })
	names := []string{label}
	for i := 0; i < len(names); i++ {
		for _, s := range sources {
			for j := range s.Labels {
				if l := &s.Labels[j]; l.asksFor(names[i]) && !slices.Contains(names, l.ID) {
					names = append(names, l.ID)
				}
			}
		}
	}
	var rules, others []string
	for _, s := range sources {
		for i := range s.Rules {
			if r := &s.Rules[i]; (r.When.asksFor(names...) || r.Unless.asksFor(names...)) && !c.switched[r.ID] {
				rules = append(rules, fmt.Sprintf("%q", r.ID))
			}
		}
		for i := range s.Exemptions {
			if e := &s.Exemptions[i]; e.When.asksFor(names...) {
				others = append(others, fmt.Sprintf("exemption %q", e.ID))
			}
		}
		for i := range s.Assert {
			if a := &s.Assert[i]; a.Never != nil && a.Never.asksFor(names...) || a.Unless != nil && a.Unless.asksFor(names...) {
				others = append(others, fmt.Sprintf("assertion %q", a.ID))
			}
		}
	}
	switch len(rules) {
	case 0:
		return others
	case 1:
		return append([]string{"rule " + rules[0]}, others...)
	}
	rules[0] = "rules " + rules[0]
	return append(rules, others...)
}

// asksFor reports whether a condition asks for one of these labels; nil asks for none.
func (s *sourceCondition) asksFor(labels ...string) bool {
	if s == nil {
		return false
	}
	if slices.ContainsFunc(s.Label, func(name string) bool { return slices.Contains(labels, name) }) {
		return true
	}
	for _, group := range [][]sourceCondition{s.All, s.Any, s.None} {
		for i := range group {
			if group[i].asksFor(labels...) {
				return true
			}
		}
	}
	return false
}
