package load

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Kinds names the mails that Kind makes: what mail is mostly made of, and its
// size on the wire.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Kind makes a mail of a kind, the same on every machine; nil if there is no
// such kind.
func Kind(name string) *Mail {
	for _, k := range kinds {
		if k.name == name {
			m := Parse(name, k.make(&writer{rand.New(rand.NewPCG(7, uint64(len(name))))}))
			return &m
		}
	}
	return nil
}

var kinds = []struct {
	name string
	make func(*writer) []byte
}{
	{"text", func(w *writer) []byte { return w.mail("text/plain; charset=utf-8", "8bit", w.text(4<<10)) }},
	{"card", func(w *writer) []byte {
		return w.mail("text/plain; charset=utf-8", "8bit", w.text(4<<10)+"My credit card is 4111 1111 1111 1111, my social security number 219-09-9998.\r\n")
	}},
	{"html", func(w *writer) []byte { return w.alternative(64 << 10) }},
	{"docx", func(w *writer) []byte { return w.attached("report.docx", docxType, w.docx(1<<20)) }},
	{"pdf", func(w *writer) []byte { return w.attached("report.pdf", "application/pdf", w.pdf(1<<20)) }},
	{"csv", func(w *writer) []byte { return w.attached("table.csv", "text/csv", w.csv(10<<20)) }},
	{"docx10", func(w *writer) []byte { return w.attached("report.docx", docxType, w.docx(10<<20)) }},
	{"pdf10", func(w *writer) []byte { return w.attached("report.pdf", "application/pdf", w.pdf(10<<20)) }},
}

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// writer writes letters that mean nothing.
type writer struct{ *rand.Rand }

var vocabulary = strings.Fields(`the of and to in a is that for it as was with be by on not he his but at are this have from
	or had an they which one you were all her she there would their we him been has when who will no more if out so up said
	what its about than into them can only other time new some could these two may first then do any like my now over such
	our man me even most made after also did many off before must well back through years where much your way down should
	because long each just state those people too mister how good very make world still see own work men day get here old
	life both between being under three never know same last another while us might great year since against go came right
	take used himself few house during without again place American around however home small found part thought general
	high upon school every don does got united left number course war until always away something fact water though public
	less put think almost hand enough far took head yet government system better set told nothing night end why called
	office committee report meeting budget contract schedule attached regards review department service application`)

// words is a sentence of n words, with a number now and then, as letters have.
func (w *writer) words(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch w.IntN(40) {
		case 0:
			fmt.Fprintf(&b, "%d", w.IntN(3000))
		case 1:
			fmt.Fprintf(&b, "%d.%02d", w.IntN(9000), w.IntN(100))
		case 2:
			fmt.Fprintf(&b, "%02d/%02d/%d", 1+w.IntN(12), 1+w.IntN(28), 2000+w.IntN(26))
		default:
			b.WriteString(vocabulary[w.IntN(len(vocabulary))])
		}
	}
	return b.String()
}

