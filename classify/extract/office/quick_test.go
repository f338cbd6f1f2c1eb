package office

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is read straight from the buffer must be read as its tags say, in any
// order that they may stand in: comments between them keep the quick ways away.
func TestTheQuickWaysReadWhatTheTagsSay(t *testing.T) {
	runs := []string{
		"<w:p>", "</w:p>", `<w:p w:rsidR="00A1">`, "<w:p/>", "<w:r>", "</w:r>", `<w:r w:a='>"'>`, "<w:r/>", "<w:t>", "</w:t>", "<w:t>one</w:t>", `<w:t xml:space="preserve"> two &amp; </w:t>`,
		"<w:t>li\nne</w:t>", "<w:t/>", "<w:rPr><w:b/></w:rPr>", "<w:rPr><w:vanish/></w:rPr>", "<w:rPr/>", "<w:pPr><w:jc/></w:pPr>", "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>",
		"<w:del>", "</w:del>", "<w:ins>", "</w:ins>", "<w:delText>gone</w:delText>", "<w:tbl>", "<w:tr>", "<w:tc>", "</w:tc>", "</w:tr>", "</w:tbl>", "<w:tab/>", "<w:br/>",
		"<w:txbxContent>", "</w:txbxContent>", "<w:proofErr/>", "stray", "</w:rPr>", "<t>other</t>", "<mc:Choice>", "</mc:Choice>", "<mc:Fallback>", "</mc:Fallback>",
	}
	cells := []string{
		"<row>", "</row>", `<row r="3">`, `<row r="12" spans="1:5">`, `<row r="13"/>`, "<c>", "</c>", `<c r="B1"><v>7</v></c>`, `<c r="C2" s="4"><v>29254</v></c>`, `<c r="D2" s="1" t="n"><v>78051123</v></c>`,
		`<c r="A1" t="s"><v>1</v></c>`, `<c r="E1" t="b"><v>1</v></c>`, `<c r="F1" t="str"><v>text</v></c>`, `<c t="s" r="A1"><v>0</v></c>`, `<c r="XFD1"><v>1</v></c>`, `<c r="B3"/>`,
		`<c r="B4"><v></v></c>`, `<c r="B5"><f>A1+"x"</f><v>12.5</v></c>`, `<c r="C9" s="5"><v>1234567.891</v></c>`, `<c r="1"><v>3</v></c>`, `<c r="AB7" s="99999999"><v>4</v></c>`, `<c r="G1"><v>1 &amp; 2</v></c>`,
		`<c r="H1"><is><t>in line</t></is></c>`, "<v>", "</v>", "stray", `<c r="I1"><v>1</v><extLst/></c>`,
	}
	r := rand.New(rand.NewPCG(1, 2))
	body := func(pieces []string) string {
		var b strings.Builder
		for range 100 {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	read := func(file []byte) string {
		c, err := readBytes(t, file)
		if err != nil {
			t.Fatal(err)
		}
		return c.dump()
	}
	for range 200 {
		text, sheet := body(runs), body(cells)
		apart := func(s string) string { return strings.ReplaceAll(s, "><", "><!----><") }
		if got, want := read(wordOf(t, text)), read(wordOf(t, apart(text))); got != want {
			t.Fatalf("%s\nreads as %q, want %q", text, got, want)
		}
		if got, want := read(workbookOf(t, sheet)), read(workbookOf(t, apart(sheet))); got != want {
			t.Fatalf("%s\nreads as %q, want %q", sheet, got, want)
		}
	}
}
