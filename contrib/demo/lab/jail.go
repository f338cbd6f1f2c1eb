package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// stockSendmail is a root directory with Debian's Sendmail in it, which
// .ci/sendmail.sh makes.
const stockSendmail = "/var/cache/postern-tests/sendmail"

// jail is a copy of such a directory, to chroot to, with names, a resolver and a
// log of its own.
type jail struct {
	root string

	mu  sync.Mutex
	log strings.Builder
}

func (l *Lab) newJail(name, address string) (*jail, error) {
	if _, err := os.Stat(stockSendmail + "/.made-by"); err != nil {
		return nil, fmt.Errorf("the stock Sendmail is missing (run .ci/sendmail.sh as root): %w", err)
	}
	j := &jail{root: filepath.Join(l.Dir, name)}
	if err := j.clone(); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	for file, text := range map[string]string{
		"resolv.conf": "nameserver " + l.names.addr + "\noptions timeout:1\n",
		// Without a full name for its host Sendmail sleeps for a minute.
		"hosts": fmt.Sprintf("%s %s %s\n127.0.0.1 localhost\n", address, name, host),
	} {
		if err := os.WriteFile(filepath.Join(j.root, "etc", file), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return j, j.listenLog(l)
}

// clone copies what may change and links what does not.
func (j *jail) clone() error {
	if err := os.Mkdir(j.root, 0o755); err != nil {
		return err
	}
	link := exec.Command("cp", "-al", stockSendmail+"/usr", j.root)
	if link.Run() != nil { // another file system
		_ = os.RemoveAll(filepath.Join(j.root, "usr"))
		if out, err := exec.Command("cp", "-a", stockSendmail+"/usr", j.root).CombinedOutput(); err != nil {
			return fmt.Errorf("cp: %w: %s", err, out)
		}
	}
	rest, err := os.ReadDir(stockSendmail)
	if err != nil {
		return err
	}
	args := []string{"-a"}
	for _, entry := range rest {
		if entry.Name() != "usr" {
			args = append(args, filepath.Join(stockSendmail, entry.Name()))
		}
	}
	if out, err := exec.Command("cp", append(args, j.root)...).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w: %s", err, out)
	}
	return nil
}

// listenLog takes what programs in the jail say to syslog.
func (j *jail) listenLog(l *Lab) error {
	name := filepath.Join(j.root, "dev/log")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	l.onClose(conn.Close)
	go func() {
		line := make([]byte, 64<<10)
		for {
			n, err := conn.Read(line)
			if err != nil {
				return
			}
			j.mu.Lock()
			j.log.Write(append(line[:n:n], '\n'))
			j.mu.Unlock()
		}
	}()
	return os.Chmod(name, 0o666)
}

func (j *jail) logged() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.String()
}

// command is a program inside the jail.
func (j *jail) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if !filepath.IsAbs(name) {
		cmd = exec.Command("/usr/bin/"+name, args...)
		cmd.Args[0] = name
	}
	cmd.Err = nil // it is looked for outside
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin", "LC_ALL=C", "HOME=/root"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: j.root}
	return cmd
}

func (j *jail) run(input, name string, args ...string) (string, error) {
	cmd := j.command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out), err
}
