package extract

import (
	"bufio"
	"compress/zlib"
	"io"
	"strings"
)

// cmsReader reads the Cryptographic Message Syntax of S/MIME (RFC 5652, RFC 8551):
// it reads what is only signed or compressed, and tells the cipher of what is
// encrypted. BER is taken as it comes, with lengths that are not known before the
// end and strings in pieces.
type cmsReader struct {
	rd      *reading
	src     *bufio.Reader
	pos     int64
	content bool
}

// element is the header of one element of BER.
type element struct {
	tag byte
	end int64 // position behind its content; -1 if marks end it
}

const (
	berInteger  = 0x02
	berOctets   = 0x04
	berOID      = 0x06
	berSequence = 0x30
	berSet      = 0x31
	berContent  = 0xa0 // [0], constructed
	constructed = 0x20
)

// maxBER bounds elements within each other.
const maxBER = 40

// openCMS reads a part that is S/MIME.
func (rd *reading) openCMS() stage {
	l := rd.leaf
	return newPulled(l.r, func(src *bufio.Reader) {
		c := &cmsReader{rd: rd, src: src}
		err := c.contentInfo()
		switch {
		case l.part.Encrypted || l.r.halted() || l.over:
		case !c.content && (err == nil || rd.found.media == "application/pkcs7-signature"):
			rd.found.family = silent // certificates, or a signature that stands apart
		case err != nil:
			l.problem(Malformed)
		}
	})
}

func (c *cmsReader) byte() (byte, error) {
	b, err := c.src.ReadByte()
	if err != nil {
		return 0, errMalformed
	}
	c.pos++
	return b, nil
}

// header reads the tag and the length of the next element.
func (c *cmsReader) header() (e element, err error) {
	if e.tag, err = c.byte(); err != nil {
		return e, err
	}
	if e.tag&31 == 31 { // a tag of several bytes; CMS has none
		return e, errMalformed
	}
	n, err := c.byte()
	if err != nil {
		return e, err
	}
	length := int64(n)
	switch {
	case n == 0x80:
		if e.tag&constructed == 0 {
			return e, errMalformed
		}
		e.end = -1
		return e, nil
	case n > 0x80+7:
		return e, errMalformed
	case n > 0x80:
		length = 0
		for range n & 0x7f {
			b, err := c.byte()
			if err != nil {
				return e, err
			}
			length = length<<8 | int64(b)
		}
	}
	e.end = c.pos + length
	return e, nil
}

// each calls f for every element in e. What f leaves unread is skipped, so it
// may leave only an element of known length, or skip it itself.
func (c *cmsReader) each(e element, depth int, f func(child element) error) error {
	if depth > maxBER || e.tag&constructed == 0 {
		return errMalformed
	}
	for e.end < 0 || c.pos < e.end {
		child, err := c.header()
		if err != nil {
			return err
		}
		if child.tag == 0 && child.end == c.pos && e.end < 0 {
			return nil
		}
		if err := f(child); err != nil {
			return err
		}
		if child.end >= 0 {
			if err := c.discard(child.end - c.pos); err != nil {
				return err
			}
		}
	}
	return nil
}

// skip passes over an element.
func (c *cmsReader) skip(e element, depth int) error {
	if e.end >= 0 {
		return c.discard(e.end - c.pos)
	}
	return c.each(e, depth, func(child element) error { return c.skip(child, depth+1) })
}

func (c *cmsReader) discard(n int64) error {
	if n < 0 {
		return errMalformed
	}
	done, err := io.CopyN(io.Discard, c.src, n)
	c.pos += done
	if err != nil {
		return errMalformed
	}
	return nil
}

// small reads a short element whole.
func (c *cmsReader) small(e element) (string, error) {
	n := e.end - c.pos
	if e.end < 0 || n < 0 || n > 64 {
		return "", errMalformed
	}
	b := make([]byte, n)
	done, err := io.ReadFull(c.src, b)
	c.pos += int64(done)
	if err != nil {
		return "", errMalformed
	}
	return string(b), nil
}

// Object identifiers, as DER writes them.
const (
	oidPKCS7Prefix = "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
	oidSMIMEPrefix = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
)

// contentInfo reads the outermost element: a type, and content of that type.
func (c *cmsReader) contentInfo() error {
	top, err := c.header()
	if err != nil || top.tag != berSequence {
		return errMalformed
	}
	kind := ""
	return c.each(top, 0, func(child element) error {
		switch {
		case child.tag == berOID && kind == "":
			kind, err = c.small(child)
			return err
		case child.tag == berContent:
			return c.each(child, 1, func(body element) error {
				switch {
				case kind == oidPKCS7Prefix+"\x01":
					return c.data(body)
				case body.tag == berSequence:
					return c.body(kind, body, 2)
				}
				return c.skip(body, 2)
			})
		}
		return c.skip(child, 1)
	})
}

// data reads content that is nothing but wrapped.
func (c *cmsReader) data(e element) error {
	c.content = true
	out := c.rd.openEntity()
	defer out.close()
	return c.octets(e, out, 2)
}

