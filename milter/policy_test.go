package milter

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

// TestARealPolicyDecides takes the way of a mail from the wire to the verdict
// with nothing in it that a test made up.
func TestARealPolicyDecides(t *testing.T) {
	policy, err := rules.Load("testdata/policy.toml", rules.Options{Enforce: true, Routes: rules.Routes{TLS: true}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		fields []string
		body   string
		steps  []string
		reply  string // up to what differs from mail to mail
	}{
		{"a plain mail", []string{"Subject: hi"}, "hello\r\n", nil, "a"},
		{"a number in the body", []string{"Subject: hi"}, "my social security number is 219-09-9998\r\n", nil, "y550"},
		{"a number in the subject", []string{"Subject: SSN 219-09-9998"}, "hello\r\n", nil, "y550"},
		{
			"a number in base64",
			[]string{"MIME-Version: 1.0", "Content-Type: text/plain", "Content-Transfer-Encoding: base64"},
			"bXkgc29jaWFsIHNlY3VyaXR5IG51bWJlciBpcyAyMTktMDktOTk5OAo=\r\n", nil, "y550",
		},
		{"a route", []string{"X-Case: over-tls", "X-Postern-Route: direct"}, "hello\r\n", []string{changed(1, "x-postern-route", ""), "hX-Postern-Route\x00 tls"}, "a"},
		{"a hold", []string{"X-Case: look-at-it"}, "hello\r\n", []string{"hX-Postern-Ref\x00 REF", "qpostern REF wait"}, "a"},
		{"a delay", []string{"X-Case: later"}, "hello\r\n", nil, "y451"},
	}
	genuine := func(c *Config) { c.engine, c.Engine = nil, func() *rules.Engine { return policy } }
	for _, mode := range []string{"enforce", "observe"} {
		h := serve(t, nil, genuine, func(c *Config) { c.Enforce = mode == "enforce" })
		m := connect(t, h)
		for _, tt := range tests {
			t.Run(tt.name+" in "+mode+" mode", func(t *testing.T) {
				m.t = t
				steps, reply := m.mail("Q1", tt.body, append([]string{"From: alice@agency.example"}, tt.fields...)...)
				want, wantReply := tt.steps, tt.reply
				if mode == "observe" {
					want, wantReply = nil, "a"
				}
				got := strings.Join(steps, "\n")
				if i := strings.Index(got, "P-"); i >= 0 {
					got = strings.ReplaceAll(got, got[i:i+12], "REF")
				}
				if got != strings.Join(want, "\n") || !strings.HasPrefix(reply, wantReply) {
					t.Errorf("modifications %q, reply %q; want %q, %q", got, reply, want, wantReply)
				}
				if strings.Contains(reply, "219") {
					t.Errorf("the reply holds the number: %q", reply)
				}
			})
		}
		if log := h.log.String(); strings.Contains(log, "219-09") || strings.Contains(log, "social security") {
			t.Errorf("the log holds content: %s", log)
		}
	}
}

// TestWhatTheDaemonRecordsIsDecidedAlikeAgain takes mails from the wire to the
// audit file, and from there to a decision.
func TestWhatTheDaemonRecordsIsDecidedAlikeAgain(t *testing.T) {
	policy, err := rules.Load("testdata/policy.toml", rules.Options{Enforce: true, Routes: rules.Routes{TLS: true}})
	if err != nil {
		t.Fatal(err)
	}
	l, records := notebook(t, audit.Options{})
	h := serve(t, nil, func(c *Config) { c.engine, c.Engine = nil, func() *rules.Engine { return policy } },
		func(c *Config) { c.Enforce, c.Audit = true, l })
	m := connect(t, h)
	for _, field := range []string{"Subject: hi", "Subject: SSN 219-09-9998", "X-Case: over-tls", "X-Case: look-at-it", "X-Case: later"} {
		m.mail("Q1", "hello\r\n", "From: alice@agency.example", field)
	}
	m.noted()
	all := records()
	if len(all) != 5 {
		t.Fatalf("%d records, want 5", len(all))
	}
	for _, r := range all {
		env, report, err := r.Input()
		if err != nil {
			t.Fatal(err)
		}
		again := policy.Under(r.PerRecipient).Replay(env, report)
		if len(again.Open) > 0 || again.Action.String() != r.Action {
			t.Errorf("%s became %s, open %v", r.Action, again.Action, again.Open)
		}
		for i, o := range again.Recipients {
			was := r.Recipients[i]
			if o.Action.String() != was.Action || string(o.Route) != was.Route || !slices.Equal(o.Rules, was.Rules) {
				t.Errorf("%+v became %+v", was, o)
			}
		}
	}
}

// A clock that jumps changes which entries of lists have expired, and nothing
// else: no mail waits by it, none is cut off.
func TestTheClockMayJump(t *testing.T) {
	const text = `
[policy]
id = "clock"
[inside]
domains = ["inside.example"]
[rules.strangers]
to     = { not = "@friends" }
reject = "5.7.1 not a friend"
[lists.friends]
entries = [{ entry = "outside.example", expires = 2030-01-01 }]
`
	policy, err := rules.LoadText("clock", []byte(text), t.TempDir(), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Pointer[time.Time]
	set := func(year int) {
		day := time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
		now.Store(&day)
	}
	h := serve(t, nil, func(c *Config) {
		c.engine, c.Engine = nil, func() *rules.Engine { return policy }
		c.clock = func() time.Time { return *now.Load() }
	})
	set(2029)
	m := connect(t, h)
	for _, step := range []struct {
		year int
		want string
	}{{2029, "a"}, {2031, "y550"}, {1970, "a"}, {2290, "y550"}, {2029, "a"}} {
		set(step.year)
		if _, reply := m.mail("Q", "hello\r\n", "Subject: hi"); !strings.HasPrefix(reply, step.want) {
			t.Errorf("in %d the mail got %q, want %q", step.year, reply, step.want)
		}
	}
	if sum := h.metric(t, "postern_message_seconds_sum"); strings.HasPrefix(sum, "-") || strings.Contains(sum, "e+") {
		t.Errorf("five mails took %s seconds", sum)
	}
}
