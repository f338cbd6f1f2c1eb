package milter

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	gomilter "github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

func TestAPanicCostsOneMail(t *testing.T) {
	const secret = "078-05-1120"
	places := map[string]func(e *fakeEngine, boom func()){
		"at MAIL": func(e *fakeEngine, boom func()) {
			e.origin = func(env *rules.Envelope) bool {
				if env.QueueID == "BAD" {
					boom()
				}
				return true
			}
		},
		"when the mail begins": func(e *fakeEngine, boom func()) {
			e.scope = func(env *rules.Envelope) bool {
				if env.QueueID == "BAD" {
					boom()
				}
				return true
			}
		},
		"in a field": func(e *fakeEngine, boom func()) {
			e.field = func(i *fakeInspection, _, _ string) {
				if i.env.QueueID == "BAD" {
					boom()
				}
			}
		},
		"at the end, and again when the inspection is dropped": func(e *fakeEngine, boom func()) {
			e.finish = func(i *fakeInspection) (*rules.Decision, error) {
				if i.env.QueueID == "BAD" {
					boom()
				}
				return &rules.Decision{}, nil
			}
		},
		"in a decision that is not there": func(e *fakeEngine, boom func()) {
			e.finish = func(i *fakeInspection) (*rules.Decision, error) {
				if i.env.QueueID == "BAD" {
					return nil, nil
				}
				return &rules.Decision{}, nil
			}
		},
	}
	for name, place := range places {
		for _, mode := range []string{"enforce", "observe"} {
			t.Run(name+" in "+mode+" mode", func(t *testing.T) {
				e := &fakeEngine{}
				place(e, func() { panic("value " + secret) })
				h := serve(t, e, func(c *Config) { c.Enforce = mode == "enforce" })
				m := connect(t, h)
				m.macros('M', "i", "BAD")
				m.send('M', "<alice@inside.example>\x00")
				reply := m.next().String()
				for _, p := range []packet{{'R', "<bob@outside.example>\x00"}, {'L', "Subject\x00 " + secret + "\x00"}, {'N', ""}, {'E', ""}} {
					if reply != "c" {
						break
					}
					reply = m.say(p.code, p.data)
				}
				want := "a"
				if mode == "enforce" {
					want = "y451 4.3.0 P-"
				}
				if !strings.HasPrefix(reply, want) {
					t.Errorf("the mail got %q, want %q", reply, want)
				}
				if steps, reply := m.mail("GOOD", "x", "Subject: hi"); reply != "a" {
					t.Errorf("the mail after it got %q, %q", steps, reply)
				}
				for series, want := range map[string]string{
					"postern_panics_total": "1", `postern_faults_total{fault="panic"}`: "1", "postern_messages_in_flight": "0",
				} {
					if got := h.metric(t, series); got != want {
						t.Errorf("%s is %s, want %s", series, got, want)
					}
				}
				if out := h.log.String(); strings.Contains(out, secret) || !strings.Contains(out, `"queue_id":"BAD"`) {
					t.Errorf("the log holds the panic's value, or not the queue id: %s", out)
				}
			})
		}
	}
}

func TestWithoutAPolicyAMailIsDeferred(t *testing.T) {
	h := serve(t, nil, func(c *Config) { c.engine = func() engine { return nil } })
	m := connect(t, h)
	m.send('M', "<alice@inside.example>\x00")
	if p := m.next(); !strings.HasPrefix(p.String(), "y451 ") {
		t.Errorf("reply is %q", p)
	}
}

func TestAMailSeesOnePolicy(t *testing.T) {
	old, next := always(rules.Decision{}), always(rules.Decision{Action: rules.Reject, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"new"}}})
	current := make(chan *fakeEngine, 1)
	current <- old
	h := serve(t, old, func(c *Config) {
		c.engine = func() engine { e := <-current; current <- e; return e }
	})
	m := connect(t, h)
	m.envelope("Q1")
	<-current
	current <- next
	m.content("x", "Subject: hi")
	if _, reply := m.end(); reply != "a" {
		t.Errorf("the mail that began under the old policy got %q", reply)
	}
	if _, reply := m.mail("Q2", "x"); reply != "y550 5.7.1 new" {
		t.Errorf("the mail after it got %q", reply)
	}
}

