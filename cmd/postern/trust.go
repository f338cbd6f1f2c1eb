package main

import (
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/rules"
)

// networks are those of [milter] allow.
func (m *milterConfig) networks(mistakes *rules.Mistakes) (nets []netip.Prefix) {
	for _, text := range m.Allow {
		network, err := parseNetwork(text)
		if err != nil {
			mistakes.Add(m.Pos.File, m.Pos.At("allow"), "", "allow: got %q, wanted an address or a network such as \"10.1.0.0/16\"", text)
			continue
		}
		nets = append(nets, network)
	}
	return nets
}

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		return network.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return address.Prefix(address.BitLen())
}

// checkReach refuses a listener that anybody could ask for verdicts: nothing in
// the protocol proves who is there.
func (m *milterConfig) checkReach(l net.Listener) error {
	if addr, ok := l.Addr().(*net.TCPAddr); ok && !addr.IP.IsLoopback() && len(m.Allow) == 0 {
		return hinted{
			fmt.Errorf("the milter listens on %s, where other machines can reach it, and [milter] allow does not say which ones may", addr),
			"say allow = [\"192.0.2.25\"] with the addresses of your MTAs, or listen on 127.0.0.1 or a Unix socket",
		}
	}
	return nil
}

// guarded is a listener that serves the loopback interface, Unix sockets, and
// the networks that the configuration allows.
func (s *server) guarded(l net.Listener) net.Listener {
	if _, tcp := l.Addr().(*net.TCPAddr); !tcp || len(s.conf.allow) == 0 {
		return l
	}
	var told atomic.Int64
	return milter.Allow(l, s.conf.allow, func(from netip.Addr) {
		s.metrics.StrangerRefused()
		if now := time.Now().Unix(); told.Swap(now) != now { // one line a second is enough
			s.log.Warn("connection refused: its address is not in [milter] allow", "from", from.String())
		}
	})
}

// checkTrust warns of a socket that every account may connect to, of files that
// others could change, and of keys that they can read.
func (s *server) checkTrust(listeners []net.Listener) {
	for _, l := range listeners {
		addr, ok := l.Addr().(*net.UnixAddr)
		if ok && others(addr.Name, 0o002) && passable(filepath.Dir(addr.Name)) {
			s.log.Warn("every account of this machine can connect to the milter", "socket", addr.Name,
				"fix", "socket_mode = \"0660\" with a socket_group; for a socket of systemd, SocketMode=0660 and SocketGroup=")
		}
	}
	keys := []string{s.conf.Keys.FingerprintFile}
	for _, e := range s.engines() {
		keys = append(keys, e.KeyFiles()...)
	}
	for _, key := range keys {
		if others(key, 0o004) {
			s.log.Warn("every account of this machine can read a key", "file", key, "fix", "chmod o= "+key)
		}
	}
	for _, file := range s.files() {
		if others(file, 0o002) {
			s.log.Warn("every account of this machine can change what postern obeys", "file", file, "fix", "chmod o-w "+file)
		}
	}
}

// others tells whether a file grants something to every account.
func others(file string, mode fs.FileMode) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().Perm()&mode != 0
}

// passable tells whether every account can pass through a folder and those above.
func passable(dir string) bool {
	for ; others(dir, 0o001); dir = filepath.Dir(dir) {
		if dir == filepath.Dir(dir) {
			return true
		}
	}
	return false
}
