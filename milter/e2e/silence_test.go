//go:build e2e

package e2e

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// crowded lets one mail be read at a time, and says what was agreed with the MTA.
const crowded = `
[limits]
scans = 1
overload_wait = "0s"
[log]
level = "debug"
`

// MTAs of today are spared the replies that say nothing. Every kind of verdict
// reaches them all the same, and over TCP no packet waits for an acknowledgement
// that is delayed: that would take 40 ms.
func TestSilenceLosesNoVerdict(t *testing.T) {
	t.Run("over TCP", func(t *testing.T) {
		w := newWorld(t, options{binary: "postern-faulty", config: config + crowded})
		w.everyVerdict(w.postfix.Relay)
	})
	t.Run("over a Unix socket", func(t *testing.T) {
		w := newWorld(t, options{noDaemon: true, milter: "unix:postern.sock"})
		socket := w.postfix.Queue + "/postern.sock"
		toml := strings.Replace(config, `"@LISTEN@"`, `["@LISTEN@", "unix:`+socket+`"]`+"\n"+`socket_group = "postfix"`, 1)
		w.startDaemon(options{binary: "postern-faulty", config: toml + crowded})
		w.everyVerdict(w.postfix.Relay)
	})
	t.Run("on Sendmail", func(t *testing.T) {
		s := newSendmail(t, options{binary: "postern-faulty", config: sendmailConfig + crowded})
		s.everyVerdict(s.sendmail.Relay)
	})
}

// everyVerdict sends a mail for each verdict, and then some that are quick.
func (w *world) everyVerdict(relay func(from string, to []string, text string) (lab.Reply, error)) {
	w.Helper()
	send := func(name string, code int, text, want string) {
		w.Helper()
		reply, err := relay("ann@agency.example", []string{"pat@plain.example"}, text)
		if err != nil || reply.Code != code || !strings.Contains(reply.Text(), want) {
			w.Errorf("%s got %q, %v; want %d %s", name, reply, err, code, want)
		}
	}
	long := strings.Repeat(lorem(1), 200)
	send("a clean mail", 250, mail("clean", "none"), "")
	if !strings.Contains(w.postern.Log(), "version=6 no_reply=0x3080") {
		w.Error("the MTA was not told to expect no reply")
	}
	for name, body := range map[string]string{"short": "", "long": long} {
		send(name+" and refused", 550, mail(name+"-refused", "refuse")+body, "5.7.1 ")
		send(name+" and deferred", 451, mail(name+"-deferred", "later")+body, "4.7.1 Not just now")
		send(name+" and held", 250, mail(name+"-held", "look-at-it")+body, "")
		send(name+" with a number in its midst", 550, mail(name+"-number", "none")+body+"SSN: 536-90-4399\n"+body, "5.7.1 ")
		for _, place := range []string{"field", "body", "finish"} {
			send(name+" and a panic at "+place, 451, mail(name+"-"+place, "none", "X-Panic: "+place)+body, "4.3.0 ")
		}
	}
	other := w.occupy()
	send("a mail without room", 451, mail("crowded", "none")+long, "4.3.2 ")
	other.Close()
	for w.metric("postern_scans") > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	// A busy machine is slow at times; a packet that waits is so each time.
	const delayed = 40 * time.Millisecond
	for tries := 1; ; tries++ {
		began := time.Now()
		send("a mail after all that", 250, mail("after", "none")+strings.Repeat(lorem(1), 100), "")
		if took := time.Since(began); took < delayed {
			return
		} else if tries == 100 {
			w.Fatalf("not one mail of %d took less than %v, the last %v", tries, delayed, took)
		}
	}
}

// occupy is an MTA whose mail takes all the room.
func (w *world) occupy() net.Conn {
	w.Helper()
	conn, err := net.Dial("tcp", w.postern.Milter)
	if err != nil {
		w.Fatal(err)
	}
	packets := append(greeting[:3:3], wholeMail[:4]...)
	if _, err := ask(conn, append(packets, frame('B', strings.Repeat("x", 65535)))); err != nil {
		w.Fatal(err)
	}
	// The reply comes before the piece is read.
	for end := time.Now().Add(patience); w.metric("postern_scans") != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatal("the mail is not being read")
		}
	}
	return conn
}
