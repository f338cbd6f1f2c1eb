package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// replayTable sums up what changes. What it holds grows with the kinds of change,
// not with the mails.
type replayTable struct {
	c *cobra.Command
	g *global
	replaySummary
	changes map[string]*changeCount
	lacks   map[string]*lackCount
	told    map[string]int // bad lines, by file
	broken  bool
}

// replaySummary is the last object of `replay --json`.
type replaySummary struct {
	Kind           string        `json:"kind"` // "summary"
	Mails          int           `json:"mails"`
	Recipients     int           `json:"recipients"`
	Unchanged      int           `json:"unchanged"`
	Changed        int           `json:"changed"`
	Undecidable    int           `json:"undecidable"`
	WithoutVerdict int           `json:"without_verdict"`
	BadLines       int           `json:"bad_lines"`
	Changes        []changeCount `json:"changes"`
	Lacks          []lackCount   `json:"lacks"`
}

type changeCount struct {
	Count    int      `json:"count"`
	Old      outcome  `json:"old"`
	New      outcome  `json:"new"`
	Rules    []string `json:"rules"`
	NoLonger []string `json:"no_longer"`
}

type lackCount struct {
	Count int      `json:"count"`
	Rule  string   `json:"rule"`
	What  []string `json:"what"`
}

const (
	maxTold  = 20   // bad lines of a file that are told one by one
	maxKinds = 1000 // kinds of change that are told apart
)

func newReplayTable(c *cobra.Command, g *global) *replayTable {
	return &replayTable{
		c: c, g: g, replaySummary: replaySummary{Kind: "summary"},
		changes: map[string]*changeCount{}, lacks: map[string]*lackCount{}, told: map[string]int{},
	}
}

func (t *replayTable) add(r *replayed) error {
	switch {
	case r.err != nil:
		t.bad(r)
		return nil
	case r.noMail:
		return nil
	case r.noVerdict:
		t.WithoutVerdict++
		return nil
	}
	t.Mails++
	t.Unchanged += r.unchanged
	t.Recipients += r.unchanged
	for i := range r.changes {
		if err := t.count(&r.changes[i]); err != nil {
			return err
		}
	}
	return nil
}

// bad tells of a line that is no record, or of a file that cannot be read.
func (t *replayTable) bad(r *replayed) {
	out := t.c.ErrOrStderr()
	if r.broken {
		t.broken = true
		fmt.Fprintf(out, "postern: error: %s: %v\n", r.place, r.err)
		return
	}
	t.BadLines++
	t.told[r.place.File]++
	switch n := t.told[r.place.File]; {
	case n <= maxTold:
		fmt.Fprintf(out, "postern: %s: %v\n", r.place, r.err)
	case n == maxTold+1:
		fmt.Fprintf(out, "postern: %s: more such lines, which are only counted\n", r.place.File)
	}
}

func (t *replayTable) count(c *change) error {
	if c.Recipient != "" {
		t.Recipients++
	}
	if c.Kind == "undecidable" {
		t.Undecidable++
		for _, lack := range c.Undecidable {
			key := lack.Rule + "\x00" + strings.Join(lack.What, "\x00")
			if t.lacks[key] == nil && len(t.lacks) == maxKinds {
				key, lack.Rule, lack.What = "", "", []string{}
			}
			if t.lacks[key] == nil {
				t.lacks[key] = &lackCount{Rule: lack.Rule, What: orEmpty(lack.What)}
			}
			t.lacks[key].Count++
		}
	} else {
		t.Changed++
		one := changeCount{Old: c.Old, New: c.New, Rules: c.Rules, NoLonger: c.NoLonger}
		key := fmt.Sprint(one)
		if t.changes[key] == nil && len(t.changes) == maxKinds {
			key, one = "", changeCount{Rules: []string{}, NoLonger: []string{}}
		}
		if t.changes[key] == nil {
			t.changes[key] = &one
		}
		t.changes[key].Count++
	}
	if t.g.json {
		return json.NewEncoder(t.c.OutOrStdout()).Encode(c)
	}
	return nil
}

// sum puts the kinds of change in order, the most frequent first.
func (t *replayTable) sum() {
	t.Changes, t.Lacks = []changeCount{}, []lackCount{}
	for _, one := range t.changes {
		t.Changes = append(t.Changes, *one)
	}
	slices.SortFunc(t.Changes, func(a, b changeCount) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	for _, one := range t.lacks {
		t.Lacks = append(t.Lacks, *one)
	}
	slices.SortFunc(t.Lacks, func(a, b lackCount) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
}

func (t *replayTable) print() error {
	t.sum()
	out := t.c.OutOrStdout()
	if t.g.json {
		return json.NewEncoder(out).Encode(t.replaySummary)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range t.Changes {
		one := &t.Changes[i]
		fmt.Fprintf(w, "%d\t%s\t%s\n", one.Count, one.what(), one.why())
	}
	for i := range t.Lacks {
		fmt.Fprintf(w, "%d\tundecidable\t%s\n", t.Lacks[i].Count, t.Lacks[i].why())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %s: %d unchanged, %d changed, %d undecidable\n", countOf(t.Mails, "mail"), countOf(t.Recipients, "recipient"), t.Unchanged, t.Changed, t.Undecidable)
	if t.WithoutVerdict > 0 {
		fmt.Fprintf(out, "%s without a verdict left out\n", countOf(t.WithoutVerdict, "mail"))
	}
	if t.BadLines > 0 {
		fmt.Fprintf(out, "%s left out, see standard error\n", countOf(t.BadLines, "input"))
	}
	return nil
}

func (c *changeCount) what() string {
	if c.Old == (outcome{}) {
		return "other changes"
	}
	return fmt.Sprintf("%s → %s", c.Old, c.New)
}

func (c *changeCount) why() string {
	var parts []string
	if len(c.Rules) > 0 {
		parts = append(parts, ruleWords(c.Rules))
	}
	if len(c.NoLonger) > 0 {
		parts = append(parts, "no longer "+ruleWords(c.NoLonger))
	}
	return strings.Join(parts, "; ")
}

func ruleWords(ids []string) string {
	if len(ids) == 1 {
		return "rule " + ids[0]
	}
	return "rules " + strings.Join(ids, ", ")
}

func (c *lackCount) why() string {
	if c.Rule == "" {
		return "other rules ask what the record lacks"
	}
	if len(c.What) == 0 {
		return fmt.Sprintf("rule %s asks what the record lacks", c.Rule)
	}
	return fmt.Sprintf("rule %s asks what the record lacks: %s", c.Rule, strings.Join(c.What, "; "))
}
