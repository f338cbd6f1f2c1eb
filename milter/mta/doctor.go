package mta

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/rules"
)

// Level says how bad a finding is.
type Level string

// The levels, the worst first.
const (
	Wrong Level = "wrong" // mail leaves unread, in clear or with our marks, or is stuck
	Risky Level = "risky" // it does under some circumstance, or an outage costs too much
	Note  Level = "note"  // to be known
)

// Finding is one thing that is missing or unsafe in the MTA's configuration.
type Finding struct {
	Level     Level  `json:"level"`
	Check     string `json:"check"`     // which check found it
	Parameter string `json:"parameter"` // and where
	Found     string `json:"found"`
	Why       string `json:"why"`
	Repair    string `json:"repair"` // the line or command that puts it right
}

// Setup is what postern's own configuration and policy rely on.
type Setup struct {
	Enforce  bool
	Listen   []string // as [milter] listen
	Routes   rules.Routes
	MailTime time.Duration
	Partners []rules.Partner // of the registry
	Table    string          // where postern answers for smtp_tls_policy_maps; empty if it does not
}

// routed reports whether mail may get a route at all.
func (s *Setup) routed() bool {
	return s.Routes.TLS || s.Routes.TLSVerified || len(s.Routes.Gateways) > 0
}

// Patient is an MTA whose configuration can be examined.
type Patient interface {
	// Examine reads the configuration, changes nothing, and returns what is amiss,
	// the worst first. The error says that it could not be read.
	Examine(ctx context.Context, setup Setup) ([]Finding, error)
}

// examination collects findings.
type examination struct {
	setup Setup
	found []Finding
}

func (x *examination) add(level Level, check, parameter, found, why, repair string) {
	f := Finding{level, check, Cut(parameter, 200), Cut(found, 300), why, repair}
	if !slices.Contains(x.found, f) {
		x.found = append(x.found, f)
	}
}

// enforced is the level of what is wrong where decisions are carried out, and
// only risky while postern looks on.
func (x *examination) enforced() Level {
	if x.setup.Enforce {
		return Wrong
	}
	return Risky
}

// findings are in the order of their levels.
func (x *examination) findings() []Finding {
	order := map[Level]int{Wrong: 0, Risky: 1, Note: 2}
	slices.SortStableFunc(x.found, func(a, b Finding) int { return cmp.Compare(order[a.Level], order[b.Level]) })
	return x.found
}

// maxDrift bounds how many entries of the registry are told one by one.
const maxDrift = 10

// drift compares the registry with the table that the MTA uses.
func (x *examination) drift(parameter, repair string, different []Difference) {
	for i, d := range different {
		if i == maxDrift {
			x.add(Risky, "registry", parameter, fmt.Sprintf("and %d more", len(different)-i), driftWhy, repair)
			return
		}
		x.add(Risky, "registry", parameter, fmt.Sprintf("%s is %s: has %q, the registry wants %q", d.Key, d.Problem, d.Got, d.Want), driftWhy, repair)
	}
}

const driftWhy = "the partner registry promises TLS for this domain; the MTA's own table demands less of mail that postern gives no route"

// address is where a milter listens: its family, and host and port or path.
type address struct{ family, host, port string }

// parseAddress reads the forms of Postfix, of Sendmail and of postern.
func parseAddress(s string) address {
	family, rest, ok := strings.Cut(s, ":")
	switch {
	case ok && (family == "unix" || family == "local"):
		return address{family: "unix", host: rest}
	case ok && family == "fd":
		return address{family: "fd", host: rest}
	case !ok || family != "inet" && family != "inet6":
		rest = s
	}
	if port, host, ok := strings.Cut(rest, "@"); ok {
		return address{"inet", strings.Trim(host, "[]"), port}
	}
	colon := strings.LastIndexByte(rest, ':')
	return address{"inet", strings.Trim(rest[:max(colon, 0)], "[]"), rest[colon+1:]}
}

// isLoopback reads a host or a network, with or without brackets.
func isLoopback(host string) bool {
	host, _, _ = strings.Cut(host, "/")
	host = strings.Trim(host, "[]")
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "::ffff:127.")
}

// reaches reports whether what the MTA dials is where postern listens. Paths are
// compared as the MTA sees them, by the caller.
func (dialed address) reaches(listening address) bool {
	if dialed.family != "inet" || listening.family != "inet" || dialed.port != listening.port {
		return false
	}
	everywhere := listening.host == "" || listening.host == "0.0.0.0" || listening.host == "::" || listening.host == "*"
	return everywhere || dialed.host == listening.host || isLoopback(dialed.host) && isLoopback(listening.host)
}
