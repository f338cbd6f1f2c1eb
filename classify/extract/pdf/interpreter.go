package pdf

import (
	"math"
	"unicode/utf8"
)

// state is what q saves of the graphics state: what places text.
type state struct {
	ctm                                matrix
	font                               *font
	size, char, word, lead, rise, wide float64
}

// interpreter goes through content streams and lays their text out on a page.
type interpreter struct {
	d *document
	state
	stack  []state
	deep   int // q beyond the stack
	line   matrix
	tm     matrix // where the next glyph goes: text space to that of the page
	page   *page
	fonts  map[ref]*font
	direct []*font
	blind  bool // fonts that could not be read
	active map[*stream]bool
	forms  int // drawn so far
	marks  []mark
	images int
	drawn  []*stream // the first of them
}

const (
	maxStack = 256
	maxForms = 20_000
	maxDepth = 24 // of forms
	maxMarks = 64
)

// mark is marked content whose text is told in words, section 14.9.4.
type mark struct {
	text string
	from int
	page int // flushes of the page before
}

func newInterpreter(d *document, p *page) *interpreter {
	return &interpreter{d: d, page: p, fonts: map[ref]*font{}, active: map[*stream]bool{}}
}

// settleFonts forgets the fonts.
func (x *interpreter) settleFonts() {
	for _, f := range x.fonts {
		x.blind = x.blind || f.unreadable()
	}
	for _, f := range x.direct {
		x.blind = x.blind || f.unreadable()
	}
	clear(x.fonts)
	x.direct = nil
}

// begin makes ready for a page or an annotation.
func (x *interpreter) begin(ctm matrix) {
	x.state = state{ctm: ctm, font: noFont, wide: 1}
	x.stack, x.deep, x.marks = x.stack[:0], 0, x.marks[:0]
	x.setLine(unit)
}

func (x *interpreter) setLine(m matrix) {
	x.line = m
	x.tm = m.times(x.ctm)
}

// run goes through a content stream.
func (x *interpreter) run(c *content, resources dict) {
	defer c.free()
	bottom := len(x.stack)
	for x.d.stopped == nil && x.page.err == nil {
		o := c.next()
		if o == 0 {
			break
		}
		x.do(o, c, resources, bottom)
	}
	x.d.damaged = x.d.damaged || c.lost
}

const (
	opSave           operator = 'q'                    // q
	opRestore        operator = 'Q'                    // Q
	opConcat         operator = 'c'<<8 | 'm'           // cm
	opBegin          operator = 'B'<<8 | 'T'           // BT
	opFont           operator = 'T'<<8 | 'f'           // Tf
	opChar           operator = 'T'<<8 | 'c'           // Tc
	opWord           operator = 'T'<<8 | 'w'           // Tw
	opScale          operator = 'T'<<8 | 'z'           // Tz
	opLead           operator = 'T'<<8 | 'L'           // TL
	opRise           operator = 'T'<<8 | 's'           // Ts
	opMove           operator = 'T'<<8 | 'd'           // Td
	opMoveLead       operator = 'T'<<8 | 'D'           // TD
	opMatrix         operator = 'T'<<8 | 'm'           // Tm
	opNew            operator = 'T'<<8 | '*'           // T*
	opShow           operator = 'T'<<8 | 'j'           // Tj
	opShowArray      operator = 'T'<<8 | 'J'           // TJ
	opQuote          operator = '\''                   // '
	opDouble         operator = '"'                    // "
	opDraw           operator = 'D'<<8 | 'o'           // Do
	opImage          operator = 'I'<<8 | 'D'           // ID
	opState          operator = 'g'<<8 | 's'           // gs
	opMark           operator = 'B'<<16 | 'M'<<8 | 'C' // BMC
	opMarkProperties operator = 'B'<<16 | 'D'<<8 | 'C' // BDC
	opEndMark        operator = 'E'<<16 | 'M'<<8 | 'C' // EMC
	opPoint          operator = 'D'<<8 | 'P'           // DP
)

