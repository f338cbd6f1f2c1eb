package milter

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern-mail/postern/rules"
)

func TestADecisionBecomesABurst(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		rcpts  []string
		d      rules.Decision
		body   string
		steps  []string
		reply  string
	}{
		{
			name:  "accept",
			reply: "a",
		},
		{
			name: "a route for the whole mail",
			d:    rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}},
			steps: []string{
				"hX-Postern-Route\x00 tls",
			},
			reply: "a",
		},
		{
			name:   "forged fields go first, the last of a name before the first, then ours come",
			fields: []string{"x-POSTERN-route: gateway", "Subject: hi", "X-Postern-Ref : P-1", "X-Postern-Route:\n tls", "X-Posternal: mine", "X-Postern-: empty"},
			d:      rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}},
			steps: []string{
				changed(2, "x-postern-route", ""), changed(1, "x-postern-route", ""),
				changed(1, "x-postern-ref", ""), changed(1, "x-postern-", ""),
				"hX-Postern-Route\x00 tls",
			},
			reply: "a",
		},
		{
			name:   "fields are changed and removed by name, whatever its case",
			fields: []string{"x-tag: a", "Subject: hi", "X-TAG: b"},
			d: rules.Decision{Edits: []rules.Edit{
				{Op: rules.ChangeHeader, Name: "Subject", Value: "new"},
				{Op: rules.RemoveHeader, Name: "X-Tag"},
				{Op: rules.RemoveHeader, Name: "X-Absent"},
			}},
			steps: []string{changed(1, "Subject", " new"), changed(2, "x-tag", ""), changed(1, "x-tag", "")},
			reply: "a",
		},
		{
			name:   "a long subject is folded at its blanks and not cut",
			fields: []string{"Subject: old"},
			d:      rules.Decision{Edits: []rules.Edit{{Op: rules.ChangeHeader, Name: "Subject", Value: "[SECURE] " + strings.Repeat("word ", 300) + "end"}}},
			steps:  []string{changed(1, "Subject", " [SECURE]"+strings.Repeat(" word", 12)+strings.Repeat("\n"+strings.Repeat(" word", 15), 19)+"\n word word word end")},
			reply:  "a",
		},
		{
			name:  "a new body goes in pieces that every MTA takes",
			d:     rules.Decision{Edits: []rules.Edit{{Op: rules.ChangeHeader, Name: "Content-Type", Value: "text/plain; charset=utf-8"}, {Op: rules.ReplaceBody}}},
			body:  strings.Repeat("x", 65535) + "end\r\n",
			steps: []string{changed(1, "Content-Type", " text/plain; charset=utf-8"), "b" + strings.Repeat("x", 65535), "bend\r\n"},
			reply: "a",
		},
		{
			name:  "a recipient moves to the marker domain, removed in every spelling",
			rcpts: []string{"bob%outside.example@inside.example", "carol@inside.example"},
			d: rules.Decision{Edits: []rules.Edit{
				{Op: rules.RemoveRecipient, Value: "bob@outside.example"},
				{Op: rules.AddRecipient, Value: "bob@outside.example.tls.postern.invalid"},
				{Op: rules.RemoveRecipient, Value: "bob@outside.example"},
			}},
			steps: []string{
				"-<bob@outside.example>", "-<bob%outside.example@inside.example>",
				"+<bob@outside.example.tls.postern.invalid>",
			},
			reply: "a",
		},
		{
			name: "hold, with its route, its reference and its reason",
			d: rules.Decision{
				Action: rules.Hold, By: "unread-parts",
				Recipients: []rules.Outcome{{Rules: []string{"other"}}, {Action: rules.Hold, Rules: []string{"unread-parts"}}},
				Edits: []rules.Edit{
					{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"},
					{Op: rules.AddHeader, Name: "X-Postern-Ref", Value: "REF"},
				},
			},
			steps: []string{"hX-Postern-Route\x00 tls", "hX-Postern-Ref\x00 REF", "qpostern REF unread-parts"},
			reply: "a",
		},
		{
			name:   "a rejected mail is not modified",
			fields: []string{"X-Postern-Route: tls"},
			d: rules.Decision{
				Action: rules.Reject,
				Reply:  rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"REF no cards", "ask the officer"}},
				Edits:  []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}},
			},
			reply: "y550-5.7.1 REF no cards\r\n550 5.7.1 ask the officer",
		},
		{
			name: "a deferred mail is not modified",
			d: rules.Decision{
				Action: rules.TempFail,
				Reply:  rules.Reply{Code: 451, Enhanced: "4.7.1", Lines: []string{"later"}},
				Edits:  []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}},
			},
			reply: "y451 4.7.1 later",
		},
		{
			name:  "a value cannot end its line",
			d:     rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Tag", Value: "a\r\nInjected: yes\x00b"}}},
			steps: []string{"hX-Tag\x00 a  Injected: yes b"},
			reply: "a",
		},
		{
			name:  "a field name that is none defers the mail",
			d:     rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Tag: a\r\nX", Value: "b"}}},
			reply: "fault",
		},
		{
			name:  "an address that would become another defers the mail",
			d:     rules.Decision{Edits: []rules.Edit{{Op: rules.AddRecipient, Value: "ext ra@outside.example"}}},
			reply: "fault",
		},
		{
			name: "nothing is sent of a decision that fails in part",
			d: rules.Decision{Action: rules.Hold, Edits: []rules.Edit{
				{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"},
				{Op: rules.AddRecipient, Value: "a>b@outside.example"},
			}},
			reply: "fault",
		},
		{
			name:  "an edit that this daemon does not know defers the mail",
			d:     rules.Decision{Edits: []rules.Edit{{Op: rules.ReplaceBody}}},
			reply: "fault",
		},
	}
	for _, tt := range tests {
		for _, mode := range []string{"enforce", "observe"} {
			t.Run(tt.name+" in "+mode+" mode", func(t *testing.T) {
				engine := &fakeEngine{body: tt.body, finish: func(i *fakeInspection) (*rules.Decision, error) { return withRef(tt.d, i.env.Ref), nil }}
				h := serve(t, engine, func(c *Config) { c.Enforce = mode == "enforce" })
				m := connect(t, h)
				m.macros('M', "i", "Q1")
				m.ask('M', "<alice@inside.example>\x00", "c")
				rcpts := tt.rcpts
				if rcpts == nil {
					rcpts = []string{"bob@outside.example"}
				}
				for _, r := range rcpts {
					canonical := r
					if local, _, ok := strings.Cut(r, "@"); ok && strings.Contains(local, "%") {
						canonical = strings.ReplaceAll(local, "%", "@")
					}
					m.macros('R', "{rcpt_addr}", canonical)
					m.ask('R', "<"+r+">\x00", "c")
				}
				m.content("body", tt.fields...)
				steps, reply := m.end()

				ref := engine.mails()[0].env.Ref
				for i := range steps {
					steps[i] = strings.ReplaceAll(steps[i], ref, "REF")
				}
				reply = strings.ReplaceAll(reply, ref, "REF")
				wantSteps, wantReply := tt.steps, tt.reply
				switch {
				case mode == "observe":
					wantSteps, wantReply = nil, "a"
				case tt.reply == "fault":
					wantReply = "y451 4.3.0 REF this mail could not be checked just now, please try again later"
				}
				if !slices.Equal(steps, wantSteps) {
					t.Errorf("modifications\n got %q\nwant %q", steps, wantSteps)
				}
				if reply != wantReply {
					t.Errorf("reply is %q, want %q", reply, wantReply)
				}
			})
		}
	}
}

