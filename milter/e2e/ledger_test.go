//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// ledger keeps the books of many mails: what their senders were told, and where
// they are in the end.
type ledger struct {
	*world
	next    atomic.Int64
	stop    chan struct{}
	senders sync.WaitGroup

	mu    sync.Mutex
	codes map[string]int // by token; 0: the sender was told nothing
	texts map[string]string
}

func (w *world) open() *ledger {
	return &ledger{world: w, stop: make(chan struct{}), codes: map[string]int{}, texts: map[string]string{}}
}

// send has senders send mails to plain.example over the relay, one after the
// other, until close.
func (l *ledger) send(senders int, text func(token string) string) {
	for range senders {
		l.senders.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
					l.one("ann@agency.example", text)
				}
			}
		})
	}
}

// one sends a mail and writes down what its sender is told.
func (l *ledger) one(from string, text func(token string) string) lab.Reply {
	token := fmt.Sprintf("ledger-%d", l.next.Add(1))
	reply, _ := l.postfix.Relay(from, []string{"pat@plain.example"}, text(token))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes[token], l.texts[token] = reply.Code, reply.Text()
	return reply
}

// close ends the senders.
func (l *ledger) close() {
	close(l.stop)
	l.senders.Wait()
}

// told is how many senders got a reply.
func (l *ledger) told(code int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, c := range l.codes {
		if c == code {
			n++
		}
	}
	return n
}

var tokens = regexp.MustCompile(`(?m)^Subject: (ledger-\d+)\r?$`)

// balance looks for every mail at its destination and in the queue: one that was
// taken is there once, one that was not is nowhere.
func (l *ledger) balance() {
	l.Helper()
	l.rests()
	found := map[string]int{}
	for _, got := range l.plain.Mails() {
		for _, m := range tokens.FindAllStringSubmatch(got.Header(), 1) {
			found[m[1]]++
		}
	}
	queued, err := l.postfix.Queued()
	if err != nil {
		l.Fatal(err)
	}
	for _, q := range queued {
		text, _ := l.postfix.Text(q.ID)
		for _, m := range tokens.FindAllStringSubmatch(text, 1) {
			found[m[1]]++
		}
	}
	for token, code := range l.codes {
		n := found[token]
		delete(found, token)
		switch {
		case code == 250 && n != 1, code != 250 && code != 0 && n != 0, n > 1:
			l.Errorf("%s: the sender was told %d %s, and there are %d copies", token, code, l.texts[token], n)
		}
	}
	if len(found) > 0 {
		l.Errorf("mails that nobody sent: %v", found)
	}
}

// metric is a number that the daemon tells; 0 if it does not know the series.
func (w *world) metric(series string) float64 {
	w.Helper()
	text, err := w.postern.Metrics()
	if err != nil {
		w.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	var value float64
	if _, err := fmt.Sscan(found[1], &value); err != nil {
		w.Fatal(err)
	}
	return value
}
