package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"io"
)

// Encrypted is the error of a file that opens to nobody without a password or
// a private key.
type Encrypted struct {
	Cipher string
	Weak   bool
}

func (e *Encrypted) Error() string { return "encrypted with " + e.Cipher }

// method is a cipher that strings or streams are under.
type method uint8

const (
	identity method = iota
	rc4Method
	aes128
	aes256
	unknownMethod
)

// decrypter undoes the standard security handler (section 7.6.4) of a file
// whose user password is empty, which any viewer opens without asking.
type decrypter struct {
	key      []byte
	strs     method
	streams  method
	files    method // of attachments
	metadata bool   // is encrypted too
	filters  map[name]method
	locked   *Encrypted // attachments need a password, the rest does not
}

// padding stands in for a password, section 7.6.4.3.2.
var padding = []byte("\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A")

// unlock makes the key, or says in locked that it cannot.
func (d *document) unlock() {
	if d.crypt != nil || d.locked != nil || d.trailer["Encrypt"] == nil {
		return
	}
	e := d.dict(d.trailer["Encrypt"])
	if e == nil {
		return
	}
	c := &decrypter{metadata: true, filters: map[name]method{"Identity": identity}}
	if v, ok := d.get(e["EncryptMetadata"]).(bool); ok {
		c.metadata = v
	}
	bits := c.methods(d, e)
	locked := &Encrypted{Cipher: c.cipher(bits)}
	locked.Weak = c.strongest() == rc4Method || c.strongest() == unknownMethod
	var ok bool
	if f := d.name(e["Filter"]); f == "Standard" || f == "" {
		c.key, ok = d.userKey(e, c, bits)
	}
	if !ok {
		if c.strs != identity || c.streams != identity {
			d.locked = locked
			return
		}
		c.locked = locked
	}
	clear(d.cache) // what was read before was not decrypted
	d.streams, d.packed, d.cached = nil, 0, 0
	if r, ok := d.trailer["Encrypt"].(ref); ok {
		d.cache[r.num] = e
	}
	d.crypt = c
}

// methods finds the ciphers and the length of the key in bits.
func (c *decrypter) methods(d *document, e dict) int {
	v := d.int(e["V"], 0)
	bits := d.int(e["Length"], 40)
	if bits < 40 { // QUIRK: bytes
		bits *= 8
	}
	bits = min(max(bits&^7, 40), 256)
	if v < 4 {
		if v == 1 {
			bits = 40
		}
		c.strs, c.streams, c.files = rc4Method, rc4Method, rc4Method
		return min(bits, 128)
	}
	for n, f := range d.dict(e["CF"]) {
		if n == "Identity" {
			continue
		}
		switch d.name(d.dict(f)["CFM"]) {
		case "V2":
			c.filters[n] = rc4Method
		case "AESV2":
			c.filters[n] = aes128
		case "AESV3":
			c.filters[n] = aes256
		default:
			c.filters[n] = unknownMethod
		}
		if f := d.dict(f); v == 4 && e["Length"] == nil {
			if n := d.int(f["Length"], 16); n <= 32 {
				bits = 8 * n
			} else {
				bits = n
			}
		}
	}
	use := func(key name, otherwise method) method {
		n := d.name(e[key])
		if n == "" {
			return otherwise
		}
		m, ok := c.filters[n]
		if !ok {
			return unknownMethod
		}
		return m
	}
	c.streams, c.strs = use("StmF", identity), use("StrF", identity)
	c.files = use("EFF", c.streams)
	if v >= 5 {
		return 256
	}
	if c.strongest() == aes128 {
		bits = 128
	}
	return min(max(bits, 40), 128)
}

func (c *decrypter) strongest() method {
	m := max(c.strs, c.streams)
	if m == identity {
		m = c.files
	}
	return m
}

func (c *decrypter) cipher(bits int) string {
	switch c.strongest() {
	case aes128:
		return "AES-128"
	case aes256:
		return "AES-256"
	case rc4Method:
		return fmt.Sprintf("RC4-%d", bits)
	}
	return "unknown"
}

