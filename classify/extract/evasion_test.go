package extract

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

const secret = "078-05-1123"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// Each of these hides the secret from readers that take the RFCs at their word,
// while some client shows it.
func TestNothingIsHiddenByBrokenForm(t *testing.T) {
	multi := func(parts string) string { return "Content-Type: multipart/mixed; boundary=x\n\n" + parts }
	inBase64 := b64("the number is "+secret) + "\n"
	long := strings.Repeat("lorem ipsum ", 10)
	for _, e := range []struct {
		name, mail, anomalies string
	}{
		{"no closing boundary", multi("--x\n\n" + secret), "no-closing-boundary"},
		{"no boundary line at all", multi("text " + secret), "no-parts"},
		{"two boundary parameters, the second one used", "Content-Type: multipart/mixed; boundary=y; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n", "duplicate-boundary"},
		{"an unquoted boundary with odd characters", "Content-Type: multipart/mixed; boundary=a?b =c\n\n--a?b =c\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--a?b =c--\n", ""},
		{"an unquoted boundary that ends at a blank", "Content-Type: multipart/mixed; boundary=ab cd\n\n--ab\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--ab--\n", ""},
		{"a boundary in single sections", "Content-Type: multipart/mixed; boundary*1=b; boundary*0=a\n\n--ab\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--ab--\n", ""},
		{"another boundary than declared", "Content-Type: multipart/mixed; boundary=zzz\n\npre\n--b\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--b--\n", "wrong-boundary"},
		{"another boundary than declared, then that one", "Content-Type: multipart/mixed; boundary=x\n\n--b\n\ntext\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n", "wrong-boundary"},
		{"another boundary than declared, in an inner multipart", multi("--x\nContent-Type: multipart/mixed; boundary=y\n\n--z\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--z--\n--x--\n"), "wrong-boundary"},
		{"no boundary parameter", "Content-Type: multipart/mixed\n\npre\n--abc\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--abc--\n", "missing-boundary"},
		{"an empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\n\n--abc\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--abc--\n", "missing-boundary"},
		{"a semicolon forgotten before the boundary", "Content-Type: multipart/mixed boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n", ""},
		{"a quote that never ends", "Content-Type: multipart/mixed; boundary=\"x\n\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n", ""},
		{"a line without a colon in a part's header", multi("--x\nContent-Type: text/plain\nno field\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), "bad-header-line"},
		{"the secret in such a line", multi("--x\nContent-Type: text/plain\nno field " + secret + "\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), "bad-header-line"},
		{"8-bit in the name of a field", multi("--x\nX-\xfcber: y\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), ""},
		{"a header that begins with white space", multi("--x\n folded\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), "bad-header-line"},
		{"a blank line before the header of the mail", "\nFrom: a\nContent-Transfer-Encoding: base64\n\n" + inBase64, ""},
		{"a blank line before the header of an attached mail", "Content-Type: message/rfc822\n\n\nSubject: x\nContent-Transfer-Encoding: base64\n\n" + inBase64, ""},
		{"a mail that is nothing but a body", "\nthe number\nis " + secret, ""},
		{"white space before a colon", multi("--x\nContent-Transfer-Encoding : base64\n\n" + inBase64 + "--x--\n"), ""},
		{"a bad line in the header of the mail", "Subject: x\nno field\nContent-Transfer-Encoding: base64\n\n" + inBase64, "bad-header-line"},
		{"a header without a blank line", multi("--x\nContent-Type: text/plain\n" + secret + "\n--x--\n"), "bad-header-line no-blank-line"},
		{"a header without a body", multi("--x\nX-Y: " + secret + "\n--x--\n"), "no-blank-line"},
		{"a header without a blank line above base64", multi("--x\nContent-Transfer-Encoding: base64\n" + b64(long+secret) + "\n--x--\n"), "bad-header-line no-blank-line"},
		{"a part without a header or a blank line", multi("--x\nthe number\nis " + secret + "\n--x--\n"), "bad-header-line no-blank-line"},
		{"junk behind a boundary", multi("--x junk\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), "boundary-junk"},
		{"the secret behind a boundary", multi("--x " + secret + "\n\ntext\n--x--\n"), "boundary-junk"},
		{"white space behind a boundary", multi("--x \t\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x-- \n"), ""},
		{"a preamble line of 5,000 bytes", multi(strings.Repeat("a", 5000) + "\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), ""},
		{"a boundary line of 5,000 bytes", multi("--x" + strings.Repeat(" ", 5000) + "\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), ""},
		{"text in the preamble", multi(secret + "\n--x\n\ntext\n--x--\n"), ""},
		{"text in the epilogue", multi("--x\n\ntext\n--x--\n" + secret + "\n"), ""},
		{"a part behind the end", multi("--x\n\ntext\n--x--\n\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64), "no-closing-boundary part-after-end"},
		{"an inner multipart with the outer boundary", multi("--x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ninner\n--x--\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n"), ""},
		{"a boundary that begins like the outer one", "Content-Type: multipart/mixed; boundary=xx\n\n--xx\nContent-Type: multipart/mixed; boundary=xxy\n\n--xxy\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--xxy--\n--xx--\n", ""},
		{"a boundary without a line end", multi("--x\nContent-Transfer-Encoding: base64\n\n" + strings.TrimSpace(inBase64) + "\n--x--"), ""},
		{"two content types, the multipart second", "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n", "duplicate-content-type"},
		{"two content types, the multipart first", "Content-Type: multipart/mixed; boundary=x\nContent-Type: text/plain\n\n--x\nContent-Transfer-Encoding: base64\n\n" + inBase64 + "--x--\n", "duplicate-content-type"},
		{"two content types, HTML the second", "Content-Type: text/plain\nContent-Type: text/html\n\nthe number is <b>078</b>-05-1123\n", "duplicate-content-type"},
		{"two charsets", "Content-Type: text/plain; charset=utf-8; charset=x-bogus\nContent-Transfer-Encoding: base64\n\n" + inBase64, "unknown-charset"},
		{"two transfer encodings, the first true", "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\n" + inBase64, "duplicate-transfer-encoding"},
		{"two transfer encodings, the second true", "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\n" + inBase64, "duplicate-transfer-encoding"},
		{"two transfer encodings, neither true", "Content-Transfer-Encoding: quoted-printable\nContent-Transfer-Encoding: base64\n\nmy " + secret, "bad-base64 duplicate-transfer-encoding"},
		{"a comment in the transfer encoding", "Content-Transfer-Encoding: base64 (c)\n\n" + inBase64, "unknown-transfer-encoding"},
		{"quotes around the transfer encoding", "Content-Transfer-Encoding: \"base64\"\n\n" + inBase64, "unknown-transfer-encoding"},
		{"a semicolon behind the transfer encoding", "Content-Transfer-Encoding: base64;\n\n" + inBase64, "unknown-transfer-encoding"},
		{"a transfer encoding that does not exist", "Content-Transfer-Encoding: x-foo\n\n" + secret, "unknown-transfer-encoding"},
		{"base64 that nothing declares", "Subject: x\n\n" + lines76(b64(long+long+secret+long)), "undeclared-base64"},
		{"stray characters in base64", "Content-Transfer-Encoding: base64\n\n" + inBase64[:9] + "*." + inBase64[9:17] + "\x80!\n" + inBase64[17:], "bad-base64"},
		{"base64 put together from padded pieces", "Content-Transfer-Encoding: base64\n\n" + b64("the number is ") + b64("078-0") + "\n" + b64("5-1123"), ""},
		{"base64 without its padding", "Content-Transfer-Encoding: base64\n\n" + strings.TrimRight(b64("a"+secret), "="), ""},
		{"text below base64", "Content-Transfer-Encoding: base64\n\n" + b64("hello") + "\n_____\nlist: " + secret + "\n", "bad-base64"},
		{"plain text declared as base64", "Content-Transfer-Encoding: base64\n\nThe number is " + secret + ".\n", "bad-base64"},
		{"base64 one character a line", "Content-Transfer-Encoding: base64\n\n" + strings.Join(strings.Split(inBase64, ""), "\n"), ""},
		{"control bytes in quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\na\x01b =30=37=38=2D05-11=32=33\n", ""},
		{"bad escapes in quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n=ZZ =3 = =30=378-05-1123 =\n", "bad-quoted-printable"},
		{"a soft break with blanks behind it", "Content-Transfer-Encoding: quoted-printable\n\n078-= \t \n05-1=\n123\n", ""},
		{"lower case escapes", "Content-Transfer-Encoding: quoted-printable\n\n078=2d05=2d1123\n", ""},
		{"a multipart in base64", "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n" + b64("--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n078=2D05-1123\r\n--x--\r\n") + "\n", "encoded-container"},
		{"a multipart that only claims to be base64", "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n--x\nContent-Transfer-Encoding: quoted-printable\n\n078=2D05-1123\n--x--\n", "encoded-container"},
		{"a multipart in quoted-printable", "Content-Type: multipart/mixed; boundary=\"=x\"\nContent-Transfer-Encoding: quoted-printable\n\n--=3Dx\n\n078=2D05-1123\n--=3Dx--\n", "encoded-container"},
		{"an attached mail that only claims to be base64", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: x\nContent-Transfer-Encoding: quoted-printable\n\n078=2D05-1123\n", "encoded-container"},
		{"a content type that is none", "Content-Type: cannot open\nContent-Transfer-Encoding: base64\n\n" + inBase64, "bad-content-type"},
		{"an empty content type", "Content-Type:\nContent-Transfer-Encoding: base64\n\n" + inBase64, "bad-content-type"},
		{"NUL bytes in text", "Subject: x\n\n078-\x0005-\x001123\n", "nul-bytes"},
		{"UTF-16 that declares nothing", "Subject: x\nContent-Transfer-Encoding: base64\n\n" + b64(utf16le("the number is "+secret)), ""},
		{"UTF-16 that declares UTF-8", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64("\xff\xfe"+utf16le(secret)), "charset-mismatch"},
		{"plain text behind a mark of UTF-16", "Content-Type: text/plain; charset=utf-8\n\n\xff\xfethe number is " + secret, "charset-mismatch"},
		{"plain text behind the other mark, declaring nothing", "Subject: x\n\n\xfe\xffthe number is " + secret, ""},
		{"HTML behind a mark of UTF-16", "Content-Type: text/html; charset=iso-8859-1\n\n\xff\xfe<html><body><p>the number is <b>" + secret + "</b></html>", "charset-mismatch"},
		{"plain text behind a mark, declaring UTF-16", "Content-Type: text/plain; charset=utf-16\n\n\xff\xfethe number is " + secret, ""},
		{"plain text that declares UTF-16", "Content-Type: text/plain; charset=utf-16\n\nthe number is " + secret, "charset-mismatch"},
		{"a charset that does not exist", "Content-Type: text/plain; charset=x-bogus\n\n" + secret, "unknown-charset"},
		{"an encoded word without an end", "Subject: =?utf-8?Q?078=2D05=2D1123\n\nx", "bad-encoded-word"},
		{"an encoded word with a language", "Subject: =?utf-8*en?Q?078=2D05=2D1123?=\n\nx", ""},
		{"an encoded word of an unknown charset", "Subject: =?x-bogus?B?" + b64(secret) + "?=\n\nx", "bad-encoded-word"},
		{"an encoded word without padding", "Subject: =?utf-8?B?" + strings.TrimRight(b64(secret+"a"), "=") + "?=\n\nx", ""},
		{"a number over two encoded words", "Subject: =?utf-8?B?" + b64("078-05") + "?=\n =?utf-8?Q?-1123?=\n\nx", ""},
		{"an encoded word inside quotes and text", "X-Y: \"a=?utf-8?Q?_078=2D05=2D1123_?=b\"\n\nx", ""},
		{"a file name with spaces and no quotes", "Content-Type: text/plain; name=my 078-05-1123 file.txt\n\nx", ""},
		{"two file names", "Content-Disposition: attachment; filename=a; filename=078-05-1123\n\nx", "duplicate-file-name"},
		{"a file name in Latin-1 sections", "Content-Disposition: attachment; filename*1=\"1123.txt\"; filename*0*=iso-8859-1'en'%30%378-05-\n\nx", ""},
		{"a file name in encoded words", "Content-Type: text/plain; name=\"=?utf-8?B?" + b64(secret) + "?=\"\n\nx", ""},
	} {
		t.Run(e.name, func(t *testing.T) {
			mail := crlfLines(e.mail)
			r, c := read(t, mail, Limits{}, 0)
			if !c.has(secret) {
				t.Errorf("the secret is in no text:\n%s", c.dump(r))
			}
			if got := strings.Join(r.Anomalies(), " "); got != e.anomalies {
				t.Errorf("anomalies %q, want %q", got, e.anomalies)
			}
			invariant(t, mail, Limits{})

			// The same with bare LF, and with mixed line ends.
			for name, mail := range map[string]string{"LF": e.mail, "mixed": mixedLines(e.mail)} {
				if _, c := read(t, mail, Limits{}, 0); !c.has(secret) {
					t.Errorf("with %s line ends the secret is in no text", name)
				}
				invariant(t, mail, Limits{})
			}
		})
	}
}

func utf16le(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(0)
	}
	return b.String()
}

func lines76(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\n")
		s = s[76:]
	}
	return b.String() + s + "\n"
}

// mixedLines ends every other line with CRLF.
func mixedLines(s string) string {
	var b strings.Builder
	for i, line := range strings.SplitAfter(s, "\n") {
		if i%2 == 0 {
			line = strings.ReplaceAll(line, "\n", "\r\n")
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestWhatCannotBeReadIsStated(t *testing.T) {
	for mail, want := range map[string]Problem{
		"Content-Transfer-Encoding: base64\n\n!!! ??? !!!\n":                                              Malformed,
		"Content-Transfer-Encoding: x-foo\n\nx":                                                           Unsupported,
		"Content-Type: text/plain; charset=x-bogus\n\nx":                                                  UnknownCharset,
		"Content-Type: text/plain; charset=iso-2022-xx\n\nx":                                              UnknownCharset,
		"Content-Transfer-Encoding: base64\n\n" + b64("PK\x03\x04\x14\x00\x00\x00\x08\x00abc\x00"):        Malformed,
		"Content-Transfer-Encoding: base64\n\n" + b64("PK\x03\x04\x14\x00\x01\x00\x08\x00abc\x00"):        Encrypted,
		"Content-Transfer-Encoding: base64\n\n" + b64("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00\x00\x00"): Malformed,
		"Content-Transfer-Encoding: base64\n\n" + b64("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"):         Malformed,
		"Content-Transfer-Encoding: base64\n\n" + b64("7z\xbc\xaf'\x1c\x00\x04"):                          Malformed,
		"Content-Transfer-Encoding: base64\n\n" + b64("\x78\x9f\x3e\x22\x01\x00\x01"):                     Malformed,
		"\n{\\rtf1 x}": "",
		"\n{\\rtf1 x":  Malformed,
		"\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----": Encrypted,
		"Content-Type: text/plain\n\nfine":                                  "",
		"Content-Type: text/plain; charset=koi8-r\n\nfine":                  "",
	} {
		mail = crlfLines(mail)
		_, c := read(t, mail, Limits{}, 0)
		p := c.known["1"]
		if p == nil {
			t.Fatalf("%q has no part 1", mail)
		}
		if p.Problem != want || p.Unread() != (want != "") || p.Encrypted != (want == Encrypted) {
			t.Errorf("%q: problem %q, encrypted %v, want %q", mail, p.Problem, p.Encrypted, want)
		}
	}
}

func TestAnomaliesAreAClosedSortedSet(t *testing.T) {
	names := AnomalyNames()
	for i, n := range names {
		if n == "" || i > 0 && names[i-1] >= n {
			t.Errorf("name %d is %q, after %q", i, n, fmt.Sprint(names[max(i-1, 0)]))
		}
	}
	var all anomalySet
	for a := range anomalyCount {
		all.add(a)
	}
	if got := all.names(); len(got) != len(names) {
		t.Errorf("a full set names %d of %d", len(got), len(names))
	}
}
