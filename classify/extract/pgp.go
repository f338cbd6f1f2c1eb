package extract

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"strings"
)

// pgpCipher names the symmetric algorithms of RFC 9580 section 9.3; weak ones
// give less than 128 bits.
var pgpCiphers = map[byte]struct {
	name string
	weak bool
}{
	0: {"none", true}, 1: {"IDEA", false}, 2: {"3DES", true}, 3: {"CAST5", false}, 4: {"Blowfish", false},
	7: {"AES-128", false}, 8: {"AES-192", false}, 9: {"AES-256", false}, 10: {"Twofish", false},
	11: {"Camellia-128", false}, 12: {"Camellia-192", false}, 13: {"Camellia-256", false},
}

// unknownPGPCipher is what a message is encrypted with whose cipher stands inside
// the encrypted session key, as it does for all that is encrypted to a public key.
const unknownPGPCipher = "OpenPGP"

// readPGPMedia is the type of a message that is signed or compressed only. There
// is no registered one.
const readPGPMedia = "application/pgp"

// armor is OpenPGP armor (RFC 9580 section 6.2) behind its first line: fields, a
// blank line, base64, a checksum.
type armor struct {
	rd   *reading
	out  *base64Decoder
	data bool // behind the blank line
	full bool // there was any base64
}

func newArmor(rd *reading) *armor {
	l := rd.leaf
	a := &armor{rd: rd}
	in := newPulled(l.r, func(src *bufio.Reader) {
		p := pgpReader{leaf: l}
		if err := p.packets(src, 0); err != nil && !p.encrypted && a.full && !l.r.halted() {
			// What calls itself a message and is none is not for us to read either.
			l.encrypted(unknownPGPCipher, false)
		} else if rd.found.media == "application/pgp-encrypted" && !p.encrypted && p.content {
			rd.found.media = readPGPMedia
		}
	})
	a.out = newBase64(l.r, in, nil)
	a.out.quiet = true
	return a
}

// newArmoredCMS is armor around S/MIME: the textual encoding of RFC 7468.
func newArmoredCMS(rd *reading) *armor {
	l := rd.leaf
	a := &armor{rd: rd}
	in := newPulled(l.r, func(src *bufio.Reader) {
		c := &cmsReader{rd: rd, src: src}
		if err := c.contentInfo(); err != nil && rd.found.media == "application/pkcs7-mime" && !l.part.Encrypted && !l.r.halted() && !l.over {
			l.problem(Malformed)
		}
	})
	a.out = newBase64(l.r, in, nil)
	a.out.quiet = true
	return a
}

// minArmorWord is how long a word between others is at least that begins data.
const minArmorWord = 24

// line takes a line. Armor may stand in quoted text; HTML may have made one line
// of it.
func (a *armor) line(b []byte, begun bool) bool {
	b = bytes.TrimSpace(bytes.TrimLeft(b, "> "))
	if bytes.IndexByte(b, ' ') >= 0 && (a.data || !bytes.Contains(b, []byte(": "))) && !bytes.HasPrefix(b, []byte("-----")) {
		for word := range bytes.FieldsSeq(b) {
			if len(word) >= minArmorWord || a.full {
				if !a.line(word, true) {
					return false
				}
			}
		}
		return true
	}
	switch {
	case begun && bytes.HasPrefix(b, []byte("-----END")):
		return false
	case len(b) == 0:
		a.data = true
	case begun && (!a.data && bytes.Contains(b, []byte(": ")) || b[0] == '='):
	case onlyBase64(b):
		a.data, a.full = true, true
		a.out.write(b)
	}
	return true
}

func (a *armor) close() { a.out.close() }

// pgpReader reads OpenPGP packets: it reads what is only compressed or signed,
// and tells the cipher of what is encrypted.
type pgpReader struct {
	leaf      *leaf
	cipher    byte // that a session key from a passphrase is for
	encrypted bool
	content   bool // there was a literal packet
	keys      bool // or a key
}

// Tags of packets that matter (RFC 9580 section 5).
const (
	pgpPublicSession = 1
	pgpSignature     = 2
	pgpSecretSession = 3
	pgpSecretKey     = 5
	pgpPublicKey     = 6
	pgpSecretSubkey  = 7
	pgpCompressed    = 8
	pgpEncrypted     = 9
	pgpLiteral       = 11
	pgpUserID        = 13
	pgpPublicSubkey  = 14
	pgpSealed        = 18
	pgpAEAD          = 20 // of GnuPG 2.3
)

