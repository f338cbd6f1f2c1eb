package milter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-milter"
)

const (
	// maxFrame bounds a packet. Without larger packets negotiated, and they
	// are not, MTAs send at most 65535 bytes of data; the rest is slack for
	// the name of a field.
	maxFrame = 64<<10 + 1<<10

	// maxCommand bounds all packets but fields and body. SMTP lines and macros
	// are far shorter.
	maxCommand = 16<<10 - 4

	// maxPending is how much of a burst is held back to leave in one write.
	maxPending = 64 << 10
)

// tap is told of the packets that do not pass through the library: it has
// nothing to add to most of them, and its way takes more time than ours. What
// is passed is only valid during the call.
type tap interface {
	macros(stage byte, pairs []byte)
	connect(host string, family byte, port uint16, address string) milter.Response
	helo(name string) milter.Response
	mail() milter.Response
	rcpt() milter.Response
	field(name, value string) milter.Response
	headerEnded() milter.Response
	chunk(b []byte) milter.Response
	abort()
	rest() // a verdict may have been sent

	reading() bool // between the first field of a mail and its verdict
	stalled()      // the MTA lets us wait for the rest of a mail
	forget()       // the MTA begins a new connection on the same socket
	ended()        // the connection is over
}

// guard stands between the socket and the library's server. It bounds what the
// MTA may send and how long it may take, keeps what the library throws away,
// and answers what the library need not, or does not, know. All of it but Write,
// progress and drain belongs to the session's goroutine.
type guard struct {
	net.Conn
	tap    tap
	in     *inbox
	order  order
	left   int // bytes of the current packet that the library has yet to read
	expect int // how long the next packet may well be
	read   int64
	silent milter.OptProtocol // what the MTA expects no reply to
	as     uint32             // the version of the protocol that is spoken

	idleTimeout  time.Duration
	writeTimeout time.Duration
	stall        time.Duration // an MTA in the midst of a mail may take so long for a packet
	slow         time.Duration // and let us wait so long for all of it
	waited       time.Duration // for the mail so far
	since        time.Time     // when the packet that comes next began to be waited for; zero: not yet
	readBy       time.Time     // the deadline that is set
	writeBy      time.Time

	address string    // of the latest MAIL or RCPT, as it came
	args    []string  // its ESMTP arguments
	macro   [256]byte // the macro packet before, to know a repetition
	macroN  int

	writing sync.Mutex
	held    bool   // keep modifications back until the verdict
	pending []byte // what is kept back

	settled  bool                      // the offer was answered
	wrote    atomic.Bool               // since the last read
	busy     atomic.Bool               // a mail is open
	draining atomic.Pointer[time.Time] // when the connection ends if no mail is open; nil: not yet
	nudged   atomic.Bool
	closing  sync.Once
	over     func() // called when the connection is over
}

func newGuard(conn net.Conn, c *Config) *guard {
	return &guard{
		Conn:         conn,
		in:           newInbox(conn),
		idleTimeout:  c.IdleTimeout,
		writeTimeout: c.WriteTimeout,
		stall:        c.Stall,
		slow:         c.ShowTime,
	}
}

// Read hands the library the next bytes of a packet that has been checked.
func (g *guard) Read(p []byte) (int, error) {
	for g.left == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, g.in.bytes()[:g.left])
	g.left -= n
	g.in.take(n)
	return n, nil
}

