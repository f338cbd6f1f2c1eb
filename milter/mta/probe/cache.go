package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// Options says how domains are probed. Whatever is zero has a default, but for
// File: without it nothing is kept across restarts.
type Options struct {
	Resolver   string        // its address; empty: those of the system
	File       string        // where results are kept
	CAFile     string        // authorities that are trusted; empty: the system's
	Helo       string        // our name; default the machine's
	Fresh      time.Duration // for how long a result counts; default 1 h
	Timeout    time.Duration // for one domain; default 30 s
	Domains    int           // in the cache; default 10,000
	Concurrent int           // probes at once; default 4
	Log        *slog.Logger
	// Probed is called for each probe that has ended, from its own goroutine.
	Probed func(r *Result, took time.Duration)

	port, https uint16           // for tests
	now         func() time.Time // for tests
}

func (o *Options) setDefaults() {
	o.Fresh = cmp.Or(o.Fresh, time.Hour)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Domains = cmp.Or(o.Domains, 10_000)
	o.Concurrent = cmp.Or(o.Concurrent, 4)
	o.port, o.https = cmp.Or(o.port, 25), cmp.Or(o.https, 443)
	if o.Helo == "" {
		o.Helo, _ = os.Hostname() // empty is taken care of below
		o.Helo = cmp.Or(o.Helo, "localhost")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Probed == nil {
		o.Probed = func(*Result, time.Duration) {}
	}
	if o.now == nil {
		o.now = time.Now
	}
}

// maxQueue bounds the domains that wait for a probe.
const maxQueue = 1000

// Cache holds what is known of domains, and has them probed. A nil Cache knows
// nothing. It is safe for concurrent use.
type Cache struct {
	options Options
	prober  *prober
	ctx     context.Context
	cancel  context.CancelFunc
	queue   chan string
	slots   chan struct{} // held by each probe that runs
	done    sync.WaitGroup
	seen    version // of the file; of the one who keeps it, and of Close after him

	mu      sync.Mutex
	entries map[string]*entry
	changed chan struct{} // wakes the one who writes the file
	closed  bool
}

// entry is what is known of a domain, and what is being done about it.
type entry struct {
	result  *Result       // nil: nothing yet
	asked   time.Time     // somebody did the last time
	wanted  bool          // there was mail for it since the result was found
	retry   time.Time     // not before, after a probe that found nothing
	waiting bool          // it stands in the queue
	running chan struct{} // closed when the probe that runs has ended; nil: none does
}

// Open takes up what an earlier run has found, and begins to probe.
func Open(options Options) (*Cache, error) {
	options.setDefaults()
	p, err := newProber(&options)
	if err != nil {
		return nil, err
	}
	c := &Cache{
		options: options, prober: p, queue: make(chan string, maxQueue), slots: make(chan struct{}, options.Concurrent),
		entries: map[string]*entry{}, changed: make(chan struct{}, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if options.File != "" {
		results, err := load(options.File)
		if err != nil {
			options.Log.Warn("what was known of other mail systems is lost and will be probed anew", "file", options.File, "error", err)
		}
		c.take(results)
		c.done.Go(c.keep)
	}
	for range options.Concurrent {
		c.done.Go(c.work)
	}
	c.done.Go(c.renew)
	return c, nil
}

// Close ends all probes and writes the file a last time.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.done.Wait()
	if c.options.File == "" {
		return nil
	}
	return c.save()
}

// Known is what is known of a domain. It never waits. What has expired is not
// known.
func (c *Cache) Known(domain string) (*Result, bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[domain]; e != nil && e.result != nil && e.result.Expires.After(c.options.now()) {
		return e.result, true
	}
	return nil, false
}

// Want tells that there is mail for domains. Those of which nothing is known, or
// soon will be, are probed. It never waits: where too many wait, the domain is
// left for the next mail.
func (c *Cache) Want(domains ...string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.now()
	for _, domain := range domains {
		if e := c.entry(domain); e != nil {
			e.asked, e.wanted = now, true
			c.enqueue(domain, e, now)
		}
	}
}

// enqueue has a domain probed if it is time to. The lock is held.
func (c *Cache) enqueue(domain string, e *entry, now time.Time) {
	if c.closed || e.waiting || e.running != nil || now.Before(e.retry) || e.result != nil && now.Before(e.result.renew()) {
		return
	}
	select {
	case c.queue <- domain:
		e.waiting = true
	default:
	}
}

// entry finds or makes a domain's entry; nil if it can be none. The lock is held.
func (c *Cache) entry(domain string) *entry {
	if e := c.entries[domain]; e != nil {
		return e
	}
	if !ValidDomain(domain) {
		return nil
	}
	if len(c.entries) >= c.options.Domains {
		c.evict()
	}
	e := &entry{}
	c.entries[domain] = e
	return e
}

// evict makes room: a sixteenth of the domains goes, those first that no mail was
// for the longest.
func (c *Cache) evict() {
	var idle []string
	for domain, e := range c.entries {
		if e.running == nil && !e.waiting {
			idle = append(idle, domain)
		}
	}
	slices.SortFunc(idle, func(a, b string) int { return c.entries[a].asked.Compare(c.entries[b].asked) })
	for _, domain := range idle[:min(len(idle), 1+c.options.Domains/16)] {
		delete(c.entries, domain)
	}
}

// Probe finds out about a domain and waits for it. What is known already is not
// asked again, unless anew says so; a probe that runs is waited for.
func (c *Cache) Probe(ctx context.Context, domain string, anew bool) (*Result, error) {
	if !ValidDomain(domain) {
		return nil, fmt.Errorf("%.60q is no mail domain", domain)
	}
	if known, ok := c.Known(domain); ok && !anew {
		return known, nil
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, errors.New("probes have ended")
	}
	e := c.entry(domain)
	e.asked = c.options.now()
	running := e.running
	if running == nil {
		running = c.begin(domain, e)
	}
	c.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known, ok := c.Known(domain); ok {
		return known, nil
	}
	return nil, errors.New("the probe was cut off")
}

// begin probes a domain in a goroutine of its own. The lock is held.
func (c *Cache) begin(domain string, e *entry) chan struct{} {
	e.running = make(chan struct{})
	c.done.Go(func() { c.probe(domain, e) })
	return e.running
}

// work probes the domains that wait, one after the other.
func (c *Cache) work() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case domain := <-c.queue:
			c.mu.Lock()
			e := c.entries[domain]
			if e == nil || e.running != nil || c.closed {
				if e != nil {
					e.waiting = false
				}
				c.mu.Unlock()
				continue
			}
			e.waiting, e.running = false, make(chan struct{})
			c.mu.Unlock()
			c.probe(domain, e)
		}
	}
}

