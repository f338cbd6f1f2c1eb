package milter

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

// fault is why a mail in scope got no verdict, or none that could be carried
// out. The set is closed: metrics and audit name it.
type fault string

const (
	faultPanic             fault = "panic"
	faultNoPolicy          fault = "no-policy"
	faultNoRecipient       fault = "no-recipient"
	faultTooManyRecipients fault = "too-many-recipients"
	faultTooManyFields     fault = "too-many-fields" // forged ones could not be counted
	faultCancelled         fault = "cancelled"
	faultOverload          fault = "overload"    // no room within the time that a mail waits for it
	faultStalled           fault = "stalled"     // the MTA stopped in its midst
	faultSpool             fault = "spool"       // an attachment could not be kept
	faultNotOffered        fault = "not-offered" // the MTA lacks the means
	faultWrongMTA          fault = "wrong-mta"   // [routes] speaks of the other one
	faultUnsafeEdit        fault = "unsafe-edit" // a name or address that must not reach the wire
	faultAudit             fault = "audit"       // the required record was not written
)

var faults = []fault{
	faultPanic, faultNoPolicy, faultNoRecipient, faultCancelled,
	faultNotOffered, faultWrongMTA, faultUnsafeEdit, faultTooManyFields, faultTooManyRecipients, faultAudit,
	faultOverload, faultStalled, faultSpool,
}

// decide finishes the inspection and carries the decision out.
func (s *Session) decide(m *milter.Modifier) (milter.Response, error) {
	tx, ended := s.tx, time.Now()
	s.readMacros()
	if tx.inspection == nil { // a short mail: all of it was taken in
		if bad := tx.begin(); bad != "" {
			return s.fail(bad), nil
		}
	}
	s.tellFacts()
	verdict, shadow, err := s.finish()
	if err != nil {
		return s.fail(tx.faultOf(err)), nil
	}
	defer verdict.Close()
	burst, bad := s.plan(verdict)
	if bad != "" {
		return s.fail(bad), nil
	}
	now := time.Now()
	entry := audit.Entry{
		Envelope: &tx.env, Report: verdict.Report, Decision: verdict.Decision,
		Mode: s.server.mode(), PolicyID: tx.engine.ID(), Checksum: tx.engine.Checksum(),
		MessageTime: now.Sub(tx.began), VerdictTime: now.Sub(ended), Shadow: shadow,
	}
	if s.server.AuditRequired && s.note(entry) != nil {
		return s.fail(faultAudit), nil
	}
	s.server.Metrics.verdict(verdict, s.server.mode(), entry.MessageTime, entry.VerdictTime)
	// Nothing but the connection can fail from here on.
	s.notify(tx.engine, verdict)
	s.noteFacts(verdict)
	s.after = func() {
		s.tell(entry)
		if !s.server.AuditRequired {
			_ = s.note(entry) // counted where it fails
		}
	}
	if err := s.send(m, burst); err != nil {
		s.settle(burst.reply)
		return nil, err
	}
	s.settle(burst.reply)
	return burst.reply, nil
}

// faultOf is the fault that an inspection's error stands for: it was cancelled, or
// the machine could not keep the mail.
func (tx *transaction) faultOf(err error) fault {
	tx.cause = err
	switch {
	case errors.Is(err, context.Canceled):
		return faultCancelled
	case errors.Is(err, extract.ErrNoMemory):
		return faultOverload
	}
	return faultSpool
}

// finish ends the inspection while the MTA is told that we are at it.
func (s *Session) finish() (*rules.Verdict, *audit.Shadow, error) {
	stop := s.guard.progress(s.server.ProgressEvery, s.tx.cancel)
	defer stop()
	verdict, err := s.tx.inspection.Finish()
	s.tx.inspection = nil
	if err != nil {
		return nil, nil, err
	}
	return verdict, s.tx.shadow.finish(verdict.Decision), nil
}

// note writes the audit record, if one is kept.
func (s *Session) note(entry audit.Entry) error {
	var err error
	if s.server.AuditRequired {
		ctx, cancel := context.WithTimeout(s.server.base, s.server.AuditWait)
		err = s.server.Audit.Write(ctx, entry)
		cancel()
	} else {
		err = s.server.Audit.Queue(entry)
	}
	if err != nil {
		s.server.Metrics.AuditFailed()
		s.server.Log.Error("audit record was not written", "queue_id", entry.Envelope.QueueID, "ref", entry.Envelope.Ref, "error", err)
	}
	return err
}

// fail ends the mail with a fault: deferred in enforce mode, accepted in
// observe mode.
func (s *Session) fail(why fault) milter.Response {
	tx := s.tx
	if tx.final != nil {
		return tx.final
	}
	var reply milter.Response = milter.RespAccept
	if s.server.Enforce {
		reply = deferred(tx.env.Ref, why)
	}
	s.settle(reply) // first, so that nothing below can leave the mail open
	s.server.Metrics.faults.WithLabelValues(string(why)).Inc()
	if why == faultOverload {
		s.server.Metrics.overload.Inc()
	}
	about := []any{"queue_id", tx.env.QueueID, "ref", tx.env.Ref, "fault", string(why), "mode", s.server.mode()}
	if tx.cause != nil {
		about = append(about, "error", tx.cause)
	}
	s.server.Log.Error("mail got no verdict", about...)
	if why == faultAudit {
		return reply
	}
	entry := audit.Entry{
		Envelope: &tx.env, Mode: s.server.mode(), Fault: string(why), MessageTime: time.Since(tx.began),
	}
	if tx.engine != nil {
		entry.PolicyID, entry.Checksum = tx.engine.ID(), tx.engine.Checksum()
	}
	_ = s.note(entry) // counted where it fails; the mail has failed already
	return reply
}

// failQuietly is fail after a panic: what panics again while the fault is noted
// is let go.
func (s *Session) failQuietly(why fault) (reply milter.Response) {
	tx := s.tx
	defer func() {
		if recover() != nil {
			reply = tx.final
		}
	}()
	return s.fail(why)
}

// tell writes the one log line of a mail that was read.
func (s *Session) tell(e audit.Entry) {
	d := e.Decision
	var fired, routes []string
	for _, r := range d.Rules {
		if r.Fired {
			fired = append(fired, r.ID)
		}
	}
	for _, o := range d.Recipients {
		if !slices.Contains(routes, string(o.Route)) {
			routes = append(routes, string(o.Route))
		}
	}
	findings := 0
	counts := make([]any, 0, len(e.Report.Tallies))
	for id, c := range e.Report.Counts() {
		findings += c.Total
		counts = append(counts, slog.Int(id, c.Unique))
	}
	s.server.Log.Info("mail read", "queue_id", e.Envelope.QueueID, "ref", e.Envelope.Ref,
		"action", d.Action.String(), "mode", e.Mode, "direction", string(d.Direction), "routes", routes,
		"rules", fired, "recipients", len(d.Recipients), "findings", findings, slog.Group("unique", counts...),
		"unread", len(e.Report.Unread()), "bytes", e.Report.Bytes, "seconds", e.MessageTime.Seconds())
}
