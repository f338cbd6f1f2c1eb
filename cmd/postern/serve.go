package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/milter/facts"
	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// drainGrace is how long, beyond the time a mail may take, SIGTERM waits for the
// mails in flight.
const drainGrace = 5 * time.Second

func newServe(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the milter daemon",
		Long: "Serve runs the milter daemon until SIGTERM, which lets the mails in flight end.\n" +
			"SIGHUP reads the policy again, whole or not at all, once nobody writes to its\n" +
			"files any more, and reopens the audit file. In enforce mode a policy without a\n" +
			"rule is refused.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serve(c, g) },
	}
}

// linger is how long connections may begin mails after SIGTERM: an SMTP session
// that has just begun shall end well, one that idles need not be waited for.
const linger = 3 * time.Second

// server is the running daemon: the policy in force and what reports on it.
type server struct {
	global  *global
	conf    config
	log     *slog.Logger
	engine  atomic.Pointer[rules.Engine]
	shadow  atomic.Pointer[rules.Engine] // nil without one
	metrics *milter.Metrics
	audit   *audit.Log
	notices *notice.Queue // nil without a folder
	probes  *probe.Cache  // nil if nobody probes destinations
	facts   *facts.Store  // nil without a folder
	watcher *watcher      // nil if nobody compares the registry with the MTA's tables
	ocr     extract.OCR   // nil if nobody reads pictures
	ready   atomic.Bool

	confined bool // by the sandbox
}

func serve(c *cobra.Command, g *global) error {
	conf, err := loadConfig(g.config, true)
	if err != nil {
		return err
	}
	s := &server{global: g, conf: conf, log: newLogger(conf.Log, c.ErrOrStderr())}
	if err := forbidDumps(); err != nil {
		s.log.Warn("core files are not forbidden", "error", err)
	}
	debug.SetMemoryLimit(int64(conf.Limits.TotalMemory))
	defer runtime.KeepAlive(newBallast())
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go trim(ctx)

	registry := prometheus.NewRegistry()
	s.metrics = milter.NewMetrics(registry)
	s.metrics.Built(version, buildCommit(), runtime.Version())
	if s.ocr, err = conf.OCR.reader(); err != nil {
		s.log.Warn("OCR is enabled and cannot run", "error", err)
	}
	if err := s.reload(); err != nil {
		return err
	}
	if conf.Audit.File != "" {
		if s.audit, err = s.openAudit(); err != nil {
			return err
		}
		defer func() {
			if err := s.audit.Close(); err != nil {
				s.log.Error("audit records are lost", "error", err)
			}
		}()
	}
	if conf.Notices.Folder != "" {
		if s.notices, err = s.openNotices(); err != nil {
			return err
		}
		defer s.notices.Close()
	}
	if err := s.openProbes(); err != nil {
		return err
	}
	defer func() {
		if err := s.probes.Close(); err != nil {
			s.log.Error("what is known of other mail systems could not be written", "error", err)
		}
	}()
	if err := s.openFacts(); err != nil {
		return err
	}
	defer func() {
		if err := s.facts.Close(); err != nil {
			s.log.Error("what is known of senders and recipients could not be written", "error", err)
		}
	}()
	return s.run(c, registry)
}

func (s *server) run(c *cobra.Command, registry *prometheus.Registry) error {
	hangups, ends := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(hangups)
	defer signal.Stop(ends)

	listeners, err := s.listen()
	if err != nil {
		return err
	}
	if s.watcher, err = s.startWatcher(); err != nil {
		return err
	}
	defer s.watcher.Close()
	web := s.newHTTP(registry)
	m := s.newMilter()
	failed := make(chan error, len(listeners)+2)
	tables, err := s.serveTable(failed)
	if err != nil {
		return err
	}
	httpAddress, err := s.serveHTTP(web, failed)
	if err != nil {
		return err
	}
	s.checkTrust(listeners)
	if err := s.confine(slices.Concat(listeners, tables)); err != nil {
		return err
	}
	for _, l := range listeners {
		go func() { failed <- m.Serve(l) }()
	}
	s.announce(c, listeners, httpAddress)
	if s.watcher != nil {
		go s.watcher.run(s)
	}
	s.notices.Start()
	s.ready.Store(true)
	notify(daemon.SdNotifyReady)

	for {
		select {
		case err := <-failed:
			return fmt.Errorf("a listener failed: %w", err)
		case <-hangups:
			s.hangup(ends)
		case <-ends:
			return s.drain(m, web)
		}
	}
}

