package milter

import (
	"fmt"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// Session is one connection of the MTA, for all its mails. All calls come from one
// goroutine: the end of a mail from the library, the others from the guard.
type Session struct {
	milter.NoOpMilter
	server  *Server
	guard   *guard
	offered milter.OptAction
	agreed  milter.OptProtocol

	table  macroTable
	client netip.Addr
	pickup bool
	name   string // that the client gave itself
	tx     *transaction
	after  func() // what is left to do once the verdict is on its way
}

var _ milter.Milter = (*Session)(nil)

// connect notes who the client is. It comes once a connection.
func (s *Session) connect(host string, family byte, port uint16, address string) (resp milter.Response) {
	defer s.recovered(&resp)
	s.client = parseClient(address)
	if !s.client.IsValid() {
		s.client = parseClient(s.table.get("client_addr"))
	}
	s.pickup = isPickup(host, family, port, s.client)
	if s.pickup {
		s.client = netip.Addr{}
	}
	return milter.RespContinue
}

// isPickup tells a local submission from a client of SMTP. Postfix presents a
// mail from sendmail(1) as from "localhost", port 0; an MTA that was started on
// a pipe has a client without an Internet address.
func isPickup(host string, family byte, port uint16, client netip.Addr) bool {
	switch family {
	case family4, family6:
		return port == 0 && strings.EqualFold(host, "localhost") && (client.IsLoopback() || !client.IsValid())
	}
	return !client.IsValid()
}

// helo may come again, after STARTTLS. It ends an open mail (RFC 5321, 4.1.4).
func (s *Session) helo(name string) (resp milter.Response) {
	defer s.recovered(&resp)
	s.abandon()
	s.name = name
	return milter.RespContinue
}

// mail begins a mail. One whose origin is no concern of the policy is
// accepted here, unread.
func (s *Session) mail() (resp milter.Response) {
	defer s.recovered(&resp)
	s.abandon()
	s.table.begin()
	tx := &transaction{session: s, began: time.Now(), engine: s.server.engine()}
	s.tx = tx
	s.server.Metrics.inFlight.Inc()
	s.guard.busy.Store(true)
	tx.env = rules.Envelope{
		Ref:      newRef(),
		Time:     s.server.clock(),
		Sender:   bare(s.guard.address),
		Client:   s.client,
		Helo:     s.name,
		Pickup:   s.pickup,
		SMTPUTF8: hasArg(s.guard.args, "SMTPUTF8"),
	}
	s.readMacros()
	if tx.engine == nil {
		return s.fail(faultNoPolicy)
	}
	if !tx.engine.OriginInScope(&tx.env) {
		return s.pass("origin")
	}
	return milter.RespContinue
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

// rcpt takes a recipient. It never accepts: that would cover the recipients
// yet to come. Nobody but postern itself may use its marker domain.
//
// QUIRK: for a mail of sendmail(1) Postfix takes a refused recipient for a
// mistake in its configuration and keeps the mail for ever; there the policy
// refuses the mail as a whole.
func (s *Session) rcpt() (resp milter.Response) {
	defer s.recovered(&resp)
	tx := s.tx
	if tx == nil || tx.final != nil {
		return s.answer()
	}
	s.readMacros()
	to := rules.Recipient{
		Address:   bare(s.guard.address),
		Canonical: bare(s.table.rcpt["rcpt_addr"]),
		Mailer:    s.table.rcpt["rcpt_mailer"],
	}
	clear(s.table.rcpt)
	if s.server.Enforce && !s.pickup && (isMarker(to.Address) || isMarker(to.Canonical)) {
		return refuseMarker()
	}
	if len(tx.env.Recipients) == maxRecipients {
		return s.fail(faultTooManyRecipients)
	}
	tx.env.Recipients = append(tx.env.Recipients, to)
	return milter.RespContinue
}

// field takes one field of the mail's header.
func (s *Session) field(name, value string) (resp milter.Response) {
	defer s.recovered(&resp)
	if done := s.open(); done != nil {
		return done
	}
	if strings.EqualFold(name, notice.Field) && s.isNotice(value) {
		return s.pass("notice")
	}
	if s.server.Enforce {
		s.tx.fields.add(name)
	}
	// With leading space agreed upon the MTA sends what follows the colon;
	// without, it has taken one blank off.
	if bad := s.tx.field(name, strings.TrimPrefix(value, " ")); bad != "" {
		return s.fail(bad)
	}
	return milter.RespContinue
}

// headerEnded ends the header.
func (s *Session) headerEnded() (resp milter.Response) {
	defer s.recovered(&resp)
	if done := s.open(); done != nil {
		return done
	}
	return milter.RespContinue
}

// chunk takes the next bytes of the body.
func (s *Session) chunk(b []byte) (resp milter.Response) {
	defer s.recovered(&resp)
	if done := s.open(); done != nil {
		return done
	}
	if bad := s.tx.write(b); bad != "" {
		return s.fail(bad)
	}
	return milter.RespContinue
}

// Body ends the mail: it is decided and the decision is sent.
func (s *Session) Body(m *milter.Modifier) (resp milter.Response, err error) {
	defer s.recovered(&resp)
	if done := s.open(); done != nil {
		return done, nil
	}
	return s.decide(m)
}

// abort ends the mail without a verdict. Postfix sends it after one, too.
func (s *Session) abort() {
	var resp milter.Response
	defer s.recovered(&resp)
	s.abandon()
	s.table.reset()
}

// open makes sure that the mail is being taken in. It begins when the first
// field comes, for then all recipients are known. A response is the final answer
// of a mail that is not, or no longer, read.
func (s *Session) open() milter.Response {
	tx := s.tx
	if tx == nil || tx.final != nil {
		return s.answer()
	}
	if tx.open {
		return nil
	}
	s.readMacros()
	if len(tx.env.Recipients) == 0 {
		return s.fail(faultNoRecipient)
	}
	if !tx.engine.InScope(&tx.env) {
		return s.pass("recipients")
	}
	tx.open = true
	s.guard.waited = 0
	s.wantFacts()
	return nil
}

// reading reports whether the MTA is in the midst of showing a mail.
func (s *Session) reading() bool { return s.tx != nil && s.tx.open && s.tx.final == nil }

// stalled ends a mail that the MTA does not go on with: MTAs have a mail whole
// before they show it, so that this one is in trouble. The reply is given to
// whatever it says next.
func (s *Session) stalled() {
	var resp milter.Response
	defer s.recovered(&resp)
	s.fail(faultStalled)
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
func (s *Session) recovered(resp *milter.Response) {
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
	*resp = milter.RespContinue
	if s.tx != nil {
		*resp = s.failQuietly(faultPanic)
	}
}

// macros, forget and ended make the Session, with what is above, the guard's tap.

func (s *Session) macros(stage byte, pairs []byte) { s.table.take(stage, pairs) }

func (s *Session) forget() {
	s.abandon()
	s.table, s.client, s.pickup, s.name = macroTable{}, netip.Addr{}, false, ""
}

// rest logs and notes a mail whose verdict the MTA has: its sender need not wait for
// that.
func (s *Session) rest() {
	after := s.after
	if after == nil {
		return
	}
	s.after = nil
	var resp milter.Response
	defer s.recovered(&resp)
	after()
}

func (s *Session) ended() {
	s.rest()
	s.abandon()
	s.server.Log.Debug("milter session ended", "bytes", s.guard.read)
}
