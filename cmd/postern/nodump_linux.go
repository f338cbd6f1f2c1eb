package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// forbidDumps keeps the memory of the daemon, in which mails lie, out of core
// files and from other processes of the same account.
func forbidDumps() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}
