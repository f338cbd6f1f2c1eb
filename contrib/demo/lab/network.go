package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolated is set in the environment of a program that Isolate has started anew.
const isolated = "POSTERN_LAB_ISOLATED"

// Isolate runs the calling program again in a network namespace of its own,
// with nothing but loopback, and exits with its status; in that second run it
// returns. There the lab may use the real ports (25, 53, 587) whatever runs on
// the machine. Where the kernel does not allow it, as in most containers,
// Isolate returns as well, and the lab shares the loopback of the machine on
// addresses of its own.
func Isolate() {
	if os.Getenv(isolated) != "" {
		if err := loopbackUp(); err != nil {
			fmt.Fprintln(os.Stderr, "lab: loopback:", err)
			os.Exit(2)
		}
		return
	}
	if os.Geteuid() != 0 {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	again := exec.Command(self, os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.Env = append(os.Environ(), isolated+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}

	// The second run cleans up when it is told to end.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if again.Start() != nil {
		signal.Stop(signals)
		return
	}
	go func() {
		for s := range signals {
			_ = again.Process.Signal(s)
		}
	}()
	var exit *exec.ExitError
	switch err := again.Wait(); {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &exit) && exit.Exited():
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(2)
	}
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return err
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// network is 256 addresses of 127/8, which Linux answers for without any
// configuration.
type network struct {
	a, b byte
	used int
}

func (n network) address(host int) string { return fmt.Sprintf("127.%d.%d.%d", n.a, n.b, host) }

// openNetwork finds a network that no other lab has: the name server's socket is
// the claim.
func openNetwork() (*nameServer, network, error) {
	var err error
	for range 20 {
		n := network{a: byte(1 + rand.IntN(254)), b: byte(rand.IntN(256))}
		var names *nameServer
		if names, err = listenNames(n.address(53)); err == nil {
			return names, n, nil
		}
	}
	return nil, network{}, fmt.Errorf("lab: no loopback network is free: %w", err)
}
