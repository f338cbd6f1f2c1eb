package office

import (
	"strings"
	"testing"
)

const ssn = "078-05-1123"

// wordText is the text of a Word document with that body.
func wordText(t *testing.T, body string, more ...string) string {
	t.Helper()
	c, err := readBytes(t, wordOf(t, body, more...))
	if err != nil {
		t.Fatal(err)
	}
	return c.text("")
}

func TestWordJoinsWhatAReaderSees(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"a value in one run", `<w:p><w:r><w:t>078-05-1123</w:t></w:r></w:p>`, ssn + "\n"},
		{
			"runs with marks between",
			`<w:p w:rsidR="00A1"><w:r><w:t>07</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:rPr><w:b/></w:rPr><w:t>8-</w:t></w:r><w:bookmarkStart w:id="0" w:name="x"/><w:bookmarkEnd w:id="0"/><w:r><w:lastRenderedPageBreak/><w:t>05-1123</w:t></w:r></w:p>`,
			ssn + "\n",
		},
		{"hyphens that do not break", `<w:p><w:r><w:t>078</w:t><w:noBreakHyphen/><w:t>05</w:t><w:noBreakHyphen/><w:softHyphen/><w:t>1123</w:t></w:r></w:p>`, ssn + "\n"},
		{"tabs and breaks", `<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:t>d</w:t></w:r></w:p>`, "a\tb\nc\nd\n"},
		{"entities and CDATA", `<w:p><w:r><w:t>a&amp;b &#48;&#x37;8-<![CDATA[05-]]>1123</w:t></w:r></w:p>`, "a&b " + ssn + "\n"},
		{"a comment within text", `<w:p><w:r><w:t>078-05<!-- x -->-1123</w:t></w:r></w:p>`, ssn + "\nx\n"},
		{"symbols of a symbol font", `<w:p><w:r><w:t>078-05-112</w:t><w:sym w:font="Symbol" w:char="F033"/></w:r></w:p>`, ssn + "\n"},
		{
			"a table",
			`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Name</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>SSN</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>Ann</w:t></w:r></w:p><w:p><w:r><w:t>Lee</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>078-05-1123</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`,
			"Name\tSSN\nAnn Lee\t" + ssn + "\n",
		},
		{
			"merged and empty cells",
			`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>d</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>e</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>f</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>`,
			"a\tb\tc\nd\t\te\n\tf\t\n",
		},
		{
			"a table in a cell",
			`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>y</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`,
			"a\tb\nx\ty\n",
		},
		{
			"a text box within a value",
			`<w:p><w:r><w:t>078-05</w:t></w:r><w:r><w:pict><v:textbox><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></v:textbox></w:pict></w:r><w:r><w:t>-1123</w:t></w:r></w:p>`,
			ssn + "\nbox\n",
		},
		{
			"a choice and the same as fallback",
			`<w:p><w:r><mc:AlternateContent><mc:Choice><wps:txbx><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></wps:txbx></mc:Choice><mc:Fallback><v:textbox><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></v:textbox></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>end</w:t></w:r></w:p>`,
			"box\nend\n",
		},
		{
			"a fallback that says something else",
			`<w:p><w:r><w:t>a</w:t></w:r><mc:AlternateContent><mc:Choice><w:r><w:t>b</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>078-05-1123</w:t></w:r></mc:Fallback></mc:AlternateContent><w:r><w:t>c</w:t></w:r></w:p>`,
			"abc\n" + ssn + "\n",
		},
		{
			"a deletion and an insertion",
			`<w:p><w:r><w:t>078-05-</w:t></w:r><w:del><w:r><w:delText>1124</w:delText></w:r></w:del><w:ins><w:r><w:t>1123</w:t></w:r></w:ins></w:p>`,
			ssn + "\n078-05-1124\n",
		},
		{"hidden text within a value", `<w:p><w:r><w:t>078-05</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>XX</w:t></w:r><w:r><w:t>-1123</w:t></w:r></w:p>`, ssn + "\n078-05XX-1123\n"},
		{"a paragraph whose end was deleted", `<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr><w:r><w:t>078-05-</w:t></w:r></w:p><w:p><w:r><w:t>1123</w:t></w:r></w:p>`, ssn + "\n078-05-\n1123\n"},
		{
			"a field's code and its result",
			`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPER</w:instrText></w:r><w:r><w:instrText>LINK "x"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>link</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>`,
			"HYPERLINK \"x\"\nlink\n",
		},
		{"a content control", `<w:sdt><w:sdtPr><w:alias w:val="The SSN"/></w:sdtPr><w:sdtContent><w:p><w:r><w:t>078-05-1123</w:t></w:r></w:p></w:sdtContent></w:sdt>`, "The SSN\n" + ssn + "\n"},
		{"an equation", `<w:p><m:oMath><m:r><m:t>078-05-1123</m:t></m:r></m:oMath></w:p>`, ssn + "\n"},
		{"an alternative text", `<w:p><w:r><w:t>a</w:t><w:drawing><wp:docPr id="1" name="Picture 1" descr="SSN 078-05-1123"/><wp:posOffset>123456</wp:posOffset></w:drawing><w:t>b</w:t></w:r></w:p>`, "ab\nSSN " + ssn + "\n"},
		{"attributes with a > in them", `<w:p a=">" b='">'><w:r x="a>b"><w:t>078-05-</w:t></w:r><w:r><w:t>1123</w:t></w:r></w:p>`, ssn + "\n"},
		{"an end tag with a blank, after skipped properties", `<w:p><w:r><w:rPr><w:b/></w:rPr ><w:t>078-05-1123</w:t></w:r></w:p>`, ssn + "\n"},
		{"elements without a prefix", `<p><r><t>078-05-</t></r><r><t>1123</t></r></p>`, ssn + "\n"},
		{"text where none belongs", `<w:p><w:r><w:t>a</w:t></w:r>078-05-1123<w:r><w:t>b</w:t></w:r></w:p>`, "ab\n" + ssn + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := wordText(t, test.body); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWordReadsAllParts(t *testing.T) {
	para := func(s string) string { return `<w:p><w:r><w:t>` + s + `</w:t></w:r></w:p>` }
	c, err := readBytes(t, wordOf(t, para("body"),
		"word/_rels/document.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/footnotes" Target="strange/name.xml"/><Relationship Id="rId2" Type="x/hyperlink" Target="https://example.org/?q=078-05-1123" TargetMode="External"/></Relationships>`,
		"word/strange/name.xml", `<w:footnotes>`+para("note")+`</w:footnotes>`,
		"word/header1.xml", `<w:hdr>`+para("header")+`</w:hdr>`,
		"word/comments.xml", `<w:comments><w:comment>`+para("comment")+`</w:comment></w:comments>`,
		"word/settings.xml", `<w:settings><w:docVars><w:docVar w:name="V" w:val="variable"/></w:docVars></w:settings>`,
		"customXml/item1.xml", `<staff><ssn kind="tax">078051123</ssn></staff>`,
		"docProps/custom.xml", `<Properties><property name="P"><vt:lpwstr>property</vt:lpwstr></property></Properties>`,
		"word/charts/chart1.xml", `<c:chartSpace><a:p><a:r><a:t>Ti</a:t></a:r><a:r><a:t>tle</a:t></a:r></a:p><c:numCache><c:formatCode>000-00-0000</c:formatCode><c:pt><c:v>78051123</c:v></c:pt></c:numCache></c:chartSpace>`,
		"word/diagrams/data1.xml", `<dgm:dataModel><a:p><a:r><a:t>smart art</a:t></a:r></a:p></dgm:dataModel>`,
		"word/embeddings/book.xlsx", "PK\x03\x04xyz",
		"word/chunk.html", "<html><body>chunk</body></html>",
		"word/media/image1.png", "\x89PNG\r\n\x1a\n",
		"word/vbaProject.bin", "\xd0\xcf\x11\xe0",
		"word/fontTable.xml", `<w:fonts><w:font w:name="Arial"/></w:fonts>`,
	))
	if err != nil {
		t.Fatal(err)
	}
	text := c.text("")
	for _, want := range []string{"body\n\nnote\n", "https://example.org/?q=078-05-1123", "header\n", "comment\n", "variable", "kind: tax\nssn: 078051123\n", "lpwstr: property", "Title\n", ssn, "smart art"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	for _, name := range []string{"book.xlsx", "chunk.html", "image1.png", "vbaProject.bin"} {
		if c.members[name] == "" {
			t.Errorf("no member %q", name)
		}
	}
	if strings.Join(c.anomalies, " ") != "macros" {
		t.Errorf("anomalies %q", c.anomalies)
	}
}

func TestWordInOtherCharsets(t *testing.T) {
	wide := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, c := range s {
			b = append(b, byte(c), byte(c>>8))
		}
		return string(b)
	}
	document := `<w:document><w:body><w:p><w:r><w:t>Kündigung ` + ssn + `</w:t></w:r></w:p></w:body></w:document>`
	for _, test := range []struct{ name, document string }{
		{"UTF-16", wide(`<?xml version="1.0" encoding="UTF-16"?>` + document)},
		{"Windows-1252", strings.ReplaceAll(`<?xml version="1.0" encoding="windows-1252"?>`+document, "ü", "\xfc")},
		{"UTF-8 with a byte order mark", "\xef\xbb\xbf" + document},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes(t, zipOf(t, "[Content_Types].xml", wordTypes, "_rels/.rels", wordRels, "word/document.xml", test.document))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := c.text(""), "Kündigung "+ssn+"\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestSlidesInTheirOrder(t *testing.T) {
	slide := func(s string) string {
		return `<p:sld><p:cNvPr id="1" name="x" descr="alt ` + s + `"/><a:p><a:r><a:t>` + s + `</a:t></a:r></a:p></p:sld>`
	}
	c, err := readBytes(t, zipOf(t,
		"[Content_Types].xml", `<Types><Override PartName="/ppt/presentation.xml" ContentType="application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>`,
		"_rels/.rels", strings.ReplaceAll(wordRels, "word/document.xml", "ppt/presentation.xml"),
		"ppt/presentation.xml", `<p:presentation><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/slide" Target="slides/slide1.xml"/><Relationship Id="rId2" Type="x/slide" Target="slides/slide2.xml"/></Relationships>`,
		"ppt/slides/slide1.xml", slide("second"), "ppt/slides/slide2.xml", slide("first"), "ppt/slides/slide9.xml", slide("lost"),
		"ppt/slides/_rels/slide1.xml.rels", `<Relationships><Relationship Id="r" Type="x/notesSlide" Target="../notesSlides/notesSlide1.xml"/><Relationship Id="s" Type="x/comments" Target="/ppt/comments/comment1.xml"/></Relationships>`,
		"ppt/notesSlides/notesSlide1.xml", `<p:notes><a:p><a:r><a:t>the note</a:t></a:r></a:p></p:notes>`,
		"ppt/comments/comment1.xml", `<p:cmLst><p:cm><p:text>the comment</p:text></p:cm></p:cmLst>`,
		"ppt/slideMasters/slideMaster1.xml", `<p:sldMaster><a:p><a:r><a:t>the master</a:t></a:r></a:p></p:sldMaster>`,
	))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Slide 1": "alt first\nfirst\n",
		"Slide 2": "alt second\nsecond\n\nthe note\n\nthe comment\n",
		"Slide 3": "alt lost\nlost\n",
	} {
		if got := c.text(name); strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := c.text(""); !strings.Contains(got, "the master") {
		t.Errorf("no master in %q", got)
	}
}
