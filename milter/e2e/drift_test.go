//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	kernel "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// The daemon notices by itself when Postfix's table no longer demands what the
// registry promises, and when it does again; lint fails meanwhile. The sandbox,
// which lets the daemon run no program, is closed where the kernel has one.
func TestDriftOfTheRegistryIsCounted(t *testing.T) {
	dir := t.TempDir()
	const policy = "[policy]\nid = \"drift\"\njudges = [\"outbound\"]\n[inside]\ndomains = [\"agency.example\"]\n[partners.\"tls.example\"]\nmethod = \"tls\"\n[[rules]]\nid = \"cards\"\nwhen = { found = \"payment-card\" }\nreject = \"5.7.1 no cards\"\n"
	table := func(value string) {
		write(t, filepath.Join(dir, "main.cf"), "compatibility_level = 3.6\nsmtp_tls_policy_maps = inline:{ { tls.example = "+value+" }, { .tls.example = encrypt } }\n")
		settle(t, dir)
	}
	write(t, filepath.Join(dir, "master.cf"), "")
	table("may")
	sandbox := "require"
	if abi, err := kernel.LandlockGetABIVersion(); err != nil || abi < 1 {
		sandbox = "auto"
	}
	w := newWorld(t, options{
		policy: policy, config: config + "[sandbox]\nuse = \"" + sandbox + "\"\n[mta]\npostfix_config = \"" + dir + "\"\nevery = \"1s\"\n",
	})
	w.counted(`postern_registry_drift{problem="weaker"} 1`)
	if r := w.run("lint"); r.code != 1 || !strings.Contains(r.out, "tls.example is weaker") {
		t.Errorf("lint: exit %d: %s%s", r.code, r.out, r.talk)
	}
	table("encrypt")
	w.counted(`postern_registry_drift{problem="weaker"} 0`)
	if r := w.run("lint"); r.code != 0 {
		t.Errorf("lint: exit %d: %s%s", r.code, r.out, r.talk)
	}
	write(t, filepath.Join(dir, "main.cf"), "smtp_tls_policy_maps = texthash:"+dir+"/none\n")
	settle(t, dir)
	w.counted("postern_registry_check_failures_total 1")
	if metrics, err := w.postern.Metrics(); err != nil || strings.Contains(metrics, "postern_registry_drift{") {
		t.Errorf("what is not known is counted (%v)", err)
	}
	if err := w.postern.Stop(); err != nil {
		t.Error(err)
	}
	if log := w.postern.Log(); strings.Contains(log, "no longer") {
		t.Errorf("the helper ended before the daemon:\n%s", log)
	}
}

// counted waits for a line of the metrics.
func (w *world) counted(line string) {
	w.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if metrics, err := w.postern.Metrics(); err == nil && strings.Contains(metrics, line+"\n") {
			return
		}
	}
	w.Fatalf("the metrics do not say %s", line)
}