// withRef puts the mail's reference where a test says REF.
func withRef(d rules.Decision, ref string) *rules.Decision {
	d.Edits, d.Reply.Lines = slices.Clone(d.Edits), slices.Clone(d.Reply.Lines)
	for i := range d.Edits {
		d.Edits[i].Value = strings.ReplaceAll(d.Edits[i].Value, "REF", ref)
	}
	for i := range d.Reply.Lines {
		d.Reply.Lines[i] = strings.ReplaceAll(d.Reply.Lines[i], "REF", ref)
	}
	return &d
}

func TestWhatTheMTADoesNotOfferIsNotUsed(t *testing.T) {
	edit := func(op rules.Op) rules.Decision {
		return rules.Decision{Edits: []rules.Edit{{Op: op, Name: "X-Tag", Value: "a@outside.example"}}}
	}
	tests := []struct {
		name    string
		offered uint32
		d       rules.Decision
		fields  []string
		fails   bool
	}{
		{"hold with quarantine", 0x3f, rules.Decision{Action: rules.Hold}, nil, false},
		{"hold without quarantine", 0x1f, rules.Decision{Action: rules.Hold}, nil, true},
		{"an added field", 0x01, edit(rules.AddHeader), nil, false},
		{"an added field where none can be added", 0x3e, edit(rules.AddHeader), nil, true},
		{"a changed field where none can be changed", 0x2f, edit(rules.ChangeHeader), nil, true},
		{"a forged field where none can be removed", 0x2f, rules.Decision{}, []string{"X-Postern-Route: tls"}, true},
		{"a removed recipient where none can be", 0x37, edit(rules.RemoveRecipient), nil, true},
		{"an added recipient where none can be", 0x3b, edit(rules.AddRecipient), nil, true},
		{"a plain mail where nothing is offered", 0, rules.Decision{}, nil, false},
		{"a refused mail where nothing is offered", 0, rules.Decision{Action: rules.Reject, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1"}}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := serve(t, always(tt.d))
			m := dial(t, "tcp", h.addr)
			actions, protocol, lists := m.negotiate(6, tt.offered, 0x7f)
			if actions&^tt.offered != 0 || protocol&^0x7f != 0 || lists != "" {
				t.Errorf("asked for actions %#x, protocol %#x, macros %q beyond the offer", actions, protocol, lists)
			}
			m.ask('C', "a\x004\x30\x39192.0.2.7\x00", "c")
			steps, reply := m.mail("Q", "x", tt.fields...)
			if failed := strings.HasPrefix(reply, "y451 4.3.0 "); failed != tt.fails {
				t.Errorf("reply is %q after %q", reply, steps)
			}
			want := "0"
			if tt.fails {
				want = "1"
				if len(steps) > 0 {
					t.Errorf("sent %q of a decision that fails", steps)
				}
			}
			h.eventually(t, `postern_faults_total{fault="not-offered"}`, want)
		})
	}
}

