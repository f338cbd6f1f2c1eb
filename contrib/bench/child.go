package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Each engine runs in a process of its own, so that its CPU time, that of its
// garbage collector included, is the process's. It says its name and version in
// a line, then answers the lines on its standard input:
//
//	load TEXT PLANTS   reads two files              ready
//	pass N             scans the text N times       nanoseconds of CPU, hits of a pass
//	check              scans it once, with care     plants found, hits
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	version string
}

func start(path string, args ...string) (*child, error) {
	c := &child{command: exec.Command(path, args...)}
	var err error
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	said := new(strings.Builder)
	c.command.Stderr = said
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	if c.version, err = c.out.ReadString('\n'); err != nil {
		c.close()
		return nil, fmt.Errorf("%s", strings.TrimPrefix(strings.TrimSpace(said.String()), "bench: error: "))
	}
	c.version = strings.TrimSpace(c.version)
	return c, nil
}

// close ends the child, whose status says nothing that its answers did not.
func (c *child) close() {
	c.in.Close()
	_ = c.command.Wait()
}

func (c *child) ask(question string) (string, error) {
	if _, err := io.WriteString(c.in, question+"\n"); err != nil {
		return "", fmt.Errorf("%s: %w", c.version, err)
	}
	answer, err := c.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s: no answer to %q: %w", c.version, question, err)
	}
	return strings.TrimSpace(answer), nil
}

func (c *child) load(f files) error {
	_, err := c.ask("load " + f.text + " " + f.plants)
	return err
}

// pass is the CPU time of one scan, measured over as many as last a while.
func (c *child) pass() (time.Duration, int, error) {
	for n := 1; ; n *= 4 {
		answer, err := c.ask(fmt.Sprintf("pass %d", n))
		if err != nil {
			return 0, 0, err
		}
		var spent int64
		var hits int
		if _, err := fmt.Sscan(answer, &spent, &hits); err != nil {
			return 0, 0, fmt.Errorf("%s: answer %q, want two numbers", c.version, answer)
		}
		if time.Duration(spent) > leastTime || n >= 256 {
			return time.Duration(spent) / time.Duration(n), hits, nil
		}
	}
}

// leastTime is how long a measurement has to last: the clock of CPU time and the
// first touch of a cache are then small in it.
const leastTime = 20 * time.Millisecond

func (c *child) check() (found, hits int, err error) {
	answer, err := c.ask("check")
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(answer, &found, &hits); err != nil {
		return 0, 0, fmt.Errorf("%s: answer %q, want two numbers", c.version, answer)
	}
	return found, hits, nil
}

// serve is the other side: the child that runs a scan of postern or of regexp.
func serve(name string, in io.Reader, out io.Writer) error {
	run, covers, err := newScan(name)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, name)
	var text []byte
	var plants []hit
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var f files
		n := 0
		if c, _ := fmt.Sscanf(lines.Text(), "load %s %s", &f.text, &f.plants); c == 2 {
			if text, err = os.ReadFile(f.text); err == nil {
				plants, err = readPlants(f.plants)
			}
			fmt.Fprintln(out, "ready")
		} else if c, _ := fmt.Sscanf(lines.Text(), "pass %d", &n); c == 1 {
			err = repeat(out, run, text, n)
		} else {
			err = examine(out, run, text, plants, covers)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

func repeat(out io.Writer, run scan, text []byte, n int) error {
	hits := 0
	before := cpu()
	for range n {
		hits = 0
		if err := run(text, func(hit) { hits++ }); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, int64(cpu()-before), hits)
	return err
}

// examine counts the plants that are among the hits: as they are, or covered by
// one.
func examine(out io.Writer, run scan, text []byte, plants []hit, covers bool) error {
	var hits []hit
	if err := run(text, func(h hit) { hits = append(hits, h) }); err != nil {
		return err
	}
	exact := make(map[hit]bool, len(hits))
	for _, h := range hits {
		exact[h] = true
	}
	found, next := 0, 0
	for _, p := range plants {
		for covers && next < len(hits) && hits[next].end < p.end {
			next++
		}
		if exact[p] || covers && next < len(hits) && hits[next].start <= p.start {
			found++
		}
	}
	_, err := fmt.Fprintln(out, found, len(hits))
	return err
}

// cpu is the time that this process has spent, in all its threads.
func cpu() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		panic("internal error: " + err.Error())
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
