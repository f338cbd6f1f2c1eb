package load

import (
	"bufio"
	"net"
	"time"
)

// maxGathered is how much is gathered before it is written.
const maxGathered = 16 << 10

// conn gathers what is written until something is read, as an MTA does: macros
// and the command they belong to leave together. It also bounds each wait for
// an answer.
type conn struct {
	net.Conn
	reader  *bufio.Reader
	pending []byte
	timeout time.Duration
	renewed time.Time
}

func newConn(c net.Conn, timeout time.Duration) *conn {
	return &conn{Conn: c, reader: bufio.NewReader(c), timeout: timeout}
}

// Write gathers, and writes what is long at once.
func (c *conn) Write(p []byte) (int, error) {
	if len(c.pending)+len(p) <= maxGathered {
		c.pending = append(c.pending, p...)
		return len(p), nil
	}
	both := net.Buffers{c.pending, p}
	_, err := both.WriteTo(c.Conn)
	c.pending = c.pending[:0]
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read sends what was gathered and waits for an answer.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	// A second more or less does not matter, and each renewal costs.
	if now := time.Now(); now.Sub(c.renewed) > time.Second {
		if err := c.Conn.SetDeadline(now.Add(c.timeout)); err != nil {
			return 0, err
		}
		c.renewed = now
	}
	return c.reader.Read(p)
}

func (c *conn) flush() error {
	if len(c.pending) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.pending)
	c.pending = c.pending[:0]
	return err
}

// Close sends what was gathered first: QUIT, most of the time.
func (c *conn) Close() error {
	_ = c.flush() // the peer may be gone
	return c.Conn.Close()
}

// dialer makes every connection of the library's client a conn.
type dialer struct{ timeout time.Duration }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	c, err := net.DialTimeout(network, address, d.timeout)
	if err != nil {
		return nil, err
	}
	return newConn(c, d.timeout), nil
}
