package extract

import (
	"os"
	"strings"
	"testing"
)

// Programs that unpack archives care for nothing that stands before them.
func TestArchivesBehindSomethingElseAreRead(t *testing.T) {
	binary := strings.Repeat("\x01\xfe\x05\x90\x00", 3000)
	zip := rawZipOf("", stored("x.txt", secret))
	locked := stored("x.txt", "0123456789")
	locked.flags = zipLocked
	openPDF := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj 4 0 obj<</Length 33>>stream\nBT /F 9 Tf (" + secret + ") Tj ET \nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND\xaeB`\x82"
	for _, m := range []struct{ name, content, tree string }{
		{"a.png", png + zip, "1!a.png!x.txt text/plain\n1 image/png\n"},
		{"b.jpg", "\xff\xd8\xff\xe0" + binary + zip, "1!b.jpg!x.txt text/plain\n1 image/jpeg\n"},
		{"c.mp3", rawZipOf("ID3"+binary, stored("x.txt", secret)), "1!c.mp3!x.txt text/plain\n1 audio/mpeg\n"},
		{"d.gif", "GIF89a" + binary + rar5Of("x.txt", secret), "1!d.gif!x.txt text/plain\n1 image/gif\n"},
		{"e.bin", binary + zip, "1!e.bin!x.txt text/plain\n1 application/octet-stream unsupported\n"},
		{"f.exe", "MZ" + binary + zip, "1!f.exe!x.txt text/plain\n1 application/vnd.microsoft.portable-executable\n"},
		{"g.exe", "MZ" + binary, "1 application/vnd.microsoft.portable-executable unsupported\n"},
		{"h.png", png + rawZipOf("", locked, stored("x.txt", secret)), "1!h.png!x.txt application/octet-stream encrypted\n1!h.png!x.txt (2) text/plain\n1 image/png encrypted\n"},
		{"i.pdf", "%PDF-1.4\n%%EOF\n" + zip, "1!i.pdf!x.txt text/plain\n1!i.pdf application/pdf malformed\n"},
		{"k.jpg", "\xff\xd8\xff\xe0" + binary[:500] + openPDF, "1 image/jpeg malformed\n"},
		{"l.gif", "GIF89a" + openPDF, "1 text/plain malformed\n"},
		{"m.txt", "a PDF begins with %PDF-1.4", "1 text/plain\n"},
		{"n.rtf", "{\\rtf1 x}" + zip, "1!n.rtf!x.txt text/plain\n1!n.rtf application/rtf\n"},
		{"j.png", png + "and PK\x03\x04 Rar!\x1a\x07 7z\xbc\xaf'\x1c by chance", "1 image/png\n"},
	} {
		for _, piece := range []int{0, 1, 7} {
			c := newCollector(t)
			if err := ReadFile(NewReader(t.Context(), Limits{}, c), m.name, &pieces{s: m.content, n: piece}); err != nil {
				t.Fatal(err)
			}
			c.check()
			if got := c.tree(); got != m.tree {
				t.Errorf("%s in pieces of %d: parts\n%swant\n%s", m.name, piece, got, m.tree)
			}
			if want := strings.Contains(m.content, secret); c.has(secret) != want {
				t.Errorf("%s in pieces of %d: the text is read: %v", m.name, piece, !want)
			}
		}
	}
}

func TestTextBeforeAnArchiveHidesNothing(t *testing.T) {
	zip := rawZipOf("", stored("x.txt", secret))
	mail := "Content-Type: application/octet-stream; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		crlfLines(lines76(b64(strings.Repeat("Only words, at first. ", 100)+zip)))
	_, c := read(t, mail, Limits{}, 0)
	if p := c.known["1!a.txt!x.txt"]; p == nil {
		t.Errorf("the archive is not read:\n%s", c.tree())
	}
}

func TestBytesOfNoKnownKindAreLookedThroughForText(t *testing.T) {
	noise := "\x00\x01\xfe\x90\x80\x02"
	for name, content := range map[string]string{
		"a byte each":  secret,
		"UTF-16":       utf16le(secret),
		"UTF-16, odd":  "\x03" + utf16le(secret),
		"UTF-16BE":     "\x00" + utf16le(secret),
		"a long piece": strings.Repeat("words and ", 2000) + secret,
	} {
		whole := strings.Repeat(noise, 300) + content + strings.Repeat(noise, 300)
		for _, piece := range []int{0, 1, 5} {
			c := newCollector(t)
			if err := ReadFile(NewReader(t.Context(), Limits{}, c), "x.dat", &pieces{s: whole, n: piece}); err != nil {
				t.Fatal(err)
			}
			c.check()
			if !c.has(secret) || c.known["1"].Problem != Unsupported {
				t.Errorf("%s in pieces of %d: read %v, problem %q", name, piece, c.has(secret), c.known["1"].Problem)
			}
		}
	}
}

func TestVolumesOfSplitArchivesAreToldByTheirNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a.7z.001": true, "a.zip.002": true, "A.ZIP.010": true, "a.z01": true, "a.part2.rar": true, "a.part1.exe": true, "a.r00": true,
		"a.zip": false, "a.7z": false, "a.001": false, "report.2024.001": false, "party.rar": false, "": false, ".r00": false, "a.rar": false, "x.z": false,
	} {
		if got := isVolume(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
	zip := rawZipOf("", stored("a.txt", strings.Repeat("words ", 100)), stored("x.txt", secret))
	for name, content := range map[string]string{"a.zip.001": zip[:200], "a.zip.002": zip[200:], "a.z01": "PK\x07\x08" + zip[:300]} {
		c := readNamed(t, name, content, Limits{})
		if last := c.parts[len(c.parts)-1]; last.Problem != Unsupported {
			t.Errorf("%s: problem %q, want unsupported\n%s", name, last.Problem, c.tree())
		}
	}
}

// The cabinet is one of libarchive's test suite: a file of each kind of packing
// that it has, by LZX.
func TestCabinetsPackedByLZXAreRead(t *testing.T) {
	content, err := os.ReadFile("testdata/cab/lzx.cab")
	if err != nil {
		t.Fatal(err)
	}
	c := readNamed(t, "x.cab", string(content), Limits{})
	if !c.has("  file 2 contents\nhello\nhello\nhello\nhello\nhello\nhello\n") || strings.Contains(c.tree(), "malformed") {
		t.Errorf("parts\n%s", c.tree())
	}
	zeros := c.known["1!x.cab!zero"]
	if zeros == nil || zeros.Bytes != 33000 {
		t.Errorf("a file of two blocks: %+v", zeros)
	}
}

// A section of OneNote: text of one byte a character or two, and a file.
func TestNotebooksGiveTextAndFilesAndStayUnsupported(t *testing.T) {
	file := oneNoteFile + string([]byte{byte(len(secret)), 0, 0, 0, 0, 0, 0, 0}) + strings.Repeat("\x00", 12) + secret
	noise := strings.Repeat("\x01\x80\xff\x03", 300)
	torn := oneNoteFile + strings.Repeat("\xff", 20)
	c := readNamed(t, "a.one", oneNoteMagic+noise+"Minutes of May"+noise+utf16le("Zo")+"\xeb\x00"+utf16le("'s minutes")+noise+file+noise+torn, Limits{})
	if got, want := c.tree(), "1!a.one!1 text/plain\n1!a.one application/onenote unsupported\n"; got != want {
		t.Errorf("parts\n%swant\n%s", got, want)
	}
	for _, want := range []string{"Minutes of May\n", "Zoë's minutes\n", secret} {
		if !c.has(want) {
			t.Errorf("%q is in no text", want)
		}
	}
}
