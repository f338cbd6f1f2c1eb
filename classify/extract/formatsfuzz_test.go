package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzFile holds the promises of the package for a file of any kind that is read
// without a spool: S/MIME, OpenPGP, pictures, Macintosh files, mailboxes.
func FuzzFile(f *testing.F) {
	for _, pattern := range []string{"testdata/coded/*", "testdata/images/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%d files, %v", len(files), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, uint8(7))
		}
	}
	f.Add([]byte(appleFile1("data")), uint8(1))
	f.Add([]byte(macBinary1("data")), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		limits := Limits{Depth: 4, Parts: 20, HeaderBytes: 2000, PartBytes: 50000, MailBytes: 100000}
		parse := func(n int) (string, bool) {
			c := newCollector(t)
			r := NewReader(t.Context(), limits, c)
			if err := ReadFile(r, "a.p7m", &pieces{s: string(data), n: n}); err != nil {
				t.Fatal(err)
			}
			c.check()
			for _, p := range c.parts {
				if strings.Count(p.Path, "!") > limits.Depth+2 {
					t.Fatalf("path %q is too deep", p.Path)
				}
			}
			return c.dump(r), c.cutWithin()
		}
		whole, full := parse(0)
		if got, stopped := parse(int(cut%64) + 1); got != whole && !full && !stopped {
			t.Fatalf("in pieces of %d\n%swhole\n%s", int(cut%64)+1, got, whole)
		}
	})
}
