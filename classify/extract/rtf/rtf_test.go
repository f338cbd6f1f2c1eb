package rtf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// collector is an Out that keeps what it is given.
type collector struct {
	texts   []*bytes.Buffer
	members map[string]string
}

type buffer struct{ *bytes.Buffer }

func (buffer) Close() error { return nil }

func (c *collector) Text(string) (io.WriteCloser, error) {
	b := &bytes.Buffer{}
	c.texts = append(c.texts, b)
	return buffer{b}, nil
}

func (c *collector) Member(name string, content io.Reader) error {
	if c.members == nil {
		c.members = map[string]string{}
	}
	b, err := io.ReadAll(content)
	c.members[name] = string(b)
	return err
}

func (c *collector) Expand(int) error { return nil }
func (c *collector) Anomaly(string)   {}

func (c *collector) all() string {
	var all []string
	for _, t := range c.texts {
		all = append(all, t.String())
	}
	return strings.Join(all, "|")
}

func TestRichTextIsReadAsItIsShown(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"words of several runs are joined", `{\rtf1 078-{\b 05}-\i 1123}`, "078-05-1123"},
		{"line ends of the file are none of the text", "{\\rtf1 078-05\r\n-1123}", "078-05-1123"},
		{"what is hidden or deleted is text", `{\rtf1 a{\v b}{\deleted c}}`, "abc"},
		{"cells and rows", `{\rtf1\trowd\intbl Name\cell SSN\cell\row\intbl Ann\cell 078-05-1123\cell\row}`, "Name\tSSN\t\nAnn\t078-05-1123\t\n"},
		{"a paragraph in a cell keeps the row", `{\rtf1\intbl a\par b\cell\row\pard c\par}`, "a b\t\nc\n"},
		{"non-breaking hyphens and spaces", `{\rtf1 078\_05\_1123\~x\-y}`, "078-05-1123\u00a0xy"},
		{"bytes in the code page of the document", `{\rtf1\ansicpg1251 \'cf\'f0\'e8}`, "При"},
		{"bytes in the charset of the font", `{\rtf1{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f1 \'cf{\f0 \'e9}\'f0}`, "Пéр"},
		{"double bytes", `{\rtf1{\fonttbl{\f0\fcharset128 A;}}\f0 \'93\'fa\'96{\f0}\'7b}`, "日\ufffd{"},
		{"Unicode with its stand-ins", `{\rtf1\uc1 \u1087?\u1088\'f0{\uc0\u233 x}{\uc2\u8364 EUy}}`, "пр\u00e9x\u20acy"},
		{"digits in Unicode", `{\rtf1 \u48?\u55?\u56?-05-1123}`, "078-05-1123"},
		{"digits of a symbol font", `{\rtf1 \u-4048?\u-4041?}`, "07"},
		{"surrogate pairs", `{\rtf1 \u-10179?\u-8704?}`, "😀"},
		{"field results and instructions", `{\rtf1 a {\field{\*\fldinst HYPERLINK "mailto:x@y.z"}{\fldrslt b}} c}`, "a b c|HYPERLINK \"mailto:x@y.z\"\n"},
		{"footnotes do not cut", `{\rtf1 078-{\footnote note}05-1123}`, "078-05-1123|note\n"},
		{"properties, comments and headers", `{\rtf1{\info{\title T}{\author A}}{\header H\par}x{\*\annotation C}}`, "T\nA\n\n\nH\n\n\nC\n|x"},
		{"unknown destinations are read beside the text", `{\rtf1 a{\*\secret 078-05-1123}b}`, "ab|078-05-1123\n"},
		{"pictures and binary data are no text", "{\\rtf1 a{\\pict 0102ff}\\bin3 }}}b}", "ab"},
		{"shapes", `{\rtf1 a{\shp{\*\shpinst{\sp{\sn n}{\sv v}}{\shptxt 078-05-1123}}}}`, "a078-05-1123|n\nv\n\n\n"},
		{"a short signature", `{\rt x}`, "x"},
		{"what stands behind the document", `{\rtf1 a}078-05-1123`, "a|078-05-1123"},
		{"tags of HTML part its cells", `{\rtf1\fromhtml1{\*\htmltag64 <td>}a{\*\htmltag72 </td>}{\*\htmltag64 <td>}b}`, "<td>\n</td>\n<td>\n|a\tb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := &collector{}
			if err := Read(strings.NewReader(c.doc), int64(len(c.doc)), out); err != nil {
				t.Fatal(err)
			}
			if got := out.all(); got != c.want {
				t.Errorf("read\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

func TestADocumentThatEndsInAGroupIsMalformed(t *testing.T) {
	doc := `{\rtf1 078-05-1123{\b x`
	out := &collector{}
	if err := Read(strings.NewReader(doc), int64(len(doc)), out); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v", err)
	}
	if got := out.all(); got != "078-05-1123x" {
		t.Errorf("read %q", got)
	}
}

func TestEmbeddedObjectsAreMembers(t *testing.T) {
	var b bytes.Buffer
	u32 := func(n int) { _ = binary.Write(&b, binary.LittleEndian, uint32(n)) }
	str := func(s string) { u32(len(s) + 1); b.WriteString(s + "\x00") }
	var pack bytes.Buffer
	pack.WriteString("\x02\x00ssn.txt\x00C:\\ssn.txt\x00\x00\x00\x03\x00\x06\x00\x00\x00C:\\x.y\x0b\x00\x00\x00078-05-1123trailer")
	pack.Bytes()[2+8+11+4] = 6
	u32(0x501)
	u32(2)
	str("Package")
	u32(0)
	u32(0)
	u32(pack.Len())
	b.Write(pack.Bytes())
	doc := `{\rtf1 a{\object\objemb{\*\objclass Package}{\*\objdata ` + hex.EncodeToString(b.Bytes()) + `}{\result shown}}b}`
	out := &collector{}
	if err := Read(strings.NewReader(doc), int64(len(doc)), out); err != nil {
		t.Fatal(err)
	}
	if got := out.members["ssn.txt"]; got != "078-05-1123" {
		t.Errorf("members %q", out.members)
	}
	if got := out.all(); got != "ashownb" {
		t.Errorf("text %q", got)
	}
}

func TestDeepGroupsAreRead(t *testing.T) {
	doc := strings.Repeat("{", 300000) + "078-05-1123" + strings.Repeat("}", 300000)
	out := &collector{}
	if err := Read(strings.NewReader(doc), int64(len(doc)), out); err != nil || out.all() != "078-05-1123" {
		t.Errorf("%v, read %.50q", err, out.all())
	}
}

func TestCompressedRichTextIsUndone(t *testing.T) {
	// The examples of [MS-OXRTFCP] sections 3.1.1 and 3.2.1.
	for in, want := range map[string]string{
		"2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0": "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
	} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(Decompress(bufio.NewReader(bytes.NewReader(b))))
		if err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// FuzzRead holds that no document panics, and that text is no longer than what
// it is made of.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`{\rtf1\ansi{\fonttbl{\f1\fcharset128 A;}}\f1\'93\'fa\u-10179?{\*\objdata 0105}\bin3 abc\cell\row}`, `{\rtf1\fromhtml{\*\htmltag64 <td>}\field{\*\fldinst x}}`, `{\rt{{{\shptxt a`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		out := &collector{}
		_ = Read(bytes.NewReader(doc), int64(len(doc)), out)
		n := 0
		for _, b := range out.texts {
			n += b.Len()
		}
		if n > 4*len(doc)+10 {
			t.Fatalf("%d bytes of text from %d", n, len(doc))
		}
	})
}