func TestShutdownWaitsForMailsInFlight(t *testing.T) {
	h := serve(t, &fakeEngine{})
	idle := connect(t, h)
	idle.mail("Q0", "x")
	busy := connect(t, h)
	busy.envelope("Q1")
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(context.Background()) }()
	idle.gone()
	if _, err := net.Dial("tcp", h.addr); err == nil {
		t.Error("a new connection was taken")
	}
	busy.content("body", "Subject: hi")
	if _, reply := busy.end(); reply != "a" {
		t.Errorf("the mail in flight got %q", reply)
	}
	busy.gone()
	if err := <-down; err != nil {
		t.Errorf("Shutdown returned %v", err)
	}
}

func TestShutdownCutsOffWhoIsTooSlow(t *testing.T) {
	h := serve(t, &fakeEngine{finish: func(i *fakeInspection) (*rules.Decision, error) {
		<-i.ctx.Done()
		return nil, i.ctx.Err()
	}})
	waiting := connect(t, h)
	waiting.envelope("Q1")
	working := connect(t, h)
	working.envelope("Q2")
	working.content("x")
	working.send('E', "")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v, want the deadline's error", err)
	}
	waiting.gone()
	h.eventually(t, "postern_messages_in_flight", "0")
	h.eventually(t, "postern_sessions", "0")
}

func TestTooManyConnectionsAreRefusedAndCounted(t *testing.T) {
	h := serve(t, &fakeEngine{}, func(c *Config) { c.Sessions = 2 })
	first := connect(t, h)
	connect(t, h)
	dial(t, "tcp", h.addr).gone()
	h.eventually(t, "postern_overload_total", "1")
	first.conn.Close()
	h.eventually(t, "postern_sessions", "1")
	if _, reply := connect(t, h).mail("Q", "x"); reply != "a" {
		t.Errorf("after room was made a mail got %q", reply)
	}
}

// faulty is a listener whose first calls fail as under a lack of descriptors.
type faulty struct {
	net.Listener
	failures int
}

func (l *faulty) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestServeOutlivesALackOfDescriptors(t *testing.T) {
	h := serve(t, &fakeEngine{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.Serve(&faulty{l, 3}) }()
	h.addr = l.Addr().String()
	if _, reply := connect(t, h).mail("Q", "x"); reply != "a" {
		t.Errorf("a mail got %q", reply)
	}
}

// The library's own client is another reading of the protocol than our test's.
func TestTheLibrarysClientIsServed(t *testing.T) {
	h := serve(t, always(rules.Decision{
		Action: rules.Hold, By: "r1", Recipients: []rules.Outcome{{Action: rules.Hold, Rules: []string{"r1"}}},
		Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Ref", Value: "P-1"}},
	}))
	session, err := gomilter.NewClientWithOptions("tcp", h.addr, gomilter.ClientOptions{ActionMask: 0x3f}).Session()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	check := func(a *gomilter.Action, err error) {
		t.Helper()
		if err != nil || a.Code != gomilter.ActContinue {
			t.Fatalf("action %v, error %v", a, err)
		}
	}
	check(session.Conn("a.example", gomilter.FamilyInet6, 4711, "2001:db8::7"))
	check(session.Helo("a.example"))
	for range 3 {
		if err := session.Macros(gomilter.CodeMail, "i", "Q1"); err != nil {
			t.Fatal(err)
		}
		check(session.Mail("alice@inside.example", []string{"SIZE=5"}))
		check(session.Rcpt("bob@outside.example", nil))
		check(session.HeaderField("X-Postern-Ref", "forged"))
		check(session.HeaderEnd())
		steps, action, err := session.BodyReadFrom(strings.NewReader(strings.Repeat("0123456789", 20000)))
		if err != nil || action.Code != gomilter.ActAccept || len(steps) != 3 ||
			steps[0].Code != gomilter.ActChangeHeader || steps[1].HeaderValue != "P-1" || !strings.HasSuffix(steps[2].Reason, " r1") {
			t.Fatalf("modifications %+v, action %+v, error %v", steps, action, err)
		}
	}
}

func TestTheLibrarysLogKeepsNoContent(t *testing.T) {
	var out lockedBuffer
	bridge(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Printf("panic handling command: %v\n%s", "078-05-1120\n078-05-1120", "goroutine 7 [running]:\nmain.main()")
	log.Printf("Unrecognized command code: %c", 'x')
	log.Printf("Error reading milter command: %v", errors.New("connection reset"))
	got := out.String()
	if strings.Contains(got, "078-05") || !strings.Contains(got, "main.main") || !strings.Contains(got, "connection reset") {
		t.Errorf("log is %s", got)
	}
}
