package milter

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestListenOnTCP(t *testing.T) {
	for spec, host := range map[string]string{
		"inet:127.0.0.1:0":   "127.0.0.1",
		"inet:0@127.0.0.1":   "127.0.0.1",
		"inet:[::1]:0":       "::1",
		"inet6:0@[::1]":      "::1",
		"inet:localhost:0":   "",
		"inet:*:0":           "::",
		"inet:0@127.0.0.127": "127.0.0.127",
	} {
		t.Run(spec, func(t *testing.T) {
			if strings.Contains(spec, "::1") && !hasIPv6() {
				spec, host = "inet:127.0.0.1:0", "127.0.0.1" // a machine without IPv6 has no address to test
			}
			listeners, err := Listen(spec, 0, "")
			if err != nil {
				t.Fatal(err)
			}
			defer listeners[0].Close()
			addr := listeners[0].Addr().(*net.TCPAddr)
			if host != "" && addr.IP.String() != host && !addr.IP.IsUnspecified() || addr.Port == 0 {
				t.Errorf("listens on %v, want host %s", addr, host)
			}
		})
	}
}

func TestListenBindsNoMoreThanItSays(t *testing.T) {
	for spec, want := range map[string]struct{ four, six bool }{
		"inet:0.0.0.0:0": {true, false},
		"inet:0@0.0.0.0": {true, false},
		"inet:[::]:0":    {false, true},
		"inet:0@::":      {false, true},
		"inet:*:0":       {true, true},
	} {
		if !hasIPv6() {
			if want.six = false; !want.four {
				continue
			}
		}
		listeners, err := Listen(spec, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
		for host, there := range map[string]bool{"127.0.0.1": want.four, "::1": want.six} {
			conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
			if err == nil {
				conn.Close()
			}
			if (err == nil) != there {
				t.Errorf("%s: at %s a connection gets %v, want it %v", spec, host, err, there)
			}
		}
		listeners[0].Close()
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func TestListenOnAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	gid := strconv.Itoa(os.Getgid())
	listeners, err := Listen("unix:"+path, 0o600, gid)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket has mode %v, error %v; want 0600", info.Mode(), err)
	}
	if _, err := Listen("unix:"+path, 0, ""); err == nil || !strings.Contains(err.Error(), "another process serves it") {
		t.Errorf("a socket in use was taken: %v", err)
	}

	h := serve(t, &fakeEngine{})
	go func() { _ = h.Serve(listeners[0]) }()
	m := dial(t, "unix", path)
	m.negotiate(6, 0x1ff, 0x1fffff)
	m.ask('C', "localhost\x004\x30\x39127.0.0.1\x00", "c")
	if _, reply := m.mail("Q", "x", "Subject: hi"); reply != "a" {
		t.Errorf("a mail over the socket got %q", reply)
	}
}

func TestAStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	listeners, err := Listen("unix:"+path, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer listeners[0].Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket has mode %v, error %v; want 0660", info.Mode(), err)
	}
}

// The sockets of systemd come as descriptors from 3 on, for one process only; the
// test is its own child.
func TestListenOnASocketOfSystemd(t *testing.T) {
	if os.Getenv("POSTERN_TEST_CHILD") != "" {
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		for _, name := range []string{"second", "first"} {
			listeners, err := Listen("fd:"+name, 0, "")
			if err != nil || len(listeners) != 1 {
				t.Fatalf("%d listeners, error %v", len(listeners), err)
			}
			fmt.Printf("%s=%s\n", name, listeners[0].Addr())
		}
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestListenOnASocketOfSystemd$")
	child.Env = append(os.Environ(), "POSTERN_TEST_CHILD=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=first:second")
	want := map[string]string{}
	for _, name := range []string{"first", "second"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		child.ExtraFiles = append(child.ExtraFiles, file)
		want[name] = l.Addr().String()
	}
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, addr := range want {
		if line := name + "=" + addr + "\n"; !strings.Contains(string(out), line) {
			t.Errorf("the child says %q, want %q in it", out, line)
		}
	}
}

func TestBadListenAddresses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]string{
		"":                        `listen address "" is not inet:HOST:PORT, unix:PATH or fd:NAME`,
		"8892":                    `listen address "8892" is not inet:HOST:PORT, unix:PATH or fd:NAME`,
		"tcp:127.0.0.1:1":         `listen address "tcp:127.0.0.1:1" begins with "tcp", want inet, unix or fd`,
		"inet:127.0.0.1":          `listen address "inet:127.0.0.1" is not inet:HOST:PORT or inet:PORT@HOST`,
		"inet:127.0.0.1:smtp":     `listen address "inet:127.0.0.1:smtp": port "smtp" is not a number from 0 to 65535`,
		"inet::8892":              `listen address "inet::8892" names no host (every address is inet:*:8892)`,
		"unix:" + file:            `cannot listen on "` + file + `": it is there and no socket`,
		"fd:postern":              `systemd passed no socket named "postern" (FileDescriptorName= in the socket unit)`,
		"unix:/nonexistent/dir/s": "listen unix /nonexistent/dir/s: bind: no such file or directory",
	} {
		listeners, err := Listen(spec, 0, "")
		if err == nil {
			listeners[0].Close()
			t.Errorf("Listen(%q) worked", spec)
		} else if err.Error() != want {
			t.Errorf("Listen(%q): %q, want %q", spec, err, want)
		}
	}
	if b, _ := os.ReadFile(file); string(b) != "kept" {
		t.Error("a file that is no socket was touched")
	}
	path := filepath.Join(t.TempDir(), "s")
	if _, err := Listen("unix:"+path, 0, "no-such-group"); err == nil || !strings.Contains(err.Error(), "no-such-group") {
		t.Errorf("an unknown group: %v", err)
	}
}
