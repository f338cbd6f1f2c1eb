package ole

import (
	"encoding/binary"
)

// content reads a record of a sheet: cells, and what is written around them.
func (b *book) content() {
	r := b.r
	row, column, xf := r.u16(0), r.u16(2), r.u16(4)
	switch r.kind {
	case 0xfd:
		b.shared(row, column, int(r.u32(6)))
	case 0x204, 0xd6:
		b.put(row, column, b.long(6))
	case 0x203:
		b.put(row, column, b.shown(xf, r.float(6)))
	case 0x27e, 0x7e:
		b.put(row, column, b.shown(xf, rk(r.u32(6))))
	case 0xbd:
		for at := 4; at+6 <= len(r.data)-2; at += 6 {
			b.put(row, column, b.shown(r.u16(at), rk(r.u32(at+2))))
			column++
		}
	case 0x205:
		b.boolean(row, column, r.from(6))
	case 0x06, 0x206, 0x406:
		b.formula(row, column, xf)
	case 0x207:
		b.put(b.cell.row, b.cell.column, b.long(0))
	case 0x02, 0x03, 0x04, 0x05, 0x07:
		b.oldest(row, column)
	default:
		b.around()
	}
}

func (b *book) shared(row, column, i int) {
	if i < 0 || i >= len(b.strings) {
		b.d.note(ErrMalformed)
		return
	}
	b.used[i] = true
	b.put(row, column, b.strings[i])
}

func (b *book) boolean(row, column int, v []byte) {
	if len(v) < 2 || v[1] != 0 {
		return // an error value
	}
	if v[0] == 0 {
		b.put(row, column, "FALSE")
		return
	}
	b.put(row, column, "TRUE")
}

// formula shows the value that was last computed.
func (b *book) formula(row, column, xf int) {
	at := 6
	if b.version == 2 {
		at, xf = 7, b.r.u16(5)&0x3f
	}
	v := b.r.from(at)
	if len(v) < 8 {
		return
	}
	b.cell.row, b.cell.column = row, column
	empty := v[0] == 3 || binary.LittleEndian.Uint64(v) == 0
	if tokens := b.tokens(at + 8); empty && len(tokens) > 0 { // perhaps it was never computed
		value, computed, texts := b.constants(tokens)
		if computed {
			b.put(row, column, value)
			return
		}
		for _, t := range texts {
			b.aside.line(t)
		}
	}
	if binary.LittleEndian.Uint16(v[6:]) != 0xffff {
		b.put(row, column, b.shown(xf, b.r.float(at)))
		return
	}
	if v[0] == 1 {
		b.boolean(row, column, []byte{v[2], 0})
	}
}

// tokens is the formula behind flags and, in later versions, a chain.
func (b *book) tokens(at int) []byte {
	if at += 2; b.version >= 5 {
		at += 4
	}
	v := b.r.from(at)
	if b.version < 5 || len(v) < 2 {
		return nil
	}
	return v[2:min(len(v), 2+int(binary.LittleEndian.Uint16(v)))]
}

// oldest reads the cells of Excel 2.
func (b *book) oldest(row, column int) {
	r := b.r
	format := r.u16(5) & 0x3f
	switch r.kind {
	case 0x02:
		b.put(row, column, b.shown(format, float64(r.u16(7))))
	case 0x03:
		b.put(row, column, b.shown(format, r.float(7)))
	case 0x04:
		b.put(row, column, b.old8(7))
	case 0x05:
		b.boolean(row, column, r.from(7))
	case 0x07:
		b.put(b.cell.row, b.cell.column, b.old8(0))
	}
}

func (b *book) old8(at int) string {
	p := b.r.from(at)
	if len(p) == 0 {
		return ""
	}
	return decode(b.page, p[1:min(len(p), 1+int(p[0]))])
}

// around reads what stands beside the cells: comments, headers, shapes, links.
func (b *book) around() {
	r := b.r
	switch r.kind {
	case 0x14, 0x15:
		if b.version == 8 {
			b.aside.line(b.long(0))
		} else {
			b.aside.line(b.short(0))
		}
	case 0x1c:
		if b.version == 8 {
			b.aside.line(b.long(8))
		} else {
			b.aside.line(b.long(4))
		}
	case recTXO:
		n := r.u16(10)
		if n == 0 {
			return
		}
		s, _ := (&cursor{r: r}).chars(n, false)
		b.aside.line(s)
	case 0x1b8, 0x800: // links and their tips
		b.aside.line(printableOf(wide(r.from(0))))
	case 0x1be:
		b.validation()
	case 0x100d:
		b.aside.line(b.short(2))
	case 0x89c:
		b.aside.line(printableOf(wide(r.from(0))))
	}
}

// validation reads the texts that tell what may be entered in a cell.
func (b *book) validation() {
	if b.version != 8 {
		return
	}
	c := &cursor{b.r, b.r.from(4)}
	for range 4 {
		s, ok := c.unicode(2)
		if !ok {
			return
		}
		if s != "\x00" {
			b.aside.line(s)
		}
	}
}