func TestObserveModeAsksForNoPowers(t *testing.T) {
	h := serve(t, &fakeEngine{}, observe)
	m := dial(t, "tcp", h.addr)
	actions, _, _ := m.negotiate(6, 0x1ff, 0x1fffff)
	if actions != 0x100 {
		t.Errorf("asked for actions %#x, want the choice of macros alone", actions)
	}
}

func TestEnforceModeAsksForEveryMeansThatABurstMayNeed(t *testing.T) {
	actions, _, _ := dial(t, "tcp", serve(t, &fakeEngine{}).addr).negotiate(6, 0x1ff, 0x1fffff)
	for op, action := range means {
		if actions&uint32(action) == 0 {
			t.Errorf("asked for actions %#x, %#x for %s is missing", actions, action, op)
		}
	}
}

func TestMacrosAreAskedFor(t *testing.T) {
	h := serve(t, &fakeEngine{})
	_, _, lists := dial(t, "tcp", h.addr).negotiate(6, 0x1ff, 0x1fffff)
	for _, want := range []string{"{client_addr}", "{daemon_name}", "{auth_authen}", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}", "{tls_version}", "{cipher}", "{cipher_bits}", "{mail_addr}", "i"} {
		if !strings.Contains(lists, want) {
			t.Errorf("macro %s is not asked for in %q", want, lists)
		}
	}
}

