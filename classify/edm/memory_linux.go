package edm

import "golang.org/x/sys/unix"

func excludeFromCore(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTDUMP) }
