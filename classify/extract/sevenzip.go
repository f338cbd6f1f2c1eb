package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stangelandcl/ppmd"
	"github.com/ulikunitz/xz/lzma"
)

func init() {
	register(readSevenZip, "application/x-7z-compressed")
	// The library's own decoders take the memory that the archive asks for, and
	// its decryption works out keys nobody has the password for.
	for method, decoder := range map[string]sevenzip.Decompressor{
		"\x03\x01\x01":     sevenZipLZMA,
		"\x21":             sevenZipLZMA2,
		"\x03\x04\x01":     sevenZipPPMd,
		"\x04\xf7\x11\x01": sevenZipZstd,
		"\x06\xf1\x07\x01": sevenZipAES,
		"\x06\xf1\x01\x01": sevenZipZipCrypto,
		"\x06\xf1\x03\x03": sevenZipRar3,
	} {
		sevenzip.RegisterDecompressor([]byte(method), decoder)
	}
}

func sevenZipAES([]byte, uint64, []io.ReadCloser) (io.ReadCloser, error) {
	return nil, &lockedError{Cipher: "AES-256"}
}

func sevenZipZipCrypto([]byte, uint64, []io.ReadCloser) (io.ReadCloser, error) {
	return nil, &lockedError{Cipher: "ZipCrypto", Weak: true}
}

func sevenZipRar3([]byte, uint64, []io.ReadCloser) (io.ReadCloser, error) {
	return nil, &lockedError{Cipher: "AES-128"}
}

// coded is a decoder over the stream that is closed with it.
type coded struct {
	io.Reader
	io.Closer
}

// dictionaryFor is the memory to look back in: no more than there will be bytes.
func dictionaryFor(claimed, size uint64) (int, error) {
	n := max(min(claimed, size), lzma.MinDictCap)
	if n > maxDictionary {
		return 0, errTooBig
	}
	return int(n), nil
}

func sevenZipLZMA(props []byte, size uint64, in []io.ReadCloser) (io.ReadCloser, error) {
	if len(in) != 1 || len(props) != 5 {
		return nil, errMalformed
	}
	dict, err := dictionaryFor(uint64(binary.LittleEndian.Uint32(props[1:])), size)
	if err != nil {
		return nil, err
	}
	head := binary.LittleEndian.AppendUint32(props[:1:1], uint32(dict))
	head = binary.LittleEndian.AppendUint64(head, size)
	r, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(&headed{head: head, ByteReader: lzma.ByteReader(in[0]), rest: in[0]})
	return coded{r, in[0]}, err
}

// headed reads a head, then the rest.
type headed struct {
	head []byte
	io.ByteReader
	rest io.Reader
}

func (h *headed) Read(b []byte) (int, error) {
	if len(h.head) > 0 {
		n := copy(b, h.head)
		h.head = h.head[n:]
		return n, nil
	}
	return h.rest.Read(b)
}

func sevenZipLZMA2(props []byte, size uint64, in []io.ReadCloser) (io.ReadCloser, error) {
	if len(in) != 1 || len(props) != 1 || props[0] > 40 {
		return nil, errMalformed
	}
	claimed := uint64(math.MaxUint32)
	if p := props[0]; p < 40 {
		claimed = (2 | uint64(p&1)) << (p/2 + 11)
	}
	dict, err := dictionaryFor(claimed, size)
	if err != nil {
		return nil, err
	}
	r, err := lzma.Reader2Config{DictCap: dict}.NewReader2(in[0])
	return coded{r, in[0]}, err
}

func sevenZipPPMd(props []byte, size uint64, in []io.ReadCloser) (io.ReadCloser, error) {
	if len(in) != 1 || len(props) != 5 || size > math.MaxInt64 {
		return nil, errMalformed
	}
	memory := binary.LittleEndian.Uint32(props[1:])
	if memory > maxDictionary {
		return nil, errTooBig
	}
	r, err := ppmd.NewH7zReader(in[0], int(props[0]), int(memory), int(size))
	return coded{&r, in[0]}, err
}

func sevenZipZstd(_ []byte, _ uint64, in []io.ReadCloser) (io.ReadCloser, error) {
	if len(in) != 1 {
		return nil, errMalformed
	}
	r, err := zstd.NewReader(in[0], zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxDictionary))
	if err != nil {
		return nil, err
	}
	return r.IOReadCloser(), nil
}

// readSevenZip reads a 7z file. Its members share compressed streams: one that
// is not read to its end ends the reading of those behind it.
func readSevenZip(c *container) error {
	if err := c.hold(min(maxDictionary, c.r.limits.MailMemory/2)); err != nil {
		return err
	}
	var start [32]byte
	if _, err := c.ReadAt(start[:], 0); err == nil && c.Size() == 32 && binary.LittleEndian.Uint64(start[20:]) == 0 {
		return nil // an archive of nothing has no header
	}
	z, err := sevenzip.NewReader(c, c.Size())
	if err != nil {
		return err
	}
	lost := map[int]error{} // streams that cannot be read on, and why
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			err = c.Note(f.Name)
		} else if why := lost[f.Stream]; why != nil && f.UncompressedSize > 0 {
			err = c.Unread(f.Name, int64(min(f.UncompressedSize, math.MaxInt64)), why)
		} else {
			err = readSevenZipMember(c, f, lost)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func readSevenZipMember(c *container, f *sevenzip.File, lost map[int]error) error {
	content, err := f.Open()
	if err != nil {
		if limit := c.check(); limit != nil {
			return limit
		}
		why := err
		if problemOf(err) == Malformed {
			why = errUnsupported // the library knows no such method
		}
		lost[f.Stream] = why
		return c.Unread(f.Name, int64(min(f.UncompressedSize, math.MaxInt64)), why)
	}
	counted := &checked{r: content, left: f.UncompressedSize, crc: f.CRC32}
	if err := c.Member(f.Name, c.expanding(counted)); err != nil {
		return err
	}
	switch {
	case counted.left == 0:
		_ = content.Close() // it is read; closing says no more
	case counted.failed != nil:
		lost[f.Stream] = errMalformed
	default:
		lost[f.Stream] = errTooBig
	}
	return nil
}

// checked reads a content of known length and, if it has one, checksum.
type checked struct {
	r      io.Reader
	left   uint64
	crc    uint32 // 0 if unknown
	sum    uint32
	failed error
}

func (k *checked) Read(b []byte) (int, error) {
	n, err := k.r.Read(b)
	k.sum = updateCRC(k.sum, b[:n])
	k.left -= min(k.left, uint64(n))
	if errors.Is(err, io.EOF) {
		err = io.EOF
		if k.left > 0 || k.crc != 0 && k.crc != k.sum {
			err = errMalformed
		}
	}
	if err != nil && err != io.EOF {
		k.failed = err
	}
	return n, err
}
