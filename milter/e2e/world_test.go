//go:build e2e

// Package e2e tries postern beside a real Postfix that was started with the
// files of contrib/postfix.
package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// built names the directory of the binary under test, across Isolate.
const built = "POSTERN_E2E_BUILT"

func TestMain(m *testing.M) {
	// Before Isolate: afterwards no module proxy can be reached.
	if os.Getenv(built) == "" {
		dir, err := build()
		if err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			os.Exit(1)
		}
		os.Setenv(built, dir)
	}
	lab.Isolate()
	code := m.Run()
	_ = os.RemoveAll(os.Getenv(built))
	os.Exit(code)
}

func build() (string, error) {
	dir, err := os.MkdirTemp("", "postern-e2e-")
	if err != nil {
		return "", err
	}
	for name, tags := range map[string]string{"postern": "", "postern-faulty": "faulty"} {
		out, err := exec.Command("go", "build", "-tags", tags, "-o", filepath.Join(dir, name), "../../cmd/postern").CombinedOutput()
		if err != nil {
			return "", errors.Join(fmt.Errorf("go build: %w: %s", err, out), os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// policy gives every mail the outcome that its field X-Case asks for.
const policy = `
[policy]
id = "e2e"

[inside]
domains = ["agency.example"]
daemons = ["ORIGINATING"]

[rules.refuse]
when   = { header = "X-Case", contains = "refuse" }
reject = "5.7.1 This mail must not be sent at all."

[rules.wait]
when = { header = "X-Case", contains = "look-at-it" }
hold = "Somebody looks at it first."

[rules.later]
when     = { header = "X-Case", contains = "later" }
tempfail = "4.7.1 Not just now."

[rules.numbers]
when   = { found = "us-ssn" }
reject = "5.7.1 A Social Security number ({found}) may not leave."

[rules.over-tls]
to    = { not = "@colleagues" }
when  = { header = "X-Case", contains = "over-tls" }
route = "tls"

[rules.over-verified]
to    = { not = "@colleagues" }
when  = { header = "X-Case", contains = "over-verified" }
route = "tls-verified"

[rules.over-gateway]
to    = { not = "@colleagues" }
when  = { header = "X-Case", contains = "over-gateway" }
route = "gateway:secure"

[rules.over-nothing]
to    = { not = "@colleagues" }
when  = { header = "X-Case", contains = "over-nothing" }
route = "gateway:forgotten"

[rules.citizens]
to    = "@citizens"
when  = { header = "X-Case", contains = "four-ways" }
route = "gateway:secure"

[rules.partners]
to    = "@partners"
when  = { header = "X-Case", contains = "four-ways" }
route = "tls"

[officer]
address = "officer@agency.example"

[rules.tell]
when   = { header = "X-Case", contains = "tell" }
notify = true
clause = "4.2"

[rules.tell-numbers]
when   = { found = "us-ssn", quoted = false }
notify = true

[rules.notice]
when     = { header = "X-Case", contains = "statement" }
append   = "notice"
fallback = "hold"

[statements.notice]
text = "This message is confidential, for its addressee only: ŵ. Please tell us if it came to you by mistake."

[lists.colleagues]
entries = ["agency.example"]

[lists.citizens]
entries = ["citizen.example"]

[lists.partners]
entries = ["partner.example"]
`

const config = `
mode = "enforce"
[milter]
listen = "@LISTEN@"
[http]
listen = "127.0.0.1:0"
[policy]
file = "@POLICY@"
[routes]
tls = true
tls_verified = true
gateways = ["secure", "forgotten"]
[audit]
file = "@AUDIT@"
`

// world is a laboratory with postern, a Postfix, the agency's own mail store and
// several mail servers outside.
type world struct {
	*testing.T
	lab     *lab.Lab
	postern *lab.Daemon
	postfix *lab.Postfix

	store    *lab.Hop // agency.example, inside; bounces arrive here too
	partner  *lab.Hop // partner.example: TLS with a good certificate
	wrong    *lab.Hop // wrong.example: TLS with the certificate of another name
	stranger *lab.Hop // stranger.example: TLS with a certificate of an unknown authority
	refusing *lab.Hop // refusing.example: offers STARTTLS and refuses it
	plain    *lab.Hop // plain.example and citizen.example: no TLS
	gateway  *lab.Hop // the encryption gateway "secure"
}

// options say how a world differs from the usual one.
type options struct {
	observe, perRecipient bool
	main                  string // goes to main.cf, before the recipe
	config                string
	policy                string
	milter                string // in place of postern's own address
	verified              string // postern's table of domains
	binary                string // in place of "postern"
	env                   []string
	sockets               []*os.File
	noDaemon              bool
	stock                 bool // nothing is wired
}

func newWorld(t *testing.T, opt options) *world {
	t.Helper()
	t.Parallel()
	l, err := lab.Open()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, lab: l}
	t.Cleanup(func() {
		if t.Failed() {
			w.explain()
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	w.startHops()
	w.startDaemon(opt)
	w.startPostfix(opt)
	return w
}

func (w *world) startHops() {
	w.Helper()
	for _, h := range []struct {
		hop **lab.Hop
		opt lab.HopOptions
	}{
		{&w.store, lab.HopOptions{Name: "store.agency.example"}},
		{&w.partner, lab.HopOptions{Name: "mx.partner.example", Names: []string{"partner.example"}, RefuseRcpt: "nobody@"}},
		{&w.wrong, lab.HopOptions{Name: "mx.wrong.example", Names: []string{"elsewhere.example"}}},
		{&w.stranger, lab.HopOptions{Name: "mx.stranger.example", Names: []string{"stranger.example"}, Untrusted: true}},
		{&w.refusing, lab.HopOptions{Name: "mx.refusing.example", RefuseTLS: true}},
		{&w.plain, lab.HopOptions{Name: "mx.plain.example", NoTLS: true}},
		{&w.gateway, lab.HopOptions{Name: "gateway.agency.example", RefuseRcpt: "nobody@"}},
	} {
		hop, err := w.lab.StartHop(h.opt)
		if err != nil {
			w.Fatal(err)
		}
		*h.hop = hop
	}
	w.lab.Domain("partner.example", w.partner)
	w.lab.Domain("wrong.example", w.wrong)
	w.lab.Domain("stranger.example", w.stranger)
	w.lab.Domain("refusing.example", w.refusing)
	w.lab.Domain("plain.example", w.plain)
	w.lab.Domain("citizen.example", w.plain)
}

func (w *world) startDaemon(opt options) {
	w.Helper()
	if opt.noDaemon {
		return
	}
	toml := config
	if opt.config != "" {
		toml = opt.config
	}
	if opt.observe {
		toml = strings.Replace(toml, `"enforce"`, `"observe"`, 1)
	}
	if opt.perRecipient {
		toml = strings.Replace(toml, "[routes]", "[routes]\nper_recipient = true", 1)
	}
	text := policy
	if opt.policy != "" {
		text = opt.policy
	}
	d, err := w.lab.StartDaemon(lab.DaemonOptions{
		Binary: executable(cmp.Or(opt.binary, "postern")), Config: toml, Policy: text, Env: opt.env, Sockets: opt.sockets,
	})
	if err != nil {
		w.Fatal(err)
	}
	w.postern = d
}

func executable(name string) string { return filepath.Join(os.Getenv(built), name) }

func (w *world) startPostfix(opt options) {
	w.Helper()
	milter := opt.milter
	if milter == "" {
		milter = "inet:" + w.postern.Milter
	}
	p, err := w.lab.StartPostfix(lab.PostfixOptions{
		Name: "mail.agency.example", Domain: "agency.example", Store: w.store, Main: opt.main,
		Recipe: lab.Recipe{
			Milter: milter, Observe: opt.observe, PerRecipient: opt.perRecipient, Verified: opt.verified, Stock: opt.stock,
			Gateways: map[string]string{"secure": "[" + w.gateway.Name + "]:25"},
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.postfix = p
}

// in is w for a subtest.
func (w *world) in(t *testing.T) *world {
	t.Helper()
	sub := *w
	sub.T = t
	return &sub
}

// explain shows the logs of a test that failed.
func (w *world) explain() {
	if w.postfix != nil {
		w.Logf("Postfix:\n%s", w.postfix.Log())
	}
	if w.postern != nil {
		w.Logf("postern:\n%s", w.postern.Log())
	}
}

// mail is a mail that asks for outcome, with a token to find it by.
func mail(token, outcome string, header ...string) string {
	return "From: Ann <ann@agency.example>\nTo: undisclosed-recipients:;\nSubject: " + token + "\n" +
		"X-Case: " + outcome + "\n" + strings.Join(append(header, ""), "\n") + "\nNothing of interest.\n"
}

// submit sends as Ann does and wants a reply of that code.
func (w *world) submit(code int, text string, to ...string) lab.Reply {
	w.Helper()
	reply, err := w.postfix.Submit("ann", "ann@agency.example", to, text)
	if err != nil {
		w.Fatal(err)
	}
	if reply.Code != code {
		w.Fatalf("reply is %q, want code %d", reply, code)
	}
	return reply
}

const patience = 30 * time.Second

// ours are a header field of postern and the mark of a recipient.
var ours = regexp.MustCompile(`(?im)^x-postern|postern\.invalid`)

// arrives waits for the mail with token at hop and looks that nothing of ours is
// in its header and envelope.
func (w *world) arrives(hop *lab.Hop, token string) lab.Delivery {
	w.Helper()
	got, ok := hop.Wait("Subject: "+token+"\r\n", patience)
	if !ok {
		w.Fatalf("mail %q did not arrive at %s", token, hop.Name)
	}
	if all := got.From + strings.Join(got.To, " ") + "\r\n" + got.Header(); ours.MatchString(all) {
		w.Errorf("mail %q arrived at %s with something of postern:\n%s", token, hop.Name, all)
	}
	return got
}

// overTLS is arrives, with TLS 1.2 or better.
func (w *world) overTLS(hop *lab.Hop, token string) lab.Delivery {
	w.Helper()
	got := w.arrives(hop, token)
	if got.Proto != "TLS 1.2" && got.Proto != "TLS 1.3" {
		w.Errorf("mail %q arrived at %s with %q, want TLS 1.2 or better", token, hop.Name, got.Proto)
	}
	return got
}

// nowhere looks that the mail with token has arrived at no hop. It is asked
// after the queue has come to rest.
func (w *world) nowhere(token string) {
	w.Helper()
	w.rests()
	for _, hop := range []*lab.Hop{w.store, w.partner, w.wrong, w.stranger, w.refusing, w.plain, w.gateway} {
		for _, got := range hop.Mails() {
			if strings.Contains(got.Header(), "Subject: "+token+"\r\n") {
				w.Errorf("mail %q arrived at %s", token, hop.Name)
			}
		}
	}
}

// rests waits until no mail is on its way: all that are queued wait for
// something.
func (w *world) rests() {
	w.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		all, err := w.postfix.Queued()
		busy := err != nil
		for _, q := range all {
			busy = busy || q.Queue != "hold" && q.Queue != "deferred"
		}
		if !busy {
			return
		}
		if time.Now().After(end) {
			w.Fatalf("the queue does not come to rest: %v %v", all, err)
		}
	}
}

// held waits for the mail with that id in the hold queue and returns its text.
func (w *world) held(id string) string {
	w.Helper()
	if _, ok := w.postfix.Find(patience, func(q lab.Queued) bool { return q.Queue == "hold" && q.ID == id }); !ok {
		w.Fatalf("mail %s is not in the hold queue", id)
	}
	text, err := w.postfix.Text(id)
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// bounced waits for the bounce of the mail with token, at the sender's. It must
// show nothing of ours.
func (w *world) bounced(token string) string {
	w.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, got := range w.store.Mails() {
			if strings.HasPrefix(got.From, "<>") && strings.Contains(got.Data, "Subject: "+token+"\r\n") {
				if ours.MatchString(got.Data) {
					w.Errorf("the bounce tells of postern:\n%s", got.Data)
				}
				return got.Data
			}
		}
	}
	w.Fatalf("the sender of mail %q got no bounce", token)
	return ""
}
