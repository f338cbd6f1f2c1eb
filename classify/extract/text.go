package extract

import "bytes"

// stage is one step on the way from mail bytes to text: it is pushed bytes, cut
// anywhere, and pushes on what it makes of them. close flushes and closes what
// is behind it. A stage does not keep b.
type stage interface {
	write(b []byte)
	close()
}

var crlf = []byte("\r\n")

// discard takes everything and does nothing.
type discard struct{}

func (discard) write([]byte) {}
func (discard) close()       {}

// fork gives everything to several stages.
type fork []stage

func (f fork) write(b []byte) {
	for _, s := range f {
		s.write(b)
	}
}

func (f fork) close() {
	for _, s := range f {
		s.close()
	}
}

// aligned passes bytes on in blocks of one size, so that what stands behind a
// fork takes its turns in the same order however the input is cut.
type aligned struct {
	next stage
	buf  []byte
}

const alignedBlock = 4 << 10

func (a *aligned) write(b []byte) {
	for len(b) > 0 {
		n := min(len(b), alignedBlock-len(a.buf))
		a.buf = append(a.buf, b[:n]...)
		if b = b[n:]; len(a.buf) == alignedBlock {
			a.next.write(a.buf)
			a.buf = a.buf[:0]
		}
	}
}

func (a *aligned) close() {
	if len(a.buf) > 0 {
		a.next.write(a.buf)
	}
	a.next.close()
}

// textStream is the last stage: it opens the Sink's Stream at the first text.
type textStream struct {
	r      *Reader
	part   *Part
	where  Where
	stream Stream
	quoted bool
}

func newTextStream(r *Reader, p *Part, where Where) *textStream {
	return &textStream{r: r, part: p, where: where}
}

func (t *textStream) write(b []byte) {
	if len(b) == 0 || t.r.err != nil {
		return
	}
	if t.stream == nil {
		t.stream = t.r.sink.Text(t.part, t.where)
		if t.quoted {
			t.stream.Mark(true)
		}
	}
	if _, err := t.stream.Write(b); err != nil {
		t.r.fail(err)
	}
}

// mark says whether what follows is quoted; it is called only on a change.
func (t *textStream) mark(quoted bool) {
	t.quoted = quoted
	if t.stream != nil && t.r.err == nil {
		t.stream.Mark(quoted)
	}
}

func (t *textStream) close() {
	if t.stream != nil {
		if err := t.stream.Close(); err != nil {
			t.r.fail(err)
		}
		t.stream = nil
	}
}

// lazyText takes text that stands where none is expected (preamble, epilogue,
// junk): it begins with the first byte that is no white space.
type lazyText struct {
	next   stage
	part   *Part
	active bool
	used   *bool // set with active, if not nil
}

func newLazyText(r *Reader, p *Part, where Where) *lazyText {
	return &lazyText{next: &hybrid{next: &dropNUL{r: r, next: newTextStream(r, p, where)}}, part: p}
}

// A nil lazyText drops what it is given.
func (t *lazyText) write(b []byte) {
	if t == nil {
		return
	}
	if !t.active {
		if b = bytes.TrimLeft(b, " \t\r\n\f\v\x00"); len(b) == 0 {
			return
		}
		t.active = true
		if t.used != nil {
			*t.used = true
		}
	}
	t.next.write(b)
}

func (t *lazyText) close() {
	if t != nil {
		t.next.close()
	}
}

// dropNUL drops NUL bytes: clients show the text as if they were not there.
type dropNUL struct {
	r    *Reader
	next stage
}

func (d *dropNUL) write(b []byte) {
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 {
			break
		}
		d.r.anomalies.add(nulBytes)
		d.next.write(b[:i])
		b = b[i+1:]
	}
	d.next.write(b)
}

func (d *dropNUL) close() { d.next.close() }
