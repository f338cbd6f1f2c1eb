package tnef

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
)

type collector struct {
	texts   []*text
	members []string
}

type text struct{ bytes.Buffer }

func (*text) Close() error { return nil }

func (c *collector) Text(string) (io.WriteCloser, error) {
	t := &text{}
	c.texts = append(c.texts, t)
	return t, nil
}

func (c *collector) Member(name string, content io.Reader) error {
	b, err := io.ReadAll(content)
	c.members = append(c.members, name+"="+string(b))
	if bytes.HasPrefix(b, []byte("\x78\x9f\x3e\x22")) {
		return Read(bytes.NewReader(b), int64(len(b)), c)
	}
	return err
}

func (c *collector) Expand(int) error { return nil }
func (c *collector) Anomaly(string)   {}

func (c *collector) all() string {
	var b strings.Builder
	for _, t := range c.texts {
		b.WriteString(t.String() + "|")
	}
	return b.String()
}

// attribute builds an attribute with its checksum.
func attribute(level byte, id uint32, data string) string {
	b := append([]byte{level}, binary.LittleEndian.AppendUint32(nil, id)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	sum := uint16(0)
	for _, c := range []byte(data) {
		sum += uint16(c)
	}
	return string(binary.LittleEndian.AppendUint16(b, sum))
}

func u32s(n ...uint32) string {
	var b []byte
	for _, v := range n {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return string(b)
}

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// property builds a property of variable length.
func property(tag uint32, data string) string {
	return u32s(tag, 1, uint32(len(data))) + data + strings.Repeat("\x00", -len(data)&3)
}

func winmail(attributes ...string) []byte {
	return []byte(u32s(signature) + "\x01\x00" + strings.Join(attributes, ""))
}

func sample() []byte {
	inner := winmail(attribute(1, 0x18004, "Inner subject\x00"), attribute(1, 0x2800c, "inner 078-05-1123\x00"))
	mail := u32s(5) + property(0x0037001f, utf16le("Größe\x00")) + property(0x1000001e, "078-05-1123 \xcf\x00") + u32s(0x00390040, 0, 0) +
		u32s(0x8001001f) + strings.Repeat("g", 16) + u32s(1, 8) + utf16le("SSN\x00") + u32s(1, 24) + utf16le("078-05-1123\x00") + property(0x10130102, "<p>x")
	return winmail(
		attribute(1, 0x69007, u32s(1251, 0)), attribute(1, 0x18004, "Subject\x00"), attribute(1, 0x69003, mail),
		attribute(1, 0x69004, u32s(1, 1)+property(0x3001001e, "Bob\x00")),
		attribute(2, 0x69002, strings.Repeat("\x00", 14)), attribute(2, 0x18010, "LONG~1.TXT\x00"), attribute(2, 0x6800f, "content one"),
		attribute(2, 0x69005, u32s(1)+property(0x3707001e, "long name.txt\x00")),
		attribute(2, 0x69002, strings.Repeat("\x00", 14)), attribute(2, 0x18010, "mail\x00"),
		attribute(2, 0x69005, u32s(1)+property(0x3701000d, strings.Repeat("i", 16)+string(inner))),
	)
}

func TestWinmailIsReadWithItsAttachments(t *testing.T) {
	b := sample()
	c := &collector{}
	if err := Read(bytes.NewReader(b), int64(len(b)), c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Subject: Subject\n", "Subject: Größe\n", "078-05-1123 П", "SSN: 078-05-1123\n", "Bob\n", "long name.txt\n", "Subject: Inner subject\n", "inner 078-05-1123"} {
		if !strings.Contains(c.all(), want) {
			t.Errorf("%q is not in %q", want, c.all())
		}
	}
	if len(c.members) != 3 || c.members[0] != "body.html=<p>x" || c.members[1] != "long name.txt=content one" || !strings.HasPrefix(c.members[2], "mail=\x78\x9f") {
		t.Errorf("members %q", c.members)
	}
}

func TestWhatIsCutIsReadAsFarAsItGoes(t *testing.T) {
	whole := sample()
	for n := range whole[:len(whole)-2] {
		c := &collector{}
		if err := Read(bytes.NewReader(whole[:n]), int64(n), c); err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	c := &collector{}
	n := bytes.Index(whole, []byte("content one")) + 7
	if err := Read(bytes.NewReader(whole[:n]), int64(n), c); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v", err)
	}
	if last := c.members[len(c.members)-1]; last != "LONG~1.TXT=content" {
		t.Errorf("member %q", last)
	}
}

// FuzzRead holds that no file panics or takes without end.
func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &collector{}
		if err := Read(bytes.NewReader(b), int64(len(b)), c); err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
	})
}
