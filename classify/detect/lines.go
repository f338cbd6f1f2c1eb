package detect

import (
	"math/bits"

	"github.com/postern-mail/postern/classify/anchor"
)

// lines follows the line breaks of a text.
type lines struct {
	quiet int64 // up to here the breaks are known
	last  int64 // behind the last of them
	blank int64 // behind the last one that ends an empty line
}

// follow reads on to position to, from there backwards: behind the last empty line
// nothing more needs to be known.
func (l *lines) follow(t *text, to int64) {
	if to <= l.quiet {
		return
	}
	first, last := int(l.quiet-t.base)/anchor.BlockBytes, int(to-1-t.base)/anchor.BlockBytes
	from := ^uint64(0) << max(l.quiet-t.base-int64(first*anchor.BlockBytes), 0)
	upto := ^uint64(0) >> (-int(to-t.base) & (anchor.BlockBytes - 1))
	keep := func(block int, marks uint64) uint64 {
		if block == first {
			marks &= from
		}
		if block == last {
			marks &= upto
		}
		return marks
	}
	for block := last; block >= first; block-- {
		if breaks := keep(block, t.linesOf(block).Breaks); breaks != 0 {
			l.last = t.base + int64(block*anchor.BlockBytes+bits.Len64(breaks))
			break
		}
	}
	for block := last; block >= first; block-- {
		var empty uint64
		if block, empty = t.emptyLine(max(block&^(pageBlocks-1), first), block); keep(block, empty) != 0 {
			l.blank = t.base + int64(block*anchor.BlockBytes+bits.Len64(keep(block, empty)))
			break
		}
	}
	l.quiet = to
}

// emptyLine returns the last of some blocks of a page in which an empty line ends, and
// behind which breaks such do in it; else the first block and none.
func (t *text) emptyLine(first, block int) (int, uint64) {
	t.needLines(first, block)
	lines := t.lines[first : block+1]
	for i := len(lines) - 1; i > 0; i-- { // without a jump for each block that has a break
		m, last := &lines[i], &lines[i-1]
		if empty := m.Empty(last.Breaks>>63, last.Feeds>>63); empty != 0 {
			return first + i, empty
		}
	}
	var before, feed uint64
	switch t.at(t.base + int64(first*anchor.BlockBytes) - 1) {
	case '\n':
		before, feed = 1, 1
	case '\r':
		before = 1
	}
	return first, lines[0].Empty(before, feed)
}

// needLines makes the lines of some blocks.
func (t *text) needLines(first, last int) {
	for page := first / pageBlocks; page <= last/pageBlocks; page++ {
		if end := min(last, (page+1)*pageBlocks-1); int(t.made[page].lines) <= end%pageBlocks {
			t.makeLines(end)
		}
	}
}

// lineBefore is where the line of a position begins; it fails if that is farther than
// the end of a row is looked for.
func (t *text) lineBefore(p int64) (int64, bool) {
	i := int(p - t.base)
	first := max(i-rowAhead, 0) / anchor.BlockBytes
	keep := uint64(1)<<(i%anchor.BlockBytes) - 1
	for block := i / anchor.BlockBytes; block >= first; block-- {
		if keep != 0 {
			if breaks := t.linesOf(block).Breaks & keep; breaks != 0 {
				start := t.base + int64(block*anchor.BlockBytes+bits.Len64(breaks))
				return start, start >= p-rowAhead
			}
		}
		keep = ^uint64(0)
	}
	return 0, t.base == 0 && p <= rowAhead
}
