package milter

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

func TestASessionFillsTheEnvelope(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := dial(t, "tcp", h.addr)
	m.negotiate(6, 0x1ff, 0x1fffff)
	m.macros('C', "{daemon_name}", "ORIGINATING", "v", "Postfix 3.7.11")
	m.ask('C', "client.example\x006\x30\x392001:db8::7\x00", "c")
	m.ask('H', "first.example\x00", "c")
	m.send('A', "")
	m.macros('H', "{tls_version}", "TLSv1.3", "{cipher}", "TLS_AES_256_GCM_SHA384", "{cipher_bits}", "256")
	m.ask('H', "second.example\x00", "c")
	m.macros('M', "{auth_type}", "PLAIN", "{auth_authen}", "alice", "{mail_addr}", "alice@inside.example")
	m.ask('M', "<alice@inside.example>\x00SIZE=1000\x00smtputf8\x00", "c")
	m.macros('R', "{rcpt_addr}", "src@outside.example", "{rcpt_mailer}", "smtp")
	m.ask('R', "<@relay.example:src@outside.example>\x00NOTIFY=NEVER\x00", "c")
	m.macros('R', "i", "4Q1", "{rcpt_addr}", "carol@inside.example", "{rcpt_mailer}", "local")
	m.ask('R', "<carol>\x00", "c")
	m.ask('R', "<dave@outside.example>\x00", "c")
	m.macros('L', "i", "4Q1")
	m.content("hello\r\n", "Subject: hi", "X-Folded:\ta\n b", "X-Empty:")
	if steps, reply := m.end(); reply != "a" || len(steps) > 0 {
		t.Fatalf("verdict is %q after %q, want a alone", reply, steps)
	}

	mail := h.engine.mails()[0]
	got := *mail.env
	if !strings.HasPrefix(got.Ref, "P-") || len(got.Ref) != 12 || got.Time.IsZero() {
		t.Errorf("reference %q and time %v", got.Ref, got.Time)
	}
	want := rules.Envelope{
		Ref: got.Ref, Time: got.Time, QueueID: "4Q1", Sender: "alice@inside.example", User: "alice",
		Client: netip.MustParseAddr("2001:db8::7"), Helo: "second.example", Daemon: "ORIGINATING", SMTPUTF8: true,
		TLS: rules.TLS{Version: "TLSv1.3", Cipher: "TLS_AES_256_GCM_SHA384", Bits: 256},
	}
	rcpts := []rules.Recipient{
		{Address: "@relay.example:src@outside.example", Canonical: "src@outside.example", Mailer: "smtp"},
		{Address: "carol", Canonical: "carol@inside.example", Mailer: "local"},
		{Address: "dave@outside.example"}, // the macros of another recipient are not his
	}
	for i, r := range rcpts {
		if got.Recipients[i] != r {
			t.Errorf("recipient %d is %+v, want %+v", i, got.Recipients[i], r)
		}
	}
	got.Recipients = nil
	if !sameEnvelope(got, want) {
		t.Errorf("envelope\n got %+v\nwant %+v", got, want)
	}
	fields := [][2]string{{"Subject", "hi"}, {"X-Folded", "\ta\n b"}, {"X-Empty", ""}}
	for i, f := range fields {
		if mail.fields[i] != f {
			t.Errorf("field %d is %q, want %q", i, mail.fields[i], f)
		}
	}
	if mail.body.String() != "hello\r\n" {
		t.Errorf("body is %q", mail.body.String())
	}
}

func sameEnvelope(a, b rules.Envelope) bool {
	return a.Ref == b.Ref && a.Time.Equal(b.Time) && a.QueueID == b.QueueID && a.Sender == b.Sender && a.User == b.User &&
		a.Client == b.Client && a.Helo == b.Helo && a.Daemon == b.Daemon && a.Pickup == b.Pickup && a.TLS == b.TLS && a.SMTPUTF8 == b.SMTPUTF8
}

