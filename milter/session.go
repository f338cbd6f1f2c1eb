package milter

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// Session is one connection of the MTA, for all its mails. The library calls it
// from one goroutine.
type Session struct {
	server  *Server
	guard   *guard
	offered milter.OptAction
	agreed  milter.OptProtocol

	table  macroTable
	client netip.Addr
	pickup bool
	helo   string
	tx     *transaction
}

var _ milter.Milter = (*Session)(nil)

// Connect notes who the client is. It comes once a connection.
func (s *Session) Connect(host, family string, port uint16, _ net.IP, _ *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	s.client = parseClient(s.guard.peer)
	if !s.client.IsValid() {
		s.client = parseClient(s.table.get("client_addr"))
	}
	s.pickup = isPickup(host, family, port, s.client)
	if s.pickup {
		s.client = netip.Addr{}
	}
	return milter.RespContinue, nil
}

// isPickup tells a local submission from a client of SMTP. Postfix presents a
// mail from sendmail(1) as from "localhost", port 0; an MTA that was started on
// a pipe has a client without an Internet address.
func isPickup(host, family string, port uint16, client netip.Addr) bool {
	switch family {
	case "tcp4", "tcp6":
		return port == 0 && strings.EqualFold(host, "localhost") && (client.IsLoopback() || !client.IsValid())
	}
	return !client.IsValid()
}

// Helo may come again, after STARTTLS. It ends an open mail (RFC 5321, 4.1.4).
func (s *Session) Helo(name string, _ *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	s.abandon()
	s.helo = name
	return milter.RespContinue, nil
}

// MailFrom begins a mail. One whose origin is no concern of the policy is
// accepted here, unread.
func (s *Session) MailFrom(string, *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	s.abandon()
	s.table.begin()
	tx := &transaction{began: time.Now(), engine: s.server.engine()}
	s.tx = tx
	s.server.Metrics.inFlight.Inc()
	s.guard.busy.Store(true)
	tx.env = rules.Envelope{
		Ref:      newRef(),
		Time:     tx.began,
		Sender:   bare(s.guard.address),
		Client:   s.client,
		Helo:     s.helo,
		Pickup:   s.pickup,
		SMTPUTF8: hasArg(s.guard.args, "SMTPUTF8"),
	}
	s.readMacros()
	if tx.engine == nil {
		return s.fail(faultNoPolicy), nil
	}
	if !tx.engine.OriginInScope(&tx.env) {
		return s.pass("origin"), nil
	}
	return milter.RespContinue, nil
}

// maxRecipients bounds a mail where the MTA does not; Postfix stops at 1,000 by
// default, Sendmail nowhere.
const maxRecipients = 50_000

// readMacros puts what the MTA has told so far into the envelope.
func (s *Session) readMacros() {
	env := &s.tx.env
	env.QueueID = s.table.get("i")
	env.User = s.table.get("auth_authen")
	env.Daemon = s.table.get("daemon_name")
	env.TLS = rules.TLS{Version: s.table.get("tls_version"), Cipher: s.table.get("cipher")}
	env.TLS.Bits, _ = strconv.Atoi(s.table.get("cipher_bits")) // not told is none
}

// RcptTo takes a recipient. It never accepts: that would cover the recipients
// yet to come. Nobody but postern itself may use its marker domain.
//
// QUIRK: for a mail of sendmail(1) Postfix takes a refused recipient for a
// mistake in its configuration and keeps the mail for ever; there the policy
// refuses the mail as a whole.
func (s *Session) RcptTo(string, *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	tx := s.tx
	if tx == nil || tx.final != nil {
		return s.answer(), nil
	}
	s.readMacros()
	to := rules.Recipient{
		Address:   bare(s.guard.address),
		Canonical: bare(s.table.rcpt["rcpt_addr"]),
		Mailer:    s.table.rcpt["rcpt_mailer"],
	}
	clear(s.table.rcpt)
	if s.server.Enforce && !s.pickup && (isMarker(to.Address) || isMarker(to.Canonical)) {
		return refuseMarker(), nil
	}
	if len(tx.env.Recipients) == maxRecipients {
		return s.fail(faultTooManyRecipients), nil
	}
	tx.env.Recipients = append(tx.env.Recipients, to)
	return milter.RespContinue, nil
}

