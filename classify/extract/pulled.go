package extract

import (
	"bufio"
	"io"
	"iter"
)

// pulled is a stage for formats that are best read by pulling: it runs a function
// over a reader of the bytes that are pushed. The function runs as a coroutine:
// it sleeps while it waits for bytes, so nothing is held but its own buffers, and
// whatever it does is done within write and close, in the order of the bytes.
type pulled struct {
	r    *Reader
	src  *pushedReader
	next func() (struct{}, bool)
	stop func()
	done bool
}

// newPulled returns a stage that runs read over what is written to it. read may
// return before the end; what is left is dropped.
func newPulled(r *Reader, read func(src *bufio.Reader)) *pulled {
	src := &pushedReader{}
	p := &pulled{r: r, src: src}
	p.next, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		src.wait = func() bool { return yield(struct{}{}) }
		read(bufio.NewReader(src))
	})
	return p
}

func (p *pulled) write(b []byte) {
	if p.done || len(b) == 0 {
		return
	}
	if p.r.halted() {
		p.end()
		return
	}
	p.src.buf = b
	if _, more := p.next(); !more {
		p.end()
	}
	p.src.buf = nil
}

func (p *pulled) close() {
	if p.done {
		return
	}
	if !p.r.halted() {
		p.src.ended = true
		p.next()
	}
	p.end()
}

func (p *pulled) end() {
	p.done = true
	p.stop()
}

// pushedReader reads what is pushed; it waits where nothing is left.
type pushedReader struct {
	buf     []byte
	ended   bool
	stopped bool
	wait    func() bool
}

// Read implements io.Reader.
func (s *pushedReader) Read(b []byte) (int, error) {
	for len(s.buf) == 0 {
		switch {
		case s.ended:
			return 0, io.EOF
		case s.stopped || !s.wait():
			s.stopped = true
			return 0, errStopped
		}
	}
	n := copy(b, s.buf)
	s.buf = s.buf[n:]
	return n, nil
}
