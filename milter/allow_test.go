package milter

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
)

// arrivals is a listener where connections come from the addresses given.
type arrivals []string

func (a *arrivals) Accept() (net.Conn, error) {
	if len(*a) == 0 {
		return nil, io.EOF
	}
	from := net.TCPAddrFromAddrPort(netip.MustParseAddrPort((*a)[0]))
	*a = (*a)[1:]
	server, client := net.Pipe()
	return arrival{server, client, from}, nil
}

func (a *arrivals) Close() error   { return nil }
func (a *arrivals) Addr() net.Addr { return &net.TCPAddr{} }

type arrival struct {
	net.Conn
	client net.Conn
	from   net.Addr
}

func (a arrival) RemoteAddr() net.Addr { return a.from }

func TestOnlyThoseAllowedAreServed(t *testing.T) {
	from := arrivals{
		"192.0.2.1:1000", "127.0.0.1:1", "10.1.2.3:4", "[::ffff:10.1.2.4]:4", "10.2.0.1:4",
		"[2001:db8::1]:9", "[2001:db9::1]:9", "[::1]:9", "[fe80::1%eth0]:9", "[fe81::1%eth0]:9",
	}
	var refused []string
	l := Allow(&from, []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fe80::1/128"),
	}, func(from netip.Addr) { refused = append(refused, from.String()) })
	var served []string
	for {
		conn, err := l.Accept()
		if err != nil {
			break
		}
		served = append(served, conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().String())
	}
	if want := []string{"127.0.0.1", "10.1.2.3", "10.1.2.4", "2001:db8::1", "::1", "fe80::1%eth0"}; !slices.Equal(served, want) {
		t.Errorf("served %q, want %q", served, want)
	}
	if want := []string{"192.0.2.1", "10.2.0.1", "2001:db9::1", "fe81::1%eth0"}; !slices.Equal(refused, want) {
		t.Errorf("refused %q, want %q", refused, want)
	}
}

func TestAStrangerIsHungUpOn(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &allowing{strange{inner}, nil, func(netip.Addr) {}}
	defer l.Close()
	go func() { _, _ = l.Accept() }()
	conn, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes, error %v; want the connection closed", n, err)
	}
}

// strange is a listener to which everybody seems to come from elsewhere.
type strange struct{ net.Listener }

func (s strange) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return arrival{Conn: conn, from: net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:1"))}, nil
}
