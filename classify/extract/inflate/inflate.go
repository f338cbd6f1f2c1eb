// Package inflate undoes Deflate (RFC 1951), which is under zip, gzip and the
// documents of office programs.
//
// A Reader gives the bytes as they are made; what is damaged gives all that stood
// before the damage. It reads ahead of what it needs: Rest is what it did not.
//
// # How
//
// Codes are looked up in tables of 11 and 9 bits, each entry of which holds all
// that is known of its code: literal, or base and number of extra bits. The bits
// stand in a word that is filled with one load for several codes, and matches
// are copied in words of eight bytes. This goes as long as there are 16 bytes of
// input more than are wanted; the last ones are read bit by bit.
//
// # Promises
//
// No input panics. Time is linear in the bytes read and made. A Reader holds some
// 170 KiB, whatever the input says.
package inflate

import (
	"errors"
	"io"
)

// ErrCorrupt says that the data is no Deflate.
var ErrCorrupt = errors.New("corrupt deflate data")

const (
	windowBytes = 32 << 10 // how far back a match may reach
	blockBytes  = 64 << 10 // made at a time
	slackBytes  = 512      // for the longest match and whole words behind it
	inputBytes  = 16 << 10
)

// Reader inflates what its source gives.
type Reader struct {
	src     io.Reader
	srcErr  error // of src, once it came
	in      [inputBytes]byte
	ip, end int    // what of in is not in bits yet
	bits    uint64 // the next bits, the first one lowest
	n       uint   // how many they are; above them stand others of in, or none

	out     [windowBytes + blockBytes + slackBytes]byte
	low     int // where what was made begins
	rp, op  int // what of out was made and not read yet
	next    func(*Reader)
	last    bool // the present block is
	stored  int  // bytes left of a stored block
	err     error
	lit     litTable
	dist    distTable
	lengths [maxLit + maxDist]uint8
}

// NewReader returns a Reader of src.
func NewReader(src io.Reader) *Reader {
	z := &Reader{}
	z.Reset(src)
	return z
}

// Reset makes the Reader read src from its beginning.
func (z *Reader) Reset(src io.Reader) {
	z.src, z.srcErr, z.err = src, nil, nil
	z.ip, z.end, z.bits, z.n = 0, 0, 0, 0
	z.low, z.rp, z.op = windowBytes, windowBytes, windowBytes
	z.next, z.last = (*Reader).header, false
}

// Read reads inflated bytes. Behind the last one it returns io.EOF; for data that
// is cut io.ErrUnexpectedEOF, for damaged data ErrCorrupt, or the error of the
// source.
func (z *Reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for z.rp == z.op {
		if z.err != nil {
			return 0, z.err
		}
		z.slide()
		for z.err == nil && z.op < windowBytes+blockBytes {
			z.next(z)
		}
	}
	n := copy(b, z.out[z.rp:z.op])
	z.rp += n
	return n, nil
}

// Rest is what was read of the source and stands behind the data's end. It is
// complete only with what the source has left.
func (z *Reader) Rest() []byte {
	z.unread()
	return z.in[z.ip:z.end]
}

// slide makes room behind the window.
func (z *Reader) slide() {
	if z.op < windowBytes+blockBytes {
		return
	}
	copy(z.out[:windowBytes], z.out[z.op-windowBytes:z.op])
	z.rp, z.op, z.low = windowBytes, windowBytes, 0
}

// unread gives back the whole bytes among the bits.
func (z *Reader) unread() {
	z.ip -= int(z.n >> 3)
	z.n &= 7
	z.bits &= 1<<z.n - 1
}

// fill reads more input behind what is left of it.
func (z *Reader) fill() {
	z.unread()
	copy(z.in[:], z.in[z.ip:z.end])
	z.ip, z.end = 0, z.end-z.ip
	for tries := 0; z.srcErr == nil && z.end < lookahead; tries++ {
		n, err := z.src.Read(z.in[z.end:])
		z.end += n
		if z.srcErr = err; n == 0 && err == nil && tries == 100 {
			z.srcErr = io.ErrNoProgress
		}
	}
}

// want sees to it that at least so many bits are there, at most 48. If there
// are none the data is cut.
func (z *Reader) want(n uint) bool {
	z.load()
	if z.n < n {
		z.cut()
	}
	return z.err == nil
}

// load takes what the bits have room for, as far as there is any. Behind the
// end they are zero.
func (z *Reader) load() {
	if z.end-z.ip < 8 && z.srcErr == nil {
		z.fill()
	}
	z.bits &= 1<<(z.n&63) - 1
	for z.n <= 48 && z.ip < z.end {
		z.bits |= uint64(z.in[z.ip]) << z.n
		z.ip++
		z.n += 8
	}
}

// cut ends the data where it should not end.
func (z *Reader) cut() {
	z.err = io.ErrUnexpectedEOF
	if z.srcErr != nil && !errors.Is(z.srcErr, io.EOF) {
		z.err = z.srcErr
	}
}

// take takes bits that want has asked for.
func (z *Reader) take(n uint) int {
	v := int(z.bits & (1<<n - 1))
	z.bits >>= n
	z.n -= n
	return v
}

// header reads the header of a block (section 3.2.3).
func (z *Reader) header() {
	if z.last {
		z.err = io.EOF
		return
	}
	if !z.want(3) {
		return
	}
	z.last = z.take(1) == 1
	switch z.take(2) {
	case 0:
		z.startStored()
	case 1:
		z.fixed()
		z.next = (*Reader).codes
	case 2:
		if z.dynamic() {
			z.next = (*Reader).codes
		}
	default:
		z.err = ErrCorrupt
	}
}

// startStored reads the length of a stored block (section 3.2.4).
func (z *Reader) startStored() {
	z.take(z.n & 7)
	if !z.want(32) {
		return
	}
	n := z.take(16)
	if z.take(16) != n^0xffff {
		z.err = ErrCorrupt
		return
	}
	z.stored = n
	z.next = (*Reader).copyStored
}

// copyStored takes bytes of a stored block.
func (z *Reader) copyStored() {
	z.unread()
	if z.ip == z.end && z.stored > 0 {
		if z.fill(); z.ip == z.end {
			z.cut()
			return
		}
	}
	n := copy(z.out[z.op:windowBytes+blockBytes], z.in[z.ip:min(z.end, z.ip+z.stored)])
	z.op += n
	z.ip += n
	if z.stored -= n; z.stored == 0 {
		z.next = (*Reader).header
	}
}
