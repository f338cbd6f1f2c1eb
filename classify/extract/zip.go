package extract

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
)

func init() { register(readZip, "application/zip") }

// Signatures of zip's records (APPNOTE 4.3).
const (
	zipLocal   = "PK\x03\x04"
	zipCentral = "PK\x01\x02"
	zipEnd     = "PK\x05\x06"
	zipEnd64   = "PK\x06\x06"
	zipLocate  = "PK\x06\x07"
	zipAfter   = "PK\x07\x08"
)

// zipFile is a zip archive by its central directory and its local headers.
// Programs differ in which of the two they go by, so both are.
type zipFile struct {
	c       *container
	base    int64 // what stands before the archive: the program that unpacks it
	entries []*zipEntry
	covered []span // bytes that belong to entries
	comment string
	tooMany bool
	broken  bool // there is no whole central directory
	split   bool // it is the last of several volumes
}

// span is a run of bytes of the file.
type span struct{ from, to int64 }

// readZip reads a zip archive, or has a document in the form of one read by the
// format of such documents.
func readZip(c *container) error {
	z := &zipFile{c: c}
	if err := z.readDirectory(); err != nil {
		return err
	}
	if err := z.findLost(); err != nil {
		return err
	}
	if len(z.entries) == 0 && z.broken {
		var head [8]byte
		if _, err := c.ReadAt(head[:], 0); err == nil && string(head[:4]) == zipLocal && head[6]&zipLocked != 0 {
			return &lockedError{} // cut off in its first header
		}
		return errMalformed
	}
	if media := z.document(); media != "" {
		c.is(media)
		if read := formatOf(media); read != nil {
			err := read(c)
			if err == nil {
				return z.readUnlisted()
			}
			if c.told || errors.Is(err, errStopped) || problemOf(err) == Encrypted {
				return err
			}
		}
	}
	return z.readMembers()
}

// document is the media type of a document that is a zip file, by its members.
func (z *zipFile) document() string {
	const office = "application/vnd.openxmlformats-officedocument."
	types, content, manifest, iwork, tables := false, false, false, false, false
	found := ""
	for _, e := range z.entries {
		switch name := strings.ToLower(strings.ReplaceAll(e.name, "\\", "/")); {
		case name == "mimetype" && e.method == 0 && e.packed < 200:
			b := make([]byte, e.packed)
			if _, err := z.c.ReadAt(b, e.data); err == nil {
				if media := strings.TrimSpace(string(b)); strings.HasPrefix(media, "application/vnd.") && looksText(b) {
					return media
				}
			}
		case name == "[content_types].xml":
			types = true
		case name == "content.xml":
			content = true
		case name == "meta-inf/manifest.xml":
			manifest = true
		case found != "":
		case strings.HasPrefix(name, "word/"):
			found = office + "wordprocessingml.document"
		case strings.HasPrefix(name, "xl/"):
			found = office + "spreadsheetml.sheet"
		case strings.HasPrefix(name, "ppt/"):
			found = office + "presentationml.presentation"
		case strings.HasPrefix(name, "visio/"):
			found = "application/vnd.ms-visio.drawing"
		case strings.HasSuffix(name, ".fdseq"):
			found = "application/oxps"
		case strings.HasPrefix(name, "index/tables/"):
			iwork, tables = true, true
		case strings.HasPrefix(name, "index/") && strings.HasSuffix(name, ".iwa"):
			iwork = true
		}
	}
	if tables {
		z.c.missed(Unsupported) // numbers and dates of cells stand in no string
	}
	switch {
	case iwork:
		return "application/vnd.apple.iwork"
	case types, found == "application/oxps":
		return found
	case content && manifest:
		return "application/vnd.oasis.opendocument.text" // or another of its kind
	}
	return ""
}

