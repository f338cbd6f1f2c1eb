package ole

import (
	"bytes"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
)

// sweatshop is the password with which Excel opens a workbook without asking:
// who protects a workbook against changes only has it encrypted with this.
const sweatshop = "VelvetSweatshop"

// rc4Block is how many bytes of a workbook are encrypted with one key.
const rc4Block = 1024

// unlock meets the record that says how a workbook is encrypted ([MS-XLS]
// section 2.4.117). It returns nil if the password is Excel's own: what follows
// is decrypted then.
func (b *book) unlock() error {
	r := b.r
	if b.version < 8 || r.u16(0) == 0 {
		return &Encrypted{Cipher: "XOR", Weak: true}
	}
	locked := cipherOf(r.from(2))
	if c := sweatshopCipher(r.from(2)); c != nil {
		r.cipher = c
		return nil
	}
	return locked
}

// sweatshopCipher returns what decrypts a workbook if sweatshop is its password.
func sweatshopCipher(header []byte) *rc4Cipher {
	if len(header) < 4 {
		return nil
	}
	switch binary.LittleEndian.Uint32(header) {
	case 1 | 1<<16:
		return rc4Office(header[4:])
	case 2 | 2<<16, 3 | 2<<16, 4 | 2<<16:
		return rc4CryptoAPI(header)
	}
	return nil
}

// rc4Cipher decrypts with a key for each block.
type rc4Cipher struct {
	key   func(block uint32) []byte
	block uint32
	pos   int64 // of the key stream, from the beginning of the file
	state *rc4.Cipher
	waste [rc4Block]byte
}

func newRC4(key func(uint32) []byte) *rc4Cipher {
	c := &rc4Cipher{key: key}
	c.begin(0)
	return c
}

func (c *rc4Cipher) begin(block uint32) {
	c.block, c.pos = block, int64(block)*rc4Block
	c.state, _ = rc4.NewCipher(c.key(block)) // lengths are right by construction
}

// decrypt decrypts data that stands at a position which never decreases.
func (c *rc4Cipher) decrypt(data []byte, at int64) {
	for len(data) > 0 {
		if block := uint32(at / rc4Block); block != c.block {
			c.begin(block)
		}
		if skip := at - c.pos; skip > 0 {
			c.state.XORKeyStream(c.waste[:skip], c.waste[:skip])
			c.pos = at
		}
		n := min(len(data), int(rc4Block-at%rc4Block))
		c.state.XORKeyStream(data[:n], data[:n])
		c.pos += int64(n)
		at += int64(n)
		data = data[n:]
	}
}

// rc4Office is Office's own RC4 of 40 bits ([MS-OFFCRYPTO] section 2.3.6): salt,
// verifier and its hash.
func rc4Office(b []byte) *rc4Cipher {
	if len(b) < 48 {
		return nil
	}
	first := md5.Sum(utf16Bytes(sweatshop))
	var mixed []byte
	for range 16 {
		mixed = append(append(mixed, first[:5]...), b[:16]...)
	}
	base := md5.Sum(mixed)
	key := func(block uint32) []byte {
		k := md5.Sum(binary.LittleEndian.AppendUint32(append([]byte(nil), base[:5]...), block))
		return k[:]
	}
	plain := bytes.Clone(b[16:48])
	newRC4(key).decrypt(plain, 0)
	if hash := md5.Sum(plain[:16]); !bytes.Equal(hash[:], plain[16:]) {
		return nil
	}
	return newRC4(key)
}

// rc4CryptoAPI is RC4 by way of the CryptoAPI ([MS-OFFCRYPTO] section 2.3.5).
func rc4CryptoAPI(b []byte) *rc4Cipher {
	if len(b) < 32 || binary.LittleEndian.Uint32(b[20:]) != 0x6801 {
		return nil
	}
	size := uint64(binary.LittleEndian.Uint32(b[8:]))
	bits := int(binary.LittleEndian.Uint32(b[28:]))
	if bits == 0 {
		bits = 40
	}
	if 12+size+60 > uint64(len(b)) || bits < 40 || bits > 128 || bits%8 != 0 {
		return nil
	}
	verifier := b[12+size:]
	base := sha1.Sum(append(bytes.Clone(verifier[4:20]), utf16Bytes(sweatshop)...))
	key := func(block uint32) []byte {
		k := sha1.Sum(binary.LittleEndian.AppendUint32(bytes.Clone(base[:]), block))
		if bits == 40 { // filled up with zeros, as Windows does
			return append(bytes.Clone(k[:5]), make([]byte, 11)...)
		}
		return k[:bits/8]
	}
	plain := append(bytes.Clone(verifier[20:36]), verifier[40:60]...)
	newRC4(key).decrypt(plain, 0)
	if hash := sha1.Sum(plain[:16]); !bytes.Equal(hash[:], plain[16:]) {
		return nil
	}
	return newRC4(key)
}

func utf16Bytes(s string) []byte {
	var b []byte
	for _, c := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return b
}
