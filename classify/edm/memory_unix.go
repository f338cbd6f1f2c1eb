//go:build unix

package edm

import "golang.org/x/sys/unix"

// allocate gets memory outside the heap: gigabytes that never change are no work
// for the collector.
func allocate(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

// seal makes the memory read-only, and on Linux keeps it out of core files.
func seal(b []byte) error {
	excludeFromCore(b)
	return unix.Mprotect(b, unix.PROT_READ)
}

func release(b []byte) { _ = unix.Munmap(b) }
