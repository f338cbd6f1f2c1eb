package office

import "bytes"

// The bounds of what is held back of one line.
const (
	frameBytes = 64 << 10 // of a frame, and of what follows a line
	altBytes   = 16 << 10
	maxFrames  = 32
)

// lines makes lines of what a document's markup says: paragraphs, and rows of
// cells. What stands beside the text has frames of its own, which follow the
// line that they interrupt.
type lines struct {
	w      *writer
	frames []frame // the last one is being written
	opened []bool  // for each frame asked for, whether it was needed
	hold   bool    // notes wait, though there is no line that they would interrupt
	hidden bool    // what is written now is not shown
	added  bool    // what is written now was inserted in a revision
	sums   []uint64
}

// frame is a text within the text: a box, a note, a table in a cell.
type frame struct {
	buf     []byte // what is written; the first frame's goes to the writer
	aside   []byte // lines that follow the present one
	alt     []byte // the present line before its revisions and with all that is hidden
	differs bool   // alt is another text than the line
	begun   bool   // the present line has text
	inRow   bool
	rowText bool // the row has text
	col     int  // the present cell's column
	at      int  // the column that is written
	width   int  // of the table's widest row
	gap     bool // a blank is due before the next text of the cell
}

func newLines(w *writer) *lines { return &lines{w: w, frames: make([]frame, 1, 4)} }

func (l *lines) top() *frame { return &l.frames[len(l.frames)-1] }

// put writes text that has no line ends.
func (l *lines) put(b []byte) {
	if len(b) == 0 {
		return
	}
	f := l.top()
	l.reach(f)
	for i := range l.sums {
		l.sums[i] = sum(l.sums[i], b)
	}
	if (!l.added || l.hidden) && len(f.alt)+len(b) <= altBytes {
		f.alt = append(f.alt, b...)
	}
	if l.hidden {
		f.differs = true
		return
	}
	f.differs = f.differs || l.added
	if len(l.frames) == 1 {
		l.w.write(b)
		return
	}
	if f.buf = append(f.buf, b...); len(f.buf) > frameBytes {
		l.spill()
	}
}

// reach comes to where the next text stands: the present cell, behind what it
// holds already.
func (l *lines) reach(f *frame) {
	if f.inRow && f.at < f.col {
		for range min(f.col-f.at, maxColumns) {
			l.raw(f, '\t')
		}
		f.at, f.gap = f.col, false
	}
	if f.gap {
		f.gap = false
		l.raw(f, ' ')
	}
	f.begun, f.rowText = true, true
}

// raw writes a separator.
func (l *lines) raw(f *frame, c byte) {
	if len(f.alt) < altBytes {
		f.alt = append(f.alt, c)
	}
	if len(l.frames) == 1 {
		l.w.writeByte(c)
	} else {
		f.buf = append(f.buf, c)
	}
}

// spill writes a frame that has grown too long to wait for its line's end.
func (l *lines) spill() {
	f := l.top()
	l.w.writeByte('\n')
	l.w.write(f.buf)
	f.buf = f.buf[:0]
}

// blank writes a blank, a TAB or a line end that stands in the text: in a cell
// all of them are blanks.
func (l *lines) blank(c byte) {
	f := l.top()
	switch {
	case f.inRow:
		f.gap = f.begun
	case c == '\n':
		l.endLine()
	default:
		l.raw(f, c)
	}
}

// note takes text that stands beside the present line, as a line of its own.
func (l *lines) note(b []byte) {
	l.noteText(b)
	l.endNote()
}

// noteText takes a piece of such a line.
func (l *lines) noteText(b []byte) {
	f := l.top()
	for i := range l.sums {
		l.sums[i] = sum(l.sums[i], b)
	}
	if len(f.aside)+len(b) > frameBytes {
		l.w.writeByte('\n')
		l.w.write(f.aside)
		f.aside = f.aside[:0]
		if len(b) > frameBytes {
			l.w.write(b)
			return
		}
	}
	f.aside = append(f.aside, b...)
}

// endNote ends such a line. Where it interrupts nothing it is written at once.
func (l *lines) endNote() {
	f := l.top()
	n := len(f.aside)
	if n == 0 {
		return
	}
	if f.aside[n-1] != '\n' {
		f.aside = append(f.aside, '\n')
	}
	if !f.begun && !f.inRow && !l.hold {
		l.flushAside(f.aside)
		f.aside = f.aside[:0]
	}
}

