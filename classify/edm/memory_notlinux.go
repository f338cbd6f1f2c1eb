//go:build unix && !linux

package edm

func excludeFromCore([]byte) {}
