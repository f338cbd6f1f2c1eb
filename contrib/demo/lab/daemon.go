package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Daemon is a running postern.
type Daemon struct {
	Milter string // host:port or path that it listens on
	HTTP   string // host:port of its metrics
	Audit  string // its audit file

	opt   DaemonOptions
	dir   string
	guard *guard
	cmd   *exec.Cmd
	done  chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

// DaemonOptions say how postern is started.
type DaemonOptions struct {
	Binary string
	// Config is its TOML. It may say @LISTEN@ for a free port on loopback, which
	// stays the same after a restart, @AUDIT@ and @POLICY@ for files of the lab.
	Config string
	Policy string // the text of the policy file
	// Env is added to its environment.
	Env []string
	// Sockets are passed as systemd passes them, under the name "milter".
	Sockets []*os.File
}

// StartDaemon starts "postern serve" and waits until it listens.
func (l *Lab) StartDaemon(opt DaemonOptions) (*Daemon, error) {
	dir, err := os.MkdirTemp(l.Dir, "postern-")
	if err != nil {
		return nil, err
	}
	d := &Daemon{Audit: filepath.Join(dir, "audit.jsonl"), opt: opt, dir: dir, guard: l.guard}
	if err := os.WriteFile(filepath.Join(dir, "policy.toml"), []byte(opt.Policy), 0o600); err != nil {
		return nil, err
	}
	if err := d.Start(); err != nil {
		return nil, err
	}
	l.onClose(d.Stop)
	return d, nil
}

// Start starts the daemon again, where it listened before.
func (d *Daemon) Start() error {
	listen := "127.0.0.1:0"
	if d.Milter != "" {
		listen = d.Milter
	}
	fill := strings.NewReplacer("@LISTEN@", "inet:"+listen, "@AUDIT@", d.Audit, "@POLICY@", filepath.Join(d.dir, "policy.toml"))
	config := d.ConfigFile()
	if err := os.WriteFile(config, []byte(fill.Replace(d.opt.Config)), 0o600); err != nil {
		return err
	}
	d.cmd = d.command(config)
	d.cmd.Dir = d.dir
	d.cmd.Env = append(os.Environ(), d.opt.Env...)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.guard.watch(d.cmd.Process.Pid)
	d.done = make(chan struct{})
	ready := make(chan struct{})
	go d.follow(stderr, ready, d.done)
	select {
	case <-ready:
		return nil
	case <-d.done:
		return fmt.Errorf("postern has ended:\n%s", d.Log())
	case <-time.After(20 * time.Second):
		return fmt.Errorf("postern does not say that it listens:\n%s", d.Log())
	}
}

func (d *Daemon) command(config string) *exec.Cmd {
	if len(d.opt.Sockets) == 0 {
		return exec.Command(d.opt.Binary, "serve", "--config", config)
	}
	// The process must know its own id (sd_listen_fds(3)).
	names := strings.TrimPrefix(strings.Repeat(":milter", len(d.opt.Sockets)), ":")
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=$2 LISTEN_FDNAMES=$3 exec "$0" serve --config "$1"`,
		d.opt.Binary, config, strconv.Itoa(len(d.opt.Sockets)), names)
	cmd.ExtraFiles = d.opt.Sockets
	return cmd
}

// SetPolicy writes another policy file; Hangup has the daemon read it.
func (d *Daemon) SetPolicy(text string) error {
	return os.WriteFile(filepath.Join(d.dir, "policy.toml"), []byte(text), 0o600)
}

// Hangup has the daemon read its policy again.
func (d *Daemon) Hangup() error { return d.cmd.Process.Signal(syscall.SIGHUP) }

// follow keeps the log and finds the line that tells the addresses.
func (d *Daemon) follow(stderr io.Reader, ready, done chan<- struct{}) {
	defer close(done)
	lines := bufio.NewReader(stderr)
	for listens := false; ; {
		line, err := lines.ReadString('\n')
		d.mu.Lock()
		d.log.WriteString(line)
		if address := field(line, "milter"); !listens && address != "" && strings.Contains(line, "listening") {
			listens = true
			d.Milter, d.HTTP = address, field(line, "http")
			close(ready)
		}
		d.mu.Unlock()
		if err != nil {
			break
		}
	}
	_ = d.cmd.Wait()
}

// field is the value of key in a line of the log, be it text or JSON.
func field(line, key string) string {
	found := regexp.MustCompile(`(?:\b` + key + `=|"` + key + `":)"?([^\s",]+)`).FindStringSubmatch(line)
	if found == nil {
		return ""
	}
	return found[1]
}

// Run runs another verb of postern under the daemon's configuration and returns what
// it prints.
func (d *Daemon) Run(args ...string) (string, error) {
	out, err := exec.Command(d.opt.Binary, append(args, "--config", filepath.Join(d.dir, "postern.toml"))...).Output()
	return string(out), err
}

// Log is what the daemon has logged so far.
func (d *Daemon) Log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// ConfigFile is the configuration that it was started with.
func (d *Daemon) ConfigFile() string { return filepath.Join(d.dir, "postern.toml") }

// PID is the daemon's process id.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Stop lets the daemon finish the mails in flight and end.
func (d *Daemon) Stop() error { return d.end(syscall.SIGTERM) }

// Kill ends the daemon at once.
func (d *Daemon) Kill() error { return d.end(syscall.SIGKILL) }

func (d *Daemon) end(with syscall.Signal) error {
	select {
	case <-d.done:
		return nil
	default:
	}
	_ = d.cmd.Process.Signal(with)
	select {
	case <-d.done:
		return nil
	case <-time.After(20 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.done
		return errors.New("postern did not end by itself and was killed")
	}
}

// Metrics returns what /metrics answers.
func (d *Daemon) Metrics() (string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get("http://" + d.HTTP + "/metrics")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
