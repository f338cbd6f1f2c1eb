package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong in a file that an admin wrote.
type Mistake struct {
	File string // as the admin knows it: `policy "eu.toml"`
	Line int    // counted from 1; 0 speaks of the file as a whole
	Text string // what, got, wanted; lower case, no full stop
	Fix  string // what to do, or the name that was probably meant; may be empty
}

// String is the Mistake on one line: where, what, and the way out in brackets.
func (m Mistake) String() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, " line %d", m.Line)
	}
	b.WriteString(": ")
	b.WriteString(m.Text)
	if m.Fix != "" {
		fmt.Fprintf(&b, " (%s)", m.Fix)
	}
	return b.String()
}

// Mistakes is every mistake of a file and of those it draws on, found in one
// run. As an error it prints one mistake a line, by file and line.
type Mistakes struct {
	List []Mistake

	counterexamples []*Counterexample
	warnings        []Mistake
}

// Warnings tells what is odd about a policy that does not load.
func (m *Mistakes) Warnings() []Mistake { return slices.Clone(m.warnings) }

// Add notes a mistake. Fix may be empty.
func (m *Mistakes) Add(file string, line int, fix, format string, args ...any) {
	m.List = append(m.List, Mistake{File: file, Line: line, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// Sort orders the mistakes by line within each file; the files keep the order
// in which they came. Repeated mistakes are dropped.
func (m *Mistakes) Sort() {
	order := map[string]int{}
	for _, one := range m.List {
		if _, ok := order[one.File]; !ok {
			order[one.File] = len(order)
		}
	}
	slices.SortStableFunc(m.List, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	m.List = slices.Compact(m.List)
}

// Error prints one mistake a line.
func (m *Mistakes) Error() string {
	lines := make([]string, len(m.List))
	for i, one := range m.List {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Err is m as an error, nil if there is no mistake.
func (m *Mistakes) Err() error {
	if m == nil || len(m.List) == 0 {
		return nil
	}
	m.Sort()
	return m
}

// didYouMean is the fix for a name that is not among the known ones: the
// nearest of them, or all if they are few.
func didYouMean(got string, known []string) string {
	best, far := "", max(2, len(got)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(got), strings.ToLower(k)); d < far {
			best, far = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) == 0 || len(known) > 12 {
		return ""
	}
	sorted := slices.Clone(known)
	slices.Sort(sorted)
	return "known: " + strings.Join(sorted, ", ")
}

// distance counts the letters to change, add, drop or swap with a neighbour to
// make b of a (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
