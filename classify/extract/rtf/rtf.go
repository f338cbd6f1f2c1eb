// Package rtf reads the text of Rich Text Format, as Word and Outlook do.
//
// Read is all there is to call for a document; Decompress undoes the compression
// that Outlook applies to RTF (LZFu, [MS-OXRTFCP]).
//
// # What is text
//
// The document as its reader sees it is one text, with a TAB behind each cell
// and a line for each row and paragraph; hidden and deleted text is in it.
// Headers, footers, notes, comments, field instructions, properties, the markup
// of encapsulated HTML and what stands in destinations unknown to us are another
// text, a line each. Embedded objects are members.
//
// # Promises
//
// Time is linear, memory is bounded by the depth of groups, of which 100,000 are
// kept apart. Word opens what begins with "{\rt" and forgives nearly everything:
// so does Read. It returns ErrMalformed if the document ends within a group.
package rtf

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/extract/codepage"
)

// Out takes what Read finds. An error from any of its methods ends the reading
// at once and is returned by Read.
type Out interface {
	// Text opens a text stream; name is always empty.
	Text(name string) (io.WriteCloser, error)
	// Member hands over an embedded object.
	Member(name string, content io.Reader) error
	// Expand is asked before n more bytes are decoded.
	Expand(n int) error
	// Anomaly notes something odd about the form.
	Anomaly(name string)
}

// Encrypted is an error of the readers of documents; RTF knows no encryption.
type Encrypted struct {
	Cipher string
	Weak   bool
}

func (e *Encrypted) Error() string { return "encrypted with " + e.Cipher }

// What Read returns beside the errors of Out.
var (
	ErrMalformed   = errors.New("malformed rich text")
	ErrUnsupported = errors.New("unsupported rich text")
)

// maxGroups bounds how many nested groups have a state of their own; deeper ones
// share that of the last.
const maxGroups = 100000

// group is the state that ends with its closing brace.
type group struct {
	dest    dest
	font    int32
	skip    int8 // bytes that stand in for a \u
	fresh   bool // nothing but the brace was read
	ignore  bool // \* was
	begun   bool // a destination begins in this group
	inTable bool
}

// reader is the state of one document.
type reader struct {
	in     *bufio.Reader
	out    Out
	group  group
	stack  []group
	beyond int // open groups that have no state
	depth  int // open groups

	ansi    int           // code page of fonts that state none
	deflang int32         // the default font
	fonts   map[int32]int // code page by font
	font    int32         // the font being described in the font table

	main, aside *bufio.Writer
	closers     []io.Closer
	bytes       []byte // text that is not decoded yet
	page        int    // its code page
	to          *bufio.Writer
	toSkip      int    // stand-ins that are still to be passed over
	high        rune   // half of a surrogate pair
	tag         []byte // the beginning of an HTML tag
	ended       bool   // the document's last group is closed
	err         error
}

