package extract

import "io"

// inflate64 undoes Deflate64, which Windows takes for large files: RFC 1951 with
// a window of 64 KiB, two more distance codes, and a longest length of 65,538.
type inflate64 struct {
	src     io.ByteReader
	bits    uint32
	count   uint
	window  [1 << 16]byte
	pos     int // in the window, of the next byte
	written int64
	last    bool
	state   uint8
	stored  int // bytes left of a stored block
	length  int // bytes left of a match
	dist    int
	lit     huffman
	dst     huffman
	err     error
}

// Where an inflate64 stands.
const (
	atBlock = iota
	inStored
	inCodes
)

func newInflate64(src io.ByteReader) io.Reader { return &inflate64{src: src} }

// huffman is a canonical code: how many symbols have each length, and the
// symbols in the order of their codes.
type huffman struct {
	counts  [16]uint16
	symbols [320]uint16
}

// build makes the code of the given lengths, and says whether it is one.
func (h *huffman) build(lengths []uint8) bool {
	h.counts = [16]uint16{}
	for _, n := range lengths {
		h.counts[n]++
	}
	left := 1
	var offsets [16]uint16
	for n := 1; n < 16; n++ {
		if left = left<<1 - int(h.counts[n]); left < 0 {
			return false
		}
		if n < 15 {
			offsets[n+1] = offsets[n] + h.counts[n]
		}
	}
	for symbol, n := range lengths {
		if n != 0 {
			h.symbols[offsets[n]] = uint16(symbol)
			offsets[n]++
		}
	}
	return true
}

func (f *inflate64) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && f.err == nil {
		c, ok := f.next()
		if !ok {
			break
		}
		f.window[f.pos&0xffff] = c
		f.pos++
		f.written++
		b[n] = c
		n++
	}
	if n > 0 {
		return n, nil
	}
	return 0, f.err
}

// next makes one byte; ok is false at the end, and f.err says which.
func (f *inflate64) next() (c byte, ok bool) {
	for f.err == nil {
		switch {
		case f.length > 0:
			f.length--
			return f.window[(f.pos-f.dist)&0xffff], true
		case f.state == inStored && f.stored > 0:
			f.stored--
			return f.byte(), f.err == nil
		case f.state == inStored:
			f.state = atBlock
		case f.state == inCodes:
			if c, literal := f.code(); literal {
				return c, f.err == nil
			}
		case f.last:
			f.err = io.EOF
		default:
			f.block()
		}
	}
	return 0, false
}

func (f *inflate64) fail() { f.failed(errMalformed) }

func (f *inflate64) failed(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *inflate64) need(n uint) uint32 {
	for f.count < n {
		c, err := f.src.ReadByte()
		if err != nil {
			f.failed(stoppedOr(err, errMalformed))
			return 0
		}
		f.bits |= uint32(c) << f.count
		f.count += 8
	}
	v := f.bits & (1<<n - 1)
	f.bits >>= n
	f.count -= n
	return v
}

func (f *inflate64) byte() byte { return byte(f.need(8)) }

// symbol reads one symbol of a code, a bit at a time.
func (f *inflate64) symbol(h *huffman) int {
	code, first, index := 0, 0, 0
	for n := 1; n < 16; n++ {
		code |= int(f.need(1))
		count := int(h.counts[n])
		if code-count < first {
			return int(h.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	f.fail()
	return 0
}

// block reads the beginning of a block (RFC 1951 section 3.2.3).
func (f *inflate64) block() {
	f.last = f.need(1) == 1
	switch f.need(2) {
	case 0:
		f.bits, f.count = 0, 0 // the rest of the byte
		size, check := f.need(16), f.need(16)
		if size != ^check&0xffff {
			f.fail()
		}
		f.state, f.stored = inStored, int(size)
	case 1:
		f.fixedCodes()
		f.state = inCodes
	case 2:
		f.readCodes()
		f.state = inCodes
	default:
		f.fail()
	}
}

func (f *inflate64) fixedCodes() {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	f.lit.build(lengths[:])
	var dist [32]uint8
	for i := range dist {
		dist[i] = 5
	}
	f.dst.build(dist[:])
}

// codeOrder is the order in which the lengths of the code of lengths come.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block (RFC 1951 section 3.2.7).
func (f *inflate64) readCodes() {
	literals, distances, codes := int(f.need(5))+257, int(f.need(5))+1, int(f.need(4))+4
	var lengths [320]uint8
	for i := range codes {
		lengths[codeOrder[i]] = uint8(f.need(3))
	}
	var h huffman
	if !h.build(lengths[:19]) {
		f.fail()
	}
	lengths = [320]uint8{}
	for i := 0; i < literals+distances && f.err == nil; {
		symbol := f.symbol(&h)
		value, times := uint8(0), 0
		switch {
		case symbol < 16:
			value, times = uint8(symbol), 1
		case symbol == 16 && i > 0:
			value, times = lengths[i-1], 3+int(f.need(2))
		case symbol == 17:
			times = 3 + int(f.need(3))
		case symbol == 18:
			times = 11 + int(f.need(7))
		}
		if times == 0 || i+times > literals+distances {
			f.fail()
			return
		}
		for range times {
			lengths[i] = value
			i++
		}
	}
	if !f.lit.build(lengths[:literals]) || !f.dst.build(lengths[literals:literals+distances]) {
		f.fail()
	}
}

var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 3}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 16}
)

// code reads a literal, or the beginning of a match, or the end of the block.
func (f *inflate64) code() (literal byte, ok bool) {
	symbol := f.symbol(&f.lit)
	switch {
	case f.err != nil:
	case symbol < 256:
		return byte(symbol), true
	case symbol == 256:
		f.state = atBlock
	case symbol > 285:
		f.fail()
	default:
		length := int(lengthBase[symbol-257]) + int(f.need(uint(lengthExtra[symbol-257])))
		d := f.symbol(&f.dst)
		extra := uint(max(d/2-1, 0))
		dist := d + 1
		if extra > 0 {
			dist = (2+d&1)<<extra + int(f.need(extra)) + 1
		}
		if int64(dist) > f.written {
			f.fail()
		}
		if f.err == nil {
			f.length, f.dist = length, dist
		}
	}
	return 0, false
}
