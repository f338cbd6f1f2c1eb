package extract

import (
	"io"
	"slices"
	"unicode/utf8"

	"github.com/klauspost/compress/snappy"
)

// Bounds of an archive of iWork.
const (
	maxIWAChunk = 1 << 20  // what a chunk makes; iWork writes 64 KiB
	maxIWA      = 32 << 20 // bytes of one member, all of which are held
	maxIWADepth = 30       // of messages in messages
)

// readIWA reads a member of a document of Pages, Numbers or Keynote: chunks of
// Snappy, and in them messages of Protocol Buffers, whose meaning Apple does not
// tell. Every string in them is a line.
func readIWA(c *container, content io.Reader, out io.Writer) error {
	var whole []byte
	held := int64(0)
	defer func() { _ = c.hold(-held) }()
	for {
		var head [4]byte
		if _, err := io.ReadFull(content, head[:]); err == io.EOF {
			break
		} else if err != nil || head[0] != 0 {
			return errMalformed
		}
		packed := make([]byte, int(head[1])|int(head[2])<<8|int(head[3])<<16)
		if _, err := io.ReadFull(content, packed); err != nil {
			return errMalformed
		}
		n, err := snappy.DecodedLen(packed)
		if err != nil || n > maxIWAChunk {
			return errMalformed
		}
		if len(whole)+n > maxIWA {
			return errTooBig
		}
		if err := c.Expand(n); err != nil {
			return err
		}
		if err := c.hold(int64(n)); err != nil {
			return err
		}
		held += int64(n)
		chunk, err := snappy.Decode(nil, packed)
		if err != nil {
			return errMalformed
		}
		whole = append(whole, chunk...)
	}
	return iwaArchives(whole, out)
}

// iwaArchives reads the objects: a length, what the object is, and the messages
// of it, as long as that says.
func iwaArchives(b []byte, out io.Writer) error {
	for len(b) > 0 {
		size, n := protoVarint(b)
		if n == 0 || size > uint64(len(b)-n) {
			return errMalformed
		}
		info := b[n : n+int(size)]
		b = b[n+int(size):]
		total := uint64(0)
		protoFields(info, func(field uint64, value []byte) {
			if field == 2 { // about one message
				protoNumbers(value, func(field, number uint64) {
					if field == 3 {
						total += number
					}
				})
			}
		})
		if total > uint64(len(b)) {
			return errMalformed
		}
		if err := iwaStrings(b[:total], out, 0); err != nil {
			return err
		}
		b = b[total:]
	}
	return nil
}

// iwaStrings gives the strings of a message and of those in it. What is valid
// text is taken for such.
func iwaStrings(b []byte, out io.Writer, depth int) error {
	var failed error
	protoFields(b, func(_ uint64, value []byte) {
		switch {
		case failed != nil || len(value) < 2:
		case plainString(value):
			_, failed = out.Write(append(slices.Clip(value), '\n'))
		case depth < maxIWADepth && protoFields(value, nil):
			failed = iwaStrings(value, out, depth+1)
		}
	})
	return failed
}

// plainString reports whether bytes are text and no message.
func plainString(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != 0x0b && c != 0x0c || c == 0x7f {
			return false
		}
	}
	return true
}

// protoFields calls each for the fields of a message that have a length, and
// reports whether bytes are a message.
func protoFields(b []byte, each func(field uint64, value []byte)) bool {
	return protoWalk(b, each, nil)
}

// protoNumbers calls each for the fields of a message that are whole numbers.
func protoNumbers(b []byte, each func(field, number uint64)) {
	protoWalk(b, nil, each)
}

func protoWalk(b []byte, bytes func(uint64, []byte), number func(uint64, uint64)) bool {
	for len(b) > 0 {
		key, n := protoVarint(b)
		if n == 0 || key>>3 == 0 {
			return false
		}
		b = b[n:]
		size := uint64(0)
		switch key & 7 {
		case 0:
			v, n := protoVarint(b)
			if n == 0 {
				return false
			}
			if b = b[n:]; number != nil {
				number(key>>3, v)
			}
			continue
		case 1:
			size = 8
		case 5:
			size = 4
		case 2:
			if size, n = protoVarint(b); n == 0 {
				return false
			}
			b = b[n:]
		default:
			return false
		}
		if size > uint64(len(b)) {
			return false
		}
		if key&7 == 2 && bytes != nil {
			bytes(key>>3, b[:size])
		}
		b = b[size:]
	}
	return true
}

// protoVarint reads a number; n is 0 if it has no end.
func protoVarint(b []byte) (v uint64, n int) {
	for i, c := range b[:min(len(b), 10)] {
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
