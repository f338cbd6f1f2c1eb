package extract

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func TestCharsetsBecomeUTF8(t *testing.T) {
	const number = "№ "
	for _, c := range []struct {
		charset, text string
		enc           encoding.Encoding
	}{
		{"utf-8", "Zoë ✓ 078", encoding.Nop},
		{"UTF8", "Zoë ✓ 078", encoding.Nop},
		{"iso-8859-1", "Zoë 078", charmap.ISO8859_1},
		{"latin1", "Zoë 078", charmap.ISO8859_1},
		{"ISO_8859-15", "Zoë € 078", charmap.ISO8859_15},
		{"windows-1252", "“Zoë” 078", charmap.Windows1252},
		{"cp1252", "“Zoë” 078", charmap.Windows1252},
		{"windows-1251", "Привет " + number, charmap.Windows1251},
		{"koi8-r", "Привет 078", charmap.KOI8R},
		{"ibm850", "Zoë 078", charmap.CodePage850},
		{"cp437", "Zoë 078", charmap.CodePage437},
		{"ibm037", "Hello 078-05-1123", charmap.CodePage037},
		{"cp500", "Hello 078-05-1123", charmap.CodePage1047},
		{"macintosh", "Zoë 078", charmap.Macintosh},
		{"shift_jis", "日本 078", japanese.ShiftJIS},
		{"iso-2022-jp", "日本 078", japanese.ISO2022JP},
		{"euc-jp", "日本 078", japanese.EUCJP},
		{"gb2312", "中国 078", simplifiedchinese.GBK},
		{"cp936", "中国 078", simplifiedchinese.GBK},
		{"gb18030", "中国 078", simplifiedchinese.GB18030},
		{"hz-gb-2312", "中国 078", simplifiedchinese.HZGB2312},
		{"big5", "中國 078", traditionalchinese.Big5},
		{"ks_c_5601-1987", "한국 078", korean.EUCKR},
		{"utf-16", "Zoë ✓ 078", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
		{"utf-16le", "Zoë ✓ 078", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"utf-16be", "Zoë ✓ 078", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		{"utf-32", "Zoë ✓ 078", utf32.UTF32(utf32.BigEndian, utf32.UseBOM)},
		{"utf-32le", "Zoë ✓ 078", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	} {
		encoded, err := c.enc.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(c.charset, err)
		}
		mail := "Content-Type: text/plain; charset=\"" + c.charset + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(encoded)
		_, got := read(t, mail, Limits{}, 0)
		if p := got.known["1"]; p.Problem != "" {
			t.Errorf("%s: problem %q", c.charset, p.Problem)
		}
		if text := strings.TrimPrefix(got.texts[len(got.texts)-1].text.String(), "\ufeff"); text != c.text {
			t.Errorf("%s: %q, want %q", c.charset, text, c.text)
		}
		invariant(t, mail, Limits{})
	}
}

func TestTextOfNoDeclaredCharset(t *testing.T) {
	for _, c := range []struct{ charset, bytes, want string }{
		{"", "Zo\xeb \xe2\x82\xac", "Zoë €"},
		{"us-ascii", "\xa0078\xa005\xa01123", "\u00a0078\u00a005\u00a01123"},
		{"", "\xe2\x82", "â‚"},
		{"", strings.Repeat("\x93x\x94 ", 3000), strings.Repeat("“x” ", 3000)},
		{"utf-8", "a\xffb", "a\xffb"},
		{"x-bogus", "Zo\xeb", "Zoë"},
	} {
		mail := "Content-Type: text/plain; charset=" + c.charset + "\r\n\r\n" + c.bytes
		_, got := read(t, mail, Limits{}, 0)
		if text := got.texts[len(got.texts)-1].text.String(); text != c.want {
			t.Errorf("%q in %q reads %.100q, want %.100q", c.bytes, c.charset, text, c.want)
		}
		invariant(t, mail, Limits{})
	}
}

func TestUTF7IsDecoded(t *testing.T) {
	for encoded, want := range map[string]string{
		"078-05-1123 1 +- 1": "078-05-1123 1 + 1",
		"Hi Mom +Jjo-!":      "Hi Mom ☺!",
		"+ADAANwA4AC0AMAA1-": "078-05",
		"+ADA ANw":           "0 ANw",
		"+2D3eAA-":           "😀",
		"a+":                 "a",
	} {
		mail := "Content-Type: text/plain; charset=utf-7\r\n\r\n" + encoded
		_, got := read(t, mail, Limits{}, 0)
		if text := got.texts[len(got.texts)-1].text.String(); text != want {
			t.Errorf("%q reads %q, want %q", encoded, text, want)
		}
		invariant(t, mail, Limits{})
	}
}

func TestMarkupMayNameItsCharset(t *testing.T) {
	mail := "Content-Type: text/html\r\n\r\n<html><meta charset='koi8-r'>\xf0\xd2\xc9\xd7\xc5\xd4"
	_, c := read(t, mail, Limits{}, 0)
	if !c.has("Привет") {
		t.Errorf("texts %s", c.bodies())
	}
}

func TestHeaderValuesAreDecoded(t *testing.T) {
	for value, want := range map[string]string{
		"plain":                               "plain",
		" folded\r\n\tvalue ":                 "folded\tvalue",
		"a\nb":                                "a b",
		"=?UTF-8?B?w6k=?=":                    "é",
		"=?iso-8859-1?q?a=E9_b?=":             "aé b",
		"=?utf-8?b?w6?= =?utf-8?b?k=?=":       "é", // torn base64
		"=?utf-8?q?=C3?= =?utf-8?q?=A9?=":     "é", // a torn character
		"a =?utf-8?q?b?= c =?utf-8?q?d?=":     "a b c d",
		"=?utf-8?q?a?==?utf-8?q?b?=":          "ab",
		"=?koi8-r?B?8NLJ18XU?= =?utf-8?Q?!?=": "Привет!",
		"=?utf-8?q?a b?=":                     "a b",
		"=?utf-8?x?a?= =? =?= =?a?":           "=?utf-8?x?a?= =? =?= =?a?",
		"=?utf-8?q?never ends =?utf-8?q?x?=":  "never endsx",
		"raw \xe9 and \xc3\xa9":               "raw é and é",
		"=?utf-8?q?a=00b?=":                   "ab",
		"=?utf-16be?B?ADAANwA4?=":             "078",
		"=?us-ascii?Q?a?=41?=":                "a?A",
		"\"=?utf-8?q?quoted?=\" <a@b>":        "\"quoted\" <a@b>",
	} {
		got, _ := decodeWords(unfold(value))
		if got != want {
			t.Errorf("%q reads %q, want %q", value, got, want)
		}
	}
}

func TestParametersAreReadForgivingly(t *testing.T) {
	for value, want := range map[string]string{
		`attachment; filename=a.txt`:                               "attachment|a.txt",
		`ATTACHMENT ; FileName = "a \"b\".txt"`:                    `attachment|a "b".txt`,
		`attachment; filename=my file.txt; size=3`:                 "attachment|my file.txt",
		`attachment; filename="a;b.txt"`:                           "attachment|a;b.txt",
		`attachment; filename="open.txt`:                           "attachment|open.txt",
		`attachment; filename*=UTF-8''%e2%82%ac.txt`:               "attachment|€.txt",
		`attachment; filename*0="a"; filename*1=b; filename*2="c"`: "attachment|abc",
		`attachment; filename*1*=%20b; filename*0*=utf-8''a`:       "attachment|a b",
		`attachment; filename*=broken%zz`:                          "attachment|broken%zz",
		`attachment; filename==?utf-8?q?=C3=A9?=`:                  "attachment|é",
		`"attachment"; filename=x`:                                 "attachment|x",
		`attachment (comment; filename=x`:                          "attachment|x",
		`; filename=x`:                                             "|x",
		`filename=x`:                                               "|x",
		`attachment;;; filename=x;`:                                "attachment|x",
		`attachment filename=x`:                                    "|x",
		``:                                                         "|",
	} {
		v := parseValue(value)
		if got := v.token + "|" + v.get("filename"); got != want {
			t.Errorf("%q reads %q, want %q", value, got, want)
		}
	}
}
