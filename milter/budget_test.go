package milter

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-mail/postern/rules"
)

// slowly makes mails whose queue id begins with "SLOW" wait at their end until
// they are let go.
func slowly(letGo <-chan struct{}) *fakeEngine {
	return &fakeEngine{finish: func(i *fakeInspection) (*rules.Decision, error) {
		if strings.HasPrefix(i.env.QueueID, "SLOW") {
			<-letGo
		}
		return &rules.Decision{}, nil
	}}
}

// begin sends a mail up to the packet that ends it, and no further.
func begin(t *testing.T, h *house, queueID, body string) *mta {
	t.Helper()
	m := connect(t, h)
	m.envelope(queueID)
	m.content(body, "Subject: hi")
	return m
}

func TestPastTheBudgetMailsWaitAndAreThenDeferred(t *testing.T) {
	for mode, want := range map[string]string{"enforce": "y451 4.3.2 P-", "observe": "a"} {
		t.Run("in "+mode+" mode", func(t *testing.T) {
			letGo := make(chan struct{})
			h := serve(t, slowly(letGo), func(c *Config) {
				c.Enforce, c.Scans, c.OverloadWait = mode == "enforce", 2, 100*time.Millisecond
			})
			var held [2]*mta
			for i := range held {
				held[i] = begin(t, h, "SLOW", "x")
				held[i].send('E', "")
			}
			h.eventually(t, "postern_scans", "2")
			began := time.Now()
			_, reply := connect(t, h).mail("Q1", "x")
			if !strings.HasPrefix(reply, want) || time.Since(began) < 100*time.Millisecond {
				t.Errorf("a mail without room got %q after %v, want %q", reply, time.Since(began), want)
			}
			for series, want := range map[string]string{
				"postern_overload_total": "1", `postern_faults_total{fault="overload"}`: "1", "postern_scans_limit": "2", "postern_mails_waiting": "0",
			} {
				if got := h.metric(t, series); got != want {
					t.Errorf("%s is %s, want %s", series, got, want)
				}
			}
			close(letGo)
			for _, m := range held {
				if p := m.next(); p.String() != "a" {
					t.Errorf("a mail that had room got %q", p)
				}
			}
			h.eventually(t, "postern_scans", "0")
			h.eventually(t, "postern_budget_bytes", "0")
		})
	}
}

func TestAMailThatWaitsGetsTheRoomThatIsLeft(t *testing.T) {
	letGo := make(chan struct{})
	h := serve(t, slowly(letGo), func(c *Config) { c.Scans, c.OverloadWait = 1, 20*time.Second })
	held := begin(t, h, "SLOW", "x")
	held.send('E', "")
	h.eventually(t, "postern_scans", "1")
	var waiting sync.WaitGroup
	for range 5 {
		m := begin(t, h, "Q", "x")
		m.send('E', "")
		waiting.Go(func() {
			if p, err := m.read(); err != nil || p.String() != "a" {
				t.Errorf("a mail that waited got %q, %v", p, err)
			}
		})
	}
	h.eventually(t, "postern_mails_waiting", "5")
	close(letGo)
	waiting.Wait()
	if n := h.metric(t, "postern_overload_total"); n != "0" {
		t.Errorf("%s mails were deferred", n)
	}
}

func TestLargeMailsCannotKeepSmallOnesOut(t *testing.T) {
	letGo := make(chan struct{})
	h := serve(t, slowly(letGo), func(c *Config) { c.Scans, c.OverloadWait = 8, 200*time.Millisecond })
	var large []*mta
	for range 6 {
		m := begin(t, h, "SLOW", strings.Repeat("x", largeBytes+1))
		m.send('E', "")
		large = append(large, m)
	}
	h.eventually(t, "postern_scans", "6")

	seventh := connect(t, h)
	seventh.envelope("SLOW7")
	seventh.ask('N', "", "c")
	got := ""
	for range largeBytes/65535 + 1 {
		if got = seventh.say('B', strings.Repeat("x", 65535)); got != "c" {
			break
		}
	}
	if got == "c" {
		_, got = seventh.end()
	}
	if !strings.HasPrefix(got, "y451 4.3.2 ") {
		t.Errorf("a large mail beyond the share of large ones got %q", got)
	}
	for _, body := range []string{"x", strings.Repeat("x", largeBytes-1)} {
		if _, reply := connect(t, h).mail("Q", body); reply != "a" {
			t.Errorf("a mail of %d bytes beside the large ones got %q", len(body), reply)
		}
	}
	close(letGo)
	for _, m := range large {
		if p := m.next(); p.String() != "a" {
			t.Errorf("a large mail got %q", p)
		}
	}
	h.eventually(t, "postern_budget_bytes", "0")
}

