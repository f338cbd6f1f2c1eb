package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// prober looks at one domain after the other.
type prober struct {
	resolver    *resolver
	roots       *x509.CertPool // nil: the system's
	helo        string
	port, https uint16
	fresh       time.Duration
	now         func() time.Time
}

// brief is for how long it counts that nothing is known.
const brief = 5 * time.Minute

// newProber readies a prober. The error is of a resolver or of authorities that
// cannot be had.
func newProber(o *Options) (*prober, error) {
	p := &prober{helo: o.Helo, port: o.port, https: o.https, fresh: o.Fresh, now: o.now}
	var err error
	if p.resolver, err = newResolver(o.Resolver); err != nil {
		return nil, err
	}
	if o.CAFile != "" {
		text, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, err
		}
		if p.roots = x509.NewCertPool(); !p.roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", o.CAFile)
		}
	}
	return p, nil
}

// probe looks at a domain; before is what was found the last time, or nil.
func (p *prober) probe(ctx context.Context, domain string, before *Result) *Result {
	r := &Result{Domain: domain, Time: p.now().UTC().Truncate(time.Second), State: Unknown, Hosts: []Host{}}
	var last *Policy
	if before != nil {
		last = before.STS
	}
	var all []exchanger
	if all, r.Signed, r.Problem = p.resolver.exchangers(ctx, domain); r.Problem == "" {
		r.STS = p.sts(ctx, domain, last)
		r.Hosts = make([]Host, len(all))
		var hosts sync.WaitGroup
		for i, one := range all {
			hosts.Go(func() { r.Hosts[i] = p.host(ctx, domain, one, r) })
		}
		hosts.Wait()
		r.conclude()
	}
	r.Expires = r.Time.Add(p.fresh)
	if r.By == BySTS && r.STS.Until.Before(r.Expires) {
		r.Expires = r.STS.Until // with its policy it ends
	}
	if r.State == Unknown {
		r.Expires = r.Time.Add(min(p.fresh, brief))
	}
	return r
}

// host looks at one host of a domain.
func (p *prober) host(ctx context.Context, domain string, one exchanger, r *Result) Host {
	h := Host{Name: one.host, Preference: one.preference, Names: []string{}}
	at, err := p.resolver.place(ctx, one.host)
	if err != nil {
		h.Problem = NoAnswer
		return h
	}
	chain := p.speak(ctx, &h, at.addresses)
	h.InSTS = r.STS != nil && r.STS.allows(h.Name)
	p.judge(&h, domain, chain)
	if r.Signed && at.signed {
		h.DANE = p.dane(ctx, &h, domain, at, chain)
	}
	return h
}
