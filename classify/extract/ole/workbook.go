package ole

import (
	"io"
	"strings"

	"github.com/postern-mail/postern/classify/extract/numfmt"
)

// The records that are read; those of the oldest versions have other numbers.
const (
	recFilePass   = 0x2f
	recBoundSheet = 0x85
	recSST        = 0xfc
	recTXO        = 0x1b6
)

// isWorkbook reports whether a file begins as a Workbook stream does, which
// Excel up to 4 wrote without a compound file around it.
func isWorkbook(head []byte) bool {
	if len(head) < 4 || head[0] != 9 || head[3] != 0 {
		return false
	}
	switch head[1] {
	case 0, 2, 4, 8:
		return head[2] == 4 || head[2] == 6 || head[2] == 8 || head[2] == 16
	}
	return false
}

// maxStrings and maxStringBytes bound the table of strings that is kept. What is
// beyond is told without its cells.
const (
	maxStrings     = 1 << 20
	maxStringBytes = 32 << 20
)

// book is a workbook being read.
type book struct {
	d       *document
	r       *records
	version int // of BIFF: 2, 3, 4, 5 or 8
	page    int
	mac     bool // dates count from 1904
	levels  int  // open substreams
	globals bool // those of the workbook are being read

	sheets  map[int64]string // names by the position of their substream
	formats map[int]string
	made    map[int]numfmt.Format
	xfs     []int
	strings []string
	used    []bool
	bytes   int

	sheet  *writer
	aside  *writer // comments, headers, texts of shapes
	row    int
	column int
	began  bool
	cell   struct{ row, column int } // of the formula that waits for its STRING
	owed   int                       // bytes of strings repeated since Expand was asked
}

func (d *document) workbookStream(_, e *entry) error { return d.workbook(d.file.open(e)) }

// workbook reads a Workbook stream.
func (d *document) workbook(r io.Reader) error {
	b := &book{
		d: d, r: newRecords(r), version: 8, page: 1252, sheets: map[int64]string{}, formats: map[int]string{},
		made: map[int]numfmt.Format{}, sheet: newWriter(d.out, ""), aside: newWriter(d.out, ""),
	}
	err := b.read()
	if err == nil {
		err = b.unused()
	}
	if e := b.sheet.close(); err == nil {
		err = e
	}
	if e := b.aside.close(); err == nil {
		err = e
	}
	if err == nil {
		err = b.r.err
	}
	return err
}

func (b *book) read() error {
	for b.r.next() {
		if b.r.kind == recFilePass {
			if err := b.unlock(); err != nil {
				return err
			}
			continue
		}
		if !b.global() {
			b.content()
		}
		switch {
		case b.sheet.err != nil:
			return b.sheet.err
		case b.aside.err != nil:
			return b.aside.err
		}
		if b.owed > 1<<16 {
			if err := b.d.out.Expand(b.owed); err != nil {
				return err
			}
			b.owed = 0
		}
	}
	if b.levels > 0 && b.r.err == nil {
		b.r.err = ErrMalformed
	}
	return nil
}

// unused tells the strings that no cell shows.
func (b *book) unused() error {
	w := newWriter(b.d.out, "")
	for i, s := range b.strings {
		if !b.used[i] {
			w.line(s)
		}
	}
	return w.close()
}

// global reads a record that frames substreams or tells of the whole workbook.
func (b *book) global() bool {
	r := b.r
	switch r.kind {
	case 0x09, 0x209, 0x409, 0x809:
		b.begin()
	case 0x0a:
		b.levels = max(0, b.levels-1)
	case 0x42:
		b.page = r.u16(0)
		if b.page == 0x8001 {
			b.page = 1252
		}
	case 0x22:
		b.mac = r.u16(0) == 1
	case recBoundSheet:
		if len(b.sheets) < 1<<16 {
			name := b.short(6)
			b.sheets[int64(r.u32(0))] = name
		}
	case 0x1e, 0x41e:
		b.format()
	case 0x43, 0x243, 0x443, 0xe0:
		b.xf()
	case recSST:
		b.sst()
	default:
		return false
	}
	return true
}

// begin opens a substream: of the workbook, a sheet, a chart.
func (b *book) begin() {
	r := b.r
	b.levels++
	if b.levels > 1 && b.sheets[r.start] == "" {
		return // a chart within a sheet
	}
	b.levels = max(b.levels, 1)
	switch r.kind {
	case 0x09:
		b.version = 2
	case 0x209:
		b.version = 3
	case 0x409:
		b.version = 4
	default:
		if b.version = 8; r.u16(0) < 0x600 {
			b.version = 5
		}
	}
	if b.globals = r.u16(2) == 5; b.globals {
		return
	}
	b.d.note(b.sheet.close())
	b.sheet = newWriter(b.d.out, b.sheets[r.start])
	b.began = false
}

