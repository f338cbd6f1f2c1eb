package rtf

import (
	"encoding/binary"
	"io"
)

// lzfuStart is what the dictionary begins with ([MS-OXRTFCP] section 2.1.2.1).
const lzfuStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}" +
	"{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier" +
	"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// Decompress returns the RTF that a PidTagRtfCompressed property holds. Reading it
// fails with ErrMalformed where the data is broken; what came before is sound.
func Decompress(r io.ByteReader) io.Reader { return &lzfu{in: r} }

// lzfu undoes the compression: a dictionary of 4 KiB in a ring, runs of eight
// literals or references behind a byte that says which they are.
type lzfu struct {
	in      io.ByteReader
	begun   bool
	plain   bool
	left    int64 // of uncompressed data
	dict    [4096]byte
	at      int
	flags   byte
	tokens  int
	from, n int // the reference being copied
	err     error
}

func (z *lzfu) begin() {
	z.begun = true
	var head [16]byte
	for i := range head {
		c, err := z.in.ReadByte()
		if err != nil {
			z.err = ErrMalformed
			return
		}
		head[i] = c
	}
	switch binary.LittleEndian.Uint32(head[8:]) {
	case 0x75465a4c: // LZFu
	case 0x414c454d: // MELA: not compressed
		z.plain = true
		z.left = int64(binary.LittleEndian.Uint32(head[4:]))
	default:
		z.err = ErrMalformed
	}
	z.at = copy(z.dict[:], lzfuStart)
}

func (z *lzfu) Read(b []byte) (n int, err error) {
	if !z.begun {
		z.begin()
	}
	for n < len(b) && z.err == nil {
		if c, ok := z.next(); ok {
			b[n] = c
			n++
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

// next makes one byte, or learns of what the next ones are made.
func (z *lzfu) next() (byte, bool) {
	if z.n > 0 {
		z.n--
		c := z.dict[z.from&4095]
		z.from++
		return z.keep(c), true
	}
	if z.plain {
		if z.left--; z.left < 0 {
			z.err = io.EOF
			return 0, false
		}
		return z.byte(), z.err == nil
	}
	if z.tokens == 0 {
		z.flags, z.tokens = z.byte(), 8
		return 0, false
	}
	z.tokens--
	reference := z.flags&1 == 1
	z.flags >>= 1
	if !reference {
		c := z.byte()
		return z.keep(c), z.err == nil
	}
	pair := int(z.byte())<<8 | int(z.byte())
	if z.err != nil {
		return 0, false
	}
	if pair>>4 == z.at&4095 {
		z.err = io.EOF
		return 0, false
	}
	z.from, z.n = pair>>4, pair&15+2
	return 0, false
}

func (z *lzfu) keep(c byte) byte {
	if z.err == nil {
		z.dict[z.at&4095] = c
		z.at++
	}
	return c
}

func (z *lzfu) byte() byte {
	c, err := z.in.ReadByte()
	if err != nil && z.err == nil {
		z.err = ErrMalformed
	}
	return c
}
