//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// four are the recipients of a mail that leaves by four ways.
var four = []string{"pat@partner.example", "cy@citizen.example", "bob@agency.example", "sam@plain.example"}

// Whatever fails, and whenever: a mail that was taken arrives once for each of its
// recipients, by its own way; one that was not taken arrives nowhere.
func TestEveryMailIsAccountedFor(t *testing.T) {
	w := newWorld(t, options{perRecipient: true, main: hostile + "delay_warning_time = 1s\n"})
	t.Run("while the re-injection hop is down the mail waits", func(t *testing.T) {
		w := w.in(t)
		back := w.withoutListener(w.postfix.Address + ":10031")
		w.submit(250, mail("leg-down", "four-ways")+planted+"\n", four...)
		w.awaits("leg-down", 1)
		w.warned("leg-down", four[0])
		back()
		w.flushed(w.partner, "leg-down")
		w.fourWays("leg-down")
	})
	t.Run("while the gateway or the partner is down the mail waits, also over a restart of the queue", func(t *testing.T) {
		w := w.in(t)
		w.away(w.gateway)
		w.away(w.partner)
		w.submit(250, mail("both-down", "four-ways")+planted+"\n", four...)
		w.awaits("both-down", 2)
		w.restartQueue()
		w.awaits("both-down", 2)
		w.back(w.gateway, true)
		w.back(w.partner, true)
		w.flush()
		w.fourWays("both-down")
	})
	t.Run("postern is killed at each stage of a transaction", func(t *testing.T) {
		w := w.in(t)
		for stage := range len(w.stages(nil, "")) + 1 {
			w.killedAt(stage)
		}
	})
	t.Run("postern is killed at random moments", func(t *testing.T) {
		w := w.in(t)
		w.killedAtRandom(10)
	})
	t.Run("nothing of these mails was on a wire in clear", func(t *testing.T) {
		w := w.in(t)
		w.unseen(w.partner, planted)
		w.unseen(w.gateway, planted)
		if len(w.partner.Mails()) < 5 || len(w.gateway.Wire()) < 5000 {
			t.Error("too little has arrived to tell")
		}
	})
}

// warned waits until the sender hears that a mail is late for a recipient, whom it
// knows under the real address.
func (w *world) warned(token, recipient string) {
	w.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		w.flush()
		for _, got := range w.store.Mails() {
			if strings.HasPrefix(got.From, "<>") && strings.Contains(got.Data, "Action: delayed") && strings.Contains(got.Data, "Subject: "+token+"\r\n") {
				w.spotless(got.Data, recipient)
				return
			}
		}
	}
	w.Errorf("the sender is not warned that mail %q is late", token)
}

// flushed has the queue tried, again and again, until a mail is at a hop. One flush
// may come while the queue manager makes way for the next, after a reload.
func (w *world) flushed(hop *lab.Hop, token string) {
	w.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		w.flush()
		if _, arrived := hop.Wait("Subject: "+token+"\r\n", time.Second); arrived {
			return
		}
	}
}

// stages are the steps of a transaction with c, the kill at one of them among
// them; without a client they are only counted.
func (w *world) stages(c *lab.Client, token string) []func() (lab.Reply, error) {
	text := mail(token, "four-ways") + planted + "\n" + strings.Repeat("lorem ipsum dolor\n", 20000)
	half := len(text) / 2
	all := []func() (lab.Reply, error){
		func() (lab.Reply, error) { return c.Login("ann") },
		func() (lab.Reply, error) { return c.Say("MAIL FROM:<ann@agency.example>") },
	}
	for _, to := range four {
		all = append(all, func() (lab.Reply, error) { return c.Say("RCPT TO:<%s>", to) })
	}
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	return append(all,
		func() (lab.Reply, error) { return c.Say("DATA") },
		func() (lab.Reply, error) { return lab.Reply{}, c.Raw(crlf(text[:half])) },
		func() (lab.Reply, error) { return c.Say("%s.", crlf(text[half:])) },
	)
}

// killedAt kills postern before a step of a transaction, which then goes on, or
// after the last.
func (w *world) killedAt(stage int) {
	w.Helper()
	token := fmt.Sprintf("stage-%d", stage)
	c, err := lab.Dial(w.postfix.Address + ":587")
	if err != nil {
		w.Fatal(err)
	}
	defer c.Close()
	steps := w.stages(c, token)
	taken := true
	for i, step := range steps {
		if i == stage {
			if err := w.postern.Kill(); err != nil {
				w.Fatal(err)
			}
		}
		reply, err := step()
		if err != nil || reply.Code >= 400 {
			taken = false
			break
		}
	}
	if err := w.postern.Kill(); err != nil {
		w.Fatal(err)
	}
	if !taken && stage == len(steps) {
		w.Errorf("%s: it was refused before the kill", token)
	}
	w.restarted()
	w.settled(token, taken)
}

