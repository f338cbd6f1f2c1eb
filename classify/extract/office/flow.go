package office

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// flow reads the text of WordprocessingML, DrawingML, PresentationML and
// charts (ISO/IEC 29500, transitional and strict). The local names of the
// elements tell enough: namespaces are not looked at.
type flow struct {
	d        *document
	l        *lines
	lx       *lexer
	mode     textMode
	tables   []bool // for each open table, whether it has a frame of its own
	deleted  int
	inserted int
	vanish   bool
	joins    bool // the paragraph's end was deleted
	flat     bool // Word 2003: headers stand in the properties of sections
	span     int  // columns of the present cell
	choices  [][]uint64
	value    []byte // a number of a chart
	format   []byte // and its format
	scratch  []byte

	runs, paragraphs memo // properties
}

// textMode says what the character data is.
type textMode uint8

const (
	modeOther   textMode = iota // unexpected: read beside the text
	modeText                    // shown in the line
	modeDeleted                 // deleted in a revision
	modeField                   // a field's code
	modeValue                   // a value of a chart
	modeFormat                  // a format of a chart's numbers
	modeNoise                   // measures of the layout
)

// readFlow reads a part from behind its first start tag.
func (d *document) readFlow(lx *lexer, l *lines) {
	f := &flow{d: d, l: l, lx: lx, flat: string(lx.name) == "wordDocument"}
	for ok := true; ok && d.err == nil; ok = lx.next() {
		switch lx.kind {
		case startTag:
			if f.start(); lx.empty {
				f.end(lx.name)
			}
		case endTag:
			f.end(lx.name)
		case charData:
			f.text(lx.text)
		case comment:
			f.note(lx.text)
		}
		f.quick()
	}
	l.finish()
}

func (f *flow) text(b []byte) {
	if f.mode == modeOther || f.mode == modeNoise {
		if f.mode == modeOther && len(bytes.TrimSpace(b)) > 0 {
			f.l.noteText(f.plain(b))
		}
		return
	}
	b = f.plain(b)
	switch f.mode {
	case modeText, modeDeleted:
		f.l.added = f.inserted > 0
		f.l.hidden = f.vanish || f.deleted > 0 || f.mode == modeDeleted
		f.put(b)
	case modeField:
		f.l.noteText(b)
	case modeValue:
		f.value = append(f.value, b[:min(len(b), maxCellBytes-len(f.value))]...)
	case modeFormat:
		f.format = append(f.format, b[:min(len(b), maxFormatBytes-len(f.format))]...)
	}
}

// put writes text whose line ends are blanks.
func (f *flow) put(b []byte) {
	for {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			f.l.put(b)
			return
		}
		f.l.put(b[:n])
		f.l.put(space)
		b = b[n+1:]
	}
}

var space = []byte(" ")

// plain is the text without entities.
func (f *flow) plain(b []byte) []byte {
	if f.lx.literal || bytes.IndexByte(b, '&') < 0 {
		return b
	}
	f.scratch = f.lx.dtd.decode(f.scratch[:0], b)
	return f.scratch
}

func (f *flow) note(b []byte) {
	if b = bytes.TrimSpace(b); len(b) > 0 {
		f.l.note(b)
	}
}

// attrs notes the values of attributes that say something to a reader.
func (f *flow) attrs(names ...string) {
	for _, name := range names {
		if v := f.lx.attr(name); len(v) > 0 {
			f.scratch = f.lx.dtd.decode(f.scratch[:0], v)
			f.note(f.scratch)
		}
	}
}

func (f *flow) start() {
	lx := f.lx
	f.mode = modeOther
	switch string(lx.name) {
	case "t":
		f.mode = modeText
	case "r":
		f.vanish = false
	case "rPr":
		f.vanish = lx.skip("vanish")
	case "pPr":
		if !f.flat {
			f.joins = lx.skip("del")
		}
	case "sectPr":
		if !f.flat {
			lx.skip("")
		}
	case "p":
		f.joins = false
	case "tab", "ptab":
		f.l.blank('\t')
	case "br", "cr":
		f.l.blank('\n')
	case "noBreakHyphen":
		f.put([]byte("-"))
	case "tc":
		f.l.startCell()
		f.span = 1
	case "tr":
		f.l.startRow()
	case "tbl":
		f.startTable()
	case "gridSpan":
		f.span, _ = strconv.Atoi(string(lx.attr("val")))
	case "tblPr", "tblGrid", "spPr", "bodyPr", "lstStyle", "style", "endParaRPr", "tblPrEx", "tblStylePr":
		lx.skip("")
	default:
		f.startRare()
	}
}

