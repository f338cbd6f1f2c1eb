package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postern": main})
}

// The scripts of testdata run the verbs as a person would; one for each behaviour.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"unindent": unindent, "record": record},
	})
}

// unindent takes the leading bar off the lines of a file: a txtar in a txtar.
func unindent(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll("\n"+ts.ReadFile(args[0]), "\n|", "\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[1:]), 0o600))
}

// record adds to an audit file what a policy decides about a mail; its arguments
// are the policy, the file, the mail, the sender and the recipients.
func record(ts *testscript.TestScript, _ bool, args []string) {
	engine, err := rules.Load(ts.MkAbs(args[0]), rules.Options{Routes: rules.Routes{PerRecipient: true}})
	ts.Check(err)
	f := checkFlags{from: args[3], rcpt: args[4:], time: "2027-03-15"}
	env, err := f.envelope(time.Now())
	ts.Check(err)
	env.Ref, env.QueueID = "P-7K3M9Q2X4B", "4Q1AB"
	v, err := engine.Check(context.Background(), env, strings.NewReader(ts.ReadFile(args[2])))
	ts.Check(err)
	defer v.Close()
	log, err := audit.Open(ts.MkAbs(args[1]), audit.Options{})
	ts.Check(err)
	ts.Check(log.Write(context.Background(), audit.Entry{Envelope: env, Report: v.Report, Decision: v.Decision, Mode: "enforce"}))
	ts.Check(log.Close())
}

// running is a postern under test.
type running struct {
	*exec.Cmd
	dir    string
	stderr *os.File
	http   string
}

// startDaemon runs `postern serve` on free ports and waits until it is ready.
func startDaemon(t *testing.T, config string, args ...string) *running {
	t.Helper()
	r := &running{dir: t.TempDir()}
	path := filepath.Join(r.dir, "postern.toml")
	config += "\n[milter]\nlisten = \"inet:127.0.0.1:0\"\n[http]\nlisten = \"127.0.0.1:0\"\n"
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(config, "DIR", r.dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.stderr, err = os.Create(filepath.Join(r.dir, "stderr")); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript gives this test binary the name of the command, in a folder
	// that is first in PATH only while scripts run; the same trick by hand.
	link := filepath.Join(r.dir, "postern")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	r.Cmd = exec.Command(link, append([]string{"serve", "--config", path}, args...)...)
	r.Cmd.Stderr = r.stderr
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Process.Kill()
		_ = r.Wait()
		r.stderr.Close()
	})
	listening := r.await(t, `listening milter=(\S+) http=(\S+)`)
	r.http = "http://" + listening[2]
	return r
}

func (r *running) log(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(r.stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// await waits until the daemon has said something.
func (r *running) await(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for range 500 {
		if m := re.FindStringSubmatch(r.log(t)); m != nil {
			return m
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nothing like %q in 10 s; it said:\n%s", pattern, r.log(t))
	return nil
}

func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	response, err := http.Get(r.http + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeSaysWhereItListensAndHowToWireIt(t *testing.T) {
	r := startDaemon(t, "")
	r.await(t, `contrib/postfix`)
	log := r.log(t)
	for _, want := range []string{"mode=observe", "non_smtpd_milters", "milter_macro_daemon_name=ORIGINATING", "default_action=accept"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not said:\n%s", want, log)
		}
	}
	for path, want := range map[string]string{"/livez": "live", "/readyz": "ready: policy default", "/metrics": "postern_build_info"} {
		if status, body := r.get(t, path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, no %q", path, status, want)
		}
	}
}

func TestServeSaysThatPicturesStayUnread(t *testing.T) {
	r := startDaemon(t, "[ocr]\nenabled = true\ncommand = \"/nowhere/tesseract\"\n")
	r.await(t, `level=WARN msg="OCR is enabled and cannot run" error="text in pictures will not be read, and counts as unsupported: .*/nowhere/tesseract`)
}

func TestHangupLoadsThePolicyWholeOrKeepsTheOld(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.toml")
	write := func(text string) {
		if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[policy]\nid = \"one\"\njudges = [\"outbound\"]\n")
	r := startDaemon(t, fmt.Sprintf("[policy]\nfile = %q\n[audit]\nfile = \"DIR/audit.jsonl\"\n", policy))
	r.await(t, `msg="policy loaded" policy=one`)

	write("[policy]\nid = \"two\"\nnonsense = 1\n")
	_ = r.Process.Signal(syscall.SIGHUP)
	r.await(t, `policy not reloaded.*line 3.*nonsense`)
	if _, now := r.get(t, "/readyz"); !strings.Contains(now, "policy one") {
		t.Errorf("after a broken policy: %q", now)
	}
	if _, metrics := r.get(t, "/metrics"); !strings.Contains(metrics, "postern_policy_last_reload_successful 0") {
		t.Error("the failed reload is not in the metrics")
	}

	write("[policy]\nid = \"two\"\njudges = [\"outbound\"]\n")
	_ = r.Process.Signal(syscall.SIGHUP)
	r.await(t, `msg="policy loaded" policy=two`)
	_, metrics := r.get(t, "/metrics")
	for _, want := range []string{"postern_policy_last_reload_successful 1", `id="two"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %q in the metrics after a reload", want)
		}
	}

	_ = r.Process.Signal(syscall.SIGTERM)
	if err := r.Wait(); err != nil {
		t.Errorf("SIGTERM: %v; it said:\n%s", err, r.log(t))
	}
}

func TestEnforceRefusesAPolicyWhoseRoutesAreNotInstalled(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link, conf := filepath.Join(dir, "postern"), filepath.Join(dir, "postern.toml")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("mode = \"enforce\"\n[policy]\nuse = \"example\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	c := exec.Command(link, "serve", "--config", conf)
	c.Stderr = &stderr
	err = c.Run()
	if c.ProcessState.ExitCode() != exitError {
		t.Errorf("exit: %v, want %d", err, exitError)
	}
	for _, want := range []string{"tls = true", "gateways", "secure"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not said:\n%s", want, &stderr)
		}
	}
}
