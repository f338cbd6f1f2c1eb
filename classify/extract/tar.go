package extract

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

func init() { register(readTar, "application/x-tar") }

const tarBlock = 512

// isTar reports whether a block is the header of a member: its checksum is
// right. The oldest archives have nothing else to know them by.
func isTar(block []byte) bool {
	if len(block) < tarBlock || block[0] == 0 {
		return false
	}
	want, err := strconv.ParseUint(strings.Trim(string(block[148:156]), " \x00"), 8, 32)
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, c := range block[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	// QUIRK: Sun's tar added up signed characters.
	return int64(want) == unsigned || int64(want) == signed
}

// readTar reads a tar file of any dialect. Behind a damaged header, and behind
// the end of an archive that others were appended to, it goes on at the next
// header, as GNU tar can.
func readTar(c *container) error {
	file := c.file()
	damaged := false
	for at := int64(0); at >= 0; {
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return err
		}
		found, err := readTarMembers(c, tar.NewReader(file))
		if errors.Is(err, errStopped) {
			return err
		}
		damaged = damaged || err != nil
		reached, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if at += tarBlock; found && reached > at {
			at = (reached + tarBlock - 1) / tarBlock * tarBlock
		}
		skipped := false
		if at, skipped, err = nextTarHeader(c, at); err != nil {
			return err
		}
		damaged = damaged || skipped
	}
	if damaged {
		return errMalformed
	}
	return nil
}

// readTarMembers reads members up to the end of an archive, or to what is
// damaged, and says whether there were any.
func readTarMembers(c *container, tr *tar.Reader) (found bool, err error) {
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		found = true
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			err = c.Note(h.Name)
		case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
			err = c.Note(strings.TrimSpace(h.Name + " " + h.Linkname))
		default:
			content := c.expanding(tr)
			if isSparse(h) {
				content = &solid{content}
			}
			err = c.Member(h.Name, content)
		}
		if err != nil {
			return found, err
		}
	}
}

// isSparse reports whether a member has holes, in any of the formats of GNU tar.
func isSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// solid leaves the holes of a file out, and the zeros before what is behind them:
// they say nothing, and would hide of what type the file is.
type solid struct{ r io.Reader }

// Read implements io.Reader.
func (s *solid) Read(b []byte) (int, error) {
	b = b[:min(len(b), tarBlock)]
	for {
		n, err := io.ReadFull(s.r, b)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		if text := bytes.TrimLeft(b[:n], "\x00"); err != nil || len(text) > 0 {
			return copy(b, text), err
		}
	}
}

// nextTarHeader finds the next header from an offset on, and whether there is
// anything but zeros before it; without one the offset is -1.
func nextTarHeader(c *container, from int64) (at int64, skipped bool, err error) {
	buf := make([]byte, 64*tarBlock)
	for at = from; at < c.Size(); {
		n, err := c.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return -1, skipped, err
		}
		for b := buf[:n]; len(b) > 0; {
			if isTar(b) {
				return at, skipped, nil
			}
			block := b[:min(len(b), tarBlock)]
			skipped = skipped || len(bytes.Trim(block, "\x00")) > 0
			b = b[len(block):]
			at += int64(len(block))
		}
	}
	return -1, skipped, nil
}
