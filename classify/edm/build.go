package edm

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/postern-mail/postern/classify/detect"
)

// Options tells Build what to make.
type Options struct {
	// Columns are the columns of the source to take, the primary one first; they
	// are named in the source's first row.
	Columns []Column
	// Key is the site's key, at least MinKeyBytes long.
	Key []byte
	// Detectors are those that columns may name.
	Detectors []*detect.Detector
	// Memory bounds the rows held in memory; what is more goes through temporary
	// files beside the table. 0 is 256 MiB.
	Memory int
}

// Summary says what became of the rows of a source.
type Summary struct {
	Read   int64 // rows of the source
	Rows   int64 // rows of the table; rows with equal values are one
	Values int64 // different values of the primary column
	// Skipped rows have no usable value in the primary column. SkippedLines are
	// the lines of the first ten.
	Skipped      int64
	SkippedLines []int
	// Unused counts, by column, the cells that were not empty and yet of no use.
	// UnusedLines are the lines of the first ten of each.
	Unused      []int64
	UnusedLines [][]int
	// Wide rows have more cells than the first row has names, as where a separator in a
	// cell is not quoted. They are taken. WideLines are the lines of the first ten.
	Wide      int64
	WideLines []int
}

// mostLines is how many lines a Summary names of each kind.
const mostLines = 10

// Build writes a table of the source to a file, whole or not at all. The source
// is CSV (RFC 4180) with a row of names, separated by commas, semicolons, tabs or
// bars, in UTF-8 or Windows-1252. It takes a bounded amount of memory
// however long the source is. Errors never hold a value of it.
//
// A file that is there and is neither empty nor a table is not overwritten: it could
// be the source.
func Build(file string, source io.Reader, opt Options) (*Summary, error) {
	if err := overwrites(file); err != nil {
		return nil, err
	}
	b, err := newBuilder(opt, filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	defer b.rows.close()
	if err := b.read(source); err != nil {
		return nil, err
	}
	if b.Read == b.Skipped {
		return nil, fmt.Errorf("none of %d rows has a %s in column %q", b.Read, opt.Columns[0].Kind, opt.Columns[0].Name)
	}
	return &b.Summary, b.write(file)
}

// overwrites reports whether a table may take the place of a file.
func overwrites(file string) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if n > 0 && string(head[:n]) != magic {
		return fmt.Errorf("%s is there and is no table of postern edm build: it is not overwritten", file)
	}
	if n == 0 && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// builder makes one table.
type builder struct {
	Summary
	header  header
	hasher  *hasher
	readers []*detect.Reader // by column, nil for a kind of our own
	rows    *sorter
	row     []byte
	line    int // of the present row
	words   wordList
	text    []byte
}

func newBuilder(opt Options, dir string) (*builder, error) {
	b := &builder{header: header{Salt: make([]byte, saltBytes), Columns: opt.Columns, Longest: make([]int, len(opt.Columns)), Lengths: make([]uint64, len(opt.Columns))}}
	if _, err := rand.Read(b.header.Salt); err != nil {
		return nil, err
	}
	derived, err := tableKey(opt.Key, b.header.Salt)
	if err != nil {
		return nil, err
	}
	b.hasher = newHasher(derived)
	b.header.Check = b.hasher.check()
	if b.readers, err = readersOf(opt.Columns, opt.Detectors); err != nil {
		return nil, err
	}
	b.Unused, b.UnusedLines = make([]int64, len(opt.Columns)), make([][]int, len(opt.Columns))
	most := opt.Memory
	if most == 0 {
		most = 256 << 20
	}
	b.rows = newSorter(b.header.rowBytes(), most, dir)
	b.row = make([]byte, b.header.rowBytes())
	return b, nil
}

// check tells the right key from a wrong one.
func (h *hasher) check() []byte { return binary.BigEndian.AppendUint64(nil, h.of("check", "")) }

// readersOf makes the readers of the columns that detectors know.
func readersOf(columns []Column, detectors []*detect.Detector) ([]*detect.Reader, error) {
	all := make([]*detect.Reader, len(columns))
	for i, c := range columns {
		id := c.detector()
		if id == "" {
			continue
		}
		for _, d := range detectors {
			if d.ID != id {
				continue
			}
			r, err := detect.NewReader(d)
			if err != nil {
				return nil, err
			}
			all[i] = r
		}
		if all[i] == nil {
			return nil, fmt.Errorf("column %q is of %w %q, want the id of a detector, name, text, date, date-dmy or date-mdy", c.Name, ErrKind, id)
		}
	}
	return all, nil
}

// read takes in the source.
func (b *builder) read(source io.Reader) error {
	text := skipMark(source)
	in := csv.NewReader(text)
	in.Comma = separator(text)
	in.ReuseRecord = true
	in.FieldsPerRecord = -1
	first, err := in.Read()
	if err != nil {
		return fmt.Errorf("the first row, with the names of the columns: %w", plain(err))
	}
	names := slices.Clone(first)
	at, err := b.places(names)
	if err != nil {
		return err
	}
	cells := make([]string, len(at))
	for {
		record, err := in.Read()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return plain(err)
		}
		for i, place := range at {
			cells[i] = ""
			if place < len(record) {
				cells[i] = utf8Of(record[place])
			}
		}
		b.Read++
		b.line, _ = in.FieldPos(0)
		if len(record) > len(names) && slices.ContainsFunc(record[len(names):], func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			b.Wide++
			b.note(&b.WideLines)
		}
		if !b.hash(cells) {
			b.Skipped++
			b.note(&b.SkippedLines)
			continue
		}
		if err := b.rows.add(b.row); err != nil {
			return err
		}
	}
}

