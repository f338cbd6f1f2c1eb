package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"golang.org/x/text/encoding/charmap"
)

func init() { register(readCab, "application/vnd.ms-cab-compressed") }

// cabMagic begins a cabinet; four reserved bytes are zero.
const cabMagic = "MSCF\x00\x00\x00\x00"

// Flags and bounds of a cabinet ([MS-CAB] section 2).
const (
	cabBefore   = 1 // another cabinet comes before
	cabAfter    = 2
	cabReserved = 4
	cabUTF8     = 0x80
	cabBlock    = 32 << 10 // what a block makes at most
	cabLoose    = 6 << 10  // what packing may add to that
	cabFromLast = 0xfffd   // the file begins in the cabinet before
	cabToNext   = 0xfffe
)

// cabFile is a file of a cabinet.
type cabFile struct {
	name     string
	folder   int
	at, size int64 // in what its folder unpacks to
}

// cabFolder is a run of blocks that are packed in one way.
type cabFolder struct {
	at     int64
	blocks int
	method uint16
}

// readCab reads a Microsoft cabinet: folders of blocks, packed as they are, by
// MSZIP or by LZX, and files that are pieces of what folders unpack to.
func readCab(c *container) error {
	var head [36]byte
	if _, err := c.ReadAt(head[:], 0); err != nil {
		return stoppedOr(err, errMalformed)
	}
	le := binary.LittleEndian
	flags := le.Uint16(head[30:])
	folderCount, fileCount := int(le.Uint16(head[26:])), int(le.Uint16(head[28:]))
	at, folderExtra, blockExtra := int64(36), int64(0), int64(0)
	if flags&cabReserved != 0 {
		var sizes [4]byte
		if _, err := c.ReadAt(sizes[:], at); err != nil {
			return stoppedOr(err, errMalformed)
		}
		at += 4 + int64(le.Uint16(sizes[:]))
		folderExtra, blockExtra = int64(sizes[2]), int64(sizes[3])
	}
	for _, flag := range []uint16{cabBefore, cabAfter} {
		for range 2 {
			if flags&flag != 0 { // the name of the other cabinet, and of its disk
				name, next, err := c.cabString(at)
				if err != nil {
					return err
				}
				if err := c.Note(cabName(name, 0)); err != nil {
					return err
				}
				at = next
			}
		}
	}
	folders := make([]cabFolder, 0, min(folderCount, 1000))
	for range folderCount {
		var f [8]byte
		if _, err := c.ReadAt(f[:], at); err != nil {
			return stoppedOr(err, errMalformed)
		}
		folders = append(folders, cabFolder{int64(le.Uint32(f[:])), int(le.Uint16(f[4:])), le.Uint16(f[6:])})
		at += 8 + folderExtra
	}
	files, err := c.cabFiles(int64(le.Uint32(head[16:])), fileCount)
	if err != nil && errors.Is(err, errStopped) {
		return err
	}
	if told := c.readCabFolders(folders, files, blockExtra, len(folders)); told != nil {
		return told
	}
	if err == nil && flags&(cabBefore|cabAfter) != 0 {
		return errUnsupported // the rest is in other cabinets
	}
	return err
}

// cabFiles reads the entries of files.
func (c *container) cabFiles(at int64, count int) ([]cabFile, error) {
	var files []cabFile
	for range count {
		var f [16]byte
		if _, err := c.ReadAt(f[:], at); err != nil {
			return files, stoppedOr(err, errMalformed)
		}
		name, next, err := c.cabString(at + 16)
		if err != nil {
			return files, err
		}
		if err := c.hold(int64(len(name)) + 100); err != nil {
			return files, err
		}
		le := binary.LittleEndian
		files = append(files, cabFile{
			name: cabName(name, le.Uint16(f[14:])), folder: int(le.Uint16(f[8:])),
			size: int64(le.Uint32(f[:])), at: int64(le.Uint32(f[4:])),
		})
		at = next
	}
	return files, nil
}

