package extract

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

func init() {
	register(readGzip, "application/gzip")
	register(compressed(func(r io.Reader, _ int64) (io.Reader, error) { return bzip2.NewReader(r), nil }, 8<<20), "application/x-bzip2")
	register(compressed(openXZ, maxDictionary), "application/x-xz")
	register(compressed(openZstd, maxDictionary), "application/zstd")
	register(compressed(func(r io.Reader, _ int64) (io.Reader, error) { return lz4.NewReader(r), nil }, 16<<20), "application/x-lz4")
	register(compressed(func(r io.Reader, _ int64) (io.Reader, error) { return openLZMA(r) }, maxDictionary), "application/x-lzma")
}

// maxDictionary bounds the memory in which a decoder looks back. It is more than
// any compressor takes for a file that a mail can carry, unless told to.
const maxDictionary = 64 << 20

// opener makes a decoder of compressed bytes, which looks back no further than
// into so many bytes.
type opener func(r io.Reader, window int64) (io.Reader, error)

func openXZ(r io.Reader, window int64) (io.Reader, error) {
	x, err := xz.NewReader(r, uint32(window))
	if err != nil {
		return nil, xzError(err)
	}
	return &xzReader{x}, nil
}

// xzReader translates what the library says.
type xzReader struct{ *xz.Reader }

func (x *xzReader) Read(b []byte) (int, error) {
	n, err := x.Reader.Read(b)
	return n, xzError(err)
}

func xzError(err error) error {
	switch {
	case errors.Is(err, xz.ErrMemlimit):
		return errTooBig
	case errors.Is(err, xz.ErrOptions):
		return errUnsupported
	}
	return err
}

func openZstd(r io.Reader, window int64) (io.Reader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(window)))
	if err != nil {
		return nil, zstdError(err)
	}
	return &zstdReader{z}, nil
}

// zstdReader translates what the library says, and lets it go at the end.
type zstdReader struct{ *zstd.Decoder }

func (z *zstdReader) Read(b []byte) (int, error) {
	n, err := z.Decoder.Read(b)
	if err != nil {
		z.Close()
	}
	return n, zstdError(err)
}

func zstdError(err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return errTooBig
	}
	return err
}

// isLZMA reports whether bytes begin a file of LZMA without any container: it
// has no signature, but few properties, dictionaries and sizes are in use.
func isLZMA(head []byte) bool {
	if len(head) < 18 || head[0] != 0x5d || head[13] != 0 {
		return false
	}
	dict, size := binary.LittleEndian.Uint32(head[1:]), binary.LittleEndian.Uint64(head[5:])
	return dict >= 1<<12 && dict&(dict-1) == 0 && (size == math.MaxUint64 || size < 1<<38)
}

func openLZMA(r io.Reader) (io.Reader, error) {
	l, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(r)
	if _, ok := errors.AsType[*lzma.ErrDictSize](err); ok {
		return nil, errTooBig
	}
	return l, err
}

// compressed is the format of files that are one other file, compressed, and
// hold no name of it. memory is the most that its decoder takes.
func compressed(open opener, memory int64) format {
	return func(c *container) error {
		window := memory
		src := bufio.NewReaderSize(c.file(), maxBlock/2)
		if head, _ := src.Peek(64); windowOf(head) > 0 {
			window = min(max(windowOf(head), minWindow), memory)
		}
		if err := c.hold(min(window, c.r.limits.MailMemory/2)); err != nil {
			return err
		}
		r, err := open(src, window)
		if err != nil {
			return err
		}
		return c.Member(c.innerName(), c.expanding(r))
	}
}

// expanding is a reader of decoded bytes, each of which Expand is asked for.
func (c *container) expanding(r io.Reader) io.Reader { return &expanding{c, r} }

type expanding struct {
	c *container
	r io.Reader
}

func (e *expanding) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if n > 0 {
		if limit := e.c.Expand(n); limit != nil {
			return 0, limit
		}
	}
	return n, err
}

// innerNames are the endings of compressed files, and what becomes of them.
var innerNames = []struct{ outer, inner string }{
	{".tgz", ".tar"},
	{".tbz", ".tar"},
	{".tbz2", ".tar"},
	{".txz", ".tar"},
	{".tzst", ".tar"},
	{".taz", ".tar"},
	{".tlz", ".tar"},
	{".svgz", ".svg"},
	{".gz", ""},
	{".bz2", ""},
	{".xz", ""},
	{".zst", ""},
	{".lz4", ""},
	{".lzma", ""},
	{".lz", ""},
	{".z", ""},
	{".zz", ""},
	{".zlib", ""},
}

// innerName is what the file in a compressed file is called, if its name says so.
func (c *container) innerName() string {
	name := c.leaf.part.Name
	for _, e := range innerNames {
		if stem := len(name) - len(e.outer); stem > 0 && strings.EqualFold(name[stem:], e.outer) {
			return name[:stem] + e.inner
		}
	}
	return ""
}

// readGzip reads the members of a gzip file as one content, as RFC 1952 section
// 2.2 has it. Its first member may name it.
func readGzip(c *container) error {
	src := bufio.NewReaderSize(c.file(), maxBlock/2)
	zr, err := gzip.NewReader(src)
	if err != nil {
		return err
	}
	zr.Multistream(false)
	if err := c.Note(zr.Comment); err != nil {
		return err
	}
	name := zr.Name
	if name == "" {
		name = c.innerName()
	}
	return c.Member(name, c.expanding(&gzipMembers{src: src, zr: zr}))
}

// gzipMembers reads one member behind the other. Zeros behind the last one are
// padding, anything else is malformed.
type gzipMembers struct {
	src *bufio.Reader
	zr  *gzip.Reader
}

func (g *gzipMembers) Read(b []byte) (int, error) {
	n, err := g.zr.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	for {
		switch next, err := g.src.Peek(1); {
		case err != nil:
			return n, err
		case next[0] != 0:
			if err := g.zr.Reset(g.src); err != nil {
				return n, errMalformed
			}
			g.zr.Multistream(false)
			return n, nil
		}
		_, _ = g.src.Discard(1) // it was peeked at
	}
}
