package anchor

import (
	"encoding/binary"
	"math/bits"
)

// markDigitsGeneric is MarkDigits in plain Go: the truth that assembly is held
// against. Most blocks of most texts have no digit, and are only asked for one.
func markDigitsGeneric(text []byte, marks []Digits) {
	for i := range marks {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		a, b, c, d, e, f, g, h := eight(block)
		na, nb, nc, nd, ne, nf, ng, nh := noDigit(a), noDigit(b), noDigit(c), noDigit(d), noDigit(e), noDigit(f), noDigit(g), noDigit(h)
		if ^(na&nb&nc&nd&ne&nf&ng&nh)&highs == 0 {
			marks[i] = Digits{}
			continue
		}
		digits := ^gather(na|a, nb|b, nc|c, nd|d, ne|e, nf|f, ng|g, nh|h)
		marks[i] = Digits{digits, joints(block, ^digits&(digits<<1|1)&(digits>>1|1<<63))}
	}
}

// joints marks those of some places in a block that are joints, and perhaps others. Most
// often they are one or two, or none: these are looked at without a jump.
func joints(block *[BlockBytes]byte, between uint64) uint64 {
	more := between & (between - 1)
	if more&(more-1) == 0 {
		j, k := bits.TrailingZeros64(between)&63, bits.TrailingZeros64(more)&63
		return between & (uint64(jointOf[block[j]])<<j | uint64(jointOf[block[k]])<<k)
	}
	a, b, c, d, e, f, g, h := eight(block)
	return ^gather(noJoint(a), noJoint(b), noJoint(c), noJoint(d), noJoint(e), noJoint(f), noJoint(g), noJoint(h))
}

var jointOf = [256]uint8{'-': 1, '.': 1, ' ': 1}

// markLinesGeneric is MarkLines in plain Go.
func markLinesGeneric(text []byte, marks []Lines) {
	for i := range marks {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		a, b, c, d, e, f, g, h := eight(block)
		var m Lines
		m.Delims = ^gather(noDelim(a), noDelim(b), noDelim(c), noDelim(d), noDelim(e), noDelim(f), noDelim(g), noDelim(h))
		// Of the control characters, few, each is looked at.
		controls := ^gather(noControl(a), noControl(b), noControl(c), noControl(d), noControl(e), noControl(f), noControl(g), noControl(h))
		for ; controls != 0; controls &= controls - 1 {
			k := bits.TrailingZeros64(controls) & 63
			sort := controlOf[block[k]]
			m.Breaks |= uint64(sort&1) << k
			m.Feeds |= uint64(sort>>1&1) << k
			m.Delims |= uint64(sort>>2) << k
		}
		marks[i] = m
	}
}

// controlOf tells what gives a text its lines: bit 0 a break, 1 a feed, 2 a delimiter.
var controlOf = [256]uint8{'\r': 1, '\n': 3, '\t': 4}

// markCellsGeneric is MarkCells in plain Go.
func markCellsGeneric(text []byte, marks []Cells) {
	for i := range marks {
		block := (*[BlockBytes]byte)(text[i*BlockBytes:])
		a, b, c, d, e, f, g, h := eight(block)
		commas := ^gather(noComma(a), noComma(b), noComma(c), noComma(d), noComma(e), noComma(f), noComma(g), noComma(h))
		marks[i] = Cells{Delims: [4]uint64{3: commas}}
		a, b, c, d, e, f, g, h = noCell(a), noCell(b), noCell(c), noCell(d), noCell(e), noCell(f), noCell(g), noCell(h)
		if ^(a&b&c&d&e&f&g&h)&highs != 0 {
			marks[i].rare(block, ^gather(a, b, c, d, e, f, g, h))
		}
	}
}

// rare takes in the characters of cells at some places of a block, but commas.
func (m *Cells) rare(block *[BlockBytes]byte, found uint64) {
	var tabs, bars, semicolons, quotes uint64
	for ; found != 0; found &= found - 1 {
		k := bits.TrailingZeros64(found) & 63
		sort := uint64(cellOf[block[k]])
		tabs |= sort & 1 << k
		bars |= sort >> 1 & 1 << k
		semicolons |= sort >> 2 & 1 << k
		quotes |= sort >> 3 << k
	}
	m.Delims[0], m.Delims[1], m.Delims[2], m.Quotes = tabs, bars, semicolons, quotes
}

// cellOf tells the characters of cells apart, but for the comma.
var cellOf = [256]uint8{'\t': 1, '|': 2, ';': 4, '"': 8}

// copyBlocksGeneric copies the run of ASCII that a text of whole blocks begins with, and
// returns its length; behind it what it writes is of no account.
func copyBlocksGeneric(to, text []byte) int {
	n := 0
	for ; n < len(text); n += BlockBytes {
		block := (*[BlockBytes]byte)(text[n:])
		a, b, c, d, e, f, g, h := eight(block)
		if (a|b|c|d|e|f|g|h)&highs != 0 {
			n += bits.TrailingZeros64(gather(a, b, c, d, e, f, g, h))
			break
		}
	}
	return copy(to, text[:n])
}

// eight are the bytes of a block, eight in each word.
func eight(block *[BlockBytes]byte) (a, b, c, d, e, f, g, h uint64) {
	return binary.LittleEndian.Uint64(block[0:]), binary.LittleEndian.Uint64(block[8:]),
		binary.LittleEndian.Uint64(block[16:]), binary.LittleEndian.Uint64(block[24:]),
		binary.LittleEndian.Uint64(block[32:]), binary.LittleEndian.Uint64(block[40:]),
		binary.LittleEndian.Uint64(block[48:]), binary.LittleEndian.Uint64(block[56:])
}

// Eight bytes are looked at together. None of them has its high bit set, so an
// addition that carries into that bit answers for the byte and goes no further.
const (
	ones  = 0x0101010101010101
	lows  = 0x7F * ones
	highs = 0x80 * ones
)

// noDigit and the others set the high bit of the bytes of v that are none; that of
// others, and noDigit the digits' with their high bit set, they leave clear. What
// they leave in the other bits is of no account.
func noDigit(v uint64) uint64 { return v&lows ^ '0'*ones + (0x80-10)*ones }

func noJoint(v uint64) uint64 {
	x := v & lows
	return differs(x, '-')&differs(x, '.')&differs(x, ' ') | v
}

func noControl(v uint64) uint64 { return v&lows + (0x80-' ')*ones | v }

// noDelim knows none of the delimiters that are control characters.
func noDelim(v uint64) uint64 {
	x := v & lows
	return differs(x, '|')&differs(x, ';')&differs(x, ',') | v
}

func noComma(v uint64) uint64 { return differs(v&lows, ',') | v }

// noCell knows all characters of cells but the comma.
func noCell(v uint64) uint64 {
	x := v & lows
	return differs(x, '\t')&differs(x, '|')&differs(x, ';')&differs(x, '"') | v
}

func noLetter(v uint64) uint64 {
	lower := v&lows | 0x20*ones
	return ^(lower + (0x80-'a')*ones) | (lower + (0x80-'z'-1)*ones) | v
}

// differs sets the high bit of the bytes of x that are not c.
func differs(x uint64, c uint8) uint64 { return x ^ uint64(c)*ones + lows }

// gather makes one word of the high bits of eight.
func gather(a, b, c, d, e, f, g, h uint64) uint64 {
	return transpose(a&highs>>7 | b&highs>>6 | c&highs>>5 | d&highs>>4 | e&highs>>3 | f&highs>>2 | g&highs>>1 | h&highs)
}

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
