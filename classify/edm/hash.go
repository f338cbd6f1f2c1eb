package edm

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"strconv"
	"unicode/utf8"
)

// MinKeyBytes is the least length of a site's key.
const MinKeyBytes = 16

const saltBytes = 16

// TrimKey takes the white space off a key that somebody wrote as text; random
// bytes stay as they are.
func TrimKey(data []byte) []byte {
	if !utf8.Valid(data) || bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) {
		return data
	}
	return bytes.TrimSpace(data)
}

// hasher makes the hashes of one table. It belongs to one goroutine.
type hasher struct {
	mac     hash.Hash
	message []byte
	sum     []byte
}

// tableKey derives the key of one table.
func tableKey(key, salt []byte) ([]byte, error) {
	if len(key) < MinKeyBytes {
		return nil, fmt.Errorf("a key of %d bytes, want at least %d", len(key), MinKeyBytes)
	}
	return hkdf.Key(sha256.New, key, salt, "postern edm 1", sha256.Size)
}

func newHasher(derived []byte) *hasher {
	return &hasher{mac: hmac.New(sha256.New, derived)}
}

// of hashes a value of a kind. It is never 0, which stands for no value.
func (h *hasher) of(kind string, value string) uint64 {
	h.message = append(append(append(h.message[:0], kind...), 0), value...)
	h.mac.Reset()
	h.mac.Write(h.message)
	h.sum = h.mac.Sum(h.sum[:0])
	return max(binary.BigEndian.Uint64(h.sum), 1)
}

// ofDay hashes a day.
func (h *hasher) ofDay(d day) uint64 { return h.of(kindDate, strconv.Itoa(int(d))) }

// mix is the finalizer of MurmurHash3: every bit of x moves half of the others.
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// short is the part of a hash that rows keep of other columns; never 0.
func short(h uint64) uint32 { return max(uint32(h>>32), 1) }
