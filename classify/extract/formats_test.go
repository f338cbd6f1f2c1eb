package extract

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// be writes numbers of four bytes.
func be(numbers ...uint32) string {
	var b []byte
	for _, n := range numbers {
		b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return string(b)
}

func appleFile1(data string) string {
	return be(0x00051600, 0x00020000) + strings.Repeat("\x00", 16) + "\x00\x02" + be(1, 56, uint32(len(data)), 3, 50, 6) + "hr.txt" + data
}

func macBinary1(data string) string {
	head := make([]byte, 128)
	head[1] = byte(copy(head[2:], "hr.txt"))
	copy(head[65:], "TEXTttxt")
	copy(head[83:], be(uint32(len(data))))
	head[122], head[123] = 0x81, 0x81
	return string(head) + data
}

func TestFormsOfOtherTimesAndSystemsAreRead(t *testing.T) {
	text := strings.Repeat("lorem ipsum dolor ", 12) + secret + "\r\n"
	ebcdic, err := charmap.CodePage037.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("testdata/coded/prefs.bplist")
	if err != nil {
		t.Fatal(err)
	}
	bplist := string(file)
	mail := func(subject string) string {
		return "From a@b.example Mon May  1 10:00:00 2026\nFrom: a\nTo: b\nSubject: " + subject + "\nContent-Transfer-Encoding: base64\n\n" + b64(secret) + "\n\n"
	}
	in := func(kind, data string) string {
		return "Content-Type: " + kind + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + crlfLines(lines76(b64(data)))
	}
	for _, m := range []struct{ name, mail, tree, want, anomalies string }{
		{"AppleSingle", in("application/applefile", appleFile1(text)), "1!hr.txt text/plain\n1 application/applefile\n", secret, ""},
		{"AppleDouble without data", in("application/applefile", be(0x00051607, 0x00020000)+strings.Repeat("\x00", 16)+"\x00\x01"+be(3, 38, 6)+"hr.txt"), "1 application/applefile\n", "hr.txt", ""},
		{"AppleSingle, torn", in("application/applefile", appleFile1(text)[:60]), "1!hr.txt text/plain\n1 application/applefile malformed\n", "", ""},
		{"MacBinary", in("application/octet-stream", macBinary1(text)), "1!hr.txt text/plain\n1 application/macbinary\n", secret, ""},
		{"a mailbox", in("application/octet-stream; name=in.mbox", strings.ReplaceAll(mail("x"), "base64", "7bit")+"From here on all is text.\n\n"+mail("y")), "1!in.mbox!1.0 text/rfc822-headers\n1!in.mbox!1.1 text/plain\n1!in.mbox!1 message/rfc822\n1!in.mbox!2.0 text/rfc822-headers\n1!in.mbox!2.1 text/plain\n1!in.mbox!2 message/rfc822\n1!in.mbox application/mbox\n", secret, ""},
		{"a web archive", in("application/x-mimearchive; name=p.mht", "From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>078=2D05-1<b>123</b>\r\n--x--\r\n"), "1.0 text/rfc822-headers\n1.1 text/html\n1 message/rfc822\n", secret, ""},
		{"enriched text", "Content-Type: text/enriched\r\n\r\n<bold>078</bold>-05-<color><param>red</param>1123</color>\r\n\r\nx", "1 text/enriched\n", "078-05-", ""},
		{"XML", "Content-Type: text/xml\r\n\r\n<a>078&#45;05&#x2d;1123 &amp;</a>", "1 text/xml\n", "<a>078-05-1123 &</a>", ""},
		{"XML of Latin-1", "Content-Type: application/xml\r\n\r\n<?xml version='1.0' encoding='iso-8859-1'?><a>Zo\xeb</a>", "1 application/xml\n", "<a>Zoë</a>", ""},
		{"XML of UTF-16", in("application/xml", "\xff\xfe"+utf16le("<?xml version='1.0' encoding='UTF-16'?><a>"+secret+"</a>")), "1 application/xml\n", secret, ""},
		{"CSV of UTF-16", in("text/csv; name=a.csv", "\xff\xfe"+utf16le("ssn\t078-05-1123\r\n")), "1 text/csv\n", secret, ""},
		{"SVG", in("image/svg+xml", "<?xml version='1.0'?><svg><text x='1'>078<tspan>-05</tspan>-1123</text></svg>"), "1 image/svg+xml\n", secret, ""},
		{"a card with quoted-printable", in("text/x-vcard", "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Zo=EB =30=37=\r\n8-05-1123=0A\r\nEND:VCARD\r\n"), "1 text/x-vcard\n", "Zoë 078-05-1123", ""},
		{"a card with folded lines", in("text/vcard", "BEGIN:VCARD\r\nNOTE:078-0\r\n 5-11\r\n 23\r\nEND:VCARD\r\n"), "1 text/vcard\n", secret, ""},
		{"EBCDIC, declared", in("text/plain; charset=IBM037", ebcdic), "1 text/plain\n", secret, ""},
		{"EBCDIC, declared and not so", "Content-Type: text/plain; charset=IBM500\r\n\r\n" + text, "1 text/plain\n", secret, "charset-mismatch"},
		{"ISO-2022-KR", "Content-Type: text/plain; charset=iso-2022-kr\r\n\r\n\x1b$)C\r\n\x0eGQ19\x0f 078-05-1123\r\n", "1 text/plain\n", "한국 078-05-1123", ""},
		{"ISO-2022-JP that declares nothing", "Content-Type: text/plain\r\n\r\n\x1b$B#0#7#8\x1b(B-05-1123", "1 text/plain\n", "０７８-05-1123", "charset-mismatch"},
		{"a binary property list", in("application/octet-stream; name=p.plist", bplist), "1!p.plist application/x-bplist\n", secret, ""},
		{"numbers and other characters in one", in("application/octet-stream", bplist), "1 application/x-bplist\n", "Zoë", ""},
		{"a torn one", in("application/octet-stream", bplist[:80]), "1 application/x-bplist malformed\n", "", ""},
		{"a property list", in("application/x-plist", "<?xml version=\"1.0\"?><plist><dict><key>SSN</key><string>078-05-1123</string></dict></plist>"), "1 application/xml\n", "<string>078-05-1123</string>", ""},
	} {
		t.Run(m.name, func(t *testing.T) {
			r, c := read(t, m.mail, Limits{}, 0)
			if !c.has(m.want) {
				t.Errorf("%q is in no text:\n%s", m.want, c.dump(r))
			}
			if got := strings.TrimPrefix(c.tree(), "0 text/rfc822-headers\n"); got != m.tree {
				t.Errorf("parts:\n%swant\n%s", got, m.tree)
			}
			if got := strings.Join(r.Anomalies(), " "); got != m.anomalies {
				t.Errorf("anomalies %q, want %q", got, m.anomalies)
			}
			invariant(t, m.mail, Limits{})
		})
	}
}