// next checks the packet that comes next and either leaves it to the library or
// deals with it.
func (g *guard) next() error {
	g.tap.rest()
	head, err := g.peek(5)
	if err != nil {
		if errors.Is(err, io.EOF) && len(g.in.bytes()) > 0 {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	length, cmd := binary.BigEndian.Uint32(head), head[4]
	if err := checkLength(cmd, length); err != nil {
		return err
	}
	if g.order, err = g.order.follow(cmd); err != nil {
		return err
	}
	total := 4 + int(length)
	packet, err := g.peek(total)
	if err != nil {
		return err
	}
	g.since = time.Time{}
	if g.forLibrary(cmd) {
		g.left = total
		return nil
	}
	// Behind a chunk of a body as long as can be comes another one.
	g.expect = 0
	if cmd == cmdBody {
		g.expect = total
	}
	silent := g.silent&noReply(cmd) != 0
	if cmd == cmdBody && g.tap.reading() {
		// The MTA goes on while this is read. If that ends the mail, the
		// command that follows is told.
		if err := g.reply(milter.RespContinue); err != nil {
			return err
		}
		silent = true
	}
	response := g.command(cmd, packet[5:])
	g.in.take(total)
	if response == nil || silent {
		return nil
	}
	return g.reply(response)
}

// forLibrary reports whether a packet is one that the library deals with.
func (g *guard) forLibrary(cmd byte) bool {
	switch cmd {
	case cmdOptNeg, cmdEOM, cmdQuit:
		return true
	}
	return false
}

// command deals with a packet of the others; nil: it has no reply.
func (g *guard) command(cmd byte, data []byte) milter.Response {
	switch cmd {
	case cmdMacro:
		g.passMacros(data)
	case cmdConnect:
		return g.tap.connect(splitConnect(data))
	case cmdHelo:
		name, _ := cut(data)
		return g.tap.helo(name)
	case cmdMail:
		g.address, g.args = splitCommand(data)
		return g.tap.mail()
	case cmdRcpt:
		g.address, g.args = splitCommand(data)
		return g.tap.rcpt()
	case cmdHeader:
		name, value := splitField(data)
		return g.tap.field(name, value)
	case cmdEOH:
		return g.tap.headerEnded()
	case cmdBody:
		return g.tap.chunk(data)
	case cmdAbort:
		g.tap.abort()
	case cmdData, cmdUnknown:
		return milter.RespContinue
	case cmdQuitNC:
		g.macroN = 0
		g.tap.forget()
	}
	return nil
}

// goOn is the packet that asks for more, by far the most frequent one.
var goOn = []byte{0, 0, 0, 1, replyGoOn}

// reply writes a response as the library does.
func (g *guard) reply(response milter.Response) error {
	message := response.Response()
	if message.Code == replyGoOn {
		_, err := g.Write(goOn)
		return err
	}
	packet := binary.BigEndian.AppendUint32(nil, uint32(1+len(message.Data)))
	packet = append(append(packet, message.Code), message.Data...)
	_, err := g.Write(packet)
	return err
}

// checkLength refuses a packet before memory is taken for it.
func checkLength(cmd byte, length uint32) error {
	limit := uint32(maxCommand)
	switch cmd {
	case cmdHeader, cmdBody:
		limit = maxFrame
	case cmdEOM:
		// QUIRK: the protocol lets the last chunk of the body travel here.
		// No MTA does it, and the library would drop it unread.
		limit = 1
	}
	if length == 0 || length > limit {
		return fmt.Errorf("milter packet %q of %d bytes, want 1 to %d", cmd, length, limit)
	}
	return nil
}

// passMacros hands macros to the session. Postfix repeats the same packet
// before every field; such a repetition is worth nothing.
func (g *guard) passMacros(data []byte) {
	if len(data) == 0 {
		return
	}
	repeats := (data[0] == cmdHeader || data[0] == cmdBody) && g.macroN > 0 && string(data) == string(g.macro[:g.macroN])
	if repeats {
		return
	}
	g.macroN = 0
	if len(data) <= len(g.macro) {
		g.macroN = copy(g.macro[:], data)
	}
	g.tap.macros(data[0], data[1:])
}

// offer waits for the MTA's offer and returns it without taking it from the
// library. From then on the connection speaks the highest version of the
// protocol that both know.
func (g *guard) offer() (actions, protocol uint32, err error) {
	head, err := g.peek(5)
	if err != nil {
		return 0, 0, err
	}
	length, cmd := binary.BigEndian.Uint32(head), head[4]
	if cmd != cmdOptNeg {
		_, err := awaitOffer.follow(cmd)
		return 0, 0, err
	}
	if length < 13 || length > maxCommand {
		return 0, 0, fmt.Errorf("milter offer of %d bytes, want 13", length)
	}
	packet, err := g.peek(4 + 13)
	if err != nil {
		return 0, 0, err
	}
	version := binary.BigEndian.Uint32(packet[5:])
	if version < 2 {
		return 0, 0, fmt.Errorf("milter protocol version %d, want 2 or higher", version)
	}
	g.as = min(version, newest)
	return binary.BigEndian.Uint32(packet[9:]), binary.BigEndian.Uint32(packet[13:]), nil
}

// peek returns the next n bytes, which stay valid until they are taken.
func (g *guard) peek(n int) ([]byte, error) {
	for len(g.in.bytes()) < n {
		if err := g.await(max(n, g.expect)); err != nil {
			return nil, err
		}
	}
	return g.in.bytes()[:n], nil
}

// await reads what comes next, with room for n bytes in all, under the deadline
// of what it is waited for.
func (g *guard) await(n int) error {
	for {
		now, drain := time.Now(), g.draining.Load()
		if g.since.IsZero() {
			g.since = now
		}
		until, ok := g.patience(now, drain)
		if !ok {
			return io.EOF
		}
		if err := g.renew(now, until); err != nil {
			return err
		}
		if g.draining.Load() != drain {
			continue // drain may have set a deadline that was overwritten here
		}
		g.in.ack = !g.wrote.Swap(false)
		before := len(g.in.bytes())
		err := g.in.read(n)
		g.read += int64(len(g.in.bytes()) - before)
		reading := g.tap != nil && g.tap.reading()
		if reading {
			g.waited += time.Since(now)
		}
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		g.readBy = time.Time{}
		// A deadline may come a little early; see renew.
		over := func(d, limit time.Duration) bool { return d >= limit-limit/8 }
		switch silent := time.Since(g.since); {
		case g.nudged.Swap(false), g.draining.Load() != nil && !g.busy.Load():
		case reading && (over(g.waited, g.slow) || over(silent, g.stall)):
			g.tap.stalled()
		case g.in.buf != nil && len(g.in.bytes()) > 0:
			g.in.giveBack()
		case over(silent, g.idleTimeout):
			return err
		}
	}
}

// patience is until when the next bytes are waited for; false: no longer. What
// counts is the packet, whole: one that comes byte by byte is as good as none.
func (g *guard) patience(now time.Time, drain *time.Time) (until time.Time, ok bool) {
	until = g.since.Add(g.idleTimeout)
	earlier := func(t time.Time) {
		if t.Before(until) {
			until = t
		}
	}
	if g.in.buf != nil && len(g.in.bytes()) > 0 {
		earlier(now.Add(patience))
	}
	if g.tap != nil && g.tap.reading() {
		earlier(g.since.Add(g.stall))
		earlier(now.Add(max(g.slow-g.waited, 0)))
	}
	if drain != nil && !g.busy.Load() {
		if !now.Before(*drain) {
			return until, false
		}
		earlier(*drain)
	}
	return until, true
}

// renew sets the deadline of reads, unless the one that is set is nearly that:
// each setting costs.
func (g *guard) renew(now, until time.Time) error {
	if d := until.Sub(g.readBy); d >= 0 && d <= until.Sub(now)/16 {
		return nil
	}
	g.readBy = until
	return g.Conn.SetReadDeadline(until)
}

// Write sends a packet. While the guard holds, packets wait for the verdict, so
// that all of a burst leaves together.
func (g *guard) Write(p []byte) (int, error) {
	g.writing.Lock()
	defer g.writing.Unlock()
	if !g.settled {
		g.settled = true
		p = g.restated(p)
	}
	if g.held && len(g.pending)+len(p) <= maxPending {
		g.pending = append(g.pending, p...)
		return len(p), nil
	}
	if now := time.Now(); g.writeBy.Sub(now) < g.writeTimeout-g.writeTimeout/16 {
		g.writeBy = now.Add(g.writeTimeout)
		if err := g.Conn.SetWriteDeadline(g.writeBy); err != nil {
			return 0, err
		}
	}
	g.wrote.Store(true)
	if len(g.pending) == 0 {
		return g.Conn.Write(p)
	}
	burst := append(g.pending, p...)
	g.pending = nil
	if _, err := g.Conn.Write(burst); err != nil {
		return 0, err
	}
	return len(p), nil
}

// restated is the answer to the offer, with the version that is spoken.
//
// QUIRK: the library says 2 whatever it agrees to; an MTA that believed it would
// know nothing of the flags of version 6.
func (g *guard) restated(answer []byte) []byte {
	if len(answer) < 4+13 || answer[4] != cmdOptNeg {
		return answer
	}
	answer = slices.Clone(answer)
	binary.BigEndian.PutUint32(answer[5:], g.as)
	return answer
}

// hold keeps what is written back, until the first write after hold(false).
func (g *guard) hold(on bool) {
	g.writing.Lock()
	g.held = on
	g.writing.Unlock()
}

// progress tells the MTA again and again that the verdict is being worked on,
// until stop is called; after stop no such packet leaves any more. If the MTA is
// gone, lost is called.
//
// Postfix takes each packet as a new start of its patience. Sendmail does so
// for the R timeout, never beyond E.
func (g *guard) progress(every time.Duration, lost func()) (stop func()) {
	var (
		mu      sync.Mutex
		stopped bool
		timer   *time.Timer
	)
	mu.Lock()
	timer = time.AfterFunc(every, func() {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return
		}
		if _, err := g.Write([]byte{0, 0, 0, 1, replyWorkOn}); err != nil {
			stopped = true
			lost()
			return
		}
		timer.Reset(every)
	})
	mu.Unlock()
	return func() {
		mu.Lock()
		stopped = true
		mu.Unlock()
		timer.Stop()
	}
}

// drain ends the connection once no mail is open. Until end others may begin.
func (g *guard) drain(end time.Time) {
	g.draining.Store(&end)
	if !g.busy.Load() {
		g.nudged.Store(true)
		_ = g.Conn.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed connection
	}
}

// Close ends the connection. The library calls it on the session's goroutine.
func (g *guard) Close() error {
	var err error
	g.closing.Do(func() {
		if g.tap != nil {
			g.tap.ended()
		}
		g.in.release()
		err = g.Conn.Close()
		if g.over != nil {
			g.over()
		}
	})
	return err
}
