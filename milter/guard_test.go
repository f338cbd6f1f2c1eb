package milter

import (
	"encoding/binary"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/rules"
)

// opened is what precedes a test's own packets: "O" alone, or "OC" and so on.
func opened(t *testing.T, h *house, commands string) *mta {
	t.Helper()
	m := dial(t, "tcp", h.addr)
	for _, c := range commands {
		switch c {
		case 'O':
			m.negotiate(6, 0x1ff, 0x1fffff)
		case 'C':
			m.ask('C', "a\x004\x30\x39192.0.2.7\x00", "c")
		case 'M', 'R':
			m.ask(byte(c), "<a@inside.example>\x00", "c")
		case 'L':
			m.ask('L', "Subject\x00 hi\x00", "c")
		case 'N', 'H', 'B':
			m.ask(byte(c), "", "c")
		}
	}
	return m
}

func TestCommandsOutOfOrderEndTheConnection(t *testing.T) {
	tests := []struct {
		name, before string
		cmd          byte
		data         string
	}{
		{"connect before the offer", "", 'C', "a\x00U"},
		{"macros before the offer", "", 'D', "Ci\x00x\x00"},
		{"a second offer", "O", 'O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"},
		{"helo before connect", "O", 'H', "a\x00"},
		{"mail before connect", "O", 'M', "<a>\x00"},
		{"a second connect", "OC", 'C', "a\x00U"},
		{"rcpt before mail", "OC", 'R', "<a>\x00"},
		{"a field before mail", "OC", 'L', "a\x00b\x00"},
		{"a field before rcpt", "OCM", 'L', "a\x00b\x00"},
		{"data before rcpt", "OCM", 'T', ""},
		{"rcpt after a field", "OCMRL", 'R', "<a>\x00"},
		{"a body before the end of the header", "OCMRL", 'B', "x"},
		{"the end before the end of the header", "OCMRL", 'E', ""},
		{"a field in the body", "OCMRLN", 'L', "a\x00b\x00"},
		{"the end of no mail", "OC", 'E', ""},
		{"a body in the packet that ends the mail", "OCMRLN", 'E', "unread"},
		{"an unknown command", "OC", 'x', ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := serve(t, &fakeEngine{})
			m := opened(t, h, tt.before)
			m.send(tt.cmd, tt.data)
			m.gone()
			h.eventually(t, "postern_sessions", "0")
			h.eventually(t, "postern_messages_in_flight", "0")
		})
	}
}

func TestPacketsOutOfSizeEndTheConnection(t *testing.T) {
	for name, tt := range map[string]struct {
		before string
		length uint32
		cmd    byte
	}{
		"no length at all":       {"OC", 0, 'M'},
		"a first packet of 4 GB": {"", 1<<32 - 1, 'O'},
		"a short offer":          {"", 5, 'O'},
		"a body chunk of 1 MB":   {"OCMRN", 1 << 20, 'B'},
		"a field of 1 MB":        {"OCMR", 1 << 20, 'L'},
		"a sender of 64 KB":      {"OC", 64 << 10, 'M'},
		"macros of 64 KB":        {"OC", 64 << 10, 'D'},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, &fakeEngine{})
			m := opened(t, h, tt.before)
			if _, err := m.conn.Write(append(binary.BigEndian.AppendUint32(nil, tt.length), tt.cmd)); err != nil {
				t.Fatal(err)
			}
			m.gone()
		})
	}
}

func TestHugeLengthsCostNothing(t *testing.T) {
	h := serve(t, &fakeEngine{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]*mta, 200)
	for i := range conns {
		conns[i] = dial(t, "tcp", h.addr)
		if _, err := conns[i].conn.Write([]byte{0, 0x0f, 0xff, 0xff}); err != nil { // under the library's own limit
			t.Fatal(err)
		}
	}
	h.eventually(t, "postern_sessions", "200")
	runtime.ReadMemStats(&after)
	// A connection has two goroutines and its end in this test; buffers are shared.
	if grown := int64(after.TotalAlloc) - int64(before.TotalAlloc); grown > 200*(64<<10) {
		t.Errorf("200 connections took %d KiB", grown>>10)
	}
}

func TestTheGuardAnswersWhatTheLibraryCannot(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := opened(t, h, "OC")
	m.ask('U', "VRFY x\x00", "c")
	m.ask('M', "<a@inside.example>\x00", "c")
	m.ask('U', "NOOP\x00", "c")
	m.ask('R', "<b@outside.example>\x00", "c")
	m.ask('T', "", "c")
	m.content("x")
	if _, reply := m.end(); reply != "a" {
		t.Errorf("reply is %q", reply)
	}
}

