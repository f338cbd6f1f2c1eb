package extract

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

func init() {
	register(readProgram, "application/x-elf", "application/vnd.microsoft.portable-executable", "application/octet-stream")
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
	{"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"},
}

// readProgram reads the archive in a program that unpacks itself, or in anything
// else of no known type. With or without one, the rest of it is not read.
func readProgram(c *container) error {
	if name := c.leaf.part.Name; name != "" && !c.leaf.member {
		c.prefix = c.leaf.part.Path + "!" + strings.ReplaceAll(name, "!", "%21")
	}
	z := &zipFile{c: c}
	if err := z.readDirectory(); err != nil {
		return err
	}
	if len(z.entries) > 0 {
		return readZip(c)
	}
	at, read, err := c.findEmbedded()
	if err != nil || read == nil {
		return err
	}
	whole := c.from
	c.from += at
	err = read(c)
	c.from = whole
	if c.told || err == nil || c.stopped != "" || problemOf(err) == Encrypted {
		return err
	}
	return nil // only its signature was there
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
