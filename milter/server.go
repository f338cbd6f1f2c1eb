package milter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-milter"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/milter/facts"
	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("milter server closed")

// Config is what a Server is built from. Engine must be set; whatever else is
// zero has a default.
type Config struct {
	// Enforce carries decisions out. Without it (observe mode) every mail is
	// accepted unchanged and only counted, logged and noted.
	Enforce bool
	// Engine returns the policy in force. It is called once a mail, at MAIL.
	Engine func() *rules.Engine
	// Shadow returns a second policy that reads what Engine's reads; it changes
	// nothing, and its differing decisions are counted and noted. It may be nil,
	// and so may what it returns.
	Shadow func() *rules.Engine
	// Audit takes one record for each mail that was read; nil: none is kept.
	Audit *audit.Log
	// AuditRequired makes a mail wait for its record; if it cannot be written
	// the mail is deferred.
	AuditRequired bool
	// Notices sends the officer a report of what rules want told, in enforce mode;
	// nil: nobody is told.
	Notices *notice.Queue
	// Destinations knows what the mail systems of recipients can do; nil: nobody
	// does. It is asked for what a policy wants to know, and never waited for.
	Destinations *probe.Cache
	// Facts remembers who wrote to whom, and how much; nil: nobody does.
	Facts   *facts.Store
	Metrics *Metrics
	// Log must not write to package log, as slog.Default does at first: the
	// Server turns that around.
	Log *slog.Logger

	Sessions      int           // connections at once; default 10,000
	Scans         int           // mails being read at once; default 256
	Memory        int64         // that these may hold; default 768 MiB
	OverloadWait  time.Duration // a mail waits so long for room among them; 0: not at all
	Linger        time.Duration // after Shutdown connections may begin mails for so long; default none
	MailTime      time.Duration // from the first field of a mail to its verdict; default 60 s
	ShowTime      time.Duration // of that the MTA may take so much to show the mail; default MailTime
	Stall         time.Duration // for a packet of a mail that the MTA has begun to show; default 30 s
	IdleTimeout   time.Duration // an MTA keeps the connection while its client is slow; default 30 min
	WriteTimeout  time.Duration // default 30 s
	ProgressEvery time.Duration // while a verdict is being worked on; default 2 s
	AuditWait     time.Duration // for a required record; default 5 s

	clock  func() time.Time // for tests: the time of day
	engine func() engine    // for tests, in place of Engine
	shadow func() engine    // for tests, in place of Shadow
}

func (c *Config) setDefaults() {
	if c.engine == nil {
		c.engine = adapt(c.Engine)
	}
	if c.shadow == nil && c.Shadow != nil {
		c.shadow = adapt(c.Shadow)
	}
	if c.clock == nil {
		c.clock = timeOfDay
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Sessions <= 0 {
		c.Sessions = 10_000
	}
	if c.Scans <= 0 {
		c.Scans = 256
	}
	if c.Memory <= 0 {
		c.Memory = 768 << 20
	}
	for d, value := range map[*time.Duration]time.Duration{
		&c.MailTime:      time.Minute,
		&c.Stall:         30 * time.Second,
		&c.IdleTimeout:   30 * time.Minute,
		&c.WriteTimeout:  30 * time.Second,
		&c.ProgressEvery: 2 * time.Second,
		&c.AuditWait:     5 * time.Second,
	} {
		if *d <= 0 {
			*d = value
		}
	}
	if c.ShowTime <= 0 {
		c.ShowTime = c.MailTime
	}
}

// timeOfDay is replaced by a build that makes faults for tests.
var timeOfDay = time.Now

func (c *Config) mode() string {
	if c.Enforce {
		return "enforce"
	}
	return "observe"
}

// Server takes the connections of MTAs.
type Server struct {
	Config
	base   context.Context // ends all inspections when Shutdown runs out of patience
	cancel context.CancelFunc
	slots  chan struct{}
	budget *budget

	refused atomic.Int64 // when a connection was last refused, in seconds

	mu        sync.Mutex
	closed    bool
	end       time.Time // once closed: until then connections may begin mails
	listeners map[net.Listener]bool
	guards    map[*guard]bool
	serving   sync.WaitGroup // calls of Serve
	sessions  sync.WaitGroup
}

// NewServer returns a Server that serves nothing yet. It takes over the output
// of package log, through which the milter library speaks.
func NewServer(config Config) *Server {
	config.setDefaults()
	bridge(config.Log)
	s := &Server{
		Config:    config,
		slots:     make(chan struct{}, config.Sessions),
		listeners: map[net.Listener]bool{},
		guards:    map[*guard]bool{},
	}
	s.budget = newBudget(&s.Config)
	s.Metrics.sessionsLimit.Set(float64(s.Sessions))
	s.base, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve takes connections until Shutdown and then returns ErrServerClosed. It
// may run for several listeners at once. A lack of file descriptors or memory
// makes it wait, not return.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.listening(l, true) {
		return ErrServerClosed
	}
	defer s.serving.Done()
	defer s.listening(l, false)
	for pause := time.Duration(0); ; {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			s.start(conn)
			continue
		}
		if s.isClosed() {
			return ErrServerClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.Log.Warn("cannot take a connection, trying again", "error", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-s.base.Done():
		}
	}
}

