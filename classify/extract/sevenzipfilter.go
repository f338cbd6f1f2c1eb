package extract

import (
	"bufio"
	"encoding/binary"
	"io"
	"slices"
)

// branches makes a method of a filter for machine code: convert undoes it in an
// instruction of size bytes, which stands at pc, and says how many bytes it took.
// A piece is never shorter than size, or than 4.
func branches(size int, convert func(b []byte, pc uint32) int) *sevenZipMethod {
	return &sevenZipMethod{1, func(_ *container, props []byte, _ uint64, ins []*bufio.Reader) (io.Reader, error) {
		x := &branch{r: ins[0], need: max(size, 4), convert: convert}
		if len(props) == 4 {
			x.pc = binary.LittleEndian.Uint32(props)
		}
		if size == 2 { // pieces of two bytes may be all there is
			x.need = 2
		}
		return x, nil
	}}
}

// branch makes the targets of jumps and calls relative again, as the filters of
// the LZMA SDK (Bra.c) have it.
type branch struct {
	r       io.Reader
	need    int
	convert func(b []byte, pc uint32) int
	buf     []byte // ready up to done
	done    int
	pc      uint32
	err     error
}

// Read implements io.Reader.
func (x *branch) Read(b []byte) (int, error) {
	for x.done == 0 {
		if x.err != nil {
			if len(x.buf) == 0 {
				return 0, x.err
			}
			x.done = x.turn(true)
			break
		}
		have := len(x.buf)
		x.buf = slices.Grow(x.buf, 4<<10)[:have+4<<10]
		n, err := x.r.Read(x.buf[have:])
		x.buf, x.err = x.buf[:have+n], err
		x.done = x.turn(false)
	}
	n := copy(b, x.buf[:x.done])
	x.buf, x.done = x.buf[n:], x.done-n
	return n, nil
}

// turn converts what it can and says how many bytes are ready; at the end, all.
func (x *branch) turn(last bool) int {
	i := 0
	for len(x.buf)-i >= max(x.need, 4) {
		n := x.convert(x.buf[i:], x.pc+uint32(i))
		i += n
	}
	if last {
		if x.need == 2 && len(x.buf)-i >= 2 {
			var tail [4]byte
			n := copy(tail[:], x.buf[i:])
			x.convert(tail[:], x.pc+uint32(i))
			copy(x.buf[i:], tail[:n/2*2])
		}
		return len(x.buf)
	}
	x.pc += uint32(i)
	return i
}

func arm(b []byte, pc uint32) int {
	if b[3] == 0xeb {
		v := binary.LittleEndian.Uint32(b) & 0xffffff
		binary.LittleEndian.PutUint32(b, (v<<2-(pc+8))>>2&0xffffff|0xeb000000)
	}
	return 4
}

func thumb(b []byte, pc uint32) int {
	if b[1]&0xf8 != 0xf0 || b[3]&0xf8 != 0xf8 {
		return 2
	}
	v := uint32(b[1]&7)<<19 | uint32(b[0])<<11 | uint32(b[3]&7)<<8 | uint32(b[2])
	v = (v<<1 - (pc + 4)) >> 1
	b[0], b[1], b[2], b[3] = byte(v>>11), 0xf0|byte(v>>19&7), byte(v), 0xf8|byte(v>>8&7)
	return 4
}

func powerPC(b []byte, pc uint32) int {
	if v := binary.BigEndian.Uint32(b); v&0xfc000003 == 0x48000001 {
		binary.BigEndian.PutUint32(b, (v-pc)&0x03fffffc|0x48000001)
	}
	return 4
}

func sparc(b []byte, pc uint32) int {
	if b[0] == 0x40 && b[1]&0xc0 == 0 || b[0] == 0x7f && b[1]&0xc0 == 0xc0 {
		v := (binary.BigEndian.Uint32(b)<<2 - pc) >> 2
		binary.BigEndian.PutUint32(b, -(v>>22&1)<<22&0x3fffffff|v&0x3fffff|0x40000000)
	}
	return 4
}

func arm64(b []byte, pc uint32) int {
	const flag, mask = 1 << 20, 1<<24 - 1<<21
	v := binary.LittleEndian.Uint32(b)
	if v&0xfc000000 == 0x94000000 {
		binary.LittleEndian.PutUint32(b, (v-pc>>2)&0x03ffffff|0x94000000)
		return 4
	}
	if v -= 0x90000000; v&0x9f000000 != 0 {
		return 4
	}
	if v += flag; v&mask != 0 {
		return 4
	}
	z := v&0xffffffe0 | v>>26
	z -= pc >> 9 &^ 7
	v = v&0x1f | 0x90000000 | z<<26 | (z&(flag<<1-1)-flag)&0x00ffffe0
	binary.LittleEndian.PutUint32(b, v)
	return 4
}

// itaniumSlots are the slots of a bundle that may hold a branch, by its template.
var itaniumSlots = [32]byte{16: 4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0}

func itanium(b []byte, pc uint32) int {
	slots := itaniumSlots[b[0]&0x1f]
	for slot := range 3 {
		if slots>>slot&1 == 0 {
			continue
		}
		bit := 5 + 41*slot
		at, shift := bit/8, bit%8
		whole := uint64(0)
		for i := range 6 {
			whole |= uint64(b[at+i]) << (8 * i)
		}
		v := whole >> shift
		if v>>37&0xf != 5 || v>>9&7 != 0 {
			continue
		}
		target := uint32(v>>13&0xfffff | v>>36&1<<20)
		target = (target<<4 - pc) >> 4
		v &^= 0x8fffff << 13
		v |= uint64(target&0xfffff)<<13 | uint64(target&0x100000)<<16
		whole = whole&(1<<shift-1) | v<<shift
		for i := range 6 {
			b[at+i] = byte(whole >> (8 * i))
		}
	}
	return 16
}

func swap2(b []byte, _ uint32) int {
	b[0], b[1] = b[1], b[0]
	return 2
}

func swap4(b []byte, _ uint32) int {
	slices.Reverse(b[:4])
	return 4
}
