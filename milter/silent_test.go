package milter

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	gomilter "github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

func TestSilenceIsAgreedUponOnlyWhereItIsOffered(t *testing.T) {
	const all = uint32(allSilent)
	for _, tt := range []struct {
		name              string
		version, protocol uint32
		want              uint32
	}{
		{"Postfix and Sendmail of today", 6, 0x1fffff, all},
		{"a later protocol", 7, 0x1fffff, all},
		{"one that knows of no such flag", 6, 0x37f, 0},
		{"one that offers some", 6, uint32(gomilter.OptNoHeaderReply | gomilter.OptNoMailReply), uint32(gomilter.OptNoHeaderReply)},
		{"protocol 4", 4, 0x3ff, 0},
		{"an old protocol with flags that it cannot have", 2, 0x1fffff, 0},
	} {
		for _, mode := range []func(*Config){observe, func(*Config) {}} {
			_, protocol, _ := dial(t, "tcp", serve(t, &fakeEngine{}, mode).addr).negotiate(tt.version, 0x1ff, tt.protocol)
			if got := protocol & (1<<7 | 0xff<<12); got != tt.want {
				t.Errorf("%s: no reply to %#x, want %#x", tt.name, got, tt.want)
			}
		}
	}
}

// Whatever becomes of a mail, an MTA that is spared replies learns the same as one
// that has a reply to everything, and nothing is said that it would take for the
// reply to a later command.
func TestSilenceLosesNoVerdict(t *testing.T) {
	decided := func(d rules.Decision) func(*fakeEngine, *Config) {
		return func(e *fakeEngine, _ *Config) {
			e.finish = func(*fakeInspection) (*rules.Decision, error) { c := d; return &c, nil }
		}
	}
	long := strings.Repeat("x", 200_000)
	for _, tt := range []struct {
		name   string
		make   func(*fakeEngine, *Config)
		body   string
		want   string // how the reply begins
		change string // a modification that comes before it
	}{
		{"accepted", decided(rules.Decision{}), "x", "a", ""},
		{"accepted, long", decided(rules.Decision{}), long, "a", ""},
		{"rejected", decided(rules.Decision{Action: rules.Reject, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"no"}}}), "x", "y550 5.7.1 no", ""},
		{"rejected, long", decided(rules.Decision{Action: rules.Reject, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"no"}}}), long, "y550 5.7.1 no", ""},
		{"deferred", decided(rules.Decision{Action: rules.TempFail}), "x", "y451 4.7.1 ", ""},
		{"held", decided(rules.Decision{Action: rules.Hold}), long, "a", "qpostern P-"},
		{"routed", decided(rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}}), "x", "a", "hX-Postern-Route\x00 tls"},
		{"a panic in a field", func(e *fakeEngine, _ *Config) {
			e.field = func(*fakeInspection, string, string) { panic("field") }
		}, long, "y451 4.3.0 ", ""},
		{"a panic at the end", func(e *fakeEngine, _ *Config) {
			e.finish = func(*fakeInspection) (*rules.Decision, error) { panic("end") }
		}, "x", "y451 4.3.0 ", ""},
		{"an error at the end", func(e *fakeEngine, _ *Config) {
			e.finish = func(*fakeInspection) (*rules.Decision, error) { return nil, errors.New("disk") }
		}, "x", "y451 4.3.0 ", ""},
		{"no policy", func(_ *fakeEngine, c *Config) { c.engine = func() engine { return nil } }, "x", "y451 4.3.0 ", ""},
		{"recipients out of scope", func(e *fakeEngine, _ *Config) {
			e.scope = func(*rules.Envelope) bool { return false }
		}, "x", "a", ""},
		{"no room for the second half", func(_ *fakeEngine, c *Config) { c.Memory, c.Scans, c.OverloadWait = scanMemory, 1, 0 }, "crowded", "y451 4.3.2 ", ""},
	} {
		for name, protocol := range map[string]uint32{"silent": 0x1fffff, "answered": 0x1fffff &^ (1<<7 | 0xff<<12)} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				e := &fakeEngine{}
				h := serve(t, e, func(c *Config) { tt.make(e, c) })
				body := tt.body
				if body == "crowded" {
					body = long
					other := connect(t, h)
					other.envelope("OTHER")
					other.content(long)
					h.eventually(t, "postern_scans", "1")
				}
				m := dial(t, "tcp", h.addr)
				m.negotiate(6, 0x1ff, protocol)
				for _, id := range []string{"Q1", "Q2"} { // the second tells of a stale reply
					steps, reply := m.whole(id, body)
					if !strings.HasPrefix(reply, tt.want) || !strings.HasPrefix(strings.Join(steps, "|"), tt.change) {
						t.Fatalf("mail %s got %q, %q; want %q, %q", id, steps, reply, tt.change, tt.want)
					}
					m.send('A', "")
				}
				if m.reader.Buffered() > 0 {
					t.Error("something was said that nobody asked for")
				}
			})
		}
	}
}

// whole shows a mail, as far as it is asked for, and returns what becomes of it.
func (m *mta) whole(id, body string) (steps []string, reply string) {
	m.t.Helper()
	if id == "Q1" {
		m.ask('C', "client.example\x004\x30\x39192.0.2.7\x00", "c")
		m.ask('H', "client.example\x00", "c")
	}
	m.macros('M', "i", id, "{auth_authen}", "alice")
	for _, p := range []packet{{'M', "<alice@inside.example>\x00"}, {'R', "<bob@outside.example>\x00"}, {'L', "Subject\x00 hi\x00"}, {'L', "X\x00 y\x00"}, {'N', ""}} {
		if reply = m.say(p.code, p.data); reply != "c" {
			return nil, reply
		}
	}
	for ; len(body) > 0; body = body[min(len(body), 65535):] {
		if reply = m.say('B', body[:min(len(body), 65535)]); reply != "c" {
			return nil, reply
		}
	}
	return m.end()
}

// An MTA whose small writes wait for our acknowledgement (Nagle's algorithm) would
// wait 40 ms for one that is delayed.
func TestSilenceDoesNotStallTheMTA(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := connect(t, h)
	if err := m.conn.(*net.TCPConn).SetNoDelay(false); err != nil { // as MTAs have it
		t.Fatal(err)
	}
	times := make([]time.Duration, 0, 21)
	for range cap(times) {
		began := time.Now()
		m.envelope("Q")
		m.content(strings.Repeat("x", 100_000), "Subject: hi", "To: bob", "From: alice", "Date: today")
		if _, reply := m.end(); reply != "a" {
			t.Fatalf("reply %q", reply)
		}
		m.send('A', "")
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	if p50 := times[len(times)/2]; p50 > 30*time.Millisecond {
		t.Errorf("a mail takes %v in the median: %v", p50, times)
	}
}
