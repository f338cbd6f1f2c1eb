package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/postern-mail/postern/milter"
)

// serveHTTP begins to answer and returns the address. Where postern takes mail
// from sockets that were passed to it, another postern may be about to end that
// still has the address: then it is waited for, and mail is not.
func (s *server) serveHTTP(web *http.Server, failed chan<- error) (string, error) {
	spec := s.conf.HTTP.Listen
	if strings.HasPrefix(spec, "fd:") {
		listeners, err := milter.Listen(spec, 0, "")
		if err != nil {
			return "", err
		}
		go func() { failed <- web.Serve(listeners[0]) }()
		return listeners[0].Addr().String(), nil
	}
	l, err := milter.ListenTCP(spec)
	switch {
	case err == nil:
		go func() { failed <- web.Serve(l) }()
		return l.Addr().String(), nil
	case !errors.Is(err, syscall.EADDRINUSE) || !s.conf.Milter.passed():
		return "", err
	}
	s.log.Warn("another process answers for metrics and health; trying again until it ends", "http", spec)
	go func() {
		for ; err != nil; l, err = milter.ListenTCP(spec) {
			time.Sleep(200 * time.Millisecond)
		}
		s.log.Info("answering for metrics and health", "http", spec)
		failed <- web.Serve(l)
	}()
	return spec, nil
}

// passed reports whether all listeners are sockets that systemd passed.
func (m *milterConfig) passed() bool {
	return !slices.ContainsFunc(m.Listen, func(spec string) bool { return !strings.HasPrefix(spec, "fd:") })
}

// httpHandler serves /metrics, /livez and /readyz.
func (s *server) httpHandler(registry *prometheus.Registry) http.Handler {
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "live") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		engine := s.engine.Load()
		fmt.Fprintf(w, "ready: policy %s %s, %s\n", engine.ID(), engine.Checksum(), s.conf.Mode)
	})
	return mux
}

// parseMode reads the octal file mode of a socket.
func parseMode(s string) (os.FileMode, error) {
	mode, err := strconv.ParseUint(s, 8, 32)
	if err != nil {
		return 0, fmt.Errorf("socket_mode %q: want four octal digits like \"0660\"", s)
	}
	return os.FileMode(mode), nil
}
