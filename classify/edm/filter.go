package edm

import (
	"encoding/binary"
	"math/bits"
)

// The filter is a Bloom filter in blocks of one cache line (Putze, Sanders and
// Singler, Cache-, Hash- and Space-Efficient Bloom Filters, 2007): a value sets
// seven bits of one block. At twelve bits a value less than one value in a
// hundred passes that is not in the table.
const (
	blockBytes   = 64
	bitsPerValue = 12
)

// blocksFor is how many blocks so many values need.
func blocksFor(values int64) int64 { return values*bitsPerValue/(8*blockBytes) + 1 }

// block is the block of a hash, and the seven bits of nine places in it.
func block(h uint64, blocks int64) (at int64, places uint64) {
	hi, _ := bits.Mul64(h, uint64(blocks))
	return int64(hi) * blockBytes, mix(h)
}

func setBits(filter []byte, h uint64) {
	at, places := block(h, int64(len(filter)/blockBytes))
	for range 7 {
		bit := places & 511
		filter[at+int64(bit>>3)] |= 1 << (bit & 7)
		places >>= 9
	}
}

func hasBits(filter []byte, h uint64) bool {
	at, places := block(h, int64(len(filter)/blockBytes))
	for range 7 {
		bit := places & 511
		if filter[at+int64(bit>>3)]&(1<<(bit&7)) == 0 {
			return false
		}
		places >>= 9
	}
	return true
}

// primary is the hash of a row's first column.
func primary(row []byte) uint64 { return binary.BigEndian.Uint64(row) }
