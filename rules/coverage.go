package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sourceClause is a clause of the written policy that a file enforces.
type sourceClause struct {
	Pos
	Title          string `toml:"title"`
	Assisted       string `toml:"assisted"`
	NotEnforceable string `toml:"not_enforceable"`
}

// Clause is a clause of a written policy, and what becomes of it.
type Clause struct {
	Policy string   `json:"policy"` // the id of the file that lists it
	ID     string   `json:"clause"`
	Title  string   `json:"title"`
	How    Coverage `json:"how"`
	Rules  []string `json:"rules"` // rules and exemptions that cite it
	Reason string   `json:"reason"`
}

// Coverage says what becomes of a clause.
type Coverage string

// A clause is enforced by rules, or they help people to keep it, or nothing can
// be done; one whose rules are all switched off is off.
const (
	Enforced       Coverage = "enforced"
	Assisted       Coverage = "assisted"
	NotEnforceable Coverage = "not-enforceable"
	SwitchedOff    Coverage = "off"
)

// Coverage lists the clauses of the policy and of the packs that it uses, in the
// order of their files.
func (p *Policy) Coverage() []Clause { return slices.Clone(p.coverage) }

// clausesOf are the clauses that a rule cites: "1.6, 1.7" are two.
func clausesOf(cited string) []string {
	var all []string
	for one := range strings.SplitSeq(cited, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// cover works out what becomes of each clause that a file lists.
func (c *compiler) cover() {
	present := map[string]bool{}
	for i := range c.Policy.rules {
		present[c.Policy.rules[i].id] = true
	}
	for _, s := range c.sources {
		if len(s.Clauses) == 0 {
			continue
		}
		cited, all := map[string][]string{}, map[string]bool{}
		cite := func(clause, id string, here bool) {
			for _, one := range clausesOf(clause) {
				all[one] = true
				if here {
					cited[one] = append(cited[one], id)
				}
			}
		}
		for i := range s.Rules {
			cite(s.Rules[i].Clause, s.Rules[i].ID, present[s.Rules[i].ID])
		}
		for i := range s.Exemptions {
			cite(s.Exemptions[i].Clause, s.Exemptions[i].ID, true)
		}
		c.coverFile(s, cited, all)
		c.unlisted(s)
	}
}

func (c *compiler) coverFile(s *source, cited map[string][]string, all map[string]bool) {
	ids := slices.SortedFunc(maps.Keys(s.Clauses), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Clauses[a].Line, s.Clauses[b].Line), cmp.Compare(a, b))
	})
	for _, id := range ids {
		of := s.Clauses[id]
		one := Clause{Policy: s.Policy.ID, ID: id, Title: of.Title, How: Enforced, Rules: slices.Sorted(slices.Values(cited[id])), Reason: cmp.Or(of.NotEnforceable, of.Assisted)}
		if one.Rules == nil {
			one.Rules = []string{}
		}
		switch {
		case of.NotEnforceable != "" && of.Assisted != "":
			c.mistakes.Add(s.title, of.Line, "", "clause %q: assisted and not enforceable at once", id)
		case of.NotEnforceable != "" && all[id]:
			c.mistakes.Add(s.title, of.At("not_enforceable"), "say assisted, or take the clause from the rule", "clause %q is said not to be enforceable, but rule %q cites it", id, strings.Join(one.Rules, ", "))
		case of.NotEnforceable != "":
			one.How = NotEnforceable
		case of.Assisted != "":
			one.How = Assisted
		case !all[id]:
			c.mistakes.Add(s.title, of.Line, "write a rule with this clause, or say assisted or not_enforceable with the reason", "clause %q has no rule", id)
		case len(one.Rules) == 0:
			one.How, one.Reason = SwitchedOff, "its rules are switched off"
		}
		c.coverage = append(c.coverage, one)
	}
}

// unlisted warns of rules that cite a clause which the file's list lacks.
func (c *compiler) unlisted(s *source) {
	for i := range s.Rules {
		for _, one := range clausesOf(s.Rules[i].Clause) {
			if _, ok := s.Clauses[one]; !ok {
				c.warn(s.title, s.Rules[i].At("clause"), fmt.Sprintf("list it: [clauses.%q]", one), "rule %q cites clause %q, which is not in the list of clauses", s.Rules[i].ID, one)
			}
		}
	}
}
