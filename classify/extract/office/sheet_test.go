package office

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf16"
)

// workbookOf makes a workbook of one sheet of that data.
func workbookOf(t testing.TB, data string, more ...string) []byte {
	t.Helper()
	return zipOf(t, append([]string{
		"[Content_Types].xml", `<Types><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
		"_rels/.rels", strings.ReplaceAll(wordRels, "word/document.xml", "xl/workbook.xml"),
		"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Q3" sheetId="1" state="veryHidden" r:id="rId1"/></sheets><definedNames><definedName name="N">"the name"</definedName></definedNames></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`,
		"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="000\-00\-0000"/><numFmt numFmtId="165" formatCode="0000\ 0000\ 0000\ 0000"/><numFmt numFmtId="166" formatCode="&quot;SSN &quot;000-00-0000;-0"/><numFmt numFmtId="167" formatCode="dd/mm/yyyy"/><numFmt numFmtId="168" formatCode=";;;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="3"/><xf numFmtId="11"/><xf numFmtId="10"/><xf numFmtId="168"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml", `<worksheet><sheetData>` + data + `</sheetData></worksheet>`,
		"xl/sharedStrings.xml", `<sst><si><t>Name</t></si><si><r><t>S</t></r><r><rPr><b/></rPr><t>SN</t></r></si><si><t>two
lines</t></si><si><t>never shown 078-05-1123</t></si></sst>`,
	}, more...)...)
}

func TestCellsAreShownAsTheReaderSeesThem(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"a number with the format of an SSN", `<row r="1"><c r="A1" s="1"><v>78051123</v></c></row>`, ssn},
		{"a literal before it", `<row r="1"><c r="A1" s="3"><v>78051123</v></c></row>`, "SSN " + ssn},
		{"a card's digits in fours", `<row><c s="2"><v>4111111111111111</v></c></row>`, "4111 1111 1111 1111"},
		{"a card without a format", `<row><c><v>4111111111111111</v></c></row>`, "4111111111111111"},
		{"a card in the form of a float", `<row><c><v>4.111111111111111E15</v></c></row>`, "4111111111111111"},
		{"a card in scientific form", `<row><c s="6"><v>4111111111111111</v></c></row>`, "4111111111111111"},
		{"a number that its format hides", `<row><c s="8"><v>78051123</v></c></row>`, "78051123"},
		{"thousands", `<row><c s="5"><v>1234567</v></c></row>`, "1,234,567"},
		{"percent", `<row><c s="7"><v>0.125</v></c></row>`, "12.50%"},
		{"a date", `<row><c s="4"><v>29254</v></c></row>`, "03/02/1980 (1980-02-03)"},
		{"an inline string", `<row><c t="inlineStr"><is><r><t>078-</t></r><r><t>05-1123</t></r></is></c></row>`, ssn},
		{"shared strings", `<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c t="s"><v>99</v></c></row>`, "Name\tSSN\ttwo lines"},
		{"a formula and its value", `<row><c t="str"><f>A1&amp;"-1123"</f><v>078-05-1123</v></c></row>`, ssn + "\n\nA1&\"-1123\""},
		{"a formula that was never calculated", `<row><c><f>"078-05"&amp;"-1123"</f></c></row>`, `="078-05"&"-1123"`},
		{"truth", `<row><c t="b"><v>1</v></c></row>`, "TRUE"},
		{"empty cells", `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"/><c r="D1" t="s"><v>1</v></c></row><row r="2"><c r="D2" s="1"><v>78051123</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>`, "Name\t\t\tSSN\n\t\t\t" + ssn + "\n1\t\t\t"},
		{"a header narrower than the sheet", `</sheetData><dimension ref="A1:D2"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="B2" s="1"><v>78051123</v></c><c r="D2"><v>7</v></c></row>`, "Name\tSSN\t\t\n\t" + ssn + "\t\t7"},
		{"a far cell", `<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>`, "1\t2"},
		{"rows that are left out", `<row r="1"><c><v>1</v></c></row><row r="9"><c><v>2</v></c></row>`, "1\n\n2"},
		{"a header of the page", `</sheetData><headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12SSN&amp;C078-05-1123</oddHeader></headerFooter><sheetData>`, "SSN\n" + ssn},
		{"a list to choose from", `</sheetData><dataValidations><dataValidation prompt="which?"><formula1>"078-05-1123,x"</formula1></dataValidation></dataValidations><sheetData>`, "which?\n\"" + ssn + ",x\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes(t, workbookOf(t, test.data))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(c.text("Q3"), "\n"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := c.text(""); !strings.Contains(got, "never shown 078-05-1123") || !strings.Contains(got, "the name") {
				t.Errorf("no unused string or defined name in %q", got)
			}
		})
	}
}