func (x *interpreter) do(o operator, c *content, resources dict, bottom int) {
	switch o {
	case opShow:
		if s, ok := c.last(stringOperand); ok {
			x.show(s.bytes)
		}
	case opShowArray:
		if a, ok := c.last(arrayOperand); ok {
			x.showArray(c.elements[a.from:a.to])
		}
	case opQuote, opDouble:
		if o == opDouble {
			x.word, x.char = c.number(2), c.number(1)
		}
		x.move(0, -x.lead)
		if s, ok := c.last(stringOperand); ok {
			x.show(s.bytes)
		}
	case opMove:
		x.move(c.number(1), c.number(0))
	case opMoveLead:
		x.lead = -c.number(0)
		x.move(c.number(1), c.number(0))
	case opMatrix:
		x.setLine(matrix{c.number(5), c.number(4), c.number(3), c.number(2), c.number(1), c.number(0)})
	case opNew:
		x.move(0, -x.lead)
	case opBegin:
		x.setLine(unit)
	case opFont:
		x.size = c.number(0)
		if n := len(c.operands); n >= 2 {
			x.state.font = x.font(x.d.dict(resources["Font"])[c.operands[n-2].name()])
		}
	case opChar:
		x.char = c.number(0)
	case opWord:
		x.word = c.number(0)
	case opScale:
		x.wide = c.number(0) / 100
	case opLead:
		x.lead = c.number(0)
	case opRise:
		x.rise = c.number(0)
	case opSave, opRestore, opConcat:
		x.graphics(o, c, bottom)
	case opDraw:
		if n, ok := c.last(nameOperand); ok {
			x.draw(x.d.stream(x.d.dict(resources["XObject"])[n.name()]), resources)
		}
	case opState:
		if n, ok := c.last(nameOperand); ok {
			if f := x.d.array(x.d.dict(x.d.dict(resources["ExtGState"])[n.name()])["Font"]); len(f) == 2 {
				x.state.font, x.size = x.font(f[0]), x.d.float(f[1], 0)
			}
		}
	case opImage:
		x.images++
		c.skipImage()
	case opMark, opMarkProperties, opEndMark, opPoint:
		x.marked(o, c, resources)
	}
}

func (x *interpreter) graphics(o operator, c *content, bottom int) {
	switch {
	case o == opConcat:
		m := matrix{c.number(5), c.number(4), c.number(3), c.number(2), c.number(1), c.number(0)}
		x.ctm = m.times(x.ctm)
		x.tm = x.line.times(x.ctm)
	case o == opSave && len(x.stack) < maxStack:
		x.stack = append(x.stack, x.state)
	case o == opSave:
		x.deep++
	case x.deep > 0:
		x.deep--
	case len(x.stack) > bottom:
		x.state = x.stack[len(x.stack)-1]
		x.stack = x.stack[:len(x.stack)-1]
		x.tm = x.line.times(x.ctm)
	}
}

func (x *interpreter) move(tx, ty float64) {
	x.setLine(matrix{1, 0, 0, 1, tx, ty}.times(x.line))
}

// advance moves on along the line, or, in vertical writing, down it.
func (x *interpreter) advance(t float64) {
	if c := x.state.font.composite; c != nil && c.vertical {
		x.tm.e -= t * x.tm.c
		x.tm.f -= t * x.tm.d
		return
	}
	t *= x.wide
	x.tm.e += t * x.tm.a
	x.tm.f += t * x.tm.b
}

func (x *interpreter) showArray(elements []operand) {
	for _, e := range elements {
		switch e.kind {
		case numberOperand:
			x.advance(-e.number / 1000 * x.size)
		case stringOperand:
			x.show(e.bytes)
		}
	}
}

// show places the glyphs of a string.
func (x *interpreter) show(b []byte) {
	if len(b) == 0 {
		return
	}
	p := x.page
	px, py := x.tm.e+x.rise*x.tm.c, x.tm.f+x.rise*x.tm.d
	height := math.Abs(x.size) * length(x.tm.c, x.tm.d)
	scale := length(x.tm.a, x.tm.b)
	dx, dy, em := x.tm.a, x.tm.b, math.Abs(x.size*x.wide)*scale
	f := x.state.font
	if f.composite != nil && f.composite.vertical {
		dx, dy, em = -x.tm.c, -x.tm.d, height
	}
	if x.size*x.wide < 0 {
		dx, dy = -dx, -dy
	}
	p.start(px, py, dx, dy, em, height, x.char*x.wide*scale)
	if f.composite != nil {
		x.advance(x.showComposite(f, b))
	} else {
		x.advance(x.showSimple(f, b))
	}
	char := x.char * x.wide // stands behind the last glyph as well
	p.end(x.tm.e+x.rise*x.tm.c-char*x.tm.a, x.tm.f+x.rise*x.tm.d-char*x.tm.b)
}

