//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/rules"
)

// TestMiltertest runs the scripts of ../testdata through miltertest, a client
// that is built on libmilter's own code and owes nothing to our library.
func TestMiltertest(t *testing.T) {
	engine, err := rules.Load("../testdata/policy.toml", rules.Options{Enforce: true, Routes: rules.Routes{TLS: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"outcomes", "sequences", "old"} {
		for kind, spec := range map[string]string{"tcp": "inet:127.0.0.1:0", "unix": "unix:" + filepath.Join(t.TempDir(), "s")} {
			t.Run(script+" over "+kind, func(t *testing.T) {
				socket, done := listen(t, spec, engine)
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				out, err := exec.CommandContext(ctx, "miltertest", "-D", "here=../testdata", "-D", "script="+script,
					"-D", "socket="+socket, "-s", "../testdata/run.lua").CombinedOutput()
				if log := done(); err != nil {
					t.Errorf("%v\n%s\n%s", err, out, log)
				}
			})
		}
	}
}

// listen serves a policy and returns the socket as libmilter writes it, and what
// ends the server and returns its log.
func listen(t *testing.T, spec string, engine *rules.Engine) (socket string, done func() string) {
	t.Helper()
	listeners, err := milter.Listen(spec, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := milter.NewServer(milter.Config{
		Enforce: true,
		Engine:  func() *rules.Engine { return engine },
		Metrics: milter.NewMetrics(prometheus.NewRegistry()),
		Log:     slog.New(slog.NewTextHandler(&log, nil)),
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listeners[0]) }()
	socket = spec
	if addr, ok := listeners[0].Addr().(*net.TCPAddr); ok {
		_, port, _ := net.SplitHostPort(addr.String())
		socket = "inet:" + port + "@127.0.0.1"
	}
	return socket, func() string {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, milter.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
		return log.String()
	}
}