// short reads a string behind a length of one byte.
func (b *book) short(at int) string {
	if b.version == 8 {
		s, _ := (&cursor{r: &records{}, b: append([]byte(nil), b.r.from(at)...)}).shortUnicode()
		return s
	}
	p := b.r.from(at)
	if len(p) == 0 {
		return ""
	}
	return decode(b.page, p[1:min(len(p), 1+int(p[0]))])
}

// shortUnicode reads a string that has neither formatting nor a continuation.
func (c *cursor) shortUnicode() (string, bool) {
	if len(c.b) < 2 {
		return "", false
	}
	n, flags := int(c.b[0]), c.b[1]
	c.b = c.b[2:]
	if flags&1 == 0 {
		n = min(n, len(c.b))
	} else {
		n = min(n, len(c.b)/2)
	}
	return c.chars(n, flags&1 != 0)
}

// long reads a string behind a length of two bytes.
func (b *book) long(at int) string {
	if b.version == 8 {
		s, _ := (&cursor{b.r, b.r.from(at)}).unicode(2)
		return s
	}
	p := b.r.from(at)
	if len(p) < 2 {
		return ""
	}
	return decode(b.page, p[2:min(len(p), 2+b.r.u16(at))])
}

func (b *book) format() {
	id, code := len(b.formats), ""
	switch {
	case b.version == 8:
		id, code = b.r.u16(0), b.long(2)
	case b.version == 5:
		id, code = b.r.u16(0), b.short(2)
	case b.r.kind == 0x41e:
		code = b.short(2)
	default:
		code = b.short(0)
	}
	if len(b.formats) < 1<<16 {
		b.formats[id] = code
		delete(b.made, id)
	}
}

func (b *book) xf() {
	id := b.r.u16(2)
	if b.r.kind != 0xe0 {
		id = b.r.u16(1) & 0xff
	}
	if b.r.kind == 0x43 {
		id = b.r.u16(2) & 0x3f
	}
	if len(b.xfs) < 1<<16 {
		b.xfs = append(b.xfs, id)
	}
}

// shown is a number as a cell's format shows it.
func (b *book) shown(xf int, v float64) string {
	id := 0
	if xf < len(b.xfs) {
		id = b.xfs[xf]
	}
	if b.version == 2 {
		id = xf
	}
	f, ok := b.made[id]
	if !ok {
		code, have := b.formats[id]
		if !have {
			code, _ = numfmt.Builtin(id)
		}
		f = numfmt.Parse(code)
		f.Date1904 = b.mac
		b.made[id] = f
	}
	shown := f.String(v)
	if f.IsDate() && v >= 367 && v < 3e6 { // order and century are not for us to guess
		iso := isoDay
		iso.Date1904 = b.mac
		if day := iso.String(v); !strings.Contains(shown, day) {
			shown += " (" + day + ")"
		}
	}
	return shown
}

var isoDay = numfmt.Parse("yyyy-mm-dd")

// sst reads the table of shared strings.
func (b *book) sst() {
	c := &cursor{b.r, b.r.from(8)}
	for range b.r.u32(4) {
		s, ok := c.unicode(2)
		switch {
		case !ok && s == "":
			b.d.note(ErrMalformed)
			return
		case len(b.strings) >= maxStrings || b.bytes > maxStringBytes:
			b.aside.line(s)
		default:
			b.strings = append(b.strings, s)
			b.used = append(b.used, false)
			b.bytes += len(s)
		}
		if !ok || b.aside.err != nil {
			b.d.note(ErrMalformed)
			return
		}
	}
}

// maxColumns is how many columns a sheet has.
const maxColumns = 256

var (
	tabs    = strings.Repeat("\t", maxColumns)
	oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")
)

// put writes a cell where it stands: TABs for the columns before it, a new line
// for a new row.
func (b *book) put(row, column int, s string) {
	if s == "" {
		return
	}
	switch {
	case !b.began:
		b.began = true
		b.column = 0
	case row != b.row || column <= b.column:
		b.sheet.string("\n")
		b.column = 0
	}
	gap := min(max(0, column-b.column), maxColumns)
	b.sheet.string(tabs[:gap])
	b.sheet.string(oneLine.Replace(s))
	b.row, b.column = row, column
	b.owed += len(s) + gap
}