// Header takes one field of the mail's header.
func (s *Session) Header(name, value string, m *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	clear(m.Headers) // the library would keep them until ABORT, across mails
	if done := s.open(); done != nil {
		return done, nil
	}
	if strings.EqualFold(name, notice.Field) && s.isNotice(value) {
		return s.pass("notice"), nil
	}
	if s.server.Enforce {
		s.tx.fields.add(name)
	}
	// With leading space agreed upon the MTA sends what follows the colon;
	// without, it has taken one blank off.
	value = strings.TrimPrefix(value, " ")
	s.tx.inspection.Field(name, value)
	s.tx.shadow.field(name, value)
	return milter.RespContinue, nil
}

// Headers ends the header.
func (s *Session) Headers(all textproto.MIMEHeader, _ *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	clear(all)
	if done := s.open(); done != nil {
		return done, nil
	}
	return milter.RespContinue, nil
}

// BodyChunk takes the next bytes of the body.
func (s *Session) BodyChunk(chunk []byte, _ *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	if done := s.open(); done != nil {
		return done, nil
	}
	if _, err := s.tx.inspection.Write(chunk); err != nil {
		return s.fail(faultCancelled), nil
	}
	s.tx.shadow.write(chunk)
	return milter.RespContinue, nil
}

// Body ends the mail: it is decided and the decision is sent.
func (s *Session) Body(m *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp, &err)
	if done := s.open(); done != nil {
		return done, nil
	}
	return s.decide(m)
}

// Abort ends the mail without a verdict. Postfix sends it after one, too.
func (s *Session) Abort(*milter.Modifier) (err error) {
	var resp milter.Response
	defer s.recovered(&resp, &err)
	s.abandon()
	s.table.reset()
	return nil
}

// open makes sure that the mail is being inspected. It begins when the first
// field comes, for then all recipients are known. A response is the final answer
// of a mail that is not, or no longer, inspected.
func (s *Session) open() milter.Response {
	tx := s.tx
	if tx == nil || tx.final != nil {
		return s.answer()
	}
	if tx.inspection != nil {
		return nil
	}
	s.readMacros()
	if len(tx.env.Recipients) == 0 {
		return s.fail(faultNoRecipient)
	}
	ctx, cancel := context.WithTimeout(s.server.base, s.server.MailTime)
	tx.cancel = cancel
	if tx.inspection = tx.engine.Inspect(ctx, &tx.env); tx.inspection == nil {
		return s.pass("recipients")
	}
	tx.shadow = s.openShadow(ctx)
	s.wantFacts()
	return nil
}

// answer is the reply where there is nothing to do: what was said of this mail
// before, or else to go on.
func (s *Session) answer() milter.Response {
	if s.tx != nil && s.tx.final != nil {
		return s.tx.final
	}
	return milter.RespContinue
}

// pass accepts the mail unread.
func (s *Session) pass(why string) milter.Response {
	s.server.Metrics.outOfScope.WithLabelValues(why).Inc()
	s.server.Log.Debug("mail out of scope", "queue_id", s.tx.env.QueueID, "ref", s.tx.env.Ref, "by", why)
	return s.settle(milter.RespAccept)
}

// settle closes the mail with its final answer.
func (s *Session) settle(final milter.Response) milter.Response {
	if s.tx.final == nil {
		s.server.Metrics.inFlight.Dec()
		s.guard.busy.Store(false)
	}
	s.tx.final = final
	s.tx.release()
	return final
}

// abandon ends a mail that got no verdict.
func (s *Session) abandon() {
	if s.tx == nil {
		return
	}
	if s.tx.final == nil {
		s.server.Metrics.aborted.Inc()
		s.settle(milter.RespContinue)
	}
	s.tx = nil
}

// recovered keeps a panic to the mail it happened in.
func (s *Session) recovered(resp *milter.Response, err *error) {
	v := recover()
	if v == nil {
		return
	}
	s.server.Metrics.panics.Inc()
	queueID, ref := "", ""
	if s.tx != nil {
		queueID, ref = s.tx.env.QueueID, s.tx.env.Ref
	}
	s.server.Log.Error("panic while reading a mail", "queue_id", queueID, "ref", ref,
		"type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
	*resp, *err = milter.RespContinue, nil
	if s.tx != nil {
		*resp = s.failQuietly(faultPanic)
	}
}

// macros, forget and ended make the Session the guard's tap.

func (s *Session) macros(stage byte, pairs []byte) { s.table.take(stage, pairs) }

func (s *Session) forget() {
	s.abandon()
	s.table, s.client, s.pickup, s.helo = macroTable{}, netip.Addr{}, false, ""
}

func (s *Session) ended() {
	s.abandon()
	s.server.Log.Debug("milter session ended", "bytes", s.guard.read)
}