// userKey is the key of the file if its user or owner password is empty.
func (d *document) userKey(e dict, c *decrypter, bits int) ([]byte, bool) {
	o, _ := d.str(e["O"])
	u, _ := d.str(e["U"])
	r := d.int(e["R"], 0)
	if r >= 5 {
		return d.userKey256(e, []byte(o), []byte(u), r)
	}
	if len(o) < 32 || len(u) < 16 {
		return nil, false
	}
	n := bits / 8
	if r < 3 {
		n = 5
	}
	for _, password := range [][]byte{padding, ownerToUser([]byte(o[:32]), r, n)} {
		key := d.keyOf(e, password, []byte(o[:32]), r, n, c.metadata)
		if checksUser(key, []byte(u), d.firstID(), r) {
			return key, true
		}
	}
	return nil, false
}

func (d *document) firstID() []byte {
	if ids := d.array(d.trailer["ID"]); len(ids) > 0 {
		s, _ := d.str(ids[0])
		return []byte(s)
	}
	return nil
}

// keyOf is algorithm 2, section 7.6.4.3.2.
func (d *document) keyOf(e dict, password, o []byte, r, n int, metadata bool) []byte {
	h := md5.New()
	h.Write(password)
	h.Write(o)
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(int64(d.float(e["P"], 0)))))
	h.Write(d.firstID())
	if r >= 4 && !metadata {
		h.Write([]byte{255, 255, 255, 255})
	}
	key := h.Sum(nil)
	if r >= 3 {
		for range 50 {
			sum := md5.Sum(key[:n])
			key = sum[:]
		}
	}
	return key[:n]
}

// checksUser is algorithms 4 to 6, section 7.6.4.4.
func checksUser(key, u, id []byte, r int) bool {
	if r < 3 {
		out := bytes.Clone(padding)
		applyRC4(key, out)
		return bytes.Equal(out, u[:min(32, len(u))])
	}
	h := md5.New()
	h.Write(padding)
	h.Write(id)
	out := h.Sum(nil)
	for i := range 20 {
		applyRC4(xored(key, byte(i)), out)
	}
	return bytes.Equal(out, u[:16])
}

// ownerToUser finds the user password by the empty owner password, algorithm 7.
func ownerToUser(o []byte, r, n int) []byte {
	sum := md5.Sum(padding)
	key := sum[:]
	out := bytes.Clone(o)
	if r < 3 {
		applyRC4(key[:5], out)
		return out
	}
	for range 50 {
		sum = md5.Sum(key)
		key = sum[:]
	}
	for i := 19; i >= 0; i-- {
		applyRC4(xored(key[:n], byte(i)), out)
	}
	return out
}

func applyRC4(key, b []byte) {
	if c, err := rc4.NewCipher(key); err == nil {
		c.XORKeyStream(b, b)
	}
}

func xored(key []byte, with byte) []byte {
	out := make([]byte, len(key))
	for i, b := range key {
		out[i] = b ^ with
	}
	return out
}

// userKey256 is algorithm 2.A, section 7.6.4.3.3.
func (d *document) userKey256(e dict, o, u []byte, r int) ([]byte, bool) {
	ue, _ := d.str(e["UE"])
	oe, _ := d.str(e["OE"])
	if len(u) < 48 || len(o) < 48 || len(ue) < 32 || len(oe) < 32 {
		return nil, false
	}
	hash := hash5
	if r >= 6 {
		hash = hash6
	}
	open := func(salt, extra []byte, sealed str) []byte {
		block, _ := aes.NewCipher(hash(salt, extra))
		key := make([]byte, 32)
		cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(key, []byte(sealed[:32]))
		return key
	}
	switch {
	case bytes.Equal(hash(u[32:40], nil), u[:32]):
		return open(u[40:48], nil, ue), true
	case bytes.Equal(hash(o[32:40], u[:48]), o[:32]):
		return open(o[40:48], u[:48], oe), true
	}
	return nil, false
}

func hash5(salt, extra []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(extra)
	return h.Sum(nil)
}

// hash6 is algorithm 2.B, section 7.6.4.3.4, of the empty password.
func hash6(salt, extra []byte) []byte {
	k := hash5(salt, extra)
	for i := 0; ; i++ {
		k1 := bytes.Repeat(append(bytes.Clone(k), extra...), 64)
		block, _ := aes.NewCipher(k[:16])
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(k1, k1)
		mod := 0
		for _, b := range k1[:16] {
			mod += int(b)
		}
		switch mod % 3 {
		case 0:
			sum := sha256.Sum256(k1)
			k = sum[:]
		case 1:
			sum := sha512.Sum384(k1)
			k = sum[:]
		case 2:
			sum := sha512.Sum512(k1)
			k = sum[:]
		}
		if i >= 63 && int(k1[len(k1)-1]) <= i-32 {
			return k[:32]
		}
	}
}

