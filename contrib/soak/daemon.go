package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/milter/load"
)

// daemon is the postern that is watched.
type daemon struct {
	cmd          *exec.Cmd
	dir          string
	milter, http string
	done         chan error
}

const daemonConfig = `
mode = "enforce"
[milter]
listen = "inet:127.0.0.1:0"
[http]
listen = "127.0.0.1:0"
[policy]
file = "DIR/policy.toml"
[audit]
file = "DIR/audit.jsonl"
[log]
level = "info"
`

const policy = `
[policy]
id = "soak"
[inside]
domains = ["agency.example"]
[rules.numbers]
when   = { found = "us-ssn" }
reject = "5.7.1 A Social Security number may not leave."
`

// broken is what an editor has written by half.
const broken = policy + "\n[rules.half\nwhen"

func start(binary string) (*daemon, error) {
	dir, err := os.MkdirTemp("", "postern-soak-")
	if err != nil {
		return nil, err
	}
	d := &daemon{dir: dir, done: make(chan error, 1)}
	if err := d.begin(binary); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return d, nil
}

func (d *daemon) begin(binary string) error {
	if err := os.Mkdir(d.spool(), 0o700); err != nil {
		return err
	}
	config := filepath.Join(d.dir, "postern.toml")
	err := errors.Join(
		os.WriteFile(filepath.Join(d.dir, "policy.toml"), []byte(policy), 0o600),
		os.WriteFile(config, []byte(strings.ReplaceAll(daemonConfig, "DIR", d.dir)), 0o600))
	if err != nil {
		return err
	}
	d.cmd = exec.Command(binary, "serve", "--config", config)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.spool())
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		return err
	}
	listening := make(chan []string, 1)
	go func() {
		d.follow(stderr, listening)
		d.done <- d.cmd.Wait()
	}()
	select {
	case found := <-listening:
		d.milter, d.http = found[1], found[2]
		return nil
	case err := <-d.done:
		return fmt.Errorf("postern has ended at once: %w", err)
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("postern does not say that it listens"), d.cmd.Process.Kill())
	}
}

// follow reads the log, finds the addresses in it and drops the rest.
func (d *daemon) follow(log io.Reader, listening chan<- []string) {
	address := regexp.MustCompile(`listening milter=(\S+) http=(\S+)`)
	lines := bufio.NewReaderSize(log, 1<<20)
	for told := false; ; {
		line, err := lines.ReadString('\n')
		if found := address.FindStringSubmatch(line); found != nil && !told {
			told = true
			listening <- found
		}
		if err != nil {
			return
		}
	}
}

func (d *daemon) spool() string { return filepath.Join(d.dir, "spool") }

// stop lets the daemon end by itself.
func (d *daemon) stop() error {
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case err := <-d.done:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("postern does not end")
	}
}

// end makes sure that nothing is left.
func (d *daemon) end() {
	_ = d.cmd.Process.Kill()
	_ = os.RemoveAll(d.dir)
}

// reload changes the policy again and again, now and then to a broken one, and
// rotates the audit file away.
func (d *daemon) reload(ctx context.Context, every time.Duration) (reloads int) {
	for wait(ctx, every) {
		text := fmt.Sprintf("%s\n[lists.l%d]\nentries = [%q]\n", policy, reloads, "a.example")
		if reloads%5 == 4 {
			text = broken
		}
		_ = os.WriteFile(filepath.Join(d.dir, "policy.toml"), []byte(text), 0o600)
		_ = os.Remove(filepath.Join(d.dir, "audit.jsonl"))
		_ = d.cmd.Process.Signal(syscall.SIGHUP)
		reloads++
	}
	return reloads
}

// cutOff begins mails and ends their connections anywhere.
func (d *daemon) cutOff(ctx context.Context, mails []load.Mail) (cuts int) {
	client := milter.NewClientWithOptions("tcp", d.milter, milter.ClientOptions{ActionMask: 0x3f, ReadTimeout: 20 * time.Second})
	for wait(ctx, time.Duration(rand.IntN(40))*time.Millisecond) {
		if err := begin(client, &mails[rand.IntN(len(mails))]); err == nil {
			cuts++
		}
	}
	return cuts
}

// begin sends a part of a mail and is gone.
func begin(client *milter.Client, m *load.Mail) error {
	session, err := client.Session()
	if err != nil {
		return err
	}
	defer session.Close()
	step := func(_ *milter.Action, err error) error { return err }
	err = errors.Join(
		step(session.Conn("client.example", milter.FamilyInet, 4711, "192.0.2.7")), step(session.Helo("client.example")),
		step(session.Mail("ann@agency.example", nil)), step(session.Rcpt("bob@partner.example", nil)))
	for _, f := range m.Fields {
		if err != nil || rand.IntN(40) == 0 {
			return err
		}
		err = step(session.HeaderField(f.Name, f.Value))
	}
	if err = errors.Join(err, step(session.HeaderEnd())); err != nil {
		return err
	}
	part := m.Body[:rand.IntN(len(m.Body)+1)]
	for len(part) > 0 && err == nil {
		n := min(len(part), milter.MaxBodyChunk)
		err = step(session.BodyChunk(part[:n]))
		part = part[n:]
	}
	return err
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// metrics asks the daemon for its numbers.
func (d *daemon) metrics() (map[string]float64, error) {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get("http://" + d.http + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				values[name] = v
			}
		}
	}
	return values, nil
}
