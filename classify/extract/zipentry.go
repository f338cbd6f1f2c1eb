package extract

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/postern-mail/postern/classify/extract/inflate"
)

// Flags of an entry (APPNOTE 4.4.4).
const (
	zipLocked  = 1 << 0
	zipMarked  = 1 << 1 // LZMA: the stream says where it ends
	zipUnsized = 1 << 3 // sizes stand behind the content
	zipStrong  = 1 << 6
	zipUTF8    = 1 << 11
)

// zipEntry is what one header says of a member.
type zipEntry struct {
	raw           string // the name as it stands
	name, comment string
	localName     string // of the local header
	flags, method uint16
	crc           uint32
	packed, size  int64
	local         int64 // offset of the local header
	data          int64 // offset of the content
	cipher        *lockedError
	lost          bool // there is no local header
	differs       bool // from its local header
	unlisted      bool // the central directory has no such entry
	open          bool // its length is a guess
}

// readHeader reads the header of an entry, a central or a local one, and says
// where the next thing begins.
func (z *zipFile) readHeader(at int64, signature string) (*zipEntry, int64, error) {
	fixed, names := 46, 28 // where sizes of names stand
	if signature == zipLocal {
		fixed, names = 30, 26
	}
	var buf [46]byte
	h := buf[:fixed]
	if _, err := z.c.ReadAt(h, at); err != nil {
		return nil, 0, stoppedOr(err, errMalformed)
	}
	if string(h[:4]) != signature {
		return nil, 0, errMalformed
	}
	le := binary.LittleEndian
	name, extra, comment := int(le.Uint16(h[names:])), int(le.Uint16(h[names+2:])), 0
	e := &zipEntry{}
	fields := h[8:]
	if signature == zipLocal {
		fields = h[6:]
	} else {
		comment = int(le.Uint16(h[32:]))
		e.local = int64(le.Uint32(h[42:]))
	}
	e.flags, e.method, e.crc = le.Uint16(fields), le.Uint16(fields[2:]), le.Uint32(fields[8:])
	e.packed, e.size = int64(le.Uint32(fields[12:])), int64(le.Uint32(fields[16:]))
	next := at + int64(fixed+name+extra+comment)
	rest := make([]byte, name+extra+comment)
	if _, err := z.c.ReadAt(rest, at+int64(fixed)); err != nil && len(rest) > 0 {
		return nil, 0, stoppedOr(err, errMalformed)
	}
	if err := z.c.hold(int64(len(rest)) + 200); err != nil {
		return nil, 0, err
	}
	e.raw = string(rest[:name])
	e.name = zipText(e.raw, e.flags)
	e.comment = zipText(string(rest[name+extra:]), e.flags)
	e.readExtra(rest[name : name+extra])
	if e.packed < 0 || e.size < 0 || e.local < 0 || e.packed > math.MaxInt64/2 || e.local > math.MaxInt64/4 {
		return nil, 0, errMalformed
	}
	if e.cipher == nil && e.flags&zipLocked != 0 {
		e.cipher = &lockedError{Cipher: "ZipCrypto", Weak: true}
		if e.flags&zipStrong != 0 {
			e.cipher = &lockedError{}
		}
	}
	return e, next, nil
}

// readExtra reads the extra fields that say what the header has no room for.
func (e *zipEntry) readExtra(extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		b := extra[:n]
		extra = extra[n:]
		switch {
		case id == 0x0001: // 64-bit sizes: those that are all ones, in order
			for _, field := range []*int64{&e.size, &e.packed, &e.local} {
				if *field == math.MaxUint32 && len(b) >= 8 {
					*field = int64(le.Uint64(b))
					b = b[8:]
				}
			}
		case id == 0x7075 && n > 5: // the name in UTF-8
			e.name = string(b[5:])
		case id == 0x9901 && n >= 7: // WinZip's AES
			if e.method == 99 {
				e.method = le.Uint16(b[5:])
			}
			e.flags |= zipLocked
			e.cipher = &lockedError{Cipher: "AES"}
			if s := int(b[4]); s >= 1 && s <= 3 {
				e.cipher.Cipher = []string{"AES-128", "AES-192", "AES-256"}[s-1]
			}
		case id == 0x0017 && n >= 8: // PKWARE's strong encryption (APPNOTE 7.2)
			e.cipher = strongCipher(le.Uint16(b[2:]), int(le.Uint16(b[4:])))
		}
	}
}

// strongCipher names the algorithms of APPNOTE 7.2.3.2.
func strongCipher(id uint16, bits int) *lockedError {
	switch id {
	case 0x6601:
		return &lockedError{"DES", true}
	case 0x6602, 0x6702:
		return &lockedError{"RC2", true}
	case 0x6603, 0x6609:
		return &lockedError{"3DES", true}
	case 0x660e:
		return &lockedError{"AES-128", false}
	case 0x660f:
		return &lockedError{"AES-192", false}
	case 0x6610:
		return &lockedError{"AES-256", false}
	case 0x6720:
		return &lockedError{"Blowfish", bits < 128}
	case 0x6721:
		return &lockedError{"Twofish", bits < 128}
	case 0x6801:
		return &lockedError{"RC4", true}
	}
	return &lockedError{}
}