func (x *interpreter) showSimple(f *font, b []byte) float64 {
	text := x.page.text
	var width float32
	spaces := 0
	// QUIRK: Ghostscript writes a space as a distance between a few characters.
	apart := len(b) <= 3 && x.page.apart
	for i, c := range b {
		if apart && i > 0 && !(x.page.apartAgain && isDigit(c) && isDigit(b[i-1])) {
			text = append(text, ' ')
		}
		width += f.width[c]
		r := f.text[c]
		switch {
		case r > 0 && r < utf8.RuneSelf:
			if r == ' ' && c == ' ' {
				spaces++
				if x.word > x.size && x.size > 0 {
					r = '\t'
				}
			}
			text = append(text, byte(r))
		case r >= doubtful:
			f.missed(uint32(c))
			text = utf8.AppendRune(text, r&^doubtful)
		case r > 0:
			text = utf8.AppendRune(text, r)
		case r < 0:
			text = append(text, f.more[-r-1]...)
		default:
			if c == ' ' {
				spaces++
			}
			f.missed(uint32(c))
		}
	}
	x.page.text = text
	return float64(width)*x.size + float64(len(b))*x.char + float64(spaces)*x.word
}

func isDigit(b byte) bool { return b-'0' < 10 }

func (x *interpreter) showComposite(f *font, b []byte) float64 {
	text := x.page.text
	total, glyphs, spaces := float32(0), 0, 0
	for len(b) > 0 {
		var width float32
		var n int
		text, width, n = f.next(b, text)
		if n == 1 && b[0] == ' ' {
			spaces++
		}
		total += width
		glyphs++
		b = b[max(1, n):]
	}
	x.page.text = text
	return float64(total)*x.size + float64(glyphs)*x.char + float64(spaces)*x.word
}

// draw executes a form; an image is only counted.
func (x *interpreter) draw(s *stream, resources dict) {
	if s == nil {
		return
	}
	if x.d.name(s.dict["Subtype"]) == "Image" {
		x.images++
		if len(x.drawn) < maxDrawn {
			x.drawn = append(x.drawn, s)
		}
		return
	}
	if x.active[s] {
		return
	}
	if len(x.active) >= maxDepth || x.forms >= maxForms {
		x.d.damaged = true // or meant to be read by nobody
		return
	}
	x.forms++
	x.active[s] = true
	defer delete(x.active, s)
	saved, line := x.state, x.line
	x.ctm = x.d.matrix(s.dict["Matrix"]).times(x.ctm)
	x.setLine(unit)
	if own := x.d.dict(s.dict["Resources"]); own != nil {
		resources = own
	}
	if r, err := x.d.open(s); err == nil {
		x.run(newContent(r), resources)
		r.close()
	}
	x.state = saved
	x.setLine(line)
}

// marked keeps the words that stand for marked content. They are told where the
// glyphs say nothing, or something else.
func (x *interpreter) marked(o operator, c *content, resources dict) {
	switch o {
	case opMark:
		x.pushMark(mark{})
	case opMarkProperties, opPoint:
		m := mark{from: len(x.page.text), page: x.page.flushes}
		if n := len(c.operands); n > 0 {
			properties := c.properties
			if c.operands[n-1].kind == nameOperand {
				properties = x.d.dict(x.d.dict(resources["Properties"])[c.operands[n-1].name()])
			}
			for _, key := range []name{"Alt", "E", "Contents"} {
				if s, ok := x.d.str(properties[key]); ok {
					x.page.aside(text(s))
				}
			}
			if s, ok := x.d.str(properties["ActualText"]); ok {
				m.text = text(s)
			}
		}
		if o == opPoint {
			x.page.aside(m.text)
			return
		}
		x.pushMark(m)
	case opEndMark:
		n := len(x.marks)
		if n == 0 {
			return
		}
		m := x.marks[n-1]
		x.marks = x.marks[:n-1]
		if m.text != "" && (m.page != x.page.flushes || m.from > len(x.page.text) || !sameWords(m.text, x.page.text[m.from:])) {
			x.replace(m)
		}
	}
}

func (x *interpreter) pushMark(m mark) {
	if len(x.marks) < maxMarks {
		x.marks = append(x.marks, m)
	}
}

// replace tells the text of a mark: in its place if the glyphs told nothing.
func (x *interpreter) replace(m mark) {
	if m.page == x.page.flushes && m.from == len(x.page.text) {
		x.page.extend(m.text)
		return
	}
	x.page.aside(m.text)
}

// sameWords compares letters and digits only. A mark of one character is a
// hyphen or a bullet, mostly.
func sameWords(a string, b []byte) bool {
	return squeeze(a) == squeeze(string(b)) || utf8.RuneCountInString(a) < 2
}