func TestAnOldOfferIsAnsweredWithinIt(t *testing.T) {
	for _, offer := range []struct{ version, actions, protocol uint32 }{
		{2, 0x3f, 0x7f}, {2, 0, 0}, {6, 0x1ff, 0x1fffff}, {6, 0x1ff, 0x3ff}, {4, 0x20, 0x200},
	} {
		h := serve(t, &fakeEngine{})
		actions, protocol, lists := dial(t, "tcp", h.addr).negotiate(offer.version, offer.actions, offer.protocol)
		if actions&^offer.actions != 0 || protocol&^offer.protocol != 0 || (lists != "" && offer.actions&0x100 == 0) {
			t.Errorf("offer %x: asked for actions %#x, protocol %#x, macros %q", offer, actions, protocol, lists)
		}
	}
	h := serve(t, &fakeEngine{})
	m := dial(t, "tcp", h.addr)
	m.send('O', "\x00\x00\x00\x01\x00\x00\x00\x3f\x00\x00\x00\x7f")
	m.gone()
}

func TestPacketsMayArriveByteByByte(t *testing.T) {
	h := serve(t, &fakeEngine{})
	m := opened(t, h, "OC")
	var wire []byte
	for _, p := range []packet{{'M', "<a@inside.example>\x00"}, {'R', "<b@outside.example>\x00"}, {'L', "A\x00 b\x00"}, {'N', ""}, {'B', "body"}, {'E', ""}} {
		wire = append(wire, frame(p.code, p.data)...)
	}
	for i := range wire {
		if _, err := m.conn.Write(wire[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	for range 5 { // none to the field
		got += m.next().String()
	}
	if got != "cccca" || h.engine.mails()[0].body.String() != "body" {
		t.Errorf("replies %q, body %q", got, h.engine.mails()[0].body.String())
	}
}

func TestASilentPeerIsDropped(t *testing.T) {
	h := serve(t, &fakeEngine{}, func(c *Config) { c.IdleTimeout = 50 * time.Millisecond })
	m := opened(t, h, "OCMR")
	m.gone()
	h.eventually(t, "postern_aborted_total", "1")
}

func TestAPeerThatTricklesOutsideOfAMailIsDropped(t *testing.T) {
	h := serve(t, &fakeEngine{}, func(c *Config) { c.IdleTimeout = 100 * time.Millisecond })
	m := opened(t, h, "OC")
	for _, b := range frame('M', strings.Repeat("x", 1000)) {
		if _, err := m.conn.Write([]byte{b}); err != nil {
			return // hung up
		}
		if h.metric(t, "postern_sessions") == "0" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the connection was kept")
}

func TestProgressIsToldUntilTheVerdict(t *testing.T) {
	h := serve(t, &fakeEngine{finish: func(*fakeInspection) (*rules.Decision, error) {
		time.Sleep(100 * time.Millisecond)
		return &rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Tag", Value: strings.Repeat("x", 900)}}}, nil
	}}, func(c *Config) { c.ProgressEvery = 10 * time.Millisecond })
	m := opened(t, h, "OCMRLN")
	m.send('E', "")
	var got strings.Builder
	for got.Len() == 0 || !strings.HasSuffix(got.String(), "a") {
		got.WriteByte(m.next().code)
	}
	modifications := strings.TrimLeft(got.String(), "p")
	if n := got.Len() - len(modifications); n < 3 || modifications != "ha" {
		t.Errorf("packets %q, want progress three times or more, then a field and the verdict", got.String())
	}
	// None comes after it.
	time.Sleep(30 * time.Millisecond)
	m.ask('M', "<a@inside.example>\x00", "c")
}

func TestALostPeerEndsTheInspection(t *testing.T) {
	gone := make(chan error, 1)
	h := serve(t, &fakeEngine{finish: func(i *fakeInspection) (*rules.Decision, error) {
		select {
		case <-i.ctx.Done():
		case <-time.After(5 * time.Second):
		}
		gone <- i.ctx.Err()
		return nil, i.ctx.Err()
	}}, func(c *Config) { c.ProgressEvery = 5 * time.Millisecond })
	m := opened(t, h, "OCMRLN")
	m.send('E', "")
	if err := m.conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	m.next() // the first progress
	m.conn.Close()
	if err := <-gone; err == nil {
		t.Error("the inspection went on for nobody")
	}
	h.eventually(t, "postern_messages_in_flight", "0")
}

func TestABurstLeavesInOneWrite(t *testing.T) {
	h := serve(t, always(rules.Decision{Action: rules.Hold, Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Postern-Route", Value: "tls"}}}))
	client, server := net.Pipe()
	written := make(chan []byte, 100)
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if err != nil {
				close(written)
				return
			}
			written <- append([]byte{}, buf[:n]...)
		}
	}()
	h.start(server)
	for _, p := range []packet{
		{'O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"}, {'C', "a\x00U"}, {'M', "<a@b>\x00"}, {'R', "<c@d>\x00"}, {'N', ""}, {'E', ""},
	} {
		if _, err := client.Write(frame(p.code, p.data)); err != nil {
			t.Fatal(err)
		}
		if p.code == 'C' {
			continue // has no reply
		}
		got := <-written
		if p.code != 'E' {
			continue
		}
		if got[4] != 'h' || got[len(got)-1] != 'a' || !strings.Contains(string(got), "qpostern P-") {
			t.Errorf("one write held %q, want field, quarantine and verdict", got)
		}
	}
	client.Close()
}