func TestSharedStringsBeyondTheBoundAreRead(t *testing.T) {
	var shared strings.Builder
	shared.WriteString("<sst>")
	for i := range 6000 {
		fmt.Fprintf(&shared, "<si><t>%s %d</t></si>", strings.Repeat("x", 4000), i)
	}
	shared.WriteString("<si><t>078-05-1123</t></si></sst>")
	file := strings.NewReader(string(zipOf(t,
		"[Content_Types].xml", `<Types/>`,
		"xl/workbook.xml", `<workbook><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml", `<worksheet><row><c t="s"><v>0</v></c></row></worksheet>`,
		"xl/sharedStrings.xml", shared.String())))
	c := &collector{}
	if err := Read(file, file.Size(), c); !errors.Is(err, ErrMalformed) { // there is no _rels/.rels
		t.Fatalf("got %v, want %v", err, ErrMalformed)
	}
	if !strings.Contains(c.text(""), ssn) || !strings.HasSuffix(c.text("S"), "x 0\n") {
		t.Errorf("the last string or the first cell is not read")
	}
}

// record appends a record of a binary workbook.
func record(b []byte, kind int, data ...[]byte) []byte {
	n := 0
	for _, d := range data {
		n += len(d)
	}
	if kind < 0x80 {
		b = append(b, byte(kind))
	} else {
		b = append(b, byte(kind&0x7f|0x80), byte(kind>>7))
	}
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n&0x7f|0x80))
	}
	b = append(b, byte(n))
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}

func le32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

func wideString(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := le32(len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestBinaryWorkbook(t *testing.T) {
	var book, styles, shared, sheet, comments []byte
	book = record(book, recBundleSh, le32(0), le32(1), wideString("rId1"), wideString("Staff"))
	styles = record(styles, recFmt, []byte{164, 0}, wideString("000-00-0000"))
	styles = record(styles, recBeginXFs, le32(2))
	styles = record(styles, recXF, []byte{0, 0, 0, 0}, make([]byte, 12))
	styles = record(styles, recXF, []byte{0, 0, 164, 0}, make([]byte, 12))
	styles = record(styles, recEndXFs)
	shared = record(shared, recSSTItem, []byte{0}, wideString("Name"))
	sheet = record(sheet, recRowHdr, le32(0), make([]byte, 20))
	sheet = record(sheet, recCellIsst, le32(0), le32(0), le32(0))
	sheet = record(sheet, recCellSt, le32(2), le32(0), wideString("SSN"))
	sheet = record(sheet, recRowHdr, le32(1), make([]byte, 20))
	sheet = record(sheet, recCellRk, le32(1), le32(0), le32(42<<2|2))
	sheet = record(sheet, recCellReal, le32(2), le32(1), binary.LittleEndian.AppendUint64(nil, math.Float64bits(78051123)))
	sheet = record(sheet, recRowHdr, le32(2), make([]byte, 20))
	sheet = record(sheet, recCellBlank, le32(0), le32(0))
	sheet = record(sheet, recShortIsst, le32(0), le32(0))
	sheet = record(sheet, recShortBlank, le32(0))
	sheet = record(sheet, recShortReal, le32(1), binary.LittleEndian.AppendUint64(nil, math.Float64bits(78051123)))
	sheet = record(sheet, recShortSt, le32(0), wideString("short"))
	sheet = record(sheet, recShortBool, le32(0), []byte{1})
	sheet = record(sheet, recShortRk, le32(0), le32(7<<2|2))
	comments = record(comments, recComment, []byte{0}, wideString("a comment"))
	file := zipOf(t,
		"[Content_Types].xml", `<Types><Override PartName="/xl/workbook.bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>`,
		"_rels/.rels", strings.ReplaceAll(wordRels, "word/document.xml", "xl/workbook.bin"),
		"xl/workbook.bin", string(book),
		"xl/_rels/workbook.bin.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.bin"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.bin"/><Relationship Id="rId3" Type="x/styles" Target="styles.bin"/></Relationships>`,
		"xl/worksheets/sheet1.bin", string(sheet), "xl/sharedStrings.bin", string(shared), "xl/styles.bin", string(styles),
		"xl/worksheets/_rels/sheet1.bin.rels", `<Relationships><Relationship Id="rId1" Type="x/comments" Target="../comments1.bin"/></Relationships>`,
		"xl/comments1.bin", string(comments))
	c, err := readBytes(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.text("Staff"), "Name\t\tSSN\n\t42\t"+ssn+"\n\tName\t\t"+ssn+"\tshort\tTRUE\t7\n\na comment\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(c.members) != 0 {
		t.Errorf("members %v", c.members)
	}
}
