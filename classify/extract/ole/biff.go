package ole

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// records reads the records of a Workbook stream ([MS-XLS] section 2.1.4).
type records struct {
	in     *bufio.Reader
	kind   uint16
	data   []byte // valid until the next record
	start  int64  // where the record begins
	pos    int64
	cipher recordCipher // nil in the clear
	err    error
}

// recordCipher decrypts the data of records in place; at is its position.
type recordCipher interface {
	decrypt(data []byte, at int64)
}

const recContinue = 0x3c

func newRecords(r io.Reader) *records {
	return &records{in: bufio.NewReaderSize(r, 16<<10), data: make([]byte, 0, 8300)}
}

// next reads a record. It returns false at the end, or where the stream breaks:
// then err says so.
func (r *records) next() bool {
	var head [4]byte
	r.start = r.pos
	n, err := io.ReadFull(r.in, head[:])
	if err != nil {
		if err == io.ErrUnexpectedEOF && strings.Trim(string(head[:n]), "\x00") != "" {
			r.err = ErrMalformed
		} else if err != io.EOF && err != io.ErrUnexpectedEOF {
			r.err = err
		}
		return false
	}
	r.kind = binary.LittleEndian.Uint16(head[:])
	size := int(binary.LittleEndian.Uint16(head[2:]))
	if cap(r.data) < size {
		r.data = make([]byte, 0, 1<<16)
	}
	r.data = r.data[:size]
	n, err = io.ReadFull(r.in, r.data)
	r.data = r.data[:n]
	if r.cipher != nil {
		r.decrypt(r.start + 4)
	}
	r.pos += 4 + int64(n)
	if err != nil {
		r.err = ErrMalformed
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			r.err = err
		}
		return n > 0
	}
	return true
}

// decrypt undoes the encryption of the record, but for what is left in the clear
// ([MS-XLS] section 2.2.10).
func (r *records) decrypt(at int64) {
	switch r.kind {
	case 0x809, 0x2f, 0xe1, 0x138, 0x195, 0x194, 0x196:
		return
	case recBoundSheet:
		if len(r.data) > 4 {
			r.cipher.decrypt(r.data[4:], at+4)
		}
		return
	}
	r.cipher.decrypt(r.data, at)
}

// continued reads the next record if it continues this one.
func (r *records) continued() bool {
	head, err := r.in.Peek(4)
	if err != nil || binary.LittleEndian.Uint16(head) != recContinue {
		return false
	}
	return r.next()
}

func (r *records) u16(at int) int {
	if at+2 > len(r.data) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(r.data[at:]))
}

func (r *records) u32(at int) uint32 {
	if at+4 > len(r.data) {
		return 0
	}
	return binary.LittleEndian.Uint32(r.data[at:])
}

func (r *records) float(at int) float64 {
	if at+8 > len(r.data) {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(r.data[at:]))
}

func (r *records) from(at int) []byte { return r.data[min(at, len(r.data)):] }

// rk undoes the packing of a number ([MS-XLS] section 2.5.217).
func rk(n uint32) float64 {
	var v float64
	if n&2 != 0 {
		v = float64(int32(n) >> 2)
	} else {
		v = math.Float64frombits(uint64(n&^3) << 32)
	}
	if n&1 != 0 {
		v /= 100
	}
	return v
}

// cursor reads strings that may go on in CONTINUE records.
type cursor struct {
	r *records
	b []byte
}

func (c *cursor) more() bool {
	for len(c.b) == 0 {
		if !c.r.continued() {
			return false
		}
		c.b = c.r.data
	}
	return true
}

func (c *cursor) byte() (int, bool) {
	if !c.more() {
		return 0, false
	}
	v := c.b[0]
	c.b = c.b[1:]
	return int(v), true
}

func (c *cursor) number(bytes int) (n int, ok bool) {
	for i := range bytes {
		v, ok := c.byte()
		if !ok {
			return 0, false
		}
		n |= v << (8 * i)
	}
	return n, true
}

func (c *cursor) skip(n int) bool {
	for n > 0 {
		if !c.more() {
			return false
		}
		k := min(n, len(c.b))
		c.b = c.b[k:]
		n -= k
	}
	return true
}

// unicode reads a string of Excel 97 behind its length of so many bytes, with
// formatting and phonetic text ([MS-XLS] section 2.5.293). The phonetic text is
// behind a TAB.
func (c *cursor) unicode(lengthBytes int) (string, bool) {
	n, ok := c.number(lengthBytes)
	if !ok {
		return "", false
	}
	flags, ok := c.byte()
	if !ok {
		return "", n == 0
	}
	runs, extra := 0, 0
	if flags&8 != 0 {
		runs, _ = c.number(2)
	}
	if flags&4 != 0 {
		extra, _ = c.number(4)
	}
	text, ok := c.chars(n, flags&1 != 0)
	if !ok {
		return text, false
	}
	c.skip(4 * runs)
	if extra > 14 && extra < 1<<17 {
		text += c.phonetic(extra)
	} else {
		c.skip(extra)
	}
	return text, true
}

// phonetic reads the reading of a Japanese text ([MS-XLS] section 2.5.86).
func (c *cursor) phonetic(size int) string {
	c.skip(10)
	n, _ := c.number(2)
	c.skip(2)
	size -= 14
	text, _ := c.chars(min(n, size/2), true)
	c.skip(max(0, size-2*n))
	if text = strings.Trim(text, "\x00"); text == "" {
		return ""
	}
	return "\t" + text
}

// chars reads the characters of a string; where a CONTINUE record cuts them, a
// flag says anew how wide they are.
func (c *cursor) chars(n int, wideChars bool) (string, bool) {
	var b strings.Builder
	for n > 0 {
		if len(c.b) == 0 {
			flags, ok := c.byte()
			if !ok {
				return b.String(), false
			}
			wideChars = flags&1 != 0
			continue
		}
		if wideChars {
			k := min(n, len(c.b)/2)
			if k == 0 {
				c.b = nil // half a character
				n--
				continue
			}
			b.WriteString(wide(c.b[:2*k]))
			c.b = c.b[2*k:]
			n -= k
			continue
		}
		k := min(n, len(c.b))
		for _, v := range c.b[:k] {
			b.WriteRune(rune(v))
		}
		c.b = c.b[k:]
		n -= k
	}
	return b.String(), true
}
