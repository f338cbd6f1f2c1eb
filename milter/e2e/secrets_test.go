//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// secrets are values that postern finds, or sees, and must never tell. The
// numbers are those of other people's documentation, nobody's own.
var secrets = []string{
	"536-90-4399",         // in the body
	"848-82-0493",         // in the Subject
	"078-05-1123",         // in a header field
	"4111 1111 1111 1111", // in a base64 attachment
	"5500005555555559",    // in an attachment's file name
	"AB123456C",           // in the base64 attachment
	"PR123612C",           // in an encoded word of the Subject
	"Quarterly-Gossip",    // plain words of the Subject
	"whispered-sentence",  // and of the body
	"payroll-of-ann",      // and of a file name
}

func secretMail(token string) string {
	attachment := base64.StdEncoding.EncodeToString([]byte(
		"card 4111 1111 1111 1111 exp 12/29\nNational Insurance number AB123456C\nSSN: 536-90-4399\nwhispered-sentence\n"))
	encoded := base64.StdEncoding.EncodeToString([]byte("NI number PR123612C"))
	return "From: ann@agency.example\nTo: pat@plain.example\n" +
		"Subject: Quarterly-Gossip SSN 848-82-0493 =?utf-8?B?" + encoded + "?= " + token + "\n" +
		"X-Remark: social security number 078-05-1123\n" +
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\nwhispered-sentence: my SSN is 536-90-4399.\n\n" +
		"--b\nContent-Type: text/plain; name=\"card 5500005555555559.txt\"\n" +
		"Content-Disposition: attachment; filename=\"payroll-of-ann card 5500005555555559.txt\"\n" +
		"Content-Transfer-Encoding: base64\n\n" + attachment + "\n" +
		"--b\nContent-Type: application/zip; name=\"payroll-of-ann.zip\"\n" +
		"Content-Disposition: attachment; filename=\"payroll-of-ann.zip\"\n" +
		"Content-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("PK\x03\x04 no archive 536-90-4399")) + "\n" +
		"--b--\n"
}

// tellTale is a policy whose replies say as much as a reply may.
const tellTale = `
[policy]
id = "tell-tale"
[inside]
domains = ["agency.example"]
daemons = ["ORIGINATING"]
[rules.refuse]
from   = "@nosy"
when   = { found = ["us-ssn", "payment-card", "uk-nino"] }
reject = "5.7.1 Found: {found}."
[rules.wait]
when = { found = ["us-ssn", "payment-card", "uk-nino"] }
hold = "Found: {found}."
[lists.nosy]
entries = ["ann@agency.example"]
`

func TestNothingTellsASecret(t *testing.T) {
	w := newWorld(t, options{
		policy: tellTale,
		config: strings.Replace(config, "[audit]", "[log]\nlevel = \"info\"\nformat = \"json\"\n[audit]", 1),
	})
	var replies strings.Builder
	for i, from := range []string{"ann@agency.example", "bob@agency.example"} {
		reply, err := w.postfix.Submit("ann", from, []string{"pat@plain.example"}, secretMail(fmt.Sprintf("secret-%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{550, 250}[i]; reply.Code != want {
			t.Errorf("reply is %q, want %d: the secrets were not found", reply, want)
		}
		fmt.Fprintln(&replies, reply)
		if id := lab.QueueID(reply); reply.Code == 250 {
			for line := range strings.Lines(w.held(id)) {
				if strings.HasPrefix(line, "X-Postern-") {
					replies.WriteString(line)
				}
			}
		}
	}
	metrics, err := w.postern.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"log": w.postern.Log(), "audit": readFile(t, w.postern.Audit), "metrics": metrics, "replies and headers": replies.String(),
	} {
		if len(text) == 0 {
			t.Errorf("%s: nothing to look at", what)
		}
		for _, secret := range secrets {
			for _, form := range []string{secret, strings.NewReplacer("-", "", " ", "").Replace(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if at := strings.Index(strings.ToLower(text), strings.ToLower(form)); at >= 0 {
					t.Errorf("%s tells %q: …%s…", what, secret, text[max(0, at-80):min(len(text), at+80)])
				}
			}
		}
	}
}

// While a mail is read, and after its verdict, none of it lies in a file.
func TestNothingIsLeftInOpenFiles(t *testing.T) {
	// A folder of its own: in that of all others may lie what knows the numbers.
	spool := t.TempDir()
	if err := os.Chmod(spool, 0o777); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, options{policy: tellTale, env: []string{"TMPDIR=" + spool}})
	for i := range 3 {
		if _, err := w.postfix.Submit("ann", "ann@agency.example", []string{"pat@plain.example"}, secretMail(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	var left []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if left = openFiles(t, w.postern); len(left) == 0 {
			break
		}
	}
	for _, file := range left {
		t.Errorf("after the verdict postern has %s open", file)
	}
	for _, dir := range []string{spool, filepath.Dir(w.postern.Audit)} {
		w.noSecretIn(dir)
	}
}

// elsewhere lie devices, and what the Go runtime reads about the machine.
var elsewhere = regexp.MustCompile(`^/(dev|sys|proc)/`)

// openFiles are the regular files that the daemon has open, without those that
// belong there.
func openFiles(t *testing.T, d *lab.Daemon) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", d.PID())
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil || !strings.HasPrefix(target, "/") || elsewhere.MatchString(target) || target == d.Audit {
			continue
		}
		files = append(files, target)
	}
	return files
}

// noSecretIn looks into the files of a directory of postern's.
func (w *world) noSecretIn(dir string) {
	w.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if !e.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				w.Errorf("%s holds %q", name, secret)
			}
		}
	}
}
