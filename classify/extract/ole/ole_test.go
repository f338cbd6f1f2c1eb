package ole

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
)

func TestADocumentOfWordIsReadInAllItsStories(t *testing.T) {
	b, err := os.ReadFile("testdata/letter.doc")
	if err != nil {
		t.Fatal(err)
	}
	c, err := readFile(t, b)
	if err != nil {
		t.Fatal(err)
	}
	c.must(t, "SSN 078-05-1123 plain after.\n", "hidden ssn 078-05-1123", "Юникод текст link\n",
		"Name\tSSN\tX\t\n\t\t078-05-1123\t\n", "non-breaking 078-05-1123", "Footnote card 4111111111111111",
		"Header text 4111 1111 1111 1111\n", "Footer text", "Comment 078-05-1123", "Textbox 078-05-1123",
		`HYPERLINK "http://example.com/078-05-1123"`, "Title of 078-05-1123", "about Ümläut", "SSN: 078-05-1123")
}

func TestAWorkbookKeepsItsColumnsAndFormats(t *testing.T) {
	b, err := os.ReadFile("testdata/staff.xls")
	if err != nil {
		t.Fatal(err)
	}
	c, err := readFile(t, b)
	if err != nil {
		t.Fatal(err)
	}
	c.must(t, "[Staff] Name\tSSN\tCard\tDOB\nAnn Übel\t078-05-1123\t4111111111111111\t1980-05-13\n\t\t\t\t1", "[Secret] hidden 078-05-1123", "Note 078-05-1123")
}

// record is a record of BIFF or of a presentation's atoms.
func record(kind uint16, data string) string {
	b := binary.LittleEndian.AppendUint16(nil, kind)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return string(b) + data
}

func u16s(n ...uint16) string {
	var b []byte
	for _, v := range n {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return string(b)
}

func u32s(n ...uint32) string {
	var b []byte
	for _, v := range n {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return string(b)
}

func TestStringsGoOnInContinueRecords(t *testing.T) {
	globals := record(0x809, u16s(0x600, 5, 0, 0, 0, 0, 0, 0)) +
		record(recSST, u32s(3, 3)+u16s(6)+"\x000"+"78") + // cut within the characters
		record(recContinue, "\x01"+utf16le("-05")+u16s(5)+"\x0d"+u16s(1)+u32s(20)+utf16le("-")) +
		record(recContinue, "\x00"+"1123"+"\x00\x00\x00\x00"+u16s(1, 4, 0, 2, 2, 2)+utf16le("ab")+"\x00\x00\x00\x00"+u16s(3)+"\x00x") +
		record(recContinue, "\x00yz") +
		record(0x0a, "")
	sheet := record(0x809, u16s(0x600, 0x10, 0, 0, 0, 0, 0, 0)) +
		record(0xfd, u16s(0, 0, 0)+u32s(0)) + record(0xfd, u16s(0, 1, 0)+u32s(1)) + record(0xfd, u16s(1, 3, 0)+u32s(2)) + record(0x0a, "")
	c, err := readFile(t, compound(map[string]string{"Workbook": globals + sheet}))
	if err != nil {
		t.Error(err)
	}
	c.must(t, "078-05\t-1123", "\n\t\t\txyz")
}

func TestFormulasOfConstantsAreComputed(t *testing.T) {
	formula := func(row uint16, tokens string) string {
		return record(0x06, u16s(row, 0, 0, 0, 0, 0, 0, 0)+u32s(0)+u16s(uint16(len(tokens)))+tokens)
	}
	sheet := record(0x809, u16s(0x600, 0x10, 0, 0, 0, 0, 0, 0)) +
		formula(0, "\x17\x06\x00078-05\x17\x02\x01-\x001\x00\x15\x08\x1e\x7b\x00\x08") +
		formula(1, "\x44\x00\x00\x00\x00\x17\x04\x00told\x0b") +
		formula(2, "\x17\xff\x00torn") + formula(3, "\x08\x08\x19") + record(0x0a, "")
	c, err := readFile(t, compound(map[string]string{"Workbook": sheet}))
	if err != nil {
		t.Error(err)
	}
	c.must(t, "078-05-1123\n", "told\n")
}

func TestBareAndOldWorkbooksAreRead(t *testing.T) {
	number := string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(78051123)))
	for name, b := range map[string]string{
		"Excel 2": record(0x09, u16s(2, 0x10)) + record(0x1e, "\x07General") + record(0x1e, "\x0b000-00-0000") +
			record(0x04, u16s(0, 0)+"\x00\x00\x00\x03SSN") + record(0x03, u16s(1, 0)+"\x00\x01\x00"+number) + record(0x0a, ""),
		"Excel 3": record(0x209, u16s(0, 0x10, 0)) + record(0x1e, "\x07General") + record(0x1e, "\x0b000-00-0000") + record(0x243, "\x00\x01"+strings.Repeat("\x00", 10)) +
			record(0x204, u16s(0, 0, 0, 3)+"SSN") + record(0x203, u16s(1, 0, 0)+number) + record(0x0a, ""),
		"Excel 4": record(0x409, u16s(0, 0x10, 0)) + record(0x41e, u16s(0)+"\x07General") + record(0x41e, u16s(0)+"\x0b000-00-0000") + record(0x443, "\x00\x01"+strings.Repeat("\x00", 10)) +
			record(0x204, u16s(0, 0, 0, 3)+"SSN") + record(0x203, u16s(1, 0, 0)+number) + record(0x0a, ""),
		"Excel 5": record(0x809, u16s(0x500, 5, 0, 0)) + record(0x41e, u16s(164)+"\x0b000-00-0000") + record(0xe0, u16s(0, 164)+strings.Repeat("\x00", 12)) + record(0x0a, "") +
			record(0x809, u16s(0x500, 0x10, 0, 0)) + record(0x204, u16s(0, 0, 0, 3)+"SSN") + record(0x203, u16s(1, 0, 0)+number) + record(0x0a, ""),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := readFile(t, []byte(b))
			if err != nil {
				t.Error(err)
			}
			c.must(t, "SSN\n078-05-1123")
		})
	}
}

