package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

//go:embed hyperscan/hyperscan.c
var hyperscanSource []byte

// build runs a compiler; its first line of complaint is the error.
func build(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if first, _, _ := strings.Cut(string(out), "\n"); err != nil && first != "" {
		return errors.New(first)
	}
	return err
}

// command is an engine that reads a file and ends. What its start costs, on a
// file with nothing in it, is taken off.
type command struct {
	name    string
	args    []string
	nothing string
	choosy  bool // see entrant
	file    files
	// verify runs it so that it tells what it found.
	verify func(c *command) (found, hits int, err error)
}

func (c *command) load(f files) error {
	c.file = f
	return nil
}

func (c *command) close() {}

func (c *command) check() (found, hits int, err error) { return c.verify(c) }

func (c *command) pass() (time.Duration, int, error) {
	idle, _, err := c.run(c.nothing)
	if err != nil {
		return 0, 0, err
	}
	spent, out, err := c.run(c.file.text)
	if err != nil {
		return 0, 0, err
	}
	hits, err := strconv.Atoi(out)
	if err != nil {
		hits = -1
	}
	return max(spent-idle, time.Microsecond), hits, nil
}

// run is the CPU time of the command on a file, and what it says. Status 1 is an
// answer of both commands, not a failure.
func (c *command) run(file string) (time.Duration, string, error) {
	command := exec.Command(c.name, append(slices.Clip(c.args), file)...)
	out, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
		return 0, "", fmt.Errorf("%s: %w", c.name, err)
	}
	state := command.ProcessState
	return state.UserTime() + state.SystemTime(), strings.TrimSpace(string(out)), nil
}

// addCommand adds a command that is installed, with its first line of version.
func (b *bench) addCommand(name string, c *command, judge func(files, int, int) string) {
	path, err := exec.LookPath(c.name)
	if err != nil {
		b.leave(name, errNotInstalled)
		return
	}
	out, err := exec.Command(path, "--version").Output()
	if err == nil {
		c.nothing = filepath.Join(b.dir, "nothing")
		err = os.WriteFile(c.nothing, []byte("\n"), 0o600)
	}
	if err != nil {
		b.leave(name, err)
		return
	}
	version, _, _ := strings.Cut(string(out), "\n")
	b.entrants = append(b.entrants, entrant{name: name, version: version, engine: c, judge: judge, choosy: c.choosy})
}

// addRipgrep adds ripgrep. It counts the same matches as regexp, which has
// shown that it finds the plants.
func (b *bench) addRipgrep() {
	c := &command{name: "rg", args: []string{"--no-config", "--text", "--threads=1", "--count-matches", "--no-filename"}}
	for _, shape := range full {
		c.args = append(c.args, "-e", "(?-u)"+shape)
	}
	c.verify = func(c *command) (int, int, error) {
		_, hits, err := c.pass()
		return -1, hits, err
	}
	b.addCommand(ripgrep, c, func(f files, _, hits int) string {
		if want, known := b.regexpHits[f.text]; known && hits != want {
			return fmt.Sprintf("counted %d matches, regexp %d", hits, want)
		}
		return ""
	})
}

// addClamav adds ClamAV's detection of structured data, which knows cards and
// Social Security numbers and stops at a count. The time is taken with a count
// out of reach, so that it reads all; the check asks for most of the cards.
func (b *bench) addClamav() {
	database := filepath.Join(b.dir, "one.hdb")
	if err := os.WriteFile(database, []byte(strings.Repeat("0", 32)+":1:Nothing\n"), 0o600); err != nil {
		b.leave(clamav, err)
		return
	}
	c := &command{name: "clamscan", choosy: true, args: []string{
		"--database=" + database, "--no-summary", "--disable-cache", "--scan-mail=no", "--scan-html=no", "--max-filesize=1000M", "--max-scansize=1000M",
		"--detect-structured=yes", "--structured-ssn-format=2", "--structured-ssn-count=100000000",
	}}
	base := c.args
	c.args = append(slices.Clip(base), "--structured-cc-count=100000000")
	c.verify = func(c *command) (int, int, error) {
		enough := c.file.planted / len(testcorpus.Core) * 9 / 10
		asked := command{name: c.name, args: append(slices.Clip(base), fmt.Sprintf("--structured-cc-count=%d", enough))}
		_, out, err := asked.run(c.file.text)
		if !strings.Contains(out, "CreditCard") {
			enough = 0
		}
		return enough, -1, err
	}
	b.addCommand(clamav, c, func(f files, found, _ int) string {
		if found == 0 {
			return "did not find nine in ten of the cards"
		}
		return ""
	})
}
