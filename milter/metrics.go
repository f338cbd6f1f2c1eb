package milter

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// Metrics are all metrics of the daemon. Every label value comes from a closed
// set: actions, detectors, ids of the loaded policy; never from a mail.
type Metrics struct {
	messages   *prometheus.CounterVec
	recipients *prometheus.CounterVec
	rules      *prometheus.CounterVec
	findings   *prometheus.CounterVec
	unread     *prometheus.CounterVec
	outOfScope *prometheus.CounterVec
	faults     *prometheus.CounterVec
	shadow     *prometheus.CounterVec
	notices    *prometheus.CounterVec
	probes     *prometheus.CounterVec
	policyInfo *prometheus.GaugeVec
	buildInfo  *prometheus.GaugeVec

	aborted, overload, strangers, panics, auditErrors, bytes prometheus.Counter
	sessions, inFlight, reloaded, reloadTime                 prometheus.Gauge
	sessionsLimit, scans, scansLimit, waiting                prometheus.Gauge
	budgetUsed, budgetLimit                                  prometheus.Gauge
	message, verdictTime, probeTime                          prometheus.Histogram

	probeAnswers *prometheus.CounterVec

	drift        *prometheus.GaugeVec
	driftFailed  prometheus.Counter
	destinations *destinations

	loading sync.Mutex
	loaded  atomic.Pointer[map[string]bool] // rule ids of the policy in force
}

// NewMetrics defines the metrics and registers them. It panics if one of them is
// registered already.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{}
	f := factory{registerer}
	m.messages = f.counters("messages_total", "Mails that were read, by what becomes of them; in observe mode what would.", "action", "direction", "mode")
	m.recipients = f.counters("recipients_total", "Recipients of mails that were read.", "action", "route")
	m.rules = f.counters("rule_matches_total", "Mails in which a rule of the loaded policy fired.", "rule")
	m.findings = f.counters("findings_total", "Findings in mails that were read.", "detector", "confidence")
	m.unread = f.counters("unread_parts_total", "Parts that could hold text which was not read.", "problem")
	m.outOfScope = f.counters("out_of_scope_total", "Mails accepted unread because of their origin or their recipients.", "by")
	m.faults = f.counters("faults_total", "Mails in scope that got no verdict: deferred in enforce mode, accepted in observe mode.", "fault")
	m.shadow = f.counters("shadow_differences_total", "Mails for which the shadow policy decides otherwise.", "active", "shadow")
	m.notices = f.counters("notices_total", "Notices to the officer: handed over, refused for now, lost.", "result")
	m.probes = f.counters("probe_total", "Probes of destinations that have ended, by what was found.", "state")
	m.probeAnswers = f.counters("probe_facts_total", "What was known of the destinations of mails when these were decided.", "state")
	m.policyInfo = f.gauges("policy_info", "The loaded policy; always 1.", "id", "checksum")
	m.buildInfo = f.gauges("build_info", "The running binary; always 1.", "version", "commit", "go")

	m.aborted = f.counter("aborted_total", "Mails that the client or the MTA gave up before a verdict.")
	m.overload = f.counter("overload_total", "Connections refused, and mails deferred, because there was no room for them.")
	m.strangers = f.counter("refused_connections_total", "Connections refused because of the address that they came from.")
	m.panics = f.counter("panics_total", "Panics caught; each cost one mail its verdict.")
	m.auditErrors = f.counter("audit_errors_total", "Audit records that were not written.")
	m.bytes = f.counter("scanned_bytes_total", "Bytes scanned.")
	m.sessions = f.gauge("sessions", "Open connections of MTAs.")
	m.inFlight = f.gauge("messages_in_flight", "Mails between MAIL and verdict.")
	m.sessionsLimit = f.gauge("sessions_limit", "Connections that may be open at once.")
	m.scans = f.gauge("scans", "Mails whose content is being read.")
	m.scansLimit = f.gauge("scans_limit", "Mails whose content may be read at once.")
	m.waiting = f.gauge("mails_waiting", "Mails that wait for room to be read.")
	m.budgetUsed = f.gauge("budget_bytes", "Memory that the mails being read have of the budget.")
	m.budgetLimit = f.gauge("budget_limit_bytes", "The budget of memory for mails being read.")
	m.reloaded = f.gauge("policy_last_reload_successful", "Whether the latest policy that was asked for is in force.")
	m.reloadTime = f.gauge("policy_last_reload_success_timestamp_seconds", "When the policy in force was loaded.")
	m.message = f.seconds("message_seconds", "From MAIL to the verdict; most of it is the client's time.")
	m.verdictTime = f.seconds("verdict_seconds", "From the end of a mail to its verdict.")
	m.drift = f.gauges("registry_drift", "Domains of the partner registry of which the MTA's own TLS tables demand less, by what is amiss.", "problem")
	m.driftFailed = f.counter("registry_check_failures_total", "Comparisons of the partner registry with the MTA's TLS tables that failed.")
	m.probeTime = f.seconds("probe_seconds", "Duration of a probe.")
	m.destinations = newDestinations(registerer)
	for _, state := range probe.States() {
		m.probes.WithLabelValues(string(state))
		m.probeAnswers.WithLabelValues(string(state))
	}
	for _, why := range faults {
		m.faults.WithLabelValues(string(why))
	}
	for _, c := range notice.Counts() {
		m.notices.WithLabelValues(string(c))
	}
	for _, by := range []string{"origin", "recipients", "notice"} {
		m.outOfScope.WithLabelValues(by)
	}
	for _, p := range extract.Problems() {
		m.unread.WithLabelValues(string(p))
	}
	m.loaded.Store(&map[string]bool{})
	return m
}

