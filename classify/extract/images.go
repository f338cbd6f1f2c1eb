package extract

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"unicode/utf16"
)

// Bounds of the metadata of an image.
const (
	maxImageBlock = 256 << 10 // bytes of one block that are read
	maxImageText  = 1 << 20   // bytes of text of one image
	maxIFDs       = 20
	maxIFDEntries = 500
)

// imageReader reads the text that stands beside the picture: comments, captions,
// EXIF, IPTC and XMP. The picture itself is passed over.
type imageReader struct {
	leaf *leaf
	src  *bufio.Reader
	out  *hybrid
	told int
	seen int // bytes of values that were looked at: directories may share them
}

// openImage reads a part that is an image; nil if nothing is known of its kind.
func (rd *reading) openImage() stage {
	var read func(*imageReader) error
	switch rd.found.media {
	case "image/png":
		read = (*imageReader).png
	case "image/jpeg":
		read = (*imageReader).jpeg
	case "image/gif":
		read = (*imageReader).gif
	case "image/webp":
		read = (*imageReader).webp
	case "image/tiff":
		read = (*imageReader).tiff
	default:
		return nil
	}
	l := rd.leaf
	return newPulled(l.r, func(src *bufio.Reader) {
		m := &imageReader{leaf: l, src: src}
		_ = read(m) // a picture that is torn is no less a picture
		if m.out != nil {
			m.out.close()
		}
	})
}

// text tells one piece of text, on a line of its own.
func (m *imageReader) text(parts ...string) {
	s := strings.Trim(strings.Join(parts, ": "), " \x00\r\n:")
	if s == "" || m.told > maxImageText {
		return
	}
	if m.out == nil {
		l := m.leaf
		m.out = &hybrid{next: &dropNUL{r: l.r, next: newTextStream(l.r, l.part, l.part.Where)}}
	}
	m.told += len(s)
	m.out.write([]byte(strings.ReplaceAll(s, "\x00", " ") + "\n"))
}

// block reads n bytes, or the first of them, and passes over the rest.
func (m *imageReader) block(n int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(m.src, min(n, maxImageBlock)))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < min(n, maxImageBlock) {
		return b, io.ErrUnexpectedEOF
	}
	return b, m.skip(n - int64(len(b)))
}

func (m *imageReader) skip(n int64) error {
	_, err := io.CopyN(io.Discard, m.src, n)
	return err
}

// png reads the chunks that hold text (PNG specification, section 11.3.3).
func (m *imageReader) png() error {
	if err := m.skip(8); err != nil {
		return err
	}
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(m.src, head); err != nil {
			return err
		}
		n := int64(bigEndian(head[:4]))
		switch kind := string(head[4:]); kind {
		case "tEXt", "zTXt", "iTXt", "eXIf":
			b, err := m.block(n)
			m.pngText(kind, b)
			if err != nil {
				return err
			}
		default:
			if err := m.skip(n); err != nil {
				return err
			}
		}
		if err := m.skip(4); err != nil { // checksum
			return err
		}
	}
}

func (m *imageReader) pngText(kind string, b []byte) {
	if kind == "eXIf" {
		m.exif(b)
		return
	}
	key, rest, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return
	}
	packed := kind == "zTXt"
	switch {
	case packed && len(rest) > 0:
		rest = rest[1:]
	case kind == "iTXt" && len(rest) > 2:
		packed = rest[0] == 1
		_, rest, _ = bytes.Cut(rest[2:], []byte{0}) // the language
		_, rest, _ = bytes.Cut(rest, []byte{0})     // the key, translated
	}
	if packed {
		rest = m.inflate(rest)
	}
	if kind == "iTXt" {
		m.text(string(key), string(rest))
		return
	}
	m.text(string(key), hybridString(rest))
}

// inflate undoes zlib, up to the bound of a block.
func (m *imageReader) inflate(b []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(&expander{l: m.leaf, src: z}, maxImageBlock)) // what came before an error is text
	return out
}

