package ole

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"github.com/postern-mail/postern/classify/extract/codepage"
)

// maxProperties bounds how much of a property stream is read: thumbnails, which
// are no text, make them long.
const maxProperties = 4 << 20

// The types of properties that hold text ([MS-OLEPS] section 2.15).
const (
	vtI2     = 0x02
	vtI4     = 0x03
	vtR8     = 0x05
	vtBSTR   = 0x08
	vtBlob   = 0x41
	vtLPSTR  = 0x1e
	vtLPWSTR = 0x1f
	vtVector = 0x1000
	vtMixed  = 0x0c
)

// properties reads a stream of document properties, a line each.
func (d *document) properties(_, e *entry) error {
	if e.size > maxProperties {
		d.note(ErrMalformed)
	}
	b, err := io.ReadAll(io.LimitReader(d.file.open(e), maxProperties))
	if err != nil {
		return err
	}
	w := newWriter(d.out, "")
	if len(b) < 48 {
		return nil
	}
	sets := int(binary.LittleEndian.Uint32(b[24:]))
	for i := 0; i < min(sets, 4) && 48+20*i <= len(b); i++ {
		at := int64(binary.LittleEndian.Uint32(b[28+20*i+16:]))
		if at >= int64(len(b)) {
			d.note(ErrMalformed)
			break
		}
		(&propertySet{b: b[at:], w: w, page: 1252}).read()
	}
	return w.close()
}

// propertySet is one set of properties ([MS-OLEPS] section 2.20).
type propertySet struct {
	b     []byte
	w     *writer
	page  int
	names map[uint32]string
}

func (p *propertySet) u32(at int64) int64 {
	if at < 0 || at+4 > int64(len(p.b)) {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(p.b[at:]))
}

func (p *propertySet) read() {
	count := min(p.u32(4), int64(len(p.b))/8)
	for i := range count { // the code page first, then the names of the others
		if id, at := p.u32(8+8*i), p.u32(12+8*i); id == 1 && p.u32(at)&0xffff == vtI2 {
			p.page = int(p.u32(at+4) & 0xffff)
		}
	}
	for i := range count {
		if p.u32(8+8*i) == 0 {
			p.dictionary(p.u32(12 + 8*i))
		}
	}
	for i := range count {
		id, at := p.u32(8+8*i), p.u32(12+8*i)
		if id == 0 || id == 1 || id&0x80000000 != 0 {
			continue
		}
		kind := p.u32(at)
		if values, _ := p.value(kind&0xffff, at+4, 0); values != "" {
			if name := p.names[uint32(id)]; name != "" {
				p.w.string(name + ": ")
			}
			p.w.line(values)
		}
	}
}

// dictionary reads the names of properties that a user made.
func (p *propertySet) dictionary(at int64) {
	count := min(p.u32(at), int64(len(p.b))/8)
	at += 4
	p.names = map[uint32]string{}
	for range count {
		id, n := p.u32(at), p.u32(at+4)
		at += 8
		if p.page == codepage.UTF16 {
			n *= 2
		}
		if n < 0 || at+n > int64(len(p.b)) {
			return
		}
		p.names[uint32(id)] = p.text(p.b[at : at+n])
		at += n
		if p.page == codepage.UTF16 {
			at += -at & 3
		}
	}
}

func (p *propertySet) text(b []byte) string {
	if p.page == codepage.UTF16 {
		return string(bytes.TrimRight([]byte(wide(b)), "\x00"))
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return decode(p.page, b)
}

// value returns a property as text, and how many bytes it takes.
func (p *propertySet) value(kind, at int64, depth int) (string, int64) {
	n := p.u32(at)
	switch {
	case kind&vtVector != 0 && depth == 0:
		return p.vector(kind&^vtVector, at+4, n)
	case kind == vtMixed && depth < 2:
		s, size := p.value(p.u32(at)&0xffff, at+4, depth+1)
		return s, size + 4
	}
	switch kind {
	case vtLPSTR, vtBSTR:
		if at+4+n > int64(len(p.b)) {
			return "", 4
		}
		return p.text(p.b[at+4 : at+4+n]), 4 + n + -n&3
	case vtLPWSTR:
		if at+4+2*n > int64(len(p.b)) {
			return "", 4
		}
		s := wide(p.b[at+4 : at+4+2*n])
		return string(bytes.TrimRight([]byte(s), "\x00")), 4 + 2*n + -2*n&3
	case vtBlob: // hyperlinks are kept in one
		if at+4+n > int64(len(p.b)) || n > 1<<16 {
			return "", 4 + n
		}
		return printableOf(wide(p.b[at+4 : at+4+n])), 4 + n + -n&3
	case vtI4:
		if n < 1e6 { // counts of words and pages
			return "", 4
		}
		return strconv.FormatInt(n, 10), 4
	case vtR8:
		if at+8 > int64(len(p.b)) {
			return "", 8
		}
		v := math.Float64frombits(binary.LittleEndian.Uint64(p.b[at:]))
		return strconv.FormatFloat(v, 'f', -1, 64), 8
	case vtI2:
		return "", 4
	}
	return "", 4
}

func (p *propertySet) vector(kind, at, count int64) (string, int64) {
	var all []byte
	from := at
	for range min(count, int64(len(p.b))/4) {
		if at >= int64(len(p.b)) {
			break
		}
		s, n := p.value(kind, at, 1)
		at += n
		if s != "" {
			all = append(append(all, s...), '\t')
		}
	}
	return string(bytes.TrimRight(all, "\t")), at - from + 4
}

func printableOf(s string) string {
	var b []byte
	for _, c := range s {
		if printable(c) {
			b = append(b, string(c)...)
		} else if len(b) > 0 && b[len(b)-1] != '\t' {
			b = append(b, '\t')
		}
	}
	return string(b)
}
