package testcorpus

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Documents are the mails with one attached document that DocumentMail makes:
// a Word document of prose, a workbook of tables, a text file of tables.
var Documents = []string{"docx", "xlsx", "csv"}

// DocumentMail makes a mail with a document, of about size bytes with its
// encoding, and says how many values of each core detector are planted in it. An
// unknown name panics.
func DocumentMail(name string, size int, seed uint64) (mail []byte, planted map[string]int) {
	want := size * 74 / 100
	length := want
	file, text := document(name, length, seed)
	for range 3 { // until the packed size is near
		length = int(float64(length) * float64(want) / float64(len(file)))
		file, text = document(name, length, seed)
	}
	var b strings.Builder
	b.WriteString(mailHeader)
	b.WriteString("Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n\r\nAs agreed.\r\n--=_b\r\n" +
		"Content-Type: application/octet-stream; name=a." + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(file)), 76) {
		b.Write(line)
		b.WriteString("\r\n")
	}
	b.WriteString("--=_b--\r\n")
	planted = make(map[string]int)
	for _, p := range text.Plants {
		planted[p.Detector]++
	}
	return []byte(b.String()), planted
}

func document(name string, length int, seed uint64) ([]byte, Text) {
	switch name {
	case "docx":
		text := Build("prose", length, seed)
		return wordFile(text.Bytes), text
	case "xlsx":
		text := Build("prose", length/4, seed)
		return sheetFile(newWriter("sheet", 0, seed), text.Bytes), text
	case "csv":
		text := Build("numbers", length, seed)
		return text.Bytes, text
	}
	panic(fmt.Sprintf("internal error: document %q, want one of %q", name, Documents))
}

const (
	packageTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/%s" ContentType="application/vnd.openxmlformats-officedocument.%s.main+xml"/></Types>`
	packageRels  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="%s"/></Relationships>`
)

// wordFile is a document with a paragraph for each line, in runs as Word cuts
// them.
func wordFile(text []byte) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	n := 0
	for line := range bytes.Lines(text) {
		n++
		fmt.Fprintf(&b, `<w:p w:rsidR="00%06X" w:rsidRDefault="00A77B3E"><w:pPr><w:pStyle w:val="BodyText"/><w:spacing w:after="120"/></w:pPr>`, n*7919%0xffffff)
		for run := range slices.Chunk(bytes.TrimRight(line, "\n"), 80) {
			b.WriteString(`<w:r><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/><w:sz w:val="20"/></w:rPr><w:t xml:space="preserve">`)
			_ = xml.EscapeText(&b, run)
			b.WriteString(`</w:t></w:r>`)
		}
		b.WriteString("</w:p>")
	}
	b.WriteString("</w:body></w:document>")
	return zipFile("[Content_Types].xml", fmt.Sprintf(packageTypes, "word/document.xml", "wordprocessingml.document"),
		"_rels/.rels", fmt.Sprintf(packageRels, "word/document.xml"), "word/document.xml", b.String())
}

// sheetFile is a workbook of a number, a line of the text, an account, a date and
// an amount in each row.
func sheetFile(w *writer, text []byte) []byte {
	var sheet, shared bytes.Buffer
	sheet.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	shared.WriteString(`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`)
	n := 0
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		shared.WriteString("<si><t>")
		_ = xml.EscapeText(&shared, line)
		shared.WriteString("</t></si>")
		n++
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:8"><c r="A%d"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c>`, n, n, n, n, n-1)
		fmt.Fprintf(&sheet, `<c r="C%d"><v>%d</v></c><c r="D%d" s="1"><v>%d</v></c><c r="E%d" s="2"><v>%d.%d</v></c>`, n, 10000+w.below(90000), n, 36526+w.below(9000), n, w.below(100000), w.below(99))
		fmt.Fprintf(&sheet, `<c r="F%d" s="2"><v>%d</v></c><c r="G%d"><v>%d.%d</v></c><c r="H%d"><v>%d</v></c></row>`, n, w.below(9000), n, w.below(100), w.below(99), n, w.below(5))
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	shared.WriteString(`</sst>`)
	return zipFile("[Content_Types].xml", fmt.Sprintf(packageTypes, "xl/workbook.xml", "spreadsheetml.sheet"),
		"_rels/.rels", fmt.Sprintf(packageRels, "xl/workbook.xml"),
		"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`,
		"xl/styles.xml", `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="4"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml", sheet.String(), "xl/sharedStrings.xml", shared.String())
}

// zipFile is a zip file of names and contents in turn.
func zipFile(parts ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			panic("internal error: " + err.Error()) // a buffer takes everything
		}
	}
	if err := z.Close(); err != nil {
		panic("internal error: " + err.Error())
	}
	return b.Bytes()
}