// readUnlisted hands over the entries of a document that its directory does not
// speak of, or not in the same words: the document's own reader goes by that.
func (z *zipFile) readUnlisted() error {
	for _, e := range z.entries {
		if e.unlisted && !z.broken || e.differs {
			z.c.r.anomalies.add(archiveMismatch)
			if err := z.readMember(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDirectory finds the central directory by the record at the end of the
// file, and reads it.
func (z *zipFile) readDirectory() error {
	size := z.c.Size()
	tail := make([]byte, min(size, 64<<10+22))
	if _, err := z.c.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	at := bytes.LastIndex(tail, []byte(zipEnd))
	for at >= 0 && len(tail)-at < 22 {
		at = bytes.LastIndex(tail[:at], []byte(zipEnd))
	}
	if at < 0 {
		z.broken = true
		return nil
	}
	end := tail[at:]
	endAt := size - int64(len(tail)) + int64(at)
	disk := binary.LittleEndian.Uint16(end[4:])
	z.split = disk > 0 && disk < math.MaxUint16
	length, offset := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	z.cover(endAt, endAt+22)
	if n := int(binary.LittleEndian.Uint16(end[20:])); n > 0 {
		z.comment = string(end[22:min(22+n, len(end))])
		z.cover(endAt+22, endAt+22+int64(n))
	}
	if at64, l, o, ok := z.readEnd64(endAt); ok {
		endAt, length, offset = at64, l, o
	}
	start := endAt - length
	if start < 0 || start > size {
		z.broken = true
		return nil
	}
	z.base = start - offset // below zero if what it counts from was cut off
	if !z.signed(start, zipCentral) && z.signed(offset, zipCentral) {
		start, z.base = offset, 0
	}
	return z.readCentral(start, endAt)
}

// readEnd64 reads the 64-bit record before the end record, if there is one.
func (z *zipFile) readEnd64(endAt int64) (at, length, offset int64, ok bool) {
	var locator [20]byte
	if _, err := z.c.ReadAt(locator[:], endAt-20); err != nil || string(locator[:4]) != zipLocate {
		return 0, 0, 0, false
	}
	z.cover(endAt-20, endAt)
	var end [56]byte
	for _, at := range []int64{int64(binary.LittleEndian.Uint64(locator[8:])), endAt - 76} {
		if _, err := z.c.ReadAt(end[:], at); err == nil && string(end[:4]) == zipEnd64 {
			z.cover(at, endAt-20)
			length, offset := int64(binary.LittleEndian.Uint64(end[40:])), int64(binary.LittleEndian.Uint64(end[48:]))
			return at, length, offset, length >= 0 && offset >= 0
		}
	}
	return 0, 0, 0, false
}

func (z *zipFile) signed(at int64, signature string) bool {
	var b [4]byte
	_, err := z.c.ReadAt(b[:], at)
	return err == nil && string(b[:]) == signature
}

func (z *zipFile) cover(from, to int64) { z.covered = append(z.covered, span{from, to}) }

// readCentral reads the central directory and, for each of its entries, the
// local header.
func (z *zipFile) readCentral(at, end int64) error {
	start := at
	for at < end {
		e, next, err := z.readHeader(at, zipCentral)
		if errors.Is(err, errStopped) || errors.Is(err, errTooBig) {
			return err
		}
		if err != nil {
			z.broken = true
			break
		}
		at = next
		if len(z.entries) >= z.c.r.limits.Members {
			z.tooMany = true
			break
		}
		z.entries = append(z.entries, e)
		if err := z.addLocal(e); err != nil {
			return err
		}
	}
	z.cover(start, max(at, start))
	return nil
}

// addLocal reads the local header of an entry of the central directory. One that
// says something else is an entry of its own.
func (z *zipFile) addLocal(e *zipEntry) error {
	l, data, err := z.readHeader(z.base+e.local, zipLocal)
	if errors.Is(err, errStopped) || errors.Is(err, errTooBig) {
		return err
	}
	if err != nil {
		e.lost = true
		return nil
	}
	e.data = data
	z.cover(z.base+e.local, data+max(e.packed, 0))
	e.differs = l.raw != e.raw
	unsized := l.flags&zipUnsized != 0 || l.packed == 0 && l.size == 0
	if l.method == e.method && l.flags&zipLocked == e.flags&zipLocked && (unsized || l.packed == e.packed) {
		e.localName = l.name
		return nil
	}
	e.differs = true
	l.data = data
	if unsized {
		l.packed = e.packed
	}
	z.entries = append(z.entries, l)
	return nil
}

// findLost looks for local headers in what the central directory does not speak
// of.
func (z *zipFile) findLost() error {
	for _, gap := range z.gaps() {
		for from := gap.from; from < gap.to; {
			local, err := z.findLocal(from, gap.to)
			if err != nil || local == gap.to {
				if err != nil {
					return err
				}
				break
			}
			if from, err = z.addLost(local, gap.to); err != nil {
				return err
			}
			if z.tooMany {
				return nil
			}
		}
	}
	return nil
}

// addLost adds the entry of a local header that no directory speaks of, in a gap
// that ends at to, and says where to look for the next one.
func (z *zipFile) addLost(local, to int64) (int64, error) {
	e, data, err := z.readHeader(local, zipLocal)
	if errors.Is(err, errStopped) || errors.Is(err, errTooBig) {
		return 0, err
	}
	if err != nil {
		return local + 1, nil
	}
	if len(z.entries) >= z.c.r.limits.Members {
		z.tooMany = true
		return 0, nil
	}
	e.data, e.unlisted = data, true
	if e.flags&zipUnsized != 0 && e.packed == 0 {
		e.open = true
		if e.packed, err = z.extent(data, to); err != nil {
			return 0, err
		}
	}
	e.packed = min(e.packed, max(to-data, 0))
	z.entries = append(z.entries, e)
	z.cover(local, data+e.packed)
	return max(data+e.packed, local+30), nil
}

// gaps are the runs of bytes that belong to no entry.
func (z *zipFile) gaps() []span {
	slices.SortFunc(z.covered, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var gaps []span
	at := int64(0)
	for _, s := range z.covered {
		if s.from > at {
			gaps = append(gaps, span{at, min(s.from, z.c.Size())})
		}
		at = max(at, s.to)
	}
	return append(gaps, span{at, max(z.c.Size(), at)})
}

// findLocal finds the signature of a local header; to if there is none.
func (z *zipFile) findLocal(from, to int64) (int64, error) {
	return z.find(from, to, func(b []byte) int { return bytes.Index(b, []byte(zipLocal)) })
}

// extent is how long content of unknown length may be: up to the next record.
func (z *zipFile) extent(from, to int64) (int64, error) {
	at, err := z.find(from, to, func(b []byte) int {
		for i := 0; ; i += 2 {
			k := bytes.Index(b[i:], []byte("PK"))
			if k < 0 {
				return -1
			}
			if i += k; len(b)-i >= 4 {
				switch string(b[i : i+4]) {
				case zipLocal, zipCentral, zipAfter:
					return i
				}
			}
		}
	})
	return at - from, err
}

// find searches a span of the file for what index knows: four bytes.
func (z *zipFile) find(from, to int64, index func([]byte) int) (int64, error) {
	pooled := blocks.Get().(*[maxBlock]byte)
	defer blocks.Put(pooled)
	for size := int64(1 << 10); from < to; size = min(2*size, maxBlock) {
		b := pooled[:min(size, to-from)]
		n, err := z.c.ReadAt(b, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return to, err
		}
		if i := index(b[:n]); i >= 0 {
			return from + int64(i), nil
		}
		if n <= 3 {
			break
		}
		from += int64(n - 3)
	}
	return to, nil
}

// readMembers hands over the entries, in the order of the directory.
func (z *zipFile) readMembers() error {
	if err := z.c.Note(zipText(z.comment, 0)); err != nil {
		return err
	}
	broken := z.broken
	for _, e := range z.entries {
		if e.unlisted && !z.broken || e.differs {
			z.c.r.anomalies.add(archiveMismatch)
		}
		if err := z.c.Note(e.comment); err != nil {
			return err
		}
		if e.localName != e.name && !e.lost {
			if err := z.c.Note(e.localName); err != nil {
				return err
			}
		}
		broken = broken || e.lost
		if err := z.readMember(e); err != nil {
			return err
		}
	}
	if err := z.readText(); err != nil {
		return err
	}
	switch {
	case z.tooMany:
		return z.c.stop(TooMany)
	case broken && z.split:
		return errUnsupported
	case broken:
		return errMalformed
	}
	return nil
}

// readText gives what stands between the entries, if it is text.
func (z *zipFile) readText() error {
	for _, gap := range z.gaps() {
		if gap.from == 0 && z.c.behind {
			continue // that is what the archive stands behind
		}
		head := make([]byte, max(min(sniffBytes, gap.to-gap.from), 0))
		n, err := z.c.ReadAt(head, gap.from)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if head = head[:n]; n < 8 || !looksText(head) || hasMagic(head) {
			continue
		}
		if err := z.c.Member("", io.NewSectionReader(z.c, gap.from, gap.to-gap.from)); err != nil {
			return err
		}
	}
	return nil
}
