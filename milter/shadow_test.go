package milter

import (
	"testing"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

func TestAShadowPolicyIsComparedAndChangesNothing(t *testing.T) {
	to := func(a rules.Action, r rules.Route) rules.Decision {
		return rules.Decision{
			Action: a, Direction: rules.Outbound,
			Recipients: []rules.Outcome{{Address: "b@x.example", Action: a, Route: r}},
		}
	}
	panics := func(*fakeInspection) (*rules.Decision, error) { panic("x") }
	for _, c := range []struct {
		name    string
		shadow  *fakeEngine
		differs string // the value of the metric accept → reject
		action  string // in the record
	}{
		{"the same decision", always(to(rules.Accept, rules.Direct)), "", "accept"},
		{"another action", always(to(rules.Reject, rules.Direct)), "1", "reject"},
		{"a mail out of its scope is accepted", &fakeEngine{scope: func(*rules.Envelope) bool { return false }}, "", "accept"},
		{"a panic is the shadow's own", &fakeEngine{finish: panics}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, records := notebook(t, audit.Options{})
			h := serve(t, always(to(rules.Accept, rules.Direct)), func(config *Config) {
				config.Audit = l
				config.shadow = func() engine { return c.shadow }
			})
			m := connect(t, h)
			for range 2 { // a lost shadow must not be missed by the next mail
				if _, got := m.mail("Q", "x", "Subject: hi"); got != "a" && got != "c" {
					t.Errorf("the mail ended in %q, want accept", got)
				}
			}
			m.conn.Close()
			h.eventually(t, "postern_sessions", "0")
			want := c.differs
			if want != "" {
				want = "2"
			}
			if got := h.metric(t, `postern_shadow_differences_total{active="accept",shadow="reject"}`); got != want {
				t.Errorf("differences: %q, want %q", got, want)
			}
			got := records()
			if len(got) != 2 || got[1].Shadow.Action != c.action || got[1].Shadow.Differs != (c.differs != "") {
				t.Errorf("records: %+v", got)
			}
		})
	}
}

func TestARouteAloneIsADifference(t *testing.T) {
	a := &rules.Decision{Recipients: []rules.Outcome{{Route: rules.Direct}}}
	b := &rules.Decision{Recipients: []rules.Outcome{{Route: rules.TLSForced}}}
	if !differ(a, b) || differ(a, a) {
		t.Error("another route is a difference, the same is none")
	}
}