// probe runs one probe once there is a slot for it; e.running is its own.
func (c *Cache) probe(domain string, e *entry) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-c.ctx.Done():
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.options.Timeout)
	defer cancel()
	c.mu.Lock()
	before := e.result
	c.mu.Unlock()
	began := time.Now()
	result := c.look(ctx, domain, before)
	c.mu.Lock()
	if c.ctx.Err() == nil {
		c.settle(e, result)
	}
	close(e.running)
	e.running = nil
	c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.options.Probed(result, time.Since(began))
	c.options.Log.Debug("destination probed", "domain", domain, "state", string(result.State), "by", string(result.By), "problem", string(result.Problem))
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// look is one probe. What a stranger's server says may not end the daemon.
func (c *Cache) look(ctx context.Context, domain string, before *Result) (r *Result) {
	defer func() {
		if recover() != nil {
			c.options.Log.Error("panic while probing a destination; nothing is known of it", "domain", domain)
			now := c.options.now().UTC().Truncate(time.Second)
			r = &Result{Domain: domain, Time: now, Expires: now.Add(brief), State: Unknown, Problem: NoAnswer, Hosts: []Host{}}
		}
	}()
	return c.prober.probe(ctx, domain, before)
}

// settle keeps what a probe has found. That nothing could be found does not undo
// what is known and still counts. The lock is held.
func (c *Cache) settle(e *entry, r *Result) {
	now := c.options.now()
	if r.State == Unknown {
		e.retry = now.Add(min(brief, c.options.Fresh/4))
		if e.outlives(r, now) {
			return
		}
	}
	e.result, e.wanted = r, false
}

// outlives reports whether what is known still counts beside a newer result: that
// result says nothing.
func (e *entry) outlives(r *Result, now time.Time) bool {
	return r.State == Unknown && e.result != nil && e.result.State != Unknown && e.result.Expires.After(now)
}

// renew has results renewed before they end, where there was mail for the domain
// since they were found.
func (c *Cache) renew() {
	tick := time.NewTicker(min(max(c.options.Fresh/50, 10*time.Millisecond), time.Minute))
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		now := c.options.now()
		for domain, e := range c.entries {
			if e.result != nil && e.wanted {
				c.enqueue(domain, e, now)
			}
		}
		c.mu.Unlock()
	}
}

// Summary counts the domains of which something is known, by state, and tells the
// age of the oldest result that counts.
func (c *Cache) Summary() (states map[State]int, oldest time.Duration) {
	states = map[State]int{}
	for _, s := range States() {
		states[s] = 0
	}
	if c == nil {
		return states, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.now()
	for _, e := range c.entries {
		if e.result != nil && e.result.Expires.After(now) {
			states[e.result.State]++
			oldest = max(oldest, now.Sub(e.result.Time))
		}
	}
	return states, oldest
}
