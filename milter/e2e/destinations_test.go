//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// planted stands in every mail that must not be seen in clear on any wire.
const planted = "planted-value-Zebra7Quince"

// destinations are the rules by which a mail leaves as its destination allows.
const destinations = `
[rules.best]
to    = { not = "@colleagues" }
when  = { header = "X-Case", contains = "best" }
route = ["tls-verified", "tls", "gateway:secure"]

[rules.never-without]
to     = { not = "@colleagues" }
when   = { header = "X-Case", contains = "now-or-never", partner_tls = ["none"] }
reject = "5.7.10 The other side has no TLS: this mail was not sent."
`

// wilder is hostile, and calls a cipher without encryption a strong one.
const wilder = hostile + `
tls_high_cipherlist = eNULL:ALL:@SECLEVEL=0
smtp_tls_ciphers = null
`

// far are the mail systems of the world of destinations, by domain: what they can
// do, how it is verified, and the hop that takes their mail.
type far struct {
	domain, state, by string
	hop               *lab.Hop // nil: nobody has it
}

// destinationWorld is a world whose names are asked of a resolver that validates.
func destinationWorld(t *testing.T) (*world, []far) {
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
	resolver, err := l.StartResolver("signed.example")
	if err != nil {
		t.Fatal(err)
	}
	w.startHops()
	all := []far{
		{"partner.example", "tls-verified", "certificate", w.partner},
		{"wrong.example", "tls", "", w.wrong},
		{"stranger.example", "tls", "", w.stranger},
		{"refusing.example", "none", "", nil},
		{"plain.example", "none", "", nil},
		{"expired.example", "tls", "", w.hop(lab.HopOptions{Name: "mx.expired.example", Names: []string{"expired.example"}, Expired: true})},
		{"old.example", "none", "", nil},
		{"null.example", "none", "", nil},
		{"down.example", "unknown", "", nil},
		{"sts.example", "tls-verified", "mta-sts", w.hop(lab.HopOptions{Name: "mx.provider.example"})},
		{"dane.signed.example", "tls-verified", "dane", w.hop(lab.HopOptions{Name: "mx.dane.signed.example", Names: []string{"anything.example"}, Untrusted: true})},
		{"forged.signed.example", "tls", "", w.hop(lab.HopOptions{Name: "mx.forged.signed.example", Names: []string{"forged.signed.example"}})},
	}
	l.Domain("expired.example", all[5].hop)
	l.Domain("old.example", w.hop(lab.HopOptions{Name: "mx.old.example", Names: []string{"old.example"}, OldTLS: true}))
	gone := w.hop(lab.HopOptions{Name: "mx.down.example"})
	l.Domain("down.example", gone)
	w.away(gone)
	l.Domain("silent.example", w.hop(lab.HopOptions{Name: "mx.silent.example", Silent: true}))
	l.Domain("sts.example", all[9].hop)
	if err := l.StartPolicy("sts.example", "version: STSv1\nmode: enforce\nmx: *.provider.example\nmax_age: 86400\n"); err != nil {
		t.Fatal(err)
	}
	for _, one := range all[10:] {
		tlsa := one.hop.TLSA()
		if one.domain == "forged.signed.example" {
			tlsa = w.partner.TLSA() // somebody else's key
		}
		for name, record := range map[string]string{
			one.domain: "MX 10 " + one.hop.Name + ".", one.hop.Name: "A " + one.hop.Address, "_25._tcp." + one.hop.Name: tlsa,
		} {
			if err := resolver.Set(name, record); err != nil {
				t.Fatal(err)
			}
		}
	}
	toml := strings.Replace(config, "[audit]", fmt.Sprintf("[probe]\nenabled = true\nresolver = %q\nca_file = %q\ncache = %q\ntable = %q\ntime = \"20s\"\n[audit]",
		resolver.Address, l.CAFile(), filepath.Join(l.Dir, "destinations.json"), l.Table()), 1)
	w.startDaemon(options{config: toml, policy: policy + destinations, perRecipient: true})
	w.startNull()
	w.startPostfix(options{perRecipient: true, main: wilder, verified: l.Table()})
	return w, all
}

func (w *world) hop(opt lab.HopOptions) *lab.Hop {
	w.Helper()
	h, err := w.lab.StartHop(opt)
	if err != nil {
		w.Fatal(err)
	}
	return h
}

