//go:build e2e

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// sendmailWorld is a world with a Sendmail in Postfix's place.
type sendmailWorld struct {
	*world
	sendmail *lab.Sendmail
}

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
reject = "5.7.1 100% of this %s must stay. See %20 in the manual."

[rules.wait]
when = { header = "X-Case", contains = "look-at-it" }
hold = "Somebody looks at it first."

[rules.later]
when     = { header = "X-Case", contains = "later" }
tempfail = "4.7.1 Not just now."

[rules.numbers]
when   = { found = "us-ssn" }
reject = "5.7.1 A Social Security number ({found}) may not leave."

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

[partners."partner.example"]
method = "tls"

[partners."stranger.example"]
method = "tls-verified"

[partners."named.example"]
method = "tls-verified"

[partners."wrong.example"]
method = "tls-verified"

[lists.colleagues]
entries = ["agency.example"]

[lists.citizens]
entries = ["citizen.example"]
`

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
	s.lab.Domain("agency.example", s.store)
	s.lab.Domain("named.example", s.partner)
	opt.config, opt.policy = sendmailConfig, sendmailPolicy
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
	s.sendmail, err = s.lab.StartSendmail(lab.SendmailOptions{
		Name: "mail.agency.example", Domain: "agency.example", Store: s.store,
		Access: s.registry(sendmailPolicy),
		MC:     opt.main,
		Recipe: lab.SendmailRecipe{
			Milter: "inet:" + port + "@" + host, Observe: opt.observe,
			Gateways: map[string]string{"secure": s.gateway.Name},
		},
	})
	if err != nil {
		s.Fatal(err)
	}
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

func TestSendmailScratch(t *testing.T) {
	s := newSendmail(t, options{})
	for _, c := range []string{"pat@partner.example", "pat@wrong.example", "pat@stranger.example", "pat@named.example"} {
		r, err := s.sendmail.Relay("ann@agency.example", []string{c}, mail(c, "none"))
		t.Log(c, r, err)
	}
	for i := 0; i < 50 && len(s.partner.Mails()) == 0; i++ {
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second)
	t.Fail()
}
