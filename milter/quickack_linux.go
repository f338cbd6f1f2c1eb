package milter

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// acknowledge makes the kernel acknowledge at once what is read next from a TCP
// socket. Without it the MTA's small writes can wait 40 ms for our delayed
// acknowledgement (Nagle's algorithm). Linux forgets the option again, so it is
// set anew where it is needed: before a read that follows no write of ours,
// which would carry the acknowledgement.
func acknowledge(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // no more than slower if refused
}
