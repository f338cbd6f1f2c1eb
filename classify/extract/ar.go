package extract

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

func init() {
	register(readAr, "application/x-archive")
	register(readCpio, "application/x-cpio")
}

// readAr reads ar archives, of which Debian's packages are one kind: a header of
// 60 bytes and the content of each member, at even offsets. Names of more than
// 16 bytes stand in a member "//" (System V) or before the content (BSD).
func readAr(c *container) error {
	var long []byte
	head := make([]byte, 60)
	for at := int64(8); at < c.Size(); {
		if _, err := c.ReadAt(head, at); err != nil {
			return stoppedOr(err, errMalformed)
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
		if err != nil || size < 0 || head[58] != '`' {
			return errMalformed
		}
		at += 60
		content := io.NewSectionReader(c, at, min(size, c.Size()-at))
		name := strings.TrimRight(string(head[:16]), " ")
		switch {
		case name == "//":
			long = make([]byte, min(size, c.Size()-at, 1<<20))
			if _, err := io.ReadFull(content, long); err != nil {
				return stoppedOr(err, errMalformed)
			}
		case name == "/" || name == "/SYM64/" || name == "__.SYMDEF":
			// An index of symbols, which compilers write.
			err = c.Member("", c.expanding(content))
		default:
			err = c.Member(arName(name, long, content), c.expanding(content))
		}
		if err != nil {
			return err
		}
		if size > c.Size()-at {
			return errMalformed
		}
		at += size + size&1
	}
	return nil
}

func arName(name string, long []byte, content io.Reader) string {
	if n, ok := strings.CutPrefix(name, "#1/"); ok {
		if size, err := strconv.Atoi(n); err == nil && size >= 0 && size <= maxMemberName {
			b := make([]byte, size)
			if _, err := io.ReadFull(content, b); err == nil {
				return string(bytes.TrimRight(b, "\x00"))
			}
		}
		return name
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "/")); err == nil && name[0] == '/' && n >= 0 && n < len(long) {
		name, _, _ = strings.Cut(string(long[n:]), "\n")
	}
	return strings.TrimSuffix(name, "/")
}

// stoppedOr is errStopped if that is why reading failed, else the other error.
func stoppedOr(err, other error) error {
	if errors.Is(err, errStopped) {
		return errStopped
	}
	return other
}

// cpioTrailer names the member behind the last one.
const cpioTrailer = "TRAILER!!!"

// readCpio reads cpio archives of the portable formats: the old one in octal,
// and the newer one in hexadecimal with names and contents at multiples of four.
func readCpio(c *container) error {
	magic := make([]byte, 6)
	for at := int64(0); at < c.Size(); {
		if _, err := c.ReadAt(magic, at); err != nil {
			return stoppedOr(err, errMalformed)
		}
		read := readCpioHeader(c, at, string(magic) != "070707")
		if magic[0] != '0' || read.err != nil {
			return stoppedOr(read.err, errMalformed)
		}
		if read.name == cpioTrailer {
			return nil
		}
		content := io.NewSectionReader(c, read.content, min(read.size, c.Size()-read.content))
		var err error
		switch read.mode & 0o170000 {
		case 0o040000:
			err = c.Note(read.name)
		default:
			err = c.Member(read.name, c.expanding(content))
		}
		if err != nil {
			return err
		}
		if read.size > c.Size()-read.content {
			return errMalformed
		}
		at = read.next
	}
	return errMalformed
}

// isCpio reports whether bytes begin with the header of a member.
func isCpio(head []byte) bool {
	if len(head) < 76 || !bytes.HasPrefix(head, []byte("07070")) || !bytes.ContainsAny(head[5:6], "127") {
		return false
	}
	for _, c := range head[6:76] {
		if charClass(c) != 4 && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

type cpioHeader struct {
	name          string
	mode, size    int64
	content, next int64
	err           error
}

func readCpioHeader(c *container, at int64, hex bool) (h cpioHeader) {
	length, base, modeAt, sizeAt, sizeLen, nameAt, width, align := 76, 8, 18, 65, 11, 59, 6, int64(1)
	if hex {
		length, base, modeAt, sizeAt, sizeLen, nameAt, width, align = 110, 16, 14, 54, 8, 94, 8, 4
	}
	head := make([]byte, length)
	if _, h.err = c.ReadAt(head, at); h.err != nil {
		return h
	}
	number := func(at, n int) int64 {
		v, err := strconv.ParseInt(string(head[at:at+n]), base, 64)
		if err != nil || v < 0 {
			h.err = errMalformed
		}
		return v
	}
	nameSize := number(nameAt, width)
	h.mode, h.size = number(modeAt, width), number(sizeAt, sizeLen)
	if h.err != nil || nameSize > maxMemberName {
		h.err = errMalformed
		return h
	}
	name := make([]byte, nameSize)
	if _, h.err = c.ReadAt(name, at+int64(length)); h.err != nil {
		return h
	}
	h.name = string(bytes.TrimRight(name, "\x00"))
	h.content = roundUp(at+int64(length)+nameSize, align)
	h.next = roundUp(h.content+h.size, align)
	if h.content > c.Size() {
		h.err = errMalformed
	}
	return h
}

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }
