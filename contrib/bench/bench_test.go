package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// The children of a benchmark are this program; in a test it is the test's.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "-serve" {
		if err := serve(os.Args[2], os.Stdin, os.Stdout); err != nil {
			os.Stderr.WriteString("bench: error: " + err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAllThatIsInstalledFindsThePlantedValues(t *testing.T) {
	b := open(t.TempDir())
	defer b.close()
	for _, kind := range testcorpus.Kinds {
		f, err := putText(b.dir, testcorpus.Build(kind, 256<<10, 9))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.prepare(f); err != nil {
			t.Error(err)
		}
	}
	taken, err := b.race(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{core, portable, everything, goRegexp} {
		if s := taken[name]; len(s) != 2 || s.best() <= 0 {
			t.Errorf("%s took %v, want two times", name, s)
		}
	}
	for _, who := range b.leftOut {
		t.Log("left out:", who)
	}
}

func TestAnEngineThatMissesAValueIsCaught(t *testing.T) {
	b := open(t.TempDir())
	defer b.close()
	text := testcorpus.Build("prose", 64<<10, 9)
	text.Plants = append(text.Plants, testcorpus.Plant{Detector: "us-ssn", Start: 3, End: 14})
	f, err := putText(b.dir, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range b.entrants {
		if e.choosy || e.name == ripgrep {
			continue
		}
		if err := e.engine.load(f); err != nil {
			t.Fatal(err)
		}
		found, hits, err := e.engine.check()
		if err != nil {
			t.Fatal(err)
		}
		if e.judge(f, found, hits) == "" {
			t.Errorf("%s finds a value that is not there: %d of %d", e.name, found, f.planted)
		}
	}
}

func TestAllChaptersArePrinted(t *testing.T) {
	b := open(t.TempDir())
	defer b.close()
	for name, c := range map[string]struct {
		chapter func(*bench, plan, io.Writer) error
		want    []string
	}{
		"growth": {growth, []string{"first 1 ", "0 terms", "prose", "base64"}},
		"mails":  {wholeMails, []string{"4 KiB of text", "64 KiB of HTML", "10 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := c.chapter(b, plan{mib: 1, rounds: 1, seed: 3}, &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("nothing of %q in:\n%s", want, out.String())
				}
			}
		})
	}
}

func TestThePageExplainsWhoRuns(t *testing.T) {
	page, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{core, portable, everything, goRegexp, ripgrep, hsFull, hsTwo, hsSix, hsTerms, clamav} {
		if !strings.Contains(string(page), "| "+name+" |") {
			t.Errorf("docs/benchmarks.md does not say what %q does", name)
		}
	}
	for _, kind := range testcorpus.Kinds {
		if !strings.Contains(string(page), "| "+kind+" |") {
			t.Errorf("docs/benchmarks.md does not say what the text %q is", kind)
		}
	}
}

func TestRatiosAreThoseOfTheMiddleRound(t *testing.T) {
	ms := func(n ...time.Duration) samples {
		for i := range n {
			n[i] *= time.Millisecond
		}
		return n
	}
	for name, c := range map[string]struct {
		they, we samples
		want     float64
	}{
		"of one":   {ms(30), ms(10), 3},
		"of two":   {ms(30, 50), ms(10, 10), 4},
		"of three": {ms(30, 90, 500), ms(10, 10, 100), 5},
	} {
		if got := ratio(c.they, c.we); got != c.want {
			t.Errorf("%s: ratio %v, want %v", name, got, c.want)
		}
	}
	if got := ms(30, 10, 20).median(); got != 20*time.Millisecond {
		t.Errorf("median %v, want 20ms", got)
	}
}