// maxPGPNesting bounds compressed packets within each other.
const maxPGPNesting = 8

// maxUserID bounds the user id of a key that is read.
const maxUserID = 4 << 10

// packets reads packets to the end. An error says that something is no packet.
func (p *pgpReader) packets(src *bufio.Reader, depth int) error {
	for first := true; ; first = false {
		tag, body, err := pgpPacket(src)
		if errors.Is(err, io.EOF) && !first {
			return nil
		}
		if err == nil {
			err = p.packet(tag, body, depth)
		}
		if err == nil {
			_, err = io.Copy(io.Discard, body)
		}
		if err != nil {
			return err
		}
	}
}

// pgpPacket reads the header of a packet, in the old or the new format.
func pgpPacket(src *bufio.Reader) (tag byte, body io.Reader, err error) {
	c, err := src.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	switch {
	case c&0x80 == 0:
		return 0, nil, errMalformed
	case c&0x40 != 0:
		b := &pgpBody{src: src}
		err := b.length()
		return c & 63, b, err
	}
	b := &pgpBody{src: src}
	switch size := c & 3; size {
	case 3:
		b.endless = true
	default:
		for range 1 << size {
			next, err := src.ReadByte()
			if err != nil {
				return 0, nil, errMalformed
			}
			b.left = b.left<<8 | int64(next)
		}
	}
	return c >> 2 & 15, b, nil
}

// pgpBody is the body of a packet, whose length may come in pieces.
type pgpBody struct {
	src     *bufio.Reader
	left    int64
	partial bool // another length follows
	endless bool // up to the end of the input
}

// length reads a length of the new format (RFC 9580 section 4.2.1).
func (b *pgpBody) length() error {
	c, err := b.src.ReadByte()
	if err != nil {
		return errMalformed
	}
	b.partial = false
	more := 0
	switch {
	case c < 192:
		b.left = int64(c)
	case c < 224:
		b.left, more = int64(c-192), 1
	case c < 255:
		b.left, b.partial = 1<<(c&31), true
	default:
		b.left, more = 0, 4
	}
	for range more {
		next, err := b.src.ReadByte()
		if err != nil {
			return errMalformed
		}
		b.left = b.left<<8 | int64(next)
	}
	if more == 1 {
		b.left += 192
	}
	return nil
}

// Read implements io.Reader.
func (b *pgpBody) Read(buf []byte) (int, error) {
	if b.endless {
		return b.src.Read(buf)
	}
	for b.left == 0 {
		if !b.partial {
			return 0, io.EOF
		}
		if err := b.length(); err != nil {
			return 0, err
		}
	}
	n, err := b.src.Read(buf[:min(int64(len(buf)), b.left)])
	b.left -= int64(n)
	if err == io.EOF && (b.left > 0 || b.partial) {
		err = errMalformed
	}
	return n, err
}

// packet reads the body of one packet as far as it tells something.
func (p *pgpReader) packet(tag byte, body io.Reader, depth int) error {
	head := make([]byte, 2)
	switch tag {
	case pgpSecretSession:
		if n, _ := io.ReadFull(body, head); n == 2 {
			switch head[0] {
			case 4, 5:
				p.cipher = head[1]
			case 6: // a count stands before the cipher
				if n, _ := io.ReadFull(body, head[:1]); n == 1 {
					p.cipher = head[0]
				}
			}
		}
	case pgpPublicSession, pgpEncrypted:
		p.seal(p.cipher)
	case pgpSealed, pgpAEAD:
		if n, _ := io.ReadFull(body, head); n == 2 && (tag == pgpAEAD || head[0] == 2) {
			p.cipher = head[1]
		}
		p.seal(p.cipher)
	case pgpCompressed:
		return p.compressed(body, depth)
	case pgpLiteral:
		return p.literal(body)
	case pgpUserID:
		p.keys = true
		id, _ := io.ReadAll(io.LimitReader(body, maxUserID))
		s := newTextStream(p.leaf.r, p.leaf.part, p.leaf.part.Where)
		s.write([]byte(hybridString(id)))
		s.close()
	case pgpSecretKey, pgpPublicKey, pgpSecretSubkey, pgpPublicSubkey:
		p.keys = true
	}
	return nil
}