// jpeg reads the segments of applications and comments, up to the picture.
func (m *imageReader) jpeg() error {
	if err := m.skip(2); err != nil {
		return err
	}
	for {
		c, err := m.src.ReadByte()
		if err != nil {
			return err
		}
		if c != 0xff {
			continue
		}
		for c == 0xff {
			if c, err = m.src.ReadByte(); err != nil {
				return err
			}
		}
		switch {
		case c == 0 || c == 1 || 0xd0 <= c && c <= 0xd8: // they stand alone
			continue
		case c == 0xd9:
			return nil
		case c == 0xda: // the picture; a segment may follow where it is progressive
			continue
		}
		size := make([]byte, 2)
		if _, err := io.ReadFull(m.src, size); err != nil {
			return err
		}
		b, err := m.block(max(int64(bigEndian(size))-2, 0))
		m.segment(c, b)
		if err != nil {
			return err
		}
	}
}

func (m *imageReader) segment(marker byte, b []byte) {
	const exif, xmp, extended, photoshop = "Exif\x00\x00", "http://ns.adobe.com/xap/1.0/\x00", "http://ns.adobe.com/xmp/extension/\x00", "Photoshop 3.0\x00"
	switch {
	case marker == 0xfe:
		m.text(hybridString(b))
	case marker == 0xe1 && bytes.HasPrefix(b, []byte(exif)):
		m.exif(b[len(exif):])
	case marker == 0xe1 && bytes.HasPrefix(b, []byte(xmp)):
		m.xmp(b[len(xmp):])
	case marker == 0xe1 && bytes.HasPrefix(b, []byte(extended)):
		m.xmp(b[min(len(b), len(extended)+40):])
	case marker == 0xed && bytes.HasPrefix(b, []byte(photoshop)):
		m.resources(b[len(photoshop):])
	}
}

// xmp tells XML, its character references decoded.
func (m *imageReader) xmp(b []byte) {
	var s stringStage
	x := &xmlText{next: &s}
	x.write(b)
	x.close()
	m.text(s.String())
}

// resources reads the image resource blocks of Photoshop: IPTC stands in one.
func (m *imageReader) resources(b []byte) {
	for len(b) > 12 && string(b[:4]) == "8BIM" {
		id := bigEndian(b[4:6])
		at := 6 + (int(b[6])+2)/2*2 // a name, padded
		if at+4 > len(b) {
			return
		}
		n := bigEndian(b[at : at+4])
		at += 4
		if n > uint64(len(b)-at) {
			n = uint64(len(b) - at)
		}
		if id == 0x0404 {
			m.iptc(b[at : at+int(n)])
		}
		b = b[min(len(b), at+int(n+n%2)):]
	}
}

// iptc reads the records of IPTC-NAA, each a text.
func (m *imageReader) iptc(b []byte) {
	for len(b) > 5 && b[0] == 0x1c {
		n := min(int(bigEndian(b[3:5])), len(b)-5)
		if b[1] == 2 && b[2] >= 5 {
			m.text(hybridString(b[5 : 5+n]))
		}
		b = b[5+n:]
	}
}

// gif reads the comment and plain text extensions, and XMP.
func (m *imageReader) gif() error {
	head := make([]byte, 13)
	if _, err := io.ReadFull(m.src, head); err != nil {
		return err
	}
	if head[10]&0x80 != 0 {
		if err := m.skip(3 << (head[10]&7 + 1)); err != nil {
			return err
		}
	}
	for {
		c, err := m.src.ReadByte()
		if err != nil {
			return err
		}
		switch c {
		case 0x21:
			kind, err := m.src.ReadByte()
			if err != nil {
				return err
			}
			b, err := m.subBlocks()
			switch {
			case kind == 0xfe:
				m.text(hybridString(b))
			case kind == 0x01 && len(b) > 12:
				m.text(hybridString(b[12:]))
			case kind == 0xff && bytes.HasPrefix(b, []byte(xmpInGIF)):
				m.xmp(b[len(xmpInGIF):])
			}
			if err != nil {
				return err
			}
		case 0x2c:
			if _, err := io.ReadFull(m.src, head[:9]); err != nil {
				return err
			}
			n := int64(1) // the code size
			if head[8]&0x80 != 0 {
				n += 3 << (head[8]&7 + 1)
			}
			if err := m.skip(n); err != nil {
				return err
			}
			if _, err := m.subBlocks(); err != nil {
				return err
			}
		default:
			return errMalformed // or the end
		}
	}
}

