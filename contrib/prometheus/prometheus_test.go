// Package prometheus holds alerts on postern's metrics, and the test that
// Prometheus takes them and that each one is raised when it should be.
package prometheus

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func promtool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPrometheusTakesTheAlerts(t *testing.T) {
	promtool(t, "check", "rules", "--lint-fatal", "postern.rules.yml")
}

func TestAlertsAreRaisedWhenTheyShouldBe(t *testing.T) {
	promtool(t, "test", "rules", "postern.test.yml")
}

func TestEveryAlertIsSeenRaisedAndDocumented(t *testing.T) {
	cases := read(t, "postern.test.yml")
	manual := read(t, "../../docs/operations.md")
	alerts := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, "postern.rules.yml"), -1)
	if len(alerts) == 0 || alerts[0][1] != "PosternPolicyReloadFailed" {
		t.Errorf("the first alert of %q is not that of a failed reload", alerts)
	}
	for _, alert := range alerts {
		if !strings.Contains(cases, "- alertname: "+alert[1]+"\n") {
			t.Errorf("no case in postern.test.yml raises %s", alert[1])
		}
		if !strings.Contains(manual, "`"+alert[1]+"`") {
			t.Errorf("docs/operations.md does not say what to do about %s", alert[1])
		}
	}
}

func TestAlertsAskForDocumentedMetricsOnly(t *testing.T) {
	manual := read(t, "../../docs/operations.md")
	for _, name := range regexp.MustCompile(`postern_[a-z_]+`).FindAllString(read(t, "postern.rules.yml"), -1) {
		name = strings.TrimSuffix(name, "_bucket")
		if !strings.Contains(manual, "`"+name+"`") && !strings.Contains(manual, "`"+name+"{") {
			t.Errorf("docs/operations.md does not list the metric %s", name)
		}
	}
}
