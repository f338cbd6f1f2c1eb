package extract

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
)

// proto writes a field of Protocol Buffers that has a length.
func proto(field byte, value string) string {
	return string(binary.AppendUvarint([]byte{field<<3 | 2}, uint64(len(value)))) + value
}

// iwaOf writes a member of an iWork document: one object of one message.
func iwaOf(message string) string {
	about := "\x08\x01\x18" + string(binary.AppendUvarint(nil, uint64(len(message))))
	info := "\x08\x01" + proto(2, about)
	whole := string(binary.AppendUvarint(nil, uint64(len(info)))) + info + message
	packed := ""
	for len(whole) > 0 { // a chunk may end anywhere
		n := min(len(whole), 40)
		chunk := snappy.Encode(nil, []byte(whole[:n]))
		packed += string([]byte{0, byte(len(chunk)), byte(len(chunk) >> 8), 0}) + string(chunk)
		whole = whole[n:]
	}
	return packed
}

func TestDocumentsThatAreZipFilesAreReadByTheirMembers(t *testing.T) {
	page := `<?xml version="1.0"?><FixedPage xmlns="http://schemas.microsoft.com/xps/2005/06"><Canvas>` +
		`<Glyphs OriginX="96" OriginY="100" FontRenderingEmSize="10" UnicodeString="SSN: 078-" Indices="1,55"/>` +
		`<Glyphs OriginX="141" OriginY="100" FontRenderingEmSize="10" UnicodeString="05-1123"/>` +
		`<Glyphs OriginX="96" OriginY="120" FontRenderingEmSize="10" UnicodeString="Jane &amp; Joe"/>` +
		`<Glyphs OriginX="400" OriginY="120" FontRenderingEmSize="10" UnicodeString="{}{4111} 1111"/></Canvas></FixedPage>`
	drawing := `<PageContents><Shapes><Shape ID="1" Name="Box"><Cell N="PinX" V="4.2"/><Section N="Property"><Row><Cell N="Value" V="PG-7"/></Row></Section>` +
		`<Text>SSN <cp IX="0"/>078-05-<cp IX="1"/>1123</Text></Shape></Shapes></PageContents>`
	text := proto(3, "Dear Jane,\nyour SSN is "+secret+" and some more words")
	for _, d := range []struct {
		name    string
		members []inside
		media   string
		problem Problem
		want    []string
	}{
		{
			"a.xps",
			[]inside{{"FixedDocumentSequence.fdseq", "<x/>"}, {"Documents/1/Pages/1.fpage", page}},
			"application/oxps", "",
			[]string{"SSN: 078-05-1123\n", "SSN: 078-\t05-1123\n", "Jane & Joe\t{4111} 1111\n"},
		},
		{"a.xps", []inside{{"x.fdseq", "<x/>"}, {"1.fpage", page[:len(page)-60]}}, "application/oxps", Malformed, []string{"SSN: 078-05-1123\n"}},
		{
			"a.vsdx",
			[]inside{{"[Content_Types].xml", "<Types/>"}, {"visio/pages/page1.xml", drawing}},
			"application/vnd.ms-visio.drawing", "",
			[]string{"SSN 078-05-1123\n", "PG-7\n", "Box\n"},
		},
		{
			"a.pages",
			[]inside{{"Index/Document.iwa", iwaOf("\x08\x07" + proto(5, "\x08\x01"+text))}},
			"application/vnd.apple.iwork", "",
			[]string{"Dear Jane,\nyour SSN is 078-05-1123 and some more words\n"},
		},
		{"a.numbers", []inside{{"Index/Tables/DataList.iwa", iwaOf(text)}}, "application/vnd.apple.iwork", Unsupported, []string{secret}},
		{"a.key", []inside{{"Index/Slide.iwa", iwaOf(text)[:50]}}, "application/vnd.apple.iwork", Malformed, nil},
		{
			"a.epub",
			[]inside{{"mimetype", "application/epub+zip"}, {"OEBPS/c1.xhtml", "<?xml version='1.0'?><html><body><p>SSN 078-<b>05</b>-1123</p></body></html>"}},
			"application/epub+zip", "",
			[]string{"SSN 078-05-1123"},
		},
	} {
		var members []rawZip
		for _, m := range d.members {
			members = append(members, stored(m.name, m.content))
		}
		c := readNamed(t, d.name, rawZipOf("", members...), Limits{})
		for _, want := range d.want {
			if !c.has(want) {
				t.Errorf("%s: %q is in no text\n%s", d.name, want, c.bodies())
			}
		}
		if p := c.known["1!"+d.name]; p == nil || p.Detected != d.media || p.Problem != d.problem {
			t.Errorf("%s: got %+v, want %s with problem %q", d.name, p, d.media, d.problem)
		}
	}
}

// The fonts of XPS and Office look like noise: their first bytes are mixed with
// their name.
func TestHiddenFontsAreFonts(t *testing.T) {
	font := "\x00\x01\x00\x00\x00" + strings.Repeat("\x07\x90", 100)
	mixed := []byte(font)
	key := []byte{0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00}
	for i := range 32 {
		mixed[i] ^= key[i%16]
	}
	const name = "Fonts/00112233-4455-6677-8899-AABBCCDDEEFF.odttf"
	c := readNamed(t, "x.zip", zipOf(t, inside{name, string(mixed)}), Limits{})
	if p := c.known["1!x.zip!"+name]; p == nil || p.Detected != "font/ttf" || !p.Unscannable {
		t.Errorf("got %+v", p)
	}
}

func FuzzIWA(f *testing.F) {
	f.Add([]byte(iwaOf(proto(3, secret))))
	f.Add([]byte("\x00\x05\x00\x00\x04\x0cabcd"))
	f.Fuzz(func(t *testing.T, content []byte) {
		checkContainer(t, zipOf(t, inside{"Index/a.iwa", string(content)}))
	})
}

func FuzzPages(f *testing.F) {
	f.Add([]byte(`<FixedPage><Glyphs OriginX="1" OriginY="NaN" UnicodeString="a"/></FixedPage>`))
	f.Add([]byte(`<Shape><Text>a<cp/>b</Text></Shape>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		checkContainer(t, zipOf(t, inside{"1.fpage", string(content)}, inside{"visio/pages/page1.xml", string(content)}))
	})
}