// startNull starts a Postfix that offers TLS without any encryption, and nothing
// else. What it takes arrives at the store.
func (w *world) startNull() {
	w.Helper()
	p, err := w.lab.StartPostfix(lab.PostfixOptions{
		Name: "mx.null.example", Domain: "null.example", Store: w.store,
		Main: "smtpd_tls_protocols = TLSv1.2\nsmtpd_tls_ciphers = null\nsmtpd_tls_mandatory_ciphers = null\n" +
			"tls_null_cipherlist = eNULL:@SECLEVEL=0\n",
		Recipe: lab.Recipe{Milter: "inet:127.0.0.1:1", Observe: true},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.lab.DomainAt("null.example", p.Name)
}

func TestDestinations(t *testing.T) {
	w, all := destinationWorld(t)
	var everybody []string
	for _, one := range all {
		everybody = append(everybody, "pat@"+one.domain)
	}
	secret := planted + "\n" + base64.StdEncoding.EncodeToString([]byte(planted)) + "\n"

	t.Run("a mail does not wait for a probe, and takes the stricter way", func(t *testing.T) {
		w := w.in(t)
		began := time.Now()
		w.submit(250, mail("unknown", "best")+secret, "pat@silent.example", "bob@agency.example")
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		if got := w.overTLS(w.gateway, "unknown"); len(got.To) != 1 {
			t.Errorf("the gateway got it for %q", got.To)
		}
		w.arrives(w.store, "unknown")
	})
	t.Run("what a destination can do is found out beside the mail flow", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("asking", "over-gateway")+secret, everybody...)
		w.overTLS(w.gateway, "asking")
		w.known(map[string]int{"tls-verified": 3, "tls": 4, "none": 4})
		for _, one := range all {
			out, err := w.postern.Run("registry", "probe", "--json", one.domain)
			if err != nil && one.state != "unknown" {
				t.Errorf("%s: %v", one.domain, err)
			}
			var got struct {
				State, By string
				Age       *int64 `json:"age_seconds"`
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil || got.State != one.state || got.By != one.by || got.Age == nil {
				t.Errorf("%s: got %s (%v), want %s by %q", one.domain, out, err, one.state, one.by)
			}
		}
	})
	t.Run("each recipient of one mail has the best way that its destination is capable of", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("best", "best")+secret, append(everybody, "bob@agency.example")...)
		byGateway := 0
		for _, one := range all {
			if one.hop == nil {
				byGateway++
				continue
			}
			if got := w.overTLS(one.hop, "best"); len(got.To) != 1 || !strings.HasPrefix(got.To[0], "<pat@"+one.domain+">") {
				t.Errorf("%s got it for %q", one.domain, got.To)
			}
		}
		if got := w.overTLS(w.gateway, "best"); len(got.To) != byGateway {
			t.Errorf("the gateway got it for %q, want %d recipients", got.To, byGateway)
		}
		if got := w.arrives(w.store, "best"); len(got.To) != 1 {
			t.Errorf("the store got it for %q", got.To)
		}
	})
	t.Run("tls-verified: by certificate, DANE or MTA-STS, and by nothing less", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("verified", "over-verified")+secret, everybody...)
		for _, one := range all {
			if one.state == "tls-verified" {
				w.overTLS(one.hop, "verified")
			}
		}
		for _, domain := range []string{"wrong.example", "stranger.example", "expired.example", "forged.signed.example", "plain.example", "refusing.example"} {
			w.told("verified", "pat@"+domain)
		}
		for _, one := range all {
			if one.hop != nil && one.state != "tls-verified" {
				w.not(one.hop, "verified")
			}
		}
	})
	t.Run("tls: what is too old, too weak or not there waits, and never leaves in clear", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("weak", "over-tls")+secret, "pat@old.example", "pat@null.example", "pat@down.example", "bob@agency.example")
		w.arrives(w.store, "weak")
		w.rests()
		if got := w.waiting("weak"); got != 3 {
			t.Errorf("it waits for %d recipients, want 3", got)
		}
		w.dropAll()
	})
	t.Run("a partner that loses its TLS between two mails is not written to in clear", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("with-tls", "best")+secret, "pat@partner.example")
		w.overTLS(w.partner, "with-tls")
		w.partner.SetTLS(false)
		defer w.partner.SetTLS(true)
		w.submit(250, mail("lost-tls", "best")+secret, "pat@partner.example", "bob@agency.example")
		w.arrives(w.store, "lost-tls")
		w.told("lost-tls", "pat@partner.example")
		w.not(w.partner, "lost-tls")
		// A new look, and the next mail goes round it.
		if _, err := w.postern.Run("registry", "probe", "--refresh", "partner.example"); err != nil {
			t.Fatal(err)
		}
		if out, _ := w.postern.Run("registry", "probe", "partner.example"); !strings.Contains(out, "partner.example: none") {
			t.Errorf("after a new look it is\n%s", out)
		}
	})
	t.Run("a refusal of TLS is told at once where the policy says so", func(t *testing.T) {
		w := w.in(t)
		if reply := w.submit(550, mail("at-once", "now-or-never")+secret, "pat@plain.example"); !strings.Contains(reply.Text(), "5.7.10") {
			t.Errorf("reply is %q", reply)
		}
		w.nowhere("at-once")
	})
	t.Run("what is known survives a kill of postern", func(t *testing.T) {
		w := w.in(t)
		if err := w.postern.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := w.postern.Start(); err != nil {
			t.Fatal(err)
		}
		w.submit(250, mail("again", "best")+secret, "pat@dane.signed.example", "pat@plain.example")
		w.overTLS(w.lookup(all, "dane.signed.example"), "again")
		w.overTLS(w.gateway, "again")
	})
	t.Run("while postern is down mail of tls-verified waits", func(t *testing.T) {
		w := w.in(t)
		id := lab.QueueID(w.submit(250, mail("no-table", "look-at-it over-verified")+secret, "pat@dane.signed.example"))
		w.held(id)
		if err := w.postern.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := w.postfix.Release(id); err != nil {
			t.Fatal(err)
		}
		if _, ok := w.postfix.Find(patience, func(q lab.Queued) bool { return q.Queue == "deferred" }); !ok {
			t.Error("it does not wait")
		}
		if err := w.postern.Start(); err != nil {
			t.Fatal(err)
		}
		w.flush()
		w.overTLS(w.lookup(all, "dane.signed.example"), "no-table")
	})
	t.Run("nothing of these mails was on any wire in clear", func(t *testing.T) {
		w := w.in(t)
		hops := []*lab.Hop{w.plain, w.refusing, w.gateway}
		for _, one := range all {
			if one.hop != nil {
				hops = append(hops, one.hop)
			}
		}
		for _, hop := range hops {
			w.unseen(hop, planted)
		}
		if wire := w.gateway.Wire(); len(wire) < 1000 {
			t.Errorf("the capture of the gateway has %d bytes: it shows nothing", len(wire))
		}
	})
}

