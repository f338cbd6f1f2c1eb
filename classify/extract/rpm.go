package extract

import (
	"bytes"
	"encoding/binary"
	"io"
)

func init() { register(readRPM, "application/x-rpm") }

// Bounds and marks of a package (the RPM file format, version 3 and 4).
const (
	rpmLead      = 96
	rpmHeader    = "\x8e\xad\xe8\x01"
	maxRPMHeader = 16 << 20
)

// readRPM reads a package of RPM: a lead, two headers, whose strings are texts,
// and an archive, which is compressed most often.
func readRPM(c *container) error {
	at, err := c.rpmHeader(rpmLead, false)
	if err == nil {
		at, err = c.rpmHeader(roundUp(at, 8), true)
	}
	if err != nil {
		return err
	}
	return c.Member("", io.NewSectionReader(c, at, max(c.Size()-at, 0)))
}

// rpmHeader reads one header and says where it ends.
func (c *container) rpmHeader(at int64, tell bool) (int64, error) {
	var head [16]byte
	if _, err := c.ReadAt(head[:], at); err != nil {
		return 0, stoppedOr(err, errMalformed)
	}
	be := binary.BigEndian
	entries, size := int64(be.Uint32(head[8:])), int64(be.Uint32(head[12:]))
	end := at + 16 + 16*entries + size
	if string(head[:4]) != rpmHeader || end > c.Size() {
		return 0, errMalformed
	}
	if !tell {
		return end, nil
	}
	if 16*entries+size > maxRPMHeader {
		return 0, errTooBig
	}
	if err := c.hold(16*entries + size); err != nil {
		return 0, err
	}
	b := make([]byte, 16*entries+size)
	if _, err := c.ReadAt(b, at+16); err != nil && len(b) > 0 {
		return 0, stoppedOr(err, errMalformed)
	}
	data := b[16*entries:]
	out, err := c.Text("")
	if err != nil {
		return 0, err
	}
	left := len(data) // each string stands in one entry
	for i := range entries {
		e := b[16*i : 16*i+16]
		kind, from, count := be.Uint32(e[4:]), be.Uint32(e[8:]), be.Uint32(e[12:])
		if kind != 6 && kind != 8 && kind != 9 || int64(from) >= size {
			continue
		}
		rest := data[from:]
		for ; count > 0 && len(rest) > 0 && left > 0; count-- {
			var s []byte
			s, rest, _ = bytes.Cut(rest, []byte{0})
			left -= len(s) + 1
			if _, err := out.Write(append(bytes.Clone(s), '\n')); err != nil {
				return 0, err
			}
		}
	}
	return end, out.Close()
}