// Read reads a document of the given size.
func Read(src io.ReaderAt, size int64, out Out) error {
	r := &reader{in: bufio.NewReaderSize(io.NewSectionReader(src, 0, size), 16<<10), out: out, ansi: 1252, fonts: map[int32]int{}}
	r.group = group{skip: 1}
	r.read()
	r.flush()
	for _, w := range []*bufio.Writer{r.main, r.aside} {
		if w != nil {
			r.fail(w.Flush())
		}
	}
	for _, c := range r.closers {
		r.fail(c.Close())
	}
	switch {
	case r.err != nil:
		return r.err
	case r.depth > 0 || !r.ended:
		return ErrMalformed
	}
	return nil
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// read takes the document byte by byte; words, groups and text.
func (r *reader) read() {
	for r.err == nil {
		c, err := r.in.ReadByte()
		if err != nil {
			if err != io.EOF {
				r.fail(err)
			}
			return
		}
		switch c {
		case '{':
			r.open()
		case '}':
			r.close()
		case '\\':
			r.control()
		case '\r', '\n', 0:
		case '\t':
			r.word("tab", 0, false)
		default:
			r.text(c)
		}
	}
}

func (r *reader) open() {
	r.flush()
	r.toSkip = 0
	r.depth++
	if len(r.stack) >= maxGroups {
		r.beyond++
		return
	}
	r.stack = append(r.stack, r.group)
	r.group.fresh, r.group.ignore, r.group.begun = true, false, false
}

func (r *reader) close() {
	r.flush()
	r.toSkip = 0
	if r.depth == 0 {
		return
	}
	if r.depth--; r.depth == 0 {
		r.ended = true
	}
	if r.beyond > 0 {
		r.beyond--
		return
	}
	was, begun := r.group.dest, r.group.begun
	if was == htmlTag {
		r.endTag()
	}
	r.group = r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	if begun && (was == aside || was == htmlTag) && r.aside != nil {
		r.write(r.aside, "\n")
	}
	if r.depth == 0 {
		r.group.dest = aside // what stands behind the document is not shown
	}
}

// control reads what stands behind a backslash.
func (r *reader) control() {
	c, err := r.in.ReadByte()
	if err != nil {
		return
	}
	if c|0x20 >= 'a' && c|0x20 <= 'z' {
		r.controlWord(c)
		return
	}
	switch c {
	case '\'':
		r.hex()
		return
	case '*':
		r.group.ignore = true
		return
	}
	if r.skipped() {
		return
	}
	switch c {
	case '~':
		r.char('\u00a0')
	case '_':
		r.char('-')
	case '\\', '{', '}':
		r.text(c)
	case '\r', '\n':
		r.word("par", 0, false)
	case '\t':
		r.word("tab", 0, false)
	}
}

// controlWord reads a word, its number and the space that ends it.
func (r *reader) controlWord(c byte) {
	var name [32]byte
	n := 0
	for ; c|0x20 >= 'a' && c|0x20 <= 'z'; c, _ = r.in.ReadByte() {
		if n == len(name) {
			break
		}
		name[n] = c
		n++
	}
	digits := make([]byte, 0, 12)
	for c == '-' && len(digits) == 0 || c >= '0' && c <= '9' && len(digits) < 11 {
		digits = append(digits, c)
		c, _ = r.in.ReadByte()
	}
	if c != ' ' {
		_ = r.in.UnreadByte()
	}
	value, err := strconv.ParseInt(string(digits), 10, 64)
	r.word(string(name[:n]), value, err == nil)
}

func (r *reader) hex() {
	hi, err1 := r.in.ReadByte()
	a, ok := nibble(hi)
	if err1 != nil || !ok {
		if err1 == nil {
			_ = r.in.UnreadByte()
		}
		return
	}
	lo, err2 := r.in.ReadByte()
	b, ok := nibble(lo)
	if err2 != nil || !ok {
		if err2 == nil {
			_ = r.in.UnreadByte()
		}
		return
	}
	r.text(a<<4 | b)
}

func nibble(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// skipped passes over one stand-in for a \u, if any is left.
func (r *reader) skipped() bool {
	if r.toSkip == 0 {
		return false
	}
	r.toSkip--
	return true
}

// text takes one byte of text in the code page of the font.
func (r *reader) text(c byte) {
	if r.skipped() {
		return
	}
	r.group.fresh = false
	to := r.stream()
	switch r.group.dest {
	case fontTable, nothing:
		return
	case htmlTag:
		if len(r.tag) < 8 {
			r.tag = append(r.tag, c)
		}
	default:
	}
	page := r.codePage()
	if len(r.bytes) > 0 && (page != r.page || to != r.to || len(r.bytes) >= 4096 && c < 0x80) || len(r.bytes) > 1<<16 {
		r.flush()
	}
	r.page, r.to = page, to
	r.bytes = append(r.bytes, c)
}

func (r *reader) codePage() int {
	if page, ok := r.fonts[r.group.font]; ok {
		return page
	}
	return r.ansi
}

// flush decodes the bytes that were kept.
func (r *reader) flush() {
	if r.high != 0 {
		r.high = 0
		r.char(utf8.RuneError)
	}
	if len(r.bytes) > 0 && r.to != nil {
		r.write(r.to, string(codepage.Decode(r.page, r.bytes)))
	}
	r.bytes = r.bytes[:0]
}

// char writes one character that does not depend on the code page.
func (r *reader) char(c rune) {
	if r.group.dest == fontTable || r.group.dest == nothing {
		return
	}
	if c < 0x80 {
		r.group.fresh = false
		r.text(byte(c))
		return
	}
	r.flush()
	r.write(r.stream(), string(c))
}

// unicode takes the number of a \u, half of a surrogate pair perhaps.
func (r *reader) unicode(n int64) {
	if n < 0 {
		n += 1 << 16
	}
	c := rune(n)
	switch {
	case n < 0 || n > utf8.MaxRune:
		c = utf8.RuneError
	case c >= 0xf020 && c <= 0xf0ff: // a symbol font's own place for what looks like it
		c -= 0xf000
	case utf16.IsSurrogate(c) && c < 0xdc00:
		r.flush()
		r.high = c
		return
	case utf16.IsSurrogate(c):
		c = utf16.DecodeRune(r.high, c)
	}
	r.high = 0
	r.char(c)
}

func (r *reader) write(w *bufio.Writer, s string) {
	if w != nil {
		_, err := w.WriteString(s)
		r.fail(err)
	}
}

// stream is where the text of the current destination goes to.
func (r *reader) stream() *bufio.Writer {
	switch r.group.dest {
	case fontTable, nothing:
		return nil
	case body:
		return r.opened(&r.main)
	default:
		return r.opened(&r.aside)
	}
}

func (r *reader) opened(w **bufio.Writer) *bufio.Writer {
	if *w == nil && r.err == nil {
		text, err := r.out.Text("")
		if err != nil {
			r.fail(err)
			return nil
		}
		*w = bufio.NewWriter(text)
		r.closers = append(r.closers, text)
	}
	return *w
}
