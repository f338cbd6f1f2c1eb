package extract

import (
	"encoding/binary"
	"math"
	"strings"
)

// minWindow is what a decoder may take in any case.
const minWindow = 4 << 20

// windowOf is how far back the decoder of a compressed file looks, which is what
// it takes of memory, by the first bytes of the file; 0 if they do not tell.
func windowOf(head []byte) int64 {
	switch s := string(head); {
	case strings.HasPrefix(s, "(\xb5/\xfd") && len(head) >= 18:
		return zstdWindow(head[4:])
	case strings.HasPrefix(s, "\xfd7zXZ\x00") && len(head) > 12:
		return xzWindow(head[12:])
	case strings.HasPrefix(s, lzipMagic) && len(head) > 5:
		return 1 << (head[5] & 0x1f)
	case isLZMA(head):
		return int64(binary.LittleEndian.Uint32(head[1:]))
	}
	return 0
}

// zstdWindow reads the header of a frame (RFC 8878 section 3.1.1.1).
func zstdWindow(b []byte) int64 {
	descriptor := b[0]
	if descriptor&0x20 == 0 {
		base := int64(1) << (10 + b[1]>>3)
		return base + base/8*int64(b[1]&7)
	}
	b = b[1+[4]int{0, 1, 2, 4}[descriptor&3]:]
	switch descriptor >> 6 { // the content is the window
	case 0:
		return 1 + int64(b[0])
	case 1:
		return 256 + int64(binary.LittleEndian.Uint16(b))
	case 2:
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(min(binary.LittleEndian.Uint64(b), math.MaxInt64))
}

// xzWindow reads the header of the first block (the .xz file format, section 3.1).
func xzWindow(b []byte) int64 {
	if len(b) < 8 {
		return 0
	}
	flags := b[1]
	b = b[2:]
	for range flags>>6&1 + flags>>7 { // sizes
		if _, n := binary.Uvarint(b); n > 0 {
			b = b[n:]
		}
	}
	for range flags&3 + 1 {
		id, n := binary.Uvarint(b)
		if n <= 0 {
			return 0
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return 0
		}
		properties := b[n+m:][:size]
		if id == 0x21 && size == 1 && properties[0] <= 40 {
			return int64(2|properties[0]&1) << (properties[0]/2 + 11)
		}
		b = b[n+m+int(size):]
	}
	return 0
}
