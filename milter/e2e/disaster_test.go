//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/postern-mail/postern/milter/load"
)

// lorem is a body of some KiB.
func lorem(kib int) string { return strings.Repeat(strings.Repeat("lorem ipsum ", 6)+"\n", kib*14) }

// Under load, and at any moment: whoever was told that his mail is taken, it is
// there once.
func TestAKillUnderLoadLosesNothing(t *testing.T) {
	w := newWorld(t, options{main: quick})
	l := w.open()
	l.send(6, func(token string) string { return mail(token, "none") + lorem(50) })
	for range 5 {
		time.Sleep(time.Duration(100+rand.IntN(500)) * time.Millisecond)
		if err := w.postern.Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if err := w.postern.Start(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	l.close()
	if l.told(250) == 0 || l.told(451) == 0 {
		t.Errorf("%d mails were taken and %d deferred, want some of both", l.told(250), l.told(451))
	}
	l.balance()
}

// A panic in any room defers the mail that it happened in, and no other.
func TestAPanicInAnyRoomDefersOneMail(t *testing.T) {
	w := newWorld(t, options{binary: "postern-faulty"})
	l := w.open()
	places := []string{"field", "body", "finish", "decision", "report", "edits"}
	panics := 0
	for _, place := range places {
		reply := l.one("ann@agency.example", func(token string) string { return mail(token, "none", "X-Panic: "+place) + lorem(50) })
		if reply.Code != 451 {
			t.Errorf("after a panic at %s the sender is told %q, want 451", place, reply)
		}
		if place != "edits" { // is a fault of another kind
			panics++
		}
		if reply := l.one("ann@agency.example", func(token string) string { return mail(token, "none") }); reply.Code != 250 {
			t.Errorf("the mail after a panic at %s: %q", place, reply)
		}
	}
	for _, sender := range []string{"panic-at-mail@agency.example", "panic-in-scope@agency.example"} {
		panics++
		if reply := l.one(sender, func(token string) string { return mail(token, "none") }); reply.Code != 451 {
			t.Errorf("%s is told %q, want 451", sender, reply)
		}
	}
	if n := int(w.metric("postern_panics_total")); n != panics {
		t.Errorf("%d panics are counted, want %d", n, panics)
	}
	l.balance()
}

// attached is a mail that is nothing but a file.
func attached(token, media string, file []byte) string {
	text := mail(token, "none", "MIME-Version: 1.0", "Content-Type: "+media, "Content-Transfer-Encoding: base64")
	header, _, _ := strings.Cut(text, "\n\n")
	return header + "\n\n" + strings.Join(pieces(base64.StdEncoding.EncodeToString(file), 76), "\n") + "\n"
}

// zipped is an archive of one text of that many bytes, which is not packed.
func zipped(t *testing.T, size int) []byte {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	m, err := z.CreateHeader(&zip.FileHeader{Name: "a.txt", Method: zip.Store})
	if err == nil {
		_, err = m.Write(bytes.Repeat([]byte("lorem ipsum\n"), size/12))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func pieces(s string, n int) (all []string) {
	for ; len(s) > n; s = s[n:] {
		all = append(all, s[:n])
	}
	return append(all, s)
}

// On a full disk neither attachments can be kept nor records written: both
// defer the mail where they must, and nothing else.
func TestAFullDiskDefersWhatNeedsIt(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("postern-test", disk, "tmpfs", 0, "size=16m,mode=0777"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	w := newWorld(t, options{
		env:    []string{"TMPDIR=" + disk},
		config: strings.Replace(config, `"@AUDIT@"`, fmt.Sprintf("%q\non_error = \"tempfail\"", filepath.Join(disk, "audit.jsonl")), 1),
	})
	w.postern.Audit = filepath.Join(disk, "audit.jsonl")
	l := w.open()
	small := func(token string) string { return mail(token, "none") }
	archive := zipped(t, 2<<20)
	large := func(token string) string { return attached(token, "application/zip", archive) }
	expect := func(when string, text func(string) string, code int) {
		t.Helper()
		if reply := l.one("ann@agency.example", text); reply.Code != code {
			t.Errorf("%s: %q, want %d", when, reply, code)
		}
	}
	expect("a small mail", small, 250)
	expect("a large attachment", large, 250)

	filler := filepath.Join(disk, "filler")
	full := func(blocks int) { // 0: to the last byte
		t.Helper()
		file, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for n := 0; blocks == 0 || n < blocks; n++ {
			if _, err := file.Write(make([]byte, 4096)); err != nil {
				break
			}
		}
	}
	full(15 << 20 / 4096)
	expect("a large attachment and little room", large, 451)
	expect("a small mail and little room", small, 250)
	full(0)
	for range 20 { // what is left of the last block of the file
		if l.one("ann@agency.example", small).Code == 451 {
			break
		}
	}
	expect("a small mail on the full disk", small, 451)
	expect("a large attachment on the full disk", large, 451)
	for _, fault := range []string{"spool", "audit"} {
		if w.metric(`postern_faults_total{fault="`+fault+`"}`) == 0 {
			t.Errorf("fault %s is not counted", fault)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	expect("a small mail and room again", small, 250)
	expect("a large attachment and room again", large, 250)
	l.balance()
	taken := 0
	for _, r := range l.wholeRecords() {
		if r.Action == "accept" {
			taken++
		}
	}
	if taken != l.told(250) {
		t.Errorf("%d mails were taken and %d recorded", l.told(250), taken)
	}
	left, err := os.ReadDir(disk)
	if err != nil || len(left) != 1 {
		t.Errorf("beside the audit file the disk has %v, %v", left, err)
	}
}

// wholeRecords are the records without a line that a full disk cut short.
func (w *world) wholeRecords() []auditRecord {
	w.Helper()
	text, err := os.ReadFile(w.postern.Audit)
	if err != nil {
		w.Fatal(err)
	}
	var whole bytes.Buffer
	for line := range bytes.Lines(text) {
		if bytes.HasSuffix(line, []byte("}\n")) {
			whole.Write(line)
		}
	}
	if err := os.WriteFile(w.postern.Audit, whole.Bytes(), 0o600); err != nil {
		w.Fatal(err)
	}
	return w.records()
}

// Without a descriptor for another connection the MTA waits, and its own
// patience decides.
func TestWithoutDescriptorsMailIsDeferred(t *testing.T) {
	w := newWorld(t, options{})
	// The recipe's patience, for less time than a test has.
	if _, err := w.postfix.Run("postconf", "-e", "postern_milter={ inet:"+w.postern.Milter+", command_timeout=2s, default_action=tempfail }"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.postfix.Run("postfix", "reload"); err != nil {
		t.Fatal(err)
	}
	l := w.open()
	limit := func(files uint64) {
		t.Helper()
		l := unix.Rlimit{Cur: files, Max: 20000}
		if err := unix.Prlimit(w.postern.PID(), unix.RLIMIT_NOFILE, &l, nil); err != nil {
			t.Fatal(err)
		}
	}
	text := func(token string) string { return mail(token, "none") }
	if reply := l.one("ann@agency.example", text); reply.Code != 250 {
		t.Fatalf("before: %q", reply)
	}
	limit(4)
	if reply := l.one("ann@agency.example", text); reply.Code/100 != 4 {
		t.Errorf("without descriptors: %q, want 4xx", reply)
	}
	limit(20000)
	if !strings.Contains(w.postern.Log(), "cannot take a connection") {
		t.Error("the log says nothing of it")
	}
	for end := time.Now().Add(patience); l.one("ann@agency.example", text).Code != 250; {
		if time.Now().After(end) {
			t.Fatal("mail is still deferred with descriptors again")
		}
	}
	l.balance()
}

// An audit disk that hangs: mails do not wait for it, or each as long as is
// said and no longer, and a reload and the end of the daemon do not either.
func TestAHangingAuditDiskHoldsNoVerdictUp(t *testing.T) {
	for _, onError := range []string{"continue", "tempfail"} {
		t.Run(onError, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "audit")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			hung, err := os.OpenFile(fifo, os.O_RDWR, 0) // and nobody reads
			if err != nil {
				t.Fatal(err)
			}
			defer hung.Close()
			if err := hung.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			_, _ = hung.Write(make([]byte, 1<<20)) // until the pipe is full
			w := newWorld(t, options{config: strings.Replace(config, `"@AUDIT@"`, fmt.Sprintf("%q\non_error = %q", fifo, onError), 1)})
			l := w.open()
			text := func(token string) string { return mail(token, "none") }
			begun := time.Now()
			reply := l.one("ann@agency.example", text)
			if took := time.Since(begun); onError == "tempfail" && (reply.Code != 451 || took < 5*time.Second || took > 15*time.Second) {
				t.Errorf("%q after %v, want 451 after 5 s", reply, took)
			}
			if onError == "continue" {
				if reply.Code != 250 {
					t.Errorf("%q, want 250", reply)
				}
				w.fillsTheQueue()
			}
			if w.metric("postern_audit_errors_total") == 0 {
				t.Error("nothing is counted")
			}
			if err := w.postern.Hangup(); err != nil {
				t.Fatal(err)
			}
			l.balance()
			begun = time.Now()
			if err := w.postern.Stop(); err != nil || time.Since(begun) > 19*time.Second {
				t.Errorf("the daemon ended after %v, %v", time.Since(begun), err)
			}
			if onError == "continue" && !strings.Contains(w.postern.Log(), "audit records are lost") {
				t.Error("the log does not tell that records are lost")
			}
		})
	}
}

// fillsTheQueue sends more mails than records can wait.
func (w *world) fillsTheQueue() {
	w.Helper()
	result, err := load.Run(w.Context(), load.Options{
		Network: "tcp", Address: w.postern.Milter, Connections: 4, Count: 1200, Daemon: "ORIGINATING",
		Mails: []load.Mail{load.Parse("", []byte("Subject: hi\n\nhello\n"))}, From: "ann@agency.example", To: []string{"pat@plain.example"},
	})
	if err != nil {
		w.Fatal(err)
	}
	if result.Verdicts["accept"] != 1200 || result.Verdict.Max() > 4*time.Second {
		w.Errorf("verdicts %v, errors %v, the slowest after %v", result.Verdicts, result.Errors, result.Verdict.Max())
	}
}

// A worker that hangs costs its mail some time and no other mail any.
func TestAHangingWorkerIsCutOff(t *testing.T) {
	worker := filepath.Join(t.TempDir(), "tesseract")
	if err := os.WriteFile(worker, []byte("#!/bin/sh\ncase \"$*\" in *list-langs*) echo eng; exit;; esac\nexec sleep 100\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, options{config: config + fmt.Sprintf("[ocr]\nenabled = true\ncommand = %q\ntime = \"1s\"\n", worker)})
	l := w.open()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	done := make(chan time.Duration)
	begun := time.Now()
	go func() {
		reply := l.one("ann@agency.example", func(token string) string {
			return attached(token, "image/png", picture.Bytes())
		})
		if reply.Code != 250 {
			t.Errorf("the mail with the picture: %q", reply)
		}
		done <- time.Since(begun)
	}()
	w.inFlight()
	if reply := l.one("ann@agency.example", func(token string) string { return mail(token, "none") }); reply.Code != 250 {
		t.Errorf("a mail beside it: %q", reply)
	}
	if took := <-done; took < time.Second || took > 15*time.Second {
		t.Errorf("the mail with the picture took %v", took)
	}
	if w.metric(`postern_unread_parts_total{problem="timed-out"}`) != 1 {
		t.Errorf("the picture is not counted as timed out")
	}
	l.balance()
}

// Bytes that are no UTF-8 stand wherever a client can put them.
func TestBrokenUTF8BreaksNothing(t *testing.T) {
	w := newWorld(t, options{})
	l := w.open()
	const bad = "\xff\xfe\xc3\x28\xed\xa0\x80\xf0\x9f"
	for _, text := range []func(string) string{
		func(token string) string { return mail(token, "none") + bad + "\n" },
		func(token string) string {
			return mail(token, "none", "X-"+bad+": x", "X-Bad: "+bad, "Comments: =?utf-8?B?//79?=")
		},
		func(token string) string { return mail(token, bad) },
		func(token string) string {
			return "From: " + bad + " <ann@agency.example>\nTo: " + bad + "\n" + mail(token, "none")
		},
		func(token string) string {
			return mail(token, "none", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary="+bad) + "--" + bad + "\n" +
				"Content-Type: text/plain; charset=" + bad + "; name=\"" + bad + "\"\nContent-Disposition: attachment; filename*=utf-8''%FF%FE\n\nx\n--" + bad + "--\n"
		},
		func(token string) string {
			return mail(token, "none", "Content-Type: text/html; charset=utf-7") + "<p>+" + bad + "-"
		},
		func(token string) string { return mail(token, "refuse", "X-Bad: "+bad) + "SSN 536-90-4399 " + bad },
	} {
		if reply := l.one("ann@agency.example", text); reply.Code != 250 && reply.Code != 550 {
			t.Errorf("%q", reply)
		}
	}
	for _, from := range []string{"\xff\xfe@agency.example", "ann\xed\xa0\x80@agency.example", "ann@\xffagency.example"} {
		if reply := l.one(from, func(token string) string { return mail(token, "none") }); reply.Code == 0 {
			t.Errorf("the sender %q gets no reply", from)
		}
	}
	if n := w.metric("postern_panics_total"); n != 0 {
		t.Errorf("%v panics", n)
	}
	l.balance()
	if err := w.postern.Stop(); err != nil {
		t.Fatal(err)
	}
	l.records()
	audit, err := os.ReadFile(w.postern.Audit)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(audit) || !utf8.ValidString(w.postern.Log()) {
		t.Error("the audit file, or the log, is not UTF-8")
	}
}

// The time of day jumps under load, years ahead, back behind the start and home:
// entries of lists are taken by the day that it is said to be, no mail waits by
// the clock, none is lost.
//
// It is the daemon's own clock that jumps: Go asks the kernel for the time past the
// library of C, where libfaketime sits, and the kernel's time namespaces have but
// one time of day.
func TestAClockThatJumpsLosesNothing(t *testing.T) {
	clock := filepath.Join(t.TempDir(), "clock")
	set := func(years int) {
		t.Helper()
		if err := os.WriteFile(clock+".new", []byte(fmt.Sprint(years*365*24*3600)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(clock+".new", clock); err != nil {
			t.Fatal(err)
		}
	}
	set(0)
	w := newWorld(t, options{
		binary: "postern-faulty", main: quick, env: []string{"POSTERN_CLOCK=" + clock},
		policy: "[policy]\nid = \"clock\"\n[inside]\ndomains = [\"agency.example\"]\n[rules.strangers]\nto = { not = \"@friends\" }\n" +
			"reject = \"5.7.1 no friend of ours\"\n[lists.friends]\nentries = [{ entry = \"plain.example\", expires = " +
			time.Now().AddDate(5, 0, 0).Format(time.DateOnly) + " }]\n",
	})
	l := w.open()
	l.send(4, func(token string) string { return mail(token, "none") + lorem(20) })
	for _, jump := range []struct{ years, code int }{{0, 250}, {10, 550}, {-30, 250}, {200, 550}, {0, 250}} {
		set(jump.years)
		for range 5 {
			began := time.Now()
			reply := l.one("ann@agency.example", func(token string) string { return mail(token, "none") })
			if reply.Code != jump.code {
				t.Errorf("%d years ahead a mail got %q, want %d", jump.years, reply, jump.code)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%d years ahead a mail took %v", jump.years, took)
			}
		}
	}
	l.close()
	if all, judged := int(l.next.Load()), l.told(250)+l.told(550); judged != all || l.told(550) == 0 {
		t.Errorf("%d of %d mails were judged: %v", judged, all, l.texts)
	}
	l.balance()
}
