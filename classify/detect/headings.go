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
	s := c.pos
	for s < to {
		end := t.nextMark(s, to, ^uint64(0))
		if end < to && !isBreak(t.at(end)) {
			first := end
			if end = t.nextMark(first+1, to, 0); end < to && !isLong(t.slice(s, min(first, s+longHeader))) &&
				!isLong(t.slice(max(t.lastDelim(first, end)+1, end-longHeader), end)) {
				break
			}
		}
		if end == to {
			break
		}
		s = end + 1
		if t.at(end) != '\r' {
			continue
		}
		if c.afterR = s == to; !c.afterR && t.at(s) == '\n' {
			s++
		}
	}
	c.pos = s
	c.line.begin(s)
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

// lastDelim is the place of the last delimiter in [from,to); one stands at from.
func (t *text) lastDelim(from, to int64) int64 {
	last := int(to - 1 - t.base)
	delims := t.linesOf(last/anchor.BlockBytes).Delims << (anchor.BlockBytes - 1 - last%anchor.BlockBytes)
	for delims == 0 {
		last = last&^(anchor.BlockBytes-1) - 1
		delims = t.linesOf(last / anchor.BlockBytes).Delims
	}
	return t.base + int64(last-bits.LeadingZeros64(delims))
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
