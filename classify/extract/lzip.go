package extract

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
)

func init() { register(compressed(openLzip, maxDictionary), "application/x-lzip") }

// lzipMagic begins each member of a lzip file, before its version.
const lzipMagic = "LZIP"

// openLzip opens a lzip file: members of LZMA, each behind six bytes and before
// twenty (the lzip manual, "File format").
func openLzip(r io.Reader, window int64) (io.Reader, error) {
	x := &lzip{src: bufio.NewReader(r), window: window}
	return x, x.member()
}

type lzip struct {
	window int64
	src    *bufio.Reader
	in     io.Reader
	sum    uint32
	size   uint64
}

// member opens the next member.
func (x *lzip) member() error {
	var head [6]byte
	if _, err := io.ReadFull(x.src, head[:]); err != nil {
		return stoppedOr(err, errMalformed)
	}
	if head[4] != 1 {
		return errUnsupported
	}
	power := head[5] & 0x1f
	if power < 12 || power > 29 {
		return errMalformed
	}
	dict := uint32(1) << power
	dict -= dict / 16 * uint32(head[5]>>5)
	if int64(dict) > x.window {
		return errTooBig
	}
	alone := binary.LittleEndian.AppendUint32([]byte{0x5d}, dict) // lc 3, lp 0, pb 2
	alone = binary.LittleEndian.AppendUint64(alone, math.MaxUint64)
	in, err := openLZMA(&headed{head: alone, ByteReader: x.src, rest: x.src})
	x.in, x.sum, x.size = in, 0, 0
	return err
}

// Read implements io.Reader.
func (x *lzip) Read(b []byte) (int, error) {
	n, err := x.in.Read(b)
	x.sum = updateCRC(x.sum, b[:n])
	x.size += uint64(n)
	if err != io.EOF {
		return n, err
	}
	var tail [20]byte
	if _, err := io.ReadFull(x.src, tail[:]); err != nil {
		return n, stoppedOr(err, errMalformed)
	}
	if binary.LittleEndian.Uint32(tail[:]) != x.sum || binary.LittleEndian.Uint64(tail[4:]) != x.size {
		return n, errMalformed
	}
	next, _ := x.src.Peek(len(lzipMagic)) // what else follows is no member
	if string(next) == lzipMagic {
		return n, x.member()
	}
	for {
		c, err := x.src.ReadByte()
		switch {
		case err != nil:
			return n, err
		case c != 0:
			return n, errMalformed // something else stands behind
		}
	}
}
