package pdf

import (
	"bytes"
	"errors"
	"io"
)

// source is the file. A short one is held in memory, of a long one what was
// asked for last.
type source struct {
	src  io.ReaderAt
	size int64
	buf  []byte
	base int64
	err  error // of src, which ends the reading
}

const (
	wholeFile  = 1 << 20
	windowSize = 4 << 10
)

func newSource(src io.ReaderAt, size int64) *source {
	s := &source{src: src, size: size}
	if size <= wholeFile {
		s.load(0, int(size))
	}
	return s
}

func (s *source) load(off int64, n int) {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	s.base = off
	got, err := s.src.ReadAt(s.buf[:n], off)
	s.buf = s.buf[:got]
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
}

// view returns up to n bytes at off, fewer only at the end of the file. They
// are good until the next call.
func (s *source) view(off int64, n int) []byte {
	if off < 0 || off >= s.size {
		return nil
	}
	n = int(min(int64(n), s.size-off))
	if end := s.base + int64(len(s.buf)); off < s.base || off+int64(n) > end {
		if s.size <= wholeFile {
			n = int(max(0, end-off))
			if n == 0 {
				return nil
			}
			return s.buf[off-s.base:]
		}
		s.load(off, max(n, int(min(windowSize, s.size-off))))
	}
	from := int(off - s.base)
	return s.buf[from:min(from+n, len(s.buf))]
}

// section reads n bytes from off.
func (s *source) section(off, n int64) io.Reader {
	off = min(max(off, 0), s.size)
	n = min(max(n, 0), s.size-off)
	if s.size <= wholeFile {
		b := s.view(off, int(n))
		return bytes.NewReader(b[:min(int(n), len(b))])
	}
	return io.NewSectionReader(s.src, off, n)
}

// index finds word in the file from off on; -1 if it is not there. It looks at
// no more than most bytes.
func (s *source) index(word string, off, most int64) int64 {
	const step = 32 << 10
	end := min(s.size, off+most)
	for off < end {
		b := s.view(off, step+len(word))
		if i := bytes.Index(b, []byte(word)); i >= 0 {
			return off + int64(i)
		}
		if len(b) < step {
			break
		}
		off += step
	}
	return -1
}
