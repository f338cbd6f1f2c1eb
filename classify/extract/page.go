package extract

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// pageBuffer is how much text is gathered before it goes to the stream, and
// keptBytes how much of that is known still when it is gone.
const (
	pageBuffer = 4 << 10
	keptBytes  = maxShadowHead
)

// markedStage is a stage that takes marks as well.
type markedStage interface {
	stage
	mark(quoted bool)
}

// textBuffer gathers small pieces of text for a stream.
type textBuffer struct {
	out   markedStage
	buf   []byte
	sent  int  // bytes at the front of buf that were written on
	blank bool // nothing but line ends was written since the last one
}

func newTextBuffer(out markedStage) *textBuffer { return &textBuffer{out: out, blank: true} }

func (t *textBuffer) write(b []byte) {
	if n := len(t.buf) + len(b); n > len(t.buf) && n <= cap(t.buf) {
		t.blank = false
		t.buf = append(t.buf, b...)
		return
	}
	t.writeSlow(b)
}

// writeSlow writes what there is no room for.
func (t *textBuffer) writeSlow(b []byte) {
	for len(b) > 0 {
		t.blank = false
		t.room(1)
		n := min(len(b), cap(t.buf)-len(t.buf))
		t.buf = append(t.buf, b[:n]...)
		b = b[n:]
	}
}

func (t *textBuffer) writeByte(c byte) {
	t.blank = false
	if len(t.buf) == cap(t.buf) {
		t.room(1)
	}
	t.buf = append(t.buf, c)
}

// room sees to it that n bytes more can be written.
func (t *textBuffer) room(n int) {
	if t.buf == nil {
		t.buf = make([]byte, 0, pageBuffer)
	}
	if cap(t.buf)-len(t.buf) < n {
		t.flush()
		t.sent = copy(t.buf[:keptBytes], t.buf[len(t.buf)-keptBytes:])
		t.buf = t.buf[:t.sent]
	}
}

// newline begins a line, unless one was just begun.
func (t *textBuffer) newline() {
	if !t.blank {
		t.writeByte('\n')
		t.blank = true
	}
}

func (t *textBuffer) flush() {
	t.out.write(t.buf[t.sent:])
	t.sent = len(t.buf)
}

func (t *textBuffer) close() {
	t.flush()
	t.out.close()
}

// gap is the white space that is due before the next visible character.
type gap uint8

const (
	noGap gap = iota
	spaceGap
	lineGap
	blankLineGap
)

// page lays out the visible text of a piece of HTML: lines, and rows of cells
// with a TAB between neighbours and no white space around.
type page struct {
	textBuffer
	due    gap
	fresh  bool // at the beginning of a line or cell: spaces are dropped
	last   byte // written; 0 before the first
	pre    int  // depth of elements that keep white space
	rows   []row
	length int // bytes in the cell
	quotes []quoter
	link   link
	part   *Part // its links are counted there
	quoted bool  // what out was told
	shadow shadow
}

// quoter is an open element that holds quoted text.
type quoter struct {
	name   [maxTagName]byte
	length int
	nested int  // elements of the same name that are open in it
	frame  bool // it frames a quotation, and the answers to it
	spent  bool // the quotation is over: what stands in the frame now are answers
}

func (q *quoter) named(name []byte) bool { return string(q.name[:q.length]) == string(name) }

// row is the state of a table: how many cells its row has so far.
type row struct {
	cells  int
	header bool // in a header cell
	inside bool // in a cell
	broken bool // a table within a cell broke the row
	wide   bool // a cell of the row spans several columns
	single bool // the table is one column under a header cell
}

func newPage(out markedStage, p *Part) *page {
	return &page{part: p, textBuffer: textBuffer{out: out}, fresh: true, rows: make([]row, 1, 4)}
}

// reset begins another document on a new line.
func (p *page) reset() {
	p.due, p.fresh, p.pre, p.rows = lineGap, true, 0, append(p.rows[:0], row{})
	p.quotes, p.shadow.inside = p.quotes[:0], false
	p.tellQuote()
}

// The classes of bytes in text.
const (
	visibleText = iota
	whiteText
	markupText
)

var textClass = func() (t [256]uint8) {
	for _, c := range " \t\r\n\f" {
		t[c] = whiteText
	}
	t['<'], t['&'] = markupText, markupText
	return t
}()

