package classify

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

var benchMails = []struct {
	name  string
	bytes int
}{{"text", 4 << 10}, {"html", 64 << 10}, {"base64", 10 << 20}}

func TestPlantedValuesOfAMailAreCounted(t *testing.T) {
	s := newScanner(t)
	for _, m := range benchMails {
		mail, planted := testcorpus.Mail(m.name, min(m.bytes, 1<<20), 7)
		report, err := s.ScanMail(t.Context(), bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range testcorpus.Core {
			if got := report.Counts()[id].Total; got != planted[id] {
				t.Errorf("%s: found %d values of %s, want the %d that are planted", m.name, got, id, planted[id])
			}
		}
	}
}

// BenchmarkMail is a mail from its first byte to the report.
func BenchmarkMail(b *testing.B) {
	s := newScanner(b)
	for _, m := range benchMails {
		b.Run(m.name, func(b *testing.B) {
			mail, _ := testcorpus.Mail(m.name, m.bytes, 7)
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.ScanMail(b.Context(), bytes.NewReader(mail)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestPlantedValuesOfADocumentAreCounted(t *testing.T) {
	s := newScanner(t)
	for _, name := range testcorpus.Documents {
		mail, planted := testcorpus.DocumentMail(name, 128<<10, 7)
		report, err := s.ScanMail(t.Context(), bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range testcorpus.Core {
			if got := report.Counts()[id].Total; got != planted[id] {
				t.Errorf("%s: found %d values of %s, want the %d that are planted", name, got, id, planted[id])
			}
		}
	}
}

// BenchmarkDocument is a mail with a document, which is opened and read.
func BenchmarkDocument(b *testing.B) {
	s := newScanner(b)
	for _, name := range testcorpus.Documents {
		for _, size := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/%dMiB", name, size), func(b *testing.B) {
				mail, _ := testcorpus.DocumentMail(name, size<<20, 7)
				b.SetBytes(int64(len(mail)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.ScanMail(b.Context(), bytes.NewReader(mail)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func newScanner(t testing.TB) *Scanner {
	t.Helper()
	s, err := NewScanner(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
