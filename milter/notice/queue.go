package notice

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options says where notices go. Dir, Server and From must be set; whatever else
// is zero has a default.
type Options struct {
	Dir     string // kept for postern alone; notices wait here
	Server  string // as ParseServer takes it
	From    string // the address in the notices' From field
	Quiet   time.Duration
	PerHour int // notices an hour to one officer, digests not counted
	MaxAge  time.Duration
	Log     *slog.Logger
	// Counted is called for each notice that was sent, each attempt that failed
	// and each event or notice that was lost; it must not call the Queue.
	Counted func(Count)

	now   func() time.Time // for tests
	retry time.Duration    // the first interval
}

// Count is what Options.Counted counts.
type Count string

// The Counts.
const (
	Sent   Count = "sent"
	Failed Count = "failed"
	Lost   Count = "lost"
)

// Counts lists every Count.
func Counts() []Count { return []Count{Sent, Failed, Lost} }

func (o *Options) setDefaults() {
	o.Quiet = cmp.Or(o.Quiet, 15*time.Minute)
	o.PerHour = cmp.Or(o.PerHour, 30)
	o.MaxAge = cmp.Or(o.MaxAge, 5*24*time.Hour)
	o.retry = cmp.Or(o.retry, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Counted == nil {
		o.Counted = func(Count) {}
	}
	if o.now == nil {
		o.now = time.Now
	}
}

// The bounds of a Queue.
const (
	maxEvents  = 1000      // that wait to be written down
	maxWaiting = 10_000    // notices that wait for the server
	maxRetry   = time.Hour // between two attempts
)

// Queue takes events and sends notices. A nil Queue takes none and sends none. It
// is safe for concurrent use.
type Queue struct {
	options Options
	root    *os.Root
	key     []byte
	events  chan Event
	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu      sync.Mutex
	waiting []*waiting
	wake    chan struct{}
	closed  bool
}

// waiting is a notice in the directory.
type waiting struct {
	ID      string    `json:"id"`
	To      []string  `json:"to"`
	Created time.Time `json:"created"`
	Message string    `json:"message"`
	Tries   int       `json:"-"`
	next    time.Time
}

// Open reads what waits in the directory. Nothing is sent before Start.
func Open(options Options) (*Queue, error) {
	options.setDefaults()
	if _, _, err := ParseServer(options.Server); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("folder of notices: %w", err)
	}
	q := &Queue{options: options, root: root, events: make(chan Event, maxEvents), wake: make(chan struct{}, 1)}
	if q.key, err = readKey(root); err != nil {
		return nil, errors.Join(fmt.Errorf("folder of notices: %w", err), root.Close())
	}
	if err := q.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("folder of notices: %w", err), root.Close())
	}
	gate := newGate(&q.options)
	if state, err := root.ReadFile(stateFile); err == nil {
		gate.restore(state)
	}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	q.done.Go(func() { q.write(gate) })
	return q, nil
}

// Start begins to send, once the milter takes mail: the server may ask it about
// the notices. It must be called no more than once, and not after Close.
func (q *Queue) Start() {
	if q != nil {
		q.done.Go(func() { q.deliver(q.ctx) })
	}
}

// load takes up the notices that an earlier run left.
func (q *Queue) load() error {
	entries, err := fs.ReadDir(q.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".notice") {
			continue
		}
		data, err := q.root.ReadFile(entry.Name())
		var w waiting
		if err != nil || json.Unmarshal(data, &w) != nil || w.ID+".notice" != entry.Name() || len(w.To) == 0 {
			q.options.Log.Error("a waiting notice cannot be read; it stays where it is", "file", entry.Name())
			q.options.Counted(Lost)
			continue
		}
		q.waiting = append(q.waiting, &w)
	}
	return nil
}

// Add hands over an event. It never waits: an event too many is counted as lost.
func (q *Queue) Add(e Event) {
	if q == nil || len(e.To) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		select {
		case q.events <- e:
			return
		default:
		}
	}
	q.lost("ref", e.Ref)
}

func (q *Queue) lost(key, value string) {
	q.options.Counted(Lost)
	q.options.Log.Error("a notice to the officer was lost", key, value)
}

// Close writes down what was added and ends. What waits for the server is sent
// after the next Open.
func (q *Queue) Close() error {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	close(q.events)
	q.mu.Unlock()
	q.cancel()
	q.done.Wait()
	return q.root.Close()
}

