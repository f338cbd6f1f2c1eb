package milter

import (
	"context"
	"sync"
	"time"
)

const (
	// scanMemory is what a mail being read takes beside its containers: windows
	// of text, marks in it, tables of what was found.
	scanMemory = 512 << 10

	// largeBytes make a mail a large one, from when it has shown so many on.
	largeBytes = 1 << 20
)

// budget is what all mails that are being read share: how many there are, and
// memory. A mail that finds no room waits, but not for ever.
//
// Large mails can have three quarters of it and no more, so that there is always
// room for small ones, which need it shortly; and what a large mail leaves goes
// to a large one that waits, so that the small ones cannot keep them out either.
type budget struct {
	wait    time.Duration
	metrics *Metrics

	mu          sync.Mutex
	scans       int // mails being read
	large       int // of these are large
	memory      int64
	maxScans    int
	maxMemory   int64
	small, huge []*waiter // first come, first served; huge are large mails
	hungry      []*waiter // for memory
}

// waiter is a mail that waits for room.
type waiter struct {
	need    int64
	granted chan struct{}
}

func newBudget(c *Config) *budget {
	b := &budget{wait: c.OverloadWait, metrics: c.Metrics, maxScans: c.Scans, maxMemory: c.Memory}
	b.maxScans = max(min(b.maxScans, int(b.maxMemory/scanMemory)), 1)
	b.metrics.scansLimit.Set(float64(b.maxScans))
	b.metrics.budgetLimit.Set(float64(b.maxMemory))
	return b
}

// share is what one mail has of a budget. It belongs to the goroutine of its
// session. A nil share is none.
type share struct {
	budget  *budget
	bytes   int   // that the mail has shown
	memory  int64 // of its containers
	counted bool  // among the mails being read
	large   bool
	over    bool // all was given back
}

// enter waits for room for one more mail. False: there was none in time, or ctx
// has ended.
func (b *budget) enter(ctx context.Context) (*share, bool) {
	b.mu.Lock()
	if b.fits(false) && len(b.small) == 0 {
		b.add(false, 1)
		b.mu.Unlock()
	} else if !b.queue(ctx, &b.small, 0) {
		return nil, false
	}
	return &share{budget: b, counted: true}, true
}

// fits reports whether there is room for one more mail.
func (b *budget) fits(large bool) bool {
	scans, memory := b.maxScans, b.maxMemory
	if large {
		scans, memory = max(scans-scans/4, 1), memory-memory/4
		if b.large >= scans {
			return false
		}
	}
	return b.scans < b.maxScans && (b.memory+scanMemory <= memory || b.scans == 0)
}

// add counts a mail in, or out. The caller holds the lock.
func (b *budget) add(large bool, n int) {
	b.scans += n
	if large {
		b.large += n
	}
	b.charge(int64(n) * scanMemory)
	b.metrics.scans.Set(float64(b.scans))
}

func (b *budget) charge(n int64) {
	b.memory += n
	b.metrics.budgetUsed.Set(float64(b.memory))
}

// queue waits in a line until it is granted. The caller holds the lock, which is
// given up.
func (b *budget) queue(ctx context.Context, line *[]*waiter, need int64) bool {
	w := &waiter{need: need, granted: make(chan struct{})}
	*line = append(*line, w)
	b.mu.Unlock()
	b.metrics.waiting.Inc()
	defer b.metrics.waiting.Dec()
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	select {
	case <-w.granted:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range *line {
		if other == w {
			*line = append((*line)[:i:i], (*line)[i+1:]...)
			return false
		}
	}
	return true // granted at the last moment
}

// grant lets in who waits, as far as there is room. The caller holds the lock.
func (b *budget) grant(largeFirst bool) {
	for len(b.hungry) > 0 && b.memory+b.hungry[0].need <= b.maxMemory {
		b.charge(b.hungry[0].need)
		close(b.hungry[0].granted)
		b.hungry = b.hungry[1:]
	}
	lines := [2]*[]*waiter{&b.small, &b.huge}
	order := [2]int{0, 1}
	if largeFirst {
		order = [2]int{1, 0}
	}
	for _, at := range order {
		for line := lines[at]; len(*line) > 0 && b.fits(at == 1); *line = (*line)[1:] {
			b.add(at == 1, 1)
			close((*line)[0].granted)
		}
	}
}

// read counts bytes that the mail shows. Where they make it a large one it gives
// up its room among the small and waits for some among the large.
func (s *share) read(ctx context.Context, n int) bool {
	if s.bytes += n; s.large || s.bytes < largeBytes {
		return true
	}
	b := s.budget
	b.mu.Lock()
	b.add(false, -1)
	s.counted = false
	if b.fits(true) && len(b.huge) == 0 {
		b.add(true, 1)
		b.mu.Unlock()
	} else {
		b.grant(false)
		if !b.queue(ctx, &b.huge, 0) {
			return false
		}
	}
	s.counted, s.large = true, true
	return true
}

// Take takes memory for what the mail's containers hold, on top of what every
// mail has. Where there is none and it shall wait, it does as a mail does.
func (s *share) Take(n int64, wait bool) bool {
	b := s.budget
	b.mu.Lock()
	switch {
	case s.over:
		b.mu.Unlock()
		return false
	case b.memory+n <= b.maxMemory && (!wait || len(b.hungry) == 0):
		b.charge(n)
		b.mu.Unlock()
	case !wait || n > b.maxMemory:
		b.mu.Unlock()
		return false
	default:
		if !b.queue(context.Background(), &b.hungry, n) {
			return false
		}
	}
	s.memory += n
	return true
}

// Give gives memory back.
func (s *share) Give(n int64) {
	if s.over {
		return
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	s.memory -= n
	b.charge(-n)
	b.grant(s.large)
}

// leave gives everything back that the mail still has. It may be called again.
func (s *share) leave() {
	if s == nil || s.over {
		return
	}
	s.over = true
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.counted {
		b.add(s.large, -1)
	}
	b.charge(-s.memory)
	b.grant(s.large)
}
