package milter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/rules"
)

// knowledge is what one mail's policies want to know beforehand, and of whom.
type knowledge struct {
	wanted  rules.FactsWanted
	outside []string // recipients
	domains []string // theirs
}

// maxWanted bounds the domains that one mail can have probed.
const maxWanted = 200

// wantFacts has found out what is not known yet, while the mail is still being
// read. It waits for nothing.
func (s *Session) wantFacts() {
	tx := s.tx
	wanted := tx.engine.FactsWanted()
	if shadow := s.server.shadowEngine(); shadow != nil {
		other := shadow.FactsWanted()
		wanted.TLS, wanted.FirstContact = wanted.TLS || other.TLS, wanted.FirstContact || other.FirstContact
		wanted.Volume = wanted.Volume || other.Volume
	}
	wanted.TLS = wanted.TLS && s.server.Destinations != nil
	tx.known.wanted = wanted
	if !wanted.TLS && s.server.Facts == nil {
		return
	}
	tx.known.outside = tx.engine.Outside(&tx.env)
	for _, to := range tx.known.outside {
		tx.known.domains = append(tx.known.domains, to[strings.LastIndexByte(to, '@')+1:])
	}
	slices.Sort(tx.known.domains)
	tx.known.domains = slices.Compact(tx.known.domains)
	if wanted.TLS {
		s.server.Destinations.Want(tx.known.domains[:min(len(tx.known.domains), maxWanted)]...)
	}
}

// tellFacts puts what is known by now into the envelope.
func (s *Session) tellFacts() {
	tx := s.tx
	if len(tx.known.domains) == 0 {
		return
	}
	facts := &rules.Facts{}
	if tx.known.wanted.TLS {
		facts.TLS = s.states(tx.known.domains)
	}
	if tx.known.wanted.FirstContact {
		facts.FirstContact = s.server.Facts.First(s.writer(), tx.known.outside)
	}
	if tx.known.wanted.Volume {
		facts.Volume = s.server.Facts.Volumes(s.writer(), tx.known.domains)
	}
	tx.env.Facts = facts
}

// states is what is known of domains. Of each of them something stands there, if
// only that nothing is known: else what is known of a parent domain would count.
func (s *Session) states(domains []string) map[string]string {
	all := make(map[string]string, len(domains))
	for _, domain := range domains {
		state := probe.Unknown
		if r, known := s.server.Destinations.Known(domain); known {
			state = r.State
		}
		all[domain] = string(state)
		s.server.Metrics.probeAnswers.WithLabelValues(string(state)).Inc()
	}
	return all
}

// noteFacts remembers a mail that goes on: who has written to whom, and how many
// values were sent where. A held mail counts, for it may be released.
func (s *Session) noteFacts(v *rules.Verdict) {
	tx := s.tx
	if s.server.Facts == nil || len(tx.known.outside) == 0 || s.server.Enforce && v.Decision.Action > rules.Hold {
		return
	}
	counts := map[string]int{}
	for id, c := range v.Report.Counts() {
		if n := c.High + c.Medium; n > 0 {
			counts[id] = n
		}
	}
	s.server.Facts.Note(s.writer(), tx.known.outside, tx.known.domains, counts)
}

// writer is the sender as facts know one: by the login, whatever address it sends
// by.
func (s *Session) writer() string { return cmp.Or(s.tx.env.User, s.tx.env.Sender) }