// endParagraph ends a paragraph. In a cell that is not the end of the line.
func (l *lines) endParagraph() { l.blank('\n') }

// join ends a paragraph whose end was deleted: the next one continues it.
func (l *lines) join() {
	f := l.top()
	f.differs = true
	if len(f.alt) < altBytes {
		f.alt = append(f.alt, '\n')
	}
}

// startTable begins a table. Its rows are made as wide as the widest before, so
// that they stay one table to a reader of lines.
func (l *lines) startTable() { l.top().width = 0 }

func (l *lines) startRow() {
	f := l.top()
	if f.begun && !f.inRow {
		l.endLine()
	}
	f.inRow, f.rowText, f.col, f.at, f.gap = true, false, -1, 0, false
}

func (l *lines) startCell() {
	f := l.top()
	f.col++
	f.gap, f.begun = false, false
}

// span says that the present cell is so many columns wide.
func (l *lines) span(columns int) {
	if f := l.top(); 1 < columns && columns < 1<<20 && f.col < 1<<20 {
		f.col += columns - 1
	}
}

func (l *lines) endRow() {
	f := l.top()
	if !f.inRow {
		return
	}
	if f.rowText {
		for at := f.at; at+1 < f.width; at++ {
			l.raw(f, '\t')
		}
		f.width = min(max(f.width, f.at+1), maxColumns)
	}
	f.inRow = false
	l.endLine()
}

// endLine ends the line, and writes what was held back for its end.
func (l *lines) endLine() {
	f := l.top()
	alt, differs := f.alt, f.differs
	l.raw(f, '\n')
	if differs {
		l.flushAside(alt)
		l.flushAside([]byte{'\n'})
	}
	if len(f.aside) > 0 {
		l.endNote()
		l.flushAside(f.aside)
		f.aside = f.aside[:0]
	}
	f.alt, f.differs, f.begun, f.gap = f.alt[:0], false, false, false
}

func (l *lines) flushAside(b []byte) {
	if len(l.frames) == 1 {
		l.w.write(b)
		return
	}
	f := l.top()
	if f.buf = append(f.buf, b...); len(f.buf) > frameBytes {
		l.spill()
	}
}

// push opens a frame for what stands beside the text. Where it interrupts
// nothing it needs none, and is read in its place.
func (l *lines) push() {
	f := l.top()
	if !f.inRow && !f.begun {
		l.opened = append(l.opened, false)
		return
	}
	l.pushFrame()
}

// pushFrame opens a frame, unless there are too many.
func (l *lines) pushFrame() {
	if len(l.frames) == maxFrames {
		l.opened = append(l.opened, false)
		return
	}
	l.opened = append(l.opened, true)
	l.frames = append(l.frames, frame{})
}

// pop closes a frame: it follows the line that it interrupted.
func (l *lines) pop() { l.close(true) }

func (l *lines) close(keep bool) {
	n := len(l.opened)
	if n == 0 {
		return
	}
	framed := l.opened[n-1]
	if l.opened = l.opened[:n-1]; !framed {
		if f := l.top(); f.begun && !f.inRow {
			l.endLine()
		}
		return
	}
	f := l.top()
	if f.inRow {
		l.endRow()
	}
	if f.begun || len(f.aside) > 0 || len(f.alt) > 0 {
		l.endLine()
	}
	text := f.buf
	l.frames = l.frames[:len(l.frames)-1]
	if parent := l.top(); keep && len(bytes.TrimSpace(text)) > 0 {
		l.endNote()
		if len(parent.aside)+len(text) > frameBytes {
			l.w.writeByte('\n')
			l.w.write(parent.aside)
			l.w.write(text)
			parent.aside = parent.aside[:0]
		} else {
			parent.aside = append(parent.aside, text...)
		}
	}
}

// finish closes what is open and ends the last line.
func (l *lines) finish() {
	for len(l.opened) > 0 {
		l.pop()
	}
	l.endRow()
	if f := l.top(); f.begun || len(f.aside) > 0 || len(f.alt) > 0 {
		l.endLine()
	}
	l.hidden, l.added = false, false
}

// sum continues a checksum (FNV-1a) over what is no blank.
func sum(h uint64, b []byte) uint64 {
	for _, c := range b {
		if c > ' ' {
			h = (h ^ uint64(c)) * 1099511628211
		}
	}
	return h
}

const sumStart = 14695981039346656037
