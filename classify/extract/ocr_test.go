package extract

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program writes a shell script that stands for tesseract.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ocr")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPicturesAreReadByOCR(t *testing.T) {
	picture, err := os.ReadFile("testdata/images/c.gif")
	if err != nil {
		t.Fatal(err)
	}
	mail := "Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(string(picture))
	for _, o := range []struct {
		name, script string
		ocr          Tesseract
		want         string
		problem      Problem
	}{
		{"its output is text", `cat >/dev/null; echo "seen 536-90-4399"`, Tesseract{}, "seen 536-90-4399", ""},
		{"it is asked for languages", `cat >/dev/null; echo "$*"`, Tesseract{Languages: "cym"}, "stdin stdout -l cym", ""},
		{"it gets the picture", `head -c 6`, Tesseract{}, "GIF89a", ""},
		{"one that fails", `echo x; exit 1`, Tesseract{}, "x", Malformed},
		{"one that takes too long", `sleep 20`, Tesseract{Time: 100 * time.Millisecond}, "", TimedOut},
		{"a picture that is too big", `cat >/dev/null`, Tesseract{Picture: 10}, "", TooBig},
		{"one that never ends its output", `yes 536-90-4399`, Tesseract{Time: 300 * time.Millisecond, Output: 5000}, "536-90-4399", TimedOut},
		{"one that takes too much memory", `ulimit -v`, Tesseract{Memory: 64 << 20}, "65536", ""},
		{"one that is not there", "", Tesseract{Program: "/nowhere/tesseract"}, "", Unsupported},
	} {
		t.Run(o.name, func(t *testing.T) {
			if o.ocr.Program == "" {
				o.ocr.Program = program(t, o.script)
			}
			ocr, err := NewTesseract(o.ocr)
			if (err != nil) != (o.problem == Unsupported) {
				t.Fatal(err)
			}
			c := newCollector(t)
			r := NewReader(t.Context(), Limits{}, c)
			r.UseOCR(ocr)
			begun := time.Now()
			if err := ReadMail(r, strings.NewReader(mail)); err != nil {
				t.Fatal(err)
			}
			c.check()
			if p := c.known["1"]; p.Problem != o.problem || p.Unscannable || !c.has(o.want) || !c.has(secret) || time.Since(begun) > 5*time.Second {
				t.Errorf("%+v after %v in\n%s", *p, time.Since(begun), c.dump(r))
			}
			for _, s := range c.texts {
				if s.text.Len() > 6000 {
					t.Errorf("a text of %d bytes", s.text.Len())
				}
			}
		})
	}
}

func TestOCREndsWithTheMail(t *testing.T) {
	ocr, err := NewTesseract(Tesseract{Program: program(t, "sleep 20")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begun := time.Now()
	var text strings.Builder
	if err := ocr.Text(ctx, strings.NewReader("x"), &text); !errors.Is(err, context.Canceled) || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %v, want a cancelled context at once", err, time.Since(begun))
	}
}
