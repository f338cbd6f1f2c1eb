package inflate

import (
	"math/bits"
	"sync"
)

// The symbols of the two codes (section 3.2.5).
const (
	maxLit  = 286
	maxDist = 30
	maxCode = 15 // bits of the longest code
)

const (
	litBits  = 11 // of a code that one look tells
	distBits = 9
)

// A litTable tells a literal or length by the next bits, a distTable a distance.
// Codes that are longer than the first look have tables of their own behind it:
// as each of them is shared by two codes or more, there are at most
// (288/2)<<(maxCode-litBits) entries in those.
type (
	litTable  [8 << 10]uint32
	distTable [2 << 10]uint32
)

// An entry of a table, from its lowest bit:
//
//	0-7   bits to take: of the code and of what it has extra
//	8-11  bits of the code alone; or those that tell the entry of a further table
//	13    end of the block
//	14    a further table
//	15    one of the two above or, if neither, no code
//	16-30 literal; base of a length or distance; place of the further table
//	31    literal
const (
	entryEnd     = 1 << 13
	entryTable   = 1 << 14
	entrySpecial = 1 << 15
	entryLiteral = 1 << 31
)

// litEntry, distEntry and lenEntry are the entries of symbols, without the bits of
// their codes.
var litEntry, distEntry, lenEntry = func() (lit [maxLit + 2]uint32, dist [maxDist + 2]uint32, lens [19]uint32) {
	for i := range 256 {
		lit[i] = entryLiteral | uint32(i)<<16
	}
	lit[256] = entrySpecial | entryEnd
	base, extra := uint32(3), uint32(0)
	for i := 257; i < 285; i++ {
		if i >= 265 {
			extra = uint32(i-261) / 4
		}
		lit[i] = base<<16 | extra
		base += 1 << extra
	}
	lit[285] = 258 << 16
	lit[286], lit[287] = entrySpecial, entrySpecial
	base = 1
	for i := range maxDist {
		extra = 0
		if i >= 4 {
			extra = uint32(i-2) / 2
		}
		dist[i] = base<<16 | extra
		base += 1 << extra
	}
	dist[30], dist[31] = entrySpecial, entrySpecial
	for i := range lens {
		lens[i] = uint32(i) << 16
	}
	return lit, dist, lens
}()

// build makes the table of the code that has these lengths, and says whether it
// is one: it must be complete, have no symbol, or one of one bit.
func build(table []uint32, first uint, entries []uint32, lengths []uint8) bool {
	var counts [maxCode + 1]int
	longest := 0
	for _, n := range lengths {
		counts[n]++
		longest = max(longest, int(n))
	}
	counts[0] = 0
	var next [maxCode + 2]int // code of that length
	code := 0
	for n := 1; n <= longest; n++ {
		code <<= 1
		next[n] = code
		code += counts[n]
	}
	complete := code == 1<<longest
	if longest == 0 || !complete {
		if longest > 1 || code > 1 {
			return false
		}
		for i := range table[:1<<first] {
			table[i] = entrySpecial
		}
		if longest == 0 {
			return true
		}
	}
	var sizes [1 << litBits]uint8 // of further tables
	if longest > int(first) {
		sizeTables(sizes[:1<<first], first, lengths, next)
	}
	free := uint32(1) << first // place of the next further table
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		length := uint(n)
		at := uint(bits.Reverse16(uint16(next[n]))) >> (16 - length)
		next[n]++
		part, size := table[:1<<first], first
		if length > first {
			head := at & (1<<first - 1)
			size = uint(sizes[head])
			if size < 16 { // not placed yet
				table[head] = entrySpecial | entryTable | free<<16 | uint32(size)<<8 | uint32(first)
				free += 1 << size
				sizes[head] |= 16
			}
			size &= 15
			part = table[table[head]>>16&0x7fff:][:1<<size]
			at >>= first
			length -= first
		}
		e := entries[symbol] + uint32(length)<<8 + uint32(length)
		for ; at < 1<<size; at += 1 << length {
			part[at] = e
		}
	}
	return true
}

// sizeTables finds how many bits more than the first ones the longest code has
// that begins with them.
func sizeTables(sizes []uint8, first uint, lengths []uint8, next [maxCode + 2]int) {
	for _, n := range lengths {
		if n == 0 {
			continue
		}
		at := uint(bits.Reverse16(uint16(next[n]))) >> (16 - uint(n))
		next[n]++
		if uint(n) > first {
			head := at & (1<<first - 1)
			sizes[head] = max(sizes[head], n-uint8(first))
		}
	}
}

// fixedTables are those of the fixed codes (section 3.2.6).
var fixedTables = sync.OnceValue(func() *struct {
	lit  litTable
	dist distTable
} {
	var t struct {
		lit  litTable
		dist distTable
	}
	var lengths [maxLit + 2]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	build(t.lit[:], litBits, litEntry[:], lengths[:])
	for i := range lengths[:32] {
		lengths[i] = 5
	}
	build(t.dist[:], distBits, distEntry[:], lengths[:32])
	return &t
})

func (z *Reader) fixed() {
	t := fixedTables()
	copy(z.lit[:1<<litBits], t.lit[:])
	copy(z.dist[:1<<distBits], t.dist[:])
}

// lenOrder is the order of the lengths of the code of lengths (section 3.2.7).
var lenOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block (section 3.2.7).
func (z *Reader) dynamic() bool {
	if !z.want(14) {
		return false
	}
	nlit, ndist, nlen := z.take(5)+257, z.take(5)+1, z.take(4)+4
	if nlit > maxLit || ndist > maxDist {
		z.err = ErrCorrupt
		return false
	}
	var short [19]uint8
	for _, at := range lenOrder[:nlen] {
		if !z.want(3) {
			return false
		}
		short[at] = uint8(z.take(3))
	}
	var table [1 << 7]uint32
	if !build(table[:], 7, lenEntry[:], short[:]) {
		z.err = ErrCorrupt
		return false
	}
	if !z.readLengths(&table, z.lengths[:nlit+ndist]) {
		return false
	}
	if !build(z.lit[:], litBits, litEntry[:nlit], z.lengths[:nlit]) || !build(z.dist[:], distBits, distEntry[:ndist], z.lengths[nlit:nlit+ndist]) {
		z.err = ErrCorrupt
		return false
	}
	return true
}

// readLengths reads the lengths of both codes, which are coded themselves.
func (z *Reader) readLengths(table *[1 << 7]uint32, lengths []uint8) bool {
	for i := 0; i < len(lengths); {
		z.load()
		e := table[z.bits&(1<<7-1)]
		n := uint(e & 0xff)
		symbol := int(e >> 16)
		repeat, extra := 0, uint(0)
		switch symbol {
		case 16:
			repeat, extra = 3, 2
		case 17:
			repeat, extra = 3, 3
		case 18:
			repeat, extra = 11, 7
		}
		switch {
		case e&entrySpecial != 0:
			z.err = ErrCorrupt
			if z.n < maxCode {
				z.cut()
			}
			return false
		case n+extra > z.n:
			z.cut()
			return false
		}
		z.take(n)
		if repeat == 0 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		repeat += z.take(extra)
		value := uint8(0)
		if symbol == 16 && i > 0 {
			value = lengths[i-1]
		}
		if symbol == 16 && i == 0 || repeat > len(lengths)-i {
			z.err = ErrCorrupt
			return false
		}
		for range repeat {
			lengths[i] = value
			i++
		}
	}
	return true
}
