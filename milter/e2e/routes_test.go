//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// hostile is what an admin's main.cf may say about TLS: clear everywhere.
const hostile = `
smtp_tls_policy_maps = inline:{ partner.example=may, plain.example=may, mx.partner.example=none, gateway.agency.example=none, .example=none }
smtp_tls_protocols = >=TLSv1
smtp_tls_mandatory_protocols = >=TLSv1
smtp_tls_mandatory_ciphers = null
relayhost = [mx.plain.example]
smtp_fallback_relay = [mx.plain.example]
smtpd_milter_maps = inline:{ 127.0.0.1=DISABLE }
`

// hostilePerSite is the older table, which counts where there is no newer one.
const hostilePerSite = `
smtp_tls_per_site = inline:{ partner.example=NONE, mx.partner.example=NONE, plain.example=MAY, mx.plain.example=MAY }
smtp_tls_security_level =
`

func TestRoutes(t *testing.T) {
	for name, main := range map[string]string{
		"stock main.cf": "", "main.cf whose policy table weakens TLS": hostile, "main.cf with a per-site table": hostilePerSite,
	} {
		t.Run(name, func(t *testing.T) { newWorld(t, options{main: main}).leaveByTheirRoutes() })
	}
}

func (w *world) leaveByTheirRoutes() {
	w.Run("tls: the next hop gets the mail over TLS", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("tls", "over-tls"), "pat@partner.example")
		w.overTLS(w.partner, "tls")
	})
	w.Run("tls: a host without it, or that refuses it, is answered at once", func(t *testing.T) {
		w := w.in(t)
		for token, to := range map[string]string{"no-tls": "pat@plain.example", "refused-tls": "pat@refusing.example"} {
			w.submit(250, mail(token, "over-tls"), to)
			if text := w.bounced(token); !strings.Contains(text, "Status: 5.7.") || !strings.Contains(text, "TLS is required") {
				t.Errorf("bounce is\n%s", text)
			}
			w.nowhere(token)
		}
	})
	w.Run("tls: any certificate will do", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("unverified", "over-tls"), "pat@stranger.example")
		w.overTLS(w.stranger, "unverified")
	})
	w.Run("tls-verified: a certificate of the domain will do", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("verified", "over-verified"), "pat@partner.example")
		w.overTLS(w.partner, "verified")
	})
	w.Run("tls-verified: a certificate of another name or authority is answered at once", func(t *testing.T) {
		w := w.in(t)
		for token, to := range map[string]string{"other-name": "pat@wrong.example", "other-authority": "pat@stranger.example"} {
			w.submit(250, mail(token, "over-verified"), to)
			if text := w.bounced(token); !strings.Contains(text, "Status: 5.7.5") {
				t.Errorf("bounce is\n%s", text)
			}
			w.nowhere(token)
		}
	})
	w.Run("gateway: the mail goes there over TLS, whatever the recipient's domain", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("gateway", "over-gateway"), "pat@plain.example", "sam@partner.example")
		if got := w.overTLS(w.gateway, "gateway"); len(got.To) != 2 {
			t.Errorf("recipients are %q", got.To)
		}
	})
	w.Run("gateway: while it has no TLS the mail waits", func(t *testing.T) {
		w := w.in(t)
		w.gateway.SetTLS(false)
		defer w.gateway.SetTLS(true)
		id := lab.QueueID(w.submit(250, mail("waiting", "over-gateway"), "pat@plain.example"))
		w.deferred(id)
		w.nowhere("waiting")
		w.gateway.SetTLS(true)
		w.flush()
		w.overTLS(w.gateway, "waiting")
	})
	w.Run("a route without a line in route.regexp is held", func(t *testing.T) {
		w := w.in(t)
		w.held(lab.QueueID(w.submit(250, mail("forgotten", "over-nothing"), "pat@plain.example")))
		w.nowhere("forgotten")
	})
	w.Run("a held mail leaves by its route when it is released", func(t *testing.T) {
		w := w.in(t)
		id := lab.QueueID(w.submit(250, mail("held-tls", "look-at-it over-tls"), "pat@partner.example"))
		w.held(id)
		if err := w.postfix.Release(id); err != nil {
			t.Fatal(err)
		}
		w.overTLS(w.partner, "held-tls")
	})
	w.Run("a mail that is queued anew keeps its route", func(t *testing.T) {
		w := w.in(t)
		w.away(w.partner)
		id := lab.QueueID(w.submit(250, mail("anew", "over-tls"), "pat@partner.example"))
		w.deferred(id)
		w.back(w.partner, false)
		w.requeue(id)
		w.bounced("anew")
		w.nowhere("anew")

		w.away(w.partner)
		id = lab.QueueID(w.submit(250, mail("anew-tls", "over-tls"), "pat@partner.example"))
		w.deferred(id)
		w.back(w.partner, true)
		w.requeue(id)
		w.overTLS(w.partner, "anew-tls")
	})
	w.Run("a held mail that is queued anew is held again", func(t *testing.T) {
		w := w.in(t)
		id := lab.QueueID(w.submit(250, mail("held-anew", "look-at-it over-tls"), "pat@partner.example"))
		w.held(id)
		w.requeue(id)
		again, ok := w.postfix.Find(patience, func(q lab.Queued) bool {
			if q.Queue != "hold" || q.ID == id {
				return false
			}
			text, _ := w.postfix.Text(q.ID)
			return strings.Contains(text, "Subject: held-anew\n")
		})
		if !ok {
			t.Fatal("it is not in the hold queue")
		}
		w.nowhere("held-anew")
		if err := w.postfix.Release(again.ID); err != nil {
			t.Fatal(err)
		}
		w.overTLS(w.partner, "held-anew")
	})
	w.Run("colleagues and outsiders in one mail of a route are sent separately", func(t *testing.T) {
		w := w.in(t)
		reply := w.submit(550, mail("mixed", "over-tls"), "pat@partner.example", "bob@agency.example")
		if !strings.Contains(reply.Text(), "bob@agency.example") {
			t.Errorf("reply does not name the colleague: %q", reply.Lines)
		}
		w.nowhere("mixed")
	})
}

