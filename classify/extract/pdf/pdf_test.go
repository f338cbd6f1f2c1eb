package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	begin = "BT /F1 12 Tf 72 700 Td "
	toUni = "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
)

func TestPagesGiveTheirText(t *testing.T) {
	font := func(dict string) string { return "/Font<</F1 5 0 R/F2<<" + dict + ">>>>" }
	two := "BT /F2 12 Tf 72 700 Td "
	form := streamObject("/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 5 0 R>>>>", "BT /F1 10 Tf 2 5 Td (078-05-1123) Tj ET")
	column := func(x int, word string) string {
		s := ""
		for i := range 5 {
			s += fmt.Sprintf("BT /F1 10 Tf %d %d Td (%s %d of a column of prose) Tj ET ", x, 700-12*i, word, i)
		}
		return s
	}
	for _, c := range []struct {
		name, content, resources, page, want string
		objects                              []string
	}{
		{name: "a string", content: begin + "(SSN 078-05-1123) Tj ET", want: "SSN 078-05-1123\n"},
		{name: "escapes, octal digits and a line broken", content: begin + "(SSN\\040\\06078-05\\\n-11\\62\\63 \\(x\\)) Tj ET", want: "SSN 078-05-1123 (x)\n"},
		{name: "hexadecimal", content: begin + "<53534E 203037382D30352D313132 3> Tj ET", want: "SSN 078-05-1120\n"},
		{name: "kerning is no space, distance is", content: begin + "[(07)-20(8-)30(05-1)-80(123)-300(next)-3000(cell)] TJ ET", want: "078-05-1123 next\tcell\n"},
		{name: "glyph by glyph", content: begin + "(0) Tj 6.67 0 Td (7) Tj 6.67 0 Td (8) Tj 6.67 0 Td (-) Tj ET BT /F1 12 Tf 1 0 0 1 96 700 Tm (05) Tj ET", want: "078-05\n"},
		{name: "glyphs in any order", content: begin + "13.34 0 Td (8) Tj -6.67 0 Td (7) Tj -6.67 0 Td (0) Tj ET", want: "078\n"},
		{name: "glyphs in any order, some with others to come between", content: begin + "(0) Tj 13.34 0 Td (8) Tj 26.68 0 Td (1) Tj -33.35 0 Td (7) Tj 13.34 0 Td (3) Tj 6.67 0 Td (4) Tj 6.67 0 Td (5) Tj ET", want: "0783451\n"},
		{name: "lines by leading and quotes", content: "BT /F1 12 Tf 14 TL 72 700 Td (one) Tj T* (two) Tj (three) ' 1 0 (four) \" 0 -14 TD (five) Tj ET", want: "one\ntwo\nthree\nfour\nfive\n"},
		{name: "rows from top to bottom, cells from left to right", content: "BT /F1 12 Tf 300 600 Td (d) Tj ET BT /F1 12 Tf 72 600 Td (c) Tj ET BT /F1 12 Tf 300 700 Td (b) Tj ET BT /F1 12 Tf 72 700 Td (a) Tj ET", want: "a\tb\nc\td\n"},
		{name: "columns of prose one after the other", content: column(50, "left") + column(320, "right"), want: "left 0 of a column of prose\nleft 1 of a column of prose\nleft 2 of a column of prose\nleft 3 of a column of prose\nleft 4 of a column of prose\n" +
			"right 0 of a column of prose\nright 1 of a column of prose\nright 2 of a column of prose\nright 3 of a column of prose\nright 4 of a column of prose\n"},
		{name: "letters drawn twice to look bold", content: begin + "(bold) Tj 0.4 0 Td (bold) Tj ET", want: "bold\n"},
		{name: "letters set apart", content: "BT /F1 12 Tf 5 Tc 72 700 Td (0) Tj (78) Tj (-05-1123) Tj ET", want: "078-05-1123\n"},
		{name: "rotated", content: "BT /F1 12 Tf 0 1 -1 0 300 72 Tm (SSN ) Tj (078-05-1123) Tj ET", want: "SSN 078-05-1123\n"},
		{name: "slanted, and smaller in another direction", content: "BT /F1 12 Tf .866 .5 -.5 .866 300 72 Tm (up) Tj ET BT /F1 6 Tf 1 0 0 1 50 50 Tm (flat) Tj ET", want: "up\nflat\n"},
		{name: "hidden by rendering mode, colour or size", content: "BT /F1 12 Tf 3 Tr 72 700 Td (hidden) Tj 1 1 1 rg 0 -20 Td (white) Tj /F1 0 Tf 0 -20 Td (nothing) Tj ET", want: "hidden\nwhite\nnothing\n"},
		{name: "a form drawn at its place", content: begin + "(SSN) Tj ET q 1 0 0 1 110 695 cm /X Do Q", resources: "/XObject<</X 10 0 R>>", objects: []string{form}, want: "SSN\t078-05-1123\n"},
		{name: "a form that draws itself", content: "/X Do", resources: "/XObject<</X 10 0 R>>", objects: []string{streamObject("/Subtype/Form/Resources<</Font<</F1 5 0 R>>/XObject<</X 10 0 R>>>>", "BT /F1 10 Tf (once) Tj ET /X Do")}, want: "once\n"},
		{name: "an inline image is passed", content: begin + "(a) Tj ET BI /W 2 /H 2 /BPC 8 ID \x01( EI\x02 EI\x03\xff EI Q\n" + begin + "0 -20 Td (b) Tj ET", want: "a\nb\n"},
		{name: "words for glyphs", content: begin + "/Span <</ActualText (078-05-1123)>> BDC EMC ET BT /F1 12 Tf 72 650 Td /Span <</ActualText <FEFF00660069>>> BDC (fi) Tj EMC /Span <</ActualText (other words)>> BDC (x) Tj EMC ET", want: "fix\n078-05-1123\nother words\n"},
		{name: "differences", resources: font("/Type/Font/Subtype/Type1/BaseFont/X/Encoding<</Differences[1/zero/seven/eight/hyphen 65/f_i/uni00E9/Euro/a.alt]>>"), content: two + "<010203044142434445> Tj ET", want: "078-fié€aE\n"},
		{name: "MacRoman", resources: font("/Type/Font/Subtype/TrueType/BaseFont/X/Encoding/MacRomanEncoding"), content: two + "<8ea5> Tj ET", want: "é•\n"},
		{name: "ToUnicode of a simple font", resources: font("/Type/Font/Subtype/Type3/FontMatrix[.01 0 0 .01 0 0]/Widths[50 50]/FirstChar 1/ToUnicode 10 0 R"), objects: []string{streamObject("", "1 begincodespacerange <00> <FF> endcodespacerange 2 beginbfchar <01> <0030> <02> <00660066> endbfchar 1 beginbfrange <03> <05> <0031> endbfrange")}, content: two + "<0102030405> Tj ET", want: "0ff123\n"},
		{name: "a composite font", resources: font("/Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2/DW 500/W[3[600 600]5 9 500]>>]/ToUnicode 10 0 R"), objects: []string{streamObject("/Filter/FlateDecode", deflated(toUni+"2 beginbfrange <0003> <0005> <0037> <0010> <0011> [<0041> <D83DDE00>] endbfrange"))}, content: two + "<0003000400050010> Tj <0011> Tj ET", want: "789A😀\n"},
		{name: "a predefined CMap of a charset", resources: font("/Type/Font/Subtype/Type0/Encoding/90ms-RKSJ-H/DescendantFonts[<</Subtype/CIDFontType0>>]"), content: two + "<93fa967b2030373831> Tj ET", want: "日本 0781\n"},
		{name: "a predefined CMap of Unicode", resources: font("/Type/Font/Subtype/Type0/Encoding/UniGB-UCS2-H/DescendantFonts[<</Subtype/CIDFontType0>>]"), content: two + "<4e2d00300037> Tj ET", want: "中07\n"},
		{name: "CIDs of a known collection", resources: font("/Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType0/CIDSystemInfo<</Ordering(Japan1)>>>>]"), content: two + "<001100180019> Tj ET", want: "078\n"},
		{name: "an encoding CMap of its own", resources: font("/Type/Font/Subtype/Type0/Encoding 10 0 R/DescendantFonts[<</CIDSystemInfo<</Ordering(GB1)>>>>]"), objects: []string{streamObject("", "2 begincodespacerange <00> <7F> <8000> <FFFF> endcodespacerange 1 begincidrange <20> <7e> 1 endcidrange 1 begincidchar <8001> 17 endcidchar")}, content: two + "(078) Tj <8001> Tj ET", want: "0780\n"},
		{name: "the encoding of an embedded Type 1 font", resources: font("/Type/Font/Subtype/Type1/BaseFont/ABCDEF+X/FontDescriptor<</Flags 4/FontFile 10 0 R>>"), objects: []string{streamObject("", "%!PS /Encoding 256 array dup 1 /seven put dup 2 /eight put readonly def currentfile eexec")}, content: two + "<0102> Tj ET", want: "78\n"},
		{name: "the font of a graphics state", resources: "/ExtGState<</G<</Font[5 0 R 12]>>>>", content: "/G gs BT 72 700 Td (text) Tj ET", want: "text\n"},
		{name: "a font that is not there", content: "BT /F9 12 Tf 72 700 Td (text) Tj ET", want: "text\n"},
		{name: "the looks of a field in its place", content: begin + "(SSN:) Tj ET", page: "/Annots[<</Subtype/Widget/FT/Tx/T(ssn)/V(078-05-1123)/Rect[110 695 310 715]/AP<</N 10 0 R>>>>]", objects: []string{form}, want: "SSN:\t078-05-1123\nssn\n"},
		{name: "the value of a field without looks, from its parent", content: begin + "(SSN:) Tj ET", page: "/Annots[<</Subtype/Widget/Parent 10 0 R/Rect[110 698 310 715]>>]", objects: []string{"<</FT/Tx/T(ssn)/V<FEFF0030003700380031>>>"}, want: "SSN:\t0781\nssn\n"},
		{name: "comments, links and names", content: begin + "(x) Tj ET", page: "/Annots[<</Subtype/Text/Rect[0 0 0 0]/Contents(note 1)/RC(<body><p>rich <b>no</b>te</p><p>a &lt; b</p></body>)/A<</URI(https://x.example/078-05-1123)>>>>]", want: "x\nnote 1\nhttps://x.example/078-05-1123\nrich note\na < b\n"},
		{name: "contents in pieces, within an operator's operands", content: begin + "(one", page: "/Contents[10 0 R 11 0 R]", objects: []string{streamObject("", begin+"12 0"), streamObject("", "Td (two) Tj ET")}, want: "two\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readBytes(t, onePage(c.content, c.page, c.resources, c.objects...))
			if err != nil {
				t.Errorf("error %v", err)
			}
			if got.text.String() != c.want {
				t.Errorf("got %q\nwant %q", got.text.String(), c.want)
			}
		})
	}
}

