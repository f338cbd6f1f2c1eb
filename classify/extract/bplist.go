package extract

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

func init() { register(readBplist, "application/x-bplist") }

// Bounds of a binary property list. Objects may be named many times and nest
// without end; here each is read once, in the order of the file.
const (
	maxBplistObjects = 1 << 20
	maxBplistString  = 1 << 20
	bplistTrailer    = 32
)

// readBplist tells the strings and numbers of a binary property list, a line each:
// keys and values stand next to each other in none but the largest of them.
func readBplist(c *container) error {
	size := c.Size()
	trailer := make([]byte, bplistTrailer)
	if size < 8+bplistTrailer {
		return errMalformed
	}
	if _, err := c.ReadAt(trailer, size-bplistTrailer); err != nil {
		return err
	}
	width := int64(trailer[6])
	count, table := bigEndian(trailer[8:16]), bigEndian(trailer[24:32])
	if width < 1 || width > 8 || table < 8 || table > uint64(size) || count > uint64(size-int64(table))/uint64(width) {
		return errMalformed
	}
	out, err := c.Text("")
	if err != nil {
		return err
	}
	b := make([]byte, 9)
	for i := range min(int64(count), maxBplistObjects) {
		if _, err := c.ReadAt(b[:width], int64(table)+i*width); err != nil {
			return err
		}
		at := bigEndian(b[:width])
		if at < 8 || at >= table {
			return errMalformed
		}
		text, err := bplistText(c, int64(at))
		if err != nil {
			return err
		}
		if text != "" {
			if _, err := out.Write([]byte(text + "\n")); err != nil {
				return err
			}
		}
	}
	if count > maxBplistObjects {
		return errTooBig
	}
	return out.Close()
}

// bplistText is the text of the object at an offset; empty if it has none.
func bplistText(c *container, at int64) (string, error) {
	b := make([]byte, 10)
	n, err := c.ReadAt(b, at)
	if n < len(b) && err != nil && n < 2 {
		return "", errMalformed
	}
	kind, size := b[0]>>4, uint64(b[0]&15)
	at++
	switch kind {
	case 0x1: // a number
		if size > 3 {
			return "", nil
		}
		return strconv.FormatInt(int64(bigEndian(b[1:1+1<<size])), 10), nil
	case 0x4, 0x5, 0x6, 0x7: // data, ASCII, UTF-16, UTF-8
	default:
		return "", nil
	}
	if size == 15 { // a number with the length follows
		if b[1]>>4 != 1 || b[1]&15 > 3 {
			return "", errMalformed
		}
		n := int64(1) << (b[1] & 15)
		size = bigEndian(b[2 : 2+n])
		at += 1 + n
	}
	if kind == 0x6 {
		if size > maxBplistString {
			return "", errMalformed
		}
		size *= 2
	}
	if size > uint64(c.Size()-at) {
		return "", errMalformed
	}
	text := make([]byte, min(size, maxBplistString))
	if err := c.Expand(len(text)); err != nil {
		return "", err
	}
	if _, err := c.ReadAt(text, at); err != nil {
		return "", err
	}
	switch {
	case kind == 0x6:
		units := make([]uint16, len(text)/2)
		for i := range units {
			units[i] = uint16(bigEndian(text[2*i : 2*i+2]))
		}
		return string(utf16.Decode(units)), nil
	case kind == 0x4 && !looksText(text):
		return "", nil
	}
	return strings.ToValidUTF8(string(text), "\ufffd"), nil
}
