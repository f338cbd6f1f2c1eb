package extract

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"io"
	"math"

	"github.com/pierrec/lz4/v4"
	"github.com/stangelandcl/ppmd"
	"github.com/ulikunitz/xz/lzma"

	"github.com/postern-mail/postern/classify/extract/inflate"
)

// sevenZipCiphers are the methods that encrypt.
var sevenZipCiphers = map[string]*lockedError{
	"\x06\xf1\x07\x01": {Cipher: "AES-256"},
	"\x06\xf1\x01\x01": {Cipher: "ZipCrypto", Weak: true},
	"\x06\xf1\x03\x03": {Cipher: "AES-128"},
}

// sevenZipMethod is how a coder's output is made of its inputs.
type sevenZipMethod struct {
	ins  int
	open func(c *container, props []byte, size uint64, ins []*bufio.Reader) (io.Reader, error)
}

// simply makes a method of a decoder without properties.
func simply(open func(*bufio.Reader) (io.Reader, error), memory int64) *sevenZipMethod {
	return &sevenZipMethod{1, func(c *container, _ []byte, _ uint64, ins []*bufio.Reader) (io.Reader, error) {
		if err := c.hold(memory); err != nil {
			return nil, err
		}
		return open(ins[0])
	}}
}

// sevenZipCoders are the methods by their numbers (Methods.txt of the LZMA SDK).
var sevenZipCoders = map[string]*sevenZipMethod{
	"\x00":             simply(func(r *bufio.Reader) (io.Reader, error) { return r, nil }, 0),
	"\x03":             {1, openDelta},
	"\x04":             {1, openBCJ},
	"\x05":             branches(4, powerPC),
	"\x06":             branches(16, itanium),
	"\x07":             branches(4, arm),
	"\x08":             branches(2, thumb),
	"\x09":             branches(4, sparc),
	"\x0a":             branches(4, arm64),
	"\x21":             {1, openLZMA2},
	"\x03\x01\x01":     {1, openSevenZipLZMA},
	"\x03\x03\x01\x03": {1, openBCJ},
	"\x03\x03\x01\x1b": {4, openBCJ2},
	"\x03\x03\x02\x05": branches(4, powerPC),
	"\x03\x03\x04\x01": branches(16, itanium),
	"\x03\x03\x05\x01": branches(4, arm),
	"\x03\x03\x07\x01": branches(2, thumb),
	"\x03\x03\x08\x05": branches(4, sparc),
	"\x02\x03\x02":     branches(2, swap2),
	"\x02\x03\x04":     branches(4, swap4),
	"\x03\x04\x01":     {1, openPPMd},
	"\x04\x01\x08":     simply(func(r *bufio.Reader) (io.Reader, error) { return inflate.NewReader(r), nil }, 256<<10),
	"\x04\x01\x09":     simply(func(r *bufio.Reader) (io.Reader, error) { return newInflate64(r), nil }, 128<<10),
	"\x04\x02\x02":     simply(func(r *bufio.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }, 4<<20),
	"\x04\xf7\x11\x01": simply(func(r *bufio.Reader) (io.Reader, error) { return openZstd(r, maxDictionary) }, 16<<20),
	"\x04\xf7\x11\x04": simply(func(r *bufio.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }, 8<<20),
}

// holdDictionary takes the memory to look back in: no more than there will be
// bytes.
func (c *container) holdDictionary(claimed, size uint64) (int, error) {
	n := max(min(claimed, size), lzma.MinDictCap)
	if n > maxDictionary {
		return 0, errTooBig
	}
	return int(n), c.hold(int64(n))
}

func openSevenZipLZMA(c *container, props []byte, size uint64, ins []*bufio.Reader) (io.Reader, error) {
	if len(props) != 5 {
		return nil, errMalformed
	}
	dict, err := c.holdDictionary(uint64(binary.LittleEndian.Uint32(props[1:])), size)
	if err != nil {
		return nil, err
	}
	head := binary.LittleEndian.AppendUint32(props[:1:1], uint32(dict))
	head = binary.LittleEndian.AppendUint64(head, size)
	return openLZMA(&headed{head: head, ByteReader: ins[0], rest: ins[0]})
}

