//go:build e2e

package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// twoNodes is a world with two posterns of one policy behind the HAProxy of
// contrib/haproxy.
type twoNodes struct {
	*world
	nodes []*lab.Daemon
}

func newTwoNodes(t *testing.T) *twoNodes {
	t.Helper()
	w := &twoNodes{world: newWorld(t, options{noDaemon: true, milter: "inet:" + freeAddress(t)})}
	shared := filepath.Join(w.lab.Dir, "policy.toml")
	if err := os.WriteFile(shared, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	toml := strings.Replace(config, "@POLICY@", shared, 1)
	toml = strings.Replace(toml, "[audit]", "[audit]\non_error = \"tempfail\"", 1)
	edits := []string{"127.0.0.1:8892", strings.TrimPrefix(w.milter(), "inet:")}
	for _, name := range []string{"one 10.0.0.11", "two 10.0.0.12"} {
		// Health is asked where it was before, after a restart too.
		toml := strings.Replace(toml, "127.0.0.1:0", freeAddress(t), 1)
		d, err := w.lab.StartDaemon(lab.DaemonOptions{Binary: filepath.Join(os.Getenv(built), "postern"), Config: toml, Policy: "# not this one"})
		if err != nil {
			t.Fatal(err)
		}
		w.nodes = append(w.nodes, d)
		_, health, _ := net.SplitHostPort(d.HTTP)
		number, _, _ := strings.Cut(name, " ")
		edits = append(edits, name+":8892\n", number+" "+d.Milter+" port "+health+"\n")
	}
	edits = append(edits, " port 9892", "")
	config := w.edited("../../contrib/haproxy/haproxy.cfg", edits...)
	w.runs("haproxy", "-db", "-f", config)
	w.answers(strings.TrimPrefix(w.milter(), "inet:"))
	return w
}

// milter is where the Postfix of the world looks for postern.
func (w *world) milter() string {
	w.Helper()
	out, err := w.postfix.Run("postconf", "-h", "postern_milter")
	found := regexp.MustCompile(`inet:[0-9.:]+`).FindString(out)
	if err != nil || found == "" {
		w.Fatalf("no milter in %q: %v", out, err)
	}
	return found
}

// freeAddress is a port of loopback that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// edited is a copy of a shipped file with words replaced, every one of which
// must be there.
func (w *world) edited(name string, oldnew ...string) string {
	w.Helper()
	text := readFile(w.T, name)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			w.Fatalf("%s does not have %q", name, oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	path := filepath.Join(w.lab.Dir, filepath.Base(name))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
	return path
}

// runs starts a program that ends with the test.
func (w *world) runs(name string, args ...string) {
	w.Helper()
	var said strings.Builder
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if w.Failed() {
			w.Logf("%s:\n%s", name, said.String())
		}
	})
}

// answers waits until somebody listens at an address.
func (w *world) answers(address string) {
	w.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			w.Fatalf("nobody listens at %s: %v", address, err)
		}
	}
}

// sentMail is a mail and what became of it.
type sentMail struct {
	token, outcome string
	code           int
	queueID        string
}

// send sends a mail as a client does: what is deferred comes again.
func (w *world) send(token, outcome string) sentMail {
	m := sentMail{token: token, outcome: outcome}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		reply, err := w.postfix.Submit("ann", "ann@agency.example", []string{"pat@plain.example"}, mail(token, outcome))
		if err == nil && reply.Code/100 != 4 {
			m.code, m.queueID = reply.Code, lab.QueueID(reply)
			break
		}
	}
	return m
}