func TestFiltersAreUndone(t *testing.T) {
	const content = "BT /F1 12 Tf 72 700 Td (SSN 078-05-1123) Tj ET "
	long := content // enough for all widths of codes, twice
	for i := range 2000 {
		long += fmt.Sprintf("%d %d m ", i*i, 7*i*i%997)
	}
	hex := fmt.Sprintf("%x>", content)
	png := ""
	for i := 0; i < len(content); i += 4 {
		row := content[i:min(i+4, len(content))]
		png += "\x02"
		for j := range len(row) {
			above := byte(0)
			if i > 0 {
				above = content[i-4+j]
			}
			png += string([]byte{row[j] - above})
		}
	}
	for _, c := range []struct{ name, dict, data string }{
		{"Flate", "/Filter/FlateDecode", deflated(content)},
		{"Flate without its end", "/Filter/FlateDecode", deflated(content)[:len(deflated(content))-4]},
		{"Flate without its envelope", "/Filter[/FlateDecode]", deflated(content)[2:]},
		{"Flate behind a line end", "/Filter[/Fl]", "\n" + deflated(content)},
		{"hexadecimal", "/Filter/ASCIIHexDecode", hex},
		{"85", "/Filter/ASCII85Decode", "6<#'\\7PQ#?1*BP.+?)%u\n2_Zp.<+I+\";c?F60K1sC0JtF:0etO6+B3(u78tB~>"},
		{"runs", "/Filter/RunLengthDecode", string([]byte{byte(len(content) - 1)}) + content + "\xfe \x80"},
		{"hexadecimal of Flate", "/Filter[/AHx/FlateDecode]", fmt.Sprintf("%x>", deflated(content))},
		{"the predictor of PNG", "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 4>>", deflated(png)},
		{"LZW", "/Filter/LZWDecode", lzwEncoded(long, 1)},
		{"LZW without early change", "/Filter/LZWDecode/DecodeParms<</EarlyChange 0>>", lzwEncoded(long, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := onePage("", "/Contents 10 0 R", "", streamObject(c.dict, c.data))
			got, _ := readBytes(t, page)
			if want := "SSN 078-05-1123\n"; got.text.String() != want {
				t.Errorf("got %q, want %q", got.text.String(), want)
			}
		})
	}
}