// headed reads a head, then the rest.
type headed struct {
	head []byte
	io.ByteReader
	rest io.Reader
}

func (h *headed) Read(b []byte) (int, error) {
	if len(h.head) > 0 {
		n := copy(b, h.head)
		h.head = h.head[n:]
		return n, nil
	}
	return h.rest.Read(b)
}

func openLZMA2(c *container, props []byte, size uint64, ins []*bufio.Reader) (io.Reader, error) {
	if len(props) != 1 || props[0] > 40 {
		return nil, errMalformed
	}
	claimed := uint64(math.MaxUint32)
	if p := props[0]; p < 40 {
		claimed = (2 | uint64(p&1)) << (p/2 + 11)
	}
	dict, err := c.holdDictionary(claimed, size)
	if err != nil {
		return nil, err
	}
	return lzma.Reader2Config{DictCap: dict}.NewReader2(ins[0])
}

func openPPMd(c *container, props []byte, size uint64, ins []*bufio.Reader) (io.Reader, error) {
	if len(props) != 5 || size > math.MaxInt64 {
		return nil, errMalformed
	}
	memory := binary.LittleEndian.Uint32(props[1:])
	if memory > maxDictionary {
		return nil, errTooBig
	}
	if err := c.hold(int64(memory)); err != nil {
		return nil, err
	}
	r, err := ppmd.NewH7zReader(ins[0], int(props[0]), int(memory), int(size))
	return &r, err
}

func openDelta(_ *container, props []byte, _ uint64, ins []*bufio.Reader) (io.Reader, error) {
	if len(props) != 1 {
		return nil, errMalformed
	}
	return &delta{r: ins[0], distance: int(props[0]) + 1}, nil
}

// delta adds to each byte the one that came a distance before it.
type delta struct {
	r        io.Reader
	distance int
	at       int
	before   [256]byte
}

func (d *delta) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	for i := range b[:n] {
		b[i] += d.before[d.at%d.distance]
		d.before[d.at%d.distance] = b[i]
		d.at++
	}
	return n, err
}

func openBCJ2(_ *container, _ []byte, _ uint64, ins []*bufio.Reader) (io.Reader, error) {
	x := &bcj2{main: ins[0], call: ins[1], jump: ins[2], coder: ins[3], span: math.MaxUint32}
	for i := range x.probs {
		x.probs[i] = 1 << 10
	}
	for range 5 {
		c, err := x.coder.ReadByte()
		if err != nil {
			return nil, stoppedOr(err, errMalformed)
		}
		x.code = x.code<<8 | uint32(c)
	}
	return x, nil
}

// bcj2 puts the targets of x86 jumps and calls, which stand in streams of their
// own, back into the code: a range coder says which are there.
type bcj2 struct {
	main, call, jump, coder *bufio.Reader
	probs                   [258]uint32
	code, span              uint32
	pos                     uint32
	last                    byte
	pending                 []byte
}

func (x *bcj2) Read(b []byte) (int, error) {
	for n := range b {
		if len(x.pending) == 0 {
			if err := x.next(); err != nil {
				return n, err
			}
		}
		b[n] = x.pending[0]
		x.pending = x.pending[1:]
	}
	return len(b), nil
}

func (x *bcj2) next() error {
	c, err := x.main.ReadByte()
	if err != nil {
		return err
	}
	x.pos++
	before := x.last
	x.last = c
	x.pending = append(x.pending[:0], c)
	if c&0xfe != 0xe8 && (before != 0x0f || c&0xf0 != 0x80) {
		return nil
	}
	prob, from := &x.probs[257], x.jump
	switch c {
	case 0xe8:
		prob, from = &x.probs[before], x.call
	case 0xe9:
		prob = &x.probs[256]
	}
	moved, err := x.bit(prob)
	if err != nil || !moved {
		return err
	}
	var target [4]byte
	if _, err := io.ReadFull(from, target[:]); err != nil {
		return stoppedOr(err, errMalformed)
	}
	x.pos += 4
	dest := binary.BigEndian.Uint32(target[:]) - x.pos
	x.pending = binary.LittleEndian.AppendUint32(x.pending, dest)
	x.last = byte(dest >> 24)
	return nil
}

func (x *bcj2) bit(prob *uint32) (bool, error) {
	bound := (x.span >> 11) * *prob
	one := x.code >= bound
	if one {
		x.span, x.code = x.span-bound, x.code-bound
		*prob -= *prob >> 5
	} else {
		x.span = bound
		*prob += (1<<11 - *prob) >> 5
	}
	if x.span < 1<<24 {
		c, err := x.coder.ReadByte()
		if err != nil {
			return false, stoppedOr(err, errMalformed)
		}
		x.span, x.code = x.span<<8, x.code<<8|uint32(c)
	}
	return one, nil
}

func openBCJ(_ *container, _ []byte, _ uint64, ins []*bufio.Reader) (io.Reader, error) {
	return &bcj{r: ins[0]}, nil
}

// bcj makes the targets of x86 jumps and calls relative again.
type bcj struct {
	r    *bufio.Reader
	buf  []byte // ready up to done
	done int
	pos  uint32 // of the first byte of buf
	mask uint32
	err  error
}

func (x *bcj) Read(b []byte) (int, error) {
	for x.done == 0 {
		if x.err != nil {
			if len(x.buf) == 0 {
				return 0, x.err
			}
			x.done = len(x.buf) // the tail is too short for a target
			break
		}
		have := len(x.buf)
		x.buf = append(x.buf, make([]byte, 4<<10)...)
		n, err := x.r.Read(x.buf[have:])
		x.buf, x.err = x.buf[:have+n], err
		x.done = x.convert(x.buf)
	}
	n := copy(b, x.buf[:x.done])
	x.buf, x.done = x.buf[n:], x.done-n
	return n, nil
}

func isEnd(b byte) bool { return b == 0 || b == 0xff }

// convert undoes the filter in place and says how many bytes are ready, as the
// decoder of the LZMA SDK (Bra86) does.
func (x *bcj) convert(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	allowed := [8]bool{true, true, true, false, true, false, false, false}
	number := [8]uint32{0, 1, 2, 2, 3, 3, 3, 3}
	last, i := -1, 0
	for ; i < len(b)-4; i++ {
		if b[i]&0xfe != 0xe8 {
			continue
		}
		if gap := i - last; gap > 3 {
			x.mask = 0
		} else if x.mask = x.mask << (gap - 1) & 7; x.mask != 0 && (!allowed[x.mask] || isEnd(b[i+4-int(number[x.mask])])) {
			last, x.mask = i, x.mask<<1&7|1
			continue
		}
		last = i
		if !isEnd(b[i+4]) {
			x.mask = x.mask<<1&7 | 1
			continue
		}
		source, target := binary.LittleEndian.Uint32(b[i+1:]), uint32(0)
		for {
			target = source - (x.pos + uint32(i) + 5)
			if x.mask == 0 {
				break
			}
			shift := number[x.mask] * 8
			if !isEnd(byte(target >> (24 - shift))) {
				break
			}
			source = target ^ (1<<(32-shift) - 1)
		}
		target &= 0x01ffffff
		binary.LittleEndian.PutUint32(b[i+1:], target|-(target&0x01000000))
		i += 4
	}
	if gap := i - last; gap > 3 {
		x.mask = 0
	} else {
		x.mask = x.mask << (gap - 1) & 7
	}
	x.pos += uint32(i)
	return i
}
