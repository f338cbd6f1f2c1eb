package office

import (
	"bytes"
	"io"
)

const writerBytes = 32 << 10

// writer gathers one text of the document and hands it on in blocks. The text is
// opened by its first byte that is no white space.
type writer struct {
	out  Out
	name string
	w    io.WriteCloser
	buf  []byte
	gap  bool // a blank line is due
	err  error
}

func (w *writer) write(b []byte) {
	if !w.gap && len(b) < writerBytes-len(w.buf) {
		w.buf = append(w.buf, b...)
		return
	}
	if w.gap && len(b) > 0 {
		w.separate()
	}
	for len(b) > 0 {
		n := min(len(b), writerBytes-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		if b = b[n:]; len(w.buf) == writerBytes {
			w.flush()
		}
	}
}

func (w *writer) writeByte(c byte) {
	if w.gap {
		w.separate()
	}
	w.buf = append(w.buf, c)
	if len(w.buf) == writerBytes {
		w.flush()
	}
}

// blankLine sees to it that a blank line stands before what follows, if
// anything does.
func (w *writer) blankLine() { w.gap = true }

// separate writes the blank line that is due.
func (w *writer) separate() {
	w.gap = false
	for len(w.buf) > 0 && !bytes.HasSuffix(w.buf, []byte("\n\n")) {
		w.writeByte('\n')
	}
}

func (w *writer) flush() {
	b := w.buf
	w.buf = w.buf[:0]
	if w.w == nil {
		if len(bytes.TrimSpace(b)) == 0 || w.err != nil {
			return
		}
		b = bytes.TrimLeft(b, "\n")
		if w.w, w.err = w.out.Text(w.name); w.err != nil {
			w.w = nil
			return
		}
	}
	if w.err == nil && len(b) > 0 {
		_, w.err = w.w.Write(b)
	}
}

// begin ends the present text and begins another, if it has another name.
func (w *writer) begin(name string) {
	if name == w.name {
		return
	}
	w.end()
	w.name = name
}

// end writes what is left and closes the text.
func (w *writer) end() {
	w.flush()
	if w.w != nil {
		if err := w.w.Close(); w.err == nil {
			w.err = err
		}
		w.w = nil
	}
	w.gap = false
}
