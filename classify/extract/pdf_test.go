package extract

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readPDF(t *testing.T, name string) (*Reader, *collector) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("pdf", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(t)
	r := NewReader(context.Background(), Limits{}, c)
	if err := ReadFile(r, name, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	c.check()
	return r, c
}

func TestPDFIsAContainer(t *testing.T) {
	for _, c := range []struct{ name, tree, anomalies string }{
		{"linearized.pdf", "1!linearized.pdf application/pdf\n", ""},
		{"aes-256-open.pdf", "1!aes-256-open.pdf application/pdf\n", "empty-password"},
		{"attachment.pdf", "1!attachment.pdf!data.csv text/csv\n1!attachment.pdf application/pdf\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, got := readPDF(t, c.name)
			if got.tree() != c.tree || strings.Join(r.Anomalies(), " ") != c.anomalies {
				t.Errorf("parts\n%swant\n%sanomalies %v", got.tree(), c.tree, r.Anomalies())
			}
			if !got.has("SSN 078-05-1123\n") {
				t.Errorf("texts %s", got.bodies())
			}
		})
	}
}

func TestLockedPDFIsEncrypted(t *testing.T) {
	for _, c := range []struct {
		name, cipher string
		weak         bool
	}{
		{"rc4-40-locked.pdf", "RC4-40", true},
		{"aes-128-locked.pdf", "AES-128", false},
		{"aes-256-locked.pdf", "AES-256", false},
	} {
		_, got := readPDF(t, c.name)
		p := got.parts[len(got.parts)-1]
		if !p.Encrypted || p.Cipher != c.cipher || p.Weak != c.weak || p.Problem != Encrypted {
			t.Errorf("%s: part %+v", c.name, *p)
		}
	}
}

// A PDF may be attached to a mail under any name and type.
func TestPDFInAMailIsFoundByItsBytes(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("pdf", "testdata", "cairo.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	_, got := read(t, "Content-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"+crlfLines(lines76(b64(string(file)))), Limits{}, 1000)
	if want := "0 text/rfc822-headers\n1!x.png application/pdf\n"; got.tree() != want {
		t.Errorf("parts %s, want %s", got.tree(), want)
	}
	if !got.has("Müller 078-05-1123") {
		t.Errorf("texts %s", got.bodies())
	}
}

// Time is bounded by the reader's limits, however the document asks for more.
func TestBombInAPDFIsTooBig(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("pdf", "testdata", "bomb.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(t)
	r := NewReader(context.Background(), Limits{}, c)
	if err := ReadFile(r, "bomb.pdf", bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if p := c.parts[len(c.parts)-1]; p.Problem != TooBig {
		t.Errorf("problem %q, want %q", p.Problem, TooBig)
	}
}
