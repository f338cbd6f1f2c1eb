package milter

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// acknowledge makes the kernel acknowledge at once what has come from a TCP
// socket. Without it the MTA's small writes can wait 40 ms for our delayed
// acknowledgement (Nagle's algorithm). Linux forgets the option again, so it is
// set anew where it is needed: before we wait for more of what has no reply of
// ours, which would carry the acknowledgement.
func acknowledge(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // no more than slower if refused
}
