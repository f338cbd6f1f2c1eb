package extract

import "encoding/binary"

// Numbers of LZX ([MS-PATCH] section 2.6, as cabinets have it).
const (
	lzxLengths  = 249 // symbols of the tree of lengths
	lzxLiterals = 256
	lzxVerbatim = 1
	lzxAligned  = 2
	lzxStored   = 3
)

// lzxSlots is how many slots of positions a window has, from 15 bits on.
var lzxSlots = [...]int{30, 32, 34, 36, 38, 42, 50}

// lzxBase and lzxExtra say where a slot of positions begins, and how many bits
// follow it.
var lzxBase, lzxExtra = func() (base [51]int, extra [51]uint) {
	for i := range 50 {
		if i >= 4 {
			extra[i] = uint(min(i/2-1, 17))
		}
		base[i+1] = base[i] + 1<<extra[i]
	}
	return base, extra
}()

// lzx unpacks the blocks of a folder: one stream, whose state goes on from block
// to block.
type lzx struct {
	window  []byte
	pos     int // in it
	made    int64
	in      []byte
	acc     uint32
	have    uint
	begun   bool
	kind    uint32
	left    int // bytes of the block of LZX that are to come
	odd     bool
	recent  [3]int
	calls   int32 // the length that x86 calls were made absolute with; 0: they were not
	main    []uint8
	length  []uint8
	mains   lzxTree
	lengths lzxTree
	aligned lzxTree
	failed  bool
}

func newLZX(window uint) *lzx {
	return &lzx{
		window: make([]byte, 1<<window), recent: [3]int{1, 1, 1},
		main: make([]uint8, lzxLiterals+8*lzxSlots[window-15]), length: make([]uint8, lzxLengths),
	}
}

// lzxTree is a canonical Huffman code.
type lzxTree struct {
	counts  [17]uint16
	symbols []uint16
}

// build makes the code of lengths, and says whether it is one.
func (t *lzxTree) build(lengths []uint8) bool {
	t.counts = [17]uint16{}
	for _, n := range lengths {
		t.counts[n]++
	}
	t.counts[0] = 0
	var at [17]uint16
	room := 1
	for n := 1; n <= 16; n++ {
		if room = room*2 - int(t.counts[n]); room < 0 {
			return false
		}
		if n < 16 {
			at[n+1] = at[n] + t.counts[n]
		}
	}
	if cap(t.symbols) < len(lengths) {
		t.symbols = make([]uint16, len(lengths))
	}
	t.symbols = t.symbols[:len(lengths)]
	for s, n := range lengths {
		if n > 0 {
			t.symbols[at[n]] = uint16(s)
			at[n]++
		}
	}
	return true
}

func (x *lzx) fail() { x.failed = true }

// bits reads n bits, at most 17, out of words of 16.
func (x *lzx) bits(n uint) int {
	for x.have < n {
		if len(x.in) < 2 {
			x.fail()
			return 0
		}
		x.acc = x.acc<<16 | uint32(binary.LittleEndian.Uint16(x.in))
		x.in = x.in[2:]
		x.have += 16
	}
	x.have -= n
	v := x.acc >> x.have & (1<<n - 1)
	return int(v)
}

