package extract

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/extract/office"
)

const (
	sheetMedia = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	wordMedia  = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
)

func relationsTo(target string) string {
	return `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="` + target + `"/></Relationships>`
}

func typesOf(target, media string) string {
	return `<Types><Override PartName="/` + target + `" ContentType="` + media + `.main+xml"/></Types>`
}

// wordFile is a Word document with that text, and more members.
func wordFile(t testing.TB, text string, more ...inside) string {
	t.Helper()
	return zipOf(t, append([]inside{
		{"[Content_Types].xml", typesOf("word/document.xml", wordMedia)},
		{"_rels/.rels", relationsTo("word/document.xml")},
		{"word/document.xml", `<w:document><w:p><w:r><w:t>` + text[:4] + `</w:t></w:r><w:r><w:t>` + text[4:] + `</w:t></w:r></w:p></w:document>`},
	}, more...)...)
}

// sheetFile is a workbook with the sheet "Staff & co!" and a number that has the format of
// an SSN.
func sheetFile(t testing.TB) string {
	t.Helper()
	return zipOf(t,
		inside{"[Content_Types].xml", typesOf("xl/workbook.xml", sheetMedia)},
		inside{"_rels/.rels", relationsTo("xl/workbook.xml")},
		inside{"xl/workbook.xml", `<workbook><sheets><sheet name="Staff &amp; co!" r:id="rId1"/></sheets></workbook>`},
		inside{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/styles" Target="styles.xml"/></Relationships>`},
		inside{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="000\-00\-0000"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`},
		inside{"xl/worksheets/sheet1.xml", `<worksheet><row r="1"><c t="inlineStr"><is><t>SSN</t></is></c></row><row r="2"><c s="0"><v>78051123</v></c></row></worksheet>`},
	)
}

func TestOfficeDocuments(t *testing.T) {
	const value = "078-05-1123"
	for _, test := range []struct{ name, file, tree, text string }{
		{"a Word document", wordFile(t, value), "1!a " + wordMedia, value},
		{"a workbook", sheetFile(t), "1!a!Staff & co%21 text/plain\n1!a " + sheetMedia, "SSN\n" + value},
		{"a workbook in a Word document", wordFile(t, "see inside", inside{"word/embeddings/book.xlsx", sheetFile(t)}), "1!a!book.xlsx!Staff & co%21 text/plain\n1!a!book.xlsx " + sheetMedia + "\n1!a " + wordMedia, value},
		{"a document in an archive", zipOf(t, inside{"plan.docx", wordFile(t, value)}), "1!a!plan.docx " + wordMedia + "\n1!a application/zip", value},
		{"a flat OpenDocument", `<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><text:p>078<text:span>-05-1123</text:span></text:p></office:document>`, "1!a application/vnd.oasis.opendocument.text", value},
		{"a Word 2003 document", `<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:p><w:r><w:t>078-</w:t></w:r><w:r><w:t>05-1123</w:t></w:r></w:p></w:wordDocument>`, "1!a " + office.FlatWord, value},
		{"a file in a flat OpenDocument", `<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><text:p>a<office:binary-data>` + "\n" + b64(value) + "\n" + `</office:binary-data>b</text:p></office:document>`, "1!a!1 text/plain\n1!a application/vnd.oasis.opendocument.text", "ab"},
		{"a file in a Word 2003 document", `<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:p><w:r><w:t>078-</w:t><w:binData w:name="wordml://x.txt">` + b64("see") + `</w:binData><w:t>05-1123</w:t></w:r></w:p></w:wordDocument>`, "1!a!x.txt text/plain\n1!a " + office.FlatWord, value},
		{"a message of OpenPGP pasted into a document", wordFile(t, "-----BEGIN PGP MESSAGE-----</w:t></w:r></w:p><w:p/><w:p><w:r><w:t>hQEMA"), "1!a " + wordMedia + " encrypted", "hQEMA"},
		{
			"an OpenDocument whose type does not come first",
			zipOf(t, inside{"content.xml", `<office:document-content><text:p>078<text:span>-05-1123</text:span></text:p></office:document-content>`}, inside{"META-INF/manifest.xml", "<manifest:manifest/>"}, inside{"mimetype", "application/vnd.oasis.opendocument.text"}),
			"1!a application/vnd.oasis.opendocument.text", value,
		},
		{
			"an encrypted OpenDocument",
			zipOf(t, inside{"mimetype", "application/vnd.oasis.opendocument.text"}, inside{"content.xml", "\x01\x02"}, inside{"META-INF/manifest.xml", `<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data><manifest:algorithm manifest:algorithm-name="Blowfish CFB"/></manifest:encryption-data></manifest:file-entry></manifest:manifest>`}),
			"1!a application/vnd.oasis.opendocument.text encrypted", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := readNamed(t, "a", test.file, Limits{})
			if got := strings.TrimSuffix(c.tree(), "\n"); got != test.tree {
				t.Errorf("got\n%swant\n%s", got, test.tree)
			}
			if !c.has(test.text) {
				t.Errorf("no %q in\n%s", test.text, c.bodies())
			}
		})
	}
}

func TestOfficeDocumentInAMail(t *testing.T) {
	mail := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the file\n--b\nContent-Type: application/octet-stream; name=q3.xlsx\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString([]byte(sheetFile(t))) + "\n--b--\n"
	_, c := read(t, mail, Limits{}, 0)
	for _, s := range c.texts {
		if s.part.Path == "2!q3.xlsx!Staff & co%21" && s.where == Attachment && strings.Contains(s.text.String(), "078-05-1123") {
			return
		}
	}
	t.Errorf("got\n%s", c.bodies())
}

func TestWhatADocumentsDirectoryLeavesOut(t *testing.T) {
	file := wordFile(t, "nothing to see")
	member := zipOf(t, inside{"hidden.txt", "078-05-1123"})
	at := strings.Index(file, zipCentral)
	_, c := read(t, "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte(member[:strings.Index(member, zipCentral)]+file[:at]+file[at:]))+"\n", Limits{}, 0)
	if !c.has("078-05-1123") {
		t.Errorf("got\n%s%s", c.tree(), c.bodies())
	}
}
