package ole

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// The records of a presentation that matter ([MS-PPT] section 2.13.24).
const (
	pptTextChars   = 0x0fa0
	pptTextBytes   = 0x0fa8
	pptString      = 0x0fba
	pptObject      = 0x1011
	pptTag         = 0x138b // data of later versions, comments among them
	pptCrypt       = 0x2f14
	pptContainer   = 0x0f
	maxTextRecord  = 8 << 20
	encryptedToken = 0xf3d1c4df
)

// slides reads a presentation: the texts of its records in their order.
func (d *document) slides(s, e *entry) error {
	if user := s.child("Current User"); user != nil {
		var b [20]byte
		n, _ := d.file.open(user).ReadAt(b[:], 0)
		if n >= 16 && binary.LittleEndian.Uint32(b[12:]) == encryptedToken {
			if locked := d.slideCipher(e); locked != nil {
				return locked
			}
			return &Encrypted{Cipher: "RC4-40", Weak: true}
		}
	}
	p := &presentation{d: d, in: d.file.open(e), main: newWriter(d.out, ""), aside: newWriter(d.out, "")}
	err := p.read()
	if e := p.main.close(); err == nil {
		err = e
	}
	if e := p.aside.close(); err == nil {
		err = e
	}
	return err
}

// slideCipher looks for the encryption header; the records that lead to it may
// be encrypted themselves, so it is looked for by its type.
func (d *document) slideCipher(e *entry) error {
	in := d.file.open(e)
	b := make([]byte, 64<<10)
	for at := max(0, in.size-int64(len(b))); ; at = max(0, at-int64(len(b))+64) {
		n, _ := in.ReadAt(b, at)
		for i := 0; i+8+32 <= n; i++ {
			if b[i] == 0x0f && b[i+1] == 0 && binary.LittleEndian.Uint16(b[i+2:]) == pptCrypt {
				if locked := cipherOf(b[i+8 : n]); locked.Cipher != "" {
					return locked
				}
			}
		}
		if at == 0 {
			return nil
		}
	}
}

type presentation struct {
	d     *document
	in    *stream
	main  *writer
	aside *writer
	open  []int64 // where the containers end that were entered
}

// maxContainers bounds those that are known to be open.
const maxContainers = 100

// enter notes a container that ends there, if it can.
func (p *presentation) enter(end int64) {
	p.leave()
	if n := len(p.open); n < maxContainers && end <= p.in.size && (n == 0 || end <= p.open[n-1]) {
		p.open = append(p.open, end)
	}
}

// leave forgets the containers that are over.
func (p *presentation) leave() {
	for n := len(p.open); n > 0 && p.open[n-1] <= p.in.pos; n-- {
		p.open = p.open[:n-1]
	}
}

// behind is where the innermost container ends; 0 if there is none.
func (p *presentation) behind() int64 {
	if p.leave(); len(p.open) == 0 {
		return 0
	}
	return p.open[len(p.open)-1]
}

// read walks the records. Containers are entered, not skipped: what is read is
// all there is, whatever lengths they claim.
func (p *presentation) read() error {
	var head [8]byte
	for {
		n, err := io.ReadFull(p.in, head[:])
		if err != nil {
			if n > 0 && !bytes.Equal(head[:n], make([]byte, n)) {
				return ErrMalformed
			}
			if err == io.ErrUnexpectedEOF || err == io.EOF {
				return nil
			}
			return err
		}
		version := binary.LittleEndian.Uint16(head[:])
		kind := binary.LittleEndian.Uint16(head[2:])
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		end := p.in.pos + size
		if version&0x0f == pptContainer {
			p.enter(end)
			continue
		}
		if end > p.in.size {
			if behind := p.behind(); behind > 0 && string(head[:4]) == "PK\x03\x04" {
				// QUIRK: PowerPoint 2007 puts what it would lose into zip files.
				from := p.in.pos - int64(len(head))
				if err := p.d.out.Member("", io.NewSectionReader(p.in, from, behind-from)); err != nil {
					return err
				}
				p.in.pos = behind
				continue
			}
			p.d.note(ErrMalformed)
			end = p.in.size
		}
		if err := p.atom(version, kind, end-p.in.pos); err != nil {
			return err
		}
		p.in.pos = end
	}
}

func (p *presentation) atom(version, kind uint16, size int64) error {
	switch kind {
	case pptTextChars, pptTextBytes, pptString:
		if size > maxTextRecord {
			p.d.note(ErrMalformed)
		}
		b := make([]byte, min(size, maxTextRecord))
		n, err := io.ReadFull(p.in, b)
		if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
			return err
		}
		p.text(kind, b[:n])
		if p.main.err != nil {
			return p.main.err
		}
		return p.aside.err
	case pptObject:
		return p.object(version>>4, size)
	case pptTag:
		return p.tag(p.in.pos + size)
	case pptCrypt:
		return &Encrypted{Cipher: "RC4-40", Weak: true}
	}
	return nil
}

// tag reads the records in what is no container by its header. If it holds
// something else, nothing is lost but that.
func (p *presentation) tag(end int64) error {
	var head [8]byte
	for p.in.pos+8 <= end {
		if _, err := io.ReadFull(p.in, head[:]); err != nil {
			return nil
		}
		version, kind := binary.LittleEndian.Uint16(head[:]), binary.LittleEndian.Uint16(head[2:])
		if version&0x0f == pptContainer || kind == pptTag {
			continue
		}
		next := p.in.pos + min(int64(binary.LittleEndian.Uint32(head[4:])), end-p.in.pos)
		if kind == pptString {
			if err := p.atom(version, kind, next-p.in.pos); err != nil {
				return err
			}
		}
		p.in.pos = next
	}
	return nil
}

// text writes a text, a line for each paragraph.
func (p *presentation) text(kind uint16, b []byte) {
	w := p.main
	if kind == pptString {
		w = p.aside
	}
	var text string
	if kind == pptTextBytes {
		runes := make([]rune, len(b))
		for i, c := range b { // the low bytes of UTF-16
			runes[i] = rune(c)
		}
		text = string(runes)
	} else {
		text = wide(b)
	}
	for _, c := range text {
		switch c {
		case '\r', '\v':
			w.rune('\n')
		case 0:
		default:
			w.rune(c)
		}
	}
	if len(b) > 0 {
		w.rune('\n')
	}
}

// object hands over an embedded object, which is a compound file, compressed
// mostly.
func (p *presentation) object(instance uint16, size int64) error {
	from := p.in.pos
	if instance == 0 {
		return p.d.out.Member("", io.NewSectionReader(p.in, from, size))
	}
	if size < 4 {
		return nil
	}
	z, err := zlib.NewReader(io.NewSectionReader(p.in, from+4, size-4))
	if err != nil {
		p.d.note(ErrMalformed)
		return nil
	}
	return p.d.out.Member("", &expanding{in: z, out: p.d.out})
}

// expanding asks before more is decompressed.
type expanding struct {
	in  io.Reader
	out Out
}

func (x *expanding) Read(b []byte) (int, error) {
	b = b[:min(len(b), 64<<10)]
	if err := x.out.Expand(len(b)); err != nil {
		return 0, err
	}
	return x.in.Read(b)
}
