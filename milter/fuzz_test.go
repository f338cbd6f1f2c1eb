package milter

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/rules"
)

// tape is a connection whose peer has said everything beforehand.
type tape struct {
	io.Reader
	wrote bytes.Buffer
}

func (c *tape) Write(p []byte) (int, error)      { return c.wrote.Write(p) }
func (c *tape) Close() error                     { return nil }
func (c *tape) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

const offer6 = "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"

// FuzzSession plays any packet stream to a session. Whatever comes, it neither
// panics nor leaves a mail open, no mail gets a second verdict, and what it
// sends is a stream of whole packets.
func FuzzSession(f *testing.F) {
	join := func(packets ...packet) []byte {
		var b []byte
		for _, p := range packets {
			b = append(b, frame(p.code, p.data)...)
		}
		return b
	}
	open := []packet{{'O', offer6}, {'D', "Cj\x00mx\x00"}, {'C', "a\x004\x30\x39192.0.2.7\x00"}, {'H', "a\x00"}}
	mail := []packet{
		{'D', "Mi\x00Q1\x00"},
		{'M', "<a@inside.example>\x00SIZE=1\x00"},
		{'D', "R{rcpt_addr}\x00b@c\x00"},
		{'R', "<b@c>\x00"},
		{'L', "X-Postern-Route\x00 tls\x00"},
		{'N', ""},
		{'B', "hi"},
		{'E', ""},
	}
	f.Add(join(append(append(open, mail...), mail...)...))
	f.Add(join(append(open, packet{'K', ""}, packet{'C', "b\x00U"}, packet{'U', "x"}, packet{'A', ""}, packet{'Q', ""})...))
	f.Add(join(packet{'O', "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'O'})
	f.Add(join(append(open, packet{'D', "M"}, packet{'D', ""}, packet{'M', ""}, packet{'R', ""}, packet{'L', "\x00"}, packet{'L', ""})...))

	f.Fuzz(play)
}

// FuzzSequence plays whole packets in any order, most of which FuzzSession would
// take long to come by. Each byte of the script picks one.
func FuzzSequence(f *testing.F) {
	table := []packet{
		{'C', "a\x004\x30\x39192.0.2.7\x00"},
		{'H', "a\x00"},
		{'D', "Mi\x00Q\x00"},
		{'M', "<a@inside.example>\x00"},
		{'R', "<b@outside.example>\x00"},
		{'R', "<b@postern.invalid>\x00"},
		{'T', ""},
		{'L', "X-Postern-Route\x00 tls\x00"},
		{'N', ""},
		{'B', "body"},
		{'E', ""},
		{'A', ""},
		{'K', ""},
		{'U', "x"},
		{'Q', ""},
		{'D', "Rrcpt_addr\x00c@d\x00"},
	}
	f.Add([]byte{0, 1, 2, 3, 15, 4, 5, 6, 7, 8, 9, 10, 11, 11, 3, 4, 8, 10, 14})
	f.Add([]byte{0, 3, 4, 7, 3, 4, 7, 1, 3, 4, 8, 12, 0, 3})
	f.Fuzz(func(t *testing.T, script []byte) {
		stream := frame('O', offer6)
		for _, b := range script {
			p := table[int(b)%len(table)]
			stream = append(stream, frame(p.code, p.data)...)
		}
		play(t, stream)
	})
}

// play serves a connection on which the MTA says stream and is gone.
func play(t *testing.T, stream []byte) {
	t.Helper()
	registry := prometheus.NewRegistry()
	log := &lockedBuffer{}
	policy := always(rules.Decision{Action: rules.Hold, Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}})
	h := &house{registry: registry, log: log, engine: policy}
	h.Server = NewServer(Config{
		Enforce: true, Metrics: NewMetrics(registry), Log: slog.New(slog.NewTextHandler(log, nil)),
		engine: func() engine { return policy },
	})
	conn := &tape{Reader: bytes.NewReader(stream)}
	h.start(conn)
	ended := make(chan struct{})
	go func() {
		h.sessions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the session did not end")
	}
	if strings.Contains(log.String(), "panicked") || h.metric(t, "postern_panics_total") != "0" {
		t.Fatalf("a panic: %s", log.String())
	}
	if n := h.metric(t, "postern_messages_in_flight"); n != "0" {
		t.Fatalf("%s mails are left open", n)
	}
	ends := 0
	for out := conn.wrote.Bytes(); len(out) > 0; {
		if len(out) < 5 {
			t.Fatalf("half a packet: %q", out)
		}
		n := int(out[0])<<24 | int(out[1])<<16 | int(out[2])<<8 | int(out[3])
		if n == 0 || len(out) < 4+n {
			t.Fatalf("half a packet: %q", out)
		}
		if out[4] == 'q' {
			ends++
		}
		out = out[4+n:]
	}
	if mails := len(policy.mails()); ends > mails {
		t.Fatalf("%d verdicts for %d mails", ends, mails)
	}
	for i, mail := range policy.mails() {
		if mail.finished != 1 {
			t.Fatalf("inspection %d was finished %d times", i, mail.finished)
		}
	}
}
