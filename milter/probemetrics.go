package milter

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/milter/mta/probe"
)

// Probed counts a probe that has ended.
func (m *Metrics) Probed(r *probe.Result, took time.Duration) {
	m.probes.WithLabelValues(string(r.State)).Inc()
	m.probeTime.Observe(took.Seconds())
}

// Destinations has the metrics tell of what a cache knows; it is asked whenever
// somebody reads them.
func (m *Metrics) Destinations(c *probe.Cache) { m.destinations.cache.Store(c) }

// destinations tells how much is known of destinations, and how old it is.
type destinations struct {
	known, oldest *prometheus.Desc
	cache         atomic.Pointer[probe.Cache]
}

func newDestinations(registerer prometheus.Registerer) *destinations {
	d := &destinations{
		known:  prometheus.NewDesc("postern_probe_domains", "Domains of which a result counts now.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("postern_probe_oldest_seconds", "Age of the oldest result that counts.", nil, nil),
	}
	registerer.MustRegister(d)
	return d
}

// Describe is that of a Collector.
func (d *destinations) Describe(out chan<- *prometheus.Desc) {
	out <- d.known
	out <- d.oldest
}

// Collect is that of a Collector.
func (d *destinations) Collect(out chan<- prometheus.Metric) {
	states, oldest := d.cache.Load().Summary()
	for _, state := range probe.States() {
		out <- prometheus.MustNewConstMetric(d.known, prometheus.GaugeValue, float64(states[state]), string(state))
	}
	out <- prometheus.MustNewConstMetric(d.oldest, prometheus.GaugeValue, oldest.Seconds())
}