func pptRecord(version, kind uint16, data string) string {
	return u16s(version, kind) + u32s(uint32(len(data))) + data
}

func TestAPresentationIsReadWithItsNotesAndObjects(t *testing.T) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write([]byte("an embedded file"))
	_ = w.Close()
	show := pptRecord(0x0f, 0x3e8, pptRecord(0x0f, 0xf00d, pptRecord(0, pptTextChars, utf16le("Größe\r078-05-1123")))+
		pptRecord(0, pptTextBytes, "4111 1111\xa01111 1111")+pptRecord(0, pptTag, pptRecord(0x0f, 0x2ee0, pptRecord(0, pptString, utf16le("a comment"))+pptRecord(0, 0x2ee1, "xxxxx")))+
		pptRecord(0x0f, 0x428, "PK\x03\x04 a zip file\x00\x00")+pptRecord(0, pptTextBytes, "behind it")+
		pptRecord(0, pptTag, "no records at all, \xff\xff\xff\xff but data")) +
		pptRecord(0x10, pptObject, u32s(16)+z.String())
	c, err := readFile(t, compound(map[string]string{"PowerPoint Document": show}))
	if err != nil {
		t.Error(err)
	}
	c.must(t, "Größe\n078-05-1123\n4111 1111\u00a01111 1111\nbehind it\n", "a comment\n")
	if len(c.members) != 2 || c.members[0].content != "PK\x03\x04 a zip file\x00\x00" || c.members[1].content != "an embedded file" {
		t.Errorf("members %q", c.members)
	}
}

func TestAMailOfOutlookIsReadWithItsAttachments(t *testing.T) {
	c, err := readFile(t, compound(map[string]string{
		propertyStream:                                                            strings.Repeat("\x00", 32) + u32s(0x3ffd0003, 0, 1251, 0),
		"__substg1.0_0037001F":                                                    utf16le("Subject line"),
		"__substg1.0_1000001E":                                                    "\xcf\xf0\xe8 078-05-1123",
		"__substg1.0_10130102":                                                    "<p>html</p>",
		"__substg1.0_8001101F":                                                    "\x04\x00\x00\x00",
		"__substg1.0_8001101F-00000000":                                           utf16le("named 1"),
		"__nameid_version1.0/__substg1.0_00040102":                                "names",
		"__recip_version1.0_#00000000/__substg1.0_3001001F":                       utf16le("Bob Recipient"),
		"__attach_version1.0_#00000000/__substg1.0_37010102":                      "the content",
		"__attach_version1.0_#00000000/__substg1.0_3707001F":                      utf16le("long name.txt"),
		"__attach_version1.0_#00000000/__substg1.0_3704001F":                      utf16le("LONGNA~1.TXT"),
		"__attach_version1.0_#00000001/__substg1.0_3701000D/" + propertyStream:    strings.Repeat("\x00", 24),
		"__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_1000001F": utf16le("body of the attached mail"),
		"__attach_version1.0_#00000001/__substg1.0_3701000D/__attach_version1.0_#00000000/__substg1.0_37010102": "inner content",
	}))
	if err != nil {
		t.Error(err)
	}
	c.must(t, "Subject: Subject line\n", "При 078-05-1123", "named 1", "Bob Recipient", "body of the attached mail")
	want := []member{{"body.html", "<p>html</p>"}, {"long name.txt", "the content"}, {"", "inner content"}}
	if len(c.members) != len(want) {
		t.Fatalf("members %q", c.members)
	}
	for i, m := range want {
		if c.members[i] != m {
			t.Errorf("member %q, want %q", c.members[i], m)
		}
	}
}

