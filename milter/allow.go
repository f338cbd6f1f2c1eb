package milter

import (
	"net"
	"net/netip"
)

// Allow is a listener for connections from the loopback interface and from the
// networks given. Others are closed unread, and refused is told where they came
// from. What is no TCP listener is to be protected by its own means.
func Allow(l net.Listener, networks []netip.Prefix, refused func(from netip.Addr)) net.Listener {
	return &allowing{l, networks, refused}
}

type allowing struct {
	net.Listener
	networks []netip.Prefix
	refused  func(netip.Addr)
}

func (l *allowing) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr, ok := conn.RemoteAddr().(*net.TCPAddr)
		if !ok || l.allows(addr.AddrPort().Addr().Unmap().WithZone("")) {
			return conn, nil
		}
		l.refused(addr.AddrPort().Addr().Unmap())
		_ = conn.Close()
	}
}

func (l *allowing) allows(from netip.Addr) bool {
	if from.IsLoopback() {
		return true
	}
	for _, network := range l.networks {
		if network.Contains(from) {
			return true
		}
	}
	return false
}
