package edm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sort"

	"github.com/postern-mail/postern/classify/detect"
)

// ErrKey says that a table was built with another key.
var ErrKey = errors.New("the table was built with another key")

// ErrKind says that a column is of no kind that is known.
var ErrKind = errors.New("the unknown kind")

// Table is an open table: immutable and safe for concurrent use. It holds its
// own copy of the file, and gives the memory back when nothing refers to it.
type Table struct {
	header    *header
	key       []byte
	detectors []*detect.Detector // of the columns, nil for a kind of our own
	readers   []*detect.Reader   // of further columns, to be cloned
	filter    []byte
	rows      []byte
	rowBytes  int
	sum       string
}

// Open reads a table. What becomes of the file later makes no difference.
// detectors are those that columns may name; a table of others does not open.
func Open(file string, key []byte, detectors []*detect.Detector) (*Table, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > MaxFileBytes {
		return nil, fmt.Errorf("no table: want a file of at most %d bytes", int64(MaxFileBytes))
	}
	return read(f, info.Size(), key, detectors)
}

// read takes a table of so many bytes from a reader.
func read(in io.Reader, size int64, key []byte, detectors []*detect.Detector) (*Table, error) {
	sum := sha256.New()
	both := io.TeeReader(in, sum)
	head := make([]byte, prefix)
	if _, err := io.ReadFull(both, head); err != nil {
		return nil, cutShort(err)
	}
	text, padded, err := decodePrefix(head)
	if err != nil {
		return nil, err
	}
	rest := make([]byte, padded-prefix)
	if _, err := io.ReadFull(both, rest); err != nil {
		return nil, cutShort(err)
	}
	h, err := decodeHeader(rest[:text])
	if err != nil {
		return nil, err
	}
	if want := int64(padded) + h.bodyBytes() + sha256.Size; size != want {
		return nil, fmt.Errorf("the table has %d bytes, its header says %d: it was cut short or written over", size, want)
	}
	t := &Table{header: h, rowBytes: h.rowBytes()}
	if err := t.unlock(key, detectors); err != nil {
		return nil, err
	}
	if err := t.load(both); err != nil {
		return nil, cutShort(err)
	}
	computed := sum.Sum(nil)
	stored := make([]byte, sha256.Size)
	if _, err := io.ReadFull(in, stored); err != nil {
		return nil, cutShort(err)
	}
	if !bytes.Equal(stored, computed) {
		return nil, errors.New("the checksum is wrong: the table is damaged")
	}
	t.sum = hex.EncodeToString(computed)
	return t, nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the table was cut short")
	}
	return err
}

// unlock derives the table's key and finds its detectors.
func (t *Table) unlock(key []byte, detectors []*detect.Detector) error {
	derived, err := tableKey(key, t.header.Salt)
	if err != nil {
		return err
	}
	if !bytes.Equal(newHasher(derived).check(), t.header.Check) {
		return ErrKey
	}
	t.key = derived
	t.detectors = make([]*detect.Detector, len(t.header.Columns))
	for i, c := range t.header.Columns {
		id := c.detector()
		for _, d := range detectors {
			if id != "" && d.ID == id {
				t.detectors[i] = d
			}
		}
		if id != "" && t.detectors[i] == nil {
			return fmt.Errorf("column %q holds values of detector %q, which is not there", c.Name, id)
		}
	}
	t.readers, err = readersOf(t.header.Columns, detectors)
	return err
}

// load copies filter and rows into memory of the table's own.
func (t *Table) load(in io.Reader) error {
	memory, err := allocate(int(t.header.bodyBytes()))
	if err != nil {
		return err
	}
	runtime.AddCleanup(t, release, memory)
	if _, err := io.ReadFull(in, memory); err != nil {
		return err
	}
	cut := t.header.Blocks * blockBytes
	t.filter, t.rows = memory[:cut], memory[cut:]
	return seal(memory)
}

// Columns are the columns of the table, the primary one first.
func (t *Table) Columns() []Column { return t.header.Columns }

// Primary is the detector of the primary column.
func (t *Table) Primary() *detect.Detector { return t.detectors[0] }

// Rows is the number of rows.
func (t *Table) Rows() int64 { return t.header.Rows }

// Bytes is the memory that the table takes.
func (t *Table) Bytes() int64 { return t.header.bodyBytes() }

// Checksum tells one table from another.
func (t *Table) Checksum() string { return t.sum }

// find returns the rows of a primary hash.
func (t *Table) find(h uint64) []byte {
	if !hasBits(t.filter, h) {
		return nil
	}
	n := len(t.rows) / t.rowBytes
	first := sort.Search(n, func(i int) bool { return primary(t.rows[i*t.rowBytes:]) >= h })
	end := first
	for end < n && primary(t.rows[end*t.rowBytes:]) == h {
		end++
	}
	return t.rows[first*t.rowBytes : end*t.rowBytes]
}

// column is the hash of a row's column i, from 1 on.
func column(row []byte, i int) uint32 { return binary.BigEndian.Uint32(row[4+4*i:]) }
