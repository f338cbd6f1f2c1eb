// Package mapi tells the properties of Outlook's mails ([MS-OXPROPS]), which
// compound files (.msg) and winmail.dat hold in forms of their own.
package mapi

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"time"
	"unicode"

	"golang.org/x/text/transform"

	"github.com/postern-mail/postern/classify/extract/codepage"
	"github.com/postern-mail/postern/classify/extract/rtf"
)

// Out takes what is told.
type Out interface {
	Text(name string) (io.WriteCloser, error)
	Member(name string, content io.Reader) error
	Expand(n int) error
}

// The types of properties ([MS-OXCDATA] section 2.11.1).
const (
	Integer16 = 0x0002
	Integer32 = 0x0003
	Floating  = 0x0005
	Boolean   = 0x000b
	Object    = 0x000d
	Integer64 = 0x0014
	String8   = 0x001e
	Unicode   = 0x001f
	Time      = 0x0040
	GUID      = 0x0048
	Binary    = 0x0102
	Multiple  = 0x1000
)

// The properties that are told in a way of their own.
const (
	bodyID           = 0x1000
	compressedID     = 0x1009
	htmlID           = 0x1013
	AttachDataID     = 0x3701
	AttachLongNameID = 0x3707
	AttachNameID     = 0x3704
	DisplayNameID    = 0x3001
	CodePageID       = 0x3ffd
	InternetPageID   = 0x3fde
)

// labels are the names of properties, as a person would call them, that help to
// tell what a value is.
var labels = map[uint16]string{
	0x0037: "Subject", 0x0c1a: "From", 0x0042: "From", 0x0e04: "To", 0x0e03: "Cc", 0x0e02: "Bcc", 0x3a08: "Business phone", 0x3a09: "Home phone",
	0x3a1c: "Mobile phone", 0x3a16: "Company", 0x3a17: "Title", 0x3a15: "Postal address", 0x3a06: "Given name", 0x3a11: "Surname",
	0x3a42: "Birthday", 0x3a4a: "Customer ID", 0x3a07: "Government ID", 0x3a10: "Organizational ID", 0x3a24: "Fax", 0x3a26: "Country", 0x3a2a: "Postal code",
}

// shortText is the longest value that stands in a line with others.
const shortText = 64 << 10

// Message tells one mail, contact, attachment or recipient.
type Message struct {
	// Page is the code page of 8-bit text.
	Page int

	out  Out
	text io.WriteCloser
	buf  *bufio.Writer
}

// New begins to tell a message. Close ends it.
func New(out Out, page int) *Message {
	if page == 0 || page == codepage.UTF16 {
		page = 1252
	}
	return &Message{Page: page, out: out}
}

// Line writes a line of properties.
func (m *Message) Line(label, value string) error {
	if value == "" {
		return nil
	}
	if m.buf == nil {
		text, err := m.out.Text("")
		if err != nil {
			return err
		}
		m.text, m.buf = text, bufio.NewWriter(text)
	}
	if label != "" {
		label += ": "
	}
	_, err := m.buf.WriteString(label + value + "\n")
	return err
}

// Close ends the message's lines.
func (m *Message) Close() error {
	if m.buf == nil {
		return nil
	}
	if err := m.buf.Flush(); err != nil {
		return err
	}
	m.buf = nil
	return m.text.Close()
}

// Property tells one property of the given id, type and name, which is that of a
// named property and may be empty. What holds no text is passed over.
func (m *Message) Property(id, kind uint16, name string, value io.Reader, size int64) error {
	switch {
	case id == compressedID && kind == Binary:
		return m.out.Member("body.rtf", &expanding{rtf.Decompress(bufio.NewReader(value)), m.out})
	case id == htmlID && kind == Unicode:
		return m.out.Member("body.html", io.MultiReader(bytes.NewReader([]byte{0xff, 0xfe}), value))
	case id == htmlID && (kind == Binary || kind == String8):
		return m.out.Member("body.html", value)
	case kind != String8 && kind != Unicode:
		return m.fixed(id, kind, name, value, size)
	}
	if id == bodyID || size > shortText {
		return m.long(kind, value)
	}
	text, err := m.decoded(kind, value)
	if err != nil {
		return err
	}
	if name == "" {
		name = labels[id]
	}
	return m.Line(name, text)
}

// Text reads a short value of text.
func (m *Message) Text(kind uint16, value io.Reader) (string, error) {
	return m.decoded(kind, io.LimitReader(value, shortText))
}

func (m *Message) decoded(kind uint16, value io.Reader) (string, error) {
	b, err := io.ReadAll(value)
	if err != nil {
		return "", err
	}
	page := m.Page
	if kind == Unicode {
		page = codepage.UTF16
	}
	return string(bytes.TrimRight(codepage.Decode(page, b), "\x00")), nil
}

// long gives a long value a text of its own.
func (m *Message) long(kind uint16, value io.Reader) error {
	page := m.Page
	if kind == Unicode {
		page = codepage.UTF16
	}
	text, err := m.out.Text("")
	if err != nil {
		return err
	}
	if _, err := io.Copy(text, transform.NewReader(value, codepage.Lookup(page).NewDecoder())); err != nil {
		return err
	}
	return text.Close()
}

// fixed tells numbers and dates that a user could have entered: those of named
// properties, and the dates of people.
func (m *Message) fixed(id, kind uint16, name string, value io.Reader, size int64) error {
	if id < 0x8000 && id != 0x3a42 && id != 0x3a41 || size > 16 {
		return nil
	}
	var b [8]byte
	if n, _ := io.ReadFull(value, b[:]); n < 4 {
		return nil
	}
	if name == "" {
		name = labels[id]
	}
	n := binary.LittleEndian.Uint64(b[:])
	switch kind {
	case Time:
		seconds := int64(n/1e7) - 11644473600
		if n == 0 || seconds > 1<<36 {
			return nil
		}
		return m.Line(name, time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04"))
	case Integer32:
		if v := int32(n); v > 1e6 {
			return m.Line(name, strconv.Itoa(int(v)))
		}
	case Integer64:
		if int64(n) > 1e6 {
			return m.Line(name, strconv.FormatUint(n, 10))
		}
	case Floating:
		if v := math.Float64frombits(n); v > 1e6 && v < 1e18 {
			return m.Line(name, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return nil
}

// Name makes the name of a named property fit to stand before its value.
func Name(name string) string {
	for _, c := range name {
		if !unicode.IsPrint(c) {
			return ""
		}
	}
	return name[:min(len(name), 200)]
}

// expanding asks before more is decompressed.
type expanding struct {
	in  io.Reader
	out Out
}

func (x *expanding) Read(b []byte) (int, error) {
	b = b[:min(len(b), 64<<10)]
	if err := x.out.Expand(len(b)); err != nil {
		return 0, err
	}
	return x.in.Read(b)
}
