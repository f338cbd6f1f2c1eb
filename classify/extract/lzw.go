package extract

import (
	"bufio"
	"io"
)

func init() {
	register(compressed(openLZW, lzwCodes*4), "application/x-compress")
}

// lzwCodes is how many codes of 16 bits there are, the widest in use.
const lzwCodes = 1 << 16

// openLZW opens a file of Unix's compress, which ends in ".Z": a signature, a
// byte that holds the widest code and whether code 256 clears the table, and
// codes from 9 bits on, in groups of eight.
func openLZW(r io.Reader, _ int64) (io.Reader, error) {
	src := bufio.NewReader(r)
	var head [3]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return nil, stoppedOr(err, errMalformed)
	}
	x := &lzw{src: src, widest: uint(head[2] & 0x1f), clears: head[2]&0x80 != 0, bits: 9, last: -1}
	if x.widest < 9 || x.widest > 16 {
		return nil, errUnsupported
	}
	x.next = x.first()
	return x, nil
}

// lzw is the decoder: each code is a byte behind the string of an earlier code.
type lzw struct {
	src    *bufio.Reader
	widest uint
	clears bool
	bits   uint // of a code, at present
	next   int  // the code that is added next
	last   int  // the code before; -1 behind a clear
	first1 byte // the first byte of its string
	taken  int  // codes of this width
	acc    uint32
	have   uint
	prefix [lzwCodes]uint16
	suffix [lzwCodes]byte
	stack  [lzwCodes]byte
	ready  []byte // decoded, to be read
	err    error
}

const lzwClear = 256

func (x *lzw) first() int {
	if x.clears {
		return lzwClear + 1
	}
	return lzwClear
}

// Read implements io.Reader.
func (x *lzw) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(x.ready) == 0 {
			if x.err == nil {
				x.err = x.decode()
			}
			if x.err != nil {
				break
			}
		}
		k := copy(b[n:], x.ready)
		x.ready = x.ready[k:]
		n += k
	}
	if n > 0 {
		return n, nil
	}
	return 0, x.err
}

// decode makes the string of the next code.
func (x *lzw) decode() error {
	code, err := x.code()
	if err != nil {
		return err
	}
	if code == lzwClear && x.clears {
		err := x.align()
		x.bits, x.next, x.last = 9, x.first(), -1
		return err
	}
	at, c := len(x.stack), code
	if code >= x.next {
		if code > x.next || x.last < 0 {
			return errMalformed
		}
		at--
		x.stack[at] = x.first1
		c = x.last
	}
	for c >= lzwClear {
		if at == 0 || c == lzwClear && x.clears {
			return errMalformed
		}
		at--
		x.stack[at] = x.suffix[c]
		c = int(x.prefix[c])
	}
	if at == 0 {
		return errMalformed
	}
	at--
	x.stack[at] = byte(c)
	x.first1 = byte(c)
	if x.last >= 0 && x.next < 1<<x.widest {
		x.prefix[x.next], x.suffix[x.next] = uint16(x.last), byte(c)
		x.next++
	}
	x.last = code
	x.ready = x.stack[at:]
	return nil
}

// code reads a code. Where its width grows, the group of eight is filled up.
func (x *lzw) code() (int, error) {
	if x.bits < x.widest && x.next >= 1<<x.bits {
		if err := x.align(); err != nil {
			return 0, err
		}
		x.bits++
	}
	for x.have < x.bits {
		c, err := x.src.ReadByte()
		if err != nil {
			return 0, err // up to seven bits may be left: padding
		}
		x.acc |= uint32(c) << x.have
		x.have += 8
	}
	code := x.acc & (1<<x.bits - 1)
	x.acc >>= x.bits
	x.have -= x.bits
	x.taken++
	return int(code), nil
}

// align passes over the rest of a group of eight codes.
func (x *lzw) align() error {
	if over := x.taken % 8; over > 0 {
		bits := uint(8-over)*x.bits - x.have
		if _, err := x.src.Discard(int(bits+7) / 8); err != nil {
			return err
		}
	}
	x.acc, x.have, x.taken = 0, 0, 0
	return nil
}
