package extract

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of one container is kept in memory. What is longer
// goes to a file that has no name.
const spoolMemory = 1 << 20

// spoolBuffer is what it keeps of that once there is a file, to write it in
// blocks.
const spoolBuffer = 64 << 10

// spoolFirst is what a spool begins with; it grows by doubling.
const spoolFirst = 16 << 10

// spool keeps the bytes of one container, for formats that are read from their
// end or in no order at all. As a stage it takes the bytes and, when they are
// complete, has the container read and frees them. Its length is bounded by
// Limits.PartBytes and Limits.MailBytes, before it is written to; its memory
// counts against Limits.MailMemory.
type spool struct {
	r     *Reader
	ended func(*spool) // reads the container
	mem   []byte       // the first bytes, or those that are not in the file yet
	file  *os.File
	size  int64
	held  int64 // bytes of mem that the mail is charged for
}

func newSpool(r *Reader, ended func(*spool)) *spool {
	return &spool{r: r, ended: ended}
}

func (s *spool) write(b []byte) {
	for len(b) > 0 && s.r.err == nil {
		if len(s.mem) == cap(s.mem) && !s.grow() {
			s.flush()
			continue
		}
		n := min(len(b), cap(s.mem)-len(s.mem))
		s.mem = append(s.mem, b[:n]...)
		s.size += int64(n)
		b = b[n:]
	}
}

// grow makes room in memory, if there may be more of it. The first bytes always
// get some: it is the buffer of the file as well.
func (s *spool) grow() bool {
	want := max(spoolFirst, 2*cap(s.mem))
	more := int64(want - cap(s.mem))
	first := s.mem == nil
	if s.file != nil || want > spoolMemory || !first && s.r.held+more > s.r.limits.MailMemory/2 {
		return false
	}
	if !s.r.hold(more, first) {
		if first {
			s.r.fail(ErrNoMemory)
		}
		return false
	}
	s.held += more
	old := s.mem
	s.mem = append(make([]byte, 0, want), old...)
	clear(old)
	return true
}

// flush moves what is in memory to the file. A file that cannot be written is a
// fault of the machine and not of the mail, so it ends the reading.
func (s *spool) flush() {
	if s.file == nil {
		file, err := os.CreateTemp("", "postern-")
		if err != nil {
			s.r.fail(fmt.Errorf("cannot keep an attachment on disk: %w", err))
			return
		}
		s.file = file
		// Without a name it is gone with the process, however that ends.
		if err := os.Remove(file.Name()); err != nil {
			s.r.fail(fmt.Errorf("cannot keep an attachment on disk: %w", err))
		}
	}
	if _, err := s.file.WriteAt(s.mem, s.size-int64(len(s.mem))); err != nil {
		s.r.fail(fmt.Errorf("cannot keep an attachment on disk: %w", err))
	}
	s.mem = s.mem[:0]
	if spare := int64(cap(s.mem) - spoolBuffer); spare > 0 {
		clear(s.mem[:cap(s.mem)])
		s.mem = make([]byte, 0, spoolBuffer)
		s.r.hold(-spare, false)
		s.held -= spare
	}
}

// ReadAt reads what was written, from any offset.
func (s *spool) ReadAt(b []byte, off int64) (int, error) {
	switch {
	case off < 0:
		return 0, errors.New("negative offset")
	case off >= s.size:
		return 0, io.EOF
	case s.file != nil:
		return s.file.ReadAt(b, off)
	}
	n := copy(b, s.mem[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// close ends the bytes, has them read, and frees them, whatever happens.
func (s *spool) close() {
	defer s.free()
	if s.file != nil && len(s.mem) > 0 {
		s.flush()
	}
	if !s.r.halted() {
		s.ended(s)
	}
}

func (s *spool) free() {
	s.r.hold(-s.held, false)
	clear(s.mem[:cap(s.mem)])
	s.mem, s.held, s.size = nil, 0, 0
	if s.file != nil {
		_ = s.file.Close() // its bytes are not wanted any more
		s.file = nil
	}
}
