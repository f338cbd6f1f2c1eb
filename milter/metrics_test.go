package milter

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

func TestAMailIsCounted(t *testing.T) {
	e := always(rules.Decision{
		Action: rules.Hold, Direction: rules.Outbound,
		Recipients: []rules.Outcome{{Action: rules.Hold, Route: rules.TLSForced}, {Action: rules.Accept, Route: rules.Direct}},
		Rules:      []rules.RuleResult{{ID: "known", Fired: true}, {ID: "quiet"}, {ID: "of-another-policy", Fired: true}},
	})
	tally := &classify.Tally{}
	tally.Findings[4][3], tally.Findings[0][3], tally.Findings[4][1] = 2, 1, 5
	e.report = classify.Report{
		Tallies: map[string]*classify.Tally{"us-ssn": tally},
		Parts:   []extract.Part{{Path: "1", Problem: extract.Encrypted}, {Path: "2", Problem: extract.Unsupported, Unscannable: true}, {Path: "3"}},
		Bytes:   1234,
	}
	h := serve(t, e)
	h.Metrics.PolicyLoaded("p", "abc", []string{"known", "quiet"})
	connect(t, h).mail("Q", "x")
	for series, want := range map[string]string{
		`postern_messages_total{action="hold",direction="outbound",mode="enforce"}`: "1",
		`postern_recipients_total{action="hold",route="tls"}`:                       "1",
		`postern_recipients_total{action="accept",route="direct"}`:                  "1",
		`postern_rule_matches_total{rule="known"}`:                                  "1",
		`postern_rule_matches_total{rule="quiet"}`:                                  "0",
		`postern_rule_matches_total{rule="of-another-policy"}`:                      "",
		`postern_findings_total{confidence="high",detector="us-ssn"}`:               "3",
		`postern_findings_total{confidence="low",detector="us-ssn"}`:                "5",
		`postern_findings_total{confidence="medium",detector="us-ssn"}`:             "",
		`postern_unread_parts_total{problem="encrypted"}`:                           "1",
		`postern_unread_parts_total{problem="unsupported"}`:                         "0",
		`postern_scanned_bytes_total`:                                               "1234",
		`postern_message_seconds_count`:                                             "1",
		`postern_verdict_seconds_count`:                                             "1",
		`postern_messages_in_flight`:                                                "0",
		`postern_sessions`:                                                          "1",
	} {
		if got := h.metric(t, series); got != want {
			t.Errorf("%s is %q, want %q", series, got, want)
		}
	}
}

func TestAReloadChangesTheRulesThatAreCounted(t *testing.T) {
	h := serve(t, &fakeEngine{})
	h.Metrics.PolicyLoaded("old", "1", []string{"a", "b"})
	h.Metrics.PolicyLoaded("new", "2", []string{"b", "c"})
	h.Metrics.ReloadSucceeded()
	text := h.metrics()
	for _, want := range []string{
		`postern_policy_info{checksum="2",id="new"} 1`, `postern_rule_matches_total{rule="b"} 0`,
		`postern_rule_matches_total{rule="c"} 0`, "postern_policy_last_reload_successful 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, no := range []string{`id="old"`, `rule="a"`} {
		if strings.Contains(text, no) {
			t.Errorf("%s is still there", no)
		}
	}
	h.Metrics.ReloadFailed()
	if got := h.metric(t, "postern_policy_last_reload_successful"); got != "0" {
		t.Errorf("after a failed reload the gauge is %s", got)
	}
	if h.metric(t, "postern_policy_last_reload_success_timestamp_seconds") == "0" {
		t.Error("the time of the last good load is gone")
	}
}

// The names are what alerts and dashboards are written against.
func TestTheNamesOfTheMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	m.Built("v1", "abc", "go1.26")
	m.PolicyLoaded("p", "c", []string{"r"})
	m.ShadowDiffers(rules.Accept, rules.Reject)
	m.messages.WithLabelValues("accept", "outbound", "observe")
	m.recipients.WithLabelValues("accept", "direct")
	m.findings.WithLabelValues("us-ssn", "high")
	m.unread.WithLabelValues("encrypted")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		got = append(got, f.GetName())
		h := f.GetMetric()[0].GetHistogram()
		if h != nil && (len(h.GetBucket()) == 0 || h.Schema == nil) {
			t.Errorf("%s is not both a classic and a native histogram", f.GetName())
		}
	}
	for want := range strings.FieldsSeq(`
		postern_messages_total postern_recipients_total postern_rule_matches_total postern_findings_total
		postern_unread_parts_total postern_aborted_total postern_message_seconds postern_verdict_seconds
		postern_scanned_bytes_total postern_sessions postern_messages_in_flight postern_overload_total
		postern_panics_total postern_audit_errors_total postern_policy_last_reload_successful
		postern_policy_last_reload_success_timestamp_seconds postern_policy_info
		postern_shadow_differences_total postern_build_info postern_out_of_scope_total postern_faults_total`) {
		if !slices.Contains(got, want) {
			t.Errorf("metric %s is missing", want)
		}
	}
}
