package database

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Sizes of a dBase file: its header and each of its fields.
const (
	dbaseHead  = 32
	maxFields  = 2048
	dbaseChunk = 64 << 10
)

// dbaseVersions are the first bytes of dBase III, IV and 5, FoxPro and Visual
// FoxPro, with and without memos.
const dbaseVersions = "\x02\x03\x04\x05\x30\x31\x32\x43\x63\x7b\x83\x8b\x8c\x8e\xcb\xe5\xf5\xfb"

// IsDBase reports whether bytes begin a dBase file: it has no signature, but a
// date, lengths that fit together, and the name and type of its first field.
func IsDBase(head []byte) bool {
	if len(head) < 2*dbaseHead+1 || strings.IndexByte(dbaseVersions, head[0]) < 0 || head[2] < 1 || head[2] > 12 || head[3] < 1 || head[3] > 31 {
		return false
	}
	header, record := binary.LittleEndian.Uint16(head[8:]), binary.LittleEndian.Uint16(head[10:])
	if header < 2*dbaseHead+1 || record < 2 {
		return false
	}
	name, rest, ended := bytes.Cut(head[dbaseHead:dbaseHead+11], []byte{0})
	if !ended || len(name) == 0 || len(bytes.Trim(rest, "\x00")) > 10 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return strings.IndexByte(dbaseTypes, head[dbaseHead+11]) >= 0
}

const dbaseTypes = "CNFDLMGPBIYT@+OVQW0"

type dbaseField struct {
	name     string
	kind     byte
	at, size int
	decimals int
}

// codePages are those of language drivers, as FoxPro numbers them.
var codePages = map[byte]*charmap.Charmap{
	0x01: charmap.CodePage437, 0x02: charmap.CodePage850, 0x1b: charmap.CodePage437, 0x25: charmap.CodePage850,
	0x26: charmap.CodePage866, 0x37: charmap.CodePage850, 0x64: charmap.CodePage852, 0x65: charmap.CodePage866,
	0x66: charmap.CodePage865, 0x7d: charmap.Windows1255, 0x7e: charmap.Windows1256,
	0xc8: charmap.Windows1250, 0xc9: charmap.Windows1251, 0xca: charmap.Windows1254, 0xcb: charmap.Windows1253, 0xcc: charmap.Windows1257,
}

// readDBase reads the one table of a file. Rows that were deleted, which stay in
// it until it is packed, are rows too.
func readDBase(src io.ReaderAt, size int64, out Out) error {
	head := make([]byte, min(size, math.MaxUint16))
	if _, err := src.ReadAt(head, 0); err != nil {
		return malformedAt(err)
	}
	start, length := int(binary.LittleEndian.Uint16(head[8:])), int(binary.LittleEndian.Uint16(head[10:]))
	fields, damaged := dbaseFields(head[:min(start, len(head))], length)
	page := codePages[head[29]]
	if page == nil {
		page = charmap.Windows1252
	}
	w, err := out.Text("")
	if err != nil {
		return err
	}
	line := []byte(nil)
	for _, f := range fields {
		line = append(append(line, f.name...), '\t')
	}
	if _, err := w.Write(append(bytes.TrimSuffix(line, []byte("\t")), '\n')); err != nil {
		return err
	}
	rows := max(dbaseChunk/length, 1)
	buf := make([]byte, rows*length)
	left := int64(binary.LittleEndian.Uint32(head[4:]))
	for at := int64(start); at < size && left > 0; at += int64(len(buf)) {
		if err := out.Expand(len(buf)); err != nil {
			return err
		}
		n, err := src.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return err
		}
		for b := buf[:n]; len(b) > 1 && left > 0; left-- {
			row := b[:min(length, len(b))]
			b = b[len(row):]
			if row[0] == 0x1a {
				left = 1
				continue
			}
			line = dbaseRow(line[:0], row, fields, page)
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if damaged || left > 0 {
		return ErrMalformed
	}
	return nil
}

func dbaseFields(head []byte, length int) (fields []dbaseField, damaged bool) {
	at := 1
	for b := head[dbaseHead:]; len(b) > 0 && b[0] != 0x0d && b[0] != 0; b = b[dbaseHead:] {
		if len(b) < dbaseHead || len(fields) == maxFields {
			return fields, true
		}
		name, _, _ := bytes.Cut(b[:11], []byte{0})
		f := dbaseField{name: strings.ToValidUTF8(string(name), ""), kind: b[11], at: at, size: int(b[16]), decimals: int(b[17])}
		if f.kind == 'C' { // long ones count on in the decimals
			f.size += f.decimals << 8
		}
		if at += f.size; at > length {
			return append(fields, dbaseField{kind: 'C', at: f.at, size: max(length-f.at, 0)}), true
		}
		fields = append(fields, f)
	}
	return fields, false
}

func dbaseRow(line, row []byte, fields []dbaseField, page *charmap.Charmap) []byte {
	for i, f := range fields {
		if i > 0 {
			line = append(line, '\t')
		}
		if f.at >= len(row) {
			continue
		}
		line = dbaseValue(line, row[f.at:min(f.at+f.size, len(row))], f, page)
	}
	return append(line, '\n')
}

func dbaseValue(line, b []byte, f dbaseField, page *charmap.Charmap) []byte {
	le := binary.LittleEndian
	switch {
	case (f.kind == 'I' || f.kind == '+') && len(b) == 4:
		return strconv.AppendInt(line, int64(int32(le.Uint32(b))), 10)
	case f.kind == 'B' && len(b) == 8 || f.kind == 'O' && len(b) == 8:
		return strconv.AppendFloat(line, math.Float64frombits(le.Uint64(b)), 'f', -1, 64)
	case f.kind == 'Y' && len(b) == 8:
		return strconv.AppendFloat(line, float64(int64(le.Uint64(b)))/10000, 'f', 4, 64)
	case (f.kind == 'T' || f.kind == '@') && len(b) == 8, f.kind == 'M' && len(b) == 4, f.kind == '0':
		return line // a moment, the number of a memo, flags
	case f.kind == 'D' && len(b) == 8 && len(bytes.Trim(b, "0123456789")) == 0:
		return append(append(append(append(append(line, b[:4]...), '-'), b[4:6]...), '-'), b[6:]...)
	}
	b = bytes.Trim(b, " \x00")
	if utf8.Valid(b) {
		return append(line, b...)
	}
	for _, c := range b {
		line = utf8.AppendRune(line, page.DecodeByte(c))
	}
	return line
}
