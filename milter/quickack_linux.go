package milter

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// quickAck returns a function that makes the kernel acknowledge at once what
// the next read takes; nil if conn is not TCP. Without it the MTA's small
// writes can wait 40 ms for our delayed acknowledgement (Nagle's algorithm).
// Linux forgets the option again, so it is set before each read.
func quickAck(conn net.Conn) func() {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	set := func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // no more than slower if refused
	}
	return func() { _ = raw.Control(set) }
}
