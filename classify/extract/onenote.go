package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

func init() { register(readOneNote, "application/onenote") }

// Marks of OneNote's files ([MS-ONESTORE] sections 2.3.1 and 2.6.13): what a
// section begins with, and what a file that it holds begins with.
const (
	oneNoteMagic = "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"
	oneNoteFile  = "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"
)

// oneNoteHead is what stands before the bytes of a file: its mark, its length,
// twelve bytes that say nothing.
const oneNoteHead = 36

// readOneNote hands over the files that a section of a notebook holds. Its text
// is read by salvage: the pages, their order and what was deleted of them are
// not understood, so it stays unsupported.
func readOneNote(c *container) error {
	for at := int64(0); ; {
		next, err := c.find(at, []byte(oneNoteFile))
		if err != nil {
			return err
		}
		if next < 0 {
			return errUnsupported
		}
		var head [oneNoteHead]byte
		if _, err := c.ReadAt(head[:], next); err != nil {
			return stoppedOr(err, errMalformed)
		}
		at = next + oneNoteHead
		size := binary.LittleEndian.Uint64(head[16:])
		if size > uint64(c.Size()-at) {
			continue
		}
		if err := c.Member("", c.expanding(io.NewSectionReader(c, at, int64(size)))); err != nil {
			return err
		}
		at += int64(size)
	}
}

// find finds bytes in the container, from an offset on; -1 if they are not there.
func (c *container) find(from int64, what []byte) (int64, error) {
	pooled := blocks.Get().(*[maxBlock]byte)
	defer blocks.Put(pooled)
	for from < c.Size() {
		n, err := c.ReadAt(pooled[:], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.Index(pooled[:n], what); i >= 0 {
			return from + int64(i), nil
		}
		from += int64(max(n-len(what)+1, 1))
	}
	return -1, nil
}
