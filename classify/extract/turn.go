package extract

import (
	"runtime"
	"time"
)

// turns are taken by mails while they have a long container read. That is work
// for a processor and takes memory: more of them at a time would not be done
// sooner, and would hold as many times the memory.
var turns = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// turnWait bounds how long a mail waits for its turn: behind others that take so
// long it goes on without one.
const turnWait = 30 * time.Second

// takeTurn waits until it is this mail's turn, and returns what ends it. The
// wait is none of the time that Limits speak of, though the context may end. A container in another one needs
// no turn: it would wait for itself.
func (r *Reader) takeTurn() (done func()) {
	begun := time.Now()
	done = func() {}
	timer := time.NewTimer(turnWait)
	defer timer.Stop()
	select {
	case turns <- struct{}{}:
		done = func() { <-turns }
	case <-r.ctx.Done():
	case <-timer.C:
	}
	if !r.entered.IsZero() {
		r.entered = r.entered.Add(time.Since(begun))
	}
	return done
}
