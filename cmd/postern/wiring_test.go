package main

import (
	"net"
	"strings"
	"testing"
)

func TestWiringIsThatOfTheMTA(t *testing.T) {
	six := &net.TCPAddr{IP: net.IPv6loopback, Port: 8892}
	four := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8892}
	path := &net.UnixAddr{Name: "/run/postern/milter.sock", Net: "unix"}
	for _, c := range []struct {
		name       string
		listener   net.Addr
		enforce    bool
		onSendmail bool
		want       string
	}{
		{"Postfix", four, true, false, "postern_milter = { inet:127.0.0.1:8892, "},
		{"Sendmail", four, true, true, "INPUT_MAIL_FILTER(`postern', `S=inet:8892@127.0.0.1, F=T, T="},
		{"Sendmail that only observes", four, false, true, "INPUT_MAIL_FILTER(`postern', `S=inet:8892@127.0.0.1, T="},
		{"Sendmail and IPv6", six, true, true, "`S=inet6:8892@::1, F=T, "},
		{"Sendmail and a Unix socket", path, true, true, "`S=unix:/run/postern/milter.sock, F=T, "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := wiring(c.listener, c.enforce, c.onSendmail)
			if !strings.Contains(got, c.want) || strings.Contains(got, "@MILTER@") || strings.Contains(got, "dnl #") {
				t.Errorf("got\n%s", got)
			}
		})
	}
}
