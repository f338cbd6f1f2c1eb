package milter

import (
	"strings"

	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/rules"
)

// facts is what one mail's policies want to know beforehand, and of whom.
type facts struct {
	wanted  rules.FactsWanted
	outside []string // recipients
	domains []string // theirs
}

// wantFacts has found out what is not known yet, while the mail is still being
// read. It waits for nothing.
func (s *Session) wantFacts() {
	tx := s.tx
	tx.facts.wanted = tx.engine.FactsWanted()
	if tx.shadow != nil && tx.shadow.engine != nil {
		other := tx.shadow.engine.FactsWanted()
		tx.facts.wanted.TLS = tx.facts.wanted.TLS || other.TLS
	}
	if !tx.facts.wanted.TLS || s.server.Destinations == nil {
		return
	}
	tx.facts.outside = tx.engine.Outside(&tx.env)
	seen := map[string]bool{}
	for _, to := range tx.facts.outside {
		if domain := to[strings.LastIndexByte(to, '@')+1:]; !seen[domain] {
			seen[domain] = true
			tx.facts.domains = append(tx.facts.domains, domain)
		}
	}
	s.server.Destinations.Want(tx.facts.domains...)
}

// tellFacts puts what is known by now into the envelope. Of each domain something
// stands there, if only that nothing is known: else what is known of a parent
// domain would count for it.
func (s *Session) tellFacts() {
	tx := s.tx
	if len(tx.facts.domains) == 0 {
		return
	}
	tx.env.Facts = &rules.Facts{TLS: make(map[string]string, len(tx.facts.domains))}
	for _, domain := range tx.facts.domains {
		state := probe.Unknown
		if r, known := s.server.Destinations.Known(domain); known {
			state = r.State
		}
		tx.env.Facts.TLS[domain] = string(state)
		s.server.Metrics.probeAnswers.WithLabelValues(string(state)).Inc()
	}
}
