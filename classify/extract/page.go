package extract

import "slices"

// pageBuffer is how much text is gathered before it goes to the stream.
const pageBuffer = 4 << 10

// markedStage is a stage that takes marks as well.
type markedStage interface {
	stage
	mark(quoted bool)
}

// textBuffer gathers small pieces of text for a stream.
type textBuffer struct {
	out   markedStage
	buf   []byte
	blank bool // nothing but line ends was written since the last one
}

func newTextBuffer(out markedStage) *textBuffer { return &textBuffer{out: out, blank: true} }

func (t *textBuffer) write(b []byte) {
	if len(b) == 0 {
		return
	}
	t.blank = false
	if t.buf == nil {
		t.buf = make([]byte, 0, pageBuffer)
	}
	if len(t.buf)+len(b) > pageBuffer {
		t.flush()
		if len(b) >= pageBuffer {
			t.out.write(b)
			return
		}
	}
	t.buf = append(t.buf, b...)
}

func (t *textBuffer) writeByte(c byte) {
	t.blank = false
	if len(t.buf) == pageBuffer {
		t.flush()
	}
	if t.buf == nil {
		t.buf = make([]byte, 0, pageBuffer)
	}
	t.buf = append(t.buf, c)
}

// newline begins a line, unless one was just begun.
func (t *textBuffer) newline() {
	if !t.blank {
		t.writeByte('\n')
		t.blank = true
	}
}

func (t *textBuffer) flush() {
	t.out.write(t.buf)
	t.buf = t.buf[:0]
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
	name   string
	nested int  // elements of the same name that are open in it
	frame  bool // it frames a quotation, and the answers to it
	spent  bool // the quotation is over: what stands in the frame now are answers
}

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

// textClass tells what a byte is to text: 0 visible, 1 white space, 2 markup.
var textClass = func() (t [256]uint8) {
	for _, c := range " \t\r\n\f" {
		t[c] = 1
	}
	t['<'], t['&'] = 2, 2
	return t
}()

// text takes text up to the next markup and returns how much that was.
func (p *page) text(b []byte) int {
	for i := 0; i < len(b); {
		switch textClass[b[i]] {
		case 1:
			p.space(b[i])
			i++
		case 2:
			return i
		default:
			// Single spaces between words go along.
			j := i + wordRun(b[i:])
			for j < len(b) && (textClass[b[j]] == 0 || b[j] == ' ' && j+1 < len(b) && textClass[b[j+1]] == 0) {
				j++
			}
			p.visible(b[i:j])
			i = j
		}
	}
	return len(b)
}

// wordRun counts bytes at the front of b, which begins with a visible one, that
// are visible or single spaces and end with a visible one. It looks at eight
// bytes at a time and may stop early.
func wordRun(b []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 1
	for ; i+8 <= len(b); i += 8 {
		x := uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24 | uint64(b[i+4])<<32 | uint64(b[i+5])<<40 | uint64(b[i+6])<<48 | uint64(b[i+7])<<56
		lt, amp, sp := x^('<'*ones), x^('&'*ones), x^(' '*ones)
		markup := ((lt - ones) &^ lt) | ((amp - ones) &^ amp) | ((x - ' '*ones) &^ x)
		// A borrow may set the bit of a byte above: then a space is seen where
		// there is none, and the run ends early, which harms nobody.
		space := (sp - ones) &^ sp & highs
		if markup&highs != 0 || space&(space>>8) != 0 || space&0x80 != 0 && b[i-1] == ' ' {
			break
		}
	}
	for i > 1 && b[i-1] == ' ' {
		i--
	}
	return i
}

// literal takes text in which nothing is markup.
func (p *page) literal(b []byte) {
	for i := 0; i < len(b); {
		j := i
		for j < len(b) && textClass[b[j]] != 1 {
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
func (p *page) element(name []byte, closing, quoting bool) {
	if quoting || len(p.quotes) > 0 || len(name) == len("blockquote") {
		p.quote(name, closing, quoting)
	}
	switch string(name) {
	case "br":
		if p.due == lineGap && !p.rows[len(p.rows)-1].inside {
			p.due = blankLineGap
		} else {
			p.newLine()
		}
	case "td", "th":
		p.cell(len(name) == 2 && name[1] == 'h', closing)
	case "tr":
		p.endRow()
	case "table":
		p.table(closing)
	case "pre", "textarea", "listing", "xmp", "plaintext":
		p.newLine()
		if !closing {
			p.pre++
		} else if p.pre > 0 {
			p.pre--
		}
	case "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
		"fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup",
		"hr", "html", "iframe", "legend", "li", "main", "menu", "nav", "object", "ol", "optgroup", "option", "p", "section", "select",
		"summary", "text", "desc", "metadata", "nl", "np", "paragraph", "tbody", "tfoot", "thead", "title", "ul", "button", "xml", "marquee":
		p.newLine()
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
		p.quotes = append(p.quotes, quoter{name: string(name), frame: !cited})
	case n == 0 || p.quotes[n-1].name != string(name):
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
