package office

import (
	"bytes"
	"strconv"
)

// The bounds of a sheet.
const (
	maxColumns = 256 // TABs in a row for cells that are not there
	noteBytes  = 64 << 10
)

// sheetReader reads one sheet as rows of cells.
type sheetReader struct {
	d     *document
	lx    *lexer
	row   int // of the last row
	col   int // where the next cell belongs
	at    int // the column that is written
	width int // of the widest row
	begun bool
	notes []byte // formulas and other texts, which follow the rows
	value []byte
	code  []byte // the formula of the cell
	style int
	kind  cellKind
	mode  cellMode
	shown []byte
}

// cellKind is the type of a cell's value (ST_CellType).
type cellKind byte

const (
	cellNumber cellKind = iota
	cellShared
	cellBool
	cellText
)

// cellMode says what the character data in a sheet is.
type cellMode uint8

const (
	cellOther cellMode = iota
	cellValue
	cellFormula
	cellHeader
)

// readSheet reads a sheet from behind its first start tag.
func (d *document) readSheet() {
	s := &sheetReader{d: d, lx: &d.lx}
	for ok := true; ok && d.err == nil; ok = s.lx.next() {
		switch s.lx.kind {
		case startTag:
			if s.start(); s.lx.empty {
				s.end()
			}
		case endTag:
			s.end()
		case charData:
			s.text()
		}
		s.quick()
	}
	s.endRow()
	d.w.blankLine()
	d.w.write(s.notes)
}

func (s *sheetReader) start() {
	lx := s.lx
	s.mode = cellOther
	switch string(lx.name) {
	case "c":
		s.startCell()
	case "v":
		s.mode = cellValue
	case "t":
		s.mode = cellValue
	case "f":
		s.mode = cellFormula
	case "row":
		s.startRow(lx.attr("r"))
	case "rPr", "rPh":
		lx.skip("")
	case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
		s.mode = cellHeader
	case "dataValidation":
		s.attrs("promptTitle", "prompt", "errorTitle", "error")
	case "hyperlink":
		s.attrs("display", "tooltip", "location")
	case "dimension":
		s.measure(lx.attr("ref"))
	case "anchor":
		lx.skip("")
	case "scenario", "inputCells", "protectedRange", "control", "webPublishItem", "customPr":
		s.attrs("name", "val", "comment", "title")
	}
}

// maxClaimed is the widest sheet that is believed to be so before it is read.
const maxClaimed = 64

// measure takes the range of cells that the sheet says it has: a header row may
// be narrower than the rows under it.
func (s *sheetReader) measure(ref []byte) {
	_, last, ok := bytes.Cut(ref, []byte(":"))
	if n := column(last) + 1; ok && 0 < n && n <= maxClaimed {
		s.width = n
	}
}

func (s *sheetReader) attrs(names ...string) {
	for _, name := range names {
		if v := s.lx.attr(name); len(v) > 0 {
			s.note(s.lx.dtd.decode(nil, v))
		}
	}
}

// note keeps a line that follows the rows.
func (s *sheetReader) note(b []byte) {
	if len(s.notes)+len(b) > noteBytes {
		s.endRow()
		s.d.w.write(s.notes)
		s.notes = s.notes[:0]
	}
	s.notes = append(append(s.notes, b[:min(len(b), noteBytes)]...), '\n')
}

func (s *sheetReader) text() {
	switch s.mode {
	case cellValue:
		s.value = s.d.appendText(s.value, maxCellBytes)
	case cellFormula:
		s.code = s.d.appendText(s.code, maxCellBytes)
	case cellHeader:
		s.note(bytes.TrimSpace(headerText(s.lx.dtd.decode(nil, s.lx.text))))
	default:
		if b := bytes.TrimSpace(s.lx.text); len(b) > 0 {
			s.note(s.lx.dtd.decode(nil, b))
		}
	}
}

func (s *sheetReader) end() {
	s.mode = cellOther
	switch string(s.lx.name) {
	case "c":
		s.endCell()
	case "row":
		s.endRow()
	}
}

// startRow takes the number of a row: where rows are left out a blank line
// stands.
func (s *sheetReader) startRow(r []byte) {
	s.endRow()
	n := s.row + 1
	if v, err := strconv.Atoi(string(r)); err == nil && v > 0 {
		n = v
	}
	s.beginRow(n)
}