func TestStringsBesideThePagesAreText(t *testing.T) {
	b := newBuilder()
	b.root = "/Root 1 0 R/Info 8 0 R"
	b.object(1, "<</Type/Catalog/Pages 2 0 R/Outlines 20 0 R/AcroForm<</XFA[(template) 21 0 R(datasets) 22 0 R]>>/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS 23 0 R>>]>>/EmbeddedFiles<</Names[(a)24 0 R]>>>>/Metadata 26 0 R>>")
	b.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
	b.object(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>")
	b.stream(4, "", begin+"(page) Tj ET")
	b.object(5, helvetica1)
	b.object(8, "<</Title(A title)/Card#20number(4111 1111 1111 1111)/CreationDate(D:20260101)>>")
	b.object(20, "<</First<</Title(bookmark 078-05-1123)>>>>")
	b.stream(21, "", "<template x='1'><caption>Your number</caption></template>")
	b.stream(22, "", "<xfa:data><form><SSN>078-05-&#49;123</SSN></form></xfa:data>")
	b.stream(23, "", "var ssn = '078-05-1124';")
	b.object(24, "<</Type/Filespec/UF(data.csv)/Desc(all data)/EF<</F 25 0 R>>>>")
	b.stream(25, "/Filter/FlateDecode", deflated("ssn,078-05-1123"))
	b.stream(26, "/Type/Metadata/Subtype/XML", "<?xpacket?><rdf:Description pdf:Keywords='key 1'><dc:title><rdf:Alt><rdf:li>Meta title</rdf:li></rdf:Alt></dc:title></rdf:Description>")
	b.object(30, "<</S/Figure/Alt(a scan of card 4111)/ID(node1)>>")
	b.stream(31, "/Type/EmbeddedFile", "nobody points here")
	got, err := readBytes(t, b.finish(""))
	if err != nil {
		t.Error(err)
	}
	for _, line := range []string{"page", "caption\tYour number", "SSN\t078-05-1123", "bookmark 078-05-1123", "var ssn = '078-05-1124';", "all data\tdata.csv", "a scan of card 4111", "Title\tA title", "Card number\t4111 1111 1111 1111", "Keywords\tkey 1", "Meta title"} {
		if !strings.Contains(got.text.String(), line+"\n") {
			t.Errorf("no line %q in %q", line, got.text.String())
		}
	}
	if fmt.Sprint(got.members) != "[data.csv: ssn,078-05-1123 : nobody points here]" {
		t.Errorf("members %q", got.members)
	}
}

func TestOlderRevisionsAreRead(t *testing.T) {
	b := newBuilder()
	b.Write(onePage(begin+"(same) Tj 0 -20 Td (removed 078-05-1123) Tj ET", "", "")[b.Len():])
	first := strings.LastIndex(b.String(), "xref\n")
	first = strings.LastIndex(b.String()[:first], "xref\n")
	b.stream(4, "", begin+"(same) Tj ET")
	got, err := readBytes(t, b.finish(fmt.Sprintf("/Prev %d", first)))
	if err != nil || got.text.String() != "same\n" || got.earlier.String() != "removed 078-05-1123\n" {
		t.Errorf("got %q, earlier %q, error %v", got.text.String(), got.earlier.String(), err)
	}
}

func TestOddDocumentsAreFlagged(t *testing.T) {
	secretFont := "/Font<</F1<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]>>>>"
	for _, c := range []struct {
		name, content, resources, anomaly string
		err                               error
	}{
		{"a font that tells no characters", begin + "<00010002000300040005000600070008> Tj ET", secretFont, "[undecodable-font]", ErrUnsupported},
		{"a bullet in such a font", begin + "<0001> Tj ET", secretFont, "[]", nil},
		{"a scan", "q 600 0 0 800 0 0 cm /I Do Q", "/XObject<</I 10 0 R>>", "[scanned-page]", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readBytes(t, onePage(c.content, "", c.resources, streamObject("/Subtype/Image/Filter/DCTDecode", "\xff\xd8")))
			if fmt.Sprint(got.anomalies) != c.anomaly || !errors.Is(err, c.err) {
				t.Errorf("anomalies %v, error %v; want %s, %v", got.anomalies, err, c.anomaly, c.err)
			}
		})
	}
}