const xmpInGIF = "XMP DataXMP"

// subBlocks reads blocks of up to 255 bytes, up to an empty one.
func (m *imageReader) subBlocks() ([]byte, error) {
	var b []byte
	for {
		n, err := m.src.ReadByte()
		if err != nil || n == 0 {
			return b, err
		}
		if bytes.HasPrefix(b, []byte(xmpInGIF)) {
			b = append(b, n) // XMP stands there as it is: lengths are its own bytes
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(m.src, piece); err != nil {
			return b, err
		}
		if len(b) < maxImageBlock {
			b = append(b, piece...)
		}
	}
}

// webp reads the chunks EXIF and XMP of a RIFF file.
func (m *imageReader) webp() error {
	if err := m.skip(12); err != nil {
		return err
	}
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(m.src, head); err != nil {
			return err
		}
		n := int64(head[4]) | int64(head[5])<<8 | int64(head[6])<<16 | int64(head[7])<<24
		n += n & 1
		switch string(head[:4]) {
		case "EXIF", "XMP ":
			b, err := m.block(n)
			if head[0] == 'E' {
				m.exif(bytes.TrimPrefix(b, []byte("Exif\x00\x00")))
			} else {
				m.xmp(b)
			}
			if err != nil {
				return err
			}
		default:
			if err := m.skip(n); err != nil {
				return err
			}
		}
	}
}

// tiff reads the beginning of a file, where its tags most often stand.
func (m *imageReader) tiff() error {
	b, err := io.ReadAll(io.LimitReader(m.src, maxImageBlock))
	m.exif(b)
	return err
}

// exif reads the directories of TIFF (TIFF 6.0, EXIF 2.32) and tells the values
// that are text.
func (m *imageReader) exif(b []byte) {
	if len(b) < 8 {
		return
	}
	little := b[0] == 'I'
	num := func(at uint64, n int) uint64 {
		if at+uint64(n) > uint64(len(b)) {
			return 0
		}
		piece := b[at : at+uint64(n)]
		if !little {
			return bigEndian(piece)
		}
		v := uint64(0)
		for i, c := range piece {
			v |= uint64(c) << (8 * i)
		}
		return v
	}
	todo := []uint64{num(4, 4)}
	for done := 0; done < len(todo) && done < maxIFDs; done++ {
		at := todo[done]
		count := min(num(at, 2), maxIFDEntries)
		for i := range count {
			e := at + 2 + 12*i
			tag, kind, size := num(e, 2), num(e+2, 2), num(e+4, 4)
			value := e + 8
			width := map[uint64]uint64{1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4}[kind]
			if width*size > 4 {
				value = num(e+8, 4)
			}
			switch tag {
			case 0x8769, 0x8825, 0xa005, 0x014a: // other directories
				todo = append(todo, num(e+8, 4))
				continue
			}
			if value >= uint64(len(b)) || size == 0 {
				continue
			}
			m.tag(tag, kind, b[value:min(value+size, uint64(len(b)))], little)
		}
		if next := num(at+2+12*count, 4); next != 0 && count > 0 {
			todo = append(todo, next)
		}
	}
}

// tag tells the value of one tag, if it is text.
func (m *imageReader) tag(tag, kind uint64, value []byte, little bool) {
	if m.seen += len(value); m.seen > 2*maxImageText {
		return
	}
	switch {
	case tag == 0x02bc:
		m.xmp(value)
	case tag == 0x83bb:
		m.iptc(value)
	case 0x9c9b <= tag && tag <= 0x9c9f: // Windows' title, comment, author, keywords, subject
		m.text(utf16Text(value, true))
	case tag == 0x9286 && len(value) > 8: // comment of the user, behind the name of its charset
		if bytes.HasPrefix(value, []byte("UNICODE")) {
			m.text(utf16Text(value[8:], little))
		} else {
			m.text(hybridString(value[8:]))
		}
	case kind == 2, kind == 129:
		m.text(hybridString(value))
	}
}

func utf16Text(b []byte, little bool) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		lo, hi := b[2*i], b[2*i+1]
		if !little {
			lo, hi = hi, lo
		}
		units[i] = uint16(lo) | uint16(hi)<<8
	}
	return string(utf16.Decode(units))
}
