package office

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The records of a binary workbook that are read ([MS-XLSB] section 2.3.2).
const (
	recRowHdr     = 0
	recCellBlank  = 1
	recCellRk     = 2
	recCellError  = 3
	recCellBool   = 4
	recCellReal   = 5
	recCellSt     = 6
	recCellIsst   = 7
	recFmlaString = 8
	recFmlaNum    = 9
	recFmlaBool   = 10
	recFmlaError  = 11
	recShortBlank = 12 // the short ones say no column: it is the next one
	recShortRk    = 13
	recShortError = 14
	recShortBool  = 15
	recShortReal  = 16
	recShortSt    = 17
	recShortIsst  = 18
	recSSTItem    = 19
	recName       = 39
	recFmt        = 44
	recXF         = 47
	recCellRSt    = 62
	recWbProp     = 153
	recBundleSh   = 156
	recHeader     = 479
	recHLink      = 494
	recBeginXFs   = 617
	recEndXFs     = 618
	recComment    = 637
)

// maxRecord is the longest record that is held; of a longer one the beginning
// is read.
const maxRecord = 256 << 10

// records reads the records of a part: their number and their content.
type records struct {
	r    *bufio.Reader
	kind int
	data []byte
	bad  bool
}

func (r *records) next() bool {
	kind, err := r.r.ReadByte()
	if err != nil {
		r.bad = r.bad || !errors.Is(err, io.EOF)
		return false
	}
	r.kind = int(kind)
	if kind >= 0x80 {
		high, _ := r.r.ReadByte()
		r.kind = int(kind&0x7f) | int(high&0x7f)<<7
	}
	size := 0
	for shift := 0; shift < 28; shift += 7 {
		b, err := r.r.ReadByte()
		if err != nil {
			r.bad = true
			return false
		}
		size |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	n := min(size, maxRecord)
	if cap(r.data) < n {
		r.data = make([]byte, n)
	}
	r.data = r.data[:n]
	got, err := io.ReadFull(r.r, r.data)
	r.data = r.data[:got]
	if err == nil && size > n {
		_, err = r.r.Discard(size - n)
	}
	r.bad = r.bad || err != nil
	return got == n
}

func (r *records) u32(at int) int {
	if at+4 > len(r.data) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(r.data[at:]))
}

// wide is the string at a place: its length in characters, then UTF-16. next is
// behind it.
func (r *records) wide(at int) (s string, next int) {
	n := r.u32(at)
	at += 4
	if at > len(r.data) {
		return "", len(r.data)
	}
	n = min(n, (len(r.data)-at)/2)
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(r.data[at+2*i:])
	}
	return string(utf16.Decode(units)), at + 2*n
}

// readRecords reads a part record by record.
func (d *document) readRecords(p *part, each func(r *records)) {
	p.done = true
	c, err := p.expand(d.out)
	if err != nil {
		d.malformed = true
		return
	}
	defer c.Close()
	r := &records{r: bufio.NewReaderSize(c, 32<<10)}
	for d.err == nil && r.next() {
		each(r)
		if d.err == nil {
			d.err = d.w.err
		}
	}
	d.malformed = d.malformed || c.bad || r.bad
	if d.err == nil {
		d.err = c.err
	}
}

// readBinaryWorkbook reads a workbook whose parts are records.
func (d *document) readBinaryWorkbook(main *part) {
	var sheets []sheet
	var names []string
	d.readRecords(main, func(r *records) {
		switch r.kind {
		case recWbProp:
			d.formats.date1904 = r.u32(0)&1 == 1
		case recBundleSh:
			id, next := r.wide(8)
			name, _ := r.wide(next)
			if len(sheets) < maxRelations {
				sheets = append(sheets, sheet{name, id})
			}
		case recName:
			if name, _ := r.wide(9); len(names) < maxRelations {
				names = append(names, name)
			}
		}
	})
	d.readSheets(d.relations(main.key), sheets)
	for _, n := range names {
		d.line(n)
	}
}

func (d *document) readBinaryStyles(p *part) {
	fs := &d.formats
	fs.codes = map[int]string{}
	cells := false
	var ids []int
	d.readRecords(p, func(r *records) {
		switch r.kind {
		case recFmt:
			if len(r.data) > 2 && len(fs.codes) < maxFormats {
				fs.codes[int(binary.LittleEndian.Uint16(r.data))], _ = r.wide(2)
			}
		case recBeginXFs:
			cells = true
		case recEndXFs:
			cells = false
		case recXF:
			if cells && len(r.data) >= 4 && len(ids) < 1<<16 {
				ids = append(ids, int(binary.LittleEndian.Uint16(r.data[2:])))
			}
		}
	})
	for _, id := range ids {
		fs.styles = append(fs.styles, fs.number(id))
	}
}

