package extract

import (
	"runtime"
	"time"
)

// turns are taken by mails while they have a long container read. That is work
// for a processor and takes memory: more of them at a time would not be done
// sooner, and would hold as many times the memory.
var turns = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// takeTurn waits until it is this mail's turn, and returns what ends it; nil if
// the mail has waited as long as Limits.WaitTime allows, or its context ended. The
// wait is none of the time that a part or a mail may be read. A container in
// another one needs no turn: it would wait for itself.
func (r *Reader) takeTurn() (done func()) {
	done = func() { <-turns }
	select {
	case turns <- struct{}{}:
		return done
	default:
	}
	begun := time.Now()
	timer := time.NewTimer(r.limits.WaitTime - r.waited)
	defer timer.Stop()
	select {
	case turns <- struct{}{}:
	case <-r.ctx.Done():
		r.alive()
		done = nil
	case <-timer.C:
		done = nil
	}
	wait := time.Since(begun)
	r.waited += wait
	if !r.entered.IsZero() {
		r.entered = r.entered.Add(wait)
	}
	return done
}
