package office

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sys/unix"
)

// zipOf makes a zip file of names and contents in turn.
func zipOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const wordTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`

const wordRels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`

// wordOf makes a Word document of the content of its body.
func wordOf(t testing.TB, body string, more ...string) []byte {
	t.Helper()
	document := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`
	return zipOf(t, append([]string{"[Content_Types].xml", wordTypes, "_rels/.rels", wordRels, "word/document.xml", document}, more...)...)
}

// benchWords are for text that compresses as prose does.
var benchWords = strings.Fields("the a of and report quarter figures customer account with regards please find attached number under review amount total date signed branch office manager transfer payment request urgent details below contact")

func prose(r *rand.Rand, words int) string {
	var b strings.Builder
	for range words {
		b.WriteString(benchWords[r.IntN(len(benchWords))])
		b.WriteByte(' ')
	}
	return b.String()
}

// wordBody is what Word itself writes for so many paragraphs: revision marks,
// properties, runs cut by the spelling checker.
func wordBody(paragraphs int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range paragraphs {
		fmt.Fprintf(&b, `<w:p w:rsidR="00%06X" w:rsidRDefault="00%06X" w:rsidP="00%06X"><w:pPr><w:pStyle w:val="BodyText"/><w:spacing w:after="120"/><w:rPr><w:lang w:val="en-GB"/></w:rPr></w:pPr>`, r.IntN(1<<24), r.IntN(1<<24), r.IntN(1<<24))
		for range 1 + r.IntN(4) {
			fmt.Fprintf(&b, `<w:r w:rsidRPr="00%06X"><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/><w:sz w:val="20"/><w:lang w:val="en-GB"/></w:rPr><w:t xml:space="preserve">%s</w:t></w:r><w:proofErr w:type="spellStart"/>`, r.IntN(1<<24), prose(r, 4+r.IntN(12)))
		}
		b.WriteString(`</w:p>`)
	}
	return b.String()
}

// sheetOf makes a workbook of rows of names, numbers and dates.
func sheetOf(t testing.TB, rows int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var sheet, shared strings.Builder
	sheet.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	shared.WriteString(`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`)
	for i := range rows {
		n := i + 1
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:5"><c r="A%d" s="1" t="s"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c><c r="C%d" s="2"><v>%d</v></c><c r="D%d" s="3"><v>%d</v></c><c r="E%d"><v>%d.%d</v></c></row>`, n, n, i, n, r.IntN(i+1), n, r.IntN(1e9), n, 30000+r.IntN(15000), n, r.IntN(10000), r.IntN(99))
		fmt.Fprintf(&shared, `<si><t>%s</t></si>`, strings.TrimSpace(prose(r, 3)))
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	shared.WriteString(`</sst>`)
	return zipOf(t,
		"[Content_Types].xml", `<Types><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
		"_rels/.rels", strings.ReplaceAll(wordRels, "word/document.xml", "xl/workbook.xml"),
		"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`,
		"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="000\-00\-0000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml", sheet.String(), "xl/sharedStrings.xml", shared.String())
}

// BenchmarkRead compares reading with inflating the same file by
// klauspost/compress, in turns and by the CPU time of the process.
func BenchmarkRead(b *testing.B) {
	for _, doc := range []struct {
		name string
		file []byte
	}{
		{"word", wordOf(b, wordBody(20000))},
		{"sheet", sheetOf(b, 40000)},
	} {
		b.Run(doc.name, func(b *testing.B) {
			b.ReportAllocs()
			var inflating, reading time.Duration
			fr := flate.NewReader(nil)
			for b.Loop() {
				start := cpuTime(b)
				size := inflateAll(b, doc.file, fr)
				b.SetBytes(size)
				middle := cpuTime(b)
				if err := Read(bytes.NewReader(doc.file), int64(len(doc.file)), unbounded{}); err != nil {
					b.Fatal(err)
				}
				inflating += middle - start
				reading += cpuTime(b) - middle
			}
			b.ReportMetric(float64(inflating)/float64(reading), "x-of-inflate")
			b.ReportMetric(float64(reading.Microseconds())/float64(b.N)/1000, "cpu-ms/read")
		})
	}
}

// inflateAll expands all members of a zip file and says how much that is.
func inflateAll(b *testing.B, file []byte, fr io.ReadCloser) (size int64) {
	b.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	for _, f := range z.File {
		raw, err := f.OpenRaw()
		if err != nil {
			b.Fatal(err)
		}
		if err := fr.(flate.Resetter).Reset(bufio.NewReaderSize(raw, 16<<10), nil); err != nil {
			b.Fatal(err)
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{fr}, buf)
		if err != nil {
			b.Fatal(err)
		}
		size += n
	}
	return size
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// unbounded is an Out that takes everything.
type unbounded struct{}

func (unbounded) Expand(int) error { return nil }

func (unbounded) Text(string) (io.WriteCloser, error) { return discard{}, nil }
func (unbounded) Member(string, io.Reader) error      { return nil }
func (unbounded) Anomaly(string)                      {}