// objectKey is algorithm 1, section 7.6.3.2.
func (c *decrypter) objectKey(m method, num, gen int) []byte {
	if m == aes256 {
		return c.key
	}
	h := md5.New()
	h.Write(c.key)
	h.Write([]byte{byte(num), byte(num >> 8), byte(num >> 16), byte(gen), byte(gen >> 8)})
	if m == aes128 {
		h.Write([]byte("sAlT"))
	}
	return h.Sum(nil)[:min(len(c.key)+5, 16)]
}

// strings decrypts the strings in an object.
func (c *decrypter) strings(v any, num, gen int) any {
	if c.strs == identity || c.locked != nil {
		return v
	}
	return c.walk(v, c.objectKey(c.strs, num, gen))
}

func (c *decrypter) walk(v any, key []byte) any {
	switch v := v.(type) {
	case str:
		return c.decryptString(v, key)
	case array:
		for i := range v {
			v[i] = c.walk(v[i], key)
		}
	case dict:
		for k := range v {
			v[k] = c.walk(v[k], key)
		}
	case *stream:
		c.walk(v.dict, key)
	}
	return v
}

func (c *decrypter) decryptString(s str, key []byte) str {
	b := []byte(s)
	if c.strs == rc4Method {
		applyRC4(key, b)
		return str(b)
	}
	block, err := aes.NewCipher(key)
	if err != nil || len(b) < 32 || len(b)%16 != 0 {
		return s
	}
	out := make([]byte, len(b)-16)
	cipher.NewCBCDecrypter(block, b[:16]).CryptBlocks(out, b[16:])
	return str(out[:len(out)-pad(out)])
}

// pad is how many bytes of padding there are.
func pad(b []byte) int {
	if n := int(b[len(b)-1]); n <= 16 {
		return n
	}
	return 0
}

// clear reports whether a stream is not encrypted.
func (d *document) clear(s *stream, filters []name) bool {
	c := d.crypt
	if s.dict["Type"] == name("XRef") || s.dict["Type"] == name("Metadata") && !c.metadata {
		return true
	}
	return c.method(s, filters) == identity
}

func (c *decrypter) method(s *stream, filters []name) method {
	if len(filters) > 0 && filters[0] == "Crypt" {
		p := s.dict["DecodeParms"]
		if a, ok := p.(array); ok && len(a) > 0 {
			p = a[0]
		}
		n := name("Identity")
		if d, ok := p.(dict); ok {
			if v, ok := d["Name"].(name); ok {
				n = v
			}
		}
		return c.filters[n]
	}
	if s.dict["Type"] == name("EmbeddedFile") {
		return c.files
	}
	return c.streams
}

// reader decrypts a stream.
func (c *decrypter) reader(s *stream, src io.Reader) io.Reader {
	m := c.streams
	if s.dict["Type"] == name("EmbeddedFile") {
		m = c.files
	}
	key := c.objectKey(m, s.num, s.gen)
	if m == rc4Method {
		if k, err := rc4.NewCipher(key); err == nil {
			return cipher.StreamReader{S: k, R: src}
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return bytes.NewReader(nil)
	}
	return &cbcReader{src: src, block: block}
}

// cbcReader decrypts AES in CBC mode; the first block is the vector.
type cbcReader struct {
	src   io.Reader
	block cipher.Block
	mode  cipher.BlockMode
	buf   [4096]byte
	rest  []byte
	ahead []byte // decrypted, not told yet: it may hold padding
	err   error
}

func (r *cbcReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *cbcReader) fill() {
	if r.mode == nil {
		if _, r.err = io.ReadFull(r.src, r.buf[:16]); r.err != nil {
			r.err = io.EOF
			return
		}
		r.mode = cipher.NewCBCDecrypter(r.block, r.buf[:16])
	}
	n, err := io.ReadFull(r.src, r.buf[:])
	n &^= 15
	r.mode.CryptBlocks(r.buf[:n], r.buf[:n])
	out := append(r.ahead, r.buf[:n]...)
	if err != nil {
		r.err = io.EOF
		if len(out) > 0 {
			out = out[:len(out)-pad(out)]
		}
		r.rest = out
		return
	}
	r.rest = out[:len(out)-16]
	r.ahead = bytes.Clone(out[len(out)-16:])
}
