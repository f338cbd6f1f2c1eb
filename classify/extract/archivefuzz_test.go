package extract

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// limitsOfFuzz are small, so that passing them is part of the game.
var limitsOfFuzz = Limits{Depth: 4, Parts: 100, Members: 50, PartBytes: 1 << 20, MailBytes: 4 << 20, MailMemory: 32 << 20, PartTime: 5 * time.Second}

// checkContainer reads a file and holds what is true of every one.
func checkContainer(t *testing.T, content string) {
	t.Helper()
	c := newCollector(t)
	r := NewReader(t.Context(), limitsOfFuzz, c)
	if err := ReadFile(r, "x", strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if c.open != 0 || r.held != 0 || len(r.leaves) != 0 {
		t.Errorf("%d texts, %d bytes, %d leaves are left", c.open, r.held, len(r.leaves))
	}
	if len(c.parts) > limitsOfFuzz.Parts+2*limitsOfFuzz.Depth || r.expanded > limitsOfFuzz.MailBytes+maxBlock {
		t.Errorf("%d parts, %d bytes expanded", len(c.parts), r.expanded)
	}
	for _, s := range c.texts {
		if !c.told[s.part] {
			t.Errorf("a text belongs to part %q, which was never told", s.part.Path)
		}
	}
}

func FuzzArchive(f *testing.F) {
	files, err := filepath.Glob("testdata/archives/*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	m := stored("x.txt", secret)
	m.flags, m.descriptor = zipUnsized, true
	f.Add([]byte(rawZipOf("MZ", m, stored("y", "z"))))
	f.Add([]byte(rar5Of("x", secret)))
	f.Add([]byte(rar4Of("x", secret, 0)))
	f.Fuzz(func(t *testing.T, content []byte) { checkContainer(t, string(content)) })
}

// Every file, cut off at many lengths and with many bytes changed, ends in bounds.
func TestDamagedArchivesEndInBounds(t *testing.T) {
	files, err := filepath.Glob("testdata/archives/*")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		step := max(len(content)/40, 1)
		for at := 0; at < len(content); at += step {
			checkContainer(t, string(content[:at]))
			damaged := bytes.Clone(content)
			damaged[at] ^= byte(1 << (at % 8))
			damaged[(at*7+13)%len(damaged)] = 0xff
			checkContainer(t, string(damaged))
		}
	}
}

// What Deflate packs reads the same by Deflate64, but for its longest match.
func FuzzInflate64(f *testing.F) {
	f.Add([]byte(strings.Repeat("some text, and again some text ", 20)))
	f.Add([]byte("\x00\x01\x02"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if _, err := io.Copy(io.Discard, io.LimitReader(newInflate64(bufio.NewReader(bytes.NewReader(content))), 1<<20)); err != nil && !errors.Is(err, errMalformed) {
			t.Errorf("reading anything at all: %v", err)
		}
		if bytes.Contains(content, bytes.Repeat(content[:min(len(content), 1)], 200)) {
			return // a match of 258 has another code
		}
		for _, level := range []int{0, 1, 9, flate.HuffmanOnly} {
			deflated := packed(t, string(content), func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
			got, err := io.ReadAll(newInflate64(bufio.NewReader(strings.NewReader(deflated))))
			if err == nil && !bytes.Equal(got, content) && len(content) < 258 {
				t.Errorf("level %d: %d bytes became %d", level, len(content), len(got))
			}
		}
	})
}
