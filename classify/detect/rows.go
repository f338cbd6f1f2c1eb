package detect

import (
	"bytes"
	"math/bits"

	"github.com/postern-mail/postern/classify/anchor"
)

// counts are the delimiters of a line.
type counts struct {
	of  [len(delimiters)]int32
	any bool
}

// lines takes in whole lines up to a position while tables go on. It leaves the position
// at the beginning of a line.
func (c *columns) lines(t *text, to int64) {
	var n counts
	start, afterR := c.pos, false
	block := int(start-t.base) / anchor.BlockBytes
	keep := ^uint64(0) << (int(start-t.base) % anchor.BlockBytes)
	for at := t.base + int64(block*anchor.BlockBytes); at < to && c.count > 0; at += anchor.BlockBytes {
		if rest := to - at; rest < anchor.BlockBytes {
			keep &= 1<<rest - 1
		}
		m := t.linesOf(block)
		delims := m.Delims & keep
		for breaks := m.Breaks & keep; breaks != 0; breaks &= breaks - 1 {
			end := at + int64(bits.TrailingZeros64(breaks))
			if here := delims & (breaks&-breaks - 1); here != 0 {
				n.add(t.cellsOf(block), here)
				delims &^= here
			}
			if afterR && start == end && t.at(end) == '\n' {
				start, afterR = end+1, false
				continue
			}
			c.takeIn(t, start, end, &n)
			if start, afterR = end+1, t.at(end) == '\r'; c.count == 0 {
				break
			}
		}
		if delims != 0 {
			n.add(t.cellsOf(block), delims)
		}
		block, keep = block+1, ^uint64(0)
	}
	c.pos, c.afterR = start, afterR
	c.line.begin(start)
}

// add counts those delimiters of a block that are of some places in it.
func (n *counts) add(cells *anchor.Cells, at uint64) {
	for d, m := range cells.Delims {
		if m &= at; m != 0 {
			n.of[d] += int32(bits.OnesCount64(m))
		}
	}
	n.any = true
}

// takeIn takes in a line of which the delimiters are counted, those between quotes too,
// and begins to count anew.
func (c *columns) takeIn(t *text, start, end int64, n *counts) {
	c.line.begin(start)
	switch {
	case !n.any:
		c.line.blank = skip(t, start, end, isBlank)
	case bytes.IndexByte(t.slice(start, end), '"') >= 0:
		c.line.read(t, start, end)
	default:
		c.line.count, c.line.blank = n.of, -1
	}
	c.pos = end
	c.endLine(t)
	*n = counts{}
}