func (d *document) readBinaryStrings(p *part) {
	s := &d.strings
	d.readRecords(p, func(r *records) {
		if r.kind != recSSTItem {
			return
		}
		text, _ := r.wide(1)
		s.text = append(s.text, oneLine(text)...)
		d.endString()
	})
}

func oneLine(s string) []byte {
	b := []byte(s)
	for i, c := range b {
		if c == '\n' || c == '\t' || c == '\r' {
			b[i] = ' '
		}
	}
	return b
}

func (d *document) readBinarySheet(p *part) {
	s := &sheetReader{d: d}
	next := 0
	d.readRecords(p, func(r *records) {
		switch r.kind {
		case recRowHdr:
			next = 0
			s.endRow()
			s.beginRow(r.u32(0) + 1)
		case recCellRk, recCellBool, recCellReal, recCellSt, recCellIsst, recFmlaString, recFmlaNum, recFmlaBool, recCellRSt:
			next = r.u32(0) + 1
			s.binaryCell(r)
		case recCellBlank, recCellError, recFmlaError:
			next = r.u32(0) + 1
		case recShortBlank, recShortError:
			next++
		case recShortRk, recShortBool, recShortReal, recShortSt, recShortIsst:
			r.lengthen(next)
			next++
			s.binaryCell(r)
		case recHLink:
			text, next := r.wide(16)
			where, next := r.wide(next)
			tip, next := r.wide(next)
			show, _ := r.wide(next)
			for _, t := range []string{where, tip, show} {
				if t != "" {
					s.note([]byte(t))
				}
			}
			_ = text
		case recHeader:
			for at := 2; at < len(r.data); {
				var t string
				if t, at = r.wide(at); t != "" {
					s.note(headerText([]byte(t)))
				}
			}
		}
	})
	s.endRow()
	d.w.write(s.notes)
}

// lengthen makes the record of a cell that stands in a column out of a short one.
func (r *records) lengthen(column int) {
	r.data = append(r.data, 0, 0, 0, 0)
	copy(r.data[4:], r.data)
	binary.LittleEndian.PutUint32(r.data, uint32(column))
	switch r.kind {
	case recShortRk:
		r.kind = recCellRk
	case recShortBool:
		r.kind = recCellBool
	case recShortReal:
		r.kind = recCellReal
	case recShortSt:
		r.kind = recCellSt
	case recShortIsst:
		r.kind = recCellIsst
	}
}

// binaryCell writes the cell of a record: its column, its style, its value.
func (s *sheetReader) binaryCell(r *records) {
	if len(r.data) < 9 {
		return
	}
	col, style := r.u32(0), r.u32(4)&0xffffff
	var shown []byte
	switch r.kind {
	case recCellRk:
		shown = s.float(style, rk(uint32(r.u32(8))))
	case recCellReal, recFmlaNum:
		if len(r.data) < 16 {
			return
		}
		shown = s.float(style, math.Float64frombits(binary.LittleEndian.Uint64(r.data[8:])))
	case recCellBool, recFmlaBool:
		if shown = []byte("FALSE"); r.data[8] != 0 {
			shown = []byte("TRUE")
		}
	case recCellSt, recFmlaString:
		text, _ := r.wide(8)
		shown = oneLine(text)
	case recCellRSt:
		text, _ := r.wide(9)
		shown = oneLine(text)
	case recCellIsst:
		shown = s.d.strings.get(r.u32(8))
	}
	s.cell(col, shown)
}

func (s *sheetReader) float(style int, v float64) []byte {
	s.value = strconv.AppendFloat(s.value[:0], v, 'f', -1, 64)
	s.shown = s.d.formats.style(style).show(s.shown[:0], s.value)
	return s.shown
}

// rk is a number in 30 bits: a whole one or the upper half of a float, either
// perhaps hundredfold ([MS-XLSB] section 2.5.123).
func rk(n uint32) float64 {
	v := float64(int32(n) >> 2)
	if n&2 == 0 {
		v = math.Float64frombits(uint64(n&^3) << 32)
	}
	if n&1 == 1 {
		v /= 100
	}
	return v
}

// readBinaryPart reads a part of a binary workbook of which only the comments
// are text.
func (d *document) readBinaryPart(p *part) {
	d.readRecords(p, func(r *records) {
		if r.kind == recComment {
			text, _ := r.wide(1)
			d.line(text)
		}
	})
}

// holdsRecords reports whether a part is of a binary workbook, not a file of its
// own.
func holdsRecords(key string) bool {
	return strings.HasPrefix(key, "xl/") && strings.HasSuffix(key, ".bin") && !strings.Contains(key, "vbaproject") &&
		!strings.Contains(key, "embeddings/") && !strings.Contains(key, "activex") && !strings.Contains(key, "media/")
}
