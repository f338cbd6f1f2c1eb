package detect

import (
	"math/bits"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/anchor"
)

// pass goes on from the beginning of a line to that of the next which may be a header
// row, or whose end is not before to. It is for where no table goes on: the cells of
// most lines are too long for a header, and then nothing else of them matters.
func (c *columns) pass(t *text, to int64) {
	start, before := c.pos, ^uint64(0) // where the line begins; the marks of the block before
	from, block, made := int(c.pos-t.base), int(c.pos-t.base)/anchor.BlockBytes, 0
	keep := ^uint64(0) << (from % anchor.BlockBytes)
	for at := t.base + int64(block*anchor.BlockBytes); at < to; at += anchor.BlockBytes {
		if rest := to - at; rest < anchor.BlockBytes {
			keep &= 1<<rest - 1
		}
		if block >= made {
			made = (block/pageBlocks + 1) * pageBlocks
			t.needLines(block, min(made-1, int(to-1-t.base)/anchor.BlockBytes))
		}
		m := &t.lines[block]
		marks := m.Breaks | m.Delims
		for breaks := m.Breaks & keep; breaks != 0; breaks &= breaks - 1 {
			n := bits.TrailingZeros64(breaks)
			end := at + int64(n)
			near := marks<<(anchor.BlockBytes-n) | before>>n
			if (near>>(anchor.BlockBytes-longTail) != 0 || !t.endsLong(end)) && t.mayHead(start, end) {
				c.pos = start
				c.line.begin(start)
				return
			}
			start = end + 1
		}
		block, before, keep = block+1, marks, ^uint64(0)
	}
	c.pos, c.afterR = start, start == to && t.at(to-1) == '\r'
	c.line.begin(start)
}

// mayHead reports whether the first and the last cell of a line may be those of a
// header row, by whichever delimiter they end and begin. It has none if it is one cell.
func (t *text) mayHead(start, end int64) bool {
	first := t.nextMark(start, end, ^uint64(0))
	return first < end && !isLong(t.slice(start, min(first, start+longHeader))) && !isLong(t.slice(t.markBefore(end, max(start, end-longHeader)), end))
}

// longTail is so many bytes at the end of a line that most cells which have them are
// too long for a header.
const longTail = headerChars + 4

// endsLong reports at little cost that the last cell of a line is too long for a
// header, if it has longTail bytes or more. It may fail to see that.
func (t *text) endsLong(end int64) bool {
	tail := t.slice(end-longTail, end)
	if len(tail) < longTail || isMargin(tail[longTail-1]) || t.wide > end-longTail && anchor.ASCII(tail) < longTail {
		return false
	}
	return !isMargin(tail[0]) || !isMargin(tail[1]) || !isMargin(tail[2]) || !isMargin(tail[3])
}

// silent is the last cell, or a part of it, in which no keyword heads a column.
type silent struct{ from, to int64 }

// heads reports whether a keyword at [from,to) may stand in a cell of a header: in one
// that is no longer than such a cell, and not all of its line.
func (s *silent) heads(t *text, from, to int64) bool {
	if s.from <= from && to <= s.to {
		return false
	}
	end := t.nextMark(to, min(to+longHeader, t.end()), ^uint64(0))
	start := t.markBefore(from, max(from-longHeader, t.base))
	if !isLong(t.slice(start, end)) && (end == t.end() || !isBreak(t.at(end)) || start > t.base && !isBreak(t.at(start-1))) {
		return true
	}
	*s = silent{start, end}
	return false
}

// markBefore is behind the last line break or delimiter in [limit,p), or limit.
func (t *text) markBefore(p, limit int64) int64 {
	for p > limit {
		block := int(p-1-t.base) / anchor.BlockBytes
		m, at := t.linesOf(block), t.base+int64(block*anchor.BlockBytes)
		if found := (m.Breaks | m.Delims) << (anchor.BlockBytes - (p - at)); found != 0 {
			return max(p-int64(bits.LeadingZeros64(found)), limit)
		}
		p = at
	}
	return limit
}

// longHeader is more bytes than need be looked at to know that a cell is too long.
const longHeader = 2 * headerChars * utf8.UTFMax

// nextMark is the place of the first line break in [from,to), or delimiter if those are
// asked for by a mask of ones; or to.
func (t *text) nextMark(from, to int64, delims uint64) int64 {
	for from < to {
		i := int(from - t.base)
		block := i / anchor.BlockBytes
		m := t.linesOf(block)
		if found := (m.Breaks | m.Delims&delims) >> (i % anchor.BlockBytes); found != 0 {
			return min(from+int64(bits.TrailingZeros64(found)), to)
		}
		from = t.base + int64(block+1)*anchor.BlockBytes
	}
	return to
}

// isHeading reports whether a cell can be a column's header.
func isHeading(s []byte) bool {
	if isLong(s) {
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

// isLong reports whether a cell, or a part of one, is too long for a header.
func isLong(s []byte) bool {
	if len(s) <= headerChars {
		return false
	}
	for len(s) > 0 && (isMargin(s[0]) || isInner(s[0])) {
		s = s[1:]
	}
	for len(s) > 0 && isMargin(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return len(s) > headerChars && (len(s) > headerChars*utf8.UTFMax || anchor.ASCII(s[:headerChars+1]) > headerChars || utf8.RuneCount(s) > headerChars)
}

func isMargin(c byte) bool { return c == ' ' || c == '\t' || c == '"' }