func TestEncryptionIsAFactWithACipher(t *testing.T) {
	header := func(alg, bits uint32) string {
		return u16s(4, 2) + u32s(0x24, 32, 0x24, 0, alg, 0x8004, bits, 0x18, 0, 0) + u32s(16)
	}
	fib := func(flags uint16) string {
		return u16s(wordMagic, 0xc1, 0, 0, 0, flags) + strings.Repeat("\x00", 1000)
	}
	agileXML := `<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption"><keyData saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="AA=="/></encryption>`
	book := func(pass string) map[string]string {
		return map[string]string{"Workbook": record(0x809, u16s(0x600, 5, 0, 0, 0, 0, 0, 0)) + record(recFilePass, pass)}
	}
	pack := func(info string) map[string]string {
		return map[string]string{"EncryptionInfo": info, "EncryptedPackage": strings.Repeat("x", 100)}
	}
	for _, c := range []struct {
		name    string
		streams map[string]string
		want    Encrypted
	}{
		{"a document of Word by XOR", map[string]string{"WordDocument": fib(0x8100)}, Encrypted{"XOR", true}},
		{"by RC4", map[string]string{"WordDocument": fib(0x100), "0Table": u16s(1, 1) + strings.Repeat("s", 48)}, Encrypted{"RC4-40", true}},
		{"by RC4 CryptoAPI", map[string]string{"WordDocument": fib(0x300), "1Table": header(0x6801, 128)}, Encrypted{"RC4-128", true}},
		{"a workbook by XOR", book(u16s(0, 1, 2)), Encrypted{"XOR", true}},
		{"a workbook by RC4", book(u16s(1, 1, 1) + strings.Repeat("s", 48)), Encrypted{"RC4-40", true}},
		{"a workbook by RC4 CryptoAPI", book(u16s(1) + header(0x6801, 56)), Encrypted{"RC4-56", true}},
		{"a presentation", map[string]string{"Current User": u16s(0, 0xff6) + u32s(20, 20, encryptedToken, 0), "PowerPoint Document": strings.Repeat("q", 600) + pptRecord(0x0f, pptCrypt, header(0x6801, 128))}, Encrypted{"RC4-128", true}},
		{"a package by AES-128", pack(header(0x660e, 128)), Encrypted{"AES-128", false}},
		{"a package by AES-256", pack(header(0x6610, 256)), Encrypted{"AES-256", false}},
		{"a package by agile encryption", pack(u16s(4, 4) + u32s(0x40) + agileXML), Encrypted{"AES-256", false}},
		{"a package by agile 3DES", pack(u16s(4, 4) + u32s(0x40) + strings.Replace(strings.Replace(agileXML, `"AES"`, `"3DES"`, 1), "256", "168", 1)), Encrypted{"3DES", true}},
		{"a package of a scheme unknown", pack(u16s(9, 9)), Encrypted{"", false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readFile(t, compound(c.streams))
			var locked *Encrypted
			if !errors.As(err, &locked) || *locked != c.want {
				t.Errorf("%v, %+v, want %+v", err, locked, c.want)
			}
		})
	}
}

func TestUnknownStreamsGiveTheirRunsOfText(t *testing.T) {
	c, err := readFile(t, compound(map[string]string{"VisioDocument": "\x01\x02plain 078-05-1123\x00\x00\x01" + utf16le("wide 4111111111111111") + "\x00\x01" + strings.Repeat("\x00", 99)}))
	if !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
	c.must(t, "plain 078-05-1123\n", "wide 4111111111111111\n")
}

func TestPackagesAndObjectsAreMembers(t *testing.T) {
	native := "\x02\x00a.txt\x00C:\\a.txt\x00\x00\x00\x03\x00" + u32s(2) + "x\x00" + u32s(7) + "content" + "behind"
	c, err := readFile(t, compound(map[string]string{
		"ObjectPool/_1/\x01Ole10Native": u32s(uint32(len(native))) + native,
		"ObjectPool/_2/Package":         "PK\x03\x04zip",
		"ObjectPool/_2/\x01CompObj":     strings.Repeat("compobj", 10),
		"ObjectPool/_3/CONTENTS":        "%PDF-1.4",
	}))
	if err != nil {
		t.Error(err)
	}
	want := []member{{"a.txt", "content"}, {"", "PK\x03\x04zip"}, {"", "%PDF-1.4"}}
	if len(c.members) != 3 || c.members[0] != want[0] || c.members[1] != want[1] || c.members[2] != want[2] {
		t.Errorf("members %q", c.members)
	}
}

