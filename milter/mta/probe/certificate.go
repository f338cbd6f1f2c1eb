package probe

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// DANE is what the TLSA records of a host say of its certificate.
type DANE string

// What DANE says. Records that no sender of mail may use (RFC 7672 section 3.1.3)
// count as none.
const (
	NoDANE      DANE = ""
	DANEMatches DANE = "matches"
	DANEFails   DANE = "fails" // none matches, or they cannot be had
)

// judge notes whom a certificate is for and who stands for it.
func (p *prober) judge(h *Host, domain string, chain []*x509.Certificate) {
	h.Names = []string{}
	if len(chain) == 0 {
		return
	}
	leaf := chain[0]
	for _, one := range leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)] {
		if one = strings.ToLower(one); ValidDomain(strings.TrimPrefix(one, "*.")) {
			h.Names = append(h.Names, one)
		}
	}
	h.Expires = leaf.NotAfter.UTC()
	h.Trusted = verifies(chain, p.roots, p.now())
	h.ForHost = leaf.VerifyHostname(h.Name) == nil
	h.ForDomain = isFor(leaf, domain)
}

func verifies(chain []*x509.Certificate, roots *x509.CertPool, at time.Time) bool {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err == nil
}

// isFor reports whether a certificate names a domain or a name below it, as
// Postfix's match=nexthop:dot-nexthop has it.
func isFor(leaf *x509.Certificate, domain string) bool {
	if leaf.VerifyHostname(domain) == nil {
		return true
	}
	for _, one := range leaf.DNSNames {
		if strings.HasSuffix(strings.ToLower(one), "."+domain) {
			return true
		}
	}
	return false
}

// dane compares the certificate of a host with its TLSA records. They count only
// where every record on the way to them is signed (RFC 7672 section 2.2).
func (p *prober) dane(ctx context.Context, h *Host, domain string, at place, chain []*x509.Certificate) DANE {
	bases := []string{h.Name}
	if at.canonical != h.Name {
		bases = []string{at.canonical, h.Name}
	}
	for _, base := range bases {
		reply, err := p.resolver.ask(ctx, fmt.Sprintf("_%d._tcp.%s", p.port, base), dns.TypeTLSA)
		if err != nil {
			return DANEFails // a forger could have done that
		}
		if !reply.signed {
			continue
		}
		usable := false
		for _, record := range reply.records {
			tlsa, ok := record.(*dns.TLSA)
			if !ok || !isUsable(tlsa) {
				continue
			}
			usable = true
			if p.matches(tlsa, chain, h.Name, base, domain) {
				return DANEMatches
			}
		}
		if usable {
			return DANEFails
		}
	}
	return NoDANE
}

// Certificate usages, selectors and matching types of RFC 6698 section 7.
const (
	usageTA, usageEE    = 2, 3
	wholeCert, keyOnly  = 0, 1
	exact, sum256, s512 = 0, 1, 2
)

func isUsable(t *dns.TLSA) bool {
	return (t.Usage == usageTA || t.Usage == usageEE) && t.Selector <= keyOnly && t.MatchingType <= s512 && t.Certificate != ""
}

// matches compares a record with the certificates that were shown. Of the host's
// own nothing but its key counts (RFC 7672 section 3.1.1); an authority must have
// issued it for one of the names, and for today (section 3.1.2).
func (p *prober) matches(t *dns.TLSA, chain []*x509.Certificate, names ...string) bool {
	if len(chain) == 0 {
		return false
	}
	if t.Usage == usageEE {
		return is(chain[0], t)
	}
	authorities := x509.NewCertPool()
	found := false
	for _, c := range chain[1:] {
		if is(c, t) {
			authorities.AddCert(c)
			found = true
		}
	}
	if whole, err := hex.DecodeString(t.Certificate); err == nil && t.Selector == wholeCert && t.MatchingType == exact {
		if c, err := x509.ParseCertificate(whole); err == nil {
			authorities.AddCert(c)
			found = true
		}
	}
	if !found || !verifies(chain, authorities, p.now()) {
		return false
	}
	for _, one := range names {
		if chain[0].VerifyHostname(one) == nil {
			return true
		}
	}
	return false
}

// is compares one certificate with what a record says of it.
func is(c *x509.Certificate, t *dns.TLSA) bool {
	data := c.Raw
	if t.Selector == keyOnly {
		data = c.RawSubjectPublicKeyInfo
	}
	switch t.MatchingType {
	case sum256:
		sum := sha256.Sum256(data)
		data = sum[:]
	case s512:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return strings.EqualFold(hex.EncodeToString(data), t.Certificate)
}