// whiteSpace takes white space from the front of b and returns how much it took.
func (p *page) whiteSpace(b []byte) int {
	if p.pre > 0 {
		p.space(b[0])
		return 1
	}
	p.due = max(p.due, spaceGap)
	i := 1
	for i < len(b) && textClass[b[i]] == whiteText {
		i++
	}
	return i
}

// run takes visible bytes with single spaces between them from the front of b,
// which begins with a visible one, and returns how many it took.
func (p *page) run(b []byte) int {
	if p.due != noGap {
		p.settle()
	}
	i := p.words(b)
	if i == 0 {
		for i < len(b) && textClass[b[i]] == visibleText {
			i++
		}
		p.write(b[:i])
	}
	p.blank, p.fresh = false, false
	p.length += i
	p.last = b[i-1]
	if p.shadow.on {
		p.shadow.write(b[:i])
	}
	if p.link.open {
		p.link.show(b[:i])
	}
	return i
}

// words copies what run takes, eight bytes at a time, and returns how much that
// was. It may stop early.
func (p *page) words(b []byte) int {
	if cap(p.buf)-len(p.buf) < 64 {
		p.room(64)
	}
	from := len(p.buf)
	out := p.buf[from:cap(p.buf)]
	i := 0
	space := uint64(0) // the last byte was one
	for i+8 <= len(b) && i+8 <= len(out) {
		x := binary.LittleEndian.Uint64(b[i:])
		binary.LittleEndian.PutUint64(out[i:], x)
		spaces := zeroBytes(x ^ ' '*ones)
		stop := zeroBytes(x^'<'*ones) | zeroBytes(x^'&'*ones) | (x-' '*ones)&^x&highs | spaces&(spaces<<8|space)
		if stop != 0 {
			i += bits.TrailingZeros64(stop) >> 3
			break
		}
		space = spaces >> 56
		i += 8
	}
	for i > 0 && b[i-1] == ' ' {
		i--
	}
	p.buf = p.buf[:from+i]
	return i
}

// character takes a character that a reference stands for.
func (p *page) character(b *[utf8.UTFMax]byte, n int) {
	if from := len(p.buf); p.due == noGap && !p.shadow.on && !p.link.open && cap(p.buf)-from >= len(b) && textClass[b[0]] != whiteText {
		*(*[utf8.UTFMax]byte)(p.buf[from : from+len(b)]) = *b
		p.buf = p.buf[:from+n]
		p.blank, p.fresh, p.last = false, false, b[n-1]
		p.length += n
		return
	}
	if textClass[b[0]] == whiteText {
		p.space(b[0])
	} else {
		p.visible(b[:n])
	}
}

// literal takes text in which nothing is markup.
func (p *page) literal(b []byte) {
	for i := 0; i < len(b); {
		j := i
		for j < len(b) && textClass[b[j]] != whiteText {
			j++
		}
		if j > i {
			p.visible(b[i:j])
		}
		if j < len(b) {
			p.space(b[j])
			j++
		}
		i = j
	}
}

func (p *page) space(c byte) {
	switch {
	case p.pre == 0:
		p.due = max(p.due, spaceGap)
	case c != '\r':
		p.settle()
		p.emitByte(c)
		p.length++
		p.fresh = c == '\n'
		if p.link.open {
			p.link.show([]byte{c})
		}
	}
}

func (p *page) visible(b []byte) {
	if p.due != noGap {
		p.settle()
	}
	p.fresh = false
	p.length += len(b)
	p.emit(b)
	if p.link.open {
		p.link.show(b)
	}
}

func (p *page) emitByte(c byte) {
	if p.shadow.on {
		p.shadow.write([]byte{c})
	}
	p.writeByte(c)
	p.last = c
}

func (p *page) emit(b []byte) {
	if p.shadow.on {
		p.shadow.write(b)
	}
	p.write(b)
	p.last = b[len(b)-1]
}

// settle writes the white space that is due.
func (p *page) settle() {
	switch p.due {
	case spaceGap:
		if !p.fresh {
			p.emitByte(' ')
			p.length++
		}
		if p.link.open {
			p.link.show([]byte{' '})
		}
	case lineGap:
		p.line()
	case blankLineGap:
		p.line()
		if p.last != 0 {
			p.emitByte('\n')
		}
	}
	p.due = noGap
}

// line begins a line, unless this is the beginning of one.
func (p *page) line() {
	if p.last != 0 && p.last != '\n' {
		p.emitByte('\n')
	}
}

