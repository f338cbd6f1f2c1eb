package notice

import (
	"bufio"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// sink is a small SMTP server that keeps what it is sent, or refuses.
type sink struct {
	net.Listener
	mu     sync.Mutex
	refuse bool
	from   []string
	mails  []string
	got    chan struct{}
}

func newSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{Listener: l, got: make(chan struct{}, 1000)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *sink) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprint(conn, line+"\r\n") }
	say("220 sink")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		refuse := s.refuse
		s.mu.Unlock()
		switch verb := strings.ToUpper(line[:4]); {
		case verb == "QUIT":
			say("221 bye")
			return
		case verb == "RCPT" && refuse:
			say("450 secret-looking text 078-05-1123")
		case verb == "MAIL":
			s.mu.Lock()
			s.from = append(s.from, strings.TrimSpace(line))
			s.mu.Unlock()
			say("250 ok")
		case verb == "DATA":
			say("354 go")
			var b strings.Builder
			for line = ""; line != ".\r\n"; {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
				b.WriteString(line)
			}
			s.mu.Lock()
			s.mails = append(s.mails, strings.TrimSuffix(b.String(), ".\r\n"))
			s.mu.Unlock()
			say("250 taken")
			s.got <- struct{}{}
		default:
			say("250 ok")
		}
	}
}

func (s *sink) wait(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-s.got:
		case <-time.After(20 * time.Second):
			t.Fatal("no notice came within 20 s")
		}
	}
}

func event(ref string) Event {
	return Event{
		Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), To: []string{"officer@example.org"}, Ref: ref,
		Sender: "a@example.org", Recipients: []string{"b@example.net"}, Mode: "enforce", Action: "reject",
		Rules: []Rule{{"cards-never", "1.10"}}, Found: []string{"payment-card: 1 unique, best high, in body"}, Policy: "example",
	}
}

