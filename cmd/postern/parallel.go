package main

import (
	"iter"
	"sync"
)

// inOrder does work on each item of a sequence, several at a time, and yields the
// results in the order of the items. No more than twice as many items as workers
// are taken ahead of the one that is yielded, so results do not pile up behind a
// slow one.
func inOrder[T, R any](items iter.Seq[T], workers int, work func(T) R) iter.Seq[R] {
	type job struct {
		item   T
		result chan R
	}
	return func(yield func(R) bool) {
		jobs := make(chan job)
		order := make(chan job, 2*workers)
		stop := make(chan struct{})
		var all sync.WaitGroup
		defer all.Wait()
		defer close(stop)
		for range workers {
			all.Go(func() {
				for j := range jobs {
					j.result <- work(j.item)
				}
			})
		}
		all.Go(func() {
			defer close(order)
			defer close(jobs)
			for item := range items {
				j := job{item, make(chan R, 1)}
				select {
				case order <- j:
				case <-stop:
					return
				}
				select {
				case jobs <- j:
				case <-stop:
					return
				}
			}
		})
		for j := range order {
			if !yield(<-j.result) {
				return
			}
		}
	}
}
