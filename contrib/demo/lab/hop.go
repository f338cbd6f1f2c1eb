package lab

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// HopOptions say what kind of mail server a Hop is.
type HopOptions struct {
	Name string // of the host
	// Names stand in its certificate; the host's name if there are none.
	Names []string
	// NoTLS: STARTTLS is not on offer. RefuseTLS: it is, and answered with 454.
	NoTLS, RefuseTLS bool
	// Untrusted: the certificate is of an authority that nobody knows. Expired: it
	// was valid until yesterday.
	Untrusted, Expired bool
	// OldTLS: nothing better than TLS 1.1 is on offer.
	OldTLS bool
	// Silent: it takes connections and never greets.
	Silent bool
	// RefuseRcpt is answered with 550 at RCPT.
	RefuseRcpt string
}

// Hop is a mail server that mail of the lab is delivered to. It keeps what it
// got, and how.
type Hop struct {
	Name    string
	Address string

	opt      HopOptions
	listener net.Listener
	tls      *tls.Config

	mu    sync.Mutex
	mails []Delivery
	more  chan struct{} // closed and renewed at each delivery
	conns map[net.Conn]bool
	wire  []byte // all that crossed its sockets, both ways
}

// Delivery is a mail as a Hop got it.
type Delivery struct {
	From  string   // as in MAIL, with its parameters
	To    []string // as in RCPT, with their parameters
	Data  string   // header and body, lines end in CRLF, dots unstuffed
	TLS   bool
	Proto string // of TLS: "TLS 1.3"; empty in clear
	Time  time.Time
}

// Header returns the header of the mail, Body what follows it.
func (d Delivery) Header() string {
	header, _, _ := strings.Cut(d.Data, "\r\n\r\n")
	return header + "\r\n"
}

// Body returns what follows the header.
func (d Delivery) Body() string {
	_, body, _ := strings.Cut(d.Data, "\r\n\r\n")
	return body
}

// StartHop starts a mail server on an address of its own, port 25, with its name
// in the name server.
func (l *Lab) StartHop(opt HopOptions) (*Hop, error) {
	address, err := l.nextAddress()
	if err != nil {
		return nil, err
	}
	h := &Hop{Name: opt.Name, Address: address, opt: opt, more: make(chan struct{}), conns: map[net.Conn]bool{}}
	if err := h.certify(l.ca); err != nil {
		return nil, err
	}
	if err := h.Up(); err != nil {
		return nil, err
	}
	l.onClose(h.Down)
	l.host(opt.Name, address)
	return h, nil
}

func (h *Hop) certify(ca *authority) (err error) {
	if h.opt.Untrusted {
		if ca, err = newAuthority("stranger"); err != nil {
			return err
		}
	}
	names := h.opt.Names
	if len(names) == 0 {
		names = []string{h.opt.Name}
	}
	until := tomorrow()
	if h.opt.Expired {
		until = until.Add(-48 * time.Hour)
	}
	cert, key, err := ca.issueUntil(until, names...)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	h.tls = &tls.Config{Certificates: []tls.Certificate{pair}}
	if h.opt.OldTLS {
		h.tls.MinVersion, h.tls.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	}
	return err
}

// TLSA is the record by which DANE knows the Hop's key (RFC 6698): "TLSA 3 1 1 …".
func (h *Hop) TLSA() string {
	sum := sha256.Sum256(h.tls.Certificates[0].Leaf.RawSubjectPublicKeyInfo)
	return fmt.Sprintf("TLSA 3 1 1 %x", sum)
}

// Wire is all that has crossed the Hop's sockets so far, both ways, as a capture
// would have it.
func (h *Hop) Wire() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.wire)
}

// recorded is a connection of which each byte is kept.
type recorded struct {
	net.Conn
	hop *Hop
}

func (r *recorded) keep(b []byte) {
	r.hop.mu.Lock()
	defer r.hop.mu.Unlock()
	r.hop.wire = append(r.hop.wire, b...)
}

func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.keep(b[:n])
	return n, err
}

func (r *recorded) Write(b []byte) (int, error) {
	r.keep(b)
	return r.Conn.Write(b)
}

// Up listens; a Hop is up when it comes from StartHop.
func (h *Hop) Up() error {
	listener, err := net.Listen("tcp4", h.Address+":25")
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.listener = listener
	h.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go h.serve(conn)
		}
	}()
	return nil
}