func TestOnSendmailNoFieldOfOursIsAdded(t *testing.T) {
	sendmail := func(t *testing.T, d rules.Decision) ([]string, string) {
		t.Helper()
		engine := always(d)
		engine.routes.MTA = rules.Sendmail
		h := serve(t, engine)
		m := dial(t, "tcp", h.addr)
		m.negotiate(6, 0x1ff, 0x1fffff)
		m.macros('C', "v", "8.17.1.9/8.17.1.9")
		m.ask('C', "a\x004\x30\x39192.0.2.7\x00", "c")
		return m.mail("Q", "x", "x-postern-ref: forged")
	}
	t.Run("the reference goes into the reason", func(t *testing.T) {
		steps, reply := sendmail(t, rules.Decision{
			Action: rules.Hold, By: "r1", Recipients: []rules.Outcome{{Action: rules.Hold, Rules: []string{"r1"}}},
			Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Ref", Value: "P-0"}},
		})
		if len(steps) != 2 || steps[0] != changed(1, "x-postern-ref", "") || !strings.HasPrefix(steps[1], "qpostern P-") || reply != "a" {
			t.Errorf("sent %q and %q", steps, reply)
		}
	})
	t.Run("a route that a field cannot give defers the mail", func(t *testing.T) {
		steps, reply := sendmail(t, rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}})
		if len(steps) > 0 || !strings.HasPrefix(reply, "y451 ") {
			t.Errorf("sent %q and %q", steps, reply)
		}
	})
}

func TestRoutesForTheOtherMTADeferTheMail(t *testing.T) {
	decision := rules.Decision{
		Recipients: []rules.Outcome{{Address: "b@x.example", Route: rules.GatewayRoute("secure")}},
		Edits:      []rules.Edit{{Op: rules.RemoveRecipient, Value: "b@x.example"}, {Op: rules.AddRecipient, Value: "b@x.example.secure.postern.invalid"}},
	}
	for _, c := range []struct {
		name, v, mta string
		deferred     bool
	}{
		{"Postfix as declared", "Postfix 3.7.11", "", false},
		{"Postfix as declared by name", "Postfix 3.7.11", rules.Postfix, false},
		{"Sendmail as declared", "8.17.1.9/8.17.1.9/Debian", rules.Sendmail, false},
		{"Sendmail with the routes of Postfix", "8.17.1.9/8.17.1.9/Debian", "", true},
		{"Postfix with the routes of Sendmail", "Postfix 3.7.11", rules.Sendmail, true},
		{"an MTA that does not tell", "", rules.Sendmail, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			engine := always(decision)
			engine.routes.MTA = c.mta
			h := serve(t, engine)
			m := dial(t, "tcp", h.addr)
			m.negotiate(6, 0x1ff, 0x1fffff)
			m.macros('C', "j", "mx.example", "v", c.v)
			m.ask('C', "a\x004\x30\x39192.0.2.7\x00", "c")
			steps, reply := m.mail("Q", "b@x.example")
			if got := strings.HasPrefix(reply, "y451 4.3.0 ") && len(steps) == 0; got != c.deferred {
				t.Errorf("sent %q and %q", steps, reply)
			}
			if c.deferred {
				h.eventually(t, `postern_faults_total{fault="wrong-mta"}`, "1")
			}
		})
	}
}

func TestTooManyForgedFieldsDeferTheMail(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	fields := make([]string, maxFieldNames+1)
	for i := range fields {
		fields[i] = "X-Postern-" + strings.Repeat("a", i%50) + strings.Repeat("b", i/50) + ": x"
	}
	steps, reply := m.mail("Q", "x", fields...)
	if len(steps) > 0 || !strings.HasPrefix(reply, "y451 4.3.0 ") {
		t.Errorf("sent %d modifications and %q", len(steps), reply)
	}
}
