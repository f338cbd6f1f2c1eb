package probe

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// until waits for what another goroutine does.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited: %s", what)
		}
	}
}

func TestNobodyWaitsForAProbe(t *testing.T) {
	w := newWorld(t)
	slow := w.domain("slow.test", "slow.test")
	slow.gate.Lock()
	var ended atomic.Int32
	w.options.Probed = func(*Result, time.Duration) { ended.Add(1) }
	c := w.open()
	began := time.Now()
	for range 1000 {
		c.Want("slow.test", "slow.test", "not a domain", "")
		if r, known := c.Known("slow.test"); known {
			t.Fatalf("it is known before anybody could know: %+v", r)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("asking took %s", took)
	}
	until(t, "the host is spoken to", func() bool { return slow.talks.Load() == 1 })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if r, err := c.Probe(t.Context(), "slow.test", true); err != nil || r.State != Verified {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	// Those who wait do not make the host be spoken to again.
	time.Sleep(50 * time.Millisecond)
	slow.gate.Unlock()
	all.Wait()
	if n, probes := slow.talks.Load(), ended.Load(); n != 1 || probes != 1 {
		t.Errorf("%d conversations, %d probes, want one", n, probes)
	}
	if states, _ := c.Summary(); states[Verified] != 1 || len(states) != len(States()) {
		t.Errorf("the sum is %v", states)
	}
}

func TestWhoGivesUpWaitingDoesNotEndTheProbe(t *testing.T) {
	w := newWorld(t)
	slow := w.domain("slow.test", "slow.test")
	slow.gate.Lock()
	c := w.open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Probe(ctx, "slow.test", false); err == nil {
		t.Error("it has waited")
	}
	slow.gate.Unlock()
	until(t, "the probe ends", func() bool { _, known := c.Known("slow.test"); return known })
}

func TestCloseDoesNotWaitForWhoDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	w.options.Resolver = silent.LocalAddr().String()
	c := w.open()
	c.Want("any.test")
	if _, _, err := silent.ReadFrom(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Close(); err != nil || time.Since(began) > askTime/2 {
		t.Errorf("it took %s (%v)", time.Since(began), err)
	}
}

func TestResultsAreRenewedBeforeTheyEnd(t *testing.T) {
	w := newWorld(t)
	host := w.domain("good.test", "good.test")
	idle := w.domain("idle.test", "idle.test")
	w.options.Fresh = 2 * time.Second
	c := w.open()
	first := w.probe(c, "good.test")
	w.probe(c, "idle.test")
	began := time.Now()
	for host.talks.Load() < 2 {
		c.Want("good.test")
		if _, known := c.Known("good.test"); !known {
			t.Fatalf("after %s it is not known, and was to be renewed before", time.Since(began))
		}
		time.Sleep(5 * time.Millisecond)
	}
	until(t, "the new result", func() bool { r, _ := c.Known("good.test"); return r != nil && r.Time != first.Time })
	if idle.talks.Load() != 1 {
		t.Error("a domain that no mail is for was probed again")
	}
	until(t, "it expires", func() bool { _, known := c.Known("idle.test"); return !known })
}

func TestWhatIsLostIsSeenAndWhatCannotBeFoundIsNot(t *testing.T) {
	w := newWorld(t)
	host := w.domain("good.test", "good.test")
	c := w.open()
	w.probe(c, "good.test")
	w.mu.Lock()
	w.broken["good.test MX"] = true
	w.mu.Unlock()
	if r := w.probe(c, "good.test"); r.State != Verified {
		t.Errorf("while the resolver fails it is %s", r.State)
	}
	w.mu.Lock()
	w.broken["good.test MX"] = false
	w.mu.Unlock()
	host.config.Store(nil)
	if r := w.probe(c, "good.test"); r.State != None {
		t.Errorf("without STARTTLS it is %s", r.State)
	}
}

func TestTheCacheSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	host := w.domain("good.test", "good.test")
	w.options.File = filepath.Join(t.TempDir(), "destinations.json")
	one := w.open()
	before := w.probe(one, "good.test")
	until(t, "the file is written", func() bool { all, err := Read(w.options.File); return err == nil && len(all) == 1 })
	// As after a crash: nothing has been closed.
	other := w.open()
	after, known := other.Known("good.test")
	if !known || after.State != Verified || !after.Time.Equal(before.Time) || host.talks.Load() != 1 {
		t.Errorf("got %+v, %v after %d conversations", after, known, host.talks.Load())
	}
	// Two processes keep what the other has found.
	w.domain("second.test", "second.test")
	w.probe(other, "second.test")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if all, err := Read(w.options.File); err != nil || len(all) != 2 {
		t.Errorf("the file holds %v (%v), want both", all, err)
	}
	left, _ := filepath.Glob(w.options.File + ".*")
	if len(left) != 1 { // the lock
		t.Errorf("beside it lies %v", left)
	}
}

// As "postern registry probe --refresh" does it beside the daemon.
func TestWhatAnotherProcessFindsIsTakenUp(t *testing.T) {
	w := newWorld(t)
	host := w.domain("good.test", "good.test")
	w.domain("second.test", "second.test")
	w.options.File = filepath.Join(t.TempDir(), "destinations.json")
	daemon := w.open()
	before := w.probe(daemon, "good.test")
	until(t, "the file is written", func() bool { all, err := Read(w.options.File); return err == nil && len(all) == 1 })
	elsewhere := func() {
		t.Helper()
		other := w.open()
		w.probe(other, "good.test")
		w.probe(other, "second.test")
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
	host.config.Store(nil)
	w.options.now = func() time.Time { return time.Now().Add(2 * time.Second) }
	elsewhere()
	until(t, "the daemon knows that TLS is gone", func() bool { r, _ := daemon.Known("good.test"); return r != nil && r.State == None })
	if r, known := daemon.Known("second.test"); !known || r.State != Verified {
		t.Errorf("of the domain that it had not asked for it knows %+v", r)
	}
	if before.State != Verified {
		t.Errorf("before it was %s", before.State)
	}

	// What tells nothing does not undo what is known, whoever writes it.
	later := *before
	later.State, later.By, later.Problem = Unknown, "", Unreachable
	later.Time, later.Expires = later.Time.Add(time.Minute), later.Expires.Add(time.Minute)
	daemon.mu.Lock()
	daemon.merge([]*Result{&later})
	daemon.mu.Unlock()
	if r, known := daemon.Known("good.test"); !known || r.State != None {
		t.Errorf("after a result that says nothing it knows %+v", r)
	}
}

func TestADamagedFileIsBegunAnew(t *testing.T) {
	w := newWorld(t)
	w.domain("good.test", "good.test")
	for name, text := range map[string]string{
		"empty": "", "cut": `{"version":1,"results":[{"domain":"a`, "of another kind": "[]", "of another version": `{"version":9}`,
		"null":                     `{"version":1,"results":[null,{"domain":""}]}`,
		"with a result of nowhere": `{"version":1,"results":[{"domain":"x.test","state":"splendid","time":"2020-01-01T00:00:00Z","expires":"2999-01-01T00:00:00Z"}]}`,
		"with one of the future":   `{"version":1,"results":[{"domain":"x.test","state":"tls","time":"2998-01-01T00:00:00Z","expires":"2999-01-01T00:00:00Z"}]}`,
	} {
		w.options.File = filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(w.options.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := w.open()
		if _, known := c.Known("x.test"); known {
			t.Errorf("%s: it is believed", name)
		}
		w.probe(c, "good.test")
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if all, err := Read(w.options.File); err != nil || len(all) != 1 {
			t.Errorf("%s: the file holds %v (%v)", name, all, err)
		}
	}
}

// A client may write a mark itself, in a mail that is only looked at; that name
// tells the name server whom a colleague writes to, and never exists.
func TestMarksAreNotAskedFor(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	for _, domain := range []string{"partner.example.tls.postern.invalid", "postern.invalid", "x.invalid", "invalid"} {
		c.Want(domain)
		if _, err := c.Probe(t.Context(), domain, true); err == nil {
			t.Errorf("%s was probed", domain)
		}
	}
	if n := len(c.entries); n != 0 {
		t.Errorf("%d entries", n)
	}
	if !ValidDomain("notinvalid") || !ValidDomain("invalid.example") {
		t.Error("a domain of another name is taken for a mark")
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	w := newWorld(t)
	w.options.Domains = 50
	c := w.open()
	for i := range 5000 {
		c.Want(fmt.Sprintf("d%d.test", i))
	}
	c.mu.Lock()
	n, waiting := len(c.entries), len(c.queue)
	c.mu.Unlock()
	if n > 50+maxQueue+c.options.Concurrent || waiting > maxQueue {
		t.Errorf("%d entries, %d wait", n, waiting)
	}
	until(t, "the queue is empty", func() bool { return len(c.queue) == 0 })
	c.Want("last.test")
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.entries); n > 50+maxQueue {
		t.Errorf("%d entries", n)
	}
}

func TestAHostThatTalksForEverIsCutOff(t *testing.T) {
	for name, say := range map[string]string{"one line": strings.Repeat("x", 1000), "many lines": "220-hello\r\n"} {
		w := newWorld(t)
		w.set("babble.test", "A", "127.0.0.1")
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", w.port))
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan int, 1)
		go func() {
			conn, err := l.Accept()
			total := 0
			for err == nil {
				var n int
				n, err = conn.Write([]byte(say))
				total += n
			}
			said <- total
		}()
		if r := w.probe(w.open(), "babble.test"); r.State != Unknown || r.Problem != Unreachable {
			t.Errorf("%s: got %+v", name, r)
		}
		if n := <-said; n > 16<<20 {
			t.Errorf("%s: it could say %d bytes", name, n)
		}
		l.Close()
	}
}

func TestPostfixIsToldHowADomainIsVerified(t *testing.T) {
	w := newWorld(t)
	w.domain("good.test", "good.test")
	c := w.open()
	soon := time.Now().UTC().Add(time.Hour)
	for domain, r := range map[string]*Result{
		"dane.test":  {State: Verified, By: ByDANE, Hosts: []Host{{DANE: DANEMatches}, {DANE: NoDANE}}},
		"faked.test": {State: TLS, Hosts: []Host{{DANE: DANEFails, Trusted: true, ForDomain: true}}},
		"sts.test":   {State: Verified, By: BySTS, STS: &Policy{Mode: "enforce", MX: []string{"mx.a.test", "*.b.test"}}},
		"trial.test": {State: TLS, STS: &Policy{Mode: "testing", MX: []string{"mx.a.test"}}},
	} {
		r.Domain, r.Time, r.Expires = domain, time.Now().UTC(), soon
		c.entries[domain] = &entry{result: r}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- c.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for key, want := range map[string]string{
		"dane.test":         "OK dane-only protocols=>=TLSv1.2 ciphers=high",
		"Dane.Test":         "OK dane-only protocols=>=TLSv1.2 ciphers=high",
		"faked.test":        "OK dane-only protocols=>=TLSv1.2 ciphers=high",
		"sts.test":          "OK secure match=mx.a.test:.b.test protocols=>=TLSv1.2 ciphers=high",
		"trial.test":        "NOTFOUND ",
		"good.test":         "NOTFOUND ", // probed at once; the certificate of the domain will do
		".dane.test":        "NOTFOUND ",
		"[dane.test]":       "NOTFOUND ",
		"[127.0.0.1]:10025": "NOTFOUND ",
		"":                  "NOTFOUND ",
	} {
		question := "postern " + key
		fmt.Fprintf(conn, "%d:%s,", len(question), question)
		if got, err := readNetstring(in); err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", key, got, err, want)
		}
	}
	if _, known := c.Known("good.test"); !known {
		t.Error("a domain that Postfix asks for is not probed")
	}
	for _, bad := range []string{"99999:x,", "1:xy", "-1:,", "x:", "4:abcde"} {
		other, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(other, bad)
		_ = other.SetDeadline(time.Now().Add(10 * time.Second))
		if n, err := other.Read(make([]byte, 10)); n > 0 || err == nil {
			t.Errorf("%q is answered", bad)
		}
		other.Close()
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestANilCacheKnowsNothing(t *testing.T) {
	var c *Cache
	c.Want("a.test")
	if _, known := c.Known("a.test"); known || c.Close() != nil {
		t.Error("it knows something")
	}
	if states, _ := c.Summary(); len(states) != len(States()) {
		t.Errorf("the sum is %v", states)
	}
}
