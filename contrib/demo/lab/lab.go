// Package lab is a small mail world on loopback: a private Postfix with the
// files of contrib/postfix, mail servers to deliver to, a name server, and the
// postern binary. The demo shows it, the end-to-end tests drive it.
//
// Call Isolate first, in main or TestMain, then Open. A Lab lives in a directory
// of its own and on addresses of its own, so that several may run at once, and
// never touches the Postfix of the system, nor any file of it. It needs root,
// because the master process of Postfix does. Close ends all that was started
// and removes the directory.
package lab

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Lab is one such world. Its methods are safe for concurrent use.
type Lab struct {
	// Dir holds all files of the lab.
	Dir string

	net   network
	names *nameServer
	ca    *authority
	login *loginServer
	guard *guard

	resolver string // whom a Postfix asks, in place of names

	mu      sync.Mutex
	closers []func() error
}

// Open makes a Lab: its directory, addresses, name server and certificates.
func Open() (*Lab, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("the master process of Postfix needs root; run this as root")
	}
	if err := havePostfix(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postern-lab-")
	if err != nil {
		return nil, err
	}
	l := &Lab{Dir: dir}
	if l.guard, err = startGuard(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	l.onClose(func() error { return errors.Join(os.RemoveAll(dir), l.guard.Close()) })
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open() (err error) {
	// The users of Postfix must be able to pass through.
	if err = os.Chmod(l.Dir, 0o755); err != nil {
		return err
	}
	if l.names, l.net, err = openNetwork(); err != nil {
		return err
	}
	l.onClose(l.names.Close)
	if l.ca, err = newAuthority("lab"); err != nil {
		return err
	}
	if err = os.WriteFile(l.caFile(), l.ca.pem(), 0o644); err != nil {
		return err
	}
	if l.login, err = listenLogin(l.net.address(1)); err != nil {
		return err
	}
	l.onClose(l.login.Close)
	return nil
}

// Close ends everything in reverse order of its start.
func (l *Lab) Close() error {
	l.mu.Lock()
	closers := l.closers
	l.closers = nil
	l.mu.Unlock()
	var all error
	for i := len(closers) - 1; i >= 0; i-- {
		all = errors.Join(all, closers[i]())
	}
	return all
}

func (l *Lab) onClose(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

func (l *Lab) caFile() string { return filepath.Join(l.Dir, "ca.pem") }

// nextAddress hands out a loopback address that nothing in the lab has.
func (l *Lab) nextAddress() (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.net.used >= 250 {
		return "", errors.New("lab: no more addresses")
	}
	if l.net.used == 0 {
		l.net.used = 9
	}
	l.net.used++
	return l.net.address(l.net.used), nil
}

// Domain makes the name server answer for a domain: its mail goes to hop.
func (l *Lab) Domain(domain string, hop *Hop) { l.DomainAt(domain, hop.Name) }

// DomainAt is Domain for a host of any kind.
func (l *Lab) DomainAt(domain, host string) { l.names.set(domain, record{mx: host}) }

func (l *Lab) host(name, address string) {
	l.names.set(name, record{a: address})
}

// nameserver is whom a Postfix asks.
func (l *Lab) nameserver() string { return cmp.Or(l.resolver, l.names.addr) }

func (l *Lab) String() string { return fmt.Sprintf("lab %s on %s", l.Dir, l.net.address(0)) }
