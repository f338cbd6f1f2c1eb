package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// samples are the CPU times of one entrant on one text, by round.
type samples []time.Duration

func (s samples) best() time.Duration   { return slices.Min(s) }
func (s samples) median() time.Duration { return median(s) }

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// ratio is how many times as long a took as b: the median of the rounds, since
// the two of one round were measured side by side.
func ratio(a, b samples) float64 {
	var each []float64
	for i := range a {
		each = append(each, float64(a[i])/float64(b[i]))
	}
	return median(each)
}

// prepare loads a text into all entrants and sees that they find the plants. Who
// does not is an error, or, if he knows only some kinds of text, left out of it.
func (b *bench) prepare(f files) error {
	for i := range b.entrants {
		e := &b.entrants[i]
		e.idle = false
		if err := e.engine.load(f); err != nil {
			return err
		}
		found, hits, err := e.engine.check()
		if err != nil {
			return err
		}
		if e.name == goRegexp {
			b.regexpHits[f.text] = hits
		}
		wrong := e.judge(f, found, hits)
		if wrong != "" && e.choosy {
			b.leave(e.name+", on "+f.name(), errors.New(wrong))
			e.idle = true
		} else if wrong != "" {
			return fmt.Errorf("%s, on %s: %s", e.name, f.name(), wrong)
		}
	}
	return nil
}

// race measures all entrants in rounds: one after the other, and in each round
// another one first.
func (b *bench) race(rounds int) (map[string]samples, error) {
	all := make(map[string]samples)
	for round := range rounds {
		for i := range b.entrants {
			e := b.entrants[(i+round)%len(b.entrants)]
			if e.idle {
				continue
			}
			spent, _, err := e.engine.pass()
			if err != nil {
				return nil, err
			}
			all[e.name] = append(all[e.name], spent)
		}
	}
	return all, nil
}
