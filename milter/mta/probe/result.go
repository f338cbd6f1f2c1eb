package probe

import (
	"slices"
	"time"
)

// State is what a mail system is known to do, in the words of rules.Facts.
type State string

// The States. What is not known is never taken for good.
const (
	Unknown  State = "unknown"
	None     State = "none"         // no TLS of today's strength
	TLS      State = "tls"          // TLS; whom one speaks to cannot be verified
	Verified State = "tls-verified" // TLS, and that can be verified
)

// States lists every State.
func States() []State { return []State{Unknown, None, TLS, Verified} }

func (s State) rank() int { return slices.Index(States(), s) }

// Means is how it can be verified whom one speaks to.
type Means string

// The Means, the one that counts for most first: a domain that publishes TLSA
// records is verified by them or not at all (RFC 8461 section 2).
const (
	ByDANE        Means = "dane"
	BySTS         Means = "mta-sts"
	ByCertificate Means = "certificate" // issued for the domain itself
)

// Problem is why nothing is known.
type Problem string

// The Problems of a domain and of a host.
const (
	NoDomain    Problem = "no-domain"   // it does not exist
	NoMail      Problem = "no-mail"     // it says that it takes none
	NoAnswer    Problem = "no-answer"   // the resolver fails, as it does for forged records
	Unreachable Problem = "unreachable" // no host answers
	NotOffered  Problem = "not-offered" // a host has no STARTTLS
	Refused     Problem = "refused"     // it offers STARTTLS and refuses it
	Handshake   Problem = "handshake"   // no common version or cipher
)

// Result is what one probe of a domain has found. It is not changed once it is
// handed out.
type Result struct {
	Domain  string    `json:"domain"`
	Time    time.Time `json:"time"`    // of the probe
	Expires time.Time `json:"expires"` // from then on it counts for nothing
	State   State     `json:"state"`
	By      Means     `json:"by"`      // what verifies it; empty if nothing does
	Problem Problem   `json:"problem"` // why the state is unknown
	Signed  bool      `json:"signed"`  // the MX records are, by DNSSEC
	Hosts   []Host    `json:"hosts"`   // by preference, at most maxHosts
	STS     *Policy   `json:"mta_sts"` // nil if there is none
}

// Host is a host that takes a domain's mail.
type Host struct {
	Name       string  `json:"name"`
	Preference int     `json:"preference"`
	Address    string  `json:"address"` // that was spoken to
	Problem    Problem `json:"problem"`
	Version    string  `json:"version"` // of TLS; empty without
	Cipher     string  `json:"cipher"`
	Bits       int     `json:"bits"`
	// Names, Expires, Trusted, ForDomain and ForHost are of the certificate: what it
	// names, until when it is valid, whether an authority that is trusted stands for
	// it, and whom it was issued for.
	Names     []string  `json:"names"`
	Expires   time.Time `json:"expires"`
	Trusted   bool      `json:"trusted"`
	ForDomain bool      `json:"for_domain"`
	ForHost   bool      `json:"for_host"`
	// DANE is what its TLSA records say: empty if there are none that are signed.
	DANE DANE `json:"dane"`
	// InSTS says that the MTA-STS policy names the host.
	InSTS bool `json:"in_mta_sts"`
}

// answered reports whether a host has shown what it can do.
func (h *Host) answered() bool { return h.Problem != Unreachable && h.Problem != NoAnswer }

func (h *Host) state() State {
	if h.Version == "" {
		return None
	}
	return TLS
}

// by reports whether whom one speaks to is verified by a means.
func (h *Host) by(means Means, sts *Policy) bool {
	switch means {
	case ByDANE:
		return h.DANE == DANEMatches
	case BySTS:
		return sts != nil && sts.Mode == "enforce" && h.InSTS && h.Trusted && h.ForHost
	case ByCertificate:
		return h.Trusted && h.ForDomain
	}
	return false
}

// conclude works out the state from the hosts: that of the weakest that answers.
func (r *Result) conclude() {
	r.State, r.By = Unknown, ""
	var heard []*Host
	for i := range r.Hosts {
		if h := &r.Hosts[i]; h.answered() {
			heard = append(heard, h)
		}
	}
	if len(heard) == 0 {
		if r.Problem == "" {
			r.Problem = Unreachable
		}
		return
	}
	r.State = TLS
	for _, h := range heard {
		if h.state().rank() < r.State.rank() {
			r.State = h.state()
		}
	}
	if r.State != TLS {
		return
	}
	for _, means := range r.means() {
		if !slices.ContainsFunc(heard, func(h *Host) bool { return !h.by(means, r.STS) }) {
			r.State, r.By = Verified, means
			return
		}
	}
}

// means are those by which the domain may be verified: where it has TLSA records,
// by them alone, and where its MTA-STS policy is in force, by that.
func (r *Result) means() []Means {
	switch {
	case r.danes():
		return []Means{ByDANE}
	case r.STS != nil && r.STS.Mode == "enforce":
		return []Means{BySTS}
	}
	return []Means{ByCertificate}
}

// danes reports whether any host has TLSA records that count.
func (r *Result) danes() bool {
	return slices.ContainsFunc(r.Hosts, func(h Host) bool { return h.DANE == DANEMatches || h.DANE == DANEFails })
}

// renew is when a result is to be replaced.
func (r *Result) renew() time.Time { return r.Time.Add(r.Expires.Sub(r.Time) * 3 / 4) }