// drain is what SIGTERM does: no new mail, the mails in flight end.
func (s *server) drain(m *milter.Server, web *http.Server) error {
	s.ready.Store(false)
	notify(daemon.SdNotifyStopping)
	s.log.Info("draining")
	ctx, cancel := context.WithTimeout(context.Background(), s.conf.Limits.MailTime+s.conf.Limits.WaitTime+drainGrace)
	defer cancel()
	if strings.HasPrefix(s.conf.HTTP.Listen, "fd:") {
		web.Close() // whoever shares the socket answers from now on
	}
	err := m.Shutdown(ctx)
	web.Close()
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Error("mails were still in flight at the end of the drain; the MTA keeps them")
		return nil
	}
	s.log.Info("stopped")
	return err
}

func (s *server) listen() ([]net.Listener, error) {
	mode, err := parseMode(s.conf.Milter.SocketMode)
	if err != nil {
		return nil, err
	}
	var listeners []net.Listener
	for _, spec := range s.conf.Milter.Listen {
		these, err := milter.Listen(spec, mode, s.conf.Milter.SocketGroup)
		if err != nil {
			return nil, err
		}
		for _, l := range these {
			if err := s.conf.Milter.checkReach(l); err != nil {
				return nil, err
			}
			listeners = append(listeners, s.guarded(l))
		}
	}
	return listeners, nil
}

func (s *server) newMilter() *milter.Server {
	return milter.NewServer(milter.Config{
		Enforce:       s.conf.enforce(),
		Engine:        s.engine.Load,
		Shadow:        s.shadow.Load,
		Audit:         s.audit,
		Notices:       s.notices,
		Destinations:  s.probes,
		Facts:         s.facts,
		AuditRequired: s.conf.Audit.OnError == "tempfail",
		Metrics:       s.metrics,
		Log:           s.log,
		Sessions:      s.sessions(),
		Scans:         s.conf.Limits.Scans,
		Memory:        s.conf.Limits.budget(),
		OverloadWait:  s.conf.Limits.Wait,
		Linger:        linger,
		MailTime:      s.conf.Limits.MailTime + s.conf.Limits.WaitTime,
		ShowTime:      s.conf.Limits.MailTime,
	})
}

// sessions is how many connections there may be, so that files can still be
// opened beside them: of attachments, the policy, the audit log.
func (s *server) sessions() int {
	n := s.conf.Limits.Sessions
	files := &syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, files); err != nil || files.Cur > math.MaxInt32 {
		return n
	}
	total := int(files.Cur)
	room := max(total-min(64+4*s.conf.Limits.Scans, total/2), 1)
	if n <= room {
		return n
	}
	s.log.Warn("fewer connections than [limits] sessions says: the process may not open more files", "sessions", room, "files", total)
	return room
}

func (s *server) openAudit() (*audit.Log, error) {
	return audit.Open(s.conf.Audit.File, audit.Options{Samples: s.conf.Audit.Samples, Failed: s.auditFailed})
}

func (s *server) openNotices() (*notice.Queue, error) {
	n := s.conf.Notices
	from := n.From
	if from == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		from = "postern@" + host
	}
	return notice.Open(notice.Options{
		Dir: n.Folder, Server: n.Server, From: from, Quiet: n.Quiet, PerHour: n.PerHour, MaxAge: n.MaxAge,
		Log: s.log, Counted: s.metrics.NoticeCounted,
	})
}

// auditFailed is told of each record that did not reach the file.
func (s *server) auditFailed(err error) {
	s.metrics.AuditFailed()
	s.log.Error("audit record not written", "error", err)
}

// announce tells the person who started it the addresses, the mode, and how to
// wire it.
func (s *server) announce(c *cobra.Command, listeners []net.Listener, http string) {
	addresses := make([]string, len(listeners))
	for i, l := range listeners {
		addresses[i] = address(l.Addr())
	}
	s.log.Info("listening", "milter", strings.Join(addresses, ","), "http", http)
	s.log.Info("mode", "mode", s.conf.Mode, "meaning", modeMeaning[s.conf.Mode])
	lines := wiring(listeners[0].Addr(), s.conf.enforce(), s.conf.Routes.OnSendmail())
	if s.conf.Log.Format == "json" {
		s.log.Info("wiring", "postfix", lines)
		return
	}
	fmt.Fprint(c.ErrOrStderr(), lines)
}

var modeMeaning = map[string]string{
	"observe": "decides and records; every mail passes unchanged",
	"enforce": "the policy's decisions are carried out; a fault defers the mail",
}

// address is a listener's address as an admin writes it.
func address(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

func newLogger(c logConfig, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		panic("internal error: log level was checked")
	}
	opt := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}

func notify(state string) {
	// Without systemd there is nobody to notify, and no harm in that.
	_, _ = daemon.SdNotify(false, state)
}

// newHTTP serves metrics and health. Only /metrics and the two probes exist.
func (s *server) newHTTP(registry *prometheus.Registry) *http.Server {
	return &http.Server{
		Handler:           s.httpHandler(registry),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}