// NoticeCounted counts what became of a notice to the officer.
func (m *Metrics) NoticeCounted(c notice.Count) { m.notices.WithLabelValues(string(c)).Inc() }

// verdict counts a mail that was read.
func (m *Metrics) verdict(v *rules.Verdict, mode string, message, verdict time.Duration) {
	d := v.Decision
	m.messages.WithLabelValues(d.Action.String(), string(d.Direction), mode).Inc()
	for _, o := range d.Recipients {
		m.recipients.WithLabelValues(o.Action.String(), string(o.Route)).Inc()
	}
	loaded := *m.loaded.Load()
	for _, r := range d.Rules {
		if r.Fired && loaded[r.ID] {
			m.rules.WithLabelValues(r.ID).Inc()
		}
	}
	for id, t := range v.Report.Tallies {
		var levels [4]int
		for _, place := range t.Findings {
			for level, n := range place {
				levels[level] += n
			}
		}
		for level := detect.Low; level <= detect.High; level++ {
			if levels[level] > 0 {
				m.findings.WithLabelValues(id, level.String()).Add(float64(levels[level]))
			}
		}
	}
	for i := range v.Report.Parts {
		if p := &v.Report.Parts[i]; p.Unread() {
			m.unread.WithLabelValues(string(known(p.Problem))).Inc()
		}
	}
	m.bytes.Add(float64(v.Report.Bytes))
	m.message.Observe(message.Seconds())
	m.verdictTime.Observe(verdict.Seconds())
}

// known keeps the label's set closed.
func known(p extract.Problem) extract.Problem {
	if slices.Contains(extract.Problems(), p) {
		return p
	}
	return extract.Unsupported
}

// PolicyLoaded names the policy in force from now on. Counters of rules that it
// no longer has disappear, those of its rules begin at zero.
func (m *Metrics) PolicyLoaded(id, checksum string, ruleIDs []string) {
	m.loading.Lock()
	defer m.loading.Unlock()
	m.policyInfo.Reset()
	m.policyInfo.WithLabelValues(id, checksum).Set(1)
	ids := make(map[string]bool, len(ruleIDs))
	for _, rule := range ruleIDs {
		ids[rule] = true
		m.rules.WithLabelValues(rule)
	}
	for rule := range *m.loaded.Swap(&ids) {
		if !ids[rule] {
			m.rules.DeleteLabelValues(rule)
		}
	}
}

// ReloadSucceeded says that the latest policy asked for is in force.
func (m *Metrics) ReloadSucceeded() {
	m.reloaded.Set(1)
	m.reloadTime.SetToCurrentTime()
}

// ReloadFailed says that it is not, and that an older one still is.
func (m *Metrics) ReloadFailed() { m.reloaded.Set(0) }

// StrangerRefused counts a connection that came from where none is allowed.
func (m *Metrics) StrangerRefused() { m.strangers.Inc() }

// RegistryCompared says how many entries of the MTA's tables demand less than the
// partner registry: of every problem that there may be.
func (m *Metrics) RegistryCompared(problems map[string]int) {
	for problem, n := range problems {
		m.drift.WithLabelValues(problem).Set(float64(n))
	}
}

// RegistryNotCompared says that the tables could not be read; what was known of
// them holds no longer.
func (m *Metrics) RegistryNotCompared() {
	m.drift.Reset()
	m.driftFailed.Inc()
}

// AuditFailed counts an audit record that was not written.
func (m *Metrics) AuditFailed() { m.auditErrors.Inc() }

// ShadowDiffers counts a mail for which a shadow policy decides otherwise.
func (m *Metrics) ShadowDiffers(active, shadow rules.Action) {
	m.shadow.WithLabelValues(active.String(), shadow.String()).Inc()
}

// Built names the running binary.
func (m *Metrics) Built(version, commit, goVersion string) {
	m.buildInfo.WithLabelValues(version, commit, goVersion).Set(1)
}

// factory defines metrics under the prefix postern_ and registers them.
type factory struct{ prometheus.Registerer }

func (f factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postern_" + name, Help: help}, labels)
	f.MustRegister(c)
	return c
}

func (f factory) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "postern_" + name, Help: help}, labels)
	f.MustRegister(g)
	return g
}

func (f factory) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "postern_" + name, Help: help})
	f.MustRegister(c)
	return c
}

func (f factory) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "postern_" + name, Help: help})
	f.MustRegister(g)
	return g
}

// seconds defines a histogram, classic and native: from half a millisecond, a
// small mail, to a minute, the time that a mail may take by default.
func (f factory) seconds(name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "postern_" + name, Help: help,
		Buckets:                         []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	})
	f.MustRegister(h)
	return h
}
