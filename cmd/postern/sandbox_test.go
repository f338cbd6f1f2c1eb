package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	kernel "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/milter"
)

const (
	inSandbox      = "POSTERN_TEST_SANDBOX" // the folder of a child's configuration
	sandboxListens = "unix.sock"
)

const sandboxed = `
[sandbox]
use = "require"
[policy]
file = "DIR/etc/policy.toml"
shadow = "DIR/etc/shadow.toml"
[audit]
file = "DIR/log/audit.json"
[keys]
fingerprint_file = "DIR/keys/fingerprint"
[notices]
folder = "DIR/notices"
[ocr]
enabled = OCR
`

const sandboxedPolicy = "[policy]\nid = \"p\"\nuse = [\"pci\"]\n[inside]\ndomains = [\"example.org\"]\n[lists.friends]\nfile = \"../lists/friends\"\n"

// TestTheSandboxLeavesWhatTheDaemonNeeds runs itself as the daemon, since nobody
// comes out of a sandbox.
func TestTheSandboxLeavesWhatTheDaemonNeeds(t *testing.T) {
	if dir := os.Getenv(inSandbox); dir != "" {
		tryInSandbox(t, dir)
		return
	}
	if abi, err := kernel.LandlockGetABIVersion(); err != nil || abi < 1 {
		conf := defaults()
		conf.Sandbox.Use = "require"
		if err := (&server{conf: conf}).confine(nil); err == nil {
			t.Error("a sandbox is required, this kernel has none, and the daemon goes on")
		}
		return
	}
	for name, ocr := range map[string]string{"without OCR": "false", "with OCR": "true"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"etc", "lists", "log", "keys", "notices", "tmp", "other"} {
				must(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
			}
			for file, text := range map[string]string{
				"etc/postern.toml": strings.NewReplacer("DIR", dir, "OCR", ocr).Replace(sandboxed),
				"etc/policy.toml":  sandboxedPolicy,
				"etc/shadow.toml":  sandboxedPolicy,
				"lists/friends":    "friend.example\n",
				"keys/fingerprint": "0123456789abcdef0123456789abcdef\n",
				"other/secret":     "not for postern\n",
				"other/list":       "stranger.example\n",
			} {
				must(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
			}
			child := exec.Command(os.Args[0], "-test.run=^"+t.Name()[:strings.Index(t.Name(), "/")]+"$")
			child.Env = append(os.Environ(), inSandbox+"="+dir, "TMPDIR="+filepath.Join(dir, "tmp"))
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			var got map[string]string
			if err := json.Unmarshal(out[bytes.IndexByte(out, '{'):bytes.LastIndexByte(out, '}')+1], &got); err != nil {
				t.Fatalf("%v in:\n%s", err, out)
			}
			if len(got) != len(sandboxWants) {
				t.Errorf("%d things were tried, want %d", len(got), len(sandboxWants))
			}
			for what, want := range sandboxWants {
				if ocr == "true" && what == "run a program" {
					want = "done"
				}
				if got[what] != want {
					t.Errorf("%s: %s, want it %s", what, got[what], want)
				}
			}
		})
	}
}

// sandboxWants is what must come of each thing that tryInSandbox tries.
var sandboxWants = map[string]string{
	"reload the policy":                          "done",
	"reload a policy that was replaced":          "done",
	"reload a list that was replaced":            "done",
	"reopen the audit file after its rotation":   "done",
	"keep an attachment on disk":                 "done",
	"keep a notice":                              "done",
	"remove the socket":                          "done",
	"ask for a name":                             "done",
	"tell of the process":                        "done",
	"read a picture":                             "done",
	"read a file elsewhere":                      "denied",
	"read a file elsewhere from another thread":  "denied",
	"write a file elsewhere":                     "denied",
	"change the policy":                          "denied",
	"look at the folder of another process":      "denied",
	"run a program":                              "denied",
	"reload a policy with a list that is beyond": "denied",
}

func TestThePageNamesWhatTheSandboxLeavesOfTheSystem(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	_, about, _ := strings.Cut(string(page), "## What the daemon can reach")
	about, _, _ = strings.Cut(about, "\n## ")
	for _, place := range system {
		if !strings.Contains(about, "`"+place+"`") {
			t.Errorf("docs/security.md does not tell that %s can be read", place)
		}
	}
	said := map[string]bool{}
	for quoted := range strings.SplitSeq(about, "`") {
		if strings.HasPrefix(quoted, "/") && !strings.ContainsAny(quoted, " \n") {
			said[quoted] = true
		}
	}
	for place := range said {
		if !slices.Contains(system, place) && !strings.HasPrefix(place, "/etc/postern") && !strings.HasPrefix(place, "/run/credentials") {
			t.Errorf("docs/security.md speaks of %s, which the sandbox does not grant", place)
		}
	}
}

