package milter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxFrame bounds a packet. Without larger packets negotiated, and they
	// are not, MTAs send at most 65535 bytes of data; the rest is slack for
	// the name of a field.
	maxFrame = 64<<10 + 1<<10

	// maxCommand bounds the packets that the guard reads itself: all but
	// fields and body. SMTP lines and macros are far shorter.
	maxCommand = bufferSize - 4

	// bufferSize holds a few small packets. Body chunks pass it by: a read
	// that is larger than what is buffered goes straight to the socket.
	bufferSize = 16 << 10

	// maxPending is how much of a burst is held back to leave in one write.
	maxPending = 64 << 10
)

// tap is told of the packets that the library does not pass on.
type tap interface {
	macros(stage byte, pairs []byte) // only valid during the call
	forget()                         // the MTA begins a new connection on the same socket
	ended()                          // the connection is over
}

// guard stands between the socket and the library's server. It bounds what the
// MTA may send and how long it may take, keeps what the library throws away,
// and answers what the library does not know. All of it but Write, progress and
// drain belongs to the session's goroutine.
type guard struct {
	net.Conn
	tap          tap
	reader       *bufio.Reader
	order        order
	left         int // bytes of the current packet that the library has yet to read
	read         int64
	idleTimeout  time.Duration
	writeTimeout time.Duration
	quickAck     func()

	peer    string    // address in the CONNECT packet, as it came
	address string    // of the latest MAIL or RCPT, as it came
	args    []string  // its ESMTP arguments
	macro   [256]byte // the macro packet before, to know a repetition
	macroN  int

	writing sync.Mutex
	held    bool   // keep modifications back until the verdict
	pending []byte // what is kept back

	busy     atomic.Bool // a mail is open
	draining atomic.Bool
	nudged   atomic.Bool
	closing  sync.Once
	done     chan struct{} // closed when the connection is over
}

func newGuard(conn net.Conn, idleTimeout, writeTimeout time.Duration) *guard {
	g := &guard{
		Conn:         conn,
		idleTimeout:  idleTimeout,
		writeTimeout: writeTimeout,
		quickAck:     quickAck(conn),
		done:         make(chan struct{}),
	}
	g.reader = bufio.NewReaderSize(socketReader{g}, bufferSize)
	return g
}

// Read hands the library the next bytes of a packet that has been checked.
func (g *guard) Read(p []byte) (int, error) {
	for g.left == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	n, err := g.reader.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// next checks the packet that comes next and either leaves it to the library or
// deals with it.
func (g *guard) next() error {
	head, err := g.reader.Peek(5)
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) > 0 {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	length, cmd := binary.BigEndian.Uint32(head), head[4]
	if err := checkLength(cmd, length); err != nil {
		return err
	}
	g.order, err = g.order.follow(cmd)
	if err != nil {
		return err
	}
	total := 4 + int(length)
	switch cmd {
	case cmdHeader, cmdBody:
		g.left = total
		return nil
	}
	packet, err := g.reader.Peek(total)
	if err != nil {
		return err
	}
	if g.command(cmd, packet[5:]) {
		g.left = total
		return nil
	}
	_, err = g.reader.Discard(total)
	if err == nil && cmd == cmdUnknown {
		_, err = g.Write([]byte{0, 0, 0, 1, replyGoOn})
	}
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

// command looks at a packet and reports whether it is for the library too.
func (g *guard) command(cmd byte, data []byte) bool {
	switch cmd {
	case cmdConnect:
		g.peer = connectAddress(data)
	case cmdMail, cmdRcpt:
		g.address, g.args = splitCommand(data)
	case cmdMacro:
		g.passMacros(data)
		return false
	case cmdUnknown:
		return false
	case cmdQuitNC:
		g.macroN = 0
		g.tap.forget()
		return false
	}
	return true
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
// library.
func (g *guard) offer() (actions, protocol uint32, err error) {
	head, err := g.reader.Peek(5)
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
	packet, err := g.reader.Peek(4 + 13)
	if err != nil {
		return 0, 0, err
	}
	if version := binary.BigEndian.Uint32(packet[5:]); version < 2 {
		return 0, 0, fmt.Errorf("milter protocol version %d, want 2 or higher", version)
	}
	return binary.BigEndian.Uint32(packet[9:]), binary.BigEndian.Uint32(packet[13:]), nil
}

// socketReader reads from the socket under the guard's deadline.
type socketReader struct{ g *guard }

func (r socketReader) Read(p []byte) (int, error) {
	g := r.g
	for {
		if err := g.Conn.SetReadDeadline(time.Now().Add(g.idleTimeout)); err != nil {
			return 0, err
		}
		if g.draining.Load() && !g.busy.Load() {
			return 0, io.EOF
		}
		if g.quickAck != nil {
			g.quickAck()
		}
		n, err := g.Conn.Read(p)
		g.read += int64(n)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && g.nudged.Swap(false) {
			continue
		}
		return n, err
	}
}

// Write sends a packet of the library. While the guard holds, packets wait for
// the verdict, so that all of a burst leaves together.
func (g *guard) Write(p []byte) (int, error) {
	g.writing.Lock()
	defer g.writing.Unlock()
	if g.held && len(g.pending)+len(p) <= maxPending {
		g.pending = append(g.pending, p...)
		return len(p), nil
	}
	if err := g.Conn.SetWriteDeadline(time.Now().Add(g.writeTimeout)); err != nil {
		return 0, err
	}
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

// drain ends the connection as soon as no mail is open.
func (g *guard) drain() {
	g.draining.Store(true)
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
		err = g.Conn.Close()
		close(g.done)
	})
	return err
}