// text is paragraphs of size bytes or a little more.
func (w *writer) text(size int) string {
	var b strings.Builder
	for b.Len() < size {
		for range 3 + w.IntN(6) {
			b.WriteString(w.words(9+w.IntN(5)) + "\r\n")
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

func (w *writer) mail(contentType, encoding, body string) []byte {
	return []byte("Received: from client.example (client.example [192.0.2.7])\r\n\tby mail.agency.example (Postfix) with ESMTPSA id 4QxYz1234z9Wz\r\n" +
		"\tfor <bob@partner.example>; Mon, 23 Nov 2026 18:00:00 +0000 (UTC)\r\n" +
		"From: Ann Example <ann@agency.example>\r\nTo: Bob Example <bob@partner.example>\r\n" +
		"Subject: " + w.words(6) + "\r\nDate: Mon, 23 Nov 2026 18:00:00 +0000\r\nMessage-ID: <20261123180000.4711@agency.example>\r\n" +
		"User-Agent: Mozilla Thunderbird\r\nContent-Language: en-GB\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: " + contentType + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + body)
}

// alternative is a mail of text and the same as HTML, as mail programs write it.
func (w *writer) alternative(size int) []byte {
	var html strings.Builder
	html.WriteString("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:\"Calibri\",sans-serif}</style></head><body lang=\"EN-GB\">\r\n")
	for html.Len() < size-size/12 {
		fmt.Fprintf(&html, "<p class=\"MsoNormal\" style=\"margin-bottom:%dpt\"><span style=\"font-size:10.5pt;color:#1F497D\">%s<o:p></o:p></span></p>\r\n", w.IntN(12), w.words(12+w.IntN(20)))
		if w.IntN(6) == 0 {
			fmt.Fprintf(&html, "<table border=\"0\" cellpadding=\"0\"><tr><td width=\"%d\">%s</td><td><a href=\"https://www.agency.example/%s/%d\">%s</a></td></tr></table>\r\n", w.IntN(600), w.words(3), vocabulary[w.IntN(len(vocabulary))], w.IntN(99999), w.words(4))
		}
	}
	html.WriteString("</body></html>\r\n")
	part := func(kind, body string) string {
		return "--=_b1\r\nContent-Type: " + kind + "; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body + "\r\n"
	}
	return w.mail("multipart/alternative; boundary=\"=_b1\"", "8bit", part("text/plain", w.text(size/12))+part("text/html", html.String())+"--=_b1--\r\n")
}

// attached is a short letter with a file.
func (w *writer) attached(name, kind string, file []byte) []byte {
	var b strings.Builder
	b.WriteString("--=_b2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + w.text(600) + "\r\n--=_b2\r\nContent-Type: " + kind + "; name=\"" + name +
		"\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"" + name + "\"\r\n\r\n")
	for encoded := base64.StdEncoding.EncodeToString(file); encoded != ""; {
		n := min(76, len(encoded))
		b.WriteString(encoded[:n] + "\r\n")
		encoded = encoded[n:]
	}
	return w.mail("multipart/mixed; boundary=\"=_b2\"", "7bit", b.String()+"--=_b2--\r\n")
}

// decoded is how long a file is that has size bytes as base64 in lines.
func decoded(size int) int { return size * 3 / 4 * 76 / 78 }

// docx is a document of a word processor: its XML is written until the deflated
// file is as long as wanted.
func (w *writer) docx(size int) []byte {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	member := func(name string) io.Writer {
		m, err := z.Create(name)
		if err != nil {
			panic("internal error: " + err.Error())
		}
		return m
	}
	put := func(m io.Writer, text string) {
		if _, err := io.WriteString(m, text); err != nil {
			panic("internal error: " + err.Error())
		}
	}
	put(member("[Content_Types].xml"), `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="`+docxType+`.main+xml"/></Types>`)
	put(member("_rels/.rels"), `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)
	document := member("word/document.xml")
	put(document, `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	for file.Len() < decoded(size) {
		put(document, fmt.Sprintf(`<w:p w:rsidR="%08X" w:rsidRDefault="%08X"><w:pPr><w:pStyle w:val="Normal"/><w:spacing w:after="%d"/></w:pPr><w:r><w:rPr><w:lang w:val="en-GB"/></w:rPr><w:t xml:space="preserve">%s</w:t></w:r></w:p>`,
			w.Uint32(), w.Uint32(), w.IntN(240), w.words(20+w.IntN(60))))
		if err := z.Flush(); err != nil {
			panic("internal error: " + err.Error())
		}
	}
	put(document, `</w:body></w:document>`)
	if err := z.Close(); err != nil {
		panic("internal error: " + err.Error())
	}
	return file.Bytes()
}

// pdf is a document of pages of text, each deflated.
func (w *writer) pdf(size int) []byte {
	var file bytes.Buffer
	offsets := []int{}
	object := func(format string, args ...any) int {
		offsets = append(offsets, file.Len())
		fmt.Fprintf(&file, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
		return len(offsets)
	}
	file.WriteString("%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	offsets = append(offsets, 0) // the pages, once they are known
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
	var pages strings.Builder
	count := 0
	for ; file.Len() < decoded(size); count++ {
		var page bytes.Buffer
		z := zlib.NewWriter(&page)
		fmt.Fprint(z, "BT /F1 11 Tf 14 TL 72 770 Td\n")
		for range 48 {
			fmt.Fprintf(z, "(%s) Tj T*\n", w.words(11))
		}
		fmt.Fprint(z, "ET\n")
		z.Close()
		content := object("<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream", page.Len(), page.Bytes())
		fmt.Fprintf(&pages, " %d 0 R", object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>", content))
	}
	offsets[1] = file.Len()
	fmt.Fprintf(&file, "2 0 obj\n<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n", count, pages.String())
	start := file.Len()
	fmt.Fprintf(&file, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&file, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&file, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return file.Bytes()
}

// csv is a table of orders.
func (w *writer) csv(size int) []byte {
	var b bytes.Buffer
	b.WriteString("Order,Date,Name,Town,Amount,Remark\r\n")
	for b.Len() < decoded(size) {
		fmt.Fprintf(&b, "%d,%02d/%02d/%d,%s %s,%s,%d.%02d,%s\r\n", 100000+w.IntN(900000), 1+w.IntN(12), 1+w.IntN(28), 2000+w.IntN(26),
			vocabulary[w.IntN(len(vocabulary))], vocabulary[w.IntN(len(vocabulary))], cmp.Or(vocabulary[w.IntN(len(vocabulary))], "town"), w.IntN(9000), w.IntN(100), w.words(5))
	}
	return b.Bytes()
}
