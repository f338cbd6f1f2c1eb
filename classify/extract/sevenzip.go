package extract

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
)

func init() { register(readSevenZip, "application/x-7z-compressed") }

// sevenZipHeader bounds the header of a 7z file when it is unpacked.
const sevenZipHeader = 32 << 20

// sevenZipMost is how many members, streams or folders a header may speak of.
const sevenZipMost = 1 << 18

// readSevenZip reads a 7z file (7zFormat.txt of the LZMA SDK): 32 bytes that say
// where the header is, streams, and the header, which may be packed itself.
func readSevenZip(c *container) error {
	var start [32]byte
	if _, err := c.ReadAt(start[:], 0); err != nil {
		return stoppedOr(err, errMalformed)
	}
	le := binary.LittleEndian
	offset, size, sum := le.Uint64(start[12:]), le.Uint64(start[20:]), le.Uint32(start[28:])
	if crc32.ChecksumIEEE(start[12:]) != le.Uint32(start[8:]) || size > uint64(c.Size()) || offset > uint64(c.Size())-size {
		return errMalformed
	}
	if size == 0 {
		return nil // an archive of nothing
	}
	if size > sevenZipHeader {
		return errTooBig
	}
	if err := c.hold(int64(size)); err != nil {
		return err
	}
	b := make([]byte, size)
	if _, err := c.ReadAt(b, 32+int64(offset)); err != nil {
		return stoppedOr(err, errMalformed)
	}
	if crc32.ChecksumIEEE(b) != sum {
		return errMalformed
	}
	for range 4 { // a packed header may be packed again
		p := &sevenZipParser{b: b}
		switch p.byte() {
		case sevenZipIsHeader:
			p.header()
			if p.many {
				return c.stop(TooMany)
			}
			if p.failed {
				return errMalformed
			}
			return readSevenZipFiles(c, p)
		case sevenZipIsPacked:
			p.streams()
			if p.failed || len(p.folders) == 0 {
				return errMalformed
			}
			var err error
			if b, err = unpackSevenZipHeader(c, p); err != nil {
				return err
			}
		default:
			return errMalformed
		}
	}
	return errMalformed
}

func unpackSevenZipHeader(c *container, p *sevenZipParser) ([]byte, error) {
	f := p.folders[0]
	size := f.size()
	if size > sevenZipHeader {
		return nil, errTooBig
	}
	if err := c.hold(int64(size)); err != nil {
		return nil, err
	}
	r, free, err := c.openFolder(p, f)
	if err != nil {
		return nil, err
	}
	defer free()
	b, err := io.ReadAll(c.expanding(io.LimitReader(r, int64(size))))
	if err != nil || uint64(len(b)) != size || f.hasSum && crc32.ChecksumIEEE(b) != f.sum {
		return nil, stoppedOr(err, errMalformed)
	}
	return b, nil
}

