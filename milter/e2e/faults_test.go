//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

func TestWithoutPosternNothingLeaves(t *testing.T) {
	w := newWorld(t, options{})
	if err := w.postern.Kill(); err != nil {
		t.Fatal(err)
	}
	reply, err := w.postfix.Relay("ann@agency.example", []string{"pat@plain.example"}, mail("down", "none"))
	if err != nil || reply.Code != 451 {
		t.Errorf("the relay replies %q, %v; want 451", reply, err)
	}
	// Postfix answers STARTTLS already with 454.
	reply, err = w.postfix.Submit("ann", "ann@agency.example", []string{"pat@plain.example"}, mail("down", "none"))
	if err != nil || reply.Code/100 != 4 {
		t.Errorf("the submission service replies %q, %v; want 4xx", reply, err)
	}
	if err := w.postfix.Sendmail(mail("down-local", "none"), "-f", "ann@agency.example", "pat@plain.example"); err != nil {
		t.Fatal(err)
	}
	w.flush()
	time.Sleep(time.Second)
	for _, hop := range []*lab.Hop{w.store, w.plain} {
		if mails := hop.Mails(); len(mails) > 0 {
			t.Errorf("%s got %v", hop.Name, mails)
		}
	}

	if err := w.postern.Start(); err != nil {
		t.Fatal(err)
	}
	w.submit(250, mail("up", "none"), "pat@plain.example")
	w.arrives(w.plain, "up")
	// What a local program had sent waited for postern.
	w.flush()
	w.arrives(w.plain, "down-local")
}

// Whenever postern is killed, a mail was either taken and arrives once, or was
// not taken and arrives never.
func TestKilledPosternLosesNothing(t *testing.T) {
	w := newWorld(t, options{})
	body := strings.Repeat(strings.Repeat("lorem ipsum ", 6)+"\n", 60000)
	type sent struct {
		token string
		code  int
	}
	results := make(chan sent)
	for i := range 10 {
		token := fmt.Sprintf("kill-%d", i)
		outcome := []string{"none", "over-tls", "look-at-it over-tls"}[i%3]
		go func() {
			reply, _ := w.postfix.Submit("ann", "ann@agency.example", []string{"pat@partner.example"}, mail(token, outcome)+body)
			results <- sent{token, reply.Code}
		}()
		// From the first command to past the end of the mail.
		time.Sleep(time.Duration(i*30) * time.Millisecond)
		if err := w.postern.Kill(); err != nil {
			t.Fatal(err)
		}
		got := <-results
		if err := w.postern.Start(); err != nil {
			t.Fatal(err)
		}
		w.account(got.token, got.code == 250, outcome)
	}
}

// account looks for a mail at the partner and in the queue.
func (w *world) account(token string, taken bool, outcome string) {
	w.Helper()
	w.rests()
	copies := 0
	for _, got := range w.partner.Mails() {
		if strings.Contains(got.Header(), "Subject: "+token+"\r\n") {
			copies++
			if outcome != "none" && !got.TLS {
				w.Errorf("%s left in clear", token)
			}
			if strings.Contains(outcome, "look-at-it") {
				w.Errorf("%s was delivered, want it held", token)
			}
		}
	}
	queued, err := w.postfix.Queued()
	if err != nil {
		w.Fatal(err)
	}
	for _, q := range queued {
		if text, _ := w.postfix.Text(q.ID); strings.Contains(text, "Subject: "+token+"\n") {
			copies++
		}
	}
	if want := map[bool]int{true: 1}[taken]; copies != want {
		w.Errorf("%s: taken is %v, and there are %d copies", token, taken, copies)
	}
}

func TestTerminatedPosternFinishesItsMails(t *testing.T) {
	w := newWorld(t, options{})
	body := strings.Repeat(strings.Repeat("lorem ipsum ", 6)+"\n", 100000)
	done := make(chan int)
	go func() {
		reply, _ := w.postfix.Submit("ann", "ann@agency.example", []string{"pat@plain.example"}, mail("drained", "none")+body)
		done <- reply.Code
	}()
	w.inFlight()
	if err := w.postern.Stop(); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != 250 {
		t.Errorf("the mail in flight was answered with %d, want 250", code)
	}
}

// inFlight waits until postern is at work on a mail.
func (w *world) inFlight() {
	w.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		text, err := w.postern.Metrics()
		if err != nil {
			w.Fatal(err)
		}
		if strings.Contains(text, "\npostern_messages_in_flight 1") {
			return
		}
	}
	w.Fatal("no mail came into flight")
}