// cabString reads a string that ends with a NUL, of 255 bytes at most.
func (c *container) cabString(at int64) (s []byte, next int64, err error) {
	var b [256]byte
	n, err := c.ReadAt(b[:], at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	end := bytes.IndexByte(b[:n], 0)
	if end < 0 {
		return nil, 0, errMalformed
	}
	return b[:end], at + int64(end) + 1, nil
}

func cabName(name []byte, attributes uint16) string {
	if attributes&cabUTF8 != 0 {
		return string(name)
	}
	if text := hybridString(name); text != "" {
		return text
	}
	text, _ := charmap.Windows1252.NewDecoder().Bytes(name) // it takes any byte
	return string(text)
}

// readCabFolders hands over the files of each folder, in the order of their bytes.
func (c *container) readCabFolders(folders []cabFolder, files []cabFile, extra int64, count int) error {
	var r *cabReader
	current := -1
	for _, f := range files {
		if f.folder >= cabFromLast || f.folder >= count {
			why := errUnsupported
			if f.folder < cabFromLast {
				why = errMalformed
			}
			if err := c.Unread(f.name, f.size, why); err != nil {
				return err
			}
			continue
		}
		if f.folder != current || r == nil || f.at < r.at {
			current = f.folder
			r = &cabReader{c: c, next: folders[current].at, left: folders[current].blocks, extra: extra}
			if err := r.open(folders[current].method); err != nil {
				r.err = err
			}
		}
		if r.err == nil {
			_, r.err = io.CopyN(io.Discard, r, f.at-r.at)
		}
		if r.err != nil {
			if errors.Is(r.err, errStopped) {
				return r.err
			}
			why := r.err
			if problemOf(why) == Malformed {
				why = errMalformed
			}
			if err := c.Unread(f.name, f.size, why); err != nil {
				return err
			}
			continue
		}
		if err := c.Member(f.name, &cabContent{r, f.size}); err != nil {
			return err
		}
	}
	return nil
}

// cabContent is one file of a folder.
type cabContent struct {
	r    *cabReader
	left int64
}

func (f *cabContent) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.r.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = errMalformed // the folder ends within the file
	}
	return n, err
}

// cabReader unpacks the blocks of one folder.
type cabReader struct {
	c      *container
	next   int64 // the next block
	left   int   // blocks
	extra  int64 // bytes that something else reserved in each block
	at     int64 // bytes that were read
	unpack func(packed []byte, size int) ([]byte, error)
	block  []byte
	err    error
}

func (r *cabReader) open(method uint16) error {
	switch method & 0xf {
	case 0:
		r.unpack = func(packed []byte, size int) ([]byte, error) { return packed, nil }
	case 1:
		r.unpack = newMSZIP()
	case 3:
		window := uint(method >> 8 & 0x1f)
		if window < 15 || window > 21 {
			return errMalformed
		}
		if err := r.c.hold(1 << window); err != nil {
			return err
		}
		r.unpack = newLZX(window).unpack
	default:
		return errUnsupported
	}
	return nil
}

// Read implements io.Reader.
func (r *cabReader) Read(b []byte) (int, error) {
	for len(r.block) == 0 {
		if r.err == nil {
			r.err = r.readBlock()
		}
		if r.err != nil {
			return 0, r.err
		}
	}
	n := copy(b, r.block)
	r.block = r.block[n:]
	r.at += int64(n)
	return n, nil
}

func (r *cabReader) readBlock() error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	var head [8]byte
	if _, err := r.c.ReadAt(head[:], r.next); err != nil {
		return stoppedOr(err, errMalformed)
	}
	packed, size := int64(binary.LittleEndian.Uint16(head[4:])), int(binary.LittleEndian.Uint16(head[6:]))
	if packed > cabBlock+cabLoose || size > cabBlock {
		return errMalformed
	}
	if size == 0 {
		return errUnsupported // the rest of the block is in the next cabinet
	}
	b := make([]byte, packed)
	if _, err := r.c.ReadAt(b, r.next+8+r.extra); err != nil && len(b) > 0 {
		return stoppedOr(err, errMalformed)
	}
	r.next += 8 + r.extra + packed
	if err := r.c.Expand(size); err != nil {
		return err
	}
	block, err := r.unpack(b, size)
	if err == nil && len(block) != size {
		err = errMalformed
	}
	r.block = block
	return err
}

// newMSZIP returns what unpacks blocks of MSZIP ([MS-MCI]): each is a Deflate
// stream behind "CK", and looks back into the one before.
func newMSZIP() func([]byte, int) ([]byte, error) {
	var before []byte
	inflater := flate.NewReader(nil)
	return func(packed []byte, size int) ([]byte, error) {
		if !bytes.HasPrefix(packed, []byte("CK")) {
			return nil, errMalformed
		}
		if err := inflater.(flate.Resetter).Reset(bytes.NewReader(packed[2:]), before); err != nil {
			return nil, errMalformed
		}
		block := make([]byte, size)
		n, err := io.ReadFull(inflater, block)
		if err != nil {
			return block[:n], errMalformed
		}
		before = block
		return block, nil
	}
}