// A fault of our own is no refusal of the other side: the mail waits.
func TestAFaultOfOurOwnTLSIsNotBounced(t *testing.T) {
	w := newWorld(t, options{main: "smtp_tls_CAfile = /no/such/file\n"})
	id := lab.QueueID(w.submit(250, mail("own-fault", "over-tls"), "pat@partner.example"))
	w.deferred(id)
	if log := w.postfix.Log(); !strings.Contains(log, "our TLS engine is unavailable") {
		t.Errorf("the log does not tell of the fault:\n%s", log)
	}
	w.nowhere("own-fault")
	if mails := w.store.Mails(); len(mails) > 0 {
		t.Errorf("the sender got %v", mails)
	}
}

func TestForgedHeadersAreNotObeyed(t *testing.T) {
	w := newWorld(t, options{})
	forged := []string{
		"X-Postern-Route: gateway:secure", "x-postern-ROUTE:\n gateway:secure", "X-Postern-Route : gateway:secure",
		"X-Postern-Ref: P-0000000000", "X-Postern-Route: bogus",
	}
	t.Run("by SMTP", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("forged", "none", forged...), "pat@plain.example")
		w.arrives(w.plain, "forged")
		w.submit(250, mail("forged-tls", "over-tls", forged...), "pat@partner.example")
		w.overTLS(w.partner, "forged-tls")
	})
	t.Run("by a local program", func(t *testing.T) {
		w := w.in(t)
		for i, header := range forged {
			token := fmt.Sprintf("local-%d", i)
			if err := w.postfix.Sendmail(mail(token, "none", header), "-f", "ann@agency.example", "pat@plain.example"); err != nil {
				t.Fatal(err)
			}
			w.arrives(w.plain, token)
		}
		if err := w.postfix.Sendmail(mail("local-tls", "over-tls", forged...), "-f", "ann@agency.example", "pat@partner.example"); err != nil {
			t.Fatal(err)
		}
		w.overTLS(w.partner, "local-tls")
	})
	if mails := w.gateway.Mails(); len(mails) > 0 {
		t.Errorf("the gateway got %v", mails)
	}
}

// deferred waits until a first delivery of the mail has failed.
func (w *world) deferred(id string) {
	w.Helper()
	if _, ok := w.postfix.Find(patience, func(q lab.Queued) bool { return q.Queue == "deferred" && q.ID == id }); !ok {
		w.Fatalf("mail %s is not deferred", id)
	}
}

func (w *world) flush() {
	w.Helper()
	if err := w.postfix.Flush(); err != nil {
		w.Fatal(err)
	}
}

// requeue queues a mail anew.
func (w *world) requeue(id string) {
	w.Helper()
	if _, err := w.postfix.Run("postsuper", "-r", id); err != nil {
		w.Fatal(err)
	}
	w.flush() // pickup would look a minute later
}

// away takes a hop off the network.
func (w *world) away(hop *lab.Hop) {
	w.Helper()
	if err := hop.Down(); err != nil {
		w.Fatal(err)
	}
}

// back puts it on the network again, with STARTTLS on offer or not. After the
// test it is as it was.
func (w *world) back(hop *lab.Hop, offered bool) {
	w.Helper()
	hop.SetTLS(offered)
	w.Cleanup(func() { hop.SetTLS(true) })
	if err := hop.Up(); err != nil {
		w.Fatal(err)
	}
}