func TestAWorkbookThatOpensWithoutAskingIsRead(t *testing.T) {
	b, err := os.ReadFile("testdata/sweatshop.xls")
	if err != nil {
		t.Fatal(err)
	}
	c, err := readFile(t, b)
	if err != nil {
		t.Fatal(err)
	}
	c.must(t, "[Staff] Name\tSSN\tCard\tDOB\nAnn Übel\t078-05-1123\t4111111111111111\t1980-05-13\n", "[Secret] hidden 078-05-1123")
}

// wordFile builds a document of Word 97 whose pieces stand as given.
func wordFile(text string, stories []uint32, pieces string) map[string]string {
	head := make([]byte, 1024)
	binary.LittleEndian.PutUint16(head, wordMagic)
	binary.LittleEndian.PutUint16(head[2:], 0xc1)
	for i, n := range stories {
		binary.LittleEndian.PutUint32(head[76+4*i:], n)
	}
	binary.LittleEndian.PutUint32(head[154+33*8+4:], uint32(len(pieces)))
	return map[string]string{"WordDocument": string(head) + text, "0Table": pieces}
}

// pieceTable builds a piece table behind some formatting, of ends and places.
func pieceTable(ends, places []uint32) string {
	var table strings.Builder
	table.WriteString(u32s(0) + u32s(ends...))
	for _, p := range places {
		table.WriteString(u16s(0) + u32s(p) + u16s(0))
	}
	return "\x01" + u16s(2) + "xx" + "\x02" + u32s(uint32(table.Len())) + table.String()
}

func TestPiecesAreReadInTheirOrder(t *testing.T) {
	// What was written last stands last in the file, though it is read first.
	text := "05-1123 caf\xe9 \x93q\x94\x13 LINK \x14shown\x15\x07\x07\rfoot" + "\x00" + utf16le("SSN 078-")
	first := uint32(1024 + strings.Index(text, "\x00") + 1)
	narrow := uint32(strings.Index(text, "\x00"))
	c, err := readFile(t, compound(wordFile(text, []uint32{8 + narrow - 4, 4}, pieceTable([]uint32{8, 8 + narrow}, []uint32{first, 2*1024 | 1<<30}))))
	if err != nil {
		t.Error(err)
	}
	c.must(t, "[] SSN 078-05-1123 café “q”shown\t\n\n|", "[] foot", " LINK \n")
}

func TestPiecesWithoutEndAreBounded(t *testing.T) {
	ends, places := make([]uint32, 2000), make([]uint32, 2000)
	for i := range ends {
		ends[i], places[i] = uint32(i+1)*900000, 2*1024|1<<30
	}
	b := compound(wordFile(strings.Repeat("x", 1<<20), []uint32{1 << 30}, pieceTable(ends, places)))
	c := &collector{limit: 10 << 20}
	if err := Read(bytes.NewReader(b), int64(len(b)), c); !errors.Is(err, errLimit) {
		t.Error(err)
	}
}

func TestOldDocumentsOfWordAreRead(t *testing.T) {
	head := make([]byte, 1024)
	binary.LittleEndian.PutUint16(head, word6Magic)
	binary.LittleEndian.PutUint16(head[2:], 104)
	binary.LittleEndian.PutUint32(head[24:], 1024)
	binary.LittleEndian.PutUint32(head[0x34:], 16)
	c, err := readFile(t, compound(map[string]string{"WordDocument": string(head) + "SSN 078-05-1123\r"}))
	if err != nil {
		t.Error(err)
	}
	c.must(t, "SSN 078-05-1123\n")
}

func TestMacrosAreRead(t *testing.T) {
	// Eight literals behind each zero; then "078-05-" and a reference to it.
	chunk := "\x00Attribut\x00e VB_Nam\x00e = 078-\x04" + "05" + u16s(7<<11|4) + "1123\x0a"
	module := strings.Repeat("compiled", 10) + "\x01" + u16s(uint16(0xb000|len(chunk)-1)) + chunk
	c, err := readFile(t, compound(map[string]string{"Macros/VBA/dir": "x", "Macros/VBA/_VBA_PROJECT": "x", "Macros/VBA/Module1": module, "WordDocument": ""}))
	if err == nil {
		t.Error("an empty WordDocument is sound")
	}
	c.must(t, "Attribute VB_Name = 078-05")
}
