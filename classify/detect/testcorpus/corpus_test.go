package testcorpus

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"unicode/utf8"
)

func TestTheSameSeedMakesTheSameBytesEverywhere(t *testing.T) {
	for kind, want := range map[string]string{
		"prose":   "73a5bf01d99c9813",
		"numbers": "672cac8bf8474627",
		"html":    "01bc5b8b222238a0",
		"base64":  "bf5d0c2bccb8cfd6",
	} {
		text := Build(kind, 64<<10, 1)
		sum := sha256.Sum256(fmt.Appendf(text.Bytes, "%v", text.Plants))
		if got := fmt.Sprintf("%x", sum[:8]); got != want {
			t.Errorf("%s: digest %s, want %s", kind, got, want)
		}
		if bytes.Equal(text.Bytes, Build(kind, 64<<10, 2).Bytes) {
			t.Errorf("%s: another seed makes the same text", kind)
		}
	}
}

func TestPlantsAreAsManyAsPromised(t *testing.T) {
	for _, kind := range Kinds {
		for _, size := range []int{16 << 10, 100_000, 1 << 20} {
			text := Build(kind, size, 3)
			if got := len(text.Bytes); got > size || got < size-2000 || text.Bytes[got-1] != '\n' {
				t.Errorf("%s: %d bytes, want whole lines of %d bytes", kind, got, size)
			}
			if got, want := len(text.Plants), size/PlantEvery; got > want || got < want-1 {
				t.Errorf("%s: %d plants in %d bytes, want %d or one less", kind, got, size, want)
			}
			count := make(map[string]int)
			for i, p := range text.Plants {
				count[p.Detector]++
				if i > 0 && p.Start < text.Plants[i-1].End+quietBytes || p.End > len(text.Bytes) {
					t.Errorf("%s: plant %d at [%d,%d) stands too near to another or to the end", kind, i, p.Start, p.End)
				}
			}
			for _, id := range Core {
				if got, most := count[id], (len(text.Plants)+len(Core)-1)/len(Core); got < most-1 || got > most {
					t.Errorf("%s: %d plants of %s, want %d or one less", kind, got, id, most)
				}
			}
			if !utf8.Valid(text.Bytes) {
				t.Errorf("%s is no UTF-8", kind)
			}
		}
	}
}

func TestEachFormOfAValueIsPlanted(t *testing.T) {
	text := Build("prose", 1<<20, 5)
	for detector, list := range forms {
		for _, form := range list {
			planted := slices.ContainsFunc(text.Plants, func(p Plant) bool {
				return p.Detector == detector && bytes.HasSuffix(text.Bytes[:p.Start], []byte(form.before)) && bytes.HasPrefix(text.Bytes[p.End:], []byte(form.behind))
			})
			if !planted {
				t.Errorf("no %s behind %q", detector, form.before)
			}
		}
	}
}

func TestHostileTextsAreOfTheSizeAsked(t *testing.T) {
	for _, name := range HostileNames() {
		if got := len(Hostile(name, 10_001)); got != 10_001 {
			t.Errorf("%s: %d bytes, want 10001", name, got)
		}
	}
}

func TestMailsHoldWhatIsPlanted(t *testing.T) {
	for _, name := range Mails {
		mail, planted := Mail(name, 64<<10, 1)
		if len(mail) < 60<<10 || len(mail) > 68<<10 {
			t.Errorf("%s: %d bytes, want about 64 KiB", name, len(mail))
		}
		for _, id := range Core {
			if planted[id] < 2 {
				t.Errorf("%s: %d values of %s, want two or more", name, planted[id], id)
			}
		}
	}
}

func TestTermsAreDifferentAndFewerAreTheFirstOfMore(t *testing.T) {
	terms := Terms(5000)
	if got := len(slices.Compact(slices.Sorted(slices.Values(terms)))); got != 5000 {
		t.Errorf("%d different terms, want 5000", got)
	}
	if !slices.Equal(terms[:128], Terms(128)) {
		t.Error("fewer terms are not the first of more")
	}
}
