package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// uu encodes as uuencode does.
func uu(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), 45)
		line := s[:n]
		s = s[n:]
		b.WriteByte(byte(n) + ' ')
		for len(line) > 0 {
			var g [3]byte
			line = line[copy(g[:], line):]
			for _, v := range [4]byte{g[0] >> 2, g[0]<<4&63 | g[1]>>4, g[1]<<2&63 | g[2]>>6, g[2] & 63} {
				b.WriteByte("`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[v])
			}
		}
		b.WriteByte('\n')
	}
	return b.String() + "`\n"
}

// yenc encodes as yEnc does.
func yenc(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i] + 42
		switch c {
		case 0, '\n', '\r', '=':
			b.WriteString("=" + string(rune(c+64)))
		default:
			b.WriteByte(c)
		}
		if i%64 == 63 {
			b.WriteString("\n")
		}
	}
	return b.String() + "\n"
}

func TestFilesEncodedWithinTextAreRead(t *testing.T) {
	text := strings.Repeat("lorem ipsum dolor ", 12) + secret + "\n"
	hqx, err := os.ReadFile("testdata/coded/sample.hqx")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct{ name, mail, tree, anomalies string }{
		{"two uuencoded files", "\nhi\nbegin 644 a.csv\n" + uu(text) + "end\nand\n\nbegin 600 my \"file\".txt\n" + uu("x"+text) + "end\nbye\n", "1!a.csv text/csv\n1!my \"file\".txt text/plain\n1 text/plain\n", ""},
		{"two of one name", "\nbegin 644 a!b\n" + uu(text) + "end\nbegin 644 a!b\n" + uu(text) + "end\n", "1!a%21b text/plain\n1!a%21b (2) text/plain\n1 text/plain\n", ""},
		{"one without an end", "\nbegin 644 a\n" + uu(text), "1!a text/plain\n1 text/plain\n", ""},
		{"one whose blanks were lost", "\nbegin 644 a\n" + strings.ReplaceAll(strings.ReplaceAll(uu(text+secret+"\n\x00\x00"), "`", " "), "    \n", "\n") + "end\n", "1!a text/plain\n1 text/plain\n", "nul-bytes"},
		{"uuencoded HTML", "\nbegin 644 a.html\n" + uu("<html><p>"+text+"<b>078</b>-05-1123") + "end\n", "1!a.html text/html\n1 text/plain\n", ""},
		{"a uuencoded file in a uuencoded file", "\nbegin 644 a\n" + uu("begin 644 b\n"+uu(text)+"end\n") + "end\n", "1!a!b text/plain\n1!a text/plain\n1 text/plain\n", ""},
		{"base64 of POSIX uuencode", "\nbegin-base64 644 a.txt\n" + lines76(b64(text)) + "====\n", "1!a.txt text/plain\n1 text/plain\n", ""},
		{"the transfer encoding uuencode", "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n" + uu(text) + "end\n", "1 text/plain\n", ""},
		{"the transfer encoding uue, misspelt", "Content-Transfer-Encoding: x-uue\n\nbegin 644 a.txt\n" + uu(text) + "end\n", "1 text/plain\n", "unknown-transfer-encoding"},
		{"the transfer encoding uuencode of what is none", "Content-Transfer-Encoding: uuencode\n\nthe number is " + secret + "\n", "1 text/plain malformed\n", ""},
		{"yEnc", "\nhi\n=ybegin line=64 size=999 name=a b.txt\n" + yenc(text) + "=yend size=999\nbye\n", "1!a b.txt text/plain\n1 application/x-yenc\n", ""},
		{"a piece of yEnc", "\n=ybegin part=1 total=2 line=64 size=999 name=a\n=ypart begin=1 end=300\n" + yenc(text) + "=yend size=300\n", "1!a text/plain\n1 application/x-yenc\n", "partial-message"},
		{"BinHex", "\nhello\n" + string(hqx), "1!hr.txt text/plain\n1 text/plain\n", ""},
		{"a file in BinHex", "Content-Type: application/mac-binhex40\n\n" + string(hqx), "1!hr.txt text/plain\n1 application/mac-binhex40\n", ""},
		{"base64 below a greeting", "\nHello,\n\nas asked:\n\n" + lines76(b64(text)) + "\nBye\n", "1!1 text/plain\n1 text/plain\n", "undeclared-base64"},
		{"base64 on one line below a greeting", "\nHello, as asked:\n" + b64(text) + "\n", "1!1 text/plain\n1 text/plain\n", "undeclared-base64"},
		{"base64 on one long line below a greeting", "\nHello, as asked:\n" + b64(strings.Repeat(text, 30)) + "\n", "1!1 text/plain\n1 text/plain\n", "undeclared-base64"},
		{"a certificate is no text", "\nthe number is " + secret + "\n-----BEGIN CERTIFICATE-----\n" + lines76(b64("0\x82\x01\x02\x00\x01\x99\xfe"+strings.Repeat("\x01\x8f", 80))) + "-----END CERTIFICATE-----\n", "1 text/plain\n", ""},
		{"a line that only begins like a file", "\nbegin 644 words are not a file\nso " + secret + "\n", "1 text/plain\n", ""},
	} {
		t.Run(m.name, func(t *testing.T) {
			mail := crlfLines(m.mail)
			r, c := read(t, mail, Limits{}, 0)
			if !c.has(secret) {
				t.Errorf("the secret is in no text:\n%s", c.dump(r))
			}
			if got := strings.TrimPrefix(c.tree(), "0 text/rfc822-headers\n"); got != m.tree {
				t.Errorf("parts:\n%swant\n%s", got, m.tree)
			}
			if got := strings.Join(r.Anomalies(), " "); got != m.anomalies {
				t.Errorf("anomalies %q, want %q", got, m.anomalies)
			}
			invariant(t, mail, Limits{})
			if _, c := read(t, m.mail, Limits{}, 0); !c.has(secret) {
				t.Errorf("with LF line ends the secret is in no text")
			}
		})
	}
}

