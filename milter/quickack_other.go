//go:build !linux

package milter

import "net"

// quickAck is as on Linux; other systems have no such option.
func quickAck(net.Conn) func() { return nil }
