//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

func TestSendmail(t *testing.T) {
	v6 := freePort(t)
	s := newSendmail(t, options{main: "DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=" + v6 + ", Addr=::1')dnl\n"})
	s.verdicts()
	s.edits()
	s.gateways()
	s.partners()
	s.connections("[::1]:" + v6)
}

// verdicts are accept, reject, hold and tempfail.
func (s *sendmailWorld) verdicts() {
	s.Run("a mail that no rule minds is delivered as it was sent", func(t *testing.T) {
		s := s.in(t)
		s.relay(250, mail("clean", "none")+"Zeile mit Ünïcode\n.dot\n", "pat@plain.example")
		if got, want := s.arrives(s.plain, "clean").Body(), "Nothing of interest.\r\nZeile mit Ünïcode\r\n.dot\r\n"; got != want {
			t.Errorf("body is %q, want %q", got, want)
		}
	})
	s.Run("a MIME mail is refused in several lines, without the number", func(t *testing.T) {
		s := s.in(t)
		text := "From: Ann <ann@agency.example>\nSubject: refused\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
			"--b\nContent-Type: text/plain\n\nSee the list.\n--b\nContent-Type: text/csv; name=list.csv\nContent-Disposition: attachment; filename=list.csv\n" +
			"Content-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("name,ssn\nPat,536-90-4399\n")) + "\n--b--\n"
		reply := s.relay(550, text, "pat@plain.example", "cy@citizen.example")
		if len(reply.Lines) != 3 || !reference.MatchString(reply.Lines[0]) || strings.Contains(reply.Text(), "4399") {
			t.Errorf("reply is %q", reply.Lines)
		}
		for _, line := range reply.Lines {
			if !strings.HasPrefix(line, "5.7.1 ") {
				t.Errorf("line %q has no enhanced code", line)
			}
		}
		s.unheard("refused")
	})
	s.Run("percent signs of a reply reach the client as they are", func(t *testing.T) {
		reply := s.in(t).relay(550, mail("percent", "refuse"), "pat@plain.example")
		if !strings.HasPrefix(reply.Lines[0], "5.7.1 100% of this %s must stay; see %20 and %%. (P-") {
			t.Errorf("reply is %q", reply.Lines)
		}
	})
	s.Run("a deferred mail is answered with 451", func(t *testing.T) {
		reply := s.in(t).relay(451, mail("deferred", "later"), "pat@plain.example")
		if !strings.HasPrefix(reply.Lines[0], "4.7.1 Not just now. (P-") {
			t.Errorf("reply is %q", reply.Lines)
		}
	})
	s.Run("a held mail is quarantined with its reference as the reason, and leaves by its way", func(t *testing.T) {
		s := s.in(t)
		id := queueID(s.relay(250, mail("held", "look-at-it by-gateway"), "cy@citizen.example", "bob@agency.example"))
		text := s.sendmail.QueueFile("hf" + id)
		ref := reference.FindString(text)
		if ref == "" || !strings.Contains(text, "\nqpostern "+ref+" wait\n") || strings.Contains(text, "X-Postern") {
			t.Errorf("the quarantined mail is\n%s", text)
		}
		if !strings.Contains(readFile(t, s.postern.Audit), ref) {
			t.Errorf("the audit file does not know %s", ref)
		}
		if listed, err := s.sendmail.Run("mailq", "-qQ"); err != nil || !strings.Contains(listed, ref) {
			t.Errorf("mailq -qQ: %v %s", err, listed)
		}
		if err := s.sendmail.Flush(); err != nil {
			t.Fatal(err)
		}
		s.unheard("held")
		for _, args := range [][]string{{"-Am", "-qQ", "-qI" + id, "-Q"}, {"-Am", "-qI" + id}} {
			if _, err := s.sendmail.Run("/usr/sbin/sendmail", args...); err != nil {
				t.Fatal(err)
			}
		}
		s.overTLS(s.gateway, "held")
		s.arrives(s.store, "held")
	})
	s.Run("mail of a local program is judged too", func(t *testing.T) {
		s := s.in(t)
		if err := s.sendmail.Submit(mail("local", "none"), "-f", "ann@agency.example", "pat@plain.example"); err != nil {
			t.Fatal(err)
		}
		s.arrives(s.plain, "local")
		if err := s.sendmail.Submit(mail("local-refused", "refuse"), "-f", "ann@agency.example", "pat@plain.example"); err == nil {
			t.Error("a refused mail is no error of sendmail(1)")
		}
		s.until("a bounce", func() bool { _, ok := s.store.Find("Subject: local-refused\r\n"); return ok })
		if _, arrived := s.plain.Find("Subject: local-refused\r\n"); arrived {
			t.Error("it was delivered")
		}
	})
}

