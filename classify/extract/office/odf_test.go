package office

import (
	"errors"
	"strings"
	"testing"
)

const odfSpaces = ` xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"`

// odfOf makes an OpenDocument file of a kind and the content of its body.
func odfOf(t testing.TB, kind, body string, more ...string) []byte {
	t.Helper()
	return zipOf(t, append([]string{
		"mimetype", "application/vnd.oasis.opendocument." + kind,
		"content.xml", `<?xml version="1.0"?><office:document-content` + odfSpaces + `>` + body + `</office:document-content>`,
		"META-INF/manifest.xml", `<manifest:manifest/>`,
	}, more...)...)
}

func TestOpenDocumentText(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"spans", `<text:p>078<text:span text:style-name="T1">-05</text:span>-1123</text:p>`, ssn},
		{"spaces, tabs, breaks", `<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d</text:p>`, "a   b\tc\nd"},
		{"a soft page break", `<text:p>078-05<text:soft-page-break/>-1123</text:p>`, ssn},
		{"lines of the file are no lines", "<text:p>\n  one\n  two\n</text:p>", "one two "},
		{"an annotation within a value", `<text:p>078-05<office:annotation><dc:creator>me</dc:creator><text:p>look</text:p></office:annotation>-1123</text:p>`, ssn + "\nme\nlook"},
		{"a footnote", `<text:p>078-05<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>foot</text:p></text:note-body></text:note>-1123</text:p>`, ssn + "\n1\nfoot"},
		{"hidden text", `<office:automatic-styles><style:style style:name="H"><style:text-properties text:display="none"/></style:style></office:automatic-styles><text:p>078-05<text:span text:style-name="H">XX</text:span>-1123</text:p>`, ssn + "\n078-05XX-1123"},
		{"a deletion", `<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>1124</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>078-05-<text:change text:change-id="c1"/></text:p>`, "1124\n078-05-\n078-05-1124"},
		{"a table with a merged cell", `<table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>a</text:p></table:table-cell><table:covered-table-cell/><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>`, "a\t\tb"},
		{"a link", `<text:p>see <text:a xlink:href="https://example.org/?q=1">here</text:a></text:p>`, "see here\nhttps://example.org/?q=1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes(t, odfOf(t, "text", test.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(c.text(""), "\n"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOpenDocumentSheets(t *testing.T) {
	c, err := readBytes(t, odfOf(t, "spreadsheet", `<office:body><office:spreadsheet><table:content-validations><table:content-validation table:condition="list"/></table:content-validations>
<table:table table:name="Q3"><table:table-row><table:table-cell office:value-type="string"><text:p>Name</text:p></table:table-cell><table:table-cell/><table:table-cell><text:p>SSN</text:p></table:table-cell><table:table-cell><text:p>Card</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="float" office:value="78051123"><text:p>078-05-1123</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="4111111111111111"><text:p>4.11E+15</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16380"/></table:table-row>
<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
<table:table-row><table:table-cell office:value-type="date" office:date-value="1980-02-03"><text:p>3.2.80</text:p></table:table-cell></table:table-row></table:table>
<table:table table:name="Other"><table:table-row><table:table-cell office:value-type="string" office:string-value="unshown"/></table:table-row></table:table></office:spreadsheet></office:body>`))
	if err != nil {
		t.Fatal(err)
	}
	want := "Name\t\tSSN\tCard\n\t\t" + ssn + "\t4.11E+15 (4111111111111111)\n\n3.2.80 (1980-02-03)\t\t\t\n"
	if got := c.text("Q3"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := c.text("Other"); got != "unshown\n" {
		t.Errorf("got %q", got)
	}
	if got := c.text(""); got != "list\n" {
		t.Errorf("got %q", got)
	}
}

func TestOpenDocumentEncryption(t *testing.T) {
	for _, test := range []struct {
		algorithm, cipher string
		weak              bool
	}{
		{"http://www.w3.org/2001/04/xmlenc#aes256-cbc", "AES-256", false},
		{"http://www.w3.org/2009/xmlenc11#aes256-gcm", "AES-256", false},
		{"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#blowfish", "Blowfish", true},
		{"Blowfish CFB", "Blowfish", true},
	} {
		t.Run(test.algorithm, func(t *testing.T) {
			c, err := readBytes(t, zipOf(t, "mimetype", "application/vnd.oasis.opendocument.text",
				"content.xml", "\x01\x02\x03", "meta.xml", `<office:document-meta><office:meta><dc:title>`+ssn+`</dc:title></office:meta></office:document-meta>`,
				"META-INF/manifest.xml", `<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data><manifest:algorithm manifest:algorithm-name="`+test.algorithm+`"/></manifest:encryption-data></manifest:file-entry></manifest:manifest>`))
			var locked *Encrypted
			if !errors.As(err, &locked) || locked.Cipher != test.cipher || locked.Weak != test.weak {
				t.Errorf("got %+v, %v", locked, err)
			}
			if !strings.Contains(c.text(""), ssn) {
				t.Errorf("what is not encrypted is not read: %q", c.text(""))
			}
		})
	}
}

func TestDocumentsOfOneFile(t *testing.T) {
	for _, test := range []struct{ name, media, file, text, want string }{
		{
			"flat OpenDocument", "application/vnd.oasis.opendocument.text",
			`<?xml version="1.0"?><office:document` + odfSpaces + ` office:mimetype="application/vnd.oasis.opendocument.text"><office:settings><config-item>noise</config-item></office:settings><text:p>078<text:span>-05-1123</text:span></text:p></office:document>`, "", ssn + "\n",
		},
		{
			"Word 2003", FlatWord,
			`<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:p><w:pPr><w:sectPr><w:hdr><w:p><w:t>top</w:t></w:p></w:hdr></w:sectPr></w:pPr><w:r><w:t>078-</w:t></w:r><w:r><w:t>05-1123</w:t></w:r></w:p></w:wordDocument>`, "", "top\n" + ssn + "\n",
		},
		{
			"Excel 2003", FlatExcel,
			`<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="s1"><NumberFormat ss:Format="000\-00\-0000"/></Style></Styles><Worksheet ss:Name="S"><Table><Row><Cell><Data ss:Type="String">SSN</Data></Cell><Cell ss:Index="3" ss:StyleID="s1"><Data ss:Type="Number">78051123</Data></Cell></Row></Table></Worksheet></Workbook>`, "S", "SSN\t\t" + ssn + "\n",
		},
		{
			"flat OPC", FlatPackage,
			`<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage"><pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document><w:p><w:r><w:t>078-05-</w:t></w:r><w:r><w:t>1123</w:t></w:r></w:p></w:document></pkg:xmlData></pkg:part></pkg:package>`, "", ssn + "\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := FlatType([]byte(test.file)); got != test.media {
				t.Errorf("type %q, want %q", got, test.media)
			}
			c, err := readBytes(t, []byte(test.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.text(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
