package detect

import "slices"

// titles are the header rows with a herald in them. As long as there are none, nobody
// needs to follow the tables to know that no header speaks.
type titles struct {
	closed  int64   // of the header rows that begin before this, all that have a herald are known
	heralds []int64 // that were found behind it, as far as their lines were not looked at
	starts  []int64 // where header rows begin that have one, and lines that may be such
	line    span    // the last one that was looked at
	ends    []int32
}

func (t *titles) reset() {
	t.closed, t.heralds, t.starts, t.line = 0, t.heralds[:0], t.starts[:0], span{}
}

// untitled reports that no herald stands in the header of a table that goes on at the
// present place, as far as that is known without a look at the tables.
func (f *finder) untitled() bool {
	h, blank := &f.heralds, f.columns.breaks.blank
	own := &h.titles
	if h.from > max(own.closed, blank) {
		return false
	}
	own.heralds, own.starts = dropBefore(own.heralds, blank), dropBefore(own.starts, blank)
	for _, p := range own.heralds {
		f.entitle(p)
	}
	own.heralds = own.heralds[:0]
	return len(own.starts) == 0
}

// dropBefore drops the positions before p; they are in order.
func dropBefore(list []int64, p int64) []int64 {
	n := 0
	for n < len(list) && list[n] < p {
		n++
	}
	return list[:copy(list, list[n:])]
}

// entitle notes the line of a herald if it may be a header row, which it also may if
// its end is not in sight.
func (f *finder) entitle(p int64) {
	t, own := f.text, &f.heralds.titles
	if own.line.from <= p && p < own.line.to {
		return
	}
	from, end := t.lineStart(p, headerBytes), t.marked()
	if p-from >= headerBytes { // too long a line, however it goes on
		own.line = span{from, t.nextMark(p, end, 0)}
		return
	}
	to := t.nextMark(p, min(from+headerBytes+1, end), 0)
	own.line = span{from, to}
	if to-from <= headerBytes && (to == end || f.mayTitle(from, to)) {
		own.starts = append(own.starts, from)
	}
}

// mayTitle reports whether a line can be a header row.
func (f *finder) mayTitle(from, to int64) bool {
	t, own := f.text, &f.heralds.titles
	first := t.nextMark(from, to, ^uint64(0))
	if first == to || isLong(t.slice(from, min(first, from+longHeader))) || t.longRun(from, to) {
		return false
	}
	var line row
	line.begin(from)
	line.read(t, from, to)
	for d := range len(delimiters) {
		if line.delims(d) > 0 {
			var ok bool
			if own.ends, ok = t.splitHeader(from, to, d, line.opened, own.ends[:0]); ok {
				return true
			}
		}
	}
	return false
}

// entitleTables makes the titles those of the tables that go on, before the text is
// forgotten. The tables must have been followed so far.
func (f *finder) entitleTables() {
	c, own := &f.columns, &f.heralds.titles
	own.starts = slices.DeleteFunc(own.starts, func(start int64) bool {
		return start < c.line.start && !c.begunAt(start)
	})
	for d := range c.tables {
		for i := range c.tables[d] {
			// One is enough to ask the tables; the others are taken to be such too.
			if table := &c.tables[d][i]; table.start >= own.closed && (len(own.starts) > 0 || f.isTitled(table)) {
				own.starts = append(own.starts, table.start)
			}
		}
	}
	slices.Sort(own.starts)
	own.starts, own.heralds = slices.Compact(own.starts), dropBefore(own.heralds, c.line.start)
	own.closed = c.line.start
}

// isTitled reports whether a herald stands in the header row of a table.
func (f *finder) isTitled(table *table) bool {
	h := &f.heralds
	if h.from <= table.start && table.end <= h.read {
		return slices.ContainsFunc(h.titles.heralds, func(p int64) bool { return table.start <= p && p < table.end })
	}
	h.hits = f.set.heralds.find(f.text, table.start, table.end, h.hits[:0])
	return len(h.hits) > 0 || table.start < f.text.base
}
