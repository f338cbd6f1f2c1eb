// Package database reads the files of small databases: SQLite 3 and dBase, with
// FoxPro's kin.
//
// Read tells them apart and gives each table to an Out: a line of the columns'
// names, then the rows, a line each, TAB between the cells. Numbers stand as
// they are, dates as year-month-day. A file that a cell of SQLite holds is handed
// over as a Member.
//
// # Promises
//
// No input panics, and none takes more time than a few looks at each of its
// bytes: each page of SQLite is read once, whatever points at it. Memory is a page,
// and a row as far as the file holds it. A damaged file gives what is whole,
// then ErrMalformed. Pages that no table owns, such as those of deleted rows, are
// looked through for text.
package database

import (
	"errors"
	"io"
)

// Out takes what Read finds. An error from any of its methods ends the reading
// at once and is returned by Read.
type Out interface {
	// Text opens a text stream of the document, named after the table.
	Text(name string) (io.WriteCloser, error)
	// Member hands over an embedded file to be read as a file of its own.
	Member(name string, content io.Reader) error
	// Expand is asked before n more bytes are made or held in memory.
	Expand(n int) error
	// Anomaly notes something odd about the form.
	Anomaly(name string)
}

// What is wrong with a file that is not read whole.
var (
	ErrMalformed   = errors.New("malformed database")
	ErrUnsupported = errors.New("unsupported kind of database")
)

// Encrypted is never returned: neither format encrypts so that it could be seen.
type Encrypted struct {
	Cipher string
	Weak   bool
}

// Error implements error.
func (e *Encrypted) Error() string { return "encrypted with " + e.Cipher }

// Read reads a database of size bytes.
func Read(src io.ReaderAt, size int64, out Out) error {
	var head [100]byte
	n, err := src.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case string(head[:min(n, len(sqliteMagic))]) == sqliteMagic:
		return readSQLite(src, size, out)
	case IsDBase(head[:n]):
		return readDBase(src, size, out)
	}
	return ErrUnsupported
}
