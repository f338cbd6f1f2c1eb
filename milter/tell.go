package milter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// isNotice reports whether the mail is one of our own notices to the officer:
// judged again it could cause another, and so on for ever.
func (s *Session) isNotice(seal string) bool {
	if s.tx.env.Sender != "" {
		return false
	}
	recipients := make([]string, len(s.tx.env.Recipients))
	for i, r := range s.tx.env.Recipients {
		recipients[i] = r.Address
	}
	return s.server.Notices.Ours(seal, recipients)
}

// notify tells the officer of a mail whose decision was carried out.
func (s *Session) notify(e engine, v *rules.Verdict) {
	d := v.Decision
	if !s.server.Enforce || len(d.Notify) == 0 || e.Officer() == "" {
		return
	}
	env := v.Envelope
	event := notice.Event{
		Time: env.Time, To: []string{e.Officer()}, Ref: env.Ref, QueueID: env.QueueID, Sender: env.Sender,
		Mode: s.server.mode(), Action: d.Action.String(), Policy: e.ID() + " " + e.Checksum(),
	}
	for _, r := range env.Recipients {
		event.Recipients = append(event.Recipients, r.Address)
	}
	for i := range d.Rules {
		r := &d.Rules[i]
		if !slices.Contains(d.Notify, r.ID) {
			continue
		}
		event.Rules = append(event.Rules, notice.Rule{ID: r.ID, Clause: r.Clause})
		for _, because := range r.Because {
			if !slices.Contains(event.Found, because) {
				event.Found = append(event.Found, because)
			}
		}
	}
	event.Found = append(event.Found, samples(v.Report)...)
	s.server.Notices.Add(event)
}

// maxSamples bounds the masked findings that a notice lists.
const maxSamples = 10

// samples are the surest findings, masked, in the order of the mail.
func samples(report *classify.Report) []string {
	found := slices.Clone(report.Findings)
	slices.SortStableFunc(found, func(a, b classify.Finding) int { return cmp.Compare(b.Confidence, a.Confidence) })
	lines := []string{}
	for _, f := range found {
		part, _, _ := strings.Cut(f.Part, "!")
		line := fmt.Sprintf("%s %s (%s), %s %s", f.Detector, f.Masked, f.Confidence, f.Where, part)
		if !slices.Contains(lines, line) && len(lines) < maxSamples {
			lines = append(lines, line)
		}
	}
	return lines
}