// cellLine is how long the text of a cell may be and still be one line.
const cellLine = 100

// newLine begins a line. In a cell behind the first it is but a space, while the
// cell is short: its row must stay one line.
func (p *page) newLine() {
	r := &p.rows[len(p.rows)-1]
	if r.inside && (r.header || r.cells > 1 && p.length < cellLine) {
		p.due = max(p.due, spaceGap)
		return
	}
	p.due = max(p.due, lineGap)
}

// element takes a tag that was read.
func (p *page) element(e elementKind, name []byte, closing, quoting bool) {
	if quoting || len(p.quotes) > 0 || e == citeElement {
		p.quote(name, closing, quoting)
	}
	p.shape(e, closing)
}

// shape does what a tag does to lines and cells.
func (p *page) shape(e elementKind, closing bool) {
	switch e {
	case blockElement, citeElement:
		p.newLine()
	case breakElement:
		if p.due == lineGap && !p.rows[len(p.rows)-1].inside {
			p.due = blankLineGap
		} else {
			p.newLine()
		}
	case cellElement, headElement:
		p.cell(e == headElement, closing)
	case rowElement:
		p.endRow()
	case tableElement:
		p.table(closing)
	case preElement:
		p.newLine()
		if !closing {
			p.pre++
		} else if p.pre > 0 {
			p.pre--
		}
	}
}

func (p *page) cell(header, closing bool) {
	r := &p.rows[len(p.rows)-1]
	if closing {
		r.inside, p.due = false, noGap
		if r.broken {
			p.due = lineGap
		}
		return
	}
	if r.cells == 0 || r.broken {
		p.line()
		r.broken = false
	} else {
		p.emitByte('\t')
	}
	r.cells++
	r.inside, r.header = true, header
	p.due, p.fresh, p.length = noGap, true, 0
}

// endRow ends a row. One column under a header cell gets a TAB behind each cell,
// for a row without any would not be known as a row; of a table without a header
// cell, which most often only lays out a page, nobody can say what it is.
func (p *page) endRow() {
	r := &p.rows[len(p.rows)-1]
	single := r.single
	if r.cells == 1 && !r.wide && !r.broken && (single || r.header) {
		p.due = noGap
		p.emitByte('\t')
		single = true
	}
	*r = row{single: single}
	p.due = max(p.due, lineGap)
}

// span notes that the cell just begun spans several columns.
func (p *page) span() { p.rows[len(p.rows)-1].wide = true }

func (p *page) table(closing bool) {
	r := &p.rows[len(p.rows)-1]
	switch {
	case !closing:
		if r.inside {
			r.broken = true
		}
		if len(p.rows) < maxNestTable {
			p.rows = append(p.rows, row{})
		}
	case len(p.rows) > 1:
		p.rows = p.rows[:len(p.rows)-1]
	default:
		*r = row{}
	}
	p.due = max(p.due, lineGap)
}

// maxQuotes bounds how many quoting elements are told apart.
const maxQuotes = 100

// quote follows the elements that hold quoted text and marks the stream.
func (p *page) quote(name []byte, closing, quoting bool) {
	n := len(p.quotes)
	cited := string(name) == "blockquote"
	switch {
	case !closing && (quoting || cited) && n < maxQuotes:
		q := quoter{frame: !cited}
		q.length = copy(q.name[:], name)
		p.quotes = append(p.quotes, q)
	case n == 0 || !p.quotes[n-1].named(name):
		return
	case !closing:
		p.quotes[n-1].nested++
		return
	case p.quotes[n-1].nested > 0:
		p.quotes[n-1].nested--
		return
	default:
		p.quotes = p.quotes[:n-1]
		if cited && n > 1 && p.quotes[n-2].frame {
			p.quotes[n-2].spent = true
		}
	}
	p.tellQuote()
}

// tellQuote tells the stream whether what follows is quoted.
func (p *page) tellQuote() {
	quoted := slices.ContainsFunc(p.quotes, func(q quoter) bool { return !q.spent })
	if quoted != p.quoted {
		p.quoted = quoted
		p.flush()
		p.out.mark(quoted)
	}
}

// quoteRest marks all that follows as quoted.
func (p *page) quoteRest() {
	p.quotes = append(p.quotes[:0], quoter{}) // no end tag is named so
	p.tellQuote()
}
