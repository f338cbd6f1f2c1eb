package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

// ErrNoVerdict says that a record tells of a mail that was never judged.
var ErrNoVerdict = errors.New("the mail got no verdict")

// Parse reads a line of the file. Fields that it does not know are passed over:
// within a version fields are added. The error is ErrHandling if the line tells
// of no mail.
func Parse(line []byte) (*Record, error) {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		// The error of a damaged line may quote it, and a line may be anything.
		return nil, errors.New("not a record: it is cut short or no JSON of this schema")
	}
	switch {
	case r.V != Version:
		return nil, fmt.Errorf("schema version %d, wanted %d", r.V, Version)
	case r.Kind == KindRelease || r.Kind == KindDrop:
		return nil, ErrHandling
	case r.Kind != KindMail && r.Kind != "": // before there were kinds, all were mails
		return nil, errors.New("a record of a kind that is not known")
	case r.Fault != "":
		return &r, nil
	case len(r.Recipients) != len(r.Envelope.Recipients) || len(r.Recipients) == 0:
		return nil, fmt.Errorf("a decision for %d recipients, the envelope has %d", len(r.Recipients), len(r.Envelope.Recipients))
	}
	for i := range r.Recipients {
		var action rules.Action
		if err := action.UnmarshalText([]byte(r.Recipients[i].Action)); err != nil {
			return nil, errors.New("the action of a recipient is unknown")
		}
	}
	return &r, nil
}

// Input is what the mail was judged by, as far as the record tells: the Report has
// no findings, and of parts neither names nor claims. The error is ErrNoVerdict.
func (r *Record) Input() (*rules.Envelope, *classify.Report, error) {
	if r.Fault != "" {
		return nil, nil, ErrNoVerdict
	}
	e := &r.Envelope
	env := &rules.Envelope{
		Ref: r.Ref, QueueID: r.QueueID, Time: r.Time, Sender: e.Sender, Recipients: slices.Clone(e.Recipients),
		User: e.User, Helo: e.Helo, Daemon: e.Daemon, Pickup: e.Pickup, TLS: e.TLS, SMTPUTF8: e.SMTPUTF8,
		Direction: rules.Direction(e.Direction),
		Facts:     &rules.Facts{FirstContact: e.Facts.FirstContact, Reply: e.Facts.Reply, TLS: e.Facts.TLS, Volume: e.Facts.Volume},
	}
	if client, err := netip.ParseAddr(e.Client); err == nil {
		env.Client = client
	}
	report := &classify.Report{
		Tallies: r.Report.Tallies, Named: r.Report.Named, Answers: r.Report.Answers, Anomalies: r.Report.Anomalies,
		Bytes: r.Report.Bytes, Unable: r.Report.Unable, Asked: r.Report.Asked,
	}
	for i := range r.Report.Parts {
		report.Parts = append(report.Parts, r.Report.Parts[i].input())
		report.ByPart = append(report.ByPart, r.Report.Parts[i].Tallies)
	}
	return env, report, nil
}

// input is the part as rules look at it.
func (p *Part) input() extract.Part {
	one := extract.Part{
		Path: p.Part, Detected: p.Type, Bytes: p.Bytes, Encrypted: p.Encrypted, Cipher: p.Cipher, Weak: p.Weak,
		Unscannable: p.Unscannable, Problem: extract.Problem(p.Problem), Where: extract.Body,
		HiddenLinks: p.HiddenLinks, ConcealedLinks: p.ConcealedLinks,
	}
	if p.Attachment {
		one.Where = extract.Attachment
		if !rules.IsAttachment(&one) {
			one.Path += "!" // in an attached mail's header: numbers alone do not tell
		}
	}
	return one
}