// start serves a connection if there is room for it. If not, it is closed at
// once, so that the MTA does what it does without a milter.
func (s *Server) start(conn net.Conn) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.Metrics.overload.Inc()
		if now := time.Now().Unix(); s.refused.Swap(now) != now { // one line a second is enough
			s.Log.Warn("too many connections, one was refused", "sessions", s.Sessions)
		}
		conn.Close()
		return
	}
	g := newGuard(conn, &s.Config)
	session := &Session{server: s, guard: g}
	g.tap = session
	s.sessions.Add(1)
	s.Metrics.sessions.Inc()
	g.over = func() {
		s.track(g, false)
		s.Metrics.sessions.Dec()
		<-s.slots
		s.sessions.Done()
	}
	if !s.track(g, true) {
		g.Close()
		return
	}
	go s.serve(g, session)
}

// serve begins to serve one connection: one server of the library with one
// Session, because the library would swap the handler after each final reply
// and never repeat CONNECT to the new one. It goes on in a goroutine of the
// library, which closes the guard at its end.
func (s *Server) serve(g *guard, session *Session) {
	actions, protocol, err := g.offer()
	if err != nil {
		s.Log.Debug("milter session ended before it began", "error", err)
		g.Close()
		return
	}
	session.offered = milter.OptAction(actions)
	session.agreed = wantedProtocol(g.as) & milter.OptProtocol(protocol)
	g.silent = session.agreed & allSilent
	s.Log.Debug("milter session began", "version", g.as, "no_reply", fmt.Sprintf("%#x", uint32(g.silent)))
	server := milter.Server{
		NewMilter: func() milter.Milter { return session },
		// More than was offered makes Postfix drop the connection.
		Actions:  s.wantedActions() & session.offered,
		Protocol: session.agreed,
		SymList:  macroLists,
	}
	_ = server.Serve(&oneConn{g: g}) // always the error of the second Accept
}

// wantedProtocol asks an MTA of version 6 to expect no reply where there is
// nothing to say. That is safe for commands that the guard answers itself; the
// library answers whatever was agreed upon, and the MTA would take an answer that
// it does not expect for the verdict.
func wantedProtocol(version uint32) milter.OptProtocol {
	wanted := milter.OptHeaderLeadingSpace | milter.OptNoUnknown | milter.OptNoData
	if version >= newest {
		wanted |= allSilent
	}
	return wanted
}

// wantedActions asks for nothing that observe mode must never do, and in enforce
// mode for every means of a burst: Postfix takes an action that was not agreed
// upon, Sendmail defers the mail of a filter that "lied".
func (s *Server) wantedActions() milter.OptAction {
	if !s.Enforce {
		return milter.OptSetSymList
	}
	return milter.OptAddHeader | milter.OptChangeHeader | milter.OptAddRcpt | milter.OptRemoveRcpt |
		milter.OptChangeBody | milter.OptQuarantine | milter.OptSetSymList
}

// Shutdown takes no more connections, ends those without a mail once they have
// lingered, waits for the mails that are open and ends their connections too. When ctx ends first, what
// is left is cut off, so that the MTA does what it does without a milter, and
// the error is that of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		l.Close()
	}
	s.end = time.Now().Add(s.Linger)
	for g := range s.guards {
		g.drain(s.end)
	}
	s.mu.Unlock()

	drained := make(chan struct{})
	go func() {
		s.serving.Wait()
		s.sessions.Wait()
		close(drained)
	}()
	defer s.cancel()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.mu.Lock()
	for g := range s.guards {
		g.Conn.Close() // the session's goroutine does the rest
	}
	s.mu.Unlock()
	select {
	case <-drained:
	case <-time.After(time.Second):
		// An inspection that does not look at its context is left behind.
	}
	return ctx.Err()
}

// listening keeps the set of listeners; it refuses a new one after Shutdown. One
// that is taken counts as being served.
func (s *Server) listening(l net.Listener, on bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !on {
		delete(s.listeners, l)
		return true
	}
	if s.closed {
		return false
	}
	s.listeners[l] = true
	s.serving.Add(1)
	return true
}

// track keeps the set of connections. One that was taken from a listener just as
// Shutdown closed that is served like those that were there: whoever else has the
// socket, as at an upgrade, will never see it. Only once Shutdown has run out of
// patience it is refused.
func (s *Server) track(g *guard, on bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !on {
		delete(s.guards, g)
		return true
	}
	if s.base.Err() != nil {
		return false
	}
	s.guards[g] = true
	if s.closed {
		g.drain(s.end)
	}
	return true
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// oneConn is a listener with a single connection, which the library takes to a
// goroutine of its own.
type oneConn struct {
	g     *guard
	taken bool
}

func (l *oneConn) Accept() (net.Conn, error) {
	if l.taken {
		return nil, net.ErrClosed
	}
	l.taken = true
	return l.g, nil
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.g.LocalAddr() }
