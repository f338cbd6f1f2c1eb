package extract

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// torn is a text with a NUL byte behind each of its characters.
func torn(s string) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteRune(c)
		b.WriteByte(0)
	}
	return b.String()
}

func TestValuesAreFoundInEveryReading(t *testing.T) {
	attached := func(media, content string) string {
		return "Content-Type: " + media + "\nContent-Transfer-Encoding: base64\n\n" + b64(content) + "\n"
	}
	for _, m := range []struct{ name, mail string }{
		{"NUL bytes between the characters of a part of a line", "Content-Type: text/plain\n\nthe number is " + torn(secret) + "\n"},
		{"NUL bytes at the beginning, plain text behind", "Content-Type: text/plain\n\n" + torn(strings.Repeat("lorem ipsum ", 100)) + "\nthe number is " + secret + "\n"},
		{"NUL bytes in HTML", "Content-Type: text/html\n\n<p>the number <b>is</b> " + torn(secret) + "</p>\n"},
		{"UTF-16 that says so by its NUL bytes alone", "Content-Type: text/plain\n\n" + torn("the number is "+secret+"\n")},
		{"an encoded word in a part that is header fields", "Content-Type: text/rfc822-headers\n\nFrom: a\nSubject: =?utf-8?B?" + b64("the number is "+secret) + "?=\n\n"},
		{"a document in an iframe", `Content-Type: text/html` + "\n\n" + `<iframe srcdoc="&lt;p&gt;078-0&lt;b&gt;5&lt;/b&gt;-1123"></iframe>`},
		{"percent signs in the subject of a link to mail", `Content-Type: text/html` + "\n\n" + `<a href="mailto:a@b.example?subject=No%20078%2D05%2D1123">x</a>`},
		{"percent signs in the query of a link", `Content-Type: text/html` + "\n\n" + `<a href=https://a.example/?a=1&amp;ssn=078%2D05%2d1123>x</a>`},
		{"a link in a link", `Content-Type: text/html` + "\n\n" + `<a href="https://a.example/?url=https%3A%2F%2Fb.example%2F%3Fn%3D078%252D05%252D1123">x</a>`},
		{"a file in a style element", "Content-Type: text/html\n\n<style>p{background:url(data:text/plain;base64," + b64("no "+secret) + ")}</style>"},
		{"a file in a style attribute", "Content-Type: text/html\n\n<p style=\"background:url('data:text/plain;base64," + b64("no "+secret) + "')\">x"},
		{"a long file in a style attribute", "Content-Type: text/html\n\n<p style=\"background:url(DATA:text/plain;base64," + b64(strings.Repeat("lorem ipsum ", 99)+secret) + ")\">x"},
		{"a file in a style sheet", attached("text/css", "p{background:url( \"data:,no%20078%2d05-1123\")}")},
		{"a file in a calendar", attached("text/calendar", "BEGIN:VCALENDAR\r\nATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:"+b64("the number is " + secret)[:8]+"\r\n "+b64("the number is " + secret)[8:]+"\r\nEND:VCALENDAR\r\n")},
		{"a note in a card of version 3", attached("text/vcard", "BEGIN:VCARD\r\nNOTE;ENCODING=b:"+b64("the number is "+secret)+"\r\nEND:VCARD\r\n")},
		{"a photo in a card of version 2.1", attached("text/x-vcard", "BEGIN:VCARD\r\nPHOTO;BASE64;TYPE=TXT:\r\n "+b64("the number is "+secret)+"\r\n\r\nEND:VCARD\r\n")},
		{"a key in a card of version 4", attached("text/vcard", "BEGIN:VCARD\r\nKEY:data:text/plain;base64,"+b64("the number is "+secret)+"\r\nEND:VCARD\r\n")},
		{"HTML in a calendar", "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nX-ALT-DESC;FMTTYPE=text/html:<p>no <b>078-0</b>\n 5-11<i>23</i>\nEND:VCALENDAR\n"},
		{"a mail of a type that is unknown", "Content-Type: message/x-mail\n\nFrom: a\nSubject: b\nContent-Transfer-Encoding: base64\n\n" + b64("the number is "+secret) + "\n"},
		{"a mail as a text file", "Content-Type: text/plain; name=mail.txt\n\nFrom: a\nTo: c\nDate: d\nSubject: b\nContent-Transfer-Encoding: base64\n\n" + b64("the number is "+secret) + "\n"},
		{"characters between that stand outside the page", "Content-Type: text/html\n\n<p>no 078-0<i style='position:absolute; left:-9999px'>7</i>5-1123"},
		{"characters between that are too small", "Content-Type: text/html\n\n<p>no 078-0<i style='font-size:1px'>7</i>5-1123"},
		{"two entities of XML", attached("application/xml", `<?xml version="1.0"?><!DOCTYPE r [<!-- > --><!ENTITY a "078-05"><!ENTITY b-1 '-&#x31;&c;'><!ENTITY c "123">]><r>&a;&b-1;</r>`)},
		{"a multipart that is quoted-printable to some", "Content-Type: multipart/mixed; boundary=B\nContent-Transfer-Encoding: quoted-printable\n\n--B\n\nno 078-=\n05-=31123\n--B--\n"},
	} {
		t.Run(m.name, func(t *testing.T) {
			mail := crlfLines(strings.ReplaceAll(m.mail, "\r\n", "\n"))
			_, c := read(t, mail, Limits{}, 0)
			if !c.has(secret) {
				t.Errorf("the number was not found in:\n%s", c.bodies())
			}
			invariant(t, mail, Limits{})
		})
	}
}

