package extract

import (
	"bufio"
	"io"
)

// binHex is a file in BinHex 4.0 (RFC 1741): six bits a character, runs
// shortened, and in it a name, a data fork and a resource fork.
type binHex struct {
	out     *pulled
	started bool // the colon was seen
	acc     uint32
	bits    int
	run     bool // a run mark was read
	last    byte
	buf     []byte
}

// binHexValue gives the value of a character of BinHex; others are 255.
var binHexValue = func() (t [256]byte) {
	const alphabet = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
	for i := range t {
		t[i] = 255
	}
	for i := range alphabet {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

func newBinHex(l *leaf) *binHex {
	return &binHex{out: newPulled(l.r, func(src *bufio.Reader) { readBinHex(l, src) })}
}

func (h *binHex) line(b []byte, _ bool) bool {
	h.buf = h.buf[:0]
	goesOn := true
	for _, c := range b {
		if c == ':' {
			if h.started {
				goesOn = false
				break
			}
			h.started = true
			continue
		}
		v := binHexValue[c]
		if !h.started || v == 255 {
			continue
		}
		h.acc, h.bits = h.acc<<6|uint32(v), h.bits+6
		if h.bits >= 8 {
			h.bits -= 8
			h.expand(byte(h.acc >> h.bits))
		}
	}
	h.out.write(h.buf)
	return goesOn
}

// expand takes one byte of the shortened stream: 0x90 and a count stand for so
// many of the byte before, 0x90 and 0 for 0x90 itself.
func (h *binHex) expand(c byte) {
	const mark = 0x90
	switch {
	case !h.run && c == mark:
		h.run = true
		return
	case !h.run:
		h.last = c
		h.buf = append(h.buf, c)
	case c == 0:
		h.last = mark
		h.buf = append(h.buf, mark)
	default:
		for range c - 1 {
			h.buf = append(h.buf, h.last)
		}
	}
	h.run = false
}

func (h *binHex) close() { h.out.close() }

// readBinHex reads the decoded file: a header, the data fork, the resource fork.
func readBinHex(l *leaf, src *bufio.Reader) {
	n, err := src.ReadByte()
	if err != nil {
		return // the line that announces it, and nothing else
	}
	name := make([]byte, n)
	var head [21]byte // version, type, creator, flags, two lengths, checksum
	if _, err := io.ReadFull(src, name); err == nil {
		_, err = io.ReadFull(src, head[:])
		if err == nil {
			out := l.within(member{name: hybridString(name)})
			err = l.copyTo(out, io.LimitReader(src, int64(bigEndian(head[11:15]))))
			out.close()
		}
		if err == nil {
			return
		}
	}
	l.problem(Malformed)
}

// bigEndian reads a number, the most significant byte first.
func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