func TestOneOfTwoNodesIsKilledUnderLoad(t *testing.T) {
	w := newTwoNodes(t)
	const mails, senders, killAt, backAt = 90, 6, 20, 55
	var mu sync.Mutex
	var results []sentMail
	tokens := make(chan int)
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for i := range tokens {
				got := w.send(fmt.Sprintf("nodes-%d.", i), []string{"none", "refuse"}[i%2])
				mu.Lock()
				results = append(results, got)
				mu.Unlock()
			}
		})
	}
	before := [2]string{checksum(w, w.nodes[0]), checksum(w, w.nodes[1])}
	if before[0] == "" || before[0] != before[1] {
		t.Errorf("the nodes tell of the policies %q, want the same", before)
	}
	for i := range mails {
		switch i {
		case killAt:
			if err := w.nodes[0].Kill(); err != nil {
				t.Error(err)
			}
		case backAt:
			if err := w.nodes[0].Start(); err != nil {
				t.Error(err)
			}
		}
		tokens <- i
	}
	close(tokens)
	sending.Wait()

	for _, node := range w.nodes {
		if n := strings.Count(readFile(t, node.Audit), "\n"); n < 10 {
			t.Errorf("one node has read only %d mails", n)
		}
	}
	records := readFile(t, w.nodes[0].Audit) + readFile(t, w.nodes[1].Audit)
	for _, m := range results {
		switch {
		case m.outcome == "refuse":
			if m.code != 550 {
				t.Errorf("%s was answered with %d, want 550", m.token, m.code)
			}
		case m.code != 250:
			t.Errorf("%s was answered with %d, want 250", m.token, m.code)
		default:
			w.arrives(w.plain, m.token)
			if !strings.Contains(records, `"`+m.queueID+`"`) {
				t.Errorf("%s passed without a record: nobody has read it", m.token)
			}
		}
	}
	w.rests()
	arrived := map[string]int{}
	for _, got := range w.plain.Mails() {
		arrived[regexp.MustCompile(`nodes-\d+\.`).FindString(got.Header())]++
	}
	for token, n := range arrived {
		var number int
		if _, err := fmt.Sscanf(token, "nodes-%d.", &number); err != nil || n != 1 || number%2 == 1 {
			t.Errorf("%s arrived %d times", token, n)
		}
	}

	// A node that comes back gets mail again.
	seen := strings.Count(readFile(t, w.nodes[0].Audit), "\n")
	for end := time.Now().Add(patience); strings.Count(readFile(t, w.nodes[0].Audit), "\n") == seen; {
		if w.send("again", "none"); time.Now().After(end) {
			t.Fatal("the node that came back gets no mail")
		}
	}
	if after := checksum(w, w.nodes[0]); after != before[0] {
		t.Errorf("the node came back with policy %s, had %s", after, before[0])
	}
}

