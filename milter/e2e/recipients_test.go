//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

func TestRoutesPerRecipient(t *testing.T) {
	w := newWorld(t, options{perRecipient: true, main: hostile})
	w.perRecipientWays()

	t.Run("a host without TLS bounces for its recipient alone, under the real address", func(t *testing.T) {
		w := w.in(t)
		w.partner.SetTLS(false)
		defer w.partner.SetTLS(true)
		w.submit(250, mail("alone", "four-ways"), "pat@partner.example", "bob@agency.example")
		w.arrives(w.store, "alone")
		w.spotless(w.bounced("alone"), "pat@partner.example")
		if _, arrived := w.partner.Find("Subject: alone\r\n"); arrived {
			t.Error("it left in clear")
		}
	})
	t.Run("tls-verified: a certificate of another name bounces for its recipient alone", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("verified", "over-verified"), "pat@partner.example", "pat@wrong.example", "bob@agency.example")
		w.arrives(w.store, "verified")
		w.overTLS(w.partner, "verified")
		w.spotless(w.bounced("verified"), "pat@wrong.example")
	})
	t.Run("a recipient that the next hop refuses bounces under the real address", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("refused", "four-ways"), "nobody@partner.example", "bob@agency.example")
		w.spotless(w.bounced("refused"), "nobody@partner.example")
	})
	t.Run("nobody but postern may write a mark", func(t *testing.T) {
		w := w.in(t)
		for _, to := range []string{"pat@plain.example.tls.postern.invalid", "pat@plain.example.secure.postern.invalid", "x@y.postern.invalid", "x@postern.invalid", "x@POSTERN.Invalid."} {
			if reply, err := w.postfix.Submit("ann", "ann@agency.example", []string{to}, mail("marked", "none")); err != nil || reply.Code/100 != 5 {
				t.Errorf("%s: reply is %q, %v; want 5xx", to, reply, err)
			}
			if err := w.postfix.Sendmail(mail("marked", "none"), "-f", "ann@agency.example", to); err != nil {
				t.Fatal(err)
			}
		}
		w.nowhere("marked")
	})
	t.Run("nor on port 25, where postern does not look, nor an address of their domain", func(t *testing.T) {
		w := w.in(t)
		c, err := lab.Dial(w.postfix.Address + ":25")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for to, code := range map[string]int{"pat@plain.example.tls.postern.invalid": 554, "x@postern.invalid": 554, "x@POSTERN.Invalid.": 554, "pat@plain.example": 250} {
			if reply, err := c.Say("RSET"); err != nil || reply.Code != 250 {
				t.Fatal(reply, err)
			}
			if reply, err := c.Say("MAIL FROM:<ann@agency.example>"); err != nil || reply.Code != 250 {
				t.Fatal(reply, err)
			}
			if reply, err := c.Say("RCPT TO:<%s>", to); err != nil || reply.Code != code {
				t.Errorf("%s: reply is %q, %v; want %d", to, reply, err, code)
			}
		}
	})
	t.Run("a mail that is queued anew keeps the ways of its recipients", func(t *testing.T) {
		w := w.in(t)
		w.away(w.partner)
		w.submit(250, mail("marked-anew", "four-ways"), "pat@partner.example", "bob@agency.example")
		w.arrives(w.store, "marked-anew")
		second, ok := w.postfix.Find(patience, func(q lab.Queued) bool { return q.Queue == "deferred" })
		if !ok {
			t.Fatal("no mail waits for the partner")
		}
		w.back(w.partner, false)
		w.requeue(second.ID)
		w.bounced("marked-anew")
		if _, arrived := w.partner.Find("marked-anew"); arrived {
			t.Error("it left in clear")
		}
	})
	t.Run("a held mail leaves by the ways of its recipients when it is released", func(t *testing.T) {
		w := w.in(t)
		id := lab.QueueID(w.submit(250, mail("held-ways", "look-at-it four-ways"), "pat@partner.example", "cy@citizen.example", "bob@agency.example"))
		w.held(id)
		if err := w.postfix.Release(id); err != nil {
			t.Fatal(err)
		}
		w.overTLS(w.partner, "held-ways")
		w.overTLS(w.gateway, "held-ways")
		w.arrives(w.store, "held-ways")
	})
}

// spotless looks that a bounce names the recipient, and shows nothing of ours.
func (w *world) spotless(bounce, recipient string) {
	w.Helper()
	if !strings.Contains(bounce, "Final-Recipient: rfc822; "+recipient+"\r\n") || ours.MatchString(bounce) {
		w.Errorf("bounce for %q is\n%s", recipient, bounce)
	}
}

// As docs/postfix.md says: mail that has no route waits for a partner whose TLS
// fails, or is answered at once.
func TestMailWithoutARouteWaitsForAPartnersTLSOrIsAnswered(t *testing.T) {
	w := newWorld(t, options{main: "smtp_tls_policy_maps = inline:{plain.example=encrypt}\n"})
	id := lab.QueueID(w.submit(250, mail("static", "none"), "pat@plain.example"))
	if _, ok := w.postfix.Find(patience, func(q lab.Queued) bool { return q.Queue == "deferred" && q.ID == id }); !ok {
		t.Fatal("it does not wait")
	}
	for _, command := range [][]string{
		{"postconf", "-P", "smtp/unix/smtp_delivery_status_filter=regexp:$config_directory/postern/refused.regexp"}, {"postfix", "reload"},
	} {
		if _, err := w.postfix.Run(command[0], command[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(patience); ; {
		w.flush()
		if _, ok := w.store.Wait("Subject: static\r\n", time.Second); ok {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the sender is not told")
		}
	}
	w.bounced("static")
	w.not(w.plain, "static")
}

// Without its listeners the recipe cannot deliver; even then a bounce does not
// show a mark, and nothing leaves in clear.
func TestAMarkIsNotSeenWhenTheFirstLegIsDown(t *testing.T) {
	w := newWorld(t, options{perRecipient: true, main: "maximal_queue_lifetime = 0\n"})
	w.withoutListener(w.postfix.Address + ":10031")
	w.submit(250, mail("leg", "four-ways"), "pat@partner.example", "bob@agency.example")
	w.arrives(w.store, "leg")
	w.spotless(w.bounced("leg"), "pat@partner.example")
	if got := w.partner.Mails(); len(got) > 0 {
		t.Errorf("the partner got %v", got)
	}
}

func (w *world) perRecipientWays() {
	w.Run("recipients of one mail leave by four ways", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("four", "four-ways"), "pat@partner.example", "cy@citizen.example", "bob@agency.example", "sam@plain.example")
		for _, way := range []struct {
			hop *lab.Hop
			got lab.Delivery
			to  string
		}{
			{w.partner, w.overTLS(w.partner, "four"), "<pat@partner.example>"},
			{w.gateway, w.overTLS(w.gateway, "four"), "<cy@citizen.example>"},
			{w.store, w.arrives(w.store, "four"), "<bob@agency.example>"},
			{w.plain, w.arrives(w.plain, "four"), "<sam@plain.example>"},
		} {
			if len(way.got.To) != 1 || !strings.HasPrefix(way.got.To[0], way.to) {
				t.Errorf("%s got the mail for %q, want %s", way.hop.Name, way.got.To, way.to)
			}
		}
	})
}
