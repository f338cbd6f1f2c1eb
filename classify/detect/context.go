package detect

// contextKind is what the surroundings say of a candidate.
type contextKind uint8

const (
	alone    contextKind = iota
	labelled             // a strong label, its column or its list
	backed               // labelled, with a cue in the window
	windowed             // a strong keyword in the window, or what the detector's own grammar counts as context
	hinted               // a weak label and a cue
	opposed              // the nearest label is negative
)

// context is the surroundings of one candidate.
type context struct {
	kind    contextKind
	keyword int32 // what spoke for it, -1 if no keyword did
	cue     int32 // the cue of a hinted candidate, -1 if there is none
	at      int64 // where the label ends
	label   bool  // keyword is a label, of whatever strength
}

func (w *context) labelled() bool { return w.label && w.kind != opposed }

// distance is how far the label is from the candidate, in bytes of the view; of
// two detectors that want one number the nearer label wins.
func (w *context) distance(c *candidate) int64 {
	if !w.labelled() {
		return noLabel
	}
	return max(c.start-w.at, 0)
}

const noLabel = 1 << 40

// label is the nearest label so far of one kind.
type label struct {
	end  int64
	word int32
}

// nearer takes a label that ends nearer to the value. Of those that end at one
// place the longer comes later and says more.
func (l *label) nearer(end int64, word int32) {
	if end >= l.end {
		*l = label{end, word}
	}
}

var noneYet = label{-1, -1}

// labels are the nearest labels before a candidate.
type labels struct{ strong, weak, negative label }

func (l *labels) nearest() int64 { return max(l.strong.end, l.weak.end, l.negative.end) }

func (l *labels) opposed() bool { return l.negative.end > max(l.strong.end, l.weak.end) }

func (l *labels) reset() {
	l.strong.end, l.strong.word = -1, -1
	l.weak.end, l.weak.word = -1, -1
	l.negative.end, l.negative.word = -1, -1
}

// weigh works out the context of a candidate.
func (f *finder) weigh(d *Detector, c *candidate, where *context) {
	var found labels
	var col column
	column := f.labels(d, c, &found, &col)
	f.verdict(d, c, &found, &col, where)
	if d.lists {
		f.shareList(c, where, column, &col)
	}
}

// labels finds the nearest labels of a candidate, in the text or in the header of
// its column, and reports whether they stand in the header.
func (f *finder) labels(d *Detector, c *candidate, found *labels, col *column) bool {
	f.survey(c)
	f.columns.column(f.text, col)
	f.labelsBefore(d, c, found, col)
	if col.known && found.nearest() <= col.cell {
		// Nothing in the candidate's own cell: its column's header is nearer
		// than the cells before it in the row.
		var header labels
		if f.headerLabels(d, c, &header, col); header.nearest() >= 0 {
			*found = header
			return true
		}
	}
	return false
}

// verdict decides from the nearest labels and the window.
func (f *finder) verdict(d *Detector, c *candidate, found *labels, col *column, where *context) {
	switch {
	case found.opposed():
		*where = context{kind: opposed, keyword: -1, cue: -1}
		return
	case found.strong.end >= 0:
		*where = context{labelled, found.strong.word, -1, found.strong.end, true}
		if d.grades[c.form].backed != None {
			if word := f.inWindow(c, cue, col); word >= 0 {
				where.kind, where.cue = backed, word
			}
		}
		return
	}
	weakLabel := found.weak.end >= 0
	if weakLabel && c.cued {
		*where = context{hinted, found.weak.word, -1, found.weak.end, true}
		return
	}
	if word := f.inWindow(c, strong, col); word >= 0 && d.grades[c.form].window != None {
		*where = context{windowed, word, -1, found.weak.end, weakLabel}
		return
	}
	if c.context == "" && d.vouch != nil {
		c.context = d.vouch(f.text, c)
	}
	if c.context != "" {
		*where = context{windowed, -1, -1, found.weak.end, weakLabel}
		return
	}
	if weakLabel {
		if word := f.inWindow(c, cue, col); word >= 0 {
			*where = context{hinted, found.weak.word, word, found.weak.end, true}
			return
		}
	}
	*where = context{kind: alone, keyword: -1, cue: -1, at: found.weak.end, label: weakLabel}
}

