package anchor

import (
	"encoding/binary"
	"math/bits"
)

// markDigitsGeneric is MarkDigits in plain Go: the truth that assembly is held
// against.
func markDigitsGeneric(text []byte, marks []Digits) {
	for i := range marks {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		var found uint64
		for j := range 8 {
			v := binary.LittleEndian.Uint64(block[8*j:])
			found |= (^(atLeast(v&lows^'0'*ones, 10) | v) & highs) >> (7 - j)
		}
		if found == 0 {
			marks[i] = Digits{}
			continue
		}
		marks[i] = Digits{transpose(found), joints(block)}
	}
}

func joints(block *[BlockBytes]byte) uint64 {
	var found uint64
	for j := range 8 {
		v := binary.LittleEndian.Uint64(block[8*j:])
		x := v & lows
		found |= (^(differs(x, '-')&differs(x, '.')&differs(x, ' ') | v) & highs) >> (7 - j)
	}
	return transpose(found)
}

// markLinesGeneric is MarkLines in plain Go.
func markLinesGeneric(text []byte, marks []Lines) {
	for i := range marks {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		var returns, feeds, delims uint64
		for j := range 8 {
			v := binary.LittleEndian.Uint64(block[8*j:])
			x := v & lows
			returns |= (^(differs(x, '\r') | v) & highs) >> (7 - j)
			feeds |= (^(differs(x, '\n') | v) & highs) >> (7 - j)
			delims |= (^(differs(x, '\t')&differs(x, '|')&differs(x, ';')&differs(x, ',') | v) & highs) >> (7 - j)
		}
		marks[i] = Lines{Delims: transpose(delims)}
		if returns|feeds != 0 {
			marks[i].Feeds = transpose(feeds)
			marks[i].Breaks = transpose(returns) | marks[i].Feeds
		}
	}
}

// markCellsGeneric is MarkCells in plain Go.
func markCellsGeneric(text []byte, marks []Cells) {
	for i := range marks {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		var found uint64
		for j := range 8 {
			v := binary.LittleEndian.Uint64(block[8*j:])
			x := v & lows
			found |= (^(differs(x, '\t')&differs(x, '|')&differs(x, ';')&differs(x, ',')&differs(x, '"') | v) & highs) >> (7 - j)
		}
		var of [8]uint64
		for found = transpose(found); found != 0; found &= found - 1 {
			k := bits.TrailingZeros64(found) & 63
			of[cellOf[block[k]]&7] |= 1 << k
		}
		marks[i] = Cells{[4]uint64(of[:4]), of[4]}
	}
}

// cellOf numbers the characters of cells.
var cellOf = func() (of [256]uint8) {
	for i, c := range []byte("\t|;,\"") {
		of[c] = uint8(i)
	}
	return of
}()

// copyBlocksGeneric copies the run of ASCII that a text of whole blocks begins with, and
// returns its length; behind it what it writes is of no account.
func copyBlocksGeneric(to, text []byte) int {
	n := 0
	for ; n < len(text); n += BlockBytes {
		block := (*[BlockBytes]byte)(text[n:])
		var wide uint64
		for j := range 8 {
			wide |= binary.LittleEndian.Uint64(block[8*j:])
		}
		if wide&highs != 0 {
			n += ASCII(block[:])
			break
		}
	}
	return copy(to, text[:n])
}

// Eight bytes are looked at together. None of them has its high bit set, so an
// addition that carries into that bit answers for the byte and goes no further.
const (
	ones  = 0x0101010101010101
	lows  = 0x7F * ones
	highs = 0x80 * ones
)

// atLeast sets the high bit of the bytes of x that are at least c.
func atLeast(x uint64, c uint8) uint64 { return x + uint64(0x80-c)*ones }

// differs sets the high bit of the bytes of x that are not c.
func differs(x uint64, c uint8) uint64 { return x ^ uint64(c)*ones + lows }

// transpose turns the eight by eight bits of x: bit i of byte j becomes bit j of
// byte i (Hacker's Delight, 7-3).
func transpose(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00AA00AA00AA00AA
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000CCCC0000CCCC
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000F0F0F0F0
	return x ^ t ^ t<<28
}
