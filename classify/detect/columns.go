package detect

import (
	"bytes"
	"slices"
)

// The bounds of a header row.
const (
	headerBytes = 16 << 10
	headerCells = 1024
	headerChars = 30 // of one cell
	raggedRows  = 5  // so many rows of another number of cells end a block
)

// columns follows the lines of a text and knows which lines form a table. Of
// each table it keeps the header row; of other lines only counts.
type columns struct {
	pos    int64 // up to here the text was read
	line   row   // the present line
	afterR bool  // a CR was the last character: an LF belongs to it
	tables [len(delimiters)][]table
	total  row     // the present line as far as it was looked at
	seen   int64   // up to here total counts
	ended  bool    // the end of the present line is in sight
	ends   []int32 // where the cells of a possible header row end
	spare  []table // dropped tables, for their memory
}

// table is a header row and what came after it.
type table struct {
	start, end int64         // of the header row
	text       []byte        // the header row
	cells      []int32       // where its cells end; one more than delimiters
	rows       bool          // a row like it followed
	misses     int           // lines since the last such row
	hits       map[int][]hit // the keywords of the cells that were asked for
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
	for d := range c.tables {
		for len(c.tables[d]) > 0 {
			c.drop(d, 0)
		}
	}
	c.pos, c.seen, c.afterR, c.ended = 0, 0, false, false
	c.line = newRow(0)
}

// advance reads on to position to.
func (c *columns) advance(t *text, to int64) {
	for c.pos < to {
		s := t.slice(c.pos, to)
		if c.afterR {
			c.afterR = false
			if s[0] == '\n' {
				c.pos++
				c.line = newRow(c.pos)
				continue
			}
		}
		n, brk := nextLine(s)
		c.line.read(s[:n], c.pos)
		c.pos += int64(n)
		if brk {
			c.endLine(t)
			c.afterR = t.at(c.pos) == '\r'
			c.pos++
			c.line = newRow(c.pos)
		}
	}
}

// endLine takes the present line into the tables: as a row, as a line that is
// none, as the header of a table to come.
func (c *columns) endLine(t *text) {
	for d := range c.tables {
		if !c.line.text {
			for len(c.tables[d]) > 0 {
				c.drop(d, 0)
			}
			continue
		}
		c.endRow(t, d)
	}
}

func (c *columns) endRow(t *text, d int) {
	n, known := c.line.delims(d), false
	if n == 0 && len(c.tables[d]) == 0 {
		return
	}
	for i := 0; i < len(c.tables[d]); {
		table := &c.tables[d][i]
		if len(table.cells) == n+1 {
			known, table.misses = true, 0
			table.rows = table.rows || c.live(d, i)
		} else if table.misses++; table.misses == raggedRows {
			c.drop(d, i)
			continue
		}
		i++
	}
	if n > 0 && !known && n < headerCells && c.pos-c.line.start <= headerBytes {
		c.begin(t, d)
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

// begin takes the present line as a header row if its cells are short enough.
func (c *columns) begin(t *text, d int) {
	line := t.slice(c.line.start, c.pos)
	if !namesColumns(line) {
		return
	}
	var ok bool
	if c.ends, ok = splitRow(line, d, c.ends[:0]); !ok {
		return
	}
	var old table
	if k := len(c.spare); k > 0 {
		old, c.spare = c.spare[k-1], c.spare[:k-1]
	}
	c.tables[d] = append(c.tables[d], table{
		start: c.line.start, end: c.pos, text: append(old.text[:0], line...), cells: append(old.cells[:0], c.ends...),
	})
}

// namesColumns tells a header row from lines that look like one: the rule or the
// empty row above it, Excel's "sep=;", and "Close these two, please:", which
// leads in a list.
func namesColumns(line []byte) bool {
	if bytes.HasPrefix(line, []byte("sep=")) || bytes.HasSuffix(bytes.TrimRight(line, " "), []byte(":")) {
		return false
	}
	return bytes.ContainsFunc(line, isAlnum)
}

// drop forgets a table and keeps its memory for the next.
func (c *columns) drop(d, i int) {
	if len(c.spare) < raggedRows {
		c.spare = append(c.spare, c.tables[d][i])
	}
	c.tables[d] = slices.Delete(c.tables[d], i, i+1)
}

// cell is the text of a header cell.
func (t *table) cell(i int) []byte {
	from := int32(0)
	if i > 0 {
		from = t.cells[i-1] + 1
	}
	return t.text[from:t.cells[i]]
}

// column says where the place that the text was read to stands in a table.
func (c *columns) column(t *text) column {
	c.lookAhead(t)
	found := column{cell: c.line.start}
	for d := range c.tables {
		for i := range c.tables[d] {
			table := &c.tables[d][i]
			if !c.live(d, i) || c.ended && c.total.delims(d) != len(table.cells)-1 || c.line.count[d] >= len(table.cells) {
				continue
			}
			index := c.line.count[d]
			if c.ended && c.total.inside {
				index = min(c.line.delims(d), len(table.cells)-1)
			}
			return column{true, c.line.cell[d], index, d, i, table.start, table.end}
		}
	}
	return found
}

// cellStart is where the cell begins that the text was read to; the line's
// beginning is far enough where there is no table.
func (c *columns) cellStart(t *text) int64 { col := c.column(t); return col.cell }

// lookAhead counts the delimiters of the present line up to its end, if that is
// near. No byte is counted twice.
func (c *columns) lookAhead(t *text) {
	if c.seen < c.pos || c.total.start != c.line.start {
		c.total, c.seen, c.ended = c.line, c.pos, false
	}
	for to := min(c.pos+rowAhead, t.end()); !c.ended && c.seen < to; {
		n, brk := nextLine(t.slice(c.seen, to))
		c.total.read(t.slice(c.seen, c.seen+int64(n)), c.seen)
		c.seen += int64(n)
		c.ended = brk
	}
	c.ended = c.ended || c.pos+rowAhead > t.end()
}

// rowAhead is how far the end of a row is looked for. A row that goes on for
// longer is taken to have as many cells as its table.
const rowAhead = 1024

// header returns the keywords in the header cell of a column, with their
// positions in the cell.
func (c *columns) header(words *dictionary, col *column) []hit {
	table := &c.tables[col.delim][col.table]
	hits, read := table.hits[col.index]
	if !read {
		t := text{buf: table.cell(col.index)}
		hits = words.find(&t, 0, t.end(), nil)
		if table.hits == nil {
			table.hits = make(map[int][]hit)
		}
		table.hits[col.index] = hits
	}
	return hits
}