// Down ends the Hop's listener and connections; it can go Up again.
func (h *Hop) Down() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for conn := range h.conns {
		_ = conn.Close()
	}
	if h.listener == nil {
		return nil
	}
	err := h.listener.Close()
	h.listener = nil
	return err
}

// SetTLS changes whether STARTTLS is on offer.
func (h *Hop) SetTLS(offered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opt.NoTLS = !offered
}

// Mails returns all deliveries so far.
func (h *Hop) Mails() []Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Delivery(nil), h.mails...)
}

// Wait returns the first delivery that contains text, in its envelope or data,
// and whether one came in time.
func (h *Hop) Wait(text string, timeout time.Duration) (Delivery, bool) {
	deadline := time.After(timeout)
	for {
		h.mu.Lock()
		more := h.more
		h.mu.Unlock()
		if d, ok := h.Find(text); ok {
			return d, true
		}
		select {
		case <-more:
		case <-deadline:
			return Delivery{}, false
		}
	}
}

// Find is Wait without waiting.
func (h *Hop) Find(text string) (Delivery, bool) {
	for _, d := range h.Mails() {
		if strings.Contains(d.From+strings.Join(d.To, " ")+d.Data, text) {
			return d, true
		}
	}
	return Delivery{}, false
}

func (h *Hop) keep(d Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mails = append(h.mails, d)
	close(h.more)
	h.more = make(chan struct{})
}

func (h *Hop) serve(conn net.Conn) {
	h.mu.Lock()
	h.conns[conn] = true
	h.mu.Unlock()
	defer func() {
		_ = conn.Close()
		h.mu.Lock()
		delete(h.conns, conn)
		h.mu.Unlock()
	}()
	wire := &recorded{conn, h}
	(&hopSession{hop: h, conn: wire, in: bufio.NewReader(wire)}).run()
}

// hopSession is one SMTP session of a Hop (RFC 5321, RFC 3207).
type hopSession struct {
	hop  *Hop
	conn net.Conn
	in   *bufio.Reader
	mail Delivery
}

func (s *hopSession) run() {
	if s.hop.opt.Silent {
		_, _ = io.Copy(io.Discard, s.conn)
		return
	}
	s.say("220 %s ESMTP", s.hop.Name)
	for {
		_ = s.conn.SetDeadline(time.Now().Add(2 * time.Minute))
		line, err := s.in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO":
			s.greet()
		case "HELO", "NOOP":
			s.say("250 ok")
		case "STARTTLS":
			if !s.startTLS() {
				return
			}
		case "MAIL":
			s.reset()
			s.mail.From = line[len("MAIL FROM:"):]
			s.say("250 ok")
		case "RCPT":
			s.recipient(line[len("RCPT TO:"):])
		case "DATA":
			if !s.data() {
				return
			}
		case "RSET":
			s.reset()
			s.say("250 ok")
		case "QUIT":
			s.say("221 bye")
			return
		default:
			s.say("502 what?")
		}
	}
}

func (s *hopSession) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.conn, format+"\r\n", args...)
}

func (s *hopSession) reset() { s.mail.From, s.mail.To, s.mail.Data = "", nil, "" }

func (s *hopSession) greet() {
	s.hop.mu.Lock()
	offer := !s.hop.opt.NoTLS && !s.mail.TLS
	s.hop.mu.Unlock()
	if offer {
		s.say("250-%s\r\n250-STARTTLS\r\n250-DSN\r\n250 8BITMIME", s.hop.Name)
		return
	}
	s.say("250-%s\r\n250-DSN\r\n250 8BITMIME", s.hop.Name)
}

func (s *hopSession) startTLS() bool {
	if s.hop.opt.RefuseTLS {
		s.say("454 4.7.0 TLS not available")
		return true
	}
	s.say("220 go ahead")
	conn := tls.Server(s.conn, s.hop.tls)
	if conn.Handshake() != nil {
		return false
	}
	s.conn, s.in = conn, bufio.NewReader(conn)
	s.mail = Delivery{TLS: true, Proto: tls.VersionName(conn.ConnectionState().Version)}
	return true
}

func (s *hopSession) recipient(to string) {
	if r := s.hop.opt.RefuseRcpt; r != "" && strings.Contains(to, r) {
		s.say("550 5.1.1 no such user")
		return
	}
	s.mail.To = append(s.mail.To, to)
	s.say("250 ok")
}

func (s *hopSession) data() bool {
	s.say("354 go on")
	var text strings.Builder
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mail.Data, s.mail.Time = text.String(), time.Now()
	s.hop.keep(s.mail)
	s.say("250 2.0.0 taken")
	return true
}