// seal states that the message is encrypted. A message to public keys says what
// with in a later packet, if at all.
func (p *pgpReader) seal(cipher byte) {
	p.encrypted = true
	c, known := pgpCiphers[cipher]
	l := p.leaf
	if known && cipher != 0 && (l.part.Cipher == "" || l.part.Cipher == unknownPGPCipher) {
		l.part.Cipher = ""
		l.encrypted(c.name, c.weak)
		return
	}
	l.encrypted(unknownPGPCipher, false)
}

// compressed reads the packets within a compressed one.
func (p *pgpReader) compressed(body io.Reader, depth int) error {
	l := p.leaf
	if depth == maxPGPNesting {
		l.problem(TooDeep)
		return nil
	}
	var method [1]byte
	if _, err := io.ReadFull(body, method[:]); err != nil {
		return errMalformed
	}
	switch method[0] {
	case 1:
		body = flate.NewReader(body)
	case 2:
		inflated, err := zlib.NewReader(body)
		if err != nil {
			return errMalformed
		}
		body = inflated
	case 3:
		body = bzip2.NewReader(body)
	case 0:
	default:
		l.problem(Unsupported)
		return nil
	}
	return p.packets(bufio.NewReader(&expander{l: l, src: body}), depth+1)
}

// literal reads the content of a message: a file.
func (p *pgpReader) literal(body io.Reader) error {
	var head [2]byte // format, length of the name
	if _, err := io.ReadFull(body, head[:]); err != nil || strings.IndexByte("btul1m", head[0]) < 0 {
		return errMalformed
	}
	name := make([]byte, head[1])
	var date [4]byte
	if _, err := io.ReadFull(body, name); err != nil {
		return errMalformed
	}
	if _, err := io.ReadFull(body, date[:]); err != nil {
		return errMalformed
	}
	p.content = true
	out := p.leaf.within(member{name: hybridString(name), inline: len(name) == 0})
	err := p.leaf.copyTo(out, body)
	out.close()
	return err
}

// openPGP reads a part that is OpenPGP packets.
func (rd *reading) openPGP() stage {
	l := rd.leaf
	return newPulled(l.r, func(src *bufio.Reader) {
		p := pgpReader{leaf: l}
		err := p.packets(src, 0)
		switch {
		case p.encrypted || l.r.halted():
		case err != nil && l.e.inEncrypted:
			l.encrypted(unknownPGPCipher, false)
		case err != nil:
			l.problem(Malformed)
		case p.content:
			rd.found.media = readPGPMedia
		default:
			rd.found.media = "application/pgp-signature"
			if p.keys {
				rd.found.media = "application/pgp-keys"
			}
			rd.found.family = silent
		}
	})
}

// sniffPGP tells OpenPGP packets by the header and the first bytes of the first.
func sniffPGP(head []byte) bool {
	if len(head) < 8 || head[0]&0x80 == 0 {
		return false
	}
	src := bufio.NewReader(bytes.NewReader(head))
	tag, body, err := pgpPacket(src)
	if err != nil {
		return false
	}
	b := body.(*pgpBody)
	if b.left == 0 && !b.endless {
		return false
	}
	start, _ := src.Peek(min(10, src.Buffered()))
	if len(start) < 3 {
		return false
	}
	_, cipher := pgpCiphers[start[1]]
	switch tag {
	case pgpPublicSession:
		return (start[0] == 3 || start[0] == 6) && b.left < 8<<10
	case pgpSecretSession:
		return (start[0] >= 4 && start[0] <= 6) && cipher && b.left < 512
	case pgpSignature:
		return (start[0] == 3 || start[0] == 4 || start[0] == 6) && b.left < 64<<10
	case 4: // one-pass signature
		return start[0] == 3 && b.left == 13 || start[0] == 6
	case pgpPublicKey, pgpSecretKey:
		return (start[0] == 3 || start[0] == 4 || start[0] == 6) && b.left < 64<<10
	case pgpCompressed:
		return start[0] == 1 && start[1] != 0xff || start[0] == 2 && start[1] == 0x78 || start[0] == 3 && start[1] == 'B' && start[2] == 'Z'
	case pgpLiteral:
		return strings.IndexByte("btum", start[0]) >= 0 && (int(start[1])+6 <= int(b.left) || b.endless)
	case pgpSealed:
		return start[0] == 1 || start[0] == 2 && cipher
	case pgpEncrypted:
		return b.endless || b.partial
	case 10: // marker
		return bytes.HasPrefix(start, []byte("PGP"))
	}
	return false
}