// stateFile keeps what was counted but not told yet.
const stateFile = "state"

// write makes letters of the events.
func (q *Queue) write(g *gate) {
	timer := time.NewTicker(gateEvery)
	defer timer.Stop()
	for {
		select {
		case e, more := <-q.events:
			if !more {
				q.save(g)
				return
			}
			q.spool(g.pass(&e)...)
		case <-timer.C:
			q.spool(g.due()...)
			q.save(g)
		}
	}
}

// save keeps the counts for the next Open.
func (q *Queue) save(g *gate) {
	state := g.state()
	if state == nil {
		return
	}
	if err := writeFile(q.root, stateFile, state); err != nil {
		q.options.Log.Error("the state of notices cannot be written", "error", err)
	}
}

// spool puts letters into the directory.
func (q *Queue) spool(letters ...letter) {
	for i := range letters {
		l := &letters[i]
		l.id = strings.ToLower(rand.Text())
		now := q.options.now()
		w := &waiting{ID: l.id, To: l.to, Created: now, Message: string(l.message(&q.options, q.key, now))}
		data, err := json.Marshal(w)
		if err == nil {
			err = writeFile(q.root, w.ID+".notice", data)
		}
		if err != nil {
			q.lost("error", err.Error())
			continue
		}
		q.mu.Lock()
		full := len(q.waiting) >= maxWaiting
		if !full {
			q.waiting = append(q.waiting, w)
		}
		q.mu.Unlock()
		if full {
			q.lost("notice", w.ID)
			q.remove(w)
		}
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// deliver sends what waits, each notice when its time has come.
func (q *Queue) deliver(ctx context.Context) {
	for ctx.Err() == nil {
		now := q.options.now()
		w, wait := q.next(now)
		if w == nil {
			select {
			case <-ctx.Done():
			case <-q.wake:
			case <-time.After(wait):
			}
			continue
		}
		q.try(ctx, w)
	}
}

// next is the notice whose time has come, or how long to wait for one.
func (q *Queue) next(now time.Time) (*waiting, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := maxRetry
	for _, w := range q.waiting {
		left := w.next.Sub(now)
		if left <= 0 {
			return w, 0
		}
		wait = min(wait, left)
	}
	return nil, wait
}

// try sends one notice once.
func (q *Queue) try(ctx context.Context, w *waiting) {
	claim, err := q.claim(w)
	switch {
	case errors.Is(err, fs.ErrNotExist): // another postern has sent it
		q.forget(w)
		return
	case errors.Is(err, syscall.EWOULDBLOCK): // another one is at it
		q.mu.Lock()
		w.next = q.options.now().Add(min(q.options.retry, time.Second))
		q.mu.Unlock()
		return
	case err != nil:
		q.options.Log.Warn("a notice cannot be claimed; should another postern have the same folder, it may be sent twice", "notice", w.ID, "error", err)
	}
	defer claim.Close() // once the file is gone
	err = send(ctx, q.options.Server, w.To, []byte(w.Message))
	if ctx.Err() != nil && err != nil {
		return
	}
	now := q.options.now()
	switch {
	case err == nil:
		q.options.Counted(Sent)
	case now.Sub(w.Created) > q.options.MaxAge:
		q.lost("notice", w.ID)
	default:
		q.options.Counted(Failed)
		pause := min(q.options.retry<<min(w.Tries, 10), maxRetry)
		q.options.Log.Warn("a notice to the officer has to wait", "notice", w.ID, "error", err, "next", pause)
		q.mu.Lock()
		w.Tries++
		w.next = now.Add(pause)
		q.mu.Unlock()
		return
	}
	q.forget(w)
	q.remove(w)
}

// claim takes a notice for this process until it is closed: during an upgrade
// two of them have the same folder. Without one the result is nil.
func (q *Queue) claim(w *waiting) (*os.File, error) {
	file, err := q.root.Open(w.ID + ".notice")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	// Who had it before may have sent and removed it in between.
	if _, err := q.root.Stat(w.ID + ".notice"); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (q *Queue) forget(w *waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(o *waiting) bool { return o == w })
}

func (q *Queue) remove(w *waiting) {
	if err := q.root.Remove(w.ID + ".notice"); err != nil {
		q.options.Log.Error("a notice that is done cannot be removed", "notice", w.ID, "error", err)
	}
}

// Waiting is how many notices wait for the server.
func (q *Queue) Waiting() int {
	if q == nil {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
