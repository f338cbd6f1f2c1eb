package ole

import (
	"encoding/binary"
	"io"
)

// fib are the facts of a Word document that its first bytes state ([MS-DOC]
// section 2.5; of Word 6 and 95 as their file formats were once published).
type fib struct {
	old       bool // Word 6 or 95
	encrypted bool
	xor       bool
	table     string
	start     int64    // of the text, where there is no piece table
	stories   []uint32 // characters in each
	clx       extent
	papx      extent
}

type extent struct{ at, size int64 }

func (f *fib) characters() (n int64) {
	for _, s := range f.stories {
		n += int64(s)
	}
	return n
}

const (
	wordMagic  = 0xa5ec
	word6Magic = 0xa5dc
)

func parseFIB(b []byte) (*fib, error) {
	if len(b) < 0x180 {
		return nil, ErrMalformed
	}
	u16 := func(i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }
	u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }
	part := func(i int) extent { return extent{int64(u32(i)), int64(u32(i + 4))} }
	if id := u16(0); id != wordMagic && id != word6Magic {
		return nil, ErrUnsupported // Word 2 and its ancestors
	}
	flags := u16(10)
	f := &fib{old: u16(2) < 0xc0 && u16(0) == word6Magic, encrypted: flags&0x100 != 0, xor: flags&0x8000 != 0, start: int64(u32(24)), table: "0Table"}
	if flags&0x200 != 0 {
		f.table = "1Table"
	}
	first := 76
	if f.old {
		f.table, f.xor, first = "", true, 0x34
		f.clx, f.papx = part(0x160), part(0xb8)
	} else {
		if len(b) < 426 {
			return nil, ErrMalformed
		}
		f.clx, f.papx = part(154+33*8), part(154+13*8)
	}
	for i := range 8 {
		n := u32(first + 4*i)
		if n > 1<<30 {
			n = 0
		}
		f.stories = append(f.stories, n)
	}
	return f, nil
}

// piece is a run of characters that stand together in the file.
type piece struct {
	chars int64
	at    int64
	wide  bool
}

// word reads a document of Word.
func (d *document) word(s, e *entry) error {
	main := d.file.open(e)
	head := make([]byte, 1024)
	n, err := main.ReadAt(head, 0)
	if !isEnd(err) {
		return err
	}
	f, err := parseFIB(head[:n])
	if err != nil {
		d.note(err)
		return d.salvage("", main)
	}
	if f.encrypted && f.xor {
		return &Encrypted{Cipher: "XOR", Weak: true}
	}
	table := main
	if f.table != "" {
		t := s.child(f.table)
		for _, other := range []string{"1Table", "0Table"} {
			if t == nil {
				t = s.child(other)
			}
		}
		if t == nil {
			d.note(ErrMalformed)
			return d.salvage("", main)
		}
		table = d.file.open(t)
	}
	if f.encrypted {
		return headerCipher(table)
	}
	pieces, err := d.pieces(f, table, main)
	if err != nil {
		d.note(err)
	}
	if len(pieces) == 0 {
		if f.characters() == 0 && err == nil {
			return nil
		}
		d.note(ErrMalformed)
		return d.salvage("", main)
	}
	w := &wordText{d: d, main: main, stories: f.stories}
	if !f.old {
		w.rows = rowMarks(main, table, f.papx)
	}
	return w.read(pieces)
}

// pieces reads the piece table, or makes one up where a document of old has none.
func (d *document) pieces(f *fib, table io.ReaderAt, main *stream) ([]piece, error) {
	if f.clx.size == 0 {
		if !f.old {
			return nil, ErrMalformed
		}
		return []piece{{chars: f.characters(), at: f.start}}, nil
	}
	r := io.NewSectionReader(table, f.clx.at, f.clx.size)
	at, err := findPieces(r)
	if err != nil {
		if f.old {
			return []piece{{chars: f.characters(), at: f.start}}, err
		}
		return nil, err
	}
	var size [4]byte
	if _, err := r.ReadAt(size[:], at); err != nil {
		return nil, ErrMalformed
	}
	// Of the 12 bytes for each piece 4 are the position, 8 tell the place.
	n := (int64(binary.LittleEndian.Uint32(size[:])) - 4) / 12
	n = min(n, (main.file.size-at)/12)
	if n <= 0 {
		return nil, ErrMalformed
	}
	var all []piece
	var cp, pcd [8]byte
	for i := range n {
		if _, err := r.ReadAt(cp[:], at+4+4*i); err != nil {
			return all, ErrMalformed
		}
		if _, err := r.ReadAt(pcd[:], at+4+4*(n+1)+8*i); err != nil {
			return all, ErrMalformed
		}
		from, to := binary.LittleEndian.Uint32(cp[:]), binary.LittleEndian.Uint32(cp[4:])
		if to < from {
			return all, ErrMalformed
		}
		all = append(all, placePiece(f.old, int64(to-from), binary.LittleEndian.Uint32(pcd[2:])))
	}
	return all, nil
}

