package database

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const sqliteMagic = "SQLite format 3\x00"

// Bounds of a file.
const (
	maxDepth   = 40        // of a tree
	maxTables  = 10000     // and indexes
	maxPayload = 256 << 20 // of one row
	maxFiles   = 500       // in cells
	leastFile  = 64        // bytes
)

// Kinds of pages (the SQLite file format, section 1.6).
const (
	indexInner = 0x02
	tableInner = 0x05
	indexLeaf  = 0x0a
	tableLeaf  = 0x0d
)

// sqlite is a file being read.
type sqlite struct {
	src      io.ReaderAt
	out      Out
	pageSize int
	usable   int // without what is reserved in each page
	pages    uint32
	encoding uint32
	seen     []uint64 // a bit for each page
	damaged  bool
	files    int
}

// errStop is what a method of Out said.
type errStop struct{ error }

func readSQLite(src io.ReaderAt, size int64, out Out) error {
	var head [100]byte
	if _, err := src.ReadAt(head[:], 0); err != nil {
		return malformedAt(err)
	}
	db := &sqlite{src: src, out: out, pageSize: int(binary.BigEndian.Uint16(head[16:])), encoding: binary.BigEndian.Uint32(head[56:])}
	if db.pageSize == 1 {
		db.pageSize = 1 << 16
	}
	db.usable = db.pageSize - int(head[20])
	if db.pageSize < 512 || db.pageSize&(db.pageSize-1) != 0 || db.usable < 480 {
		return ErrMalformed
	}
	db.pages = uint32(min((size+int64(db.pageSize)-1)/int64(db.pageSize), math.MaxUint32-1))
	db.seen = make([]uint64, db.pages/64+1)
	if err := db.read(); err != nil {
		if stop, ok := errors.AsType[errStop](err); ok {
			return stop.error
		}
		return err
	}
	if db.damaged {
		return ErrMalformed
	}
	return nil
}

// malformedAt makes the end of a file where more is wanted malformed.
func malformedAt(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrMalformed
	}
	return err
}