// startRare handles the elements that no paragraph is full of.
func (f *flow) startRare() {
	lx := f.lx
	switch string(lx.name) {
	case "delText":
		f.mode = modeDeleted
	case "instrText", "delInstrText":
		f.mode = modeField
	case "fldChar":
		f.l.endNote()
	case "fldSimple":
		f.attrs("instr")
	case "del", "moveFrom":
		f.deleted++
	case "ins", "moveTo":
		f.inserted++
	case "sym":
		f.symbol()
	case "txbxContent":
		f.l.push()
	case "AlternateContent":
		if len(f.choices) < maxFrames {
			f.choices = append(f.choices, nil)
		}
	case "Choice", "Fallback":
		f.startChoice()
	case "docPr", "cNvPr":
		f.attrs("descr", "title")
		if v := lx.attr("name"); telling(v) {
			f.attrs("name")
		}
	case "shape", "rect", "oval", "roundrect", "line", "group", "image", "imagedata":
		f.attrs("alt", "title")
	case "textpath":
		f.attrs("string")
	case "alias", "tag", "default", "listEntry", "statusText", "helpText", "comboBox", "dropDownList", "strVal":
		f.attrs("val")
	case "lvlText":
		if v := lx.attr("val"); telling(v) || len(v) > 8 {
			f.attrs("val")
		}
	case "docVar":
		f.attrs("name", "val")
	case "listItem":
		f.attrs("displayText", "value")
	case "hyperlink", "hlinkClick", "hlinkHover", "hlinkMouseOver":
		f.attrs("tooltip", "dest")
	case "cmAuthor", "author":
		f.attrs("name")
	case "custShow", "section":
		f.attrs("name")
	case "v":
		f.mode, f.value = modeValue, f.value[:0]
	case "formatCode":
		f.mode, f.format = modeFormat, f.format[:0]
	case "strCache", "numCache", "strLit", "numLit":
		f.format = f.format[:0]
	case "posOffset", "align", "pctWidth", "pctHeight", "attrName", "f", "pctPosHOffset", "pctPosVOffset",
		"col", "row", "colOff", "rowOff", "Anchor", "AutoFill", "Row", "Column", "MoveWithCells", "SizeWithCells", "Locked", "LockText", "PrintObject":
		f.mode = modeNoise
	case "binData", "binaryData":
		f.d.readBinary(f.d.attr("name"))
	}
}

func (f *flow) end(name []byte) {
	wasOther := f.mode == modeOther
	mode := f.mode
	f.mode = modeOther
	switch string(name) {
	case "t":
	case "r":
	case "p":
		if f.joins {
			f.joins = false
			f.l.join()
			return
		}
		f.l.endParagraph()
	case "tc":
		if f.span > 1 {
			f.l.span(f.span)
		}
		f.span = 1
	case "tr":
		f.l.endRow()
	case "tbl":
		f.endTable()
	case "del", "moveFrom":
		f.deleted = max(0, f.deleted-1)
	case "ins", "moveTo":
		f.inserted = max(0, f.inserted-1)
	case "txbxContent":
		f.l.pop()
	case "Choice", "Fallback":
		f.endChoice(string(name) == "Fallback")
	case "AlternateContent":
		f.choices = f.choices[:max(0, len(f.choices)-1)]
	case "v":
		if mode == modeValue {
			f.endValue()
		}
	case "instrText", "delInstrText":
	case "comment":
		if f.l.top().begun {
			f.l.endParagraph()
		}
	default:
		if wasOther {
			f.l.endNote()
		}
	}
}

// startTable opens a table. One in the cell of another gets a frame, so that
// the row it stands in stays one line.
func (f *flow) startTable() {
	if len(f.tables) == maxFrames {
		return
	}
	nested := f.l.top().inRow
	if nested {
		f.l.push()
	}
	f.l.startTable()
	f.tables = append(f.tables, nested)
}

func (f *flow) endTable() {
	if len(f.tables) == 0 {
		return
	}
	nested := f.tables[len(f.tables)-1]
	f.tables = f.tables[:len(f.tables)-1]
	f.l.endRow()
	if nested {
		f.l.pop()
	}
	f.span = 1
}

// startChoice begins one of the alternatives of markup compatibility (ISO/IEC
// 29500-3). The first is read in its place; the fallback, which older programs
// show, is kept if it has another text.
func (f *flow) startChoice() {
	if string(f.lx.name) == "Fallback" {
		f.l.pushFrame()
	}
	f.l.sums = append(f.l.sums, sumStart)
	if len(f.l.sums) > maxFrames {
		f.l.sums = f.l.sums[1:]
	}
}

func (f *flow) endChoice(fallback bool) {
	total := uint64(sumStart)
	if n := len(f.l.sums); n > 0 {
		total = f.l.sums[n-1]
		f.l.sums = f.l.sums[:n-1]
	}
	known := false
	if n := len(f.choices); n > 0 {
		for _, s := range f.choices[n-1] {
			known = known || s == total
		}
		if len(f.choices[n-1]) < maxFrames {
			f.choices[n-1] = append(f.choices[n-1], total)
		}
	}
	if fallback {
		f.l.close(!known)
	}
}

// symbol writes a character of a symbol font. Those fonts have their characters
// at U+F000 and up, the digits and letters of most at the places of ASCII.
func (f *flow) symbol() {
	n, err := strconv.ParseUint(string(f.lx.attr("char")), 16, 32)
	if err != nil || n > utf8.MaxRune {
		return
	}
	if 0xf020 <= n && n <= 0xf0ff {
		n -= 0xf000
	}
	var b [utf8.UTFMax]byte
	f.put(b[:utf8.EncodeRune(b[:], rune(n))])
}

// endValue writes a value of a chart as its axis shows it.
func (f *flow) endValue() {
	f.scratch = f.d.formats.custom(string(f.format)).show(f.scratch[:0], f.value)
	f.put(f.scratch)
	f.l.endParagraph()
}

// telling reports whether a technical name may hold a value: an address, or six
// digits.
func telling(b []byte) bool {
	digits := 0
	for _, c := range b {
		if c == '@' {
			return true
		}
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	return digits >= 6
}
