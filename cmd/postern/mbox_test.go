package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMbox(t *testing.T) {
	const mark = "From a@example.org Mon Nov 23 18:00:00 2026\n"
	long := strings.Repeat("x", 200<<10) + "\n"
	for name, c := range map[string]struct {
		file  string
		mails []string
	}{
		"two mails":                          {mark + "A: 1\n\none\n\n" + mark + "A: 2\n\ntwo\n", []string{"A: 1\n\none\n\n", "A: 2\n\ntwo\n"}},
		"a sentence that begins with From":   {mark + "A: 1\n\nHello,\n\nFrom what I hear\n", []string{"A: 1\n\nHello,\n\nFrom what I hear\n"}},
		"a quoted From line loses its quote": {mark + "A: 1\n\n>From b@example.org\n", []string{"A: 1\n\nFrom b@example.org\n"}},
		"lines longer than any buffer":       {mark + "A: 1\n\n" + long + "\n" + mark + "A: 2\n\n" + long, []string{"A: 1\n\n" + long + "\n", "A: 2\n\n" + long}},
		"CRLF":                               {strings.ReplaceAll(mark+"A: 1\n\none\n\n"+mark+"A: 2\n\n", "\n", "\r\n"), []string{"A: 1\r\n\r\none\r\n\r\n", "A: 2\r\n\r\n"}},
		"no mbox but a letter":               {"From the desk of A at 10:30\n\nHello\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "box")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			var mails []string
			for in := range inputs(path, nil) {
				if in.mail {
					mails = append(mails, readInput(t, in))
				}
			}
			if !slices.Equal(mails, c.mails) {
				t.Errorf("got the mails %.300q, want %.300q", mails, c.mails)
			}
		})
	}
}

func readInput(t *testing.T, in input) string {
	t.Helper()
	r, err := in.open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(iotest.OneByteReader(r))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestInOrderYieldsResultsInTheOrderOfTheItems(t *testing.T) {
	items := func(yield func(int) bool) {
		for i := range 1000 {
			if !yield(i) {
				return
			}
		}
	}
	next := 0
	for got := range inOrder(items, 7, func(i int) int { return 2 * i }) {
		if got != 2*next {
			t.Fatalf("result %d is %d, want %d", next, got, 2*next)
		}
		if next++; next == 900 {
			break
		}
	}
	if next != 900 {
		t.Errorf("got %d results, want 900", next)
	}
}