func (s *sheetReader) beginRow(n int) {
	if s.row > 0 && n > s.row+1 {
		s.d.w.writeByte('\n')
	}
	s.row, s.col, s.at, s.begun = n, 0, 0, false
}

// startCell reads the attributes of a cell.
func (s *sheetReader) startCell() {
	s.value, s.code = s.value[:0], s.code[:0]
	s.style, s.kind = 0, cellNumber
	for tag := s.lx.tag; len(tag) > 0; {
		name, value, rest := nextAttr(tag)
		tag = rest
		if len(name) != 1 || len(value) == 0 {
			continue
		}
		switch name[0] {
		case 'r':
			if col := column(value); col >= 0 {
				s.col = col
			}
		case 's':
			s.style = number(value)
		case 't':
			switch value[0] {
			case 's':
				if s.kind = cellText; len(value) == 1 {
					s.kind = cellShared
				}
			case 'b':
				s.kind = cellBool
			case 'n':
			default:
				s.kind = cellText // str, inlineStr, e, d
			}
		}
	}
}

// column is the number of a cell's column, from its reference; -1 if it has
// none.
func column(ref []byte) int {
	n := 0
	for _, c := range ref[:min(len(ref), 4)] {
		if c |= 0x20; c < 'a' || c > 'z' {
			break
		}
		n = n*26 + int(c-'a') + 1
	}
	return n - 1
}

func number(b []byte) int {
	n := 0
	for _, c := range b[:min(len(b), 9)] {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// endCell writes a cell as it is shown.
func (s *sheetReader) endCell() {
	col := s.col
	s.col++
	if len(s.code) > 0 {
		if len(s.value) == 0 { // never calculated
			s.value, s.kind = append(append(s.value, '='), s.code...), cellText
		} else if telling(s.code) || bytes.IndexByte(s.code, '"') >= 0 {
			s.note(s.code)
		}
		s.code = s.code[:0]
	}
	if len(s.value) == 0 {
		return
	}
	s.show(col, s.value)
	s.value = s.value[:0]
}

// show writes the value of a cell as its kind and style have it.
func (s *sheetReader) show(col int, value []byte) {
	switch s.kind {
	case cellShared:
		value = s.d.strings.get(number(bytes.TrimSpace(value)))
	case cellBool:
		if value[0] == '1' {
			value = []byte("TRUE")
		} else {
			value = []byte("FALSE")
		}
	case cellNumber:
		f := s.d.formats.style(s.style)
		if w := &s.d.w; s.follows(col) && len(w.buf) < writerBytes-quickBytes {
			before := len(w.buf)
			if w.buf = f.show(append(w.buf, '\t'), value); len(w.buf) == before+1 {
				w.buf = w.buf[:before] // nothing is shown
				return
			}
			s.at = col
			if len(w.buf) >= writerBytes {
				w.flush()
			}
			return
		}
		s.shown = f.show(s.shown[:0], value)
		value = s.shown
	}
	s.cell(col, value)
}

// follows reports whether a column is the next one in a row that is being written.
func (s *sheetReader) follows(col int) bool { return s.begun && col == s.at+1 && !s.d.w.gap }

// cell writes a text into a column.
func (s *sheetReader) cell(col int, text []byte) {
	if len(text) == 0 {
		return
	}
	w := &s.d.w
	if s.follows(col) && len(w.buf)+len(text) < writerBytes-1 {
		w.buf = append(append(w.buf, '\t'), text...)
		s.at = col
		return
	}
	if s.begun || col > 0 {
		if gap := col - s.at; gap > maxColumns || gap < 1 && s.begun {
			w.writeByte('\t')
		} else {
			w.write(tabs[:max(0, gap)])
		}
	}
	s.begun, s.at = true, col
	w.write(text)
}

var tabs = bytes.Repeat([]byte{'\t'}, maxColumns)

// endRow ends a row, with TABs for the cells that the widest row has more: rows
// of one width are one table.
func (s *sheetReader) endRow() {
	if !s.begun {
		return
	}
	w := &s.d.w
	w.write(tabs[:max(0, s.width-s.at-1)])
	s.width = min(max(s.width, s.at+1), maxColumns)
	w.writeByte('\n')
	s.begun = false
}
