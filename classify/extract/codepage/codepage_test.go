package codepage

import "testing"

func TestTextIsDecodedByTheNumberOfItsPage(t *testing.T) {
	for _, c := range []struct {
		page int
		text string
		want string
	}{
		{1252, "caf\xe9 \x93x\x94", "café “x”"},
		{1251, "\xcf\xf0\xe8", "При"},
		{932, "\x93\xfa\x96\x7b", "日本"},
		{10000, "\x8e", "é"},
		{1200, "0\x007\x00\xac\x20", "07€"},
		{1201, "\x000\x007", "07"},
		{65001, "é", "é"},
		{54936, "\xc4\xe3", "你"},
		{99999, "\xe9", "é"},
		{0, "plain", "plain"},
		{52936, "~{Dc~}", "你"},
	} {
		if got := string(Decode(c.page, []byte(c.text))); got != c.want {
			t.Errorf("%q of page %d is %q, want %q", c.text, c.page, got, c.want)
		}
	}
}