// note adds the line of the present row, as long as there is room.
func (b *builder) note(lines *[]int) {
	if len(*lines) < mostLines {
		*lines = append(*lines, b.line)
	}
}

// plain is an error of the CSV reader without what stands in the file.
func plain(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d of the source is no CSV: %w", e.Line, e.Err)
	}
	return err
}

// skipMark leaves out the byte order mark that spreadsheets begin with.
func skipMark(r io.Reader) *bufio.Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	if b, _ := in.Peek(3); string(b) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	return in
}

// separator is the one of comma, semicolon, tab and bar that stands most often in
// the first line.
func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(16 << 10)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",;\t|" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// utf8Of reads a cell that is no UTF-8 as Windows-1252, which spreadsheets write.
func utf8Of(cell string) string {
	if utf8.ValidString(cell) {
		return cell
	}
	text, err := charmap.Windows1252.NewDecoder().String(cell)
	if err != nil {
		return ""
	}
	return text
}

// places finds the columns in the source's first row.
func (b *builder) places(names []string) ([]int, error) {
	var at []int
	for _, c := range b.header.Columns {
		found := -1
		for i, name := range names {
			if !strings.EqualFold(strings.TrimSpace(utf8Of(name)), strings.TrimSpace(c.Name)) {
				continue
			}
			if found >= 0 {
				return nil, fmt.Errorf("the source has two columns %q: give them different names", c.Name)
			}
			found = i
		}
		if found < 0 {
			return nil, fmt.Errorf("the source has no column %q", c.Name)
		}
		at = append(at, found)
	}
	return at, nil
}

// hash fills the row; false means that its primary value is of no use.
func (b *builder) hash(cells []string) bool {
	value, ok := b.readers[0].Canonical(cells[0])
	if !ok {
		return false
	}
	binary.BigEndian.PutUint64(b.row, b.hasher.of(b.header.Columns[0].Kind, value))
	for i := 1; i < len(cells); i++ {
		h := b.cell(i, strings.TrimSpace(cells[i]))
		if h == 0 && strings.TrimSpace(cells[i]) != "" {
			b.Unused[i]++
			b.note(&b.UnusedLines[i])
		}
		binary.BigEndian.PutUint32(b.row[4+4*i:], h)
	}
	return true
}

// cell is the hash of another column, 0 if there is nothing to look for.
func (b *builder) cell(i int, text string) uint32 {
	c := b.header.Columns[i]
	if c.detector() != "" {
		value, ok := b.readers[i].Canonical(text)
		if !ok {
			return 0
		}
		return short(b.hasher.of(c.Kind, value))
	}
	if how, ok := dates[c.Kind]; ok {
		d, ok := dayIn(text, how)
		if !ok {
			return 0
		}
		return short(b.hasher.ofDay(d))
	}
	wordsOf(text, &b.words)
	if len(b.words.text) < 2 || len(b.words.all) > c.words() {
		return 0
	}
	if c.Kind == kindName {
		return b.name(i)
	}
	b.text = bare(b.text[:0], 0, b.words.text)
	b.header.Longest[i] = max(b.header.Longest[i], len(b.text))
	b.header.Lengths[i] |= lengthBit(len(b.text))
	return short(b.hasher.of(hashedText, string(b.text)))
}

// name is the hash of a cell of names.
func (b *builder) name(i int) uint32 {
	var sum uint64
	for j := range b.words.all {
		b.text = bare(b.text[:0], 0, b.words.at(j))
		sum += mix(b.hasher.of(hashedWord, string(b.text)))
	}
	b.header.Longest[i] = max(b.header.Longest[i], len(b.words.all))
	return short(nameOf(sum, len(b.words.all)))
}

// write puts the table beside its place and then there.
func (b *builder) write(file string) error {
	out, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	if err := b.writeTo(out); err != nil {
		return err
	}
	if err := out.Chmod(0o640); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return os.Rename(out.Name(), file)
}

// writeTo merges the rows in a file of their own first: how many differ is known
// only then, and stands before them.
func (b *builder) writeTo(out *os.File) error {
	rows, err := os.CreateTemp(b.rows.dir, ".postern-edm-*")
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := os.Remove(rows.Name()); err != nil {
		return err
	}
	b.header.Blocks = blocksFor(b.Read - b.Skipped)
	filter := make([]byte, b.header.Blocks*blockBytes)
	if err := b.merge(rows, filter); err != nil {
		return err
	}
	b.header.Rows, b.header.Values = b.Rows, b.Values
	head, err := b.header.encode()
	if err != nil {
		return err
	}
	sum := sha256.New()
	w := bufio.NewWriterSize(out, 1<<20)
	for _, part := range []io.Reader{bytes.NewReader(head), bytes.NewReader(filter), rows} {
		if _, err := io.Copy(io.MultiWriter(w, sum), part); err != nil {
			return err
		}
	}
	if _, err := w.Write(sum.Sum(nil)); err != nil {
		return err
	}
	return w.Flush()
}

// merge writes the different rows in order and fills the filter.
func (b *builder) merge(rows *os.File, filter []byte) error {
	w := bufio.NewWriterSize(rows, 1<<20)
	var last uint64
	same := 0
	err := b.rows.each(func(row []byte) error {
		h := primary(row)
		if b.Rows == 0 || h != last {
			b.Values++
			same = 0
			setBits(filter, h)
		}
		last = h
		if same++; same > maxSame {
			return fmt.Errorf("one value of column %q stands in more than %d different rows: it is no identifier", b.header.Columns[0].Name, maxSame)
		}
		b.Rows++
		_, err := w.Write(row)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = rows.Seek(0, io.SeekStart)
	return err
}
