package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy is an MTA-STS policy (RFC 8461 section 3.2).
type Policy struct {
	ID      string    `json:"id"`
	Mode    string    `json:"mode"` // enforce, testing or none
	MX      []string  `json:"mx"`   // hosts, or "*.example.org"
	Fetched time.Time `json:"fetched"`
	Until   time.Time `json:"until"` // by its max_age
}

// The bounds of a policy: bytes, patterns, time to fetch it, and a year.
const (
	maxPolicy    = 64 << 10
	maxPatterns  = 100
	stsTime      = 10 * time.Second
	maxAge       = 31_557_600
	stsWellKnown = "/.well-known/mta-sts.txt"
)

// allows reports whether the policy names a host (RFC 8461 section 4.1).
func (p *Policy) allows(host string) bool {
	return slices.ContainsFunc(p.MX, func(pattern string) bool {
		if rest, wild := strings.CutPrefix(pattern, "*."); wild {
			_, parent, found := strings.Cut(host, ".")
			return found && parent == rest
		}
		return pattern == host
	})
}

// sts finds a domain's policy. One that was fetched before stays as long as it
// said, if nothing newer can be had (RFC 8461 section 3.3).
func (p *prober) sts(ctx context.Context, domain string, before *Policy) *Policy {
	if before != nil && !before.Until.After(p.now()) {
		before = nil
	}
	texts, err := p.resolver.texts(ctx, "_mta-sts."+domain)
	if err != nil {
		return before
	}
	id, found := stsID(texts)
	if !found || before != nil && before.ID == id {
		return before
	}
	fetched, err := p.fetch(ctx, domain)
	if err != nil {
		return before
	}
	fetched.ID = id
	return fetched
}

// stsID finds the id in the TXT records (RFC 8461 section 3.1). More than one
// record is none.
func stsID(texts []string) (id string, found bool) {
	for _, text := range texts {
		fields := strings.Split(text, ";")
		if strings.TrimSpace(fields[0]) != "v=STSv1" {
			continue
		}
		if found {
			return "", false
		}
		for _, field := range fields[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			if value = strings.TrimSpace(value); strings.TrimSpace(key) == "id" && value != "" && len(value) <= 32 {
				id, found = value, true
			}
		}
	}
	return id, found
}

// fetch gets the policy over HTTPS: from a host that is verified, and from nowhere
// else, since a redirect is an error (RFC 8461 section 3.3).
func (p *prober) fetch(ctx context.Context, domain string) (*Policy, error) {
	ctx, cancel := context.WithTimeout(ctx, stsTime)
	defer cancel()
	transport := &http.Transport{
		DialContext: p.dial, TLSClientConfig: &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true, MaxResponseHeaderBytes: maxPolicy, Proxy: nil,
	}
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("a redirect") },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://mta-sts."+domain+stsWellKnown, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != "text/plain" {
		return nil, fmt.Errorf("got %s, %q", response.Status, kind)
	}
	return parsePolicy(io.LimitReader(response.Body, maxPolicy+1), p.now())
}

// dial asks our resolver, not the system's.
func (p *prober) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	at, err := p.resolver.place(ctx, host)
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("%q has no address", host)
	for _, one := range at.addresses {
		var conn net.Conn
		dialer := net.Dialer{Timeout: connectTime}
		if conn, err = dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(one, p.https).String()); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// parsePolicy reads the text of a policy. Fields that it does not know are passed
// over; of those that may stand once the first counts.
func parsePolicy(text io.Reader, now time.Time) (*Policy, error) {
	policy := &Policy{Fetched: now}
	fields := map[string]string{}
	lines, size := bufio.NewScanner(text), 0
	for lines.Scan() {
		if size += len(lines.Bytes()) + 1; size > maxPolicy {
			return nil, errors.New("the policy is too long")
		}
		key, value, _ := strings.Cut(lines.Text(), ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "mx" {
			policy.MX = append(policy.MX, strings.ToLower(strings.TrimSuffix(value, ".")))
		} else if _, twice := fields[key]; !twice {
			fields[key] = value
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	age, err := strconv.Atoi(fields["max_age"])
	policy.Mode = fields["mode"]
	switch {
	case fields["version"] != "STSv1":
		return nil, fmt.Errorf("version %.20q", fields["version"])
	case !slices.Contains([]string{"enforce", "testing", "none"}, policy.Mode):
		return nil, fmt.Errorf("mode %.20q", policy.Mode)
	case err != nil || age < 0 || age > maxAge:
		return nil, fmt.Errorf("max_age %.20q", fields["max_age"])
	case len(policy.MX) > maxPatterns || len(policy.MX) == 0 && policy.Mode != "none":
		return nil, fmt.Errorf("%d hosts", len(policy.MX))
	}
	for _, pattern := range policy.MX {
		if !ValidDomain(strings.TrimPrefix(pattern, "*.")) {
			return nil, fmt.Errorf("mx %.60q", pattern)
		}
	}
	policy.Until = now.Add(time.Duration(age) * time.Second)
	return policy, nil
}