func tryInSandbox(t *testing.T, dir string) {
	t.Helper()
	in := func(name string) string { return filepath.Join(dir, name) }
	config := in("etc/postern.toml")
	conf, err := loadConfig(config, true)
	must(t, err)
	s := &server{global: &global{config: config}, conf: conf, log: newLogger(conf.Log, os.Stderr), metrics: milter.NewMetrics(prometheus.NewRegistry())}
	s.ocr, err = conf.OCR.reader()
	must(t, err)
	must(t, s.reload())
	s.audit, err = s.openAudit()
	must(t, err)
	socket, err := net.Listen("unix", in("log/"+sandboxListens))
	must(t, err)
	picture := scriptPicture(t)

	// A process and a thread that are there before: the one stays outside.
	outside := startOutside(t)
	ask, answer := make(chan string), make(chan error)
	go func() {
		runtime.LockOSThread()
		answer <- readAway(<-ask)
	}()
	must(t, s.confine([]net.Listener{socket}))
	ask <- in("other/secret")

	got := map[string]string{}
	try := func(what string, err error) {
		switch {
		case err == nil:
			got[what] = "done"
		case errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied"):
			got[what] = "denied"
		default:
			got[what] = err.Error()
		}
	}
	try("read a file elsewhere from another thread", <-answer)
	try("read a file elsewhere", readAway(in("other/secret")))
	try("write a file elsewhere", os.WriteFile(in("other/new"), nil, 0o600))
	try("change the policy", os.WriteFile(in("etc/policy.toml"), nil, 0o600))
	_, err = os.Readlink(fmt.Sprintf("/proc/%d/cwd", outside.cmd.Process.Pid))
	try("look at the folder of another process", err)
	try("run a program", exec.Command("/bin/true").Run())
	try("ask for a name", readAway("/etc/hosts"))
	try("tell of the process", readAway("/proc/self/stat"))
	try("keep a notice", os.WriteFile(in("notices/one.notice"), nil, 0o600))
	try("remove the socket", socket.Close())
	try("reload the policy", s.reload())
	must(t, os.Rename(in("log/audit.json"), in("log/audit.json.1")))
	try("reopen the audit file after its rotation", s.audit.Reopen())
	var file *os.File
	file, err = os.CreateTemp("", "postern-")
	if err == nil {
		err = errors.Join(os.Remove(file.Name()), file.Close())
	}
	try("keep an attachment on disk", err)
	try("read a picture", s.readPicture(picture))

	outside.replace(t, in("etc/policy.toml"), sandboxedPolicy+"# newer")
	try("reload a policy that was replaced", s.reload())
	outside.replace(t, in("lists/friends"), "other.example")
	try("reload a list that was replaced", s.reload())
	outside.replace(t, in("etc/policy.toml"), strings.Replace(sandboxedPolicy, "../lists/friends", "../other/list", 1))
	try("reload a policy with a list that is beyond", s.reload())
	must(t, json.NewEncoder(os.Stdout).Encode(got))
}

// outside is a shell that is in no sandbox.
type outside struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func startOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{cmd: exec.Command("/bin/sh")}
	in, err := o.cmd.StdinPipe()
	must(t, err)
	out, err := o.cmd.StdoutPipe()
	must(t, err)
	o.in, o.out = in, bufio.NewReader(out)
	must(t, o.cmd.Start())
	t.Cleanup(func() {
		in.Close()
		_ = o.cmd.Wait()
	})
	return o
}

// replace puts another file in the place of one, as editors and deployments do.
func (o *outside) replace(t *testing.T, file, text string) {
	t.Helper()
	fmt.Fprintf(o.in, "cat >%[1]s.new <<'END' && mv %[1]s.new %[1]s && echo replaced\n%[2]s\nEND\n", file, text)
	if said, err := o.out.ReadString('\n'); err != nil || said != "replaced\n" {
		t.Fatalf("%s was not replaced: %q, %v", file, said, err)
	}
}

// readPicture has tesseract read a picture with a number in it.
func (s *server) readPicture(picture []byte) error {
	if s.ocr == nil {
		return nil
	}
	var text strings.Builder
	if err := s.ocr.Text(context.Background(), bytes.NewReader(picture), &text); err != nil {
		return err
	}
	if !strings.ContainsAny(text.String(), "0123456789") {
		return errors.New("no text was found in the picture")
	}
	return nil
}

// scriptPicture is the picture of testdata/ocr.txtar.
func scriptPicture(t *testing.T) []byte {
	t.Helper()
	script, err := os.ReadFile("testdata/ocr.txtar")
	must(t, err)
	_, text, _ := strings.Cut(string(script), "Content-Transfer-Encoding: base64\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	text, _, _ = strings.Cut(text, "\n--")
	picture, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(strings.TrimSpace(text), "\n", ""))
	must(t, err)
	return picture
}

func readAway(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
