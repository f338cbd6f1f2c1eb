package mta

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// control is a quarantined control file, as Sendmail 8.17 writes it.
const control = `V8
T1795479355
K0
N0
P30452
I8/1/12345
Fs
$_localhost [127.0.0.1]
qpostern P-7K3M9Q2X4B wait
Sann@agency.example
rRFC822; pat@partner.example
RPFD:<pat@partner.example>
RPFD:<bob@agency.example>
H?P?Return-Path: <ann@agency.example>
H??Subject: not read
.
`

// quarantine is a queue with one mail on hold, and its sendmail.cf.
func quarantine(t *testing.T, folder, cf string) (SendmailInstance, string) {
	t.Helper()
	dir := t.TempDir()
	full := filepath.Join(dir, folder)
	if err := os.MkdirAll(full, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(full, "hf5AO1Jxxx012345"): control, filepath.Join(full, "df5AO1Jxxx012345"): "text\n",
		filepath.Join(full, "qf5AO1Jxxx099999"): control, filepath.Join(full, "hf..hostile"): control,
		filepath.Join(dir, "sendmail.cf"): strings.ReplaceAll(cf, "DIR", dir),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return SendmailInstance{CF: filepath.Join(dir, "sendmail.cf")}, full
}

const oneQueue = "O QueueDirectory=DIR/mqueue\nO Timeout.queuereturn=3d\n"

func TestSendmailsQuarantineIsRead(t *testing.T) {
	for name, c := range map[string]struct{ folder, cf string }{
		"one folder":     {"mqueue", oneQueue},
		"many folders":   {"mqueue/q3", "O QueueDirectory=DIR/mqueue/q*\n"},
		"folders of qf":  {"mqueue/qf", oneQueue},
		"a queue group":  {"other", "O QueueDirectory=DIR/\nQslow, Path=DIR/other, Interval=1h\n"},
		"in other words": {"mqueue", "O queuedirectory = DIR/mqueue\n"},
	} {
		s, _ := quarantine(t, c.folder, c.cf)
		var got []Held
		for h, err := range s.Held(t.Context()) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got = append(got, h)
		}
		if len(got) != 1 {
			t.Errorf("%s: %d mails", name, len(got))
			continue
		}
		h := got[0]
		if h.ID != "5AO1Jxxx012345" || h.Ref != "P-7K3M9Q2X4B" || h.Reason != "postern P-7K3M9Q2X4B wait" || h.Sender != "ann@agency.example" ||
			len(h.Recipients) != 2 || h.Recipients[0] != "pat@partner.example" || !h.Arrived.Equal(time.Unix(1795479355, 0)) {
			t.Errorf("%s: got %+v", name, h)
		}
	}
	s, _ := quarantine(t, "mqueue", oneQueue)
	if lifetime, err := s.Lifetime(t.Context()); err != nil || lifetime != 72*time.Hour {
		t.Errorf("lifetime %v, %v", lifetime, err)
	}
	if _, err := s.Look(t.Context(), "5AO1Jxxx099999"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a mail that is not on hold: %v", err)
	}
}

// A reason that only mentions a reference is not ours.
func TestAReasonOfAnotherBearsNoReference(t *testing.T) {
	for reason, want := range map[string]string{
		"postern P-7K3M9Q2X4B wait": "P-7K3M9Q2X4B", "spam, see postern P-7K3M9Q2X4B": "", "postern P-7K3M9Q2X4BX": "", "": "",
	} {
		if got := strings.TrimPrefix(ourReason.FindString(reason), "postern "); got != want {
			t.Errorf("%q bears %q, want %q", reason, got, want)
		}
	}
}

func TestSendmailReleasesOneMailAndDeletesOne(t *testing.T) {
	s, folder := quarantine(t, "mqueue", oneQueue)
	s.Program = filepath.Join(fake(t, map[string]string{
		"sendmail": `echo "$@" >> ${0%/*}/args; case "$*" in *"-qQ -qI5AO1Jxxx012345 -Q"*) mv "$POSTERN_TEST_QUEUE/hf5AO1Jxxx012345" "$POSTERN_TEST_QUEUE/qf5AO1Jxxx012345";; esac`,
	}), "sendmail")
	t.Setenv("POSTERN_TEST_QUEUE", folder)
	if err := s.Release(t.Context(), "5AO1Jxxx012345"); err != nil {
		t.Fatal(err)
	}
	args, err := os.ReadFile(filepath.Join(filepath.Dir(s.Program), "args"))
	if err != nil || !strings.HasSuffix(string(args), "-qI5AO1Jxxx012345\n") || strings.Count(string(args), "-C"+s.CF) != 2 {
		t.Errorf("was run: %s (%v)", args, err)
	}
	if err := s.Release(t.Context(), "5AO1Jxxx012345"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("released twice: %v", err)
	}

	s, folder = quarantine(t, "mqueue", oneQueue)
	if err := s.Drop(t.Context(), "5AO1Jxxx012345"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hf5AO1Jxxx012345", "df5AO1Jxxx012345"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			t.Errorf("%s is there still", name)
		}
	}
	if err := s.Drop(t.Context(), "5AO1Jxxx012345"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("deleted twice: %v", err)
	}
}