func (s *sendmailWorld) edits() {
	s.Run("fields are added and removed, none of ours", func(t *testing.T) {
		s := s.in(t)
		s.relay(250, mail("tagged", "tag", "X-Secret: yes", "x-postern-ref : P-0123456789", "X-POSTERN-ROUTE:\n direct"), "pat@plain.example")
		header := s.arrives(s.plain, "tagged").Header()
		if !strings.Contains(header, "\r\nX-Tag: seen 100%\r\n") || strings.Contains(header, "X-Secret") {
			t.Errorf("header is\n%s", header)
		}
	})
	s.Run("a statement is appended", func(t *testing.T) {
		s := s.in(t)
		s.relay(250, mail("stated", "statement"), "pat@plain.example")
		got := s.arrives(s.plain, "stated")
		if !strings.HasPrefix(got.Body(), "Nothing of interest.\r\n") || !strings.Contains(got.Body(), "for its addressee only: ŵ. Please") ||
			!strings.Contains(got.Header(), "charset=utf-8") {
			t.Errorf("got\n%s", got.Data)
		}
	})
}

// gateways are the routes of single recipients.
func (s *sendmailWorld) gateways() {
	s.Run("of three recipients one goes to the gateway, over TLS and without a mark", func(t *testing.T) {
		s := s.in(t)
		s.relay(250, mail("three", "by-gateway"), "cy@citizen.example", "bob@agency.example", "pat@plain.example")
		for _, way := range []struct {
			got lab.Delivery
			to  string
		}{
			{s.overTLS(s.gateway, "three"), "<cy@citizen.example>"},
			{s.arrives(s.store, "three"), "<bob@agency.example>"},
			{s.arrives(s.plain, "three"), "<pat@plain.example>"},
		} {
			if len(way.got.To) != 1 || way.got.To[0] != way.to {
				t.Errorf("got the mail for %q, want %s", way.got.To, way.to)
			}
		}
	})
	s.Run("also where the client asks for notices and names the original recipient", func(t *testing.T) {
		s := s.in(t)
		c := s.client(s.sendmail.Address + ":25")
		for _, command := range []string{"MAIL FROM:<ann@agency.example> RET=HDRS ENVID=e", "RCPT TO:<cy@citizen.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;cy@citizen.example", "DATA"} {
			if r, err := c.Say("%s", command); err != nil || r.Code >= 400 {
				t.Fatalf("%s: %v %v", command, r, err)
			}
		}
		if r, err := c.Text(mail("notify", "by-gateway")); err != nil || r.Code != 250 {
			t.Fatal(r, err)
		}
		s.overTLS(s.gateway, "notify")
	})
	s.Run("a gateway without TLS gets nothing, and the mail waits", func(t *testing.T) {
		s := s.in(t)
		s.gateway.SetTLS(false)
		defer s.gateway.SetTLS(true)
		id := queueID(s.relay(250, mail("gateway-clear", "by-gateway"), "cy@citizen.example"))
		s.waits(id, "encryption too weak 0 less than 128")
		s.unheard("gateway-clear")
	})
	s.Run("a mark without a line in mailertable waits", func(t *testing.T) {
		s := s.in(t)
		id := queueID(s.relay(250, mail("no-line", "over-nothing"), "cy@citizen.example"))
		s.waits(id, "<cy@citizen.example.forgotten.postern.invalid>... mailertable has no line for this mark")
		s.unheard("no-line")
	})
	s.Run("nobody but postern may write a mark", func(t *testing.T) {
		s := s.in(t)
		for _, to := range []string{"cy@citizen.example.secure.postern.invalid", "x@POSTERN.invalid."} {
			if r, err := s.sendmail.Relay("ann@agency.example", []string{to}, mail("marked", "none")); err != nil || r.Code/100 != 5 {
				t.Errorf("%s: reply is %q, %v; want 5xx", to, r, err)
			}
			if err := s.sendmail.Submit(mail("marked", "none"), "-f", "ann@agency.example", to); err == nil {
				t.Errorf("%s: sendmail(1) took it", to)
			}
		}
		// Sendmail itself answers for a mark that its mailertable does not know.
		if r, err := s.sendmail.Relay("ann@agency.example", []string{"x@y.postern.invalid"}, mail("marked", "none")); err != nil || r.Code != 450 {
			t.Errorf("reply is %q, %v; want 450", r, err)
		}
		s.until("two bounces", func() bool {
			n := 0
			for _, got := range s.store.Mails() {
				if strings.HasPrefix(got.From, "<>") && strings.Contains(got.Data, "Subject: marked\r\n") {
					n++
				}
			}
			return n == 2
		})
		for _, hop := range []*lab.Hop{s.gateway, s.plain} {
			if _, ok := hop.Find("Subject: marked\r\n"); ok {
				t.Errorf("it arrived at %s", hop.Name)
			}
		}
	})
	s.Run("a recipient that the gateway refuses bounces under the real address", func(t *testing.T) {
		s := s.in(t)
		s.relay(250, mail("gateway-refused", "by-gateway"), "nobody@citizen.example")
		s.until("a bounce", func() bool {
			got, ok := s.store.Find("Subject: gateway-refused\r\n")
			if ok && !strings.Contains(got.Data, "\r\nFinal-Recipient: RFC822; nobody@citizen.example\r\n") {
				t.Errorf("the bounce is\n%s", got.Data)
			}
			return ok
		})
	})
}

