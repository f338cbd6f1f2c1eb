package office

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestADamagedDocumentGivesWhatCanBeRead(t *testing.T) {
	whole := wordOf(t, wordBody(200)+`<w:p><w:r><w:t>`+ssn+`</w:t></w:r></w:p>`+wordBody(200))
	for _, test := range []struct {
		name string
		file []byte
		want error
	}{
		{"without its directory", whole[:bytes.LastIndex(whole, []byte("PK\x05\x06"))], ErrMalformed},
		{"cut off behind the value", whole[:len(whole)*9/10], ErrMalformed},
		{"whole", whole, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes(t, test.file)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if !strings.Contains(c.text(""), ssn) {
				t.Errorf("the value is not in %d bytes of text", len(c.text("")))
			}
		})
	}
}

func TestDocumentsThatArePartlyWrong(t *testing.T) {
	const para = `<w:p><w:r><w:t>` + ssn + `</w:t></w:r></w:p>`
	for _, test := range []struct {
		name  string
		parts []string
		want  error
	}{
		{"no relationships", []string{"[Content_Types].xml", wordTypes, "word/document.xml", `<w:document>` + para + `</w:document>`}, ErrMalformed},
		{"another name for the main part", []string{"[Content_Types].xml", `<Types/>`, "_rels/.rels", strings.ReplaceAll(wordRels, "word/document.xml", "/Word/Strange.XML"), "word/strange.xml", `<w:document>` + para + `</w:document>`}, nil},
		{"backslashes in names", []string{"[Content_Types].xml", `<Types/>`, "_rels\\.rels", wordRels, "word\\document.xml", `<w:document>` + para + `</w:document>`}, nil},
		{"a main part twice", []string{"[Content_Types].xml", wordTypes, "_rels/.rels", wordRels, "word/document.xml", `<w:document/>`, "word/document.xml", `<w:document>` + para + `</w:document>`}, nil},
		{"XML that ends too early", []string{"[Content_Types].xml", wordTypes, "_rels/.rels", wordRels, "word/document.xml", `<w:document>` + para + `<w:p><w:r`}, ErrMalformed},
		{"relationships in a circle", []string{
			"[Content_Types].xml", wordTypes, "_rels/.rels", wordRels, "word/document.xml", `<w:document>` + para + `</w:document>`,
			"word/_rels/document.xml.rels", `<Relationships><Relationship Id="a" Type="x/hdr" Target="a.xml"/><Relationship Id="b" Type="x/doc" Target="document.xml"/></Relationships>`,
			"word/_rels/a.xml.rels", `<Relationships><Relationship Id="a" Type="x/hdr" Target="document.xml"/></Relationships>`, "word/a.xml", `<w:hdr/>`,
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes(t, zipOf(t, test.parts...))
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if !strings.Contains(c.text(""), ssn) {
				t.Errorf("no value in %q", c.text(""))
			}
		})
	}
}

func TestFilesThatAreNoDocuments(t *testing.T) {
	for name, file := range map[string][]byte{
		"an archive": zipOf(t, "a.txt", "text", "b/c.xml", "<x/>"),
		"text":       []byte("just text"),
		"XML":        []byte("<?xml version='1.0'?><feed/>"),
		"nothing":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			c, err := readBytes(t, file)
			if !errors.Is(err, ErrUnsupported) || len(c.texts) > 0 || len(c.members) > 0 {
				t.Errorf("got %v, %s", err, c.dump())
			}
			if got := Type(bytes.NewReader(file), int64(len(file))); got != "" {
				t.Errorf("type %q", got)
			}
		})
	}
}

func TestEntitiesAreBounded(t *testing.T) {
	var dtd strings.Builder
	dtd.WriteString(`<!DOCTYPE w:document [<!ENTITY a "078-05-1123"><!ENTITY l0 "lol">`)
	for i := range 20 {
		dtd.WriteString(`<!ENTITY l` + string(rune('a'+i)) + ` "` + strings.Repeat("&l0;&l"+string(rune('a'+max(i-1, 0)))+";", 40) + `">`)
	}
	dtd.WriteString(`]>`)
	document := dtd.String() + `<w:document><w:p><w:r><w:t>&a; &lt;` + strings.Repeat("&lt1;&lj;", 1000) + `</w:t></w:r></w:p></w:document>`
	c, err := readBytes(t, zipOf(t, "[Content_Types].xml", wordTypes, "_rels/.rels", wordRels, "word/document.xml", document))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.text(""); !strings.HasPrefix(got, ssn+" <") || len(got) > 200<<10 {
		t.Errorf("%d bytes of text: %.40q", len(got), got)
	}
	if strings.Join(c.anomalies, " ") != anomalyEntities {
		t.Errorf("anomalies %q", c.anomalies)
	}
}

