package ole

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/extract/codepage"
)

// writer is a text that is opened once something is written to it. Its first
// error stays and makes all else a no-op.
type writer struct {
	out  Out
	name string
	text io.WriteCloser
	buf  *bufio.Writer
	high rune
	err  error
}

func newWriter(out Out, name string) *writer { return &writer{out: out, name: name} }

func (w *writer) opened() bool {
	if w.buf == nil && w.err == nil {
		if w.text, w.err = w.out.Text(w.name); w.err == nil {
			w.buf = bufio.NewWriter(w.text)
		}
	}
	return w.err == nil
}

func (w *writer) string(s string) {
	if s != "" && w.opened() {
		_, w.err = w.buf.WriteString(s)
	}
}

func (w *writer) bytes(b []byte) {
	if w.opened() {
		_, w.err = w.buf.Write(b)
	}
}

func (w *writer) rune(c rune) {
	if w.opened() {
		_, w.err = w.buf.WriteRune(c)
	}
}

// unit takes one UTF-16 code unit: surrogates are joined.
func (w *writer) unit(u uint16) {
	c := rune(u)
	switch {
	case !utf16.IsSurrogate(c):
	case c < 0xdc00:
		w.high = c
		return
	default:
		c = utf16.DecodeRune(w.high, c)
	}
	w.high = 0
	w.rune(c)
}

// line writes text and ends its line.
func (w *writer) line(s string) {
	if s != "" {
		w.string(s)
		w.string("\n")
	}
}

func (w *writer) close() error {
	if w.buf == nil {
		return w.err
	}
	if err := w.buf.Flush(); w.err == nil {
		w.err = err
	}
	if err := w.text.Close(); w.err == nil {
		w.err = err
	}
	w.buf = nil
	return w.err
}

// isEnd reports whether reading went well, or met the end of the data.
func isEnd(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// wide decodes UTF-16, little endian.
func wide(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// decode returns text of a code page.
func decode(page int, b []byte) string {
	return string(codepage.Decode(page, b))
}

// shortRun is the least length of what salvage takes for text.
const shortRun = 4

// salvage reads the runs of text in data of an unknown form: ASCII, and UTF-16 of
// the Latin script, which is what values worth finding are written in. Each run
// is a line.
func (d *document) salvage(name string, r io.Reader) error {
	narrow, broad := newWriter(d.out, name), newWriter(d.out, name)
	n, w := run{to: narrow}, [2]run{{to: broad}, {to: broad}}
	b := make([]byte, 16<<10)
	var last byte
	for odd := 0; narrow.err == nil && broad.err == nil; {
		k, err := r.Read(b)
		for _, c := range b[:k] {
			n.take(c, ascii[c])
			// A unit may begin at an even or an odd offset.
			w[odd].take(last, c == 0 && latin[last])
			last, odd = c, odd^1
		}
		if err != nil {
			if err != io.EOF {
				d.note(err)
			}
			break
		}
	}
	n.end()
	w[0].end()
	w[1].end()
	if err := narrow.close(); err != nil {
		return err
	}
	return broad.close()
}

// ascii and latin are the characters that runs of text are made of.
var ascii, latin = func() (a, l [256]bool) {
	for c := range 256 {
		a[c] = c >= ' ' && c < 0x7f || c == '\t'
		l[c] = a[c] || c >= 0xa0
	}
	return a, l
}()

func printable(c rune) bool { return c >= ' ' && c < 0x7f || c == '\t' || c >= 0xa0 && c < 0x250 }

// run is a run of text that is written once it is long enough.
type run struct {
	to    *writer
	begun []byte
	long  bool
}

func (r *run) take(c byte, ok bool) {
	switch {
	case !ok && len(r.begun) == 0:
		return
	case !ok:
		r.end()
		return
	case c < utf8.RuneSelf:
		r.begun = append(r.begun, c)
	default:
		r.begun = utf8.AppendRune(r.begun, rune(c))
	}
	if len(r.begun) > 4096 {
		r.to.bytes(r.begun)
		r.begun, r.long = r.begun[:0], true
	}
}

func (r *run) end() {
	if r.long || len(r.begun) >= shortRun {
		r.begun = append(r.begun, '\n')
		r.to.bytes(r.begun)
	}
	r.begun, r.long = r.begun[:0], false
}