func TestTheClientOfAConnection(t *testing.T) {
	tests := []struct {
		name    string
		packet  string
		macro   string
		client  string
		pickup  bool
		unknown bool
	}{
		{name: "an IPv4 client", packet: "a.example\x004\x30\x39192.0.2.7\x00", client: "192.0.2.7"},
		{name: "an IPv6 client of Postfix", packet: "a.example\x006\x30\x392001:db8::1\x00", client: "2001:db8::1"},
		{name: "an IPv6 client of Sendmail", packet: "a.example\x006\x30\x39IPv6:2001:db8::1\x00", client: "2001:db8::1"},
		{name: "an IPv4 client in IPv6 clothes", packet: "a.example\x006\x30\x39::ffff:192.0.2.7\x00", client: "192.0.2.7"},
		{name: "an address only in the macro", packet: "a.example\x006\x30\x39\x00", macro: "IPv6:2001:db8::1", client: "2001:db8::1"},
		{name: "a mail of sendmail(1) on Postfix", packet: "localhost\x004\x00\x00127.0.0.1\x00", pickup: true},
		{name: "an MTA on a pipe", packet: "localhost\x00U", pickup: true},
		{name: "a local client by SMTP", packet: "localhost\x004\x30\x39127.0.0.1\x00", client: "127.0.0.1"},
		{name: "a stranger who calls himself localhost", packet: "localhost\x004\x00\x00192.0.2.7\x00", client: "192.0.2.7"},
		{name: "an address that is none", packet: "a.example\x004\x30\x39nonsense\x00", unknown: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := serve(t, &fakeEngine{})
			m := dial(t, "tcp", h.addr)
			m.negotiate(6, 0x1ff, 0x1fffff)
			if tt.macro != "" {
				m.macros('C', "{client_addr}", tt.macro)
			}
			m.ask('C', tt.packet, "c")
			m.ask('H', "x\x00", "c")
			m.mail("Q", "x", "Subject: y")
			env := h.engine.mails()[0].env
			got := ""
			if env.Client.IsValid() {
				got = env.Client.String()
			}
			if got != tt.client || env.Pickup != tt.pickup {
				t.Errorf("client %q, pickup %v; want %q, %v", got, env.Pickup, tt.client, tt.pickup)
			}
		})
	}
}

func TestAPickupHasASenderWithoutBrackets(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := dial(t, "tcp", h.addr)
	m.negotiate(6, 0x1ff, 0x1fffff)
	m.ask('C', "localhost\x004\x00\x00127.0.0.1\x00", "c")
	m.ask('H', "localhost\x00", "c")
	m.macros('M', "i", "PICK1")
	m.ask('M', "root@inside.example\x00", "c")
	m.ask('R', "bob@outside.example\x00", "c")
	m.content("x")
	m.end()
	env := h.engine.mails()[0].env
	if env.Sender != "root@inside.example" || env.Recipients[0].Address != "bob@outside.example" || env.QueueID != "PICK1" {
		t.Errorf("envelope is %+v", env)
	}
}

func TestMailsOfOneConnectionShareNothing(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	// Sendmail sends no ABORT between mails.
	m.mail("FIRST", "one", "Subject: 1")
	m.macros('M', "{mail_addr}", "x@inside.example")
	m.ask('M', "<>\x00", "c")
	m.ask('R', "<bob@outside.example>\x00", "c")
	m.content("two", "Subject: 2")
	m.end()
	// Postfix sends two.
	m.send('A', "")
	m.send('A', "")
	m.ask('M', "<carol@inside.example>\x00", "c") // without macros
	m.ask('R', "<dave@outside.example>\x00", "c")
	m.content("three")
	m.end()

	mails := h.engine.mails()
	if len(mails) != 3 {
		t.Fatalf("%d mails were inspected, want 3", len(mails))
	}
	for i, want := range []struct{ queueID, sender, subject, body string }{
		{"FIRST", "alice@inside.example", "1", "one"},
		{"", "", "2", "two"},
		{"", "carol@inside.example", "", "three"},
	} {
		mail := mails[i]
		if mail.env.QueueID != want.queueID || mail.env.Sender != want.sender || mail.body.String() != want.body {
			t.Errorf("mail %d: queue id %q, sender %q, body %q", i+1, mail.env.QueueID, mail.env.Sender, mail.body.String())
		}
		if len(mail.env.Recipients) != 1 {
			t.Errorf("mail %d has recipients %v", i+1, mail.env.Recipients)
		}
		if mail.env.Client.String() != "192.0.2.7" || mail.env.Daemon != "ORIGINATING" || mail.env.User != "alice" {
			t.Errorf("mail %d lost its connection: %+v", i+1, mail.env)
		}
	}
	if mails[0].env.Ref == mails[1].env.Ref {
		t.Error("two mails have the same reference")
	}
	if n := h.metric(t, "postern_aborted_total"); n != "0" {
		t.Errorf("%s mails count as aborted, want 0", n)
	}
}

