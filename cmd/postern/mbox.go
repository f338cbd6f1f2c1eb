package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
)

// mbox finds the mails of an mbox file (RFC 4155), one after the other, in one
// pass and without holding any of them.
type mbox struct {
	r   *bufio.Reader
	pos int64
	end bool // the last mail ended with the file
}

// postmark is the line before a mail: an address, and a date with a time of day.
// A sentence that begins with "From" has none.
var postmark = regexp.MustCompile(`^From \S+ .*\d\d?:\d\d`)

// fieldLine begins a header field (RFC 5322 section 2.2), or is a postmark that
// an older program quoted.
var fieldLine = regexp.MustCompile(`^(>From |[!-9;-~]+[ \t]*:)`)

func newMbox(r io.Reader) *mbox { return &mbox{r: bufio.NewReaderSize(r, 64<<10)} }

// begins reports whether the file is an mbox.
func (b *mbox) begins() bool {
	opening, _ := b.r.Peek(4 << 10)
	first, rest, _ := bytes.Cut(opening, []byte("\n"))
	return postmark.Match(first) && fieldLine.Match(rest)
}

// next returns where the next mail begins, behind its postmark, and how long it
// is. It stands at a postmark, or at the end.
func (b *mbox) next() (start, size int64, err error) {
	if b.end {
		return 0, 0, io.EOF
	}
	if _, err := b.line(); err != nil {
		return 0, 0, err
	}
	start = b.pos
	for empty := false; ; {
		if empty {
			if opening, _ := b.r.Peek(256); bytes.HasPrefix(opening, []byte("From ")) && postmark.Match(firstLine(opening)) {
				return start, b.pos - start, nil
			}
		}
		line, err := b.line()
		if errors.Is(err, io.EOF) {
			b.end = true
			return start, b.pos - start, nil
		}
		if err != nil {
			return 0, 0, err
		}
		empty = len(bytes.TrimRight(line, "\r\n")) == 0
	}
}

// line takes a line, and returns how it begins.
func (b *mbox) line() ([]byte, error) {
	line, err := b.r.ReadSlice('\n')
	b.pos += int64(len(line))
	if !errors.Is(err, bufio.ErrBufferFull) {
		if errors.Is(err, io.EOF) && len(line) > 0 {
			err = nil
		}
		return line, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		var more []byte
		more, err = b.r.ReadSlice('\n')
		b.pos += int64(len(more))
	}
	return []byte("long"), ignoreEOF(err)
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return line
}

// mboxMail is one mail of an mbox, its ">From " lines without their quote.
type mboxMail struct {
	file    *os.File
	r       *bufio.Reader
	pending []byte // read but not handed out
	mid     bool   // in the middle of a long line
}

// openMboxMail opens the mail of an mbox that stands at a place.
func openMboxMail(path string, start, size int64) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &mboxMail{file: f, r: bufio.NewReaderSize(io.NewSectionReader(f, start, size), int(min(size+1, 64<<10)))}, nil
}

// Read reads the mail.
func (m *mboxMail) Read(b []byte) (int, error) {
	if len(m.pending) == 0 {
		if opening, _ := m.r.Peek(6); !m.mid && bytes.Equal(opening, []byte(">From ")) {
			if _, err := m.r.Discard(1); err != nil {
				return 0, err
			}
		}
		line, err := m.r.ReadSlice('\n')
		if m.mid = errors.Is(err, bufio.ErrBufferFull); len(line) == 0 {
			return 0, err
		}
		m.pending = line
	}
	n := copy(b, m.pending)
	m.pending = m.pending[n:]
	return n, nil
}

// Close closes the file.
func (m *mboxMail) Close() error { return m.file.Close() }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
