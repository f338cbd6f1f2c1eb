package pdf

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// whole is a document with something of everything.
func whole() []byte {
	b := newBuilder()
	b.root = "/Root 1 0 R/Info 8 0 R"
	b.object(1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[9 0 R]/XFA 21 0 R>>/Names<</EmbeddedFiles<</Names[(a)24 0 R]>>>>/Metadata 26 0 R>>")
	b.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
	b.object(3, "<</Type/Page/Parent 2 0 R/Contents[4 0 R 11 0 R]/Annots[9 0 R]/Resources<</Font<</F1 5 0 R/F2 6 0 R>>/XObject<</X 10 0 R>>>>>>")
	b.stream(4, "/Filter/FlateDecode", deflated(begin+"[(SSN)-300(078-05)20(-1123)] TJ /F2 12 Tf 0 -20 Td <00030004> Tj ET BI /W 1 ID x EI /X Do"))
	b.object(5, helvetica1)
	b.object(6, "<</Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</W[3[600 600]5 9 500]>>]/ToUnicode 7 0 R>>")
	b.stream(7, "/Filter/ASCIIHexDecode", fmt.Sprintf("%x>", toUni+"1 beginbfrange <0003> <0005> <0037> endbfrange"))
	b.object(8, "<</Title(A title)/Author<FEFF0041>>>")
	b.object(9, "<</Subtype/Widget/FT/Tx/T(a)/V(value)/Rect[0 0 9 9]>>")
	b.stream(10, "/Subtype/Form/Filter/RunLengthDecode", "\x07BT (form\xff \x02) T\x03j ET\x80")
	b.stream(11, "/Filter[/A85/LZW]", "J..)6T`?p&<!J9%_[umg\"B7/Z7KNXbN'S+,*Q/&\"OLT'F~>")
	b.stream(21, "", "<a><b>1</b></a>")
	b.object(24, "<</UF(data.csv)/EF<</F 25 0 R>>>>")
	b.stream(25, "/Filter/FlateDecode", deflated("ssn,078-05-1123"))
	b.stream(26, "/Type/Metadata", "<d k='1'><e>2</e></d>")
	return b.finish("")
}

// packed is whole with its objects in an object stream.
func packed() []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>", helvetica1}
	head, body := "", ""
	for i, o := range objects {
		head += fmt.Sprintf("%d %d ", []int{1, 2, 3, 5}[i], len(body))
		body += o + " "
	}
	b := newBuilder()
	b.stream(4, "/Filter/FlateDecode", deflated(begin+"(SSN 078-05-1123) Tj ET"))
	b.stream(6, fmt.Sprintf("/Type/ObjStm/N 4/First %d/Filter/FlateDecode", len(head)), deflated(head+body))
	at := b.Len()
	entry := func(kind, off, index int) string {
		return string([]byte{byte(kind), byte(off >> 8), byte(off), byte(index)})
	}
	rows := entry(0, 0, 0) + entry(2, 6, 0) + entry(2, 6, 1) + entry(2, 6, 2) + entry(1, b.at[4], 0) + entry(2, 6, 3) + entry(1, b.at[6], 0) + entry(1, at, 0)
	b.stream(7, "/Type/XRef/W[1 2 1]/Size 8/Root 1 0 R/Filter/FlateDecode", deflated(rows))
	fmt.Fprintf(b, "startxref\n%d\n%%%%EOF", at)
	return b.Bytes()
}

func TestObjectStreamsAreRead(t *testing.T) {
	got, err := readBytes(t, packed())
	if err != nil || got.text.String() != "SSN 078-05-1123\n" {
		t.Errorf("got %q, error %v", got.text.String(), err)
	}
}

func TestDamagedFilesAreReadAsFarAsTheyGo(t *testing.T) {
	const want = "SSN 078-05-1123"
	file := string(whole())
	at := strings.LastIndex(file, "startxref")
	for _, c := range []struct{ name, file string }{
		{"junk before", "GET / HTTP/1.1\r\n\r\n" + file},
		{"no cross-reference", strings.ReplaceAll(file[:at], "xref\n", "")},
		{"no end", file[:at]},
		{"a wrong offset", file[:at] + "startxref\n17\n%%EOF"},
		{"wrong offsets in the table", strings.ReplaceAll(file, " 00000 n", "1 00000 n")},
		{"wrong lengths", strings.ReplaceAll(file, "/Length ", "/Length 9")},
		{"no lengths", strings.ReplaceAll(file, "/Length ", "/Len ")},
		{"lines that end in CR", strings.ReplaceAll(string(onePage(begin+"("+want+") Tj ET", "", "")), "\nendobj\n", "\rendobj\r")},
		{"object streams, no cross-reference", strings.Replace(string(packed()), "startxref", "", 1)},
		{"no catalog", strings.ReplaceAll(file, "/Catalog/Pages", "/Other/Nothing")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := readBytes(t, []byte(c.file))
			if !strings.Contains(got.text.String(), want) {
				t.Errorf("got %q", got.text.String())
			}
		})
	}
}

