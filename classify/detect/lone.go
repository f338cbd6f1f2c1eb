package detect

import "bytes"

// again reports whether the candidate in f.c adds no row: its detector found
// something in this one before, or its label is the cell beside it, as in a header
// row. The rows are those of columns: a line, or what a quoted cell makes of several.
func (f *finder) again(level Confidence, where *context) bool {
	if level == None {
		return false
	}
	if where.at >= 0 && where.at < f.c.start && bytes.ContainsAny(f.text.slice(where.at, f.c.start), delimiters) {
		return true
	}
	row := f.columns.line.start + 1
	if f.rows[f.detector] == row {
		return true
	}
	f.rows[f.detector] = row
	return false
}

// The reach of alone.
const (
	loneMargin = 16  // characters beside a value
	openingEnd = 200 // what begins before this may be the first text
)

// alone reports whether a candidate has its line to itself, but for blanks and a
// comma, full stop or exclamation mark behind it; and whether there is text above.
func (f *finder) alone(c *candidate) bool {
	t, from, to := f.text, c.start, c.end
	for from > t.base && c.start-from < loneMargin && (t.at(from-1) == ' ' || t.at(from-1) == '\t' || t.at(from-1) == '*') {
		from--
	}
	for to < t.end() && to-c.end < loneMargin && isLoneEnd(t.at(to)) {
		to++
	}
	if from == 0 || !isBreak(t.at(from-1)) || to < t.end() && !isBreak(t.at(to)) {
		return false
	}
	if from > openingEnd {
		return true
	}
	for _, b := range t.slice(0, from) {
		if isAlnumByte(b) || b >= 0x80 {
			return true
		}
	}
	return false
}

func isLoneEnd(b byte) bool {
	switch b {
	case ' ', '\t', ',', '.', '!', '*':
		return true
	}
	return false
}

func isBreak(b byte) bool { return b == '\n' || b == '\r' }
