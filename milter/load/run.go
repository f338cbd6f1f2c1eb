package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emersion/go-milter"
)

// Options say what Run does. Address and Mails must be set; Count or Duration
// too, or ctx is what ends it.
type Options struct {
	Network string // "tcp" or "unix"
	Address string
	Mails   []Mail // sent in turn

	Connections   int // at once; default 1
	PerConnection int // mails over one connection; 0: all
	Count         int // mails in all
	Duration      time.Duration
	Rate          float64       // mails a second, all connections together; 0: as fast as they are answered
	Timeout       time.Duration // for an answer; default 2 min

	From, User string   // envelope sender; login, or none
	To         []string // envelope recipients
	Daemon     string   // {daemon_name}: the listener that a mail came in by
	Client     string   // address of the SMTP client; default 192.0.2.7
}

func (o *Options) setDefaults() {
	o.Connections = max(o.Connections, 1)
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Client == "" {
		o.Client = "192.0.2.7"
	}
	if o.Count <= 0 {
		o.Count = math.MaxInt
	}
}

// Result is what became of the mails.
type Result struct {
	Mails    int64 // that got a verdict
	Bytes    int64 // of these
	Edited   int64 // of these were changed by the milter
	Elapsed  time.Duration
	Verdicts map[string]int64 // "accept", "hold", "reject 550 5.7.1", …
	Errors   map[string]int64 // mails that got none, by the reason
	Message  Histogram        // from MAIL to the verdict
	Verdict  Histogram        // from the end of the mail to the verdict
}

func newResult() *Result {
	return &Result{Verdicts: map[string]int64{}, Errors: map[string]int64{}}
}

func (r *Result) merge(other *Result) {
	r.Mails += other.Mails
	r.Bytes += other.Bytes
	r.Edited += other.Edited
	for v, n := range other.Verdicts {
		r.Verdicts[v] += n
	}
	for e, n := range other.Errors {
		r.Errors[e] += n
	}
	r.Message.merge(&other.Message)
	r.Verdict.merge(&other.Verdict)
}

// Failed is how many mails got no verdict.
func (r *Result) Failed() int64 {
	n := int64(0)
	for _, count := range r.Errors {
		n += count
	}
	return n
}

// Run sends mails until there were Count, Duration is over or ctx ends; mails
// under way get their verdict. The error says that the milter could not be
// talked to at all; what goes wrong later is counted.
func Run(ctx context.Context, o Options) (*Result, error) {
	o.setDefaults()
	if len(o.Mails) == 0 {
		return nil, errors.New("no mails to send")
	}
	r := &runner{Options: o}
	if err := r.probe(); err != nil {
		return nil, err
	}
	if o.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Duration)
		defer cancel()
	}
	r.began = time.Now()
	results := make([]*Result, o.Connections)
	var workers sync.WaitGroup
	for i := range results {
		results[i] = newResult()
		workers.Go(func() { r.work(ctx, results[i]) })
	}
	workers.Wait()
	total := newResult()
	for _, result := range results {
		total.merge(result)
	}
	total.Elapsed = time.Since(r.began)
	return total, nil
}

// runner is one Run.
type runner struct {
	Options
	client *milter.Client
	next   atomic.Int64 // number of the mail that is sent next
	began  time.Time
}

// What Postfix offers, and what every milter takes. The library's client does
// not go on with a milter of version 2 that was offered more than the latter.
const (
	allActions, allProtocol = milter.OptAction(0x1ff), milter.OptProtocol(0x1fffff)
	oldActions, oldProtocol = milter.OptAction(0x3f), milter.OptProtocol(0)
)

// probe finds out what can be offered to the milter.
func (r *runner) probe() error {
	try := func(actions milter.OptAction, protocol milter.OptProtocol) error {
		r.client = milter.NewClientWithOptions(r.Network, r.Address, milter.ClientOptions{
			Dialer: dialer{r.Timeout}, ActionMask: actions, ProtocolMask: protocol,
		})
		session, err := r.client.Session()
		if err != nil {
			return err
		}
		return session.Close()
	}
	err := try(allActions, allProtocol)
	if errors.Is(err, milter.ErrUnsupportedMilterVersion) {
		err = try(oldActions, oldProtocol)
	}
	return err
}

// work sends mails over one connection after the other.
func (r *runner) work(ctx context.Context, result *Result) {
	var session *session
	defer func() { session.close() }()
	for {
		n := r.next.Add(1) - 1
		if n >= int64(r.Count) {
			return
		}
		due, ok := r.wait(ctx, n)
		if !ok {
			return
		}
		if session == nil {
			opened, err := r.open()
			if err != nil {
				result.Errors[reason(err)]++
				pause(ctx, 10*time.Millisecond)
				continue
			}
			session = opened
		}
		if err := session.mail(&r.Mails[n%int64(len(r.Mails))], due, result); err != nil {
			result.Errors[reason(err)]++
			session.drop()
			session = nil
			continue
		}
		if session.sent++; session.sent == r.PerConnection {
			session.close()
			session = nil
		}
	}
}

// wait waits until mail n is due and returns when that was; false: it shall not
// be sent any more. Where there is a rate, a mail that is late because those
// before it took long is late by the milter's fault, and its time counts so.
func (r *runner) wait(ctx context.Context, n int64) (due time.Time, ok bool) {
	due = time.Now()
	if r.Rate > 0 {
		due = r.began.Add(time.Duration(float64(n) / r.Rate * float64(time.Second)))
		pause(ctx, time.Until(due))
	}
	return due, ctx.Err() == nil
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// reason puts an error into words without addresses and numbers, so that the
// same ones are counted together.
func reason(err error) string {
	network := &net.OpError{}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed by the milter"
	case errors.As(err, &network):
		return fmt.Sprintf("%s: %v", network.Op, errors.Unwrap(network))
	}
	return err.Error()
}
