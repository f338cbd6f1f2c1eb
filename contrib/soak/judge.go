package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// sample is what the daemon has at one time.
type sample struct {
	at     time.Duration
	values [len(watched)]float64
}

// watched are the things that must not grow: by how much they may, as a share of
// what there is and beside it, tells growth from noise.
var watched = [...]struct {
	name, metric string
	unit         float64
	share, more  float64
}{
	{"memory, MiB", "process_resident_memory_bytes", 1 << 20, .10, 16},
	{"heap, MiB", "go_memstats_heap_inuse_bytes", 1 << 20, .10, 16},
	{"goroutines", "go_goroutines", 1, .20, 10},
	{"descriptors", "process_open_fds", 1, .20, 10},
	{"temporary files", "", 1, 0, 3},
}

// watch samples until ctx ends.
func (d *daemon) watch(ctx context.Context, every time.Duration) (samples []sample) {
	begun := time.Now()
	for wait(ctx, every) {
		values, err := d.metrics()
		if err != nil {
			continue // one sample less
		}
		s := sample{at: time.Since(begun)}
		for i, w := range watched {
			s.values[i] = values[w.metric] / w.unit
			if w.metric == "" {
				files, _ := os.ReadDir(d.spool())
				s.values[i] = float64(len(files))
			}
		}
		samples = append(samples, s)
	}
	return samples
}

// judge lays a line through the samples, but for the first quarter in which the
// daemon gets warm, and reports whether all lines are flat.
func judge(samples []sample, out io.Writer) bool {
	samples = samples[len(samples)/4:]
	if len(samples) < 10 {
		fmt.Fprintln(out, "too few samples to judge by")
		return false
	}
	flat := true
	first, last := samples[0].at.Seconds(), samples[len(samples)-1].at.Seconds()
	for i, w := range watched {
		mean, slope := line(samples, i)
		grown, allowed := slope*(last-first), mean*w.share+w.more
		verdict := "flat"
		if grown > allowed {
			verdict, flat = fmt.Sprintf("GROWS, %.1f allowed", allowed), false
		}
		fmt.Fprintf(out, "%-16s %8.1f on average, %+8.1f in %.0f s: %s\n", w.name, mean, grown, last-first, verdict)
	}
	return flat
}

// line is the mean and the slope by the second of the line of least squares.
func line(samples []sample, i int) (mean, slope float64) {
	n := float64(len(samples))
	var t, v float64
	for _, s := range samples {
		t += s.at.Seconds() / n
		v += s.values[i] / n
	}
	var covariance, variance float64
	for _, s := range samples {
		covariance += (s.at.Seconds() - t) * (s.values[i] - v)
		variance += (s.at.Seconds() - t) * (s.at.Seconds() - t)
	}
	return v, covariance / variance
}

// atRest reports whether nothing of any mail is left once all connections are
// closed.
func (d *daemon) atRest(out io.Writer) bool {
	var left string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		values, err := d.metrics()
		if err != nil {
			left = err.Error()
			continue
		}
		files, _ := os.ReadDir(d.spool())
		left = ""
		for _, name := range []string{"postern_sessions", "postern_messages_in_flight", "postern_scans", "postern_budget_bytes", "postern_panics_total", "postern_audit_errors_total"} {
			if values[name] != 0 {
				left += fmt.Sprintf(" %s %v", name, values[name])
			}
		}
		if len(files) > 0 {
			left += fmt.Sprintf(" %d temporary files", len(files))
		}
		if left == "" {
			return true
		}
	}
	fmt.Fprintln(out, "left at the end:"+left)
	return false
}
