package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// input is one mail or file to read: a file, standard input, or one mail of an
// mbox.
type input struct {
	name string // as it is reported
	mail bool   // known to be a mail
	open func() (io.ReadCloser, error)
	err  error // why it cannot be opened
}

// base is the file's own name, without folders.
func (in *input) base() string {
	if in.name == "-" {
		return ""
	}
	return filepath.Base(in.name)
}

// inputs lists what an argument stands for. A directory is walked in lexical
// order; an mbox (RFC 4155) gives its mails one by one.
func inputs(arg string, stdin io.Reader) iter.Seq[input] {
	return func(yield func(input) bool) {
		if arg == "-" {
			yield(input{name: "-", open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }})
			return
		}
		file, number := arg, 0
		if i := strings.LastIndexByte(arg, '#'); i >= 0 {
			if _, err := os.Lstat(arg); errors.Is(err, fs.ErrNotExist) {
				if n, err := strconv.Atoi(arg[i+1:]); err == nil && n > 0 {
					file, number = arg[:i], n
				}
			}
		}
		info, err := os.Stat(file)
		switch {
		case err != nil:
			yield(input{name: arg, err: err})
		case info.IsDir():
			walk(file, yield)
		default:
			fileInputs(file, number, yield)
		}
	}
}

func walk(dir string, yield func(input) bool) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if !yield(input{name: path, err: err}) {
				return fs.SkipAll
			}
		case d.Type().IsRegular():
			if !fileInputs(path, 0, yield) {
				return fs.SkipAll
			}
		}
		return nil
	})
	if err != nil {
		yield(input{name: dir, err: err})
	}
}

// fileInputs yields one file, or the mails of one mbox, or the one with that
// number.
func fileInputs(path string, number int, yield func(input) bool) bool {
	f, err := os.Open(path)
	if err != nil {
		return yield(input{name: path, err: err})
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	if opening, _ := r.Peek(5); !bytes.Equal(opening, []byte("From ")) {
		if number > 0 {
			return yield(input{name: fmt.Sprintf("%s#%d", path, number), err: errors.New("no mbox: it does not begin with a \"From \" line")})
		}
		return yield(input{name: path, open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	n := 0
	for {
		mail := &mboxMail{r: r}
		if !mail.begin() {
			break
		}
		n++
		if number == 0 || n == number {
			name := fmt.Sprintf("%s#%d", path, n)
			if !yield(input{name: name, mail: true, open: func() (io.ReadCloser, error) { return mail, nil }}) {
				return false
			}
		}
		if _, err := io.Copy(io.Discard, mail); err != nil {
			return yield(input{name: path, err: err})
		}
		if n == number {
			return true
		}
	}
	if number > n {
		return yield(input{name: fmt.Sprintf("%s#%d", path, number), err: fmt.Errorf("the mbox has %d mails", n)})
	}
	return true
}

// mboxMail reads one mail of an mbox: up to the next line that begins with
// "From " behind an empty line. A ">From " line loses its quote.
type mboxMail struct {
	r       *bufio.Reader
	pending []byte // read but not handed out
	empty   bool   // the line before was empty
	mid     bool   // in the middle of a long line
	ended   bool
}

// begin takes the "From " line; false at the end of the mbox.
func (m *mboxMail) begin() bool {
	for {
		_, more, err := m.r.ReadLine()
		if err != nil {
			return false
		}
		if !more {
			return true
		}
	}
}

func (m *mboxMail) Read(b []byte) (int, error) {
	for len(m.pending) == 0 {
		if m.ended {
			return 0, io.EOF
		}
		if err := m.line(); err != nil {
			return 0, err
		}
	}
	n := copy(b, m.pending)
	m.pending = m.pending[n:]
	return n, nil
}

func (m *mboxMail) line() error {
	if !m.mid {
		opening, _ := m.r.Peek(6)
		if m.empty && bytes.HasPrefix(opening, []byte("From ")) {
			m.ended = true
			return nil
		}
		if bytes.Equal(opening, []byte(">From ")) {
			if _, err := m.r.Discard(1); err != nil {
				return err
			}
		}
	}
	line, err := m.r.ReadSlice('\n')
	m.mid = errors.Is(err, bufio.ErrBufferFull)
	m.pending = line
	m.empty = !m.mid && len(bytes.TrimRight(line, "\r\n")) == 0
	switch {
	case m.mid:
		return nil
	case errors.Is(err, io.EOF):
		m.ended = true
		return nil
	}
	return err
}

// Close does nothing: the mbox stays open for its other mails.
func (m *mboxMail) Close() error { return nil }