// body reads the content of a type. In all the types that do not encrypt, the
// content stands in a sequence of its own, of an identifier and a [0].
func (c *cmsReader) body(kind string, body element, depth int) error {
	switch kind {
	case oidPKCS7Prefix + "\x03", oidPKCS7Prefix + "\x04", oidPKCS7Prefix + "\x06", oidSMIMEPrefix + "\x17":
		c.rd.leaf.encrypted("", false)
		err := c.sealed(body, depth)
		if p := c.rd.leaf.part; p.Cipher == "" {
			p.Cipher = "S/MIME"
		}
		return err
	}
	compressed := kind == oidSMIMEPrefix+"\x09"
	return c.each(body, depth, func(child element) error {
		if child.tag != berSequence {
			return c.skip(child, depth+1)
		}
		return c.each(child, depth+1, func(inner element) error {
			if inner.tag != berContent {
				return c.skip(inner, depth+2)
			}
			return c.encapsulated(inner, compressed, depth+2)
		})
	})
}

// encapsulated reads the content that is signed or compressed.
func (c *cmsReader) encapsulated(e element, compressed bool, depth int) error {
	l := c.rd.leaf
	c.content = true
	out := c.rd.openEntity()
	defer func() { out.close() }()
	if compressed {
		inner := out
		out = newPulled(l.r, func(src *bufio.Reader) {
			inflated, err := zlib.NewReader(src)
			if err == nil {
				err = l.copyTo(inner, &expander{l: l, src: inflated})
			}
			if err != nil {
				l.problem(Malformed)
			}
			inner.close()
		})
	}
	return c.each(e, depth, func(child element) error { return c.octets(child, out, depth+1) })
}

// octets pushes the bytes of an octet string, whole or in pieces. Anything else
// than a string is content of another type, which is read as the bytes it is.
func (c *cmsReader) octets(e element, out stage, depth int) error {
	if e.tag&constructed != 0 && e.tag&^constructed == berOctets {
		return c.each(e, depth, func(child element) error { return c.octets(child, out, depth+1) })
	}
	if e.tag != berOctets {
		return c.skip(e, depth)
	}
	for c.pos < e.end {
		if c.rd.leaf.r.halted() || c.rd.leaf.over {
			return errStopped
		}
		if c.src.Buffered() == 0 {
			if _, err := c.src.Peek(1); err != nil {
				return errMalformed
			}
		}
		b, _ := c.src.Peek(int(min(int64(c.src.Buffered()), e.end-c.pos)))
		out.write(b)
		n, _ := c.src.Discard(len(b))
		c.pos += int64(n)
	}
	return nil
}

// sealed finds the cipher of encrypted content: behind the recipients stands a
// sequence of the type of the content, the cipher, and the content.
func (c *cmsReader) sealed(body element, depth int) error {
	return c.each(body, depth, func(child element) error {
		if child.tag != berSequence {
			return c.skip(child, depth+1)
		}
		return c.each(child, depth+1, func(inner element) error {
			if inner.tag == berSequence && c.rd.leaf.part.Cipher == "" {
				return c.cipher(inner, depth+2)
			}
			return c.skip(inner, depth+2)
		})
	})
}

// cipher reads an AlgorithmIdentifier.
func (c *cmsReader) cipher(e element, depth int) error {
	id, version := "", ""
	err := c.each(e, depth, func(child element) (err error) {
		switch {
		case child.tag == berOID:
			id, err = c.small(child)
			return err
		case child.tag == berSequence:
			return c.each(child, depth+1, func(param element) (err error) {
				if param.tag == berInteger {
					version, err = c.small(param)
					return err
				}
				return c.skip(param, depth+2)
			})
		}
		return c.skip(child, depth+1)
	})
	if name, weak := cmsCipher(id, version); name != "" {
		c.rd.leaf.part.Cipher, c.rd.leaf.part.Weak = name, weak
	}
	return err
}

// cmsCiphers names content encryption algorithms by their identifiers.
var cmsCiphers = map[string]struct {
	name string
	weak bool
}{
	"\x2a\x86\x48\x86\xf7\x0d\x03\x04":             {"RC4", true},
	"\x2a\x86\x48\x86\xf7\x0d\x03\x07":             {"3DES", true},
	"\x2a\x86\x48\x86\xf7\x0d\x03\x09":             {"RC5", false},
	"\x2b\x0e\x03\x02\x07":                         {"DES", true},
	"\x2a\x86\x48\x86\xf6\x7d\x07\x42\x0a":         {"CAST5", false},
	"\x2b\x06\x01\x04\x01\x81\x3c\x07\x01\x01\x02": {"IDEA", false},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x12": {"ChaCha20-Poly1305", false},
	"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x02": {"Camellia-128", false},
	"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x03": {"Camellia-192", false},
	"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x04": {"Camellia-256", false},
	"\x2a\x83\x1a\x8c\x9a\x44\x01\x04":             {"SEED", false},
}

// cmsCipher names the cipher of an identifier, and says whether it is weak.
// Those of AES are the last byte behind a common prefix, in groups by key size;
// RC2 says in a parameter how many bits of its key count (RFC 2268 section 6).
func cmsCipher(id, version string) (string, bool) {
	if n, ok := strings.CutPrefix(id, "\x60\x86\x48\x01\x65\x03\x04\x01"); ok && len(n) == 1 {
		switch {
		case n[0] < 20:
			return "AES-128", false
		case n[0] < 40:
			return "AES-192", false
		}
		return "AES-256", false
	}
	if id == "\x2a\x86\x48\x86\xf7\x0d\x03\x02" {
		switch version {
		case "\x3a":
			return "RC2-128", false
		case "\x78":
			return "RC2-64", true
		}
		return "RC2-40", true
	}
	known := cmsCiphers[id]
	return known.name, known.weak
}