// viewer is a collector that wants pictures.
type viewer struct{ collector }

func (*viewer) Pictures() bool { return true }

func TestPicturesOfScannedPagesAreMembers(t *testing.T) {
	const size = "/Subtype/Image/Width 32/Height 32"
	row := "\xff\x00\xff\x00"
	for _, c := range []struct{ name, dict, data, head, tail string }{
		{"JPEG", size + "/Filter/DCTDecode", "\xff\xd8\xffjpeg", ": \xff\xd8\xffjpeg", ""},
		{"JPEG in Flate", size + "/Filter[/FlateDecode/DCTDecode]", deflated("\xff\xd8\xffjpeg"), ": \xff\xd8\xffjpeg", ""},
		{"black and white", size + "/ImageMask true/Filter/FlateDecode", deflated(strings.Repeat(row, 32)), ": MM\x00*", row},
		{"more than the size says", size + "/BitsPerComponent 1/ColorSpace/DeviceGray", strings.Repeat(row, 32) + "more", ": MM\x00*", row},
		{"colours", size + "/BitsPerComponent 8/ColorSpace/DeviceRGB", strings.Repeat(row, 24*32), ": MM\x00*", row},
		{"a table of colours", size + "/BitsPerComponent 1/ColorSpace[/Indexed/DeviceGray 1(\\000\\377)]", strings.Repeat(row, 32), ": MM\x00*", row},
		{"fax", size + "/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 32>>", "fax", ": MM\x00*", "fax"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := onePage("q 600 0 0 800 0 0 cm /I Do /I Do Q", "", "/XObject<</I 10 0 R>>", streamObject(c.dict, c.data))
			v := &viewer{collector{most: 1 << 20}}
			if err := Read(bytes.NewReader(file), int64(len(file)), v); err != nil {
				t.Fatal(err)
			}
			if len(v.members) != 1 || !strings.HasPrefix(v.members[0], c.head) || !strings.HasSuffix(v.members[0], c.tail) {
				t.Errorf("members %.200q", v.members)
			}
		})
	}
	for name, dict := range map[string]string{"too low": "/Subtype/Image/Width 32/Height 2", "too wide": "/Subtype/Image/Width 99999999/Height 32", "of a kind that is not read": size + "/Filter/JBIG2Decode"} {
		file := onePage("/I Do", "", "/XObject<</I 10 0 R>>", streamObject(dict, "x"))
		v := &viewer{collector{most: 1 << 20}}
		if err := Read(bytes.NewReader(file), int64(len(file)), v); err != nil || len(v.members) != 0 {
			t.Errorf("%s: %d members, %v", name, len(v.members), err)
		}
	}
}