// read reads the schema, the tables it speaks of, and what is left.
func (db *sqlite) read() error {
	type object struct {
		kind, name, sql string
		root            uint32
	}
	var objects []object
	err := db.tree(1, 0, func(_ int64, cells []cell) error {
		if len(cells) >= 5 && len(objects) < maxTables {
			objects = append(objects, object{db.text(cells[0]), db.text(cells[1]), db.text(cells[4]), uint32(cells[3].number)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range objects {
		if o.root == 0 {
			continue
		}
		if o.kind == "table" {
			err = db.table(o.name, o.sql, o.root)
		} else { // an index says again what its table says
			err = db.tree(o.root, 0, nil)
		}
		if err != nil {
			return err
		}
	}
	return db.rest()
}

// table gives the rows of a table.
func (db *sqlite) table(name, sql string, root uint32) error {
	w, err := db.out.Text(name)
	if err != nil {
		return errStop{err}
	}
	columns, rowid := columnsOf(sql)
	line := []byte(nil)
	for i, column := range columns {
		if i > 0 {
			line = append(line, '\t')
		}
		line = append(line, column...)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return errStop{err}
	}
	err = db.tree(root, 0, func(id int64, cells []cell) error {
		line = line[:0]
		for i, c := range cells {
			if i > 0 {
				line = append(line, '\t')
			}
			if i == rowid && c.kind == 0 {
				c = cell{kind: 1, number: id}
			}
			if line, err = db.append(line, c); err != nil {
				return err
			}
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return errStop{err}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return errStop{err}
	}
	return nil
}

// append writes a cell to a line. Bytes that are no text are a file, if they are
// enough to be one.
func (db *sqlite) append(line []byte, c cell) ([]byte, error) {
	switch {
	case c.kind == 0:
		return line, nil
	case c.kind < 7 || c.kind == 8 || c.kind == 9:
		return strconv.AppendInt(line, c.number, 10), nil
	case c.kind == 7:
		return strconv.AppendFloat(line, math.Float64frombits(uint64(c.number)), 'f', -1, 64), nil
	case c.kind%2 == 1:
		return append(line, db.text(c)...), nil
	case utf8.Valid(c.b) && bytes.IndexByte(c.b, 0) < 0:
		return append(line, c.b...), nil
	case len(c.b) >= leastFile && db.files < maxFiles:
		db.files++
		if err := db.out.Member("", bytes.NewReader(c.b)); err != nil {
			return line, errStop{err}
		}
		return line, nil
	}
	return appendPrintable(line, c.b), nil
}

func decodeWide(b []byte, big bool) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		if units[i] = binary.LittleEndian.Uint16(b[2*i:]); big {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
		}
	}
	return string(utf16.Decode(units))
}

// cell is a value of a record: its serial type, and what that stands for.
type cell struct {
	kind   uint64
	number int64
	b      []byte
}

// text is a value as text of the file's encoding.
func (db *sqlite) text(c cell) string {
	if db.encoding > 1 {
		return decodeWide(c.b, db.encoding == 3)
	}
	return string(c.b)
}

// page reads a page, once.
func (db *sqlite) page(n uint32) ([]byte, error) {
	if n == 0 || n > db.pages || db.seen[n/64]>>(n%64)&1 == 1 {
		db.damaged = true
		return nil, nil
	}
	db.seen[n/64] |= 1 << (n % 64)
	if err := db.out.Expand(db.pageSize); err != nil {
		return nil, errStop{err}
	}
	b := make([]byte, db.pageSize)
	k, err := db.src.ReadAt(b, int64(n-1)*int64(db.pageSize))
	if err != nil && err != io.EOF {
		return nil, err
	}
	if k < len(b) {
		db.damaged = true
	}
	return b, nil
}

// tree reads a b-tree in its order. Without a function for rows it is passed
// through, and its pages are none that are left.
func (db *sqlite) tree(root uint32, depth int, row func(id int64, cells []cell) error) error {
	b, err := db.page(root)
	if err != nil || b == nil {
		return err
	}
	head := b
	if root == 1 {
		head = b[100:]
	}
	kind, count, start := head[0], int(binary.BigEndian.Uint16(head[3:])), 8
	inner := kind == tableInner || kind == indexInner
	if inner {
		start = 12
	}
	if depth > maxDepth || !inner && kind != tableLeaf && kind != indexLeaf || start+2*count > len(head) {
		db.damaged = true
		return nil
	}
	for i := range count {
		at := int(binary.BigEndian.Uint16(head[start+2*i:]))
		if at+4 > db.usable {
			db.damaged = true
			continue
		}
		rest := b[at:db.usable]
		if inner {
			if err := db.tree(binary.BigEndian.Uint32(rest), depth+1, row); err != nil {
				return err
			}
			rest = rest[4:]
		}
		if kind == tableInner {
			continue
		}
		if err := db.row(rest, kind == tableLeaf, row); err != nil {
			return err
		}
	}
	if inner {
		return db.tree(binary.BigEndian.Uint32(head[8:]), depth+1, row)
	}
	return nil
}

// row reads one row of a leaf, or of an index.
func (db *sqlite) row(b []byte, table bool, row func(id int64, cells []cell) error) error {
	size, n := varint(b)
	b = b[n:]
	id := uint64(0)
	most := (db.usable-12)*64/255 - 23
	if table {
		id, n = varint(b)
		b = b[n:]
		most = db.usable - 35
	}
	payload, err := db.payload(b, size, most, row != nil)
	if err != nil || row == nil {
		return err
	}
	return row(int64(id), db.record(payload))
}

// payload puts together what stands in the page and in overflow pages.
func (db *sqlite) payload(b []byte, size uint64, most int, keep bool) ([]byte, error) {
	if size > maxPayload || size > uint64(db.pages)*uint64(db.pageSize) {
		db.damaged = true
		return b, nil
	}
	if size <= uint64(most) {
		if uint64(len(b)) < size {
			db.damaged = true
			return b, nil
		}
		return b[:size], nil
	}
	least := (db.usable-12)*32/255 - 23
	local := least + int((size-uint64(least))%uint64(db.usable-4))
	if local > most {
		local = least
	}
	if local+4 > len(b) {
		db.damaged = true
		return b, nil
	}
	next := binary.BigEndian.Uint32(b[local:])
	whole := append([]byte(nil), b[:local]...)
	for left := size - uint64(local); left > 0 && next != 0; {
		p, err := db.page(next)
		if err != nil {
			return nil, err
		}
		if p == nil {
			break
		}
		next = binary.BigEndian.Uint32(p)
		piece := p[4:db.usable]
		piece = piece[:min(uint64(len(piece)), left)]
		left -= uint64(len(piece))
		if keep {
			whole = append(whole, piece...)
		}
	}
	if keep && uint64(len(whole)) < size {
		db.damaged = true
	}
	return whole, nil
}

// record reads the values of a record: a header of serial types, then their
// bytes (section 2.1 of the format).
func (db *sqlite) record(b []byte) []cell {
	length, n := varint(b)
	if length < uint64(n) || length > uint64(len(b)) {
		db.damaged = db.damaged || len(b) > 0
		return []cell{{kind: 12, b: appendPrintable(nil, b)}}
	}
	head, body := b[n:length], b[length:]
	var cells []cell
	for len(head) > 0 {
		kind, n := varint(head)
		head = head[n:]
		c := cell{kind: kind}
		size := uint64(0)
		switch {
		case kind <= 4:
			size = kind
		case kind == 5:
			size = 6
		case kind == 6 || kind == 7:
			size = 8
		case kind == 9:
			c.number = 1
		case kind >= 12:
			size = (kind - 12) / 2
		}
		if size > uint64(len(body)) {
			db.damaged = true
			size = uint64(len(body))
		}
		c.b = body[:size]
		body = body[size:]
		if kind >= 1 && kind <= 7 {
			for i, v := range c.b {
				if i == 0 {
					c.number = int64(int8(v))
				} else {
					c.number = c.number<<8 | int64(v)
				}
			}
		}
		cells = append(cells, c)
	}
	return cells
}

// varint reads a number of up to nine bytes; none at all is zero.
func varint(b []byte) (v uint64, n int) {
	for n < len(b) {
		c := b[n]
		n++
		if n == 9 {
			return v<<8 | uint64(c), n
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			break
		}
	}
	return v, n
}

// rest looks for text in the pages that nothing led to.
func (db *sqlite) rest() error {
	w, err := db.out.Text("")
	if err != nil {
		return errStop{err}
	}
	for n := uint32(1); n <= db.pages; n++ {
		if db.seen[n/64]>>(n%64)&1 == 1 {
			continue
		}
		b, err := db.page(n)
		if err != nil {
			return err
		}
		if text := appendPrintable(nil, b); len(text) > 0 {
			if _, err := w.Write(append(text, '\n')); err != nil {
				return errStop{err}
			}
		}
	}
	if err := w.Close(); err != nil {
		return errStop{err}
	}
	return nil
}

// leastRun is how many printable characters are text and no chance.
const leastRun = 6

// appendPrintable writes the runs of printable characters, a line each.
func appendPrintable(to, b []byte) []byte {
	for len(b) > 0 {
		n := 0
		for n < len(b) && (b[n] >= ' ' && b[n] != 0x7f || b[n] == '\t') {
			n++
		}
		if n >= leastRun {
			if len(to) > 0 {
				to = append(to, '\n')
			}
			to = append(to, b[:n]...)
		}
		b = b[min(n+1, len(b)):]
	}
	return to
}