// readSevenZipFiles hands over the members. Those of one folder share a stream:
// one that is not read to its end ends the reading of those behind it.
func readSevenZipFiles(c *container, p *sevenZipParser) error {
	folder, stream := -1, 0
	var r io.Reader
	var why error // the folder cannot be read on
	free := func() {}
	defer func() { free() }()
	for _, file := range p.files {
		if file.empty {
			err := c.Note(file.name)
			if !file.folder {
				err = c.Member(file.name, nil)
			}
			if err != nil {
				return err
			}
			continue
		}
		for folder < 0 || folder < len(p.folders) && stream >= len(p.folders[folder].streams) {
			free()
			folder, stream, r, why, free = folder+1, 0, nil, nil, func() {}
		}
		if folder == len(p.folders) {
			return errMalformed
		}
		f := p.folders[folder]
		s := f.streams[stream]
		stream++
		if r == nil && why == nil {
			if err := c.check(); err != nil {
				return err
			}
			r, free, why = c.openFolder(p, f)
			if why != nil {
				free = func() {}
			}
		}
		if why != nil {
			if err := c.Unread(file.name, int64(min(s.size, math.MaxInt64)), why); err != nil {
				return err
			}
			continue
		}
		content := &checked{r: io.LimitReader(r, int64(min(s.size, math.MaxInt64))), left: s.size, crc: s.sum}
		if err := c.Member(file.name, c.expanding(content)); err != nil {
			return err
		}
		switch {
		case content.failed != nil:
			why = errMalformed
		case content.left > 0:
			why = errTooBig
		}
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
	if err == io.EOF && (k.left > 0 || k.crc != 0 && k.crc != k.sum) {
		err = errMalformed
	}
	if err != nil && err != io.EOF {
		k.failed = err
	}
	return n, err
}

// Kinds of records in a header.
const (
	sevenZipIsHeader = 1
	sevenZipArchive  = 2
	sevenZipMore     = 3
	sevenZipStreams  = 4
	sevenZipFiles    = 5
	sevenZipPack     = 6
	sevenZipUnpack   = 7
	sevenZipSub      = 8
	sevenZipSizes    = 9
	sevenZipSums     = 10
	sevenZipFolders  = 11
	sevenZipUnsized  = 12
	sevenZipCounts   = 13
	sevenZipEmpty    = 14
	sevenZipNoFolder = 15
	sevenZipNames    = 17
	sevenZipIsPacked = 23
)

// openFolder opens a folder's stream. free gives back the memory of its coders.
func (c *container) openFolder(p *sevenZipParser, f *sevenZipFolder) (r io.Reader, free func(), err error) {
	held := c.held
	o := &folderOpener{c: c, p: p, f: f}
	// A cipher anywhere in the chain is what there is to say.
	for _, coder := range f.coders {
		if locked := sevenZipCiphers[coder.method]; locked != nil {
			return nil, nil, locked
		}
	}
	r, err = o.open(f.last(), 0)
	free = func() { _ = c.hold(held - c.held) } // giving back never fails
	if err != nil {
		free()
		return nil, nil, err
	}
	return r, free, nil
}

type folderOpener struct {
	c *container
	p *sevenZipParser
	f *sevenZipFolder
}

// open opens the output of a coder and, below it, what it reads.
func (o *folderOpener) open(coder, depth int) (io.Reader, error) {
	if depth > maxCoders || coder >= len(o.f.sizes) {
		return nil, errMalformed
	}
	in := 0
	for _, k := range o.f.coders[:coder] {
		in += k.ins
	}
	k := o.f.coders[coder]
	var ins []*bufio.Reader
	for i := in; i < in+k.ins; i++ {
		r, err := o.input(i, depth)
		if err != nil {
			return nil, err
		}
		ins = append(ins, bufio.NewReaderSize(r, 16<<10))
	}
	open := sevenZipCoders[k.method]
	if open == nil {
		return nil, errUnsupported
	}
	if open.ins != len(ins) {
		return nil, errMalformed
	}
	size := o.f.sizes[coder]
	r, err := open.open(o.c, k.props, size, ins)
	if err != nil {
		if problemOf(err) == Malformed && !errors.Is(err, errStopped) {
			err = errMalformed
		}
		return nil, err
	}
	return io.LimitReader(r, int64(min(size, math.MaxInt64))), nil
}

// input opens an input: the output of another coder, or a packed stream.
func (o *folderOpener) input(in, depth int) (io.Reader, error) {
	if out := o.f.bound(in); out >= 0 {
		return o.open(out, depth+1)
	}
	for i, packed := range o.f.packed {
		if packed != in || o.f.first+i >= len(o.p.packs) {
			continue
		}
		at := o.p.packAt
		for _, size := range o.p.packs[:o.f.first+i] {
			if at += size; at > math.MaxInt64/2 {
				return nil, errMalformed
			}
		}
		size := o.p.packs[o.f.first+i]
		if at > uint64(o.c.Size()) {
			return nil, errMalformed
		}
		return io.NewSectionReader(o.c, 32+int64(at), int64(min(size, math.MaxInt64/4))), nil
	}
	return nil, errMalformed
}
