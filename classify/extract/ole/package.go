package ole

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"io"
	"strconv"
	"strings"
)

// segmentSize is how much of a package is encrypted with one initialization
// vector ([MS-OFFCRYPTO] section 2.3.4.15).
const segmentSize = 4096

// maxSpin bounds the work of deriving a key: Office asks for 100,000 rounds.
const maxSpin = 100000

// The keys for what an agile descriptor holds (section 2.3.4.13).
var (
	verifierInput = []byte{0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79}
	verifierValue = []byte{0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e}
	contentKey    = []byte{0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6}
)

// openPackage decrypts a package in agile encryption whose password is Excel's
// own. It returns nil if the password, or the encryption, is another.
func (d *document) openPackage(e, info *entry) (io.Reader, error) {
	b, err := io.ReadAll(io.LimitReader(d.file.open(info), 64<<10))
	if err != nil || len(b) < 8 || binary.LittleEndian.Uint32(b) != 4|4<<16 {
		return nil, err
	}
	a, err := parseAgile(b[8:])
	if err != nil || len(a.Keys) == 0 {
		return nil, nil //nolint:nilerr // what is no descriptor opens with no password
	}
	key := a.open(sweatshop)
	if key == nil {
		return nil, nil
	}
	in := d.file.open(e)
	var size [8]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, ErrMalformed
	}
	block, _ := aes.NewCipher(key)
	p := &segments{in: in, block: block, hash: hashOf(a.KeyData.Hash), salt: unbase64(a.KeyData.Salt)}
	return io.LimitReader(p, int64(min(binary.LittleEndian.Uint64(size[:]), 1<<62))), nil
}

// open derives the key of the content from a password; nil if it is the wrong one.
func (a *agile) open(password string) []byte {
	k := a.Keys[0]
	h := hashOf(k.Hash)
	spin, err := strconv.Atoi(k.Spin)
	bits, _ := strconv.Atoi(k.KeyBits)
	salt := unbase64(k.Salt)
	if h == nil || hashOf(a.KeyData.Hash) == nil || err != nil || spin < 0 || spin > maxSpin || k.Cipher != "AES" || k.Chaining != "ChainingModeCBC" || len(salt) != aes.BlockSize {
		return nil
	}
	if bits != 128 && bits != 192 && bits != 256 {
		return nil
	}
	sum := digest(h, salt, utf16Bytes(password))
	for i := range spin {
		sum = digest(h, binary.LittleEndian.AppendUint32(nil, uint32(i)), sum)
	}
	undo := func(purpose []byte, value string) []byte {
		key := digest(h, sum, purpose)
		for len(key) < bits/8 {
			key = append(key, 0x36)
		}
		b := unbase64(value)
		if len(b) == 0 || len(b)%aes.BlockSize != 0 {
			return nil
		}
		block, _ := aes.NewCipher(key[:bits/8])
		cipher.NewCBCDecrypter(block, salt).CryptBlocks(b, b)
		return b
	}
	input, want := undo(verifierInput, k.Verifier), undo(verifierValue, k.Hashed)
	got := digest(h, input)
	if len(input) == 0 || len(want) < len(got) || !bytes.Equal(got, want[:len(got)]) {
		return nil
	}
	key := undo(contentKey, k.Value)
	size, _ := strconv.Atoi(a.KeyData.KeyBits)
	if size /= 8; size != 16 && size != 24 && size != 32 || len(key) < size {
		return nil
	}
	return key[:size]
}

func hashOf(name string) hash.Hash {
	switch strings.ToUpper(strings.ReplaceAll(name, "-", "")) {
	case "SHA1":
		return sha1.New()
	case "SHA256":
		return sha256.New()
	case "SHA384":
		return sha512.New384()
	case "SHA512":
		return sha512.New()
	}
	return nil
}

func digest(h hash.Hash, parts ...[]byte) []byte {
	h.Reset()
	for _, p := range parts {
		_, _ = h.Write(p)
	}
	return h.Sum(nil)
}

func unbase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// segments decrypts a package, segment by segment.
type segments struct {
	in    io.Reader
	block cipher.Block
	hash  hash.Hash
	salt  []byte
	n     uint32
	buf   [segmentSize]byte
	rest  []byte
}

func (s *segments) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		n, err := io.ReadFull(s.in, s.buf[:])
		if n -= n % aes.BlockSize; n == 0 {
			if err == io.ErrUnexpectedEOF {
				err = io.EOF
			}
			return 0, err
		}
		iv := digest(s.hash, s.salt, binary.LittleEndian.AppendUint32(nil, s.n))
		for len(iv) < aes.BlockSize {
			iv = append(iv, 0x36)
		}
		s.rest = s.buf[:n]
		cipher.NewCBCDecrypter(s.block, iv[:aes.BlockSize]).CryptBlocks(s.rest, s.rest)
		s.n++
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
