package classify

import "testing"

func TestSubjectTag(t *testing.T) {
	const yes, near, no = "yes", "near", "no"
	for _, c := range []struct{ name, tag, subject, want string }{
		{"as it is", "[encrypt]", "[encrypt] your case", yes},
		{"in any case, anywhere", "[encrypt]", "Re: your case [EnCrypt]", yes},
		{"with a soft hyphen inside", "[encrypt]", "[en\u00adcrypt] x", yes},
		{"two words", "[send secure]", "report [Send  Secure]", yes},
		{"twice bracketed", "[encrypt]", "[[encrypt]] x", yes},
		{"round brackets", "[encrypt]", "(encrypt) your case", near},
		{"braces", "[encrypt]", "{Encrypt} your case", near},
		{"full-width brackets", "[encrypt]", "［encrypt］ your case", near},
		{"a letter missing", "[encrypt]", "[encypt] your case", near},
		{"two letters swapped", "[encrypt]", "[ecnrypt] your case", near},
		{"no closing bracket", "[encrypt]", "[encrypt your case", near},
		{"no opening bracket", "[encrypt]", "encrypt] your case", near},
		{"blanks inside", "[encrypt]", "[ encrypt ] your case", near},
		{"an ending", "[encrypt]", "[encrypted] your case", near},
		{"in two pieces", "[encrypt]", "[enc rypt] your case", near},
		{"in two pieces, with a hyphen", "[encrypt]", "[en-crypt] your case", near},
		{"two words written together", "[send secure]", "[SendSecure] x", near},
		{"two words written together, one letter wrong", "[send secure]", "[SendSecre] x", near},
		{"two words the other way round", "[send secure]", "[Secure Send] x", near},
		{"a word in two pieces", "[secure email]", "[Secure E-mail] x", near},
		{"one word of two", "[send secure]", "[send] x", no},
		{"three other words", "[send secure]", "[we send the secure parts] x", no},
		{"two words, one wrong", "[send secure]", "[send secur] x", near},
		{"the bare word is ordinary speech", "[encrypt]", "how to encrypt a mail", no},
		{"brackets around another word", "[encrypt]", "(urgent) encrypt the disk", no},
		{"the opposite", "[encrypt]", "[decrypt] your case", no},
		{"longer bracketed text", "[encrypt]", "[encryption project] kick-off", no},
		{"no brackets, no tag", "[encrypt]", "your case", no},
		{"empty", "[encrypt]", "", no},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := Question{Kind: Tag, Text: c.tag}
			got := no
			switch a := q.ask("subject", c.subject); {
			case a.Yes:
				got = yes
			case a.Near:
				got = near
			}
			if got != c.want {
				t.Errorf("tag %q in %q: got %s, want %s", c.tag, c.subject, got, c.want)
			}
		})
	}
}

func TestHeaderFieldQuestion(t *testing.T) {
	q := Question{Kind: HeaderField, Field: "Importance", Text: "high"}
	if !q.ask("IMPORTANCE", " High ").Yes {
		t.Error("a field of that name and text is not found")
	}
	if q.ask("Importance", "low").Yes || q.ask("Priority", "high").Yes {
		t.Error("another text or field is found")
	}
	present := Question{Kind: HeaderField, Field: "X-Any"}
	if !present.ask("x-any", "").Yes {
		t.Error("a question without text asks whether the field is there")
	}
}