func TestOneReadingIsEnoughWhereTheOtherIsTheSame(t *testing.T) {
	for _, m := range []struct{ name, mail string }{
		{"UTF-16", "Content-Type: text/plain\r\n\r\n" + torn("number "+secret+"\nand more é\n")},
		{"a multipart without escapes", "Content-Type: multipart/mixed; boundary=B\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n--B\r\n\r\nno " + secret + "\r\n--B--\r\n"},
		{"a link without percent signs", "Content-Type: text/html\r\n\r\n<a href=\"https://a.example/?n=" + secret + "\">x</a>"},
	} {
		_, c := read(t, m.mail, Limits{}, 0)
		if n := strings.Count(c.bodies(), secret); n != 1 {
			t.Errorf("%s: the number stands in the texts %d times, want once:\n%s", m.name, n, c.bodies())
		}
	}
}

func TestAnInputFieldShowsItsValueBehindItsLabel(t *testing.T) {
	for markup, want := range map[string]string{
		`<label>SSN</label><input value="078051123">`:               "SSN 078051123",
		`<label>SSN</label><input value="078051123" type=HIDDEN>x`:  "SSNx",
		`<label>SSN</label><input type="hidden" value="078051123">`: "SSN",
		`<p>SSN<p><input value="078051123">`:                        "SSN",
	} {
		if got, aside := readHTML(t, markup); got != want || aside != "078051123\n" {
			t.Errorf("%s shows %q and has %q, want %q", markup, got, aside, want)
		}
	}
}

func TestDecodersWithinEachOtherTakeWhatTheyNeed(t *testing.T) {
	for name, head := range map[string]string{
		"zstd of a size":   "(\xb5/\xfd\x60\x00\x10" + strings.Repeat("x", 16),
		"zstd of a window": "(\xb5/\xfd\x00\x10" + strings.Repeat("x", 16),
		"xz":               "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00!\x01\x02xxxxxxxx",
		"xz with sizes":    "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x03\xc1\x88\x01\x90\x02\x04\x00!\x01\x02xxxxxxxx",
		"lzip":             "LZIP\x01\x0c",
	} {
		want := map[string]int64{"zstd of a size": 256 + 0x1000, "zstd of a window": 4096, "xz": 8192, "xz with sizes": 8192, "lzip": 4096}[name]
		if got := windowOf([]byte(head)); got != want {
			t.Errorf("%s takes %d bytes, want %d", name, got, want)
		}
		for i := range head {
			windowOf([]byte(head[:i]))
		}
	}
}

