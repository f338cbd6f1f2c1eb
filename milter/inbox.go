package milter

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// shortBuffer holds the packets of small mails, longBuffer the longest one and
	// some small ones behind it.
	shortBuffer = 4 << 10
	longBuffer  = 4 + maxFrame + 4<<10
)

// The buffers that no connection needs just now.
var (
	shortBuffers = sync.Pool{New: func() any { return new([shortBuffer]byte) }}
	longBuffers  = sync.Pool{New: func() any { return new([longBuffer]byte) }}
)

// inbox reads from a socket. It has a buffer only while there are bytes in it,
// so that a connection without a mail costs none; and where the rest of a packet
// is long in coming, only one of the size of what is there.
type inbox struct {
	conn net.Conn
	raw  syscall.RawConn // nil: no socket, as in some tests
	tcp  bool
	buf  []byte // of a pool
	kept []byte // in place of buf, of a packet that is long in coming
	r, w int    // what was read and not taken is buf[r:w]

	// Of the read that is under way; attempt is made once, for it would be
	// allocated anew at each read.
	attempt func(fd uintptr) bool
	need    int // bytes that there shall be room for
	got     int
	gotErr  error
	ack     bool // have the kernel acknowledge what was read before waiting for more
	slow    bool // the packet was given up on: no buffer while it is waited for
}

func newInbox(conn net.Conn) *inbox {
	b := &inbox{conn: conn}
	if s, ok := conn.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			b.raw = raw
		}
	}
	b.attempt = b.try
	_, b.tcp = conn.(*net.TCPConn)
	return b
}

// bytes are those that were read and not yet taken.
func (b *inbox) bytes() []byte {
	switch {
	case b.kept != nil:
		return b.kept
	case b.buf == nil:
		return nil
	}
	return b.buf[b.r:b.w]
}

// take takes n bytes away, which must not be looked at any more.
func (b *inbox) take(n int) {
	if b.kept != nil {
		b.expand()
	}
	if b.r += n; b.r == b.w {
		b.release()
	}
}

// expand moves what is kept back into a buffer.
func (b *inbox) expand() {
	kept := b.kept
	b.kept = nil
	b.grab(max(b.need, len(kept)))
	b.w = copy(b.buf, kept)
}

// shrink gives the buffer back and keeps what is in it in memory of its size.
func (b *inbox) shrink() {
	if b.kept == nil && b.r < b.w {
		b.kept = append([]byte(nil), b.buf[b.r:b.w]...)
	}
	b.release()
}

// giveBack is shrink for as long as no more bytes come.
func (b *inbox) giveBack() {
	b.slow = true
	b.shrink()
}

// grab takes a buffer that has room for n bytes.
func (b *inbox) grab(n int) {
	b.r, b.w = 0, 0
	if n <= shortBuffer {
		short, _ := shortBuffers.Get().(*[shortBuffer]byte)
		b.buf = short[:]
		return
	}
	long, _ := longBuffers.Get().(*[longBuffer]byte)
	b.buf = long[:]
}

func (b *inbox) release() {
	switch len(b.buf) {
	case shortBuffer:
		shortBuffers.Put((*[shortBuffer]byte)(b.buf))
	case longBuffer:
		longBuffers.Put((*[longBuffer]byte)(b.buf))
	}
	b.buf, b.r, b.w = nil, 0, 0
}

// read waits for more bytes and reads what there is, once, with room for need
// bytes in all. The deadline is that of the connection.
func (b *inbox) read(need int) error {
	b.need = need
	if b.raw == nil {
		b.prepare()
		n, err := b.conn.Read(b.buf[b.w:])
		b.w += n
		if n > 0 {
			return nil
		}
		return err
	}
	b.got, b.gotErr = 0, nil
	if err := b.raw.Read(b.attempt); err != nil {
		return err
	}
	switch {
	case b.gotErr != nil:
		return &net.OpError{Op: "read", Net: b.conn.LocalAddr().Network(), Err: os.NewSyscallError("read", b.gotErr)}
	case b.got == 0:
		return io.EOF
	}
	b.w += b.got
	b.slow = false
	return nil
}

// prepare makes room to read into.
func (b *inbox) prepare() {
	switch {
	case b.kept != nil:
		b.expand()
	case b.buf == nil:
		b.grab(b.need)
	}
	if b.need > len(b.buf) {
		old, short := b.buf[b.r:b.w], b.buf
		b.grab(b.need)
		b.w = copy(b.buf, old)
		shortBuffers.Put((*[shortBuffer]byte)(short))
	} else if b.r > 0 {
		b.w = copy(b.buf, b.buf[b.r:b.w])
		b.r = 0
	}
}

// try reads from a socket that does not block; false has the runtime wait until
// there is something to read.
func (b *inbox) try(fd uintptr) bool {
	b.prepare()
	for {
		n, err := syscall.Read(int(fd), b.buf[b.w:])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			if b.ack && b.tcp {
				acknowledge(fd)
			}
			if b.slow || b.w <= littleBytes {
				b.shrink()
			}
			return false
		}
		b.got, b.gotErr = max(n, 0), err
		return true
	}
}

// littleBytes are copied sooner than a buffer is kept for them.
const littleBytes = 1 << 10

// patience is how long the rest of a long packet may be in coming before its
// buffer is given back.
const patience = time.Second
