package pdf

// block is a run of chunks that goes down the page, as they stand in the file.
type block struct {
	from, to                 int
	left, right, top, bottom float64
	lines, chars             int
}

const (
	proseLines = 3
	proseChars = 25 // of a line, on average
	maxBlocks  = 500
)

func (b *block) prose() bool { return b.lines >= proseLines && b.chars >= proseChars*b.lines }

func (b *block) beside(o *block) bool { return b.right < o.left || o.right < b.left }

func (b *block) overlaps(o *block) bool { return b.bottom < o.top && o.bottom < b.top }

// columns splits the chunks of a page into groups that are told one after the
// other. Prose that was written side by side is columns; everything else on a
// page is one group: the cells of a table may be written in any order.
func columns(chunks []chunk) [][]chunk {
	blocks := findBlocks(chunks)
	if blocks == nil {
		return [][]chunk{chunks}
	}
	var prose []*block
	for i := range blocks {
		if blocks[i].prose() {
			prose = append(prose, &blocks[i])
		}
	}
	if !sideBySide(prose) {
		return [][]chunk{chunks}
	}
	top, bottom := prose[0].top, prose[0].bottom
	for _, b := range prose {
		top, bottom = max(top, b.top), min(bottom, b.bottom)
	}
	groups := make([][]chunk, len(prose)+2) // what is above comes first, the rest last
	for _, b := range blocks {
		if b.prose() {
			continue
		}
		for _, c := range chunks[b.from:b.to] {
			g := homeOf(c, prose)
			switch {
			case g >= 0:
			case c.base > top:
				g = -1
			default:
				g = len(prose)
			}
			groups[g+1] = append(groups[g+1], c)
		}
	}
	for i, b := range prose {
		groups[i+1] = append(chunks[b.from:b.to:b.to], groups[i+1]...)
	}
	return groups
}

// homeOf is the column that a chunk stands in, -1 for none.
func homeOf(c chunk, prose []*block) int {
	for i, b := range prose {
		if c.left >= b.left-c.em && c.right <= b.right+c.em && c.base <= b.top && c.base >= b.bottom {
			return i
		}
	}
	return -1
}

// sideBySide reports whether some of the blocks share heights, and all that do
// stand beside each other.
func sideBySide(prose []*block) bool {
	found := false
	for i, b := range prose {
		for _, o := range prose[:i] {
			if b.overlaps(o) {
				if !b.beside(o) {
					return false
				}
				found = true
			}
		}
	}
	return found
}

// findBlocks cuts the chunks where the writing went back up; nil if nowhere, or
// too often.
func findBlocks(chunks []chunk) []block {
	var blocks []block
	for i := range chunks {
		c := &chunks[i]
		if n := len(blocks); n == 0 || c.base > chunks[i-1].base+c.height {
			if n >= maxBlocks {
				return nil
			}
			blocks = append(blocks, block{from: i, left: c.left, right: c.right, top: c.base, bottom: c.base, lines: 1})
		} else if c.base < chunks[i-1].base-0.42*c.height {
			blocks[n-1].lines++
		}
		b := &blocks[len(blocks)-1]
		b.to = i + 1
		b.chars += c.to - c.from
		b.left, b.right = min(b.left, c.left), max(b.right, c.right)
		b.top, b.bottom = max(b.top, c.base), min(b.bottom, c.base)
	}
	if len(blocks) < 2 {
		return nil
	}
	return blocks
}