// partners are domains whose TLS the access map forces, by what the registry prints.
func (s *sendmailWorld) partners() {
	s.Run("a partner's host that offers no TLS, or refuses it, gets nothing in clear", func(t *testing.T) {
		s := s.in(t)
		id := queueID(s.relay(250, mail("static-clear", "none"), "pat@refusing.example", "sam@sub.refusing.example", "bob@agency.example"))
		s.waits(id, "")
		s.arrives(s.store, "static-clear")
		if _, arrived := s.refusing.Find("static-clear"); arrived {
			t.Error("it left in clear")
		}
	})
	s.Run("tls-verified: a certificate for the domain, or for a host below it", func(t *testing.T) {
		s := s.in(t)
		s.relay(250, mail("static-verified", "none"), "pat@partner.example", "pat@verified.example")
		s.overTLS(s.partner, "static-verified")
		s.overTLS(s.verified, "static-verified")
	})
	s.Run("tls-verified: a certificate for another name, or of an unknown authority", func(t *testing.T) {
		s := s.in(t)
		id := queueID(s.relay(250, mail("static-wrong", "none"), "pat@wrong.example"))
		s.waits(id, "the certificate of mx.wrong.example is for another name")
		id = queueID(s.relay(250, mail("static-wrong", "none"), "pat@stranger.example"))
		s.waits(id, "authentication failed")
		s.unheard("static-wrong")
	})
}

