package detect

import (
	"bytes"
	"unicode/utf8"
)

// delimiters of tables, in the order in which they are trusted: a semicolon
// makes a comma in the same line a decimal point or prose.
const delimiters = "\t|;,"

// row counts the delimiters of a line. Those between double quotes do not
// count, unless the quotes are never closed.
type row struct {
	start  int64
	count  [len(delimiters)]int
	cell   [len(delimiters)]int64 // where the present cell begins
	quoted [len(delimiters)]int   // delimiters since the open quote
	inside bool
	fresh  bool // nothing but spaces since the cell began: a quote opens here
	shut   bool // the last character closed a quote: another one opens it again
	text   bool // the line is not blank
}

// nextLine is the length of what stands before the first line break in s, or
// that of a piece without one.
func nextLine(s []byte) (int, bool) {
	s = s[:min(len(s), linePiece)]
	n := bytes.IndexByte(s, '\n')
	brk := n >= 0
	if !brk {
		n = len(s)
	}
	if r := bytes.IndexByte(s[:n], '\r'); r >= 0 {
		return r, true
	}
	return n, brk
}

// linePiece is how much of a line is read at once.
const linePiece = 512

func newRow(at int64) row {
	r := row{start: at, fresh: true}
	for d := range r.cell {
		r.cell[d] = at
	}
	return r
}

// read counts the delimiters in a piece of a line that begins at a position.
func (r *row) read(s []byte, at int64) {
	if !r.text {
		r.text = len(bytes.TrimLeft(s, " \v\f")) > 0
	}
	if !r.inside && bytes.IndexByte(s, '"') < 0 {
		r.readPlain(s, at)
		return
	}
	for i, b := range s {
		r.step(b, at+int64(i))
	}
}

// step reads one byte of a line.
func (r *row) step(b byte, at int64) {
	shut := r.shut
	r.shut = false
	switch d := delimiterOf[b]; {
	case b == '"' && r.inside:
		r.inside, r.shut = false, true
	case b == '"' && (r.fresh || shut):
		r.inside, r.quoted, r.fresh = true, [len(delimiters)]int{}, false
	case d >= 0 && r.inside:
		r.quoted[d]++
	case d >= 0:
		r.count[d]++
		r.cell[d] = at + 1
		r.fresh = true
	case b != ' ':
		r.fresh = false
	}
}

// readPlain reads a piece that holds no quotes and is in none.
func (r *row) readPlain(s []byte, at int64) {
	if len(s) == 0 {
		return
	}
	last := -1
	for d := range len(delimiters) {
		if n := bytes.Count(s, []byte{delimiters[d]}); n > 0 {
			i := bytes.LastIndexByte(s, delimiters[d])
			r.count[d] += n
			r.cell[d] = at + int64(i) + 1
			last = max(last, i)
		}
	}
	r.shut = false
	r.fresh = (r.fresh || last >= 0) && len(bytes.TrimLeft(s[last+1:], " ")) == 0
}

// delims is the number of delimiters if the line ended here.
func (r *row) delims(d int) int {
	if r.inside {
		return r.count[d] + r.quoted[d]
	}
	return r.count[d]
}

var delimiterOf = func() (of [256]int8) {
	for i := range of {
		of[i] = -1
	}
	for i, c := range []byte(delimiters) {
		of[c] = int8(i)
	}
	return of
}()

// splitRow appends where the cells of a row end. It fails as soon as a cell
// cannot be that of a header row.
func splitRow(line []byte, d int, ends []int32) ([]int32, bool) {
	if bytes.IndexByte(line, '"') >= 0 {
		return splitQuoted(line, d, ends)
	}
	for from := 0; ; {
		n := bytes.IndexByte(line[from:], delimiters[d])
		if n < 0 {
			return append(ends, int32(len(line))), isHeading(line[from:])
		}
		if !isHeading(line[from : from+n]) {
			return ends, false
		}
		ends = append(ends, int32(from+n))
		from += n + 1
	}
}

// splitQuoted is splitRow for a row with quotes.
func splitQuoted(line []byte, d int, ends []int32) ([]int32, bool) {
	r, before, from := newRow(0), 0, 0
	for i, b := range line {
		inside := r.inside
		r.step(b, int64(i))
		switch {
		case !inside && r.inside:
			before = len(ends)
		case inside && !r.inside:
			ends = ends[:before] // the delimiters between the quotes were none
		case b == delimiters[d]:
			ends = append(ends, int32(i))
			if !r.inside {
				if !isHeading(line[from:i]) {
					return ends, false
				}
				from = i + 1
			}
		}
	}
	ends = append(ends, int32(len(line)))
	from = 0
	for _, end := range ends {
		if !isHeading(line[from:end]) {
			return ends, false
		}
		from = int(end) + 1
	}
	return ends, true
}

// isHeading reports whether a cell can be a column's header.
func isHeading(s []byte) bool {
	s = bytes.Trim(s, " \t\"")
	if len(s) > headerChars*utf8.UTFMax || utf8.RuneCount(s) > headerChars {
		return false
	}
	run, all := 0, 0
	for _, c := range s {
		if !isDigit(c) {
			run = 0
			continue
		}
		run, all = run+1, all+1
		if run >= 8 || all >= 9 {
			return false
		}
	}
	return true
}
