package main

import (
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
	size int64  // bytes, if they are known before it is read
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
	box := newMbox(f)
	if !box.begins() {
		if number > 0 {
			return yield(input{name: fmt.Sprintf("%s#%d", path, number), err: errors.New("no mbox: it does not begin with a \"From \" line and a header")})
		}
		in := input{name: path, open: func() (io.ReadCloser, error) { return os.Open(path) }}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			in.size = info.Size()
		}
		return yield(in)
	}
	n := 0
	for {
		start, size, err := box.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return yield(input{name: path, err: err})
		}
		n++
		if number == 0 || n == number {
			name := fmt.Sprintf("%s#%d", path, n)
			open := func() (io.ReadCloser, error) { return openMboxMail(path, start, size) }
			if !yield(input{name: name, mail: true, size: size, open: open}) {
				return false
			}
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
