package anchor

import (
	"encoding/binary"
	"math/bits"
)

// BlockBytes is how many bytes of text one word of marks tells about: bit i of
// a word stands for byte i of the block.
const BlockBytes = 64

// Digits marks where numbers are.
type Digits struct {
	Digits uint64 // '0' to '9'
	Joints uint64 // '-', '.' and space between two digits, and perhaps others in a block with digits
}

// Lines marks what gives a text its lines.
type Lines struct {
	Breaks uint64 // CR and LF
	Feeds  uint64 // LF
	Delims uint64 // what may part them into cells: TAB, '|', ';' and ','
}

// Empty returns the breaks that end an empty line: those right behind another one, but
// for the LF of a CR LF. It takes whether a break, and whether an LF, is the last byte of
// the block before.
func (l *Lines) Empty(before, feed uint64) uint64 {
	return l.Breaks & (l.Breaks<<1 | before) & (^l.Feeds | l.Feeds<<1 | feed)
}

// Cells marks what gives a line its cells.
type Cells struct {
	Delims [4]uint64 // TAB, '|', ';' and ','
	Quotes uint64    // '"'
}

// MarkDigits fills in the marks of the blocks that text begins with. The text
// must be at least as long as the blocks.
func MarkDigits(text []byte, marks []Digits) {
	if len(marks) > 0 {
		markDigits(text[:len(marks)*BlockBytes], marks)
	}
}

// MarkLines is MarkDigits for the lines.
func MarkLines(text []byte, marks []Lines) {
	if len(marks) > 0 {
		markLines(text[:len(marks)*BlockBytes], marks)
	}
}

// MarkCells is MarkDigits for the cells.
func MarkCells(text []byte, marks []Cells) {
	if len(marks) > 0 {
		markCells(text[:len(marks)*BlockBytes], marks)
	}
}

// ASCII is the length of the run of ASCII that text begins with.
func ASCII(text []byte) int {
	n := 0
	for ; n+8 <= len(text); n += 8 {
		if wide := binary.LittleEndian.Uint64(text[n:]) & highs; wide != 0 {
			return n + bits.TrailingZeros64(wide)/8
		}
	}
	for n < len(text) && text[n] < 0x80 {
		n++
	}
	return n
}

// CopyASCII copies the run of ASCII that text begins with, and returns its length. It
// needs room for all of the text, and may write anything behind the run.
func CopyASCII(to, text []byte) int {
	n, whole := 0, len(text)&^(BlockBytes-1)
	if whole > 0 {
		if n = copyBlocks(to[:whole], text[:whole]); n < whole {
			return n
		}
	}
	rest := text[n:]
	return n + copy(to[n:], rest[:ASCII(rest)])
}
