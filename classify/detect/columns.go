package detect

import (
	"bytes"
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// The bounds of a header row.
const (
	headerBytes = 16 << 10
	headerCells = 1024
	headerChars = 30 // of one cell
	raggedRows  = 5  // so many rows of another number of cells end a block
)

// columns follows the lines of a text and knows which lines form a table. It
// reads on only when somebody asks, or before the text is forgotten, so that
// most paragraphs are never read. Of each table it keeps the header row.
type columns struct {
	pos    int64 // up to here the text was read
	place  int64 // up to here it must be, for who asks
	free   span  // a part of a line that is in no table
	breaks lines
	line   row  // the present line
	afterR bool // a CR was the last character: an LF belongs to it
	tables [len(delimiters)][]table
	count  int   // tables in all
	total  row   // the present line as far as it was looked at
	seen   int64 // up to here total counts
	ended  bool  // the end of the present line is in sight
	ends   []int32
	spare  []*header // of dropped tables, for their memory
	// changes counts how often a table was added or dropped.
	changes int
	keyed   bool // all of the text is searched for keywords before it is read
}

// table is a line that may be a header row, and what came after it.
type table struct {
	start, end int64 // of the line
	delims     int
	misses     int  // lines since the last row like it
	rows       bool // a row like it followed
	silent     bool // no keyword stands in the line that could label a value
	head       *header
}

// header is a header row.
type header struct {
	text          []byte
	ends          []int32 // where its cells end; one more than delimiters
	own, negative cells   // their keywords
	// about are the detectors whose keywords stand in the cells, spoken their
	// seekers; empty before anybody asks.
	about  []bool
	spoken uint64
}

// column is where a candidate stands in a table.
type column struct {
	known bool
	cell  int64 // where the candidate's cell begins
	index int
	delim int
	table int
	from  int64 // the header row
	to    int64
}

// inHeader reports whether a keyword stands in the header row of the
// candidate's table: then only the candidate's own header cell counts.
func (c *column) inHeader(h *hit) bool { return c.known && h.start >= c.from && h.start < c.to }

func (c *columns) reset() {
	c.dropAll()
	c.free = span{}
	c.pos, c.place, c.breaks, c.seen, c.afterR, c.ended = 0, 0, lines{}, 0, false, false
	c.line.cell, c.total.start = [len(delimiters)]int64{}, -1
	c.line.begin(0)
}

// advance reads on to position to.
func (c *columns) advance(t *text, to int64) {
	c.place = to
	if c.breaks.follow(t, to); c.breaks.blank > c.pos && c.breaks.blank <= to {
		// Nothing before a blank line matters any more.
		c.dropAll()
		c.pos = c.breaks.blank
		c.afterR = t.at(c.pos-1) == '\r'
		c.line.begin(c.pos)
	}
	for c.pos < to {
		if c.afterR {
			c.afterR = false
			if t.at(c.pos) == '\n' {
				c.pos++
				c.line.begin(c.pos)
				continue
			}
		}
		if c.pos == c.line.start && c.count > 0 {
			if c.lines(t, to); c.afterR || c.count == 0 {
				continue
			}
		} else if c.pos == c.line.start {
			c.pass(t, to)
		}
		if c.pos == to {
			return
		}
		at, brk := c.line.read(t, c.pos, to)
		c.pos = at
		if brk {
			c.endLine(t)
			c.afterR = t.at(at) == '\r'
			c.pos++
			c.line.begin(c.pos)
		}
	}
}

// catchUp takes in the lines that end before p. The line of p itself need not be
// read.
func (c *columns) catchUp(t *text, p int64) {
	if c.breaks.follow(t, p); c.breaks.last > c.pos {
		place := c.place
		c.advance(t, min(c.breaks.last, p))
		c.place = place
	}
}

// endLine takes the present line into the tables: as a row, as a line that is
// none, as the header of a table to come.
func (c *columns) endLine(t *text) {
	if c.line.blank >= 0 {
		c.dropAll()
		return
	}
	for d := range c.tables {
		if n := c.line.delims(d); n > 0 || len(c.tables[d]) > 0 {
			c.endRow(t, d, n)
		}
	}
}

func (c *columns) endRow(t *text, d, n int) {
	known := false
	for i := 0; i < len(c.tables[d]); i++ {
		table := &c.tables[d][i]
		if table.delims == n {
			known, table.misses = true, 0
			table.rows = table.rows || c.live(d, i)
		} else if table.misses++; table.misses == raggedRows {
			c.drop(d, i)
			i--
		}
	}
	if n > 0 && !known && n < headerCells && c.pos-c.line.start <= headerBytes && !t.longRun(c.line.start, c.pos) {
		c.begin(t, d, n)
	}
}

// begin begins a table if the present line can be its header row. Most lines of prose
// end here.
func (c *columns) begin(t *text, d, n int) {
	line := t.slice(c.line.start, c.pos)
	var ok bool
	if c.ends, ok = t.splitHeader(c.line.start, c.pos, d, c.line.opened, c.ends[:0]); !ok {
		return
	}
	var head *header
	if k := len(c.spare); k > 0 {
		head, c.spare = c.spare[k-1], c.spare[:k-1]
	} else {
		head = new(header)
	}
	head.text, head.ends = append(head.text[:0], line...), append(head.ends[:0], c.ends...)
	head.own.reset()
	head.negative.reset()
	head.about = head.about[:0]
	silent := c.keyed && !t.isKeyed(c.line.start, c.pos)
	c.tables[d] = append(c.tables[d], table{start: c.line.start, end: c.pos, delims: n, silent: silent, head: head})
	c.count++
	c.changes++
}

// longRun reports whether eight digits stand in a row in a line: that is a value
// and no header.
func (t *text) longRun(from, to int64) bool {
	var one, two, four uint64 // of the block before: runs of so many digits end here
	for block := int(from-t.base) / anchor.BlockBytes; ; block++ {
		at := t.base + int64(block*anchor.BlockBytes)
		if at >= to {
			return false
		}
		digits := t.marks[block].Digits
		if at < from {
			digits &= ^uint64(0) << (from - at)
		}
		if n := to - at; n < anchor.BlockBytes {
			digits &= 1<<n - 1
		}
		pairs := digits & (digits<<1 | one>>63)
		fours := pairs & (pairs<<2 | two>>62)
		if fours&(fours<<4|four>>60) != 0 {
			return true
		}
		one, two, four = digits, pairs, fours
	}
}

// live reports whether rows belong to a table: not while an older one goes on.
func (c *columns) live(d, i int) bool {
	for j := range i {
		if c.tables[d][j].rows {
			return false
		}
	}
	return true
}

// namesColumns tells a header row from lines that look like one: the rule or the
// empty row above it, Excel's "sep=;", and "Close these two, please:", which
// leads in a list.
func namesColumns(line []byte) bool {
	end := len(line)
	for end > 0 && line[end-1] == ' ' {
		end--
	}
	if end > 0 && line[end-1] == ':' || bytes.HasPrefix(line, []byte("sep=")) {
		return false
	}
	for _, b := range line {
		if isLetter(b) || isDigit(b) {
			return true
		}
	}
	return anchor.ASCII(line) < len(line) && bytes.ContainsFunc(line, isAlnum)
}

// drop forgets a table and keeps its memory for the next.
func (c *columns) drop(d, i int) {
	if len(c.spare) < raggedRows {
		c.spare = append(c.spare, c.tables[d][i].head)
	}
	c.tables[d] = slices.Delete(c.tables[d], i, i+1)
	c.count--
	c.changes++
}

func (c *columns) dropAll() {
	for d := 0; c.count > 0; d++ {
		for i := len(c.tables[d]); i > 0; i-- {
			c.drop(d, i-1)
		}
	}
}

// begunAt reports whether a table goes on whose header row begins at a position.
func (c *columns) begunAt(p int64) bool {
	for d := range c.tables {
		for i := range c.tables[d] {
			if c.tables[d][i].start == p {
				return true
			}
		}
	}
	return false
}

// cell is the text of a header cell.
func (h *header) cell(i int) []byte {
	from := int32(0)
	if i > 0 {
		from = h.ends[i-1] + 1
	}
	return h.text[from:h.ends[i]]
}

// column says where the place stands in a table.
func (c *columns) column(t *text, col *column) {
	if c.isFree(t, c.place) {
		col.known, col.cell = false, c.free.from
		return
	}
	c.advance(t, c.place)
	c.lookAhead(t)
	for d := range c.tables {
		for i := range c.tables[d] {
			table := &c.tables[d][i]
			if !c.live(d, i) || c.ended && c.total.delims(d) != table.delims || int(c.line.count[d]) > table.delims {
				continue
			}
			index := int(c.line.count[d])
			if c.ended && c.total.inside {
				index = min(c.line.delims(d), table.delims)
			}
			*col = column{true, c.line.cellStart(d), index, d, i, table.start, table.end}
			return
		}
	}
	col.known, col.cell = false, c.line.start
}

// isFree reports whether a position is in no table: because there is none, or because
// its line has no delimiters and so is no row. Else the lines before it are taken in.
func (c *columns) isFree(t *text, p int64) bool {
	if c.free.from <= p && p < c.free.to {
		return true
	}
	to := min(p+rowAhead, t.end())
	if start, ok := t.lineBefore(p); ok {
		if end := t.nextMark(start, to, ^uint64(0)); end == to && to < p+rowAhead || end < to && isBreak(t.at(end)) {
			c.free = span{start, end}
			return true
		}
	}
	if c.catchUp(t, p); c.count > 0 {
		return false
	}
	c.free = span{min(c.breaks.last, p), t.nextMark(p, to, 0)}
	return true
}

// cellStart is where the cell of the place begins; the line's
// beginning is far enough where there is no table.
func (c *columns) cellStart(t *text) int64 {
	var col column
	c.column(t, &col)
	return col.cell
}

// lookAhead counts the delimiters of the present line up to its end, if that is
// near. No byte is counted twice.
func (c *columns) lookAhead(t *text) {
	if c.seen < c.pos || c.total.start != c.line.start {
		c.total, c.seen, c.ended = c.line, c.pos, false
	}
	if to := min(c.pos+rowAhead, t.end()); !c.ended && c.seen < to {
		c.seen, c.ended = c.total.read(t, c.seen, to)
	}
	c.ended = c.ended || c.pos+rowAhead > t.end()
}

// rowAhead is how far the end of a row is looked for. A row that goes on for
// longer is taken to have as many cells as its table.
const rowAhead = 1024

// header returns the keywords of the detectors and the negative ones in the header
// cell of a column, with their positions in the cell.
func (c *columns) header(set *Set, col *column) (own, negative []hit) {
	h := c.tables[col.delim][col.table].head
	return h.own.keywords(h, set.words, col.index), h.negative.keywords(h, set.against, col.index)
}

// cells are the keywords in the cells of a header.
type cells struct {
	spans [][2]int32 // of each cell in hits; {-1} before they are asked for
	hits  []hit
}

func (c *cells) reset() { c.spans, c.hits = c.spans[:0], c.hits[:0] }

func (c *cells) keywords(h *header, words *dictionary, cell int) []hit {
	for len(c.spans) < len(h.ends) {
		c.spans = append(c.spans, [2]int32{-1})
	}
	span := &c.spans[cell]
	if span[0] < 0 {
		t := text{buf: h.cell(cell)}
		span[0] = int32(len(c.hits))
		c.hits = words.find(&t, 0, t.end(), c.hits)
		span[1] = int32(len(c.hits))
	}
	return c.hits[span[0]:span[1]]
}

// speakOf reports whether a keyword of a detector stands in the header of any
// table that the line caught up with could belong to. None begins at near or
// behind it, so a header that stands there need not be read.
func (c *columns) speakOf(t *text, near int64, set *Set, detector int, h *heralds) bool {
	for d := range c.tables {
		for i := range c.tables[d] {
			table := &c.tables[d][i]
			if table.start >= near {
				break
			}
			if !h.isSilent(t, table) && table.head.speaksOf(set, detector) {
				return true
			}
		}
	}
	return false
}

func (h *header) speaksOf(set *Set, detector int) bool {
	h.listen(set)
	return h.about[detector]
}

func (h *header) seekers(set *Set) uint64 {
	h.listen(set)
	return h.spoken
}

// listen works out of which detectors the cells speak.
func (h *header) listen(set *Set) {
	if len(h.about) > 0 {
		return
	}
	h.about, h.spoken = slices.Grow(h.about, len(set.Detectors))[:len(set.Detectors)], 0
	clear(h.about)
	for cell := range h.ends {
		for _, k := range h.own.keywords(h, set.words, cell) {
			if word := &set.words.words[k.word]; word.role.speaks() {
				h.about[word.detector] = true
				h.spoken |= set.seekerOf[word.detector]
			}
		}
	}
}
