//go:build e2e

package e2e

import (
	"cmp"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// sendmailConfig is that of a Sendmail: no TLS for one mail, but for the partners.
const sendmailConfig = `
mode = "enforce"
[milter]
listen = "@LISTEN@"
[http]
listen = "127.0.0.1:0"
[policy]
file = "@POLICY@"
[routes]
mta = "sendmail"
partner_tls = true
gateways = ["secure", "forgotten"]
[audit]
file = "@AUDIT@"
`

// sendmailPolicy gives every mail the outcome that its field X-Case asks for.
const sendmailPolicy = `
[policy]
id = "e2e-sendmail"

[inside]
domains = ["agency.example"]
daemons = ["MTA-v4", "MSP-v4", "MTA-v6"]

[rules.refuse]
when   = { header = "X-Case", contains = "refuse" }
reject = "5.7.1 100% of this %s must stay; see %20 and %%."

[rules.wait]
when = { header = "X-Case", contains = "look-at-it" }
hold = "Somebody looks at it first."

[rules.later]
when     = { header = "X-Case", contains = "later" }
tempfail = "4.7.1 Not just now."

[rules.numbers]
when   = { found = "us-ssn" }
reject = "5.7.1 A Social Security number ({found}) may not leave.\nTake it out, or send it by the portal.\nHelp: 555-0100."

[rules.tag]
when          = { header = "X-Case", contains = "tag" }
add_header    = { X-Tag = "seen 100%" }
remove_header = ["X-Secret"]

[rules.citizens]
to    = "@citizens"
when  = { header = "X-Case", contains = "by-gateway" }
route = "gateway:secure"

[rules.over-nothing]
to    = "@citizens"
when  = { header = "X-Case", contains = "over-nothing" }
route = "gateway:forgotten"

[rules.partners]
to    = { not = "@colleagues" }
route = "partner"

[rules.notice]
when     = { header = "X-Case", contains = "statement" }
append   = "notice"
fallback = "hold"

[statements.notice]
text = "This message is confidential, for its addressee only: ŵ. Please tell us if it came to you by mistake."

[partners."refusing.example"]
method = "tls"

[partners."partner.example"]
method = "tls-verified"

[partners."verified.example"]
method = "tls-verified"

[partners."wrong.example"]
method = "tls-verified"

[partners."stranger.example"]
method = "tls-verified"

[lists.colleagues]
entries = ["agency.example"]

[lists.citizens]
entries = ["citizen.example"]
`

// sendmailWorld is a world with a Sendmail in Postfix's place.
type sendmailWorld struct {
	*world
	sendmail *lab.Sendmail
	verified *lab.Hop // verified.example: its certificate is for the host, which lies below the domain
}

func newSendmail(t *testing.T, opt options) *sendmailWorld {
	t.Helper()
	t.Parallel()
	l, err := lab.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &sendmailWorld{world: &world{T: t, lab: l}}
	t.Cleanup(func() {
		if t.Failed() {
			s.explain()
			if s.sendmail != nil {
				s.Logf("Sendmail:\n%s", s.sendmail.Log())
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	s.startHops()
	if s.verified, err = l.StartHop(lab.HopOptions{Name: "mx.verified.example", Names: []string{"other.example", "*.verified.example"}}); err != nil {
		t.Fatal(err)
	}
	l.Domain("verified.example", s.verified)
	l.Domain("agency.example", s.store)
	opt.config, opt.policy = cmp.Or(opt.config, sendmailConfig), sendmailPolicy
	s.startDaemon(opt)
	s.startSendmail(opt)
	return s
}

func (s *sendmailWorld) startSendmail(opt options) {
	s.Helper()
	host, port, err := net.SplitHostPort(s.postern.Milter)
	if err != nil {
		s.Fatal(err)
	}
	with := lab.SendmailOptions{Name: "mail.agency.example", Domain: "agency.example", Store: s.store}
	if opt.milter == "" { // else a stock one
		with.MC, with.Access = opt.main, s.registry(sendmailPolicy)
		with.Recipe = lab.SendmailRecipe{
			Milter: "inet:" + port + "@" + host, Observe: opt.observe,
			Gateways: map[string]string{"secure": s.gateway.Name},
		}
	}
	s.sendmail, err = s.lab.StartSendmail(with)
	if err != nil {
		s.Fatal(err)
	}
}

// in is s for a subtest.
func (s *sendmailWorld) in(t *testing.T) *sendmailWorld {
	t.Helper()
	sub := *s
	sub.world = s.world.in(t)
	return &sub
}

// relay sends as a host inside does and wants a reply of that code.
func (s *sendmailWorld) relay(code int, text string, to ...string) lab.Reply {
	s.Helper()
	reply, err := s.sendmail.Relay("ann@agency.example", to, text)
	if err != nil {
		s.Fatal(err)
	}
	if reply.Code != code {
		s.Fatalf("reply is %q, want code %d", reply, code)
	}
	return reply
}

// queueID finds the id in Sendmail's reply to a mail that it took.
func queueID(reply lab.Reply) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(reply.Text(), "2.0.0 "), " ")
	return id
}

// until waits for something that must come.
func (s *sendmailWorld) until(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("in vain waited: %s", what)
		}
	}
}

// waits waits until the mail is in the queue with that reason.
func (s *sendmailWorld) waits(id, reason string) {
	s.Helper()
	s.until("mail "+id+" stays in the queue: "+reason, func() bool {
		for line := range strings.Lines(s.sendmail.QueueFile("qf" + id)) {
			if strings.HasPrefix(line, "M") && strings.Contains(line, reason) {
				return true
			}
		}
		return false
	})
}

// unheard looks that the mail with token has arrived at no hop.
func (s *sendmailWorld) unheard(token string) {
	s.Helper()
	for _, hop := range s.hops() {
		if got, ok := hop.Find("Subject: " + token + "\r\n"); ok {
			s.Errorf("mail %q arrived at %s: %v", token, hop.Name, got.To)
		}
	}
}

func (s *sendmailWorld) hops() []*lab.Hop {
	return []*lab.Hop{s.store, s.partner, s.wrong, s.stranger, s.refusing, s.plain, s.gateway, s.verified}
}

// registry is what an admin puts into the access map.
func (s *sendmailWorld) registry(policy string) string {
	s.Helper()
	file := filepath.Join(s.TempDir(), "policy.toml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		s.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(os.Getenv(built), "postern"), "registry", "print", "--format", "sendmail", "--policy", file).Output()
	if err != nil {
		s.Fatal(err)
	}
	return string(out)
}

// freePort is a port of ::1 that nobody has.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