func TestHostileMarkupTakesLinearTime(t *testing.T) {
	const n = 1 << 20
	for name, body := range map[string]string{
		"a quote that never ends":       `<w:p a="` + strings.Repeat("x>", n) + `<w:t>y</w:t>`,
		"many quotes that never end":    strings.Repeat(`<w:p a="`, n/4),
		"properties that never end":     strings.Repeat(`<w:rPr>`, n/4),
		"comments that never end":       strings.Repeat(`<!-- `, n/4),
		"nested tables":                 strings.Repeat(`<w:tbl><w:tr><w:tc><w:p>`, n/16),
		"nested text boxes":             strings.Repeat(`<w:p><w:r><w:t>a</w:t><w:txbxContent>`, n/16),
		"nested choices":                strings.Repeat(`<mc:AlternateContent><mc:Choice>`, n/16) + `<w:t>` + strings.Repeat("a", n) + `</w:t>`,
		"nested fallbacks":              strings.Repeat(`<mc:AlternateContent><mc:Fallback><w:t>a</w:t>`, n/16),
		"a wide table":                  `<w:tbl><w:tr>` + strings.Repeat(`<w:tc><w:tcPr><w:gridSpan w:val="999999999"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>`, n/64),
		"a tag of a megabyte and more":  `<w:p a="` + strings.Repeat("x", 2*n) + `"/>`,
		"one text of several megabytes": `<w:t>` + strings.Repeat("&", 4*n),
		"bare brackets":                 strings.Repeat("<", n),
		"end tags alone":                strings.Repeat("</w:p></w:tbl></w:tr></w:del></mc:Fallback></w:txbxContent>", n/64),
		"a paragraph of revisions":      strings.Repeat(`<w:del><w:r><w:delText>a</w:delText></w:r></w:del>`, n/32),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			c, _ := readBytes(t, wordOf(t, body))
			if spent := time.Since(start); spent > time.Minute {
				t.Errorf("took %v", spent)
			}
			total := 0
			for _, text := range c.texts {
				total += text.buf.Len()
			}
			if total > 16*n {
				t.Errorf("%d bytes of text", total)
			}
		})
	}
}

func TestErrorsOfOutEndTheReading(t *testing.T) {
	file := wordOf(t, wordBody(5000))
	c := &collector{limit: 100 << 10}
	if err := Read(bytes.NewReader(file), int64(len(file)), c); !errors.Is(err, errLimit) {
		t.Errorf("got %v, want %v", err, errLimit)
	}
	if c.expanded > 300<<10 {
		t.Errorf("expanded %d bytes past a limit of %d", c.expanded, c.limit)
	}
}

func TestCutAnywhere(t *testing.T) {
	for name, file := range map[string][]byte{
		"word":  wordOf(t, wordBody(3)),
		"sheet": sheetOf(t, 20),
		"odf":   odfOf(t, "text", `<text:p>a<text:span>b</text:span></text:p>`),
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; n < len(file); n += 1 + len(file)/300 {
				if _, err := readBytes(t, file[:n]); err == nil {
					t.Fatalf("no error for the first %d of %d bytes", n, len(file))
				}
			}
		})
	}
}

// FuzzRead holds for any file: no panic, texts closed, and no more expanded than
// Out allows.
func FuzzRead(f *testing.F) {
	f.Add(wordOf(f, wordBody(2)))
	f.Add(sheetOf(f, 3))
	f.Add(odfOf(f, "text", `<text:p>a<text:span>b</text:span></text:p>`))
	f.Add([]byte(`<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:p>a</w:p></w:wordDocument>`))
	f.Fuzz(func(t *testing.T, file []byte) {
		c := &collector{limit: 1 << 20}
		_ = Read(bytes.NewReader(file), int64(len(file)), c)
		if c.open != 0 {
			t.Fatalf("%d texts are left open", c.open)
		}
		_ = Type(bytes.NewReader(file), int64(len(file)))
	})
}

// FuzzMarkup holds for any XML in any part: no panic, text in proportion to it.
func FuzzMarkup(f *testing.F) {
	f.Add(`<w:p><w:r><w:t>a</w:t><w:txbxContent><w:tbl><w:tr><w:tc><w:p>b</w:p></w:tc></w:tr></w:tbl></w:txbxContent></w:r></w:p>`, uint8(0))
	f.Add(`<row r="2"><c r="B2" s="1" t="s"><f>"a"</f><v>1</v></c></row>`, uint8(1))
	f.Add(`<table:table table:name="a"><table:table-row><table:table-cell office:value-type="float" office:value="1"><text:p>1<office:annotation>a</office:annotation></text:p></table:table-cell></table:table-row></table:table>`, uint8(2))
	f.Fuzz(func(t *testing.T, xml string, kind uint8) {
		d := &document{}
		c := &collector{}
		d.out, d.w.out = c, c
		d.strings.add([]byte("ab"))
		d.readXML(strings.NewReader("<root>"+xml), func(string) {
			switch kind % 5 {
			case 0:
				d.readFlow(&d.lx, newLines(&d.w))
			case 1:
				d.readSheet()
			case 2:
				d.readODFText()
			case 3:
				d.readExcel2003()
			default:
				d.readStrings("")
				d.strings.unused(d)
			}
		})
		d.w.end()
		total := 0
		for _, text := range c.texts {
			total += text.buf.Len()
		}
		if total > 100*len(xml)+100<<10 {
			t.Fatalf("%d bytes of text from %d of XML", total, len(xml))
		}
	})
}
