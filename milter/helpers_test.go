package milter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	gomilter "github.com/emersion/go-milter"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

// fakeEngine is a policy made of functions. What is nil lets everything in
// scope and accepts it.
type fakeEngine struct {
	origin func(*rules.Envelope) bool
	scope  func(*rules.Envelope) bool
	field  func(i *fakeInspection, name, value string)
	finish func(i *fakeInspection) (*rules.Decision, error)
	report classify.Report
	routes rules.Routes
	body   string // that a verdict offers

	mu   sync.Mutex
	seen []*fakeInspection
}

func (e *fakeEngine) ID() string       { return "fake" }
func (e *fakeEngine) Checksum() string { return "c0ffee" }
func (e *fakeEngine) Officer() string  { return "officer@agency.example" }

func (e *fakeEngine) FactsWanted() rules.FactsWanted   { return rules.FactsWanted{} }
func (e *fakeEngine) Outside(*rules.Envelope) []string { return nil }
func (e *fakeEngine) Routes() rules.Routes             { return e.routes }

func (e *fakeEngine) OriginInScope(env *rules.Envelope) bool {
	return e.origin == nil || e.origin(env)
}

func (e *fakeEngine) InScope(env *rules.Envelope) bool {
	return e.scope == nil || e.scope(env)
}

func (e *fakeEngine) Inspect(ctx context.Context, env *rules.Envelope, memory extract.Memory) inspection {
	i := &fakeInspection{engine: e, ctx: ctx, env: env, memory: memory}
	e.mu.Lock()
	e.seen = append(e.seen, i)
	e.mu.Unlock()
	return i
}

// mails returns the inspections so far.
func (e *fakeEngine) mails() []*fakeInspection {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*fakeInspection{}, e.seen...)
}

// fakeInspection keeps what it is given.
type fakeInspection struct {
	engine   *fakeEngine
	ctx      context.Context
	env      *rules.Envelope
	memory   extract.Memory
	fields   [][2]string
	body     bytes.Buffer
	finished int
}

func (i *fakeInspection) Field(name, value string) {
	if i.engine.field != nil {
		i.engine.field(i, name, value)
	}
	i.fields = append(i.fields, [2]string{name, value})
}

func (i *fakeInspection) Write(b []byte) (int, error) {
	if err := i.ctx.Err(); errors.Is(err, context.Canceled) {
		return 0, err
	}
	return i.body.Write(b)
}

func (i *fakeInspection) Finish() (*rules.Verdict, error) {
	i.finished++
	if err := i.ctx.Err(); errors.Is(err, context.Canceled) {
		return nil, err
	}
	decision := &rules.Decision{Direction: rules.Outbound}
	if i.engine.finish != nil {
		d, err := i.engine.finish(i)
		if err != nil {
			return nil, err
		}
		decision = d
	}
	report := i.engine.report
	v := &rules.Verdict{Envelope: i.env, Report: &report, Decision: decision}
	if i.engine.body != "" {
		v.Body = strings.NewReader(i.engine.body)
	}
	return v, nil
}

// always makes every mail end in a copy of one decision.
func always(d rules.Decision) *fakeEngine {
	return &fakeEngine{finish: func(*fakeInspection) (*rules.Decision, error) {
		c := d
		return &c, nil
	}}
}

// house is a running Server with all that can be looked at from outside.
type house struct {
	*Server
	engine   *fakeEngine
	registry *prometheus.Registry
	log      *lockedBuffer
	addr     string
}

// serve starts a Server on a free port. Config may be changed before.
func serve(t testing.TB, e *fakeEngine, change ...func(*Config)) *house {
	t.Helper()
	h := &house{engine: e, registry: prometheus.NewRegistry(), log: &lockedBuffer{}}
	config := Config{
		Enforce: true,
		Metrics: NewMetrics(h.registry),
		Log:     slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		engine:  func() engine { return e },
	}
	for _, f := range change {
		f(&config)
	}
	h.Server = NewServer(config)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = h.Shutdown(ctx) // a test may have left connections open
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve returned %v, want ErrServerClosed", err)
		}
	})
	return h
}

func observe(c *Config) { c.Enforce = false }