func TestAnAbortedMailIsDropped(t *testing.T) {
	for name, stop := range map[string]func(m *mta){
		"by RSET":           func(m *mta) { m.send('A', "") },
		"by a new HELO":     func(m *mta) { m.ask('H', "again\x00", "c") },
		"by a new MAIL":     func(*mta) {},
		"by new connection": func(m *mta) { m.send('K', ""); m.ask('C', "other\x004\x30\x39192.0.2.9\x00", "c") },
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, &fakeEngine{})
			m := connect(t, h)
			m.envelope("Q1")
			m.content(strings.Repeat("half a bo", maxTakenIn), "Subject: hi")
			stop(m)
			m.ask('M', "<carol@inside.example>\x00", "c")
			h.eventually(t, "postern_aborted_total", "1")
			mail := h.engine.mails()[0]
			if mail.ctx.Err() == nil || mail.finished != 1 {
				t.Errorf("the inspection was left open: context %v, finished %d times", mail.ctx.Err(), mail.finished)
			}
			m.ask('R', "<dave@outside.example>\x00", "c")
			m.content("whole")
			if _, reply := m.end(); reply != "a" {
				t.Errorf("the mail after it got %q", reply)
			}
			if got := h.engine.mails()[1]; got.body.String() != "whole" || len(got.env.Recipients) != 1 {
				t.Errorf("the mail after it is %q to %v", got.body.String(), got.env.Recipients)
			}
		})
	}
	t.Run("by the end of the connection", func(t *testing.T) {
		h := serve(t, &fakeEngine{})
		m := connect(t, h)
		m.envelope("Q1")
		m.content(strings.Repeat("half a bo", maxTakenIn), "Subject: hi")
		m.conn.Close()
		h.eventually(t, "postern_aborted_total", "1")
		h.eventually(t, "postern_messages_in_flight", "0")
		h.eventually(t, "postern_sessions", "0")
		if mail := h.engine.mails()[0]; mail.finished != 1 {
			t.Errorf("the inspection was finished %d times, want once", mail.finished)
		}
	})
}

func TestANewConnectionOnTheSameSocketForgetsTheOldOne(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	m.mail("Q1", "x")
	m.send('K', "")
	m.ask('C', "other.example\x004\x30\x39192.0.2.9\x00", "c")
	m.ask('M', "<x@inside.example>\x00", "c")
	m.ask('R', "<dave@outside.example>\x00", "c")
	m.content("y")
	m.end()
	env := h.engine.mails()[1].env
	if env.Client.String() != "192.0.2.9" || env.User != "" || env.Daemon != "" || env.Helo != "" {
		t.Errorf("the new connection's envelope is %+v", env)
	}
}

func TestScopeIsSettledAtMailOrAtTheFirstField(t *testing.T) {
	t.Run("an origin out of scope is accepted at MAIL", func(t *testing.T) {
		h := serve(t, &fakeEngine{origin: func(env *rules.Envelope) bool { return env.User != "alice" }})
		m := connect(t, h)
		m.macros('M', "{auth_authen}", "alice")
		m.ask('M', "<alice@inside.example>\x00", "a")
		h.eventually(t, `postern_out_of_scope_total{by="origin"}`, "1")
		h.eventually(t, "postern_messages_in_flight", "0")
	})
	t.Run("recipients out of scope are accepted before the body, never at RCPT", func(t *testing.T) {
		h := serve(t, &fakeEngine{scope: func(env *rules.Envelope) bool { return len(env.Recipients) != 2 }})
		m := connect(t, h)
		m.envelope("Q1", "one@inside.example", "two@inside.example")
		m.ask('L', "Subject\x00hi\x00", "c")
		m.ask('L', "To\x00one\x00", "c")
		m.ask('N', "", "a")
		m.envelope("Q2", "one@inside.example", "two@inside.example")
		m.ask('N', "", "a") // a mail without a field
		m.envelope("Q3", "one@inside.example", "two@inside.example", "three@outside.example")
		m.content("x", "Subject: hi")
		if _, reply := m.end(); reply != "a" {
			t.Errorf("the mail in scope got %q", reply)
		}
		if len(h.engine.mails()) != 1 {
			t.Errorf("%d mails were inspected, want 1", len(h.engine.mails()))
		}
		h.eventually(t, `postern_out_of_scope_total{by="recipients"}`, "2")
	})
}

