//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// A new postern takes mail from the same socket before the old one is told to
// end: nobody is refused, no mail is deferred, none is lost.
func TestAnUpgradeUnderLoadDefersNothing(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := socket.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	// From here on the socket is held by this file alone, as systemd holds it.
	address := socket.Addr().String()
	socket.Close()
	defer file.Close()
	passed := strings.Replace(config, "@LISTEN@", "fd:milter", 1)
	w := newWorld(t, options{milter: "inet:" + address, main: quick, config: passed, sockets: []*os.File{file}})
	start := func() *lab.Daemon {
		d, err := w.lab.StartDaemon(lab.DaemonOptions{Binary: executable("postern"), Config: passed, Policy: policy, Sockets: []*os.File{file}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	old := w.postern

	l := w.open()
	l.send(6, func(token string) string { return mail(token, "none") + strings.Repeat("lorem ipsum\n", 2000) })
	for range 3 {
		time.Sleep(500 * time.Millisecond)
		next := start()
		time.Sleep(200 * time.Millisecond)
		if err := old.Stop(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(old.Log(), "msg=stopped") {
			t.Errorf("the old postern did not end well:\n%s", old.Log())
		}
		old = next
	}
	time.Sleep(200 * time.Millisecond)
	l.close()
	if all, taken := int(l.next.Load()), l.told(250); taken != all || all < 20 {
		t.Errorf("%d of %d mails were taken: %v", taken, all, l.texts)
	}
	l.balance()
	t.Logf("%d mails over three upgrades", l.next.Load())
}

// While the policy changes every second, now and then to one that is written by
// half, each mail is judged by one policy as a whole.
func TestAReloadUnderLoadMixesNoPolicies(t *testing.T) {
	version := func(n int) string {
		id := fmt.Sprintf("version-%d", n)
		return fmt.Sprintf("[policy]\nid = %q\n[inside]\ndomains = [\"agency.example\"]\n[rules.%s-refuse]\n"+
			"when = { header = \"X-Case\", contains = \"refuse\" }\nreject = \"5.7.1 refused by %s.\"\n"+
			"[rules.%s-too]\nwhen = { header = \"X-Case\", contains = \"ref\" }\nhold = \"held\"\n", id, id, id, id)
	}
	w := newWorld(t, options{policy: version(0), main: quick})
	l := w.open()
	l.send(6, func(token string) string { return mail(token, "refuse") })
	for n := 1; n <= 10; n++ {
		text, said := version(n), fmt.Sprintf(`msg="policy loaded" policy=version-%d `, n)
		if n%5 == 0 {
			text, said = text[:len(text)*2/3], "policy not reloaded"
		}
		already := strings.Count(w.postern.Log(), said)
		if err := w.postern.SetPolicy(text); err != nil {
			t.Fatal(err)
		}
		if err := w.postern.Hangup(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); strings.Count(w.postern.Log(), said) == already; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("version %d: %q is not said", n, said)
			}
		}
	}
	l.close()
	if all, refused := int(l.next.Load()), l.told(550); refused != all || all < 50 {
		t.Errorf("%d of %d mails were refused: %v", refused, all, l.texts)
	}
	l.balance()

	said := map[string]string{} // by reference: the version of the reply
	for _, text := range l.texts {
		found := regexp.MustCompile(`refused by (version-\d+)\. \((P-\w{10})\)`).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("a reply without reference or version: %q", text)
		}
		said[found[2]] = found[1]
	}
	if err := w.postern.Stop(); err != nil { // all records are written then
		t.Fatal(err)
	}
	versions := map[string]bool{}
	for _, r := range w.records() {
		versions[r.Policy.ID] = true
		if want := said[r.Ref]; want != r.Policy.ID {
			t.Errorf("%s: the reply is of %s, the record of %s", r.Ref, want, r.Policy.ID)
		}
		delete(said, r.Ref)
		for _, rule := range r.Rules {
			if !strings.HasPrefix(rule, r.Policy.ID+"-") {
				t.Errorf("%s: judged by %s and by rule %s", r.Ref, r.Policy.ID, rule)
			}
		}
		if len(r.Rules) != 2 {
			t.Errorf("%s: rules %v, want two of %s", r.Ref, r.Rules, r.Policy.ID)
		}
	}
	if len(said) > 0 || len(versions) < 5 {
		t.Errorf("%d mails without a record, %d versions judged", len(said), len(versions))
	}
}

// quick has Postfix take mails as fast as they come: by default it waits a second
// where they come faster than they go.
const quick = "in_flow_delay = 0\n"

// auditRecord is what these tests read of a record.
type auditRecord struct {
	Ref    string `json:"ref"`
	Action string `json:"action"`
	Policy struct {
		ID string `json:"id"`
	} `json:"policy"`
	Rules []string `json:"rules"`
}

// records reads the audit file, of which every line must be whole.
func (w *world) records() []auditRecord {
	w.Helper()
	file, err := os.Open(w.postern.Audit)
	if err != nil {
		w.Fatal(err)
	}
	defer file.Close()
	var records []auditRecord
	lines := bufio.NewScanner(file)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var r auditRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			w.Fatalf("a line of the audit file is broken: %v: %q", err, lines.Text())
		}
		records = append(records, r)
	}
	return records
}