func open(t *testing.T, dir string, s *sink) *Queue {
	t.Helper()
	q, err := Open(Options{Dir: dir, Server: s.Addr().String(), From: "postern@example.org", retry: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	q.Start()
	return q
}

func TestANoticeTellsWhatHappenedAndIsKnownAsOurs(t *testing.T) {
	s := newSink(t)
	q := open(t, t.TempDir(), s)
	q.Add(event("P-0123456789"))
	s.wait(t, 1)
	m, err := mail.ReadMessage(strings.NewReader(s.mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"A mail was rejected", "P-0123456789", "a@example.org", "b@example.net", "cards-never (clause 1.10)", "payment-card: 1 unique"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the notice says nothing of %q:\n%s", want, body)
		}
	}
	if !strings.HasPrefix(s.from[0], "MAIL FROM:<>") {
		t.Errorf("the notice came with %q, want the null reverse-path", s.from[0])
	}
	if got := m.Header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted is %q", got)
	}
	seal := m.Header.Get(Field)
	if !q.Ours(seal, []string{"OFFICER@example.org"}) {
		t.Error("the notice is not known as ours")
	}
	if q.Ours(seal, []string{"officer@example.org", "outside@example.net"}) || q.Ours(seal, []string{"outside@example.net"}) {
		t.Error("its seal covers a mail to others as well")
	}
	if q.Ours(seal[:len(seal)-1]+"0", []string{"officer@example.org"}) && q.Ours(seal[:len(seal)-1]+"1", []string{"officer@example.org"}) {
		t.Error("a changed seal is taken")
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q.options.now = func() time.Time { return time.Now().Add(7 * 24 * time.Hour) }
	if q.Ours(seal, []string{"officer@example.org"}) {
		t.Error("a seal is taken a week later")
	}
}

func TestANoticeThatIsRefusedWaitsAndOutlivesARestart(t *testing.T) {
	s, dir := newSink(t), t.TempDir()
	s.refuse = true
	q := open(t, dir, s)
	q.Add(event("P-1"))
	for deadline := time.Now().Add(20 * time.Second); q.Waiting() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the notice does not wait")
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.notice"))
	if err != nil || len(files) != 1 {
		t.Fatalf("found the files %v (%v), want one", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, want 0600", info.Mode())
	}
	s.mu.Lock()
	s.refuse = false
	s.mu.Unlock()
	q = open(t, dir, s)
	s.wait(t, 1)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.notice")); len(files) != 0 {
		t.Errorf("the directory still holds %v", files)
	}
	if len(s.mails) != 1 {
		t.Errorf("%d notices came, want 1", len(s.mails))
	}
}

// During an upgrade two posterns have the folder, and both know what waits in it.
func TestANoticeThatTwoKnowOfIsSentOnce(t *testing.T) {
	s := newSink(t)
	s.refuse = true
	dir := t.TempDir()
	const many = 20
	old := open(t, dir, s)
	for i := range many {
		e := event(fmt.Sprintf("P-%010d", i))
		e.Sender = e.Ref + "@example.org"
		old.Add(e)
	}
	for deadline := time.Now().Add(20 * time.Second); old.Waiting() < many; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d notices wait", old.Waiting())
		}
	}
	queues := []*Queue{old, open(t, dir, s), open(t, dir, s)}
	s.mu.Lock()
	s.refuse = false
	s.mu.Unlock()
	s.wait(t, many)
	for _, q := range queues {
		for deadline := time.Now().Add(20 * time.Second); q.Waiting() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d notices still wait", q.Waiting())
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != many {
		t.Errorf("%d mails for %d notices", len(s.mails), many)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.notice")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestTheSameThingIsToldOnceAndThenAsANumber(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	o := Options{now: func() time.Time { return now }}
	o.setDefaults()
	g := newGate(&o)
	first, other := event("P-1"), event("P-9")
	other.Sender = "c@example.org"
	if got := len(g.pass(&first)) + len(g.pass(&other)); got != 2 {
		t.Fatalf("two different things make %d letters, want 2", got)
	}
	for i := range 25 {
		again := event(fmt.Sprintf("P-%d", i+2))
		if got := g.pass(&again); got != nil {
			t.Fatalf("a repeat makes a letter: %q", got[0].subject)
		}
	}
	if got := g.due(); got != nil {
		t.Fatalf("a letter comes before the quiet time is over: %q", got[0].subject)
	}
	restored := newGate(&o)
	restored.restore(g.state())
	now = now.Add(o.Quiet)
	got := restored.due()
	if len(got) != 1 || !strings.Contains(got[0].text, "happened 25 more times") || !strings.Contains(got[0].text, "and 15 more") {
		t.Fatalf("after a restart and the quiet time come the letters %+v", got)
	}
	now = now.Add(o.Quiet)
	if got := restored.due(); got != nil || len(restored.Repeats) != 0 {
		t.Errorf("a thing that stopped is still told or kept: %+v", got)
	}
}

func TestMoreThanEnoughNoticesBecomeADigest(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	o := Options{PerHour: 3, now: func() time.Time { return now }}
	o.setDefaults()
	g := newGate(&o)
	told := 0
	for i := range 10 {
		e := event(fmt.Sprintf("P-%d", i))
		e.Sender = fmt.Sprintf("s%d@example.org", i)
		told += len(g.pass(&e))
	}
	if told != 3 {
		t.Fatalf("%d notices in the hour, want 3", told)
	}
	now = now.Add(time.Hour)
	got := g.due()
	if len(got) != 1 || !strings.Contains(got[0].text, "cards-never: 7") {
		t.Fatalf("at the end of the hour come %+v, want a digest of 7", got)
	}
}

func TestANoticeHasOneLineForEachFact(t *testing.T) {
	e := event("P-1")
	e.Sender = "a\r\nBcc: x@example.net\r\n\r\n@example.org"
	l := letter{id: "1", to: e.To, subject: "s\r\nBcc: y@example.net", text: e.text()}
	m, err := mail.ReadMessage(strings.NewReader(string(l.message(&Options{From: "p@example.org"}, nil, e.Time))))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" || strings.Contains(e.text(), "\nBcc") {
		t.Error("an address makes a line or a field of its own")
	}
}

func TestParseServerWantsThisMachine(t *testing.T) {
	for server, want := range map[string]string{
		"127.0.0.1:25": "tcp 127.0.0.1:25", "inet:[::1]:10025": "tcp [::1]:10025", "localhost:25": "tcp localhost:25",
		"unix:/run/smtp": "unix /run/smtp", "192.0.2.1:25": "", "mail.example.org:25": "", "25": "",
	} {
		network, address, err := ParseServer(server)
		if got := strings.TrimSpace(network + " " + address); (err == nil) != (want != "") || got != want {
			t.Errorf("%q: got %q and the error %v, want %q", server, got, err, want)
		}
	}
}

func TestMoreEventsThanCanBeWrittenDownAreCounted(t *testing.T) {
	lost := 0
	q := &Queue{events: make(chan Event, 1), options: Options{Counted: func(c Count) { lost++ }}}
	q.options.setDefaults()
	q.Add(event("P-1"))
	q.Add(event("P-2"))
	if lost != 1 {
		t.Errorf("counted %d lost events, want 1", lost)
	}
	var none *Queue
	none.Add(event("P-3"))
	if none.Ours("", nil) || none.Waiting() != 0 || none.Close() != nil {
		t.Error("a nil Queue does something")
	}
}