// checksum is that of the policy by which a node judges.
func checksum(w *twoNodes, d *lab.Daemon) string {
	w.Helper()
	text, err := d.Metrics()
	if err != nil {
		w.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^postern_policy_info\{checksum="(\w+)",id="e2e"\} 1$`).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return found[1]
}

func TestANodeThatIsStoppedLosesNothing(t *testing.T) {
	w := newTwoNodes(t)
	const senders, each = 3, 12
	var deferred atomic.Int32
	results := make(chan sentMail, senders*each)
	for sender := range senders {
		go func() {
			for i := range each {
				m := sentMail{token: fmt.Sprintf("stop-%d-%d.", sender, i)}
				reply, err := w.postfix.Submit("ann", "ann@agency.example", []string{"pat@plain.example"}, mail(m.token, "none"))
				if m.code = reply.Code; err != nil || m.code/100 == 4 {
					deferred.Add(1)
					m = w.send(m.token, "none")
				}
				results <- m
			}
		}()
	}
	time.Sleep(200 * time.Millisecond) // somewhere among the mails
	if err := w.nodes[1].Stop(); err != nil {
		t.Fatal(err)
	}
	for range senders * each {
		m := <-results
		if m.code != 250 {
			t.Errorf("%s was answered with %d while a node was stopped, want 250", m.token, m.code)
		}
		w.arrives(w.plain, m.token)
	}
	// One connection may have been in the kernel's hands, not yet in postern's.
	if n := deferred.Load(); n > 1 {
		t.Errorf("%d mails were deferred while a node was stopped, want none", n)
	}
}

// TestTheTunnel has the milter protocol pass contrib/stunnel, with certificates
// made as its README says.
func TestTheTunnel(t *testing.T) {
	near, far := freeAddress(t), freeAddress(t)
	w := newWorld(t, options{milter: "inet:" + near})
	ours, theirs := certificates(t), certificates(t)
	common := []string{"setuid = stunnel4\nsetgid = stunnel4\n", "foreground = yes\n", "syslog = yes\n", "", "10.0.0.11:8893", far}
	side := func(dir, name string) []string {
		return append(common, "pid = /run/stunnel4/"+name+".pid", "pid =", "/etc/stunnel", dir)
	}
	w.runs("stunnel4", w.edited("../../contrib/stunnel/postern.conf", append(side(ours, "postern"), "127.0.0.1:8892", w.postern.Milter)...))
	w.runs("stunnel4", w.edited("../../contrib/stunnel/mta.conf", append(side(ours, "mta"), "127.0.0.1:8892", near)...))
	w.answers(far)
	w.answers(near)

	w.submit(550, mail("tunnel", "refuse"), "pat@plain.example")
	w.submit(250, mail("tunnel-clean", "none"), "pat@plain.example")
	w.arrives(w.plain, "tunnel-clean")

	// HAProxy in the place of the MTA's stunnel.
	pem := filepath.Join(w.lab.Dir, "mta.pem")
	if err := os.WriteFile(pem, []byte(readFile(t, filepath.Join(ours, "mta.crt"))+readFile(t, filepath.Join(ours, "mta.key"))), 0o600); err != nil {
		t.Fatal(err)
	}
	balanced := freeAddress(t)
	_, health, _ := net.SplitHostPort(w.postern.HTTP)
	w.runs("haproxy", "-db", "-f", w.edited("../../contrib/haproxy/haproxy.cfg", "    server one 10.0.0.11:8892\n", "", "    server two 10.0.0.12:8892\n", "", "#server", "server",
		"10.0.0.11:8893", far, "10.0.0.12:8893", far,
		"127.0.0.1:8892", balanced, "check port 9892", "check port "+health,
		"/etc/haproxy/mta.pem", pem, "/etc/haproxy/mail-ca.pem", filepath.Join(ours, "mail-ca.crt")))
	w.answers(balanced)
	negotiates := "\x00\x00\x00\x0dO\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"
	conn, err := net.Dial("tcp", balanced)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if reply := exchange(conn, negotiates); !strings.HasPrefix(reply, "O") {
		t.Errorf("over HAProxy the milter says %q", reply)
	}

	for name, who := range map[string]struct {
		dir, cert string
		reaches   bool
	}{
		"the MTA":                                 {ours, "mta", true},
		"a client without a certificate":          {ours, "", false},
		"one with a certificate of another name":  {ours, "postern", false},
		"one with that name of another authority": {theirs, "mta", false},
	} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // whom the server lets in is asked, not who it is
			if who.cert != "" {
				pair, err := tls.LoadX509KeyPair(filepath.Join(who.dir, who.cert+".crt"), filepath.Join(who.dir, who.cert+".key"))
				if err != nil {
					t.Fatal(err)
				}
				config.Certificates = []tls.Certificate{pair}
			}
			conn, err := tls.Dial("tcp", far, config)
			reached := false
			if err == nil {
				defer conn.Close()
				reached = strings.HasPrefix(exchange(conn, negotiates), "O")
			}
			if reached != who.reaches {
				t.Errorf("reaches postern is %v, want %v", reached, who.reaches)
			}
		})
	}
	t.Run("one that speaks no TLS", func(t *testing.T) {
		conn, err := net.Dial("tcp", far)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if reply := exchange(conn, negotiates); strings.HasPrefix(reply, "O") {
			t.Errorf("postern says %q", reply)
		}
	})
}

// exchange sends a packet of the milter protocol and returns the one that comes
// back, without its length; empty if none does.
func exchange(conn net.Conn, packet string) string {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, packet); err != nil {
		return ""
	}
	reply := make([]byte, 5)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return ""
	}
	return string(reply[4:])
}

// certificates makes those of contrib/stunnel/README.md, by its commands.
func certificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	_, text, _ := strings.Cut(readFile(t, "../../contrib/stunnel/README.md"), "       openssl req -x509")
	text, _, _ = strings.Cut(text, "\n\n2.")
	script := exec.Command("bash", "-euc", "openssl req -x509"+text)
	script.Dir = dir
	if said, err := script.CombinedOutput(); err != nil {
		t.Fatalf("the commands of the README: %v\n%s", err, said)
	}
	return dir
}