// zipText decodes a name: what is not UTF-8 is in the code page of the first
// PCs, as APPNOTE appendix D has it.
func zipText(s string, flags uint16) string {
	if flags&zipUTF8 != 0 || utf8.ValidString(s) {
		return s
	}
	decoded, err := charmap.CodePage437.NewDecoder().String(s)
	if err != nil {
		return s
	}
	return decoded
}

// readMember hands over one member.
func (z *zipFile) readMember(e *zipEntry) error {
	c := z.c
	switch {
	case e.flags&zipLocked != 0:
		if e.flags&zipStrong != 0 && e.cipher.Cipher == "" && !e.lost {
			e.cipher = z.decryptionHeader(e)
		}
		return c.Unread(e.name, e.size, e.cipher)
	case e.lost && z.split:
		return c.Unread(e.name, e.size, errUnsupported)
	case e.lost:
		return c.Unread(e.name, e.size, errMalformed)
	case strings.HasSuffix(e.name, "/") && e.size == 0 && e.packed <= 2:
		return c.Note(e.name)
	}
	packed := io.NewSectionReader(c, e.data, e.packed)
	content, err := z.open(e, packed)
	if err != nil {
		return c.Unread(e.name, e.size, err)
	}
	whole := c.expanding(&zipSum{r: content, e: e})
	if read := zipReader(e.name); read != nil {
		return z.readAsText(e, whole, read)
	}
	return c.Member(e.name, hiddenFont(e.name, whole))
}

// decryptionHeader names the cipher that stands before content under strong
// encryption (APPNOTE 7.2.4): behind an initialisation vector of stated length,
// a size and a version.
func (z *zipFile) decryptionHeader(e *zipEntry) *lockedError {
	var b [2]byte
	if _, err := z.c.ReadAt(b[:], e.data); err != nil {
		return e.cipher
	}
	var after [10]byte
	if _, err := z.c.ReadAt(after[:], e.data+2+int64(binary.LittleEndian.Uint16(b[:]))); err != nil {
		return e.cipher
	}
	return strongCipher(binary.LittleEndian.Uint16(after[6:]), int(binary.LittleEndian.Uint16(after[8:])))
}

// open makes the decoder of an entry's method (APPNOTE 4.4.5).
func (z *zipFile) open(e *zipEntry, packed *io.SectionReader) (io.Reader, error) {
	switch e.method {
	case 0:
		return packed, nil
	case 8:
		z := inflaters.Get().(*inflate.Reader)
		z.Reset(packed)
		return &inflated{z: z}, nil
	}
	src := bufio.NewReaderSize(packed, int(min(maxBlock/2, max(packed.Size(), 16))))
	switch e.method {
	case 9:
		return newInflate64(src), nil
	case 12:
		return bzip2.NewReader(src), nil
	case 14:
		return openZipLZMA(src, e)
	case 20, 93:
		return openZstd(src, maxDictionary)
	case 95:
		return openXZ(src, maxDictionary)
	}
	return nil, errUnsupported
}

// inflaters are to be used again.
var inflaters = sync.Pool{New: func() any { return inflate.NewReader(nil) }}

// inflated is what one of inflaters reads, which is given back at the end.
type inflated struct {
	z   *inflate.Reader
	err error
}

// Read implements io.Reader.
func (i *inflated) Read(b []byte) (int, error) {
	if i.z == nil {
		return 0, i.err
	}
	n, err := i.z.Read(b)
	if err != nil {
		i.z.Reset(nil)
		inflaters.Put(i.z)
		i.z, i.err = nil, err
	}
	return n, err
}

// openZipLZMA opens a stream that has a header of zip's own (APPNOTE 5.8.8).
func openZipLZMA(src *bufio.Reader, e *zipEntry) (io.Reader, error) {
	var head [9]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return nil, stoppedOr(err, errMalformed)
	}
	if binary.LittleEndian.Uint16(head[2:]) != 5 {
		return nil, errMalformed
	}
	size := uint64(e.size)
	if e.flags&zipMarked != 0 || e.open {
		size = math.MaxUint64 // unknown
	}
	alone := binary.LittleEndian.AppendUint64(head[4:9:9], size)
	return openLZMA(&headed{head: alone, ByteReader: src, rest: src})
}

// zipSum compares what was read with what the header says of it.
type zipSum struct {
	r   io.Reader
	e   *zipEntry
	sum uint32
}

func (s *zipSum) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.sum = updateCRC(s.sum, b[:n])
	if err == io.EOF && s.sum != s.e.crc && s.e.crc != 0 && !s.e.open {
		err = errMalformed
	}
	return n, err
}

func updateCRC(sum uint32, b []byte) uint32 { return crc32.Update(sum, crc32.IEEETable, b) }
