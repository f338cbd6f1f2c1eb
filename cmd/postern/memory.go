package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// newBallast returns memory that is never touched, and so takes none of the
// machine's. The garbage collector, which runs when the heap has doubled, counts
// it: it has a quarter of the work to do where mails are small.
func newBallast() []byte { return make([]byte, 32<<20) }

const (
	trimEvery = 2 * time.Second
	trimIdle  = 1 << 20  // bytes allocated between two looks, when nothing happens
	trimWorth = 64 << 20 // and since the last trim, for one to be worth its while
)

// trim gives memory back to the system once a wave of mails has passed: what is
// garbage, and the stacks of the connections, which grow with the mails that they
// bring and shrink by half at each collection.
func trim(ctx context.Context) {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	trimmed, last := uint64(0), allocated()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := allocated()
		if now-last < trimIdle && now-trimmed > trimWorth {
			runtime.GC()
			runtime.GC()
			debug.FreeOSMemory()
			now = allocated()
			trimmed = now
		}
		last = now
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
