package ole

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// encryptAgile wraps content as Excel 2013 does, with the given password.
func encryptAgile(password, content string) map[string]string {
	salt := []byte("0123456789abcdef")
	h := sha512.New()
	sum := digest(h, salt, utf16Bytes(password))
	for i := range 1000 {
		sum = digest(h, binary.LittleEndian.AppendUint32(nil, uint32(i)), sum)
	}
	seal := func(key, iv, plain []byte) []byte {
		for len(plain)%aes.BlockSize != 0 {
			plain = append(plain, 0)
		}
		block, _ := aes.NewCipher(key)
		sealed := make([]byte, len(plain))
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, plain)
		return sealed
	}
	key := []byte(strings.Repeat("k", 32))
	value := func(purpose, plain []byte) string {
		return base64.StdEncoding.EncodeToString(seal(digest(h, sum, purpose)[:32], salt, plain))
	}
	input := []byte("verifier of 16 b")
	attributes := fmt.Sprintf(`saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="%s"`, base64.StdEncoding.EncodeToString(salt))
	info := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><keyData ` + attributes +
		`/><dataIntegrity encryptedHmacKey="AAAA" encryptedHmacValue="AAAA"/><keyEncryptors><keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><p:encryptedKey spinCount="1000" ` + attributes +
		fmt.Sprintf(` encryptedVerifierHashInput="%s" encryptedVerifierHashValue="%s" encryptedKeyValue="%s"/></keyEncryptor></keyEncryptors></encryption>`, value(verifierInput, input), value(verifierValue, digest(h, input)), value(contentKey, key))
	sealed := string(binary.LittleEndian.AppendUint64(nil, uint64(len(content))))
	for n, rest := uint32(0), content; rest != ""; n++ {
		part := rest[:min(len(rest), segmentSize)]
		rest = rest[len(part):]
		sealed += string(seal(key, digest(h, salt, binary.LittleEndian.AppendUint32(nil, n))[:16], []byte(part)))
	}
	return map[string]string{"EncryptionInfo": u16s(4, 4) + u32s(0x40) + info, "EncryptedPackage": sealed}
}

func TestAPackageWithExcelsOwnPasswordIsAMember(t *testing.T) {
	content := "PK\x03\x04" + strings.Repeat("078-05-1123 ", 1000)
	c, err := readFile(t, compound(encryptAgile(sweatshop, content)))
	if err != nil {
		t.Error(err)
	}
	if len(c.members) != 1 || c.members[0].content != content {
		t.Errorf("members %.100q", c.members)
	}
	c, err = readFile(t, compound(encryptAgile("another", content)))
	var locked *Encrypted
	if !errors.As(err, &locked) || *locked != (Encrypted{Cipher: "AES-256"}) || len(c.members) > 0 {
		t.Errorf("%v, members %.100q", err, c.members)
	}
}
