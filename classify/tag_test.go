package classify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCutTagTakesOutWhatWasMeant(t *testing.T) {
	for _, c := range []struct {
		tag, subject, rest string
		nearly             bool
	}{
		{"[encrypt]", "[encrypt] Report", "Report", false},
		{"[encrypt]", "Report [ENCRYPT]", "Report", false},
		{"[encrypt]", "Re: [Encrypt] Report of May", "Re: Report of May", false},
		{"[encrypt]", "[encrypt] Re: [encrypt] Report", "Re: Report", false},
		{"[encrypt]", "[en\u200bcrypt] Report", "Report", false},
		{"[send secure]", "Report [Send  Secure] of May", "Report of May", false},
		{"[encrypt]", "(encrypt) Report", "(encrypt) Report", false},
		{"[encrypt]", "(encrypt) Report", "Report", true},
		{"[encrypt]", "[encypt] Report", "Report", true},
		{"[encrypt]", "[encrypt Report", "Report", true},
		{"[encrypt]", "Report encrypt]", "Report", true},
		{"[encrypt]", "\uff3bencrypt\uff3d Größe Ⅳ", "Größe Ⅳ", true},
		{"[encrypt]", "[ encrypted ] Report", "Report", true},
		{"[send secure]", "{send secure} Report", "Report", true},
		{"[encrypt]", "how to encrypt (with keys)", "how to encrypt (with keys)", true},
		{"[encrypt]", "[encrypt]", "", false},
		{"secure:", "SECURE: Report", "Report", false},
	} {
		rest, found := CutTag(c.tag, c.subject, c.nearly)
		if rest != c.rest || found != (c.rest != c.subject) {
			t.Errorf("%q out of %q: got %q, %v, wanted %q", c.tag, c.subject, rest, found, c.rest)
		}
	}
}

func FuzzCutTag(f *testing.F) {
	f.Add("[encrypt] Report")
	f.Add("\xff(encypt) \uff3bencrypt\uff3d")
	f.Add("\u0130[encrypt\u212a]")
	f.Fuzz(func(t *testing.T, subject string) {
		rest, found := CutTag("[encrypt]", subject, true)
		if len(rest) > len(subject) || found == (rest == subject) {
			t.Fatalf("%q: got %q, %v", subject, rest, found)
		}
		answer := findTag("[encrypt]", subject)
		if utf8.ValidString(subject) && answer.Yes && !found {
			t.Fatalf("%q: the tag is there and stays", subject)
		}
		if answer = findTag("[encrypt]", rest); answer.Yes && strings.Count(strings.ToLower(subject), "encrypt") < maxTags && utf8.ValidString(subject) {
			t.Fatalf("%q: the tag is still in %q", subject, rest)
		}
	})
}