// killedAtRandom kills postern at moments that nobody chose; the seed is told.
func (w *world) killedAtRandom(times int) {
	w.Helper()
	seed := uint64(time.Now().UnixNano())
	w.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	defer func() {
		if w.Failed() {
			fmt.Printf("the moments of the kills are those of seed %d\n", seed)
		}
	}()
	body := planted + "\n" + strings.Repeat("lorem ipsum dolor sit amet\n", 40000)
	taken := map[string]bool{}
	for i := range times {
		token := fmt.Sprintf("random-%d", i)
		waits := random.IntN(4) == 0
		if waits {
			w.away(w.gateway)
		}
		done := make(chan bool, 1)
		go func() {
			reply, err := w.postfix.Submit("ann", "ann@agency.example", four, mail(token, "four-ways")+body)
			done <- err == nil && reply.Code == 250
		}()
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		if err := w.postern.Kill(); err != nil {
			w.Fatal(err)
		}
		taken[token] = <-done
		w.restarted()
		if waits {
			w.rests()
			w.restartQueue()
			w.back(w.gateway, true)
		}
	}
	w.flush()
	lost := 0
	for token, ok := range taken {
		w.settled(token, ok)
		if !ok {
			lost++
		}
	}
	w.Logf("%d of %d mails were not taken", lost, times)
}

func (w *world) restarted() {
	w.Helper()
	if err := w.postern.Start(); err != nil {
		w.Fatal(err)
	}
}

func (w *world) restartQueue() {
	w.Helper()
	if err := w.postfix.Stop(); err != nil {
		w.Fatal(err)
	}
	if err := w.postfix.Start(); err != nil {
		w.Fatal(err)
	}
}

// settled looks that a mail that was taken has left by its four ways, and that
// nothing is known of one that was not.
func (w *world) settled(token string, taken bool) {
	w.Helper()
	if taken {
		w.fourWays(token)
		return
	}
	w.rests()
	for _, hop := range []*lab.Hop{w.partner, w.gateway, w.store, w.plain} {
		w.not(hop, token)
	}
	if n := w.waiting(token); n > 0 {
		w.Errorf("mail %q was not taken and lies in the queue for %d recipients", token, n)
	}
}

// fourWays looks that a mail arrives once at each of four hops, for whom it is for.
func (w *world) fourWays(token string) {
	w.Helper()
	w.overTLS(w.partner, token)
	w.overTLS(w.gateway, token)
	w.arrives(w.store, token)
	w.arrives(w.plain, token)
	w.rests()
	if n := w.waiting(token); n > 0 {
		w.Errorf("mail %q has arrived, and lies in the queue for %d recipients", token, n)
	}
	for i, hop := range []*lab.Hop{w.partner, w.gateway, w.store, w.plain} {
		var to []string
		for _, got := range hop.Mails() {
			if strings.Contains(got.Header(), "Subject: "+token+"\r\n") {
				to = append(to, got.To...)
				w.untouched(got, token)
			}
		}
		if len(to) != 1 || !strings.HasPrefix(to[0], "<"+four[i]+">") {
			w.Errorf("mail %q arrived at %s for %q, want %s once", token, hop.Name, to, four[i])
		}
	}
}

// passing are the fields that mail servers add.
var passing = regexp.MustCompile(`(?im)^(Received|Date|Message-Id):.*\r\n([ \t].*\r\n)*`)

// untouched looks that every byte of a mail is as Ann had sent it, but for what mail
// servers add to a header.
func (w *world) untouched(got lab.Delivery, token string) {
	w.Helper()
	header, body, _ := strings.Cut(mail(token, "four-ways"), "\n\n")
	if want := strings.ReplaceAll(header+"\n", "\n", "\r\n"); passing.ReplaceAllString(got.Header(), "") != want {
		w.Errorf("the header of %q is\n%swant\n%s", token, got.Header(), want)
	}
	if want := strings.ReplaceAll(body, "\n", "\r\n") + planted + "\r\n"; !strings.HasPrefix(got.Body(), want) || strings.Trim(got.Body()[len(want):], "\r\nadeilmoprstu ") != "" {
		w.Errorf("the body of %q is %.200q", token, got.Body())
	}
}

// awaits waits until a mail lies in the queue for so many recipients and for no
// others.
func (w *world) awaits(token string, recipients int) {
	w.Helper()
	w.rests()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		n := w.waiting(token)
		if n == recipients {
			return
		}
		if time.Now().After(end) {
			w.Fatalf("mail %q waits for %d recipients, want %d", token, n, recipients)
		}
	}
}

// withoutListener takes a listener out of master.cf; back puts it there again. Both
// wait until Postfix has done it: "postfix reload" only asks the master for it, and
// mail that came before the listener would wait for minutes to be tried again.
func (w *world) withoutListener(address string) (back func()) {
	w.Helper()
	file := filepath.Join(w.postfix.Config, "master.cf")
	before, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	reload := func(listens bool) {
		w.Helper()
		if _, err := w.postfix.Run("postfix", "reload"); err != nil {
			w.Fatal(err)
		}
		for end := time.Now().Add(patience); w.accepts(address) != listens; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				w.Fatalf("the listener at %s: want %v after the reload", address, listens)
			}
		}
	}
	if _, err := w.postfix.Run("postconf", "-MX", address+"/inet"); err != nil {
		w.Fatal(err)
	}
	reload(false)
	return func() {
		w.Helper()
		if err := os.WriteFile(file, before, 0o644); err != nil {
			w.Fatal(err)
		}
		reload(true)
	}
}

// accepts reports whether somebody greets at an address.
func (w *world) accepts(address string) bool {
	w.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(patience)) // a listener that the master is about to close never greets
	n, _ := conn.Read(make([]byte, 1))
	return n == 1
}
