package classify

import (
	"fmt"
	"slices"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/edm"
	"github.com/postern-mail/postern/classify/extract"
)

// Exact asks for values that stand in a table. What it finds is counted and
// listed under its ID, as a detector's findings are, always at level high.
type Exact struct {
	ID    string // "edm:clients"
	Table *edm.Table
	// Least is how many columns of one row must stand together, the primary one
	// counted; 0 and 1 are the primary one alone. Columns are those that must be
	// among them.
	Least   int
	Columns edm.Match
}

// meets reports whether a row's columns are what is asked for.
func (e *Exact) meets(m edm.Match) bool { return m.Columns() >= e.Least && m&e.Columns == e.Columns }

// compileExact checks what is asked of tables and lists the detectors whose
// bare candidates they want.
func compileExact(asked []Exact, detectors []*detect.Detector) ([]string, error) {
	var ids []string
	for i, e := range asked {
		known := func(d *detect.Detector) bool { return d.ID == e.Table.Primary().ID }
		if !slices.ContainsFunc(detectors, known) {
			return nil, fmt.Errorf("%s: its table holds values of detector %q, which is not in use", e.ID, e.Table.Primary().ID)
		}
		if slices.ContainsFunc(asked[:i], func(other Exact) bool { return other.ID == e.ID }) {
			return nil, fmt.Errorf("%s is asked twice", e.ID)
		}
		ids = append(ids, e.Table.Primary().ID)
	}
	return ids, nil
}

// exactScan is what a Scan keeps for its tables.
type exactScan struct {
	readers map[*edm.Table]*edm.Reader
}

// exact looks a match up in the tables.
func (t *textStream) exact(m *detect.Match, quoted bool) {
	s := t.scan
	id := s.scanner.set.Detectors[m.Detector].ID
	var table *edm.Table
	var rows []edm.Match
	for i := range s.scanner.exact {
		e := &s.scanner.exact[i]
		if e.Table.Primary().ID != id || s.full(e) {
			continue
		}
		if e.Table != table {
			table = e.Table
			rows = s.exactReader(table).Find(m.Value, func() (before, after []byte) { return t.matches.Around(m) })
		}
		if best, ok := e.best(rows); ok {
			s.addExact(i, best, m, t.path, t.where, quoted)
		} else if len(rows) > 0 {
			s.addPartly(e, rows)
		}
	}
}

// addPartly notes which columns stood together where more were wanted.
func (s *Scan) addPartly(e *Exact, rows []edm.Match) {
	row := slices.MaxFunc(rows, func(a, b edm.Match) int { return a.Columns() - b.Columns() })
	if len(s.report.Partly[e.ID]) < row.Columns() {
		s.report.Partly[e.ID] = e.names(row)
	}
}

// names are the columns that stand together.
func (e *Exact) names(row edm.Match) []string {
	var names []string
	for n, c := range e.Table.Columns() {
		if row>>n&1 == 1 {
			names = append(names, c.Name)
		}
	}
	return names
}

// best is the row with the most columns of those that are what is asked for.
func (e *Exact) best(rows []edm.Match) (best edm.Match, ok bool) {
	for _, row := range rows {
		if e.meets(row) && row.Columns() > best.Columns() {
			best, ok = row, true
		}
	}
	return best, ok
}

func (s *Scan) exactReader(table *edm.Table) *edm.Reader {
	r := s.exacts.readers[table]
	if r == nil {
		if s.exacts.readers == nil {
			s.exacts.readers = map[*edm.Table]*edm.Reader{}
		}
		r = table.NewReader()
		s.exacts.readers[table] = r
	}
	return r
}

// full reports whether as many values of a table were found as are told apart.
// It is not asked any more then: a look around every number of a stolen list
// would take longer than the mail has, and its counts say "at least".
func (s *Scan) full(e *Exact) bool {
	t := s.report.Tallies[e.ID]
	return t != nil && t.AtLeast
}

// addExact counts and lists a value of a table. Its context are the names of the
// columns that stand together.
func (s *Scan) addExact(i int, row edm.Match, m *detect.Match, path string, where extract.Where, quoted bool) {
	e := &s.scanner.exact[i]
	at := len(s.scanner.set.Detectors) + i
	found := *m
	found.Confidence, found.Context = detect.High, e.names(row)
	s.count(at, e.ID, &found, path, placeIndex(where, quoted))
	s.list(at, e.ID, &found, path, where, quoted)
}