func (s *sendmailWorld) connections(v6 string) {
	s.Run("mails on one connection do not know of each other", func(t *testing.T) {
		s := s.in(t)
		c := s.client(s.sendmail.Address + ":25")
		ids := map[string]bool{}
		for i, m := range []struct {
			code          int
			outcome, body string
		}{{550, "none", "SSN: 536-90-4399\n"}, {250, "none", ""}, {250, "look-at-it", ""}, {250, "none", ""}, {550, "refuse", ""}} {
			token := fmt.Sprintf("row-%d", i)
			r, err := c.Send("ann@agency.example", []string{fmt.Sprintf("p%d@plain.example", i)}, mail(token, m.outcome)+m.body)
			if err != nil || r.Code != m.code {
				t.Errorf("mail %d: %q %v, want %d", i, r, err, m.code)
			}
			if r, err := c.Say("NOOP"); err != nil || r.Code != 250 {
				t.Fatal(r, err)
			}
		}
		s.arrives(s.plain, "row-1")
		s.arrives(s.plain, "row-3")
		s.unheard("row-2")
		for line := range strings.Lines(readFile(t, s.postern.Audit)) {
			var r struct {
				QueueID  string `json:"queue_id"`
				Envelope struct {
					Recipients []struct{ Address string }
				}
				Counts map[string]any
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if len(r.Envelope.Recipients) != 1 || !strings.HasSuffix(r.Envelope.Recipients[0].Address, "@plain.example") || !strings.HasPrefix(r.Envelope.Recipients[0].Address, "p") ||
				r.Envelope.Recipients[0].Address[1] < '0' || r.Envelope.Recipients[0].Address[1] > '9' {
				continue
			}
			if r.QueueID == "" || ids[r.QueueID] {
				t.Errorf("queue id %q stands in two records, or is missing", r.QueueID)
			}
			ids[r.QueueID] = true
			if first := r.Envelope.Recipients[0].Address == "p0@plain.example"; first != (len(r.Counts) > 0) {
				t.Errorf("the record of %v tells %v", r.Envelope.Recipients, r.Counts)
			}
		}
		if len(ids) != 5 {
			t.Errorf("%d records, want 5", len(ids))
		}
	})
	s.Run("a client by IPv6 is known by its address", func(t *testing.T) {
		s := s.in(t)
		c := s.client(v6)
		if r, err := c.Send("ann@agency.example", []string{"six@plain.example"}, mail("six", "none")); err != nil || r.Code != 250 {
			t.Fatal(r, err)
		}
		s.arrives(s.plain, "six")
		for line := range strings.Lines(readFile(t, s.postern.Audit)) {
			if strings.Contains(line, `"address":"six@plain.example"`) && strings.Contains(line, `"client":"::1"`) {
				return
			}
		}
		t.Error("no record has the address of the client")
	})
}

// client is a connection after EHLO.
func (s *sendmailWorld) client(address string) *lab.Client {
	s.Helper()
	c, err := lab.Dial(address)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = c.Close() })
	if r, err := c.Hello(); err != nil || r.Code != 250 {
		s.Fatal(r, err)
	}
	return c
}

// Whenever postern is killed, a mail was either taken and arrives once, or was not
// taken and arrives never; and without postern nothing is taken.
func TestSendmailWithoutPosternLosesNothing(t *testing.T) {
	in := freePort(t)
	s := newSendmail(t, options{main: "DAEMON_OPTIONS(`Family=inet6, Name=IN, Port=" + in + ", Addr=::1, InputMailFilters=')dnl\n"})
	body := strings.Repeat(strings.Repeat("lorem ipsum ", 6)+"\n", 40000)
	for i := range 8 {
		token, outcome := fmt.Sprintf("kill-%d", i), []string{"none", "by-gateway", "look-at-it by-gateway", "statement"}[i%4]
		result := make(chan int)
		go func() {
			reply, _ := s.sendmail.Relay("ann@agency.example", []string{"cy@citizen.example"}, mail(token, outcome)+body)
			result <- reply.Code
		}()
		// From the first command to past the end of the mail.
		time.Sleep(time.Duration(i*20) * time.Millisecond)
		if err := s.postern.Kill(); err != nil {
			t.Fatal(err)
		}
		code := <-result
		if code != 250 && code/100 != 4 {
			t.Errorf("%s: code %d", token, code)
		}
		if i == 0 {
			s.relay(451, mail("down", "none"), "pat@plain.example")
			s.unheard("down")
			// A daemon with no filters of its own does not wait for postern.
			if r, err := s.client("[::1]:"+in).Send("sue@plain.example", []string{"bob@agency.example"}, mail("inbound", "none")); err != nil || r.Code != 250 {
				t.Errorf("the daemon without filters replies %q, %v", r, err)
			}
			s.arrives(s.store, "inbound")
		}
		if err := s.postern.Start(); err != nil {
			t.Fatal(err)
		}
		s.account(token, code == 250, outcome)
	}
}

