package extract

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

func init() {
	register(readProgram, "application/x-elf", "application/vnd.microsoft.portable-executable")
	register(readOpaque, "application/octet-stream")
}

// embeddedSearch is how far into a program an archive is looked for: those that
// unpack themselves put it behind a small program.
const embeddedSearch = 4 << 20

// embedded are the archives that stand behind a program, by their signatures.
var embedded = []struct {
	signature string
	media     string
}{
	{"7z\xbc\xaf'\x1c\x00", "application/x-7z-compressed"},
	{"Rar!\x1a\x07", "application/vnd.rar"},
	{cabMagic, "application/vnd.ms-cab-compressed"},
}

// readProgram reads the archive in a program that unpacks itself. If that was
// read whole nothing of it is left to read; a program without one is not read.
func readProgram(c *container) error {
	found, err := c.readEmbedded()
	if found && err == nil {
		c.rd.container = true
	}
	return err
}

// readOpaque reads what is known by nothing that stands at its beginning, and the
// archive in anything else: with that the rest of it is not read.
func readOpaque(c *container) error {
	c.nameMembers()
	switch {
	case c.isISO():
		c.rd.container = true
		return readISO(c)
	case c.isZlib():
		c.rd.container = true
		c.is("application/zlib")
		return compressed(func(r io.Reader, _ int64) (io.Reader, error) { return zlib.NewReader(r) }, 64<<10)(c)
	}
	_, err := c.readEmbedded()
	return err
}

// isZlib reports whether a stream of RFC 1950 is all there is: the header alone
// is one of a few pairs of bytes, so some of it is unpacked.
func (c *container) isZlib() bool {
	var head [2]byte
	if _, err := c.ReadAt(head[:], 0); err != nil || head[0] != 0x78 || (int(head[0])<<8|int(head[1]))%31 != 0 || head[1]&0x20 != 0 {
		return false
	}
	z, err := zlib.NewReader(io.LimitReader(c.file(), maxBlock))
	if err != nil {
		return false
	}
	n, err := io.CopyN(io.Discard, z, maxBlock)
	return err == nil || errors.Is(err, io.EOF) && n > 0 || errors.Is(err, io.ErrUnexpectedEOF) && c.Size() > maxBlock && n > 0
}

// readEmbedded reads the archive in a part that is something else, and says
// whether there is one.
func (c *container) readEmbedded() (bool, error) {
	c.nameMembers()
	z := &zipFile{c: c}
	if err := z.readDirectory(); err != nil {
		return false, err
	}
	media := c.rd.found.media
	defer func() { c.is(media) }() // it is still what it is
	if len(z.entries) > 0 {
		return true, readZip(c)
	}
	at, read, err := c.findEmbedded()
	if err != nil || read == nil {
		return false, err
	}
	whole := c.from
	c.from += at
	err = read(c)
	c.from = whole
	if c.told || err == nil || c.stopped != "" || problemOf(err) == Encrypted {
		return true, err
	}
	return false, nil // only its signature was there
}

// nameMembers puts the name of a part into its members' paths, if it is not in
// that of the part: only now it is known to be a container.
func (c *container) nameMembers() {
	if name := c.leaf.part.Name; name != "" && !c.leaf.member && !c.rd.container {
		c.prefix = c.leaf.part.Path + "!" + strings.ReplaceAll(name, "!", "%21")
	}
}

// zipEndBytes is how long the record at the end of a zip file is at least.
const zipEndBytes = 22

// zipTail is the end of the part, and where in it the record stands that ends a
// zip file; -1 if none does.
func (c *container) zipTail() (tail []byte, at int, err error) {
	tail = make([]byte, min(c.Size(), 64<<10+zipEndBytes))
	if _, err := c.ReadAt(tail, c.Size()-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, -1, err
	}
	return tail, bytes.LastIndex(tail, []byte(zipEnd)), nil
}

// readBehindPDF reads a zip file that stands behind a PDF.
func (c *container) readBehindPDF() error {
	tail, at, err := c.zipTail()
	if err != nil || at <= bytes.LastIndex(tail, []byte("%%EOF")) {
		return err
	}
	c.behind = true
	_, err = c.readEmbedded()
	return err
}

// readBehindDocument reads a zip file that stands behind a document of another
// kind: one that ends where the part does, for documents may hold zip files.
func (c *container) readBehindDocument() error {
	tail, at, err := c.zipTail()
	if err != nil || at < 0 || len(tail)-at < zipEndBytes || at+zipEndBytes+int(binary.LittleEndian.Uint16(tail[at+20:])) != len(tail) {
		return err
	}
	c.behind = true
	_, err = c.readEmbedded()
	return err
}

// withBehind adds to a format the zip file that may stand behind what it reads.
func withBehind(read format, behind func(*container) error) format {
	return func(c *container) error {
		err := read(c)
		if c.stopped == "" {
			if found := behind(c); err == nil || c.stopped != "" {
				err = found
			}
		}
		return err
	}
}

// findEmbedded finds the first signature of an archive that can be read.
func (c *container) findEmbedded() (int64, format, error) {
	const overlap = 16
	pooled := blocks.Get().(*[maxBlock]byte)
	defer blocks.Put(pooled)
	for at := int64(0); at < min(c.Size(), embeddedSearch); at += maxBlock - overlap {
		n, err := c.ReadAt(pooled[:], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		for _, e := range embedded {
			if i := bytes.Index(pooled[:n], []byte(e.signature)); i >= 0 && formats[e.media] != nil {
				return at + int64(i), formats[e.media], nil
			}
		}
	}
	return 0, nil, nil
}
