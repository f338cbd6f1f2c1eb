package extract

import (
	"bufio"
	"io"
	"slices"
)

// Entries of AppleSingle and AppleDouble files (RFC 1740 appendix).
const (
	appleData     = 1
	appleName     = 3
	appleComment  = 4
	appleHeader   = 26
	appleEntry    = 12
	maxAppleEntry = 64
	maxAppleText  = 4 << 10
)

// openApple reads an AppleSingle file, whose data fork is the file that a person
// would name, or an AppleDouble one, which has none: what it holds besides, icons
// and places of windows, is for the Finder.
func (rd *reading) openApple() stage {
	l := rd.leaf
	return newPulled(l.r, func(src *bufio.Reader) {
		found, err := rd.readApple(src)
		switch {
		case l.r.halted() || l.over:
		case err != nil:
			l.problem(Malformed)
		case !found:
			rd.found.family = silent
		}
	})
}

func (rd *reading) readApple(src *bufio.Reader) (found bool, err error) {
	l := rd.leaf
	head := make([]byte, appleHeader)
	if _, err := io.ReadFull(src, head); err != nil {
		return false, err
	}
	type entry struct{ id, at, size uint64 }
	entries := make([]entry, min(bigEndian(head[24:26]), maxAppleEntry))
	for i := range entries {
		b := make([]byte, appleEntry)
		if _, err := io.ReadFull(src, b); err != nil {
			return false, err
		}
		entries[i] = entry{bigEndian(b[:4]), bigEndian(b[4:8]), bigEndian(b[8:])}
	}
	slices.SortFunc(entries, func(a, b entry) int { return int(int64(a.at) - int64(b.at)) })
	name := ""
	pos := uint64(appleHeader + appleEntry*len(entries))
	for _, e := range entries {
		if e.at < pos {
			if e.size > 0 && e.id == appleData {
				return found, errMalformed // it overlaps another one
			}
			continue
		}
		if _, err := io.CopyN(io.Discard, src, int64(e.at-pos)); err != nil {
			return found, err
		}
		pos = e.at
		switch e.id {
		case appleData:
			found = true
			if l.part.Name != "" {
				name = l.part.Name
			}
			body := &io.LimitedReader{R: src, N: int64(e.size)}
			out := l.within(member{name: name})
			err := l.copyTo(out, body)
			if err == nil && body.N > 0 {
				err = io.ErrUnexpectedEOF
			}
			out.close()
			if err != nil {
				return found, err
			}
			pos += e.size
		case appleName, appleComment:
			b, err := io.ReadAll(io.LimitReader(src, int64(min(e.size, maxAppleText))))
			if err != nil {
				return found, err
			}
			if e.id == appleName {
				name = hybridString(b)
			}
			l.tellName(hybridString(b))
			pos += uint64(len(b))
		}
	}
	return found, nil
}

// openMacBinary reads a MacBinary file: a header of 128 bytes, the data fork,
// the resource fork.
func (rd *reading) openMacBinary() stage {
	l := rd.leaf
	return newPulled(l.r, func(src *bufio.Reader) {
		head := make([]byte, macBinaryHeader)
		_, err := io.ReadFull(src, head)
		if err == nil {
			out := l.within(member{name: hybridString(head[2 : 2+head[1]])})
			size := int64(bigEndian(head[83:87]))
			body := &io.LimitedReader{R: src, N: size}
			err = l.copyTo(out, body)
			if err == nil && body.N > 0 {
				err = io.ErrUnexpectedEOF
			}
			out.close()
		}
		if err != nil && !l.r.halted() && !l.over {
			l.problem(Malformed)
		}
	})
}

const macBinaryHeader = 128

// sniffMacBinary tells a MacBinary file by the bytes that have to be zero, the
// name, and the version.
func sniffMacBinary(head []byte) bool {
	if len(head) < macBinaryHeader || head[0] != 0 || head[1] < 1 || head[1] > 63 || head[74] != 0 || head[82] != 0 {
		return false
	}
	for _, c := range head[2 : 2+head[1]] {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return head[122] == 0x81 || head[122] == 0x82 || bigEndian(head[99:103])|bigEndian(head[118:126]) == 0
}
