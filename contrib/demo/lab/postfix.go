package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stockMaster is the master.cf that Debian's package ships.
const stockMaster = "/usr/share/postfix/master.cf.dist"

// PostfixOptions say how a Postfix of the lab differs from a stock one.
type PostfixOptions struct {
	Name   string // its host name
	Domain string // it delivers mail of this domain to Store
	Store  *Hop
	Recipe Recipe
	// Main is appended to main.cf before the recipe: what the admin had set.
	Main string
}

// Postfix is a running private instance.
type Postfix struct {
	Name    string
	Address string // ports 25, 587 (submission), 465 (submissions), 2525 (relay)
	Config  string // its configuration directory
	Queue   string // its queue directory

	lab    *Lab
	master *exec.Cmd
	done   chan struct{}
	log    string
	stock  bool // it has port 25 alone
}

func havePostfix() error {
	for _, name := range []string{"postfix", "postconf", "postqueue", "postsuper", "sendmail"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("postfix is missing (apt-get install postfix): %w", err)
		}
	}
	if _, err := os.Stat(stockMaster); err != nil {
		return fmt.Errorf("this is not Debian's Postfix: %w", err)
	}
	return nil
}

// StartPostfix writes a stock configuration, appends the recipe as it ships, and
// starts the instance.
func (l *Lab) StartPostfix(opt PostfixOptions) (*Postfix, error) {
	p, err := l.ConfigurePostfix(opt)
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	l.onClose(p.Stop)
	return p, nil
}

// ConfigurePostfix writes what StartPostfix starts.
func (l *Lab) ConfigurePostfix(opt PostfixOptions) (*Postfix, error) {
	address, err := l.nextAddress()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(l.Dir, opt.Name)
	p := &Postfix{
		Name: opt.Name, Address: address, lab: l,
		Config: filepath.Join(dir, "etc"), Queue: filepath.Join(dir, "queue"), log: filepath.Join(dir, "maillog"),
	}
	p.stock = opt.Recipe.Stock
	l.host(opt.Name, address)
	return p, p.configure(opt)
}

func (p *Postfix) configure(opt PostfixOptions) error {
	data := filepath.Join(filepath.Dir(p.Queue), "data")
	for _, dir := range []string{p.Config, filepath.Join(p.Queue, "etc"), data} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := chownTo(data, "postfix"); err != nil {
		return err
	}
	if err := p.jail(); err != nil {
		return err
	}
	if err := p.certify(); err != nil {
		return err
	}
	if err := copyFile(stockMaster, filepath.Join(p.Config, "master.cf")); err != nil {
		return err
	}
	main := fmt.Sprintf(stockMain, p.Name, opt.Domain, p.Queue, data, filepath.Dir(p.Queue),
		p.lab.caFile(), p.lab.login.path())
	opt.Recipe.Transport = fmt.Sprintf("inline:{ %s=relay:[%s] }", opt.Domain, opt.Store.Name)
	if !opt.Recipe.PerRecipient {
		main += "transport_maps = " + opt.Recipe.Transport + "\n"
	}
	if err := appendFile(filepath.Join(p.Config, "main.cf"), main+opt.Main); err != nil {
		return err
	}
	if err := opt.Recipe.install(p.Config, p.Address+":2525", p.Address); err != nil {
		return err
	}
	return p.bind()
}

// bind gives the services that listen on all interfaces the instance's address.
func (p *Postfix) bind() error {
	name := filepath.Join(p.Config, "master.cf")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	everywhere := regexp.MustCompile(`(?m)^(smtp|submissions?)(\s+inet\s)`)
	return os.WriteFile(name, everywhere.ReplaceAll(text, []byte(p.Address+":$1$2")), 0o644)
}

// stockMain is a main.cf as Debian's package writes it, but for the places and
// the mail domain of the lab.
const stockMain = `
compatibility_level = 3.6
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mydestination = $myhostname, localhost
mailbox_size_limit = 0
recipient_delimiter = +
inet_protocols = all
alias_maps =

myhostname = %s
relay_domains = %s
myorigin = $relay_domains
inet_interfaces = 127.0.0.1
queue_directory = %s
data_directory = %s
maillog_file_prefixes = %s
maillog_file = $maillog_file_prefixes/maillog
smtpd_tls_chain_files = $config_directory/key.pem, $config_directory/cert.pem
smtp_tls_CAfile = %s
smtpd_sasl_type = dovecot
smtpd_sasl_path = %s
enable_long_queue_ids = yes
`

// jail gives the chrooted services a resolver that asks the lab's name server.
func (p *Postfix) jail() error {
	etc := filepath.Join(p.Queue, "etc")
	for name, text := range map[string]string{
		"resolv.conf":   "nameserver " + p.lab.nameserver() + "\noptions timeout:1\n",
		"hosts":         "127.0.0.1 localhost\n",
		"nsswitch.conf": "hosts: files dns\nservices: files\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return copyFile("/etc/services", filepath.Join(etc, "services"))
}

func (p *Postfix) certify() error {
	cert, key, err := p.lab.ca.issue(p.Name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.Config, "key.pem"), key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Config, "cert.pem"), cert, 0o644)
}

