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
	start, first, last := c.pos, int64(-1), int64(-1) // of the line, and of its delimiters
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
		breaks, delims := t.lines[block].Breaks&keep, t.lines[block].Delims&keep
		for breaks != 0 {
			end := int64(bits.TrailingZeros64(breaks))
			if here := delims & (breaks&-breaks - 1); here != 0 {
				if last = at + int64(bits.Len64(here)) - 1; first < 0 {
					first = at + int64(bits.TrailingZeros64(here))
				}
			}
			if first >= 0 && c.mayHead(t, start, first, last, at+end) {
				c.pos = start
				c.line.begin(start)
				return
			}
			start, first = at+end+1, -1
			delims &^= breaks ^ (breaks - 1)
			breaks &= breaks - 1
		}
		if delims != 0 {
			if last = at + int64(bits.Len64(delims)) - 1; first < 0 {
				first = at + int64(bits.TrailingZeros64(delims))
			}
		}
		block, keep = block+1, ^uint64(0)
	}
	c.pos, c.afterR = start, start == to && t.at(to-1) == '\r'
	c.line.begin(start)
}

// mayHead reports whether the first and the last cell of a line may be those of a
// header row, by whichever delimiter they end and begin.
func (c *columns) mayHead(t *text, start, first, last, end int64) bool {
	return !isLong(t.slice(start, min(first, start+longHeader))) && !isLong(t.slice(max(last+1, end-longHeader), end))
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
