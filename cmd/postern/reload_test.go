package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/milter"
)

const ruled = "[policy]\nid = \"ruled\"\n\n[inside]\ndomains = [\"in.example\"]\n\n[rules.cards]\nwhen = { header = \"X-Case\", contains = \"card\" }\nreject = \"5.7.1 no.\"\n"

// put writes a file as a careful program does: beside, then renamed.
func put(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file+".new", []byte(text), 0o600))
	must(t, os.Rename(file+".new", file))
}

func TestEnforceKeepsThePolicyThatHasRules(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.toml")
	put(t, policy, ruled)
	r := startDaemon(t, fmt.Sprintf("mode = \"enforce\"\n[policy]\nfile = %q\n", policy))
	r.await(t, `msg="policy loaded" policy=ruled`)
	for i, text := range []string{"", ruled[:strings.Index(ruled, "[rules")], ruled + "off = true\n"} {
		must(t, os.WriteFile(policy, []byte(text), 0o600))
		must(t, r.Process.Signal(syscall.SIGHUP))
		r.await(t, strings.Repeat(`(?s)policy not reloaded, the old one stays.*/policy.toml.*no rule of its own or of a pack.*by a rename.*`, i+1))
		if _, metrics := r.get(t, "/metrics"); !strings.Contains(metrics, "postern_policy_last_reload_successful 0") {
			t.Errorf("%q: the refusal is not in the metrics", text)
		}
		if _, now := r.get(t, "/readyz"); !strings.Contains(now, "policy ruled") {
			t.Errorf("%q: in force is %q", text, now)
		}
	}
	put(t, policy, strings.ReplaceAll(ruled, "rules.cards", "rules.numbers")+"[rules.more]\nwhen = { header = \"X-Case\", contains = \"ssn\" }\nhold = \"x\"\n")
	must(t, r.Process.Signal(syscall.SIGHUP))
	r.await(t, `msg="policy loaded" policy=ruled .* rules=2 rules_before=1 rules_gone=cards\n`)
	// The rules of a pack are rules.
	put(t, policy, "[policy]\nuse = \"pci\"\n")
	must(t, r.Process.Signal(syscall.SIGHUP))
	r.await(t, `msg="policy loaded" policy=policy .* rules_before=2 rules_gone=more,numbers\n`)
}

func TestEnforceDoesNotStartWithoutRules(t *testing.T) {
	exe, err := os.Executable()
	must(t, err)
	dir := t.TempDir()
	link, conf, policy := filepath.Join(dir, "postern"), filepath.Join(dir, "postern.toml"), filepath.Join(dir, "policy.toml")
	must(t, os.Symlink(exe, link))
	put(t, policy, "")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, "mode = \"enforce\"\n[policy]\nfile = %q\n", policy), 0o600))
	var stderr bytes.Buffer
	c := exec.Command(link, "serve", "--config", conf)
	c.Stderr = &stderr
	if err := c.Run(); c.ProcessState.ExitCode() != exitError || !strings.Contains(stderr.String(), "policy.toml") {
		t.Errorf("%v, %s", err, &stderr)
	}
}

func TestEnforceWithoutAPolicyHoldsWhatCannotBeReadAndSaysSo(t *testing.T) {
	r := startDaemon(t, "mode = \"enforce\"\n")
	r.await(t, `no policy is named`)
}

func TestAPolicyIsReadWhenItIsWritten(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.toml")
	put(t, policy, ruled)
	r := startDaemon(t, fmt.Sprintf("mode = \"enforce\"\n[policy]\nfile = %q\n", policy))
	r.await(t, `msg="policy loaded" policy=ruled`)
	f, err := os.Create(policy)
	must(t, err)
	defer f.Close()
	must(t, r.Process.Signal(syscall.SIGHUP))
	_, err = f.WriteString(ruled)
	must(t, err)
	for i := range 8 {
		time.Sleep(100 * time.Millisecond)
		_, err := fmt.Fprintf(f, "[rules.r%d]\nwhen = { header = \"X-Case\", contains = \"ssn\" }\nhold = \"x\"\n", i)
		must(t, err)
	}
	r.await(t, `msg="policy loaded" .* rules=9 rules_before=1\n`)
	if n := strings.Count(r.log(t), `msg="policy loaded"`); n != 2 {
		t.Errorf("policies were loaded %d times, want at the start and once more:\n%s", n, r.log(t))
	}
}

func TestAListThatTheNewPolicyNamesIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	policy, list := filepath.Join(dir, "policy.toml"), filepath.Join(dir, "friends")
	put(t, policy, ruled)
	r := startDaemon(t, fmt.Sprintf("mode = \"enforce\"\n[policy]\nfile = %q\n", policy))
	r.await(t, `msg="policy loaded" policy=ruled`)
	put(t, list, "one.example\n")
	put(t, policy, ruled+"[lists.friends]\nfile = \"friends\"\n[rules.two]\nto = \"friends\"\nhold = \"x\"\n")
	must(t, r.Process.Signal(syscall.SIGHUP))
	time.Sleep(settleQuiet + settleQuiet/4) // the policy is read now, and looked at is the list
	if strings.Contains(r.log(t), "rules=2") {
		t.Error("the list was not waited for")
	}
	r.await(t, `msg="policy loaded" .* rules=2 rules_before=1\n`)
}

func TestAFileThatIsNeverQuietIsNotWaitedForForEver(t *testing.T) {
	quiet, busy := filepath.Join(t.TempDir(), "quiet"), filepath.Join(t.TempDir(), "busy")
	must(t, os.WriteFile(quiet, nil, 0o600))
	f, err := os.Create(busy)
	must(t, err)
	defer f.Close()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				_, _ = f.WriteString("x")
			}
		}
	}()
	ends := make(chan os.Signal, 1)
	_, err = settle([]string{quiet, busy}, time.Now().Add(800*time.Millisecond), ends)
	if !errors.Is(err, errUnsettled) || !strings.Contains(err.Error(), busy) {
		t.Errorf("a file that grows: %v", err)
	}
	ends <- syscall.SIGTERM
	if _, err = settle([]string{busy}, time.Now().Add(time.Minute), ends); !errors.Is(err, errEnding) || len(ends) != 1 {
		t.Errorf("SIGTERM meanwhile: %v, %d signals left", err, len(ends))
	}
	close(stop)
	<-stopped
	<-ends
	if _, err := settle([]string{quiet, busy}, time.Now().Add(time.Minute), ends); err != nil {
		t.Errorf("files that are quiet: %v", err)
	}
}

func TestAReloadGivesTheOldEngineBackAtOnce(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.toml")
	put(t, policy, ruled)
	s := &server{
		global: &global{policy: policy}, log: slog.New(slog.DiscardHandler),
		metrics: milter.NewMetrics(prometheus.NewRegistry()),
	}
	must(t, s.reload())
	gone := make(chan bool, 1)
	runtime.AddCleanup(s.engine.Load(), func(c chan bool) { c <- true }, gone)
	must(t, s.reload())
	select {
	case <-gone: // without a collection by anybody else, which would come in two minutes
	case <-time.After(30 * time.Second):
		t.Error("the old engine is kept")
	}
}
