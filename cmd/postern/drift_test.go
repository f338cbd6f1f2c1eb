package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern-mail/postern/rules"
)

func TestATableThatHangsEndsTheComparison(t *testing.T) {
	dir := t.TempDir()
	for name, script := range map[string]string{"postconf": "echo ldap:/etc/postfix/tls.cf", "postmap": "exec sleep 600"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	partners := []rules.Partner{{Domain: "justice.example", Route: rules.TLSVerified}}
	answer := compareWithin(t.Context(), 300*time.Millisecond, dir, partners)
	if len(answer.Different) > 0 || !strings.Contains(answer.Error, "did not answer within 300ms") {
		t.Errorf("got %+v", answer)
	}
}

// The helper ignores the signals that end the daemon, and may be busy then.
func TestTheDaemonsEndDoesNotWaitForABusyHelper(t *testing.T) {
	w := &watcher{cmd: exec.Command("/bin/sh", "-c", "trap '' TERM INT HUP; echo busy; sleep 600; echo never")}
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	w.in, err = w.cmd.StdinPipe()
	must(t, err)
	out, err := w.cmd.StdoutPipe()
	must(t, err)
	w.out = bufio.NewReader(out)
	held, all, err := os.Pipe() // all who live hold the one end
	must(t, err)
	defer held.Close()
	w.cmd.ExtraFiles = []*os.File{all}
	must(t, w.cmd.Start())
	must(t, all.Close())
	if _, err := w.out.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	w.Close()
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	must(t, held.SetReadDeadline(time.Now().Add(10*time.Second)))
	if _, err := held.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the helper, or what it ran, is still there: %v", err)
	}
}