func placePiece(old bool, chars int64, fc uint32) piece {
	switch {
	case old:
		return piece{chars: chars, at: int64(fc)}
	case fc&(1<<30) != 0:
		return piece{chars: chars, at: int64(fc&(1<<30-1)) / 2}
	}
	return piece{chars: chars, at: int64(fc & (1<<30 - 1)), wide: true}
}

// findPieces passes over the formatting before the piece table ([MS-DOC]
// section 2.9.38) and returns where its size stands.
func findPieces(r io.ReaderAt) (int64, error) {
	var b [3]byte
	for at, n := int64(0), 0; n < 1<<16; n++ {
		if _, err := r.ReadAt(b[:], at); err != nil {
			return 0, ErrMalformed
		}
		switch b[0] {
		case 1:
			at += 3 + int64(binary.LittleEndian.Uint16(b[1:]))
		case 2:
			return at + 1, nil
		default:
			return 0, ErrMalformed
		}
	}
	return 0, ErrMalformed
}

// wordText writes the characters of a document as its reader sees them.
type wordText struct {
	d       *document
	main    *stream
	stories []uint32
	rows    []int64 // where the marks stand that end rows of tables, sorted
	text    *writer
	aside   *writer // instructions of fields
	fields  []bool  // of the open fields, whether the instruction is being read
	left    int64   // characters of the current story
	cell    bool    // the last character ended a cell
}

func (w *wordText) read(pieces []piece) error {
	w.aside = newWriter(w.d.out, "")
	w.nextStory()
	b := make([]byte, 8192)
	for _, p := range pieces {
		if err := w.piece(p, b); err != nil {
			return err
		}
	}
	if err := w.text.close(); err != nil {
		return err
	}
	return w.aside.close()
}

// nextStory begins the text of the next story that has any; what stands behind
// the last is one more.
func (w *wordText) nextStory() {
	if w.text != nil {
		w.d.note(w.text.close())
	}
	w.text = newWriter(w.d.out, "")
	w.fields = w.fields[:0]
	w.cell = false
	for w.left = 0; w.left == 0; {
		if len(w.stories) == 0 {
			w.left = 1 << 40
			return
		}
		w.left = int64(w.stories[0])
		w.stories = w.stories[1:]
	}
}

func (w *wordText) piece(p piece, b []byte) error {
	width := int64(1)
	if p.wide {
		width = 2
	}
	if p.at+p.chars*width > w.main.size {
		w.d.note(ErrMalformed)
	}
	for p.chars > 0 {
		n, err := w.main.ReadAt(b[:min(int64(len(b)), p.chars*width)], p.at)
		n -= n % int(width)
		if !isEnd(err) {
			return err
		}
		if n == 0 {
			w.d.note(ErrMalformed)
			return nil
		}
		if err := w.d.out.Expand(n); err != nil {
			return err
		}
		w.chars(b[:n], p)
		if w.text.err != nil {
			return w.text.err
		}
		if w.aside.err != nil {
			return w.aside.err
		}
		p.at += int64(n)
		p.chars -= int64(n) / width
	}
	return nil
}

func (w *wordText) chars(b []byte, p piece) {
	if p.wide {
		for i := 0; i+1 < len(b); i += 2 {
			w.char(binary.LittleEndian.Uint16(b[i:]), p.at+int64(i))
		}
		return
	}
	for i, c := range b {
		u := uint16(c)
		if c >= 0x80 && c < 0xa0 {
			u = uint16([]rune(decode(1252, b[i:i+1]))[0])
		}
		w.char(u, p.at+int64(i))
	}
}

// The characters of Word that are none.
const (
	cellMark   = 0x07
	fieldBegin = 0x13
	fieldSplit = 0x14
	fieldEnd   = 0x15
)

func (w *wordText) char(u uint16, at int64) {
	if w.left == 0 {
		w.nextStory()
	}
	w.left--
	to := w.text
	if n := len(w.fields); n > 0 && w.fields[n-1] {
		to = w.aside
	}
	wasCell := w.cell
	w.cell = false
	switch u {
	case cellMark:
		w.cellMark(to, at, wasCell)
	case fieldBegin:
		if len(w.fields) < 1000 {
			w.fields = append(w.fields, true)
		}
	case fieldSplit, fieldEnd:
		if n := len(w.fields); n > 0 {
			if w.fields[n-1] {
				w.aside.string("\n")
			}
			w.fields[n-1] = false
			if u == fieldEnd {
				w.fields = w.fields[:n-1]
			}
		}
	case '\t':
		to.rune('\t')
	case '\r', '\n', 0x0b, 0x0c, 0x0e:
		to.rune('\n')
	case 0x1e:
		to.rune('-')
	default:
		switch {
		case u >= 0xf020 && u <= 0xf0ff: // a symbol font's own place for what looks like it
			to.unit(u - 0xf000)
		case u >= ' ':
			to.unit(u)
		}
	}
}

// cellMark ends a cell or a row. Where nothing says which, two marks in a row
// end a row: the last cell's and its own.
func (w *wordText) cellMark(to *writer, at int64, wasCell bool) {
	end := wasCell
	if w.rows != nil {
		end = contains(w.rows, at)
	}
	if end {
		to.rune('\n')
		return
	}
	to.rune('\t')
	w.cell = true
}
