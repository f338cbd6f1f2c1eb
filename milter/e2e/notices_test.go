//go:build e2e

package e2e

import (
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// relay takes connections before the server is there that they are for.
type relay struct {
	net.Listener
	to atomic.Pointer[string]
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{Listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.pipe(conn)
		}
	}()
	return r
}

func (r *relay) pipe(client net.Conn) {
	defer client.Close()
	to := r.to.Load()
	if to == nil {
		return
	}
	server, err := net.Dial("tcp", *to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}

func TestTheOfficerIsToldOnceAndNoticesCauseNone(t *testing.T) {
	relay, folder := newRelay(t), t.TempDir()
	toml := config + "[notices]\nfolder = \"" + folder + "\"\nserver = \"" + relay.Addr().String() + "\"\nfrom = \"postern@agency.example\"\n"
	w := newWorld(t, options{config: toml})

	w.submit(550, mail("told", "tell")+"SSN: 536-90-4399\n", "pat@plain.example")
	w.submit(550, mail("told-again", "tell")+"SSN: 536-90-4399\n", "pat@plain.example")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if entries, err := os.ReadDir(folder); err == nil && len(entries) == 2 { // the key and one notice
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no notice waits while the mail server is not there")
		}
	}
	if err := w.postern.Stop(); err != nil {
		t.Fatal(err)
	}
	// The listener has the milter: the notice is judged, and known.
	to := w.postfix.Address + ":2525"
	relay.to.Store(&to)
	if err := w.postern.Start(); err != nil {
		t.Fatal(err)
	}
	got, ok := w.store.Wait("Subject: [postern] P-", patience)
	if !ok {
		t.Fatal("no notice came")
	}
	if strings.Contains(strings.ToLower(got.Header()), "x-postern") {
		t.Errorf("the notice still has its seal:\n%s", got.Header())
	}
	for _, want := range []string{"rejected", "tell (clause 4.2)", "us-ssn ***-**-4399", "ann@agency.example", "pat@plain.example"} {
		if !strings.Contains(strings.ReplaceAll(got.Data, "=\r\n", ""), want) {
			t.Errorf("the notice says nothing of %q:\n%s", want, got.Data)
		}
	}
	if strings.Contains(got.Data, "536-90") || strings.Contains(got.Data, "told") || got.From != "<>" && !strings.HasPrefix(got.From, "<> ") {
		t.Errorf("the notice from %q tells too much:\n%s", got.From, got.Data)
	}
	// An unread mail leaves no audit line: there are those of the two mails.
	if n := strings.Count(readFile(t, w.postern.Audit), "\n"); n != 2 {
		t.Errorf("%d mails were judged, want 2", n)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 2 { // the key, the state
		t.Errorf("the folder holds %v (%v)", entries, err)
	}
}
