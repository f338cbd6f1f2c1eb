package detect

import (
	"bytes"
	"math/bits"

	"github.com/postern-mail/postern/classify/anchor"
)

// delimiters of tables, in the order in which they are trusted: a semicolon
// makes a comma in the same line a decimal point or prose.
const delimiters = "\t|;,"

// row counts the delimiters of a line. Those between double quotes do not
// count, unless the quotes are never closed. It is read by the marks of the
// text; the bytes between delimiters and quotes are not looked at.
type row struct {
	start  int64
	cell   [len(delimiters)]int64 // behind the last delimiter that counts, of whatever line
	count  [len(delimiters)]int32
	quoted [len(delimiters)]int32 // delimiters since the open quote
	inside bool
	opened int64 // where the first quote opened, -1 if none did
	shut   int64 // behind the last closing quote: another one there opens it again
	fresh  int64 // from the beginning of the cell to here stand only spaces, so a quote opens here; or -1
	blank  int64 // from the beginning of the line to here it is blank; -1 if it is not
}

// begin makes the row that of a line which begins at a position.
func (r *row) begin(at int64) {
	r.start, r.fresh, r.blank = at, at, at
	r.count = [len(delimiters)]int32{}
	r.inside, r.opened, r.shut = false, -1, -1
}

// read reads the line from one position to another, or to the line break before
// that, and tells where it came to.
func (r *row) read(t *text, from, to int64) (int64, bool) {
	for from < to {
		i := int(from - t.base)
		block := i / anchor.BlockBytes
		at := t.base + int64(block*anchor.BlockBytes)
		m := t.linesOf(block)
		keep := ^uint64(0) << (i % anchor.BlockBytes)
		if n := to - at; n < anchor.BlockBytes {
			keep &= 1<<n - 1
		}
		end := min(at+anchor.BlockBytes, to)
		brk := m.Breaks&keep != 0
		if brk {
			n := bits.TrailingZeros64(m.Breaks & keep)
			end = at + int64(n)
			keep &= 1<<n - 1
		}
		r.block(t, t.cellsOf(block), at, keep, end)
		if brk {
			return end, true
		}
		from = end
	}
	return from, false
}

// block reads what a line has in one block, up to end.
func (r *row) block(t *text, m *anchor.Cells, at int64, keep uint64, end int64) {
	cells, quotes := (m.Delims[0]|m.Delims[1]|m.Delims[2]|m.Delims[3])&keep, m.Quotes&keep
	if r.blank >= 0 {
		if cells|quotes != 0 {
			r.blank = -1
		} else {
			r.blank = skip(t, r.blank, end, isBlank)
		}
	}
	switch {
	case r.inside || quotes != 0 && r.mayOpen(t, at, quotes):
		r.step(t, at, cells|quotes)
	case cells != 0:
		for d, c := range m.Delims {
			if c &= keep; c != 0 {
				r.count[d] += int32(bits.OnesCount64(c))
				r.cell[d] = at + int64(bits.Len64(c))
			}
		}
		r.fresh = at + int64(bits.Len64(cells))
		if quotes>>(r.fresh-at) != 0 {
			r.fresh = -1
		}
	case quotes != 0:
		r.fresh = -1
	}
	if r.fresh >= 0 {
		r.fresh = skip(t, r.fresh, end, isSpaceSign)
	}
}

// mayOpen reports whether any of the quotes in a block may open, or may again.
func (r *row) mayOpen(t *text, at int64, quotes uint64) bool {
	if r.shut >= 0 || r.fresh == at {
		return true
	}
	for ; quotes != 0; quotes &= quotes - 1 {
		p := at + int64(bits.TrailingZeros64(quotes))
		if c := t.at(p - 1); p == r.fresh || c == ' ' || c == '\t' || delimiterOf[c] > 0 {
			return true
		}
	}
	return false
}

// skip returns to if nothing but such characters stands in [from,to), else -1.
func skip(t *text, from, to int64, is func(byte) bool) int64 {
	for _, c := range t.slice(from, to) {
		if !is(c) {
			return -1
		}
	}
	return to
}

func isBlank(c byte) bool     { return c == ' ' || c == '\v' || c == '\f' }
func isSpaceSign(c byte) bool { return c == ' ' }