// Start starts the instance again after Stop.
func (p *Postfix) Start() error {
	if out, err := p.command("postfix", "check").CombinedOutput(); err != nil {
		return fmt.Errorf("postfix check: %w: %s%s", err, out, p.Log())
	}
	daemons, err := p.command("postconf", "-h", "daemon_directory").Output()
	if err != nil {
		return fmt.Errorf("postconf: %w", err)
	}
	master := p.command(filepath.Join(strings.TrimSpace(string(daemons)), "master"), "-d")
	if err := master.Start(); err != nil {
		return err
	}
	p.lab.guard.watch(master.Process.Pid)
	p.master, p.done = master, make(chan struct{})
	go func(done chan struct{}) {
		_ = master.Wait()
		close(done)
	}(p.done)
	return p.awaitPorts()
}

// Listening waits, after the configuration has changed, until the instance listens
// on the ports of the recipes.
func (p *Postfix) Listening() error {
	p.stock = false
	return p.awaitPorts()
}

func (p *Postfix) awaitPorts() error {
	for range 200 {
		select {
		case <-p.done:
			return fmt.Errorf("postfix has ended:\n%s", p.Log())
		default:
		}
		if up(p.Address+":25") && (p.stock || up(p.Address+":587") && up(p.Address+":2525")) {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("postfix does not listen:\n%s", p.Log())
}

func up(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// Stop ends the instance: its master ends all processes that it started.
func (p *Postfix) Stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	_ = p.master.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
		_ = p.master.Process.Kill()
		return errors.New("the master process of Postfix had to be killed")
	}
}

// command runs one of Postfix's programs on this instance.
func (p *Postfix) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, append([]string{"-c", p.Config}, args...)...)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.Config)
	return cmd
}

// Run runs one of Postfix's programs on this instance ("postsuper", "-H", id)
// and returns what it printed.
func (p *Postfix) Run(name string, args ...string) (string, error) {
	out, err := p.command(name, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// Sendmail submits text as a local program does.
func (p *Postfix) Sendmail(text string, args ...string) error {
	cmd := exec.Command("sendmail", append([]string{"-C", p.Config}, args...)...)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.Config)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sendmail: %w: %s", err, out)
	}
	return nil
}

// Log is the instance's mail log so far.
func (p *Postfix) Log() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// Queued is a mail in the queue, as postqueue -j prints it.
type Queued struct {
	Queue      string `json:"queue_name"`
	ID         string `json:"queue_id"`
	Sender     string `json:"sender"`
	Recipients []struct {
		Address string `json:"address"`
		Delay   string `json:"delay_reason"`
	} `json:"recipients"`
}

// Flush makes the instance try every mail in the queue now.
func (p *Postfix) Flush() error {
	_, err := p.Run("postqueue", "-f")
	return err
}

// Release takes a mail off hold and tries to deliver it now.
func (p *Postfix) Release(id string) error {
	if _, err := p.Run("postsuper", "-H", id); err != nil {
		return err
	}
	return p.Flush()
}

// Find waits for a mail in the queue that the test accepts.
func (p *Postfix) Find(timeout time.Duration, want func(Queued) bool) (Queued, bool) {
	for end := time.Now().Add(timeout); ; time.Sleep(50 * time.Millisecond) {
		all, err := p.Queued()
		if i := slices.IndexFunc(all, want); err == nil && i >= 0 {
			return all[i], true
		}
		if time.Now().After(end) {
			return Queued{}, false
		}
	}
}

// Queued lists the mails in the queue.
func (p *Postfix) Queued() ([]Queued, error) {
	out, err := p.command("postqueue", "-j").Output()
	if err != nil {
		return nil, fmt.Errorf("postqueue: %w", err)
	}
	var all []Queued
	for line := range strings.Lines(string(out)) {
		var q Queued
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return nil, fmt.Errorf("postqueue: %w", err)
		}
		all = append(all, q)
	}
	return all, nil
}

// Text is the mail with that queue id, as it lies in the queue.
func (p *Postfix) Text(id string) (string, error) { return p.Run("postcat", "-qhb", id) }

// QueueID finds the id in Postfix's reply to a mail it took.
func QueueID(reply Reply) string {
	_, id, _ := strings.Cut(reply.Text(), "queued as ")
	return strings.TrimSpace(id)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func chownTo(path, user string) error {
	out, err := exec.Command("id", "-u", user).Output()
	if err != nil {
		return fmt.Errorf("user %q of Postfix is missing: %w", user, err)
	}
	uid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		return err
	}
	return os.Chown(path, uid, -1)
}