// account looks for a mail at the hops and in the queue.
func (s *sendmailWorld) account(token string, taken bool, outcome string) {
	s.Helper()
	want := map[bool]int{true: 1}[taken]
	find := func() (copies int, where string) {
		for _, hop := range s.hops() {
			for _, got := range hop.Mails() {
				if strings.Contains(got.Header(), "Subject: "+token+"\r\n") {
					copies++
					where += " " + hop.Name
					if strings.Contains(outcome, "look-at-it") || strings.Contains(outcome, "by-gateway") != (hop == s.gateway) {
						s.Errorf("%s (%s) arrived at %s", token, outcome, hop.Name)
					}
				}
			}
		}
		for _, name := range s.sendmail.Queue("hf") {
			if strings.Contains(s.sendmail.QueueFile(name), "Subject: "+token+"\n") {
				copies++
				where += " quarantine"
			}
		}
		return copies, where
	}
	s.until("the queue to rest", func() bool { return len(s.sendmail.Queue("qf")) == 0 && len(s.sendmail.Queue("tf")) == 0 })
	if copies, where := find(); copies != want {
		s.Errorf("%s: taken is %v, and there are %d copies:%s", token, taken, copies, where)
	}
}

func TestSendmailThatOnlyObserves(t *testing.T) {
	s := newSendmail(t, options{observe: true})
	s.relay(250, mail("seen", "refuse", "X-Postern-Ref: kept"), "pat@plain.example")
	if got, ok := s.plain.Wait("Subject: seen\r\n", patience); !ok || !strings.Contains(got.Header(), "X-Postern-Ref: kept") {
		t.Errorf("got %v", got)
	}
	if err := s.postern.Kill(); err != nil {
		t.Fatal(err)
	}
	s.relay(250, mail("unseen", "refuse"), "pat@plain.example")
	s.arrives(s.plain, "unseen")
}

// What Sendmail cannot do must not load, instead of mail going in clear.
func TestAPolicyThatNeedsTLSForOneMailDoesNotLoadForSendmail(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	head := "[policy]\nid = \"p\"\n[inside]\ndomains = [\"agency.example\"]\n"
	config := func(routes, policy string) string {
		return "mode = \"enforce\"\n[milter]\nlisten = \"inet:127.0.0.1:0\"\n[http]\nlisten = \"127.0.0.1:0\"\n[routes]\nmta = \"sendmail\"\n" +
			routes + "\n[policy]\nfile = \"" + policy + "\"\n"
	}
	for name, c := range map[string]struct{ routes, policy, tells string }{
		"a rule with the route tls":             {"", head + "[rules.r]\nroute = \"tls\"\n", "Sendmail cannot force TLS for one mail"},
		"a rule with the route tls-verified":    {"", head + "[rules.r]\nroute = \"tls-verified\"\n", "Sendmail cannot force TLS for one mail"},
		"partners without a table":              {"", head + "[rules.r]\nroute = \"partner\"\n[partners.\"a.example\"]\nmethod = \"tls\"\n", "partner_tls = true"},
		"[routes] that declare the impossible":  {"tls = true", head, "Sendmail cannot force TLS for one mail"},
		"[routes] that declare it for verified": {"tls_verified = true", head, "Sendmail cannot force TLS for one mail"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write("postern.toml", config(c.routes, write("policy.toml", c.policy)))
			for _, verb := range []string{"serve", "lint"} {
				cmd := exec.Command(filepath.Join(os.Getenv(built), "postern"), verb, "--config", file)
				var said bytes.Buffer
				cmd.Stdout, cmd.Stderr = &said, &said
				stop := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
				err := cmd.Run()
				stop.Stop()
				if err == nil || !strings.Contains(said.String(), c.tells) {
					t.Errorf("%s: %v, it said\n%s", verb, err, said.String())
				}
			}
		})
	}
}
