package extract

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

func fixture(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOldOfficeFilesAreRead(t *testing.T) {
	c := readNamed(t, "letter.doc", fixture(t, "ole/testdata/letter.doc"), Limits{})
	for _, want := range []string{"SSN 078-05-1123 plain", "Name\tSSN\tX", "Comment 078-05-1123", "Textbox 078-05-1123"} {
		if !c.has(want) {
			t.Errorf("%q was not read of\n%s", want, c.bodies())
		}
	}
	c = readNamed(t, "staff.xls", fixture(t, "ole/testdata/staff.xls"), Limits{})
	if !c.has("Name\tSSN\tCard\tDOB\nAnn Übel\t078-05-1123\t4111111111111111\t1980-05-13") || c.known["1!staff.xls!Secret"] == nil {
		t.Errorf("read\n%s%s", c.tree(), c.bodies())
	}
	for path, p := range c.known {
		if p.Problem != "" || p.Encrypted {
			t.Errorf("part %q has the problem %q", path, p.Problem)
		}
	}
}

func TestATornOfficeFileIsMalformedAndReadAllTheSame(t *testing.T) {
	whole := fixture(t, "ole/testdata/letter.doc")
	c := readNamed(t, "letter.doc", whole[:len(whole)-1024], Limits{})
	if p := c.known["1!letter.doc"]; p.Problem != Malformed {
		t.Errorf("the problem is %q", p.Problem)
	}
	if !c.has("078-05-1123") {
		t.Error("nothing was read of it")
	}
}

func TestObjectsInRichTextAreParts(t *testing.T) {
	var b bytes.Buffer
	u32 := func(n int) { _ = binary.Write(&b, binary.LittleEndian, uint32(n)) }
	whole := fixture(t, "ole/testdata/staff.xls")
	u32(0x501)
	u32(2)
	u32(6)
	b.WriteString("Excel\x00")
	u32(0)
	u32(0)
	u32(len(whole))
	b.WriteString(whole)
	c := readNamed(t, "x.rtf", `{\rtf1 SSN: 078-{\b 05-}1123{\object\objemb{\*\objdata `+hex.EncodeToString(b.Bytes())+`}}}`, Limits{})
	if p := c.known["1!x.rtf!1!Staff"]; p == nil || !c.has("SSN: 078-05-1123") || !c.has("Ann Übel\t078-05-1123") {
		t.Errorf("read\n%s%s", c.tree(), c.bodies())
	}
}

func TestWinmailIsReadThroughToTheTextOfItsAttachments(t *testing.T) {
	attribute := func(level byte, id uint32, data string) string {
		head := binary.LittleEndian.AppendUint32([]byte{level}, id)
		return string(binary.LittleEndian.AppendUint32(head, uint32(len(data)))) + data + "\x00\x00"
	}
	winmail := "\x78\x9f\x3e\x22\x01\x00" + attribute(1, 0x18004, "Quarter\x00") + attribute(1, 0x2800c, "SSN 078-05-1123\x00") +
		attribute(2, 0x69002, strings.Repeat("\x00", 14)) + attribute(2, 0x18010, "staff.xls\x00") + attribute(2, 0x6800f, fixture(t, "ole/testdata/staff.xls"))
	mail := "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(winmail)) + "\r\n"
	_, c := read(t, mail, Limits{}, 0)
	if p := c.known["1!winmail.dat!staff.xls!Staff"]; p == nil || !c.has("SSN 078-05-1123") || !c.has("Ann Übel\t078-05-1123") {
		t.Errorf("read\n%s%s", c.tree(), c.bodies())
	}
	if p := c.known["1!winmail.dat"]; p.Problem != "" {
		t.Errorf("the problem is %q", p.Problem)
	}
}

func TestEncryptedOfficeFilesNameTheirCipher(t *testing.T) {
	for _, name := range []string{"rc4.xls", "rc4.doc"} {
		c := readNamed(t, name, fixture(t, "ole/testdata/"+name), Limits{})
		if p := c.known["1!"+name]; !p.Encrypted || p.Problem != Encrypted || p.Cipher != "RC4-40" || !p.Weak {
			t.Errorf("%s: %+v", name, *p)
		}
	}
}
