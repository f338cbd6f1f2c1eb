package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// engine is one that scans: a child, or a command that is run anew each time.
type engine interface {
	load(f files) error
	// pass is the CPU time of one scan of what is loaded, and its hits.
	pass() (spent time.Duration, hits int, err error)
	// check is how many of the plants it finds, and all its hits.
	check() (found, hits int, err error)
	close()
}

// entrant is an engine in the comparison.
type entrant struct {
	name    string // as the table shows it
	version string
	engine  engine
	// judge says what is wrong with the hits of an entrant, "" if nothing is.
	judge func(f files, found, hits int) string
	// choosy is one that does not look into all kinds of text; idle, that the
	// loaded text is of another kind.
	choosy, idle bool
}

// The names of entrants that ratios speak of.
const (
	core       = "postern, 4 detectors"
	portable   = "postern, 4, portable"
	everything = "postern, everything"
	goRegexp   = "Go regexp, 4 shapes"
	ripgrep    = "ripgrep, 4 shapes"
	hsFull     = "Hyperscan, 4 shapes"
	hsTwo      = "Hyperscan, two digits"
	hsSix      = "Hyperscan, six digits"
	hsTerms    = "Hyperscan, 4 + 128 terms"
	clamav     = "clamscan, cards and SSN"
)

// most is how many terms are everything.
const most = 5000

// bench is one run of the benchmark.
type bench struct {
	dir      string
	entrants []entrant
	leftOut  []string // who is, and why
	// regexpHits is what regexp found in a text, for who cannot tell places.
	regexpHits map[string]int
}

// open starts all that can be started; who cannot is left out by name.
func open(dir string) *bench {
	b := &bench{dir: dir, regexpHits: make(map[string]int)}
	self, err := os.Executable()
	if err != nil {
		b.leave(core, err)
		return b
	}
	b.add(core, exact)(start(self, "-serve", "core"))
	b.add(portable, exact)(b.startPortable())
	b.addEverything()
	b.add(goRegexp, whole)(start(self, "-serve", "regexp"))
	b.addRipgrep()
	b.addHyperscan()
	b.addClamav()
	return b
}

func (b *bench) close() {
	for _, e := range b.entrants {
		e.engine.close()
	}
}

func (b *bench) leave(name string, err error) {
	b.leftOut = append(b.leftOut, fmt.Sprintf("%s: %s", name, strings.TrimSpace(err.Error())))
}

func (b *bench) add(name string, judge func(files, int, int) string) func(*child, error) {
	return func(c *child, err error) {
		if err != nil {
			b.leave(name, err)
			return
		}
		b.entrants = append(b.entrants, entrant{name: name, version: c.version, engine: c, judge: judge})
	}
}

// exact is the judge of who must find the plants and nothing else.
func exact(f files, found, hits int) string {
	if found != f.planted || hits != f.planted {
		return fmt.Sprintf("found %d of %d planted values, and reported %d", found, f.planted, hits)
	}
	return ""
}

// whole is the judge of who may report more.
func whole(f files, found, hits int) string {
	if found != f.planted {
		return fmt.Sprintf("found %d of %d planted values", found, f.planted)
	}
	return ""
}

// anything is the judge of who is measured, not compared.
func anything(files, int, int) string { return "" }

// addEverything adds postern with all that it has.
func (b *bench) addEverything() {
	c, without, err := startEverything()
	if without != nil {
		b.leave(fmt.Sprintf("%d terms, in %q", most, everything), without)
	}
	b.add(everything, whole)(c, err)
}

// startEverything starts postern with terms, or without where it takes none:
// then it says why.
func startEverything() (c *child, without, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	if c, without = start(self, "-serve", fmt.Sprintf("all:%d", most)); without == nil {
		return c, nil, nil
	}
	c, err = start(self, "-serve", "all")
	return c, without, err
}

// startPortable builds this program without assembly.
func (b *bench) startPortable() (*child, error) {
	program := filepath.Join(b.dir, "portable")
	if err := build("go", "build", "-tags", "purego", "-o", program, "github.com/postern-mail/postern/contrib/bench"); err != nil {
		return nil, err
	}
	return start(program, "-serve", "core")
}

// addHyperscan compiles a program for Hyperscan and starts it for each task.
func (b *bench) addHyperscan() {
	program, source := filepath.Join(b.dir, "hyperscan"), filepath.Join(b.dir, "hyperscan.c")
	err := os.WriteFile(source, hyperscanSource, 0o600)
	if err == nil {
		err = build("gcc", "-O2", "-o", program, source, "-lhs")
	}
	if err != nil {
		b.leave("Hyperscan", fmt.Errorf("not compiled with gcc and libhyperscan-dev: %w", err))
		return
	}
	for i, task := range []struct {
		name     string
		patterns []string
		more     []string
	}{
		{hsFull, full, nil},
		{hsTwo, []string{twoDigits}, []string{"finder"}},
		{hsSix, []string{sixDigits}, []string{"finder"}},
		{hsTerms, slices.Concat(full, words(testcorpus.Terms(128))), nil},
	} {
		var list strings.Builder
		for id, pattern := range task.patterns {
			fmt.Fprintln(&list, id, pattern)
		}
		file := filepath.Join(b.dir, fmt.Sprintf("patterns-%d", i))
		if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
			b.leave(task.name, err)
			continue
		}
		b.add(task.name, whole)(start(program, append([]string{file}, task.more...)...))
	}
}

// machine says in general words what the figures were measured on.
func machine() string {
	model := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d CPUs, %s/%s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

var errNotInstalled = errors.New("not installed")