func TestMembersKeepToTheLimits(t *testing.T) {
	nested := secret
	for range 30 {
		nested = "begin 644 a\n" + uu(nested) + "end\n"
	}
	_, c := read(t, crlfLines("\n"+nested), Limits{Depth: 3}, 0)
	if p := c.known["1!a!a!a"]; len(c.parts) != 5 || p == nil || p.Problem != TooDeep {
		t.Errorf("too deep:\n%s", c.tree())
	}
	many := crlfLines("\n" + strings.Repeat("begin 644 a\n"+uu("x")+"end\n", 50))
	_, c = read(t, many, Limits{Parts: 10}, 0)
	if p := c.known["1"]; p.Problem != TooMany || len(c.parts) > 11 {
		t.Errorf("too many:\n%s", c.tree())
	}
}

// The files were made by GnuPG 2.2 and OpenSSL 3.0.
func TestSecuredFilesAreReadOrSayTheirCipher(t *testing.T) {
	for file, want := range map[string]string{
		"sym-aes256.gpg":      "encrypted AES-256",
		"sym-aes128.asc":      "encrypted AES-128",
		"sym-3des.gpg":        "encrypted 3DES weak",
		"pub.asc":             "encrypted OpenPGP",
		"signed.gpg":          "read",
		"signed.asc":          "read",
		"store.gpg":           "read",
		"stdin.gpg":           "read",
		"bz.gpg":              "read",
		"clear.asc":           "read",
		"det.sig":             "silent",
		"key.gpg":             "silent",
		"signed.p7m":          "read",
		"signed-stream.p7m":   "read",
		"digest.p7m":          "read",
		"data.p7m":            "read",
		"signed.p7s":          "silent",
		"certs.p7c":           "silent",
		"enc-aes-128-gcm.p7m": "encrypted AES-128",
		"enc-aes-256-cbc.p7m": "encrypted AES-256",
		"enc-des3.p7m":        "encrypted 3DES weak",
		"enc-des.p7m":         "encrypted DES weak",
		"enc-rc2-40.p7m":      "encrypted RC2-40 weak",
		"encdata.p7m":         "encrypted AES-128",
	} {
		data, err := os.ReadFile(filepath.Join("testdata/coded", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{
			"Content-Type: application/octet-stream; name=" + file + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(string(data)),
			"Content-Type: text/plain\r\n\r\nhello\r\n" + crlfLines(string(data)),
			"Content-Type: text/plain\r\n\r\nhello\r\n-----BEGIN CMS-----\r\n" + crlfLines(lines76(b64(string(data)))) + "-----END CMS-----\r\n",
		} {
			binary := !strings.HasSuffix(file, ".asc")
			if inText, pem := strings.Contains(form, "hello"), strings.Contains(form, "BEGIN CMS"); inText && (binary != pem || strings.HasSuffix(file, ".gpg") || strings.HasSuffix(file, ".sig")) {
				continue
			}
			r, c := read(t, form, Limits{}, 0)
			got := "silent"
			if c.has(secret) {
				got = "read"
			}
			for _, p := range c.parts {
				if p.Encrypted {
					if got = "encrypted " + p.Cipher; p.Weak {
						got += " weak"
					}
				}
				if p.Unread() && !p.Encrypted || len(c.parts) == 2 && got == "silent" && !p.Unscannable && p.Path == "1" && binary && !strings.Contains(form, "hello") {
					t.Errorf("%s: part %+v", file, *p)
				}
			}
			if got != want || len(r.Anomalies()) > 0 {
				t.Errorf("%s is %q, want %q, anomalies %q in\n%s", file, got, want, r.Anomalies(), c.tree())
			}
			invariant(t, form, Limits{})
		}
	}
}

func TestTornSecuredFilesNeverPassForRead(t *testing.T) {
	for _, file := range []string{"signed.gpg", "bz.gpg", "signed.p7m", "signed-stream.p7m", "enc-aes-256-cbc.p7m", "sym-aes256.gpg"} {
		data, err := os.ReadFile(filepath.Join("testdata/coded", file))
		if err != nil {
			t.Fatal(err)
		}
		for n := 30; n < len(data)-20; n += 7 {
			mail := "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(string(data[:n]))
			_, c := read(t, mail, Limits{}, 0)
			if p := c.known["1"]; p.Problem == "" {
				t.Errorf("%s cut to %d of %d bytes has no problem", file, n, len(data))
			}
		}
	}
}

func TestCompressedMessagesKeepToTheRatio(t *testing.T) {
	// 64 MiB of zeros, which bzip2 packs into 60 bytes, in an OpenPGP packet.
	bomb, err := os.ReadFile("testdata/coded/bomb.gpg")
	if err != nil {
		t.Fatal(err)
	}
	s := readSizes(t, strings.NewReader("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"+b64(string(bomb))), Limits{})
	if s.paths["1"] != TooBig || s.texts > 4<<20 {
		t.Errorf("problem %q, %d bytes of text", s.paths["1"], s.texts)
	}
}