func TestMemoryOfContainersIsOfTheBudget(t *testing.T) {
	const piece = 8 << 20
	got := make(chan bool, 1)
	letGo := make(chan struct{})
	h := serve(t, &fakeEngine{finish: func(i *fakeInspection) (*rules.Decision, error) {
		switch i.env.QueueID {
		case "HOLDS":
			if !i.memory.Take(piece, true) {
				t.Error("no memory for the first mail")
			}
			<-letGo // its memory is given back with the mail
		case "ASKS":
			got <- i.memory.Take(piece, false)
			got <- i.memory.Take(piece, true)
			i.memory.Give(piece)
		}
		return &rules.Decision{}, nil
	}}, func(c *Config) { c.Memory, c.OverloadWait = piece+8*scanMemory, 20*time.Second })
	holds := begin(t, h, "HOLDS", "x")
	holds.send('E', "")
	h.eventually(t, "postern_budget_bytes", "8.912896e+06")
	asks := begin(t, h, "ASKS", "x")
	asks.send('E', "")
	if <-got {
		t.Error("there was memory that is another mail's")
	}
	h.eventually(t, "postern_mails_waiting", "1")
	close(letGo)
	if !<-got {
		t.Error("the memory that was given back was not to be had")
	}
	for _, m := range []*mta{holds, asks} {
		if p := m.next(); p.String() != "a" {
			t.Errorf("reply %q", p)
		}
	}
	h.eventually(t, "postern_budget_bytes", "0")
}

func TestASlowMTAHoldsNothing(t *testing.T) {
	h := serve(t, &fakeEngine{}, func(c *Config) { c.Scans = 1 })
	const many = 500
	grown := heapGrowth(func() {
		for range many {
			// The header is here, of the body a part, of the next packet its beginning.
			m := begin(t, h, "Q", "half a mail")
			if _, err := m.conn.Write(append(frame('B', "")[:3], 0xff)); err != nil {
				t.Fatal(err)
			}
		}
	})
	h.eventually(t, "postern_messages_in_flight", "500")
	if n := h.metric(t, "postern_scans"); n != "0" {
		t.Errorf("%s scans are held", n)
	}
	if _, reply := connect(t, h).mail("Q", "x"); reply != "a" {
		t.Errorf("a mail beside %d slow ones got %q", many, reply)
	}
	// Both ends of the connections are in this process.
	if grown > many*(48<<10) {
		t.Errorf("%d slow mails hold %d KiB", many, grown>>10)
	}
}

// heapGrowth returns how much more of the heap is in use after f.
func heapGrowth(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc+after.StackInuse) - int64(before.HeapAlloc+before.StackInuse)
}

func TestAMailThatStallsIsLetGo(t *testing.T) {
	long := strings.Repeat("x", maxTakenIn+1)
	for name, tt := range map[string]struct {
		stall, slow time.Duration
		body        string
		trickle     bool
	}{
		"short, silent":            {50 * time.Millisecond, time.Minute, "x", false},
		"long, silent":             {50 * time.Millisecond, time.Minute, long, false},
		"long, by and by":          {time.Minute, 80 * time.Millisecond, long, true},
		"in the midst of a packet": {50 * time.Millisecond, time.Minute, long, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, &fakeEngine{}, func(c *Config) { c.Stall, c.MailTime = tt.stall, tt.slow })
			m := begin(t, h, "Q", tt.body)
			half := ""
			if strings.HasPrefix(name, "in the midst") {
				whole := string(frame('B', strings.Repeat("y", 60000)))
				half = whole[30000:]
				if _, err := m.conn.Write([]byte(whole[:30000])); err != nil {
					t.Fatal(err)
				}
			}
			for range 100 {
				if !tt.trickle || h.metric(t, `postern_faults_total{fault="stalled"}`) == "1" {
					break
				}
				time.Sleep(10 * time.Millisecond)
				m.say('B', "y")
			}
			h.eventually(t, `postern_faults_total{fault="stalled"}`, "1")
			h.eventually(t, "postern_scans", "0")
			h.eventually(t, "postern_messages_in_flight", "0")
			if half == "" {
				m.send('B', "more")
			} else if _, err := m.conn.Write([]byte(half)); err != nil {
				t.Fatal(err)
			}
			if p := m.next(); !strings.HasPrefix(p.String(), "y451 4.3.0 ") {
				t.Errorf("the mail got %q", p)
			}
			m.send('A', "")
			if _, reply := m.mail("Q2", "x"); reply != "a" {
				t.Errorf("the mail after it got %q", reply)
			}
		})
	}
}