// labelsBefore finds the nearest labels before a candidate in running text.
func (f *finder) labelsBefore(d *Detector, c *candidate, found *labels, col *column) {
	words := f.set.words
	found.reset()
	own := f.found[f.detector]
	for i := before(own, c.start) - 1; i >= 0 && own[i].start+words.longest >= max(f.around.label, found.strong.end); i-- {
		h := &own[i]
		if h.end > c.start || h.end < f.around.label || col.inHeader(h) {
			continue
		}
		switch words.words[h.word].role {
		case strong:
			found.strong.nearer(h.end, h.word)
		case weak:
			found.weak.nearer(h.end, h.word)
		case against:
			if h.end >= f.around.negative && !f.covered(h) {
				found.negative.nearer(h.end, h.word)
			}
		}
	}
	if near := max(found.strong.end, found.weak.end); near >= 0 && f.emptyFrom(near, c.start) {
		return // nothing can be nearer
	}
	others := f.against.read(f.text, f.set.against, f.around.negative-f.set.against.longest, c.start, f.limit)
	for i := before(others, c.start) - 1; i >= 0 && others[i].start+f.set.against.longest >= max(f.around.negative, found.nearest()); i-- {
		h := &others[i]
		if h.end > c.start || h.end < f.around.negative || col.inHeader(h) {
			continue
		}
		if f.speaksAgainst(d, c, h) && !f.covered(h) {
			found.negative.nearer(h.end, h.word)
		}
	}
}

