package load

import (
	"math/bits"
	"time"
)

// fine is how many steps a doubling of a duration has: quantiles are right to
// 1.6 %.
const fine = 64

// Histogram counts durations. The zero value is empty.
type Histogram struct {
	counts [48 * fine]int64
	total  int64
	max    time.Duration
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.total++
	h.max = max(h.max, d)
}

func (h *Histogram) merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// Quantile returns the duration that a share q of all does not exceed; 0 if
// there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank, seen := int64(q*float64(h.total)+0.5), int64(0)
	for i, n := range h.counts {
		if seen += n; seen >= max(rank, 1) {
			return min(time.Duration(ceiling(i)), h.max)
		}
	}
	return h.max
}

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration { return h.max }

// bucket is where a number is counted: below 128 each has its own.
func bucket(n uint64) int {
	shift := max(bits.Len64(n)-7, 0)
	return min(shift*fine+int(n>>shift), 48*fine-1)
}

// ceiling is the largest number of a bucket.
func ceiling(b int) uint64 {
	if b < 2*fine {
		return uint64(b)
	}
	shift := b/fine - 1
	return uint64(b-shift*fine+1)<<shift - 1
}
