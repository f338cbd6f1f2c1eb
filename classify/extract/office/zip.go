package office

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/postern-mail/postern/classify/extract/inflate"
)

// maxParts bounds the parts of a document that are looked at.
const maxParts = 20000

// part is a member of the document's zip file.
type part struct {
	name   string // as it stands there, "/" between folders
	key    string // lower case, without a leading "/" (OPC names ignore case)
	raw    *io.SectionReader
	method uint16
	locked bool // encrypted by zip itself
	done   bool
	open   bool  // its end is not known
	at     int64 // where its content begins
}

// listParts lists the members of a zip file in the order of its directory or,
// if that is broken, in the order of the members themselves.
func listParts(src io.ReaderAt, size int64) ([]*part, error) {
	z, err := zip.NewReader(src, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return scanParts(src, size)
	}
	var parts []*part
	for _, f := range z.File[:min(len(z.File), maxParts)] {
		at, err := f.DataOffset()
		if err != nil || strings.HasSuffix(f.Name, "/") {
			continue
		}
		n := min(int64(f.CompressedSize64), size-at)
		parts = append(parts, newPart(f.Name, io.NewSectionReader(src, at, n), f.Method, f.Flags))
	}
	if len(parts) < len(z.File) && len(parts) == 0 {
		return scanParts(src, size)
	}
	return parts, nil
}

func newPart(name string, raw *io.SectionReader, method, flags uint16) *part {
	name = strings.ReplaceAll(name, "\\", "/")
	return &part{name: name, key: strings.ToLower(strings.TrimPrefix(name, "/")), raw: raw, method: method, locked: flags&1 != 0}
}

// scanParts lists the members of a zip file by their local headers (APPNOTE
// 4.3.7), for a file whose directory is broken or missing. A deflated member
// ends by itself; a stored one of unknown size reaches to the next header.
func scanParts(src io.ReaderAt, size int64) ([]*part, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(src, 0, size), 64<<10)
	var parts []*part
	var at int64
	for len(parts) < maxParts {
		window, err := r.Peek(32 << 10)
		n := bytes.Index(window, localHeader)
		if n < 0 {
			if len(window) < 4 || err != nil && len(window) <= 4 {
				break
			}
			n = max(1, len(window)-3)
			_, _ = r.Discard(n)
			at += int64(n)
			continue
		}
		_, _ = r.Discard(n)
		at += int64(n)
		h, _ := r.Peek(30)
		if len(h) < 30 {
			break
		}
		flags, method := binary.LittleEndian.Uint16(h[6:]), binary.LittleEndian.Uint16(h[8:])
		packed := int64(binary.LittleEndian.Uint32(h[18:]))
		nameLen, extraLen := int(binary.LittleEndian.Uint16(h[26:])), int(binary.LittleEndian.Uint16(h[28:]))
		named, _ := r.Peek(min(30+nameLen, 4<<10))
		data := at + int64(30+nameLen+extraLen)
		if last := len(parts) - 1; last >= 0 && parts[last].open { // it ends here at the latest
			parts[last].raw = io.NewSectionReader(src, parts[last].at, max(0, at-parts[last].at))
		}
		unsized := packed == 0 || packed > size-data
		if unsized {
			packed = size - data
		}
		if name := string(named[min(30, len(named)):]); name != "" && data < size && !strings.HasSuffix(name, "/") {
			p := newPart(name, io.NewSectionReader(src, data, packed), method, flags)
			p.open, p.at = unsized && method == zip.Store, data
			parts = append(parts, p)
		}
		step := int64(4)
		if !unsized { // what is in it is its own
			step = data + packed - at
		}
		k, _ := r.Discard(int(min(step, size)))
		at += int64(k)
	}
	if len(parts) == 0 {
		return nil, ErrUnsupported
	}
	return parts, ErrMalformed
}

var localHeader = []byte("PK\x03\x04")

// inflaters are to be used again.
var inflaters = sync.Pool{New: func() any { return inflate.NewReader(nil) }}

// content is the expanded content of a part; Out was asked for every byte.
type content struct {
	src io.Reader
	inf *inflate.Reader
	out Out
	err error // of Out
	bad bool  // the compressed data is damaged
}

// expand begins to expand a part. Its content is to be closed.
func (p *part) expand(out Out) (*content, error) {
	c := &content{out: out}
	_, _ = p.raw.Seek(0, io.SeekStart)
	switch p.method {
	case zip.Store:
		c.src = p.raw
	case zip.Deflate:
		c.inf = inflaters.Get().(*inflate.Reader)
		c.inf.Reset(p.raw)
		c.src = c.inf
	default:
		return nil, ErrMalformed
	}
	return c, nil
}

func (c *content) Read(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.src.Read(b)
	if n > 0 {
		if c.err = c.out.Expand(n); c.err != nil {
			return 0, c.err
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.bad = true
	}
	return n, err
}

func (c *content) Close() {
	if c.inf != nil {
		c.inf.Reset(nil)
		inflaters.Put(c.inf)
		c.inf, c.src = nil, strings.NewReader("")
	}
}
