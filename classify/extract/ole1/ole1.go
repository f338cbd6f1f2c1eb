// Package ole1 opens embedded objects of OLE 1.0 ([MS-OLEDS] section 2.2), as RTF
// holds them, and the packages in which the Packager of Windows wraps files
// (section 2.3.6, the stream Ole10Native).
package ole1

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/postern-mail/postern/classify/extract/codepage"
)

// maxName bounds the names in a header.
const maxName = 4096

// Object reads the header of an object and returns the name of the file in it,
// which may be empty, and its content. What is no object of OLE 1.0 is returned
// as it is.
func Object(r io.Reader) (name string, content io.Reader) {
	in := bufio.NewReader(r)
	head, _ := in.Peek(12)
	if len(head) < 12 || binary.LittleEndian.Uint32(head[4:]) > 5 {
		return "", in
	}
	class := binary.LittleEndian.Uint32(head[8:])
	if format := binary.LittleEndian.Uint32(head[4:]); class > maxName || format != 1 && format != 2 {
		return "", in
	}
	_, _ = in.Discard(8)
	kind := field(in)
	topic := field(in)
	item := field(in)
	if binary.LittleEndian.Uint32(head[4:]) == 1 { // a link: names are all there is
		return "", io.MultiReader(strings.NewReader(topic+"\n"+item+"\n"), in)
	}
	_, _ = in.Discard(4)
	if strings.EqualFold(kind, "Package") {
		return Package(in)
	}
	return "", in
}

// field reads a string behind its length.
func field(in *bufio.Reader) string {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return ""
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > maxName {
		return ""
	}
	text := make([]byte, n)
	k, _ := io.ReadFull(in, text)
	text, _, _ = bytes.Cut(text[:k], []byte{0})
	return string(codepage.Decode(1252, text))
}

// Package reads the header of a package and returns the name of the file in it
// and its content.
func Package(r io.Reader) (name string, content io.Reader) {
	in := bufio.NewReader(r)
	head, _ := in.Peek(4096)
	if len(head) < 2 || head[0] != 2 || head[1] != 0 {
		return "", in
	}
	rest := head[2:]
	label, rest, ok := bytes.Cut(rest, []byte{0})
	path, rest, ok2 := bytes.Cut(rest, []byte{0})
	if !ok || !ok2 || len(rest) < 8 {
		return "", in
	}
	name = string(codepage.Decode(1252, label))
	if name == "" {
		name = string(codepage.Decode(1252, path))
	}
	temp := int64(binary.LittleEndian.Uint32(rest[4:]))
	start := len(head) - len(rest) + 8
	if temp > maxName || start+int(temp)+4 > len(head) {
		return name, in
	}
	at := start + int(temp)
	size := int64(binary.LittleEndian.Uint32(head[at:]))
	_, _ = in.Discard(at + 4)
	// Behind the content stand the same names in UTF-16: they end it.
	return name, io.LimitReader(in, size)
}
