package pdf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files of testdata were made by qpdf 11, cairo 1.16 and wkhtmltopdf 0.12.
func readFile(t *testing.T, name string) (*collector, error) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return readBytes(t, file)
}

func TestFilesThatOpenWithoutAPasswordAreRead(t *testing.T) {
	for _, name := range []string{"rc4-40", "rc4-128", "rc4-128-v4", "aes-128", "aes-256-r5", "aes-256"} {
		t.Run(name, func(t *testing.T) {
			got, err := readFile(t, name+"-open.pdf")
			if err != nil {
				t.Error(err)
			}
			if want := "SSN 078-05-1123\nTitle\tSpecimen\n"; got.text.String() != want {
				t.Errorf("got %q, want %q", got.text.String(), want)
			}
			if fmt.Sprint(got.anomalies) != "[empty-password]" {
				t.Errorf("anomalies %v", got.anomalies)
			}
		})
	}
}

func TestLockedFilesTellTheirCipher(t *testing.T) {
	for _, c := range []struct {
		name, cipher string
		weak         bool
	}{
		{"rc4-40", "RC4-40", true},
		{"rc4-128", "RC4-128", true},
		{"rc4-128-v4", "RC4-128", true},
		{"aes-128", "AES-128", false},
		{"aes-256-r5", "AES-256", false},
		{"aes-256", "AES-256", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readFile(t, c.name+"-locked.pdf")
			var locked *Encrypted
			if !errors.As(err, &locked) || locked.Cipher != c.cipher || locked.Weak != c.weak {
				t.Errorf("got %v, want %s, weak %v", err, c.cipher, c.weak)
			}
			if got.text.Len() > 0 {
				t.Errorf("text %q", got.text.String())
			}
		})
	}
}

// A file for holders of certificates names its cipher in the filter for strings
// and streams, or in V and Length.
func TestFilesForCertificatesTellTheirCipher(t *testing.T) {
	for _, c := range []struct{ encrypt, want string }{
		{"/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 4/Length 128/CF<</DefaultCryptFilter<</CFM/AESV2/Recipients[(x)]>>>>/StmF/DefaultCryptFilter/StrF/DefaultCryptFilter", "AES-128"},
		{"/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 5/CF<</DefaultCryptFilter<</CFM/AESV3>>>>/StmF/DefaultCryptFilter/StrF/DefaultCryptFilter", "AES-256"},
		{"/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s4/V 2/Length 128/Recipients[(x)]", "RC4-128"},
		{"/Filter/Adobe.PubSec/V 1", "RC4-40"},
	} {
		file := strings.Replace(string(onePage("", "", "")), "/Root 1 0 R", "/Root 1 0 R/Encrypt<<"+c.encrypt+">>", 1)
		_, err := readBytes(t, []byte(file))
		var locked *Encrypted
		if !errors.As(err, &locked) || locked.Cipher != c.want {
			t.Errorf("got %v, want %s for %s", err, c.want, c.encrypt)
		}
	}
}

// Attachments alone may need a password: the rest is read.
func TestLockedAttachmentsAreTold(t *testing.T) {
	b := newBuilder()
	b.root = "/Root 1 0 R/Encrypt<</Filter/Standard/V 4/R 4/P -4/O(" + strings.Repeat("o", 32) + ")/U(" + strings.Repeat("u", 32) + ")/CF<</StdCF<</CFM/AESV2/AuthEvent/EFOpen/Length 16>>>>/EFF/StdCF>>"
	b.object(1, "<</Type/Catalog/Pages 2 0 R>>")
	b.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
	b.object(3, "<</Type/Page/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>")
	b.stream(4, "", begin+"(open) Tj ET")
	b.object(5, helvetica1)
	b.object(6, "<</UF(x.csv)/EF<</F 7 0 R>>>>")
	b.stream(7, "/Type/EmbeddedFile", strings.Repeat("x", 48))
	got, err := readBytes(t, b.finish(""))
	var locked *Encrypted
	if !errors.As(err, &locked) || locked.Cipher != "AES-128" || !strings.HasPrefix(got.text.String(), "open\n") || len(got.members) > 0 {
		t.Errorf("got %q, members %q, error %v", got.text.String(), got.members, err)
	}
}

func TestFilesOfOtherProgramsAreRead(t *testing.T) {
	for _, name := range []string{"linearized.pdf", "wkhtmltopdf.pdf", "cairo.pdf", "aes-128-metadata-open.pdf"} {
		got, err := readFile(t, name)
		if err != nil || !strings.Contains(got.text.String(), "078-05-1123\n") {
			t.Errorf("%s: got %q, error %v", name, got.text.String(), err)
		}
	}
}