func TestDamageIsNeverSilent(t *testing.T) {
	file := whole()
	for n := 0; n < len(file)-60; n += 7 {
		if _, err := readBytes(t, file[:n]); err == nil {
			t.Errorf("no error at the first %d of %d bytes", n, len(file))
		}
	}
}

func TestFlippedBitsDoNoHarm(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range [][]byte{whole(), packed()} {
		for range 3000 {
			b := append([]byte(nil), file...)
			for range 1 + random.IntN(4) {
				b[random.IntN(len(b))] ^= 1 << random.IntN(8)
			}
			_, _ = readBytes(t, b)
		}
	}
}

// forms is a document of forms that each draw the next one ten times.
func forms(levels int) []byte {
	objects := make([]string, levels)
	for i := range objects {
		objects[i] = streamObject(fmt.Sprintf("/Subtype/Form/Resources<</XObject<</X %d 0 R>>/Font<</F1 5 0 R>>>>", 11+i), strings.Repeat("/X Do ", 10)+begin+"(x) Tj ET")
	}
	return onePage("/X Do", "", "/XObject<</X 10 0 R>>", objects...)
}

func TestBombsEndInTime(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	bomb := deflated(many(40<<20, " "))
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"nested arrays", onePage("", "/X "+many(500_000, "["), "")},
		{"nested dictionaries", onePage("", "/X "+many(500_000, "<</A "), "")},
		{"nested arrays in contents", onePage(many(1_000_000, "[")+many(1_000_000, "<</A "), "", "")},
		{"nested q", onePage(many(1_000_000, "q ")+begin+"(x) Tj ET", "", "")},
		{"forms of forms", forms(14)},
		{"a page tree that is a ring", []byte(strings.Replace(string(whole()), "/Kids[3 0 R]", "/Kids[2 0 R 2 0 R 3 0 R]", 1))},
		{"a Prev that leads back", []byte(strings.Replace(string(whole()), "/Size", "/Prev 9/Prev 2000/Size", 1))},
		{"a length that is itself", onePage("", "/Contents 10 0 R", "", "<</Length 10 0 R>>\nstream\nBT ET\nendstream")},
		{"references in a ring", onePage("", "/Annots 10 0 R", "", "11 0 R", "10 0 R")},
		{"deflated contents", onePage("", "/Contents 10 0 R", "", streamObject("/Filter/FlateDecode", bomb))},
		{"deflated twice", onePage("", "/Contents 10 0 R", "", streamObject("/Filter[/FlateDecode/FlateDecode]", deflated(bomb)))},
		{"contents that are repeated", onePage("", "/Contents["+many(20_000, "10 0 R ")+"]", "", streamObject("/Filter/FlateDecode", bomb))},
		{"a deflated object stream", onePage("", "", "", streamObject("/Type/ObjStm/N 100000000/First 100000000/Filter/FlateDecode", bomb))},
		{"a table of widths that says much", onePage(begin+"/F2 1 Tf ET", "", "/Font<</F2<</Subtype/Type0/DescendantFonts[<</W["+many(2000, "0 65535 500 ")+"]>>]>>>>")},
		{"ranges of ToUnicode", onePage("/F2 1 Tf", "", "/Font<</F2<</Subtype/Type0/ToUnicode 10 0 R>>>>", streamObject("", "beginbfrange "+many(20_000, "<0000><ffff><0041>")))},
		{"huge claims", onePage("", "/Contents 10 0 R", "", streamObject("/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 2147483647/Colors 2147483647>>", bomb))},
		{"streams without an end", onePage("", "", "", many(20_000, "<<>>stream\nendobj\n11 0 obj\n"))},
		{"objects that are all broken", []byte("%PDF-1.4\n" + many(20_000, "1 0 obj<</Length 2 0 R>>stream\n") + many(4_000, "trailer<</A["))},
		{"many words", onePage(begin+many(200_000, "(x)Tj 9 -9 Td ")+"ET", "", "")},
		{"many directions", onePage("BT /F1 9 Tf "+many(100_000, "1 2 3 4 5 6 Tm(x)Tj 3 1 4 1 5 9 Tm(y)Tj ")+"ET", "", "")},
		{"a string without an end", onePage("("+many(10_000_000, "("), "", "")},
		{"images without an end", onePage(many(300_000, "BI ID "), "", "")},
		{"marks without an end", onePage(many(300_000, "/Span<</ActualText(x)>>BDC "), "", "")},
		{"numbers beyond measure", onePage("BT /F1 "+many(400, "9")+" Tf "+many(400, "9")+" 0 0 "+many(400, "9")+" 0 0 Tm (x) Tj ET", "", "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			begun := time.Now()
			_, err := readBytes(t, c.file)
			if spent := time.Since(begun); spent > time.Minute {
				t.Errorf("took %v for %d bytes, error %v", spent, len(c.file), err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(whole())
	f.Add(packed())
	f.Add(forms(3))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := readBytes(t, file)
		if err == nil && c.expanded > c.most {
			t.Errorf("%d bytes expanded, without an error", c.expanded)
		}
	})
}
