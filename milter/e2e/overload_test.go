//go:build e2e

package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// resident is the memory that a process has, in bytes.
func (w *world) resident() int64 {
	w.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.postern.PID()))
	if err != nil {
		w.Fatal(err)
	}
	var kib int64
	found := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`).FindSubmatch(status)
	if _, err := fmt.Sscan(string(found[1]), &kib); err != nil {
		w.Fatal(err)
	}
	return kib << 10
}

// files is how many descriptors the daemon has open.
func (w *world) files() int {
	w.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.postern.PID()))
	if err != nil {
		w.Fatal(err)
	}
	return len(open)
}

func frame(cmd byte, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(data)))
	return append(append(b, cmd), data...)
}

var (
	greeting = [][]byte{ // of an MTA that wants a reply to everything
		frame('O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x10\x03\x7f"),
		frame('C', "client.example\x004\x30\x39192.0.2.7\x00"),
		frame('H', "client.example\x00"),
	}
	wholeMail = [][]byte{
		frame('M', "<ann@agency.example>\x00"), frame('R', "<pat@plain.example>\x00"),
		frame('L', "Subject\x00 hi\x00"), frame('N', ""), frame('B', "hello\r\n"), frame('E', ""),
	}
)

// ask sends packets and waits for the reply to each; the last one is returned.
func ask(conn net.Conn, packets [][]byte) (last byte, err error) {
	replies := bufio.NewReader(conn)
	for _, p := range packets {
		if _, err := conn.Write(p); err != nil {
			return 0, err
		}
		var length [4]byte
		if _, err := io.ReadFull(replies, length[:]); err != nil {
			return 0, err
		}
		reply := make([]byte, binary.BigEndian.Uint32(length[:]))
		if _, err := io.ReadFull(replies, reply); err != nil {
			return 0, err
		}
		last = reply[0]
	}
	return last, nil
}

// 10,000 connections of MTAs which each had a mail and wait for the next take
// under 200 MB in all, and no other mail notices them.
func TestIdleConnectionsCostLittle(t *testing.T) {
	const connections, memory = 10_000, 200_000_000
	w := newWorld(t, options{config: config + "[limits]\nsessions = 10100\n"})
	// The test has the other ends: two descriptors are at most what may be open here.
	conns := make([]net.Conn, connections)
	var openers sync.WaitGroup
	for part := range 16 {
		openers.Go(func() {
			for i := part; i < connections; i += 16 {
				conn, err := net.Dial("tcp", w.postern.Milter)
				if err == nil {
					conns[i] = conn
					var last byte
					if last, err = ask(conn, append(greeting[:3:3], wholeMail...)); err == nil && last != 'a' {
						err = fmt.Errorf("the mail got %q", last)
					}
				}
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
			}
		})
	}
	openers.Wait()
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	if n := w.metric("postern_sessions"); n < connections {
		t.Fatalf("%v sessions", n)
	}
	if n := w.metric("postern_budget_bytes"); n != 0 {
		t.Errorf("they hold %v bytes of the budget", n)
	}
	burst, used := w.resident(), int64(0)
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if used = w.resident(); used < memory || time.Now().After(end) {
			break
		}
	}
	t.Logf("%d idle connections: %d MB resident after their mails, %d MB at rest", connections, burst/1_000_000, used/1_000_000)
	if used > memory {
		t.Errorf("%d idle connections take %d MB, want %d at most", connections, used/1_000_000, memory/1_000_000)
	}
	if reply, err := w.postfix.Relay("ann@agency.example", []string{"pat@plain.example"}, mail("beside", "none")); err != nil || reply.Code != 250 {
		t.Errorf("a mail beside them: %q, %v", reply, err)
	}
}

// An MTA that is gone in the midst of a mail leaves nothing behind: no mail in
// flight, no memory, no file.
func TestAVanishingMTALeavesNothing(t *testing.T) {
	spool := t.TempDir()
	if err := os.Chmod(spool, 0o777); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, options{env: []string{"TMPDIR=" + spool}, config: config})
	before := w.files()
	archive := attached("vanishing", "application/zip", zipped(t, 3<<20))
	header, body, _ := strings.Cut(archive, "\n\n")
	packets := append(greeting[:3:3], wholeMail[:2]...)
	for line := range strings.SplitSeq(header, "\n") {
		name, value, _ := strings.Cut(line, ":")
		packets = append(packets, frame('L', name+"\x00"+value+"\x00"))
	}
	packets = append(packets, frame('N', ""))
	for _, piece := range pieces(strings.ReplaceAll(body, "\n", "\r\n"), 65535) {
		packets = append(packets, frame('B', piece))
	}
	for cut := range packets {
		conn, err := net.Dial("tcp", w.postern.Milter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(conn, packets[:cut]); err != nil {
			t.Fatalf("after %d packets: %v", cut, err)
		}
		// And of the next one a half.
		if _, err := conn.Write(packets[cut][:len(packets[cut])/2]); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	// A client of the real MTA does the same.
	l := w.open()
	c, err := w.postfix.Connect()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"EHLO a", "MAIL FROM:<ann@agency.example>", "RCPT TO:<pat@plain.example>", "DATA"} {
		if _, err := c.Say("%s", command); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Raw("Subject: ledger-0\r\n\r\nhalf a mai"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if reply := l.one("ann@agency.example", func(token string) string { return mail(token, "none") }); reply.Code != 250 {
		t.Errorf("a mail after all that: %q", reply)
	}
	l.balance()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(spool, "*"))
		if err != nil {
			t.Fatal(err)
		}
		flight, scans, sessions, files := w.metric("postern_messages_in_flight"), w.metric("postern_scans"), w.metric("postern_sessions"), w.files()
		// The metrics' own connection is one file.
		if flight == 0 && scans == 0 && sessions == 0 && len(left) == 0 && files <= before+2 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("left: %v mails in flight, %v scans, %v sessions, %d files of %d, %v", flight, scans, sessions, files, before, left)
		}
	}
}
