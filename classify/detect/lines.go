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
	first, block := int(l.quiet-t.base)/anchor.BlockBytes, int(to-1-t.base)/anchor.BlockBytes
	keep := ^uint64(0) >> (-int(to-t.base) & (anchor.BlockBytes - 1))
	found, made := false, block+1
	for ; block >= first; block-- {
		if block < made {
			made = block &^ (pageBlocks - 1)
			t.needLines(made, block)
		}
		at := t.base + int64(block*anchor.BlockBytes)
		m := &t.lines[block]
		if block == first {
			keep &= ^uint64(0) << max(l.quiet-at, 0)
		}
		breaks := m.Breaks & keep
		keep = ^uint64(0)
		if breaks == 0 {
			continue
		}
		if !found {
			l.last, found = at+int64(bits.Len64(breaks)), true
		}
		var before, feed uint64
		if block > max(first, made) {
			before, feed = t.lines[block-1].Breaks>>63, t.lines[block-1].Feeds>>63
		} else {
			switch t.at(at - 1) {
			case '\n':
				before, feed = 1, 1
			case '\r':
				before = 1
			}
		}
		// Two breaks enclose an empty line unless they are CR LF.
		if empty := breaks & (m.Breaks<<1 | before) & (^m.Feeds | m.Feeds<<1 | feed); empty != 0 {
			l.blank = at + int64(bits.Len64(empty))
			break
		}
	}
	l.quiet = to
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