// before is how many of the keywords begin before p.
func before(list []hit, p int64) int {
	low, high := 0, len(list)
	for low < high {
		if middle := int(uint(low+high) / 2); list[middle].start < p {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// speaksAgainst reports whether a negative keyword counts for the candidate.
func (f *finder) speaksAgainst(d *Detector, c *candidate, h *hit) bool {
	r := f.set.against.words[h.word].role
	return r == negative || r == account && d.accounts && c.loose
}

// opponents holds the negative keywords of a stretch of the text. They count only
// close before a candidate, so most of the text is never searched for them.
type opponents struct {
	from, to int64
	found    []hit
}

// read returns the keywords that begin in [from,to), and perhaps others before limit:
// where one candidate follows the other, more is read at once.
func (a *opponents) read(t *text, words *dictionary, from, to, limit int64) []hit {
	if from < a.from || from > a.to {
		a.from, a.to, a.found = from, from, a.found[:0]
	}
	if to > a.to {
		if a.to > a.from {
			to = max(to, min(to+readAround, limit))
		}
		if len(a.found) == cap(a.found) {
			a.from, a.found = from, forget(a.found, from)
		}
		a.found = words.find(t, a.to, to, a.found)
		a.to = to
	}
	return a.found
}

// covered reports whether a negative keyword is a part of one of the detector's
// own, as "routing" is in "routing number".
func (f *finder) covered(h *hit) bool {
	own := f.found[f.detector]
	for i := before(own, h.start+1) - 1; i >= 0 && own[i].start+f.set.words.longest >= h.start; i-- {
		if o := &own[i]; o.start <= h.start && o.end >= h.end && f.set.words.words[o.word].role <= weak {
			return true
		}
	}
	return false
}

// covers reports whether a keyword is a part of one of the same detector in a
// header cell.
func covers(words *dictionary, cell []hit, h hit) bool {
	for _, o := range cell {
		if o != h && o.start <= h.start && o.end >= h.end && words.words[o.word].detector == words.words[h.word].detector && words.words[o.word].role <= weak {
			return true
		}
	}
	return false
}

// inWindow returns the keyword of a role nearest to a candidate in its window,
// -1 if there is none.
func (f *finder) inWindow(c *candidate, r role, col *column) int32 {
	f.readWindow(c)
	return f.near(c, r, col, f.around.from, f.around.to)
}

// nearest is inWindow for a window of so many characters.
func (f *finder) nearest(c *candidate, r role, col *column, chars int) int32 {
	return f.near(c, r, col, f.text.back(c.start, chars), f.text.forth(c.end, chars))
}

func (f *finder) near(c *candidate, r role, col *column, from, to int64) int32 {
	words, own := f.set.words, f.found[f.detector]
	best, word := int64(noLabel), int32(-1)
	for i := before(own, to+1) - 1; i >= 0 && own[i].start+words.longest >= max(from, c.start-best); i-- {
		h := &own[i]
		if h.end < from || h.start > to || words.words[h.word].role != r || col.inHeader(h) {
			continue
		}
		gap := c.start - h.end
		if h.start >= c.end {
			gap = h.start - c.end
		}
		if gap >= 0 && gap < best {
			best, word = gap, h.word
		}
	}
	if word >= 0 || !col.known {
		return word
	}
	own, _ = f.columns.header(f.set, col)
	for _, h := range own { // its own column's header is as near
		if w := &words.words[h.word]; w.detector == f.detector && w.role == r {
			return h.word
		}
	}
	return -1
}

// headerLabels finds the labels in the header of the candidate's column.
func (f *finder) headerLabels(d *Detector, c *candidate, found *labels, col *column) {
	found.reset()
	table, others := f.columns.header(f.set, col)
	for _, h := range table {
		w := &f.set.words.words[h.word]
		switch {
		case w.detector == f.detector && (w.role == strong || w.role == heads):
			found.strong.nearer(h.end, h.word)
		case w.detector == f.detector && w.role == against && !covers(f.set.words, table, h):
			found.negative.nearer(h.end, h.word)
		case w.detector == f.detector && w.role == weak:
			found.weak.nearer(h.end, h.word)
		}
	}
	for _, h := range others {
		if f.speaksAgainst(d, c, &h) {
			found.negative.nearer(h.end, h.word)
		}
	}
	if found.opposed() {
		found.strong, found.weak = noneYet, noneYet
	} else {
		found.negative = noneYet
	}
	// In the header they stand at no distance from the candidate.
	for _, l := range []*label{&found.strong, &found.weak, &found.negative} {
		if l.end >= 0 {
			l.end = c.start
		}
	}
}

// shareList lets a value that goes on a list share the label of the value before
// it. A column's label reaches no further than its cell.
func (f *finder) shareList(c *candidate, where *context, column bool, col *column) {
	last := &f.lists[f.detector]
	joined := last.label && last.end <= c.start && f.joins(last.end, c.start)
	if joined && last.column && last.end < col.cell {
		joined = false
	}
	switch {
	case where.kind == labelled:
		*last = list{c.end, where.keyword, true, column}
		f.goesOn(c.end + windowReach)
	case joined && where.kind != opposed:
		*where = context{labelled, last.keyword, -1, last.end, true}
		last.end = c.end
		f.goesOn(c.end + windowReach)
	default:
		*last = list{end: c.end}
	}
}

// joins reports whether nothing stands in [from,to) but what separates the
// values of a list.
func (f *finder) joins(from, to int64) bool {
	if from < f.around.from {
		return false
	}
	gap := f.text.slice(from, to)
	for len(gap) > 0 {
		switch c := gap[0]; {
		case isSpace(c), c == ',', c == ';', c == '/', c == '&', c == '+', c == '|':
			gap = gap[1:]
		case isWordAt(gap, "and"):
			gap = gap[3:]
		case isWordAt(gap, "or"):
			gap = gap[2:]
		default:
			return false
		}
	}
	return to > from
}

// isWordAt reports whether b begins with the word, in any case, and more that is
// no letter.
func isWordAt(b []byte, word string) bool {
	if len(b) <= len(word) || isLetter(b[len(word)]) {
		return false
	}
	for i := range len(word) {
		if b[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}