// An MTA that sends the next packet byte by byte is never silent and never goes on.
func TestAPacketThatTricklesInIsAStall(t *testing.T) {
	for name, limit := range map[string]func(*Config){
		"stall":        func(c *Config) { c.Stall = 200 * time.Millisecond },
		"time to show": func(c *Config) { c.ShowTime = 200 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, &fakeEngine{}, limit)
			const many = 20
			next := frame('B', strings.Repeat("y", 60000))
			var mtas []*mta
			for range many {
				mtas = append(mtas, begin(t, h, "Q", strings.Repeat("x", 3*maxTakenIn)))
			}
			sent := 0
			for began := time.Now(); h.metric(t, `postern_faults_total{fault="stalled"}`) != "20" && time.Since(began) < 10*time.Second; sent++ {
				for _, m := range mtas {
					if _, err := m.conn.Write(next[sent : sent+1]); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(10 * time.Millisecond)
			}
			for series, want := range map[string]string{
				`postern_faults_total{fault="stalled"}`: "20", "postern_scans": "0", "postern_budget_bytes": "0", "postern_messages_in_flight": "0",
			} {
				h.eventually(t, series, want)
			}
			for _, m := range mtas {
				if _, err := m.conn.Write(next[sent:]); err != nil {
					t.Fatal(err)
				}
				if p := m.next(); !strings.HasPrefix(p.String(), "y451 4.3.0 ") {
					t.Errorf("the mail got %q", p)
				}
			}
		})
	}
}

func TestTheBudgetAddsUp(t *testing.T) {
	h := serve(t, &fakeEngine{finish: func(i *fakeInspection) (*rules.Decision, error) {
		if i.memory.Take(3<<20, len(i.env.QueueID)%2 == 0) {
			defer i.memory.Give(3 << 20)
		}
		return &rules.Decision{}, nil
	}}, func(c *Config) { c.Scans, c.Memory, c.OverloadWait = 3, 8<<20, 10*time.Second })
	var mtas sync.WaitGroup
	for i := range 12 {
		m := connect(t, h)
		mtas.Go(func() {
			for n := range 6 {
				body := strings.Repeat("x", []int{10, maxTakenIn, largeBytes + 1}[(i+n)%3])
				if _, reply := m.mail(strings.Repeat("Q", 1+n), body); reply != "a" {
					t.Errorf("a mail got %q", reply)
				}
			}
		})
	}
	mtas.Wait()
	for _, series := range []string{"postern_scans", "postern_budget_bytes", "postern_mails_waiting", "postern_overload_total"} {
		h.eventually(t, series, "0")
	}
}

// late is a listener that takes its connection only when it is closed.
type late struct {
	net.Listener
	closing chan struct{}
	taken   bool
}

func (l *late) Accept() (net.Conn, error) {
	<-l.closing
	if l.taken {
		return nil, net.ErrClosed
	}
	l.taken = true
	return l.Listener.Accept()
}

func (l *late) Close() error {
	select {
	case <-l.closing:
	default:
		close(l.closing)
	}
	return nil
}

func TestAConnectionThatIsTakenWhileTheListenerClosesIsServed(t *testing.T) {
	h := serve(t, &fakeEngine{}, func(c *Config) { c.Linger = 5 * time.Second })
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	served := make(chan error, 1)
	go func() { served <- h.Serve(&late{Listener: inner, closing: make(chan struct{})}) }()
	m := dial(t, "tcp", inner.Addr().String())
	for h.listens() < 2 {
		time.Sleep(time.Millisecond)
	}
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(t.Context()) }()
	m.negotiate(6, 0x1ff, 0x1fffff)
	m.ask('C', "client.example\x004\x30\x39192.0.2.7\x00", "c")
	if _, reply := m.mail("Q", "x", "Subject: hi"); reply != "a" {
		t.Errorf("the mail got %q", reply)
	}
	m.conn.Close()
	if err := <-down; err != nil {
		t.Errorf("Shutdown returned %v", err)
	}
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
}

func (h *house) listens() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners)
}

func TestConnectionsLingerAfterShutdown(t *testing.T) {
	h := serve(t, &fakeEngine{}, func(c *Config) { c.Linger = 300 * time.Millisecond })
	m := connect(t, h)
	m.mail("Q1", "x")
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(t.Context()) }()
	for !h.isClosed() {
		time.Sleep(time.Millisecond)
	}
	if _, reply := m.mail("Q2", "x"); reply != "a" {
		t.Errorf("a mail that began after Shutdown got %q", reply)
	}
	m.gone()
	if err := <-down; err != nil {
		t.Errorf("Shutdown returned %v", err)
	}
}
