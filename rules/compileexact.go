package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/edm"
)

// exactPrefix begins the ids of what tables find.
const exactPrefix = "edm:"

// maxKeyFile bounds the file of a table's key.
const maxKeyFile = 1 << 16

// exactTable is an open table with how it stands in the policy.
type exactTable struct {
	*edm.Table
	source *sourceTable
	file   string // that defines it
	used   bool
}

// openTables opens the tables for exact data match. A table is read here, and not
// again before the next reload.
func (c *compiler) openTables() {
	for _, s := range c.sources {
		for i := range s.EDM {
			t := &s.EDM[i]
			wrong := func(key, fix, format string, args ...any) {
				c.broken[exactPrefix+t.ID] = true
				c.mistakes.Add(s.title, t.At(key), fix, "edm table %q: %s", t.ID, fmt.Sprintf(format, args...))
			}
			switch first := c.tables[t.ID]; {
			case !validID(t.ID):
				wrong("id", "letters, digits, - . _", "no usable name")
			case first != nil:
				wrong("id", "choose another name", "it stands in %s line %d already", first.file, first.source.Line)
			case s.pack:
				wrong("file", "", "a pack has no files")
			case t.blamed():
				c.broken[exactPrefix+t.ID] = true
			case t.File == "" || t.KeyFile == "":
				wrong("file", "say file and key_file", "the file of the table or that of its key is missing")
			default:
				table := c.openTable(s, t, wrong)
				if table == nil {
					continue
				}
				c.tables[t.ID] = &exactTable{Table: table, source: t, file: s.title}
				c.sums = append(c.sums, exactPrefix+t.ID+" "+table.Checksum())
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		c.exact(name, nil, c.tables[name].source.Pos, func(line int, fix, format string, args ...any) {
			t := c.tables[name]
			c.mistakes.Add(t.file, line, fix, "edm table %q: %s", name, fmt.Sprintf(format, args...))
		})
	}
}

func tableFix(err error) string {
	if errors.Is(err, edm.ErrKey) {
		return "name the key that postern edm build was given, or build the table again"
	}
	return ""
}

// openTable reads key and table, nil if one of them cannot be read.
func (c *compiler) openTable(s *source, t *sourceTable, wrong func(key, fix, format string, args ...any)) *edm.Table {
	file, keyFile := s.beside(t.File), s.beside(t.KeyFile)
	c.files, c.keys = append(c.files, keyFile, file), append(c.keys, keyFile)
	secret, err := readFile(keyFile, maxKeyFile)
	if err != nil {
		wrong("key_file", "", "cannot read %q: %v", keyFile, plainError(err))
		_, err := readFile(file, 0)
		if missing, ok := errors.AsType[*fs.PathError](err); ok {
			wrong("file", "", "cannot read %q: %v", file, missing.Err)
		}
		return nil
	}
	known := slices.Clone(c.inUse)
	for id := range c.broken {
		known = append(known, &detect.Detector{ID: id}) // that it does not compile was told
	}
	table, err := edm.Open(file, edm.TrimKey(secret), known)
	if err != nil {
		wrong("file", tableFix(err), "cannot read %q: %v", file, plainError(err))
		return nil
	}
	return table
}

// beside is the path of a file that a policy names.
func (s *source) beside(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(s.dir, file)
}

// exact asks a table for rows of which these columns stand together, and returns
// what stands for them in conditions. Equal demands are asked once.
func (c *compiler) exact(name string, columns *sourceColumns, at Pos, wrong func(line int, fix, format string, args ...any)) *detect.Detector {
	t := c.tables[name]
	all := t.Columns()
	id, ask := exactPrefix+name, classify.Exact{Table: t.Table, Least: min(2, len(all))}
	if columns != nil && (t.source.Columns == nil || columns.key() != t.source.Columns.key()) {
		id += "(" + columns.key() + ")"
	} else {
		columns = t.source.Columns
	}
	if d := c.known[id]; d != nil {
		return d
	}
	ask.ID = id
	if columns != nil {
		ask.Least = columns.least
		for _, column := range columns.names {
			i := slices.IndexFunc(all, func(one edm.Column) bool { return strings.EqualFold(one.Name, column) })
			if i < 0 {
				wrong(at.At("columns"), didYouMean(column, columnNames(all)), "table %q has no column %q", name, column)
				continue
			}
			ask.Columns |= 1 << i
		}
		if ask.Least > len(all) {
			wrong(at.At("columns"), "", "%d columns are wanted, table %q has %d", ask.Least, name, len(all))
		}
	}
	d := &detect.Detector{ID: id, Title: t.title(name)}
	c.known[id] = d
	c.exacts = append(c.exacts, ask)
	return d
}

func (t *exactTable) title(name string) string {
	if t.source.Title != "" {
		return t.source.Title
	}
	return "record of " + name
}

func columnNames(all []edm.Column) []string {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names
}

// exactly compiles a condition on tables: what they find is counted as what
// detectors find.
func (c *ruleCompiler) exactly(s *sourceCondition) []*detect.Detector {
	var all []*detect.Detector
	for _, name := range s.EDM {
		t := c.tables[name]
		if t == nil && c.broken[exactPrefix+name] {
			continue
		}
		if t == nil {
			c.wrong(s.At("edm"), didYouMean(name, slices.Collect(maps.Keys(c.tables))), "unknown edm table %q", name)
			continue
		}
		t.used = true
		all = append(all, c.exact(name, s.Columns, s.Pos, c.wrong))
	}
	if len(s.EDM) == 0 {
		c.wrong(s.At("edm"), "", "edm names no table")
	}
	return all
}