func TestARecipientUnderTheMarkerDomainIsRefused(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	m.envelope("Q1", "bob@outside.example")
	const no = "y550 5.1.2 this domain is for internal use and takes no mail"
	m.ask('R', "<bob@outside.example.tls.postern.invalid>\x00", no)
	m.ask('R', "<bob@POSTERN.Invalid.>\x00", no)
	m.macros('R', "{rcpt_addr}", "bob@x.postern.invalid")
	m.ask('R', "<bob%x.postern.invalid@inside.example>\x00", no)
	m.macros('R', "{rcpt_addr}", "eve@notpostern.invalid")
	m.ask('R', "<eve@notpostern.invalid>\x00", "c")
	m.content("x", "Subject: hi")
	if _, reply := m.end(); reply != "a" {
		t.Errorf("the mail got %q", reply)
	}
	env := h.engine.mails()[0].env
	if len(env.Recipients) != 2 || env.Recipients[1].Address != "eve@notpostern.invalid" {
		t.Errorf("recipients are %v", env.Recipients)
	}
	// The connection's data survive a refusal.
	if env.Client.String() != "192.0.2.7" {
		t.Errorf("the client is %v after a refused recipient", env.Client)
	}
}

func TestAPickupKeepsItsMarkerRecipient(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := dial(t, "tcp", h.addr)
	m.negotiate(6, 0x1ff, 0x1fffff)
	m.ask('C', "localhost\x004\x00\x00127.0.0.1\x00", "c")
	m.ask('M', "root@inside.example\x00", "c")
	m.ask('R', "bob@outside.example.tls.postern.invalid\x00", "c")
	m.content("x")
	m.end()
	if got := h.engine.mails()[0].env.Recipients; len(got) != 1 {
		t.Errorf("the policy sees recipients %v, want the marker recipient, to refuse the mail", got)
	}
}

func TestAMailWithoutRecipientsIsNotTakenUnread(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	m.ask('M', "<alice@inside.example>\x00", "c")
	m.send('R', "<bob@tls.postern.invalid>\x00")
	m.next()
	m.say('L', "Subject\x00hi\x00")
	if reply := m.finish(); !strings.HasPrefix(reply, "y451 4.3.0 P-") {
		t.Errorf("reply is %q, want a temporary failure", reply)
	}
}

func TestLeadingSpace(t *testing.T) {
	for _, tt := range []struct {
		name     string
		protocol uint32
		sent     string
		want     string
	}{
		{"agreed, one blank after the colon", 0x1fffff, " hi", "hi"},
		{"agreed, two blanks", 0x1fffff, "  hi", " hi"},
		{"agreed, none", 0x1fffff, "hi", "hi"},
		{"an old MTA takes it off itself", 0x7f, "hi", "hi"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := serve(t, always(rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}}))
			m := dial(t, "tcp", h.addr)
			m.negotiate(6, 0x1ff, tt.protocol)
			m.ask('C', "a\x004\x30\x39192.0.2.7\x00", "c")
			steps, _ := m.mail("Q", "x", "Subject:"+tt.sent)
			if got := h.engine.mails()[0].fields[0][1]; got != tt.want {
				t.Errorf("the field's value is %q, want %q", got, tt.want)
			}
			want := "hX-Postern-Route\x00tls"
			if tt.protocol > 0x7f {
				want = "hX-Postern-Route\x00 tls"
			}
			if len(steps) != 1 || steps[0] != want {
				t.Errorf("added %q, want %q", steps, want)
			}
		})
	}
}

func TestAHugeMailArrivesWhole(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	value, body := " "+strings.Repeat("v", 60000), strings.Repeat("0123456789abcde\n", 200000)
	if _, reply := m.mail("Q", body, "Subject:"+value, "X:"+value); reply != "a" {
		t.Fatalf("reply is %q", reply)
	}
	mail := h.engine.mails()[0]
	if mail.fields[0][1] != value[1:] || mail.body.String() != body {
		t.Errorf("%d bytes of the field and %d of the body arrived, want %d and %d",
			len(mail.fields[0][1]), mail.body.Len(), len(value)-1, len(body))
	}
}

func TestRecipientsWithoutEndDeferTheMail(t *testing.T) {
	h := serve(t, &fakeEngine{})
	s := &Session{server: h.Server, guard: &guard{address: "<bob@outside.example>"}}
	if resp := s.mail(); resp != milter.RespContinue {
		t.Fatalf("MAIL got %v", resp)
	}
	for i := range maxRecipients {
		if resp := s.rcpt(); resp != milter.RespContinue {
			t.Fatalf("recipient %d got %v", i+1, resp)
		}
	}
	for _, what := range []string{"one recipient too many", "the next one"} {
		resp := s.rcpt()
		if resp.Response().Code != replyReply || !strings.HasPrefix(string(resp.Response().Data), "451 ") {
			t.Errorf("%s got %v", what, resp)
		}
	}
	if n := h.metric(t, `postern_faults_total{fault="too-many-recipients"}`); n != "1" {
		t.Errorf("%s such faults, want 1", n)
	}
}