// step takes the delimiters and quotes of a block that begins at a position.
func (r *row) step(t *text, at int64, cells uint64) {
	s := t.buf[at-t.base:]
	for ; cells != 0; cells &= cells - 1 {
		n := bits.TrailingZeros64(cells)
		p := at + int64(n)
		switch c := s[n]; {
		case c == '"':
			r.quote(t, p)
		case r.inside:
			r.quoted[delimiterOf[c]&3]++
		default:
			d := delimiterOf[c] & 3
			r.count[d]++
			r.cell[d], r.fresh = p+1, p+1
		}
	}
}

func (r *row) quote(t *text, p int64) {
	switch {
	case r.inside:
		r.inside, r.shut = false, p+1
		return
	case r.shut == p || r.fresh >= 0 && skip(t, r.fresh, p, isSpaceSign) >= 0:
		r.inside, r.quoted = true, [len(delimiters)]int32{}
		if r.opened < 0 {
			r.opened = p
		}
	}
	r.fresh = -1
}

// delims is the number of delimiters if the line ended here.
func (r *row) delims(d int) int {
	if r.inside {
		return int(r.count[d] + r.quoted[d])
	}
	return int(r.count[d])
}

// cellStart is where the present cell begins.
func (r *row) cellStart(d int) int64 { return max(r.cell[d], r.start) }

// delimiterOf are the indices of the delimiters.
var delimiterOf = func() (of [256]uint8) {
	for i, c := range []byte(delimiters) {
		of[c] = uint8(i)
	}
	return of
}()

// splitHeader appends where the cells of a row end, and fails if it cannot be a header
// row. No eight digits stand in a row in it. quote is where its first quote opens, less
// than 0 if none does.
func (t *text) splitHeader(from, to int64, d int, quote int64, ends []int32) ([]int32, bool) {
	line := t.slice(from, to)
	if !namesColumns(line) {
		return ends, false
	}
	if quote < 0 {
		return t.splitRow(from, to, d, ends)
	}
	if n := bytes.IndexByte(line[:quote-from], delimiters[d]); n >= 0 && !isHeading(line[:n]) {
		return ends, false
	}
	return splitQuoted(line, d, ends)
}

// splitRow appends where the cells of a row end, of a line in which no eight digits stand
// in a row. It fails as soon as a cell cannot be that of a header row.
func (t *text) splitRow(from, to int64, d int, ends []int32) ([]int32, bool) {
	start, cell := from, from
	for from < to {
		block := int(from-t.base) / anchor.BlockBytes
		at := t.base + int64(block*anchor.BlockBytes)
		next := min(at+anchor.BlockBytes, to)
		found := uint64(0)
		if t.linesOf(block).Delims>>(from-at) != 0 {
			found = t.cellsOf(block).Delims[d] & (^uint64(0) << (from - at))
		}
		for ; found != 0; found &= found - 1 {
			end := at + int64(bits.TrailingZeros64(found))
			if end >= to {
				break
			}
			if !t.isHeading(cell, end) {
				return ends, false
			}
			ends, cell = append(ends, int32(end-start)), end+1
		}
		from = next
	}
	return append(ends, int32(to-start)), t.isHeading(cell, to)
}

// isHeading reports whether a cell can be a column's header, if no eight digits stand in
// a row in it.
func (t *text) isHeading(from, to int64) bool {
	switch {
	case to-from < 9:
		return true
	case to-from > headerChars:
		return isHeading(t.slice(from, to))
	}
	i := int(from - t.base)
	block, k := i/anchor.BlockBytes, i%anchor.BlockBytes
	digits := t.marks[block].Digits >> k
	if block+1 < len(t.marks) {
		digits |= t.marks[block+1].Digits << (anchor.BlockBytes - k)
	}
	return bits.OnesCount64(digits&(1<<(to-from)-1)) < 9
}

// splitQuoted is splitRow for a row in which quotes open. A quote that is never
// closed hides no delimiter.
func splitQuoted(line []byte, d int, ends []int32) ([]int32, bool) {
	inside, fresh, shut := false, true, false
	open, from := 0, 0 // cells before the quote opened; where the present cell begins
	for i, c := range line {
		closed := false
		switch {
		case c == '"' && inside:
			inside, closed = false, true
			ends = ends[:open] // the delimiters between the quotes were none
		case c == '"' && (fresh || shut):
			inside, fresh, open = true, false, len(ends)
		case c == delimiters[d]:
			if ends = append(ends, int32(i)); !inside {
				if !isHeading(line[from:i]) {
					return ends, false
				}
				fresh, from = true, i+1
			}
		case !inside && (c == '\t' || delimiterOf[c] > 0):
			fresh = true
		case c != ' ':
			fresh = false
		}
		shut = closed
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