// metric returns the line of a metric, or "" if it is not there.
func (h *house) metric(t testing.TB, series string) string {
	t.Helper()
	for line := range strings.Lines(h.metrics()) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (h *house) metrics() string {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(h.registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// eventually waits until a metric has a value.
func (h *house) eventually(t testing.TB, series, want string) {
	t.Helper()
	got := ""
	for range 500 {
		if got = h.metric(t, series); got == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s is %q, want %q", series, got, want)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// mta speaks the wire of the milter protocol, with the faults that a library's
// client would not make.
type mta struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
	silent gomilter.OptProtocol // what the daemon said that it will not answer
}

// packet is a reply or a modification of the daemon.
type packet struct {
	code byte
	data string
}

func (p packet) String() string { return string(p.code) + strings.TrimSuffix(p.data, "\x00") }

func dial(t testing.TB, network, addr string) *mta {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &mta{t: t, conn: conn, reader: bufio.NewReader(conn)}
}

// connect negotiates as Postfix does, connects and says HELO.
func connect(t testing.TB, h *house) *mta {
	t.Helper()
	m := dial(t, "tcp", h.addr)
	m.negotiate(6, 0x1ff, 0x1fffff)
	m.macros('C', "j", "mx.example", "{daemon_name}", "ORIGINATING", "v", "Postfix 3.7.11")
	m.ask('C', "client.example\x004\x30\x39192.0.2.7\x00", "c")
	m.ask('H', "client.example\x00", "c")
	return m
}

func frame(cmd byte, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(data)))
	return append(append(b, cmd), data...)
}

func (m *mta) send(cmd byte, data string) {
	m.t.Helper()
	if _, err := m.conn.Write(frame(cmd, data)); err != nil {
		m.t.Fatalf("%c: %v", cmd, err)
	}
}

func (m *mta) macros(stage byte, kv ...string) {
	m.t.Helper()
	m.send('D', string(stage)+strings.Join(kv, "\x00")+"\x00")
}

// read returns the next packet; an error is the end of the connection.
func (m *mta) read() (packet, error) {
	if err := m.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return packet{}, err
	}
	var length [4]byte
	if _, err := io.ReadFull(m.reader, length[:]); err != nil {
		return packet{}, err
	}
	b := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(m.reader, b); err != nil {
		return packet{}, err
	}
	return packet{b[0], string(b[1:])}, nil
}

func (m *mta) next() packet {
	m.t.Helper()
	p, err := m.read()
	if err != nil {
		m.t.Fatalf("no packet came: %v", err)
	}
	return p
}

// ask sends a command and compares the whole reply; want is its code and text.
// Where none is agreed upon only "c" can be wanted, and nothing is read: what the
// daemon says all the same would be taken for a later reply.
func (m *mta) ask(cmd byte, data, want string) {
	m.t.Helper()
	m.send(cmd, data)
	if m.silent&noReply(cmd) != 0 {
		if want != "c" {
			m.t.Fatalf("%c has no reply, want %q", cmd, want)
		}
		return
	}
	if got := m.next().String(); got != want {
		m.t.Fatalf("reply to %c %q is %q, want %q", cmd, data, got, want)
	}
}

// say sends a command and returns the reply, or "c" where none is agreed upon.
func (m *mta) say(cmd byte, data string) string {
	m.t.Helper()
	m.send(cmd, data)
	if m.silent&noReply(cmd) != 0 {
		return "c"
	}
	return m.next().String()
}

// finish ends the header of a mail that has gone wrong, and the mail if need be,
// and returns the final reply.
func (m *mta) finish() string {
	m.t.Helper()
	reply := m.say('N', "")
	if reply == "c" {
		_, reply = m.end()
	}
	return reply
}

// noted waits until what a mail leaves behind is logged and noted: that is done
// once its verdict is sent, and before the next command.
func (m *mta) noted() {
	m.t.Helper()
	m.ask('U', "NOOP\x00", "c")
}

// gone expects that the daemon has closed the connection.
func (m *mta) gone() {
	m.t.Helper()
	switch p, err := m.read(); {
	case err == nil:
		m.t.Fatalf("got packet %q, want the connection closed", p)
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.t.Fatal("the connection stayed open")
	}
}

// negotiate makes an offer and returns what the daemon takes of it.
func (m *mta) negotiate(version, actions, protocol uint32) (gotActions, gotProtocol uint32, lists string) {
	m.t.Helper()
	b := binary.BigEndian.AppendUint32(nil, version)
	b = binary.BigEndian.AppendUint32(b, actions)
	b = binary.BigEndian.AppendUint32(b, protocol)
	m.send('O', string(b))
	p := m.next()
	if p.code != 'O' || len(p.data) < 12 {
		m.t.Fatalf("answer to the offer is %q", p)
	}
	if got := binary.BigEndian.Uint32([]byte(p.data)); got != min(version, 6) {
		m.t.Fatalf("version %d, want %d", got, min(version, 6))
	}
	m.silent = gomilter.OptProtocol(binary.BigEndian.Uint32([]byte(p.data[8:])))
	return binary.BigEndian.Uint32([]byte(p.data[4:])), binary.BigEndian.Uint32([]byte(p.data[8:])), p.data[12:]
}

// envelope gives MAIL and one RCPT.
func (m *mta) envelope(queueID string, rcpts ...string) {
	m.t.Helper()
	m.macros('M', "i", queueID, "{auth_authen}", "alice")
	m.ask('M', "<alice@inside.example>\x00SIZE=100\x00", "c")
	if len(rcpts) == 0 {
		rcpts = []string{"bob@outside.example"}
	}
	for _, r := range rcpts {
		m.macros('R', "{rcpt_addr}", r, "{rcpt_mailer}", "smtp")
		m.ask('R', "<"+r+">\x00", "c")
	}
}

// content sends header fields, "name:value" as on the wire, and a body.
func (m *mta) content(body string, fields ...string) {
	m.t.Helper()
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		m.ask('L', name+"\x00"+value+"\x00", "c")
	}
	m.ask('N', "", "c")
	for len(body) > 0 {
		n := min(len(body), 65535)
		m.ask('B', body[:n], "c")
		body = body[n:]
	}
}

// end sends the end of the mail and returns the modifications and the reply.
// Packets of progress are left out.
func (m *mta) end() (steps []string, reply string) {
	m.t.Helper()
	m.send('E', "")
	for {
		p := m.next()
		switch p.code {
		case 'p':
		case 'h', 'm', '+', '-', 'q', 'b', 'i', 'e':
			steps = append(steps, p.String())
		default:
			return steps, p.String()
		}
	}
}

// changed writes a modification of a field as the wire has it.
func changed(index byte, name, value string) string {
	return "m\x00\x00\x00" + string(index) + name + "\x00" + value
}

// mail sends a whole mail.
func (m *mta) mail(queueID, body string, fields ...string) (steps []string, reply string) {
	m.t.Helper()
	m.envelope(queueID)
	m.content(body, fields...)
	return m.end()
}
