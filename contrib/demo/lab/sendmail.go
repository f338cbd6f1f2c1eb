package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// SendmailOptions say how a Sendmail of the lab differs from a stock one.
type SendmailOptions struct {
	Name   string // its host name
	Domain string // it delivers mail of this domain to Store
	Store  *Hop
	Recipe SendmailRecipe
	// MC is appended to sendmail.mc, Access to access, before the recipe: what the
	// admin had set.
	MC, Access string
}

// Sendmail is a running private instance: Debian's packages, unpacked into a root
// directory of their own.
type Sendmail struct {
	Name    string
	Address string // ports 25 and 587
	Root    string // its root directory

	lab    *Lab
	jail   *jail
	daemon *exec.Cmd
	done   chan struct{}
}

// StartSendmail makes a stock Sendmail, appends the recipe as it ships, and
// starts the daemon.
func (l *Lab) StartSendmail(opt SendmailOptions) (*Sendmail, error) {
	address, err := l.nextAddress()
	if err != nil {
		return nil, err
	}
	l.host(opt.Name, address)
	j, err := l.newJail(opt.Name, address)
	if err != nil {
		return nil, err
	}
	s := &Sendmail{Name: opt.Name, Address: address, Root: j.root, lab: l, jail: j}
	if err := s.configure(opt); err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	l.onClose(s.Stop)
	return s, nil
}

func (s *Sendmail) configure(opt SendmailOptions) error {
	// Debian's own listen on 127.0.0.1.
	for _, name := range []string{"sendmail.mc", "submit.mc"} {
		if err := s.rewrite("etc/mail/"+name, strings.NewReplacer("127.0.0.1", s.Address)); err != nil {
			return err
		}
	}
	before := "define(`confCACERT', `/etc/mail/tls/ca.pem')dnl\ndefine(`confCACERT_PATH', `/etc/mail/tls')dnl\n" + opt.MC + "MAILER_DEFINITIONS\n"
	if err := s.rewrite("etc/mail/sendmail.mc", strings.NewReplacer("MAILER_DEFINITIONS\n", before)); err != nil {
		return err
	}
	if err := copyFile(s.lab.caFile(), s.path("etc/mail/tls/ca.pem")); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"etc/mail/access":        opt.Access,
		"etc/mail/relay-domains": opt.Domain + "\n",
		"etc/mail/mailertable":   fmt.Sprintf("%s\tesmtp:[%s]\n", opt.Domain, opt.Store.Name),
	} {
		if err := appendFile(s.path(name), text); err != nil {
			return err
		}
	}
	if err := opt.Recipe.install(s.path("etc/mail")); err != nil {
		return err
	}
	return s.Make()
}

// Make makes Sendmail's configuration and tables of their sources, as Debian has
// it.
func (s *Sendmail) Make() error {
	// The first time a table is named it writes the rule that makes it.
	for range 2 {
		out, err := s.Run("make", "-C", "/etc/mail")
		if err == nil && strings.Contains(out, "*** ERROR") {
			err = errors.New(out)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Start starts the daemon again after Stop.
func (s *Sendmail) Start() error {
	daemon := s.jail.command("/usr/sbin/sendmail", "-bD")
	if err := daemon.Start(); err != nil {
		return err
	}
	s.lab.guard.watch(daemon.Process.Pid)
	s.daemon, s.done = daemon, make(chan struct{})
	go func(done chan struct{}) {
		_ = daemon.Wait()
		close(done)
	}(s.done)
	for range 400 {
		select {
		case <-s.done:
			return fmt.Errorf("sendmail has ended:\n%s", s.Log())
		default:
		}
		if up(s.Address+":25") && up(s.Address+":587") {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("sendmail does not listen:\n%s", s.Log())
}

// Stop ends the daemon. A child that is at work on a mail ends by itself.
func (s *Sendmail) Stop() error {
	select {
	case <-s.done:
		return nil
	default:
	}
	_ = s.daemon.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		return nil
	case <-time.After(10 * time.Second):
		_ = s.daemon.Process.Kill()
		return errors.New("the daemon of Sendmail had to be killed")
	}
}

// Run runs a program inside the root directory, as root, and returns what it
// printed.
func (s *Sendmail) Run(name string, args ...string) (string, error) {
	return s.jail.run("", name, args...)
}

// Submit submits text as a local program does, by sendmail(1).
func (s *Sendmail) Submit(text string, args ...string) error {
	_, err := s.jail.run(text, "/usr/sbin/sendmail", args...)
	return err
}

// Relay sends one mail as a host inside does.
func (s *Sendmail) Relay(from string, to []string, text string) (Reply, error) {
	c, err := Dial(s.Address + ":25")
	if err != nil {
		return Reply{}, err
	}
	defer c.Close()
	if r, err := c.Hello(); err != nil || r.Code >= 400 {
		return r, err
	}
	return c.Send(from, to, text)
}

// Flush tries every mail in the queue now.
func (s *Sendmail) Flush() error {
	_, err := s.Run("/usr/sbin/sendmail", "-Am", "-q")
	return err
}

// Log is what the instance has logged so far.
func (s *Sendmail) Log() string { return s.jail.logged() }

// Queue returns the names of the queue's files that begin with prefix: "qf" is a
// mail that waits, "hf" one that is held, "df" the text of either.
func (s *Sendmail) Queue(prefix string) []string {
	all, _ := filepath.Glob(s.path("var/spool/mqueue/" + prefix + "*"))
	for i, name := range all {
		all[i] = filepath.Base(name)
	}
	return all
}

// QueueFile returns the text of a file of the queue.
func (s *Sendmail) QueueFile(name string) string {
	text, _ := os.ReadFile(s.path("var/spool/mqueue/" + name))
	return string(text)
}

func (s *Sendmail) path(name string) string { return filepath.Join(s.Root, name) }

func (s *Sendmail) rewrite(name string, r *strings.Replacer) error {
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		return err
	}
	return os.WriteFile(s.path(name), []byte(r.Replace(string(text))), 0o644)
}
