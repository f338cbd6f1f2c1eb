package ole

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// The ciphers that an encryption header names ([MS-OFFCRYPTO] section 2.3.2).
var algorithms = map[uint32]struct {
	name string
	bits uint32
}{
	0x6801: {"RC4", 0}, 0x660e: {"AES", 128}, 0x660f: {"AES", 192}, 0x6610: {"AES", 256},
	0x6601: {"DES", 56}, 0x6603: {"3DES", 0}, 0x6609: {"3DES", 0}, 0x6602: {"RC2", 0},
}

// headerCipher reads the encryption header that stands at the beginning of r, of
// a document of Word, Excel or PowerPoint, or of the wrapping of a later one. It
// always returns an *Encrypted, or an error of the source.
func headerCipher(r io.ReaderAt) error {
	b := make([]byte, 16<<10)
	n, err := r.ReadAt(b, 0)
	if !isEnd(err) {
		return err
	}
	return cipherOf(b[:n])
}

func cipherOf(b []byte) *Encrypted {
	if len(b) < 8 {
		return &Encrypted{}
	}
	major, minor := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
	switch {
	case major == 1 && minor == 1:
		return &Encrypted{Cipher: "RC4-40", Weak: true}
	case major == 4 && minor == 4:
		return agileCipher(b[8:])
	case minor != 2 && minor != 3 || len(b) < 32:
		return &Encrypted{}
	}
	// Version, flags and the header's size, then the header: flags, extra size,
	// algorithm, hash algorithm, key size.
	alg, bits := binary.LittleEndian.Uint32(b[20:]), binary.LittleEndian.Uint32(b[28:])
	a, known := algorithms[alg]
	flags := binary.LittleEndian.Uint32(b[12:])
	switch {
	case !known && flags&0x20 != 0:
		a.name = "AES"
	case !known && flags&0x04 != 0 && alg == 0:
		a.name = "RC4"
	case !known:
		return &Encrypted{}
	}
	if a.bits != 0 {
		bits = a.bits
	}
	if bits == 0 { // as the specification has it for RC4
		bits = 40
	}
	return named(a.name, bits)
}

// named makes the fact out of a cipher's name and length.
func named(name string, bits uint32) *Encrypted {
	switch name {
	case "3DES", "DES":
		return &Encrypted{Cipher: name, Weak: true}
	}
	return &Encrypted{Cipher: name + "-" + strconv.Itoa(int(bits)), Weak: name != "AES" || bits < 128}
}

// agile is what is needed of an agile encryption descriptor ([MS-OFFCRYPTO]
// section 2.3.4.10).
type agile struct {
	KeyData keyData `xml:"keyData"`
	Keys    []struct {
		keyData
		Spin     string `xml:"spinCount,attr"`
		Verifier string `xml:"encryptedVerifierHashInput,attr"`
		Hashed   string `xml:"encryptedVerifierHashValue,attr"`
		Value    string `xml:"encryptedKeyValue,attr"`
	} `xml:"keyEncryptors>keyEncryptor>encryptedKey"`
}

type keyData struct {
	Salt      string `xml:"saltValue,attr"`
	BlockSize string `xml:"blockSize,attr"`
	KeyBits   string `xml:"keyBits,attr"`
	HashSize  string `xml:"hashSize,attr"`
	Cipher    string `xml:"cipherAlgorithm,attr"`
	Chaining  string `xml:"cipherChaining,attr"`
	Hash      string `xml:"hashAlgorithm,attr"`
}

func parseAgile(b []byte) (*agile, error) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	a := &agile{}
	err := xml.Unmarshal(b, a)
	return a, err
}

func agileCipher(b []byte) *Encrypted {
	a, err := parseAgile(b)
	if a == nil || err != nil && a.KeyData.Cipher == "" {
		return &Encrypted{}
	}
	bits, err := strconv.ParseUint(strings.TrimSpace(a.KeyData.KeyBits), 10, 16)
	if err != nil {
		return &Encrypted{}
	}
	switch name := strings.ToUpper(a.KeyData.Cipher); name {
	case "AES", "RC2", "RC4":
		return named(name, uint32(bits))
	case "DES", "DESX":
		return &Encrypted{Cipher: name, Weak: true}
	case "3DES", "3DES_112":
		return &Encrypted{Cipher: "3DES", Weak: true}
	}
	return &Encrypted{}
}

// encryptedPackage is a document of Office 2007 or later, encrypted: a zip file
// within.
func (d *document) encryptedPackage(s, e *entry) error {
	info := s.child("EncryptionInfo")
	if info == nil { // rights management keeps its keys elsewhere, and uses AES
		return &Encrypted{Cipher: "AES-128"}
	}
	if content, err := d.openPackage(e, info); err != nil || content != nil {
		if err != nil {
			return err
		}
		return d.out.Member("", content)
	}
	return headerCipher(d.file.open(info))
}