// known waits until so many domains are known for each state.
func (w *world) known(want map[string]int) {
	w.Helper()
	text := ""
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		text, _ = w.postern.Metrics()
		right := true
		for state, n := range want {
			found := regexp.MustCompile(`(?m)^postern_probe_domains\{state="` + state + `"\} (\d+)$`).FindStringSubmatch(text)
			right = right && found != nil && found[1] == strconv.Itoa(n)
		}
		if right {
			return
		}
	}
	w.Fatalf("the destinations do not become known, wanted %v:\n%s", want, strings.Join(regexp.MustCompile(`(?m)^postern_probe.*$`).FindAllString(text, -1), "\n"))
}

func (w *world) lookup(all []far, domain string) *lab.Hop {
	w.Helper()
	for _, one := range all {
		if one.domain == domain {
			return one.hop
		}
	}
	w.Fatalf("there is no %s", domain)
	return nil
}

// told waits for a bounce of a mail that names a recipient, under the real address.
func (w *world) told(token, recipient string) {
	w.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, got := range w.store.Mails() {
			if strings.HasPrefix(got.From, "<>") && strings.Contains(got.Data, "Subject: "+token+"\r\n") && strings.Contains(got.Data, "Final-Recipient: rfc822; "+recipient+"\r\n") {
				if ours.MatchString(got.Data) {
					w.Errorf("the bounce tells of postern:\n%s", got.Data)
				}
				return
			}
		}
	}
	w.Errorf("the sender of %q does not hear of %s", token, recipient)
}

// not looks that a hop does not have a mail.
func (w *world) not(hop *lab.Hop, token string) {
	w.Helper()
	if _, arrived := hop.Find("Subject: " + token + "\r\n"); arrived {
		w.Errorf("mail %q arrived at %s", token, hop.Name)
	}
}

// unseen looks that a value has crossed no socket of a hop in clear.
func (w *world) unseen(hop *lab.Hop, value string) {
	w.Helper()
	wire := string(hop.Wire())
	for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), strings.ToUpper(value)} {
		if at := strings.Index(wire, form); at >= 0 {
			w.Errorf("%s saw %q in clear: …%q…", hop.Name, form, wire[max(0, at-200):at])
		}
	}
}

// waiting counts the recipients for whom a mail lies in the queue.
func (w *world) waiting(token string) (recipients int) {
	w.Helper()
	queued, err := w.postfix.Queued()
	if err != nil {
		w.Fatal(err)
	}
	for _, q := range queued {
		if text, _ := w.postfix.Text(q.ID); strings.Contains(text, "Subject: "+token+"\n") {
			recipients += len(q.Recipients)
		}
	}
	return recipients
}

// dropAll empties the queue.
func (w *world) dropAll() {
	w.Helper()
	if _, err := w.postfix.Run("postsuper", "-d", "ALL"); err != nil {
		w.Fatal(err)
	}
}