func (x *lzx) symbol(t *lzxTree) int {
	code, first, index := 0, 0, 0
	for n := 1; n <= 16; n++ {
		code |= x.bits(1)
		count := int(t.counts[n])
		if code-count < first {
			return int(t.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
		if x.failed {
			return 0
		}
	}
	x.fail()
	return 0
}

// unpack makes the bytes of one block of the cabinet.
func (x *lzx) unpack(packed []byte, size int) ([]byte, error) {
	x.in = append(x.in, packed...)
	x.have = 0
	if !x.begun {
		x.begun = true
		if x.bits(1) == 1 {
			x.calls = int32(x.bits(16)<<16 | x.bits(16))
		}
	}
	from, end := x.pos, x.pos+size
	if end > len(x.window) {
		return nil, errMalformed
	}
	for x.pos < end && !x.failed {
		if x.left == 0 {
			x.header()
		}
		x.run(min(end, x.pos+x.left))
	}
	if x.failed || x.pos != end {
		x.fail()
		return nil, errMalformed
	}
	block := append([]byte(nil), x.window[from:end]...)
	if x.calls != 0 && x.made < 1<<30 {
		x.relative(block)
	}
	x.made += int64(size)
	if x.pos == len(x.window) {
		x.pos = 0
	}
	return block, nil
}

// header reads what stands before a block of LZX.
func (x *lzx) header() {
	if x.odd { // stored bytes are filled up to a word
		x.in, x.odd = x.in[min(1, len(x.in)):], false
	}
	x.kind = uint32(x.bits(3))
	x.left = x.bits(8)<<16 | x.bits(16)
	if x.left == 0 {
		x.fail()
	}
	switch x.kind {
	case lzxAligned, lzxVerbatim:
		if x.kind == lzxAligned {
			var lengths [8]uint8
			for i := range lengths {
				lengths[i] = uint8(x.bits(3))
			}
			if !x.aligned.build(lengths[:]) {
				x.fail()
			}
		}
		x.readLengths(x.main[:lzxLiterals])
		x.readLengths(x.main[lzxLiterals:])
		x.readLengths(x.length)
		if !x.mains.build(x.main) || !x.lengths.build(x.length) {
			x.fail()
		}
	case lzxStored:
		if x.have == 0 {
			x.bits(16)
		}
		x.have = 0
		if len(x.in) < 12 {
			x.fail()
			return
		}
		for i := range x.recent {
			x.recent[i] = int(binary.LittleEndian.Uint32(x.in[4*i:]))
		}
		x.in = x.in[12:]
		x.odd = x.left&1 == 1
	default:
		x.fail()
	}
}

// readLengths reads the lengths of codes, told by how they differ from before.
func (x *lzx) readLengths(lengths []uint8) {
	var pre [20]uint8
	for i := range pre {
		pre[i] = uint8(x.bits(4))
	}
	var t lzxTree
	if !t.build(pre[:]) {
		x.fail()
	}
	for i := 0; i < len(lengths) && !x.failed; {
		n, s := 1, x.symbol(&t)
		value := uint8(0)
		switch s {
		case 17:
			n = 4 + x.bits(4)
		case 18:
			n = 20 + x.bits(5)
		case 19:
			n = 4 + x.bits(1)
			s = x.symbol(&t)
			fallthrough
		default:
			if s > 16 {
				x.fail()
				return
			}
			value = uint8((int(lengths[i]) - s + 17) % 17)
		}
		for ; n > 0 && i < len(lengths); n, i = n-1, i+1 {
			lengths[i] = value
		}
	}
}

// run makes bytes of the present block, up to end.
func (x *lzx) run(end int) {
	from := x.pos
	if x.kind == lzxStored && !x.failed {
		n := copy(x.window[x.pos:end], x.in)
		x.in = x.in[n:]
		if x.pos += n; x.pos < end {
			x.fail()
		}
	}
	for x.pos < end && !x.failed {
		s := x.symbol(&x.mains)
		if s < lzxLiterals {
			x.window[x.pos] = byte(s)
			x.pos++
			continue
		}
		s -= lzxLiterals
		n := s&7 + 2
		if n == 9 {
			n += x.symbol(&x.lengths)
		}
		x.match(x.distance(s>>3), n, end)
	}
	x.left -= x.pos - from
}

// distance is how far back a match of a slot lies.
func (x *lzx) distance(slot int) int {
	if slot < 3 {
		x.recent[0], x.recent[slot] = x.recent[slot], x.recent[0]
		return x.recent[0]
	}
	extra := lzxExtra[slot]
	d := lzxBase[slot] - 2
	if x.kind == lzxAligned && extra >= 3 {
		d += x.bits(extra-3) << 3
		d += x.symbol(&x.aligned)
	} else {
		d += x.bits(extra)
	}
	x.recent = [3]int{d, x.recent[0], x.recent[1]}
	return d
}

func (x *lzx) match(distance, n, end int) {
	if distance <= 0 || distance > len(x.window) || x.pos+n > end || int64(distance) > x.made+int64(cabBlock) {
		x.fail()
		return
	}
	mask := len(x.window) - 1
	for range n {
		x.window[x.pos] = x.window[(x.pos-distance)&mask]
		x.pos++
	}
}

// relative makes the targets of x86 calls relative again.
func (x *lzx) relative(b []byte) {
	for i := 0; i < len(b)-10; i++ {
		if b[i] != 0xe8 {
			continue
		}
		at := int32(x.made + int64(i))
		target := int32(binary.LittleEndian.Uint32(b[i+1:]))
		if target >= -at && target < x.calls {
			if target >= 0 {
				target -= at
			} else {
				target += x.calls
			}
			binary.LittleEndian.PutUint32(b[i+1:], uint32(target))
		}
		i += 4
	}
}
