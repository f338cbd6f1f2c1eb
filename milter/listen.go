package milter

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// Listen opens the listeners that a specification names:
//
//	inet:HOST:PORT, inet:[::1]:PORT   TCP; HOST "*" is every address, 0.0.0.0 those of
//	                                  IPv4, [::] those of IPv6
//	inet:PORT@HOST                    the same as Sendmail and libmilter write it
//	unix:PATH                         a socket; one that nobody serves any more is replaced
//	fd:NAME                           the sockets that systemd passed under this name
//
// A Unix socket gets mode (0660 if it is 0) and group, a name or a number; empty
// leaves the group as it is. fd may give several listeners, the others give one.
func Listen(spec string, mode fs.FileMode, group string) ([]net.Listener, error) {
	kind, rest, err := parseSpec(spec)
	if err != nil {
		return nil, err
	}
	var l net.Listener
	switch kind {
	case "fd":
		return listenFD(rest)
	case "unix":
		l, err = listenUnix(rest, mode, group)
	default:
		l, err = ListenTCP(rest)
	}
	if err != nil {
		return nil, err
	}
	return []net.Listener{l}, nil
}

// ListenTCP listens on HOST:PORT and nowhere else; without a host on every
// address.
//
// QUIRK: package net takes 0.0.0.0 and [::] for both kinds of address alike.
func ListenTCP(address string) (net.Listener, error) {
	network := "tcp"
	if host, _, err := net.SplitHostPort(address); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil {
			network = "tcp6"
			if ip.Unmap().Is4() {
				network = "tcp4"
			}
		}
	}
	return net.Listen(network, address)
}

// CheckListen says what is wrong with a specification for Listen, without
// opening anything; group is the socket's, or empty.
func CheckListen(spec, group string) error {
	if _, _, err := parseSpec(spec); err != nil || group == "" {
		return err
	}
	_, err := groupID(group)
	return err
}

// parseSpec returns what to listen on: "inet" with the address for package net,
// "unix" with a path, or "fd" with a name.
func parseSpec(spec string) (kind, rest string, err error) {
	kind, rest, ok := strings.Cut(spec, ":")
	if !ok || rest == "" {
		return "", "", fmt.Errorf("listen address %q is not inet:HOST:PORT, unix:PATH or fd:NAME", spec)
	}
	switch kind {
	case "inet", "inet6":
		rest, err = inetAddress(spec, rest)
		return "inet", rest, err
	case "unix", "local":
		return "unix", rest, nil
	case "fd":
		return "fd", rest, nil
	}
	return "", "", fmt.Errorf("listen address %q begins with %q, want inet, unix or fd", spec, kind)
}

// DialAddress returns network and address, for net.Dial, of a milter that a
// specification names as for Listen; fd cannot be dialled.
func DialAddress(spec string) (network, address string, err error) {
	kind, address, err := parseSpec(spec)
	switch {
	case err != nil:
		return "", "", err
	case kind == "fd":
		return "", "", fmt.Errorf("address %q: a socket of systemd has no address to connect to", spec)
	case kind == "inet":
		kind = "tcp"
	}
	return kind, address, nil
}

func inetAddress(spec, rest string) (string, error) {
	host, port := "", ""
	if p, h, ok := strings.Cut(rest, "@"); ok {
		host, port = strings.TrimSuffix(strings.TrimPrefix(h, "["), "]"), p
	} else {
		var err error
		if host, port, err = net.SplitHostPort(rest); err != nil {
			return "", fmt.Errorf("listen address %q is not inet:HOST:PORT or inet:PORT@HOST", spec)
		}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("listen address %q: port %q is not a number from 0 to 65535", spec, port)
	}
	switch host {
	case "":
		return "", fmt.Errorf("listen address %q names no host (every address is inet:*:%s)", spec, port)
	case "*":
		host = ""
	}
	return net.JoinHostPort(host, port), nil
}

func listenUnix(path string, mode fs.FileMode, group string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if mode == 0 {
		mode = 0o660
	}
	if err := own(path, mode, group); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// own gives the socket its group before its mode, so that it is never open to
// the group that the process happens to have.
func own(path string, mode fs.FileMode, group string) error {
	if group != "" {
		id, err := groupID(group)
		if err != nil {
			return fmt.Errorf("socket %q: %w", path, err)
		}
		if err := os.Lchown(path, -1, id); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}

func groupID(group string) (int, error) {
	if id, err := strconv.Atoi(group); err == nil {
		return id, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}

// removeStale removes a socket that a daemon left behind which is no more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("cannot listen on %q: it is there and no socket", path)
	}
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("cannot listen on %q: another process serves it", path)
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("cannot listen on %q: whether another process serves it is unknown: %w", path, err)
	}
	return os.Remove(path)
}

// passed are the sockets of systemd. They can be taken over once only.
var passed = sync.OnceValues(activation.ListenersWithNames)

func listenFD(name string) ([]net.Listener, error) {
	byName, err := passed()
	if err != nil {
		return nil, fmt.Errorf("sockets passed by systemd: %w", err)
	}
	listeners := byName[name]
	if len(listeners) == 0 {
		return nil, fmt.Errorf("systemd passed no socket named %q (FileDescriptorName= in the socket unit)", name)
	}
	return listeners, nil
}
