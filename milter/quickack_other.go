//go:build !linux

package milter

// acknowledge does nothing where the kernel has no such option.
func acknowledge(uintptr) {}