func TestEntitiesAreBounded(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString(`<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "lorem ipsum">`)
	for i := range 12 {
		fmt.Fprintf(&bomb, `<!ENTITY e%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&e%d;", i), 12))
	}
	bomb.WriteString("]><r>&e12;&e11; " + secret + "</r>")
	loop := `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]><r>&a; ` + secret + `</r>`
	many := `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "` + strings.Repeat("x", 4000) + `">]><r>` + strings.Repeat("&a;", 1000) + secret + `</r>`
	for name, document := range map[string]string{"a bomb": bomb.String(), "a loop": loop, "many references": many} {
		r, c := read(t, "Content-Type: application/xml\r\n\r\n"+document, Limits{}, 0)
		if !c.has(secret) || c.known["1"].Problem != TooBig || strings.Join(r.Anomalies(), " ") != "entity-expansion" {
			t.Errorf("%s: found %v, problem %q, anomalies %v", name, c.has(secret), c.known["1"].Problem, r.Anomalies())
		}
		size := 0
		for _, s := range c.texts {
			size += s.text.Len()
		}
		if size > 2<<20 {
			t.Errorf("%s: %d bytes of text", name, size)
		}
	}
}

// sealedCMS is the beginning of an EnvelopedData of RFC 5652, with AES-256.
var sealedCMS = []byte("\x30\x80\x06\x09" + oidPKCS7Prefix + "\x03\xa0\x80\x30\x80\x02\x01\x00\x31\x00\x30\x80\x06\x09" + oidPKCS7Prefix + "\x01" +
	"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a\x80\x04abcd\x00\x00\x00\x00\x00\x00\x00\x00")

func TestArmorIsSeenWhereverItStands(t *testing.T) {
	// A session key of a passphrase for AES-256, and sealed data behind it.
	sealed := []byte("\x8c\x0d\x04\x09\x03\x08saltsalt\x60\xd2\x08\x01\x02\x03\x04\x05\x06\x07\x08")
	wrap := func(label string, data []byte, prefix, end string) string {
		return prefix + "-----BEGIN " + label + "-----" + end + prefix + end + prefix + base64.StdEncoding.EncodeToString(data) + end + prefix + "-----END " + label + "-----" + end
	}
	for _, m := range []struct{ name, mail string }{
		{"OpenPGP", "\r\n" + wrap("PGP MESSAGE", sealed, "", "\r\n")},
		{"OpenPGP in quoted text", "\r\nHi,\r\n\r\n" + wrap("PGP MESSAGE", sealed, "> > ", "\r\n")},
		{"OpenPGP in HTML", "Content-Type: text/html\r\n\r\n<p>Hi<pre>" + wrap("PGP MESSAGE", sealed, "", "\r\n") + "</pre>"},
		{"OpenPGP in HTML, line by line", "Content-Type: text/html\r\n\r\n<p>Hi<div>" + wrap("PGP MESSAGE", sealed, "", "<br>\r\n")},
		{"OpenPGP in HTML in one line", "Content-Type: text/html\r\n\r\n<p>Hi<p>" + wrap("PGP MESSAGE", sealed, "", "\r\n") + "</p>"},
		{"S/MIME", "\r\nHi\r\n" + wrap("CMS", sealedCMS, "", "\r\n")},
		{"S/MIME as PKCS #7", "\r\n" + wrap("PKCS7", sealedCMS, "", "\r\n")},
	} {
		_, c := read(t, m.mail, Limits{}, 0)
		if p := c.known["1"]; !p.Encrypted || p.Problem != Encrypted || p.Cipher != "AES-256" {
			t.Errorf("%s: encrypted %v with %q, problem %q", m.name, p.Encrypted, p.Cipher, p.Problem)
		}
		invariant(t, m.mail, Limits{})
	}
	for _, m := range []struct{ name, mail string }{
		{"a mention of armor", "\r\nIt begins with\r\n-----BEGIN PGP MESSAGE-----\r\nand ends.\r\n"},
		{"a mention of armor in HTML", "Content-Type: text/html\r\n\r\n<p>It begins with <p>-----BEGIN PGP MESSAGE-----<p>and ends."},
	} {
		if _, c := read(t, m.mail, Limits{}, 0); c.known["1"].Encrypted {
			t.Errorf("%s counts as encrypted", m.name)
		}
	}
	signed := bytes.Replace(sealedCMS, []byte(oidPKCS7Prefix+"\x03"), []byte(oidPKCS7Prefix+"\x02"), 1)
	if _, c := read(t, "\r\n"+wrap("PKCS7", signed, "", "\r\n"), Limits{}, 0); c.known["1"].Encrypted {
		t.Error("what is signed only counts as encrypted")
	}
}

// sparseTar is an archive with one file of a size, of which all but the content
// at its end is a hole, in GNU tar's old format.
func sparseTar(content string, size int) string {
	h := make([]byte, tarBlock)
	copy(h, "rec.txt")
	octal := func(at, width, n int) { copy(h[at:], fmt.Sprintf("%0*o", width-1, n)) }
	octal(100, 8, 0o644)
	octal(124, 12, len(content))
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	octal(386, 12, size-len(content))
	octal(398, 12, len(content))
	octal(483, 12, size)
	sum := 8 * int(' ')
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	data := make([]byte, tarBlock)
	copy(data, content)
	return string(h) + string(data) + strings.Repeat("\x00", 2*tarBlock)
}

func TestHolesOfASparseFileHideNothing(t *testing.T) {
	mail := "Content-Type: application/x-tar\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(sparseTar("the number is "+secret+"\n", 40<<10))
	_, c := read(t, mail, Limits{}, 0)
	if p := c.known["1!rec.txt"]; !c.has(secret) || p == nil || p.Detected != "text/plain" || p.Problem != "" {
		t.Errorf("the parts are\n%s", c.tree())
	}
}
