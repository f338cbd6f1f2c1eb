package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// resolvConf is where the servers stand that are asked if none was named.
const resolvConf = "/etc/resolv.conf"

// askTime bounds one question to one server.
const askTime = 5 * time.Second

// resolver asks the machine's resolvers, never the servers of a zone: it cannot
// check signatures, it can only believe one that does.
type resolver struct {
	servers []server
}

type server struct {
	address string
	trusted bool // its AD bit is
}

// newResolver asks the server of that address, "127.0.0.1" or "192.0.2.1:53",
// which then is trusted; without one those of the system, of which only those on
// this machine are.
func newResolver(address string) (*resolver, error) {
	if address != "" {
		whole, _, err := parseServer(address)
		if err != nil {
			return nil, err
		}
		return &resolver{[]server{{whole, true}}}, nil
	}
	conf, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	r := &resolver{}
	for _, one := range conf.Servers {
		if whole, ip, err := parseServer(one); err == nil {
			r.servers = append(r.servers, server{whole, ip.IsLoopback()})
		}
	}
	if len(r.servers) == 0 {
		return nil, fmt.Errorf("resolver: %s names no server", resolvConf)
	}
	return r, nil
}

// CheckResolver reports what is wrong about the address of a resolver.
func CheckResolver(address string) error {
	_, _, err := parseServer(address)
	return err
}

func parseServer(address string) (whole string, ip netip.Addr, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), "53"
	}
	if ip, err = netip.ParseAddr(host); err != nil || port == "" {
		return "", ip, fmt.Errorf("resolver %q: want an IP address, with or without a port", address)
	}
	return net.JoinHostPort(host, port), ip, nil
}

// answer is what a resolver has said of a name.
type answer struct {
	records []dns.RR
	signed  bool // so says a resolver that is trusted
	exists  bool // the name does
}

var errNoAnswer = errors.New("no resolver answers")

// ask puts a question to one server after the other until one answers it. That a
// name or record does not exist is an answer; that it cannot be had is none.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) (answer, error) {
	question := new(dns.Msg)
	question.SetQuestion(dns.Fqdn(name), kind)
	question.SetEdns0(1232, false)
	question.AuthenticatedData = true // asks for the AD bit (RFC 6840 section 5.7)
	for _, s := range r.servers {
		reply, err := exchange(ctx, question, s.address)
		if err != nil || reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
			continue
		}
		return answer{reply.Answer, reply.AuthenticatedData && s.trusted, reply.Rcode == dns.RcodeSuccess}, nil
	}
	return answer{}, errNoAnswer
}

// exchange asks by UDP, and by TCP where the answer was too long for that.
func exchange(ctx context.Context, question *dns.Msg, address string) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	for _, network := range []string{"udp", "tcp"} {
		reply, err := send(ctx, network, question, address)
		if err != nil && !(network == "udp" && reply != nil && reply.Truncated) {
			return nil, err
		}
		if network == "udp" && reply.Truncated {
			continue
		}
		if !slices.Equal(reply.Question, question.Question) {
			return nil, errors.New("an answer to another question")
		}
		return reply, nil
	}
	return nil, errNoAnswer
}

// send is one question over one network. The library looks at the context while it
// dials and not while it waits; we do.
func send(ctx context.Context, network string, question *dns.Msg, address string) (*dns.Msg, error) {
	type said struct {
		reply *dns.Msg
		err   error
	}
	done := make(chan said, 1)
	go func() {
		client := dns.Client{Net: network, Timeout: askTime}
		reply, _, err := client.ExchangeContext(ctx, question.Copy(), address)
		done <- said{reply, err}
	}()
	select {
	case one := <-done:
		return one.reply, one.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// texts are the TXT records of a name, each with its strings joined.
func (r *resolver) texts(ctx context.Context, name string) ([]string, error) {
	reply, err := r.ask(ctx, name, dns.TypeTXT)
	var all []string
	for _, record := range reply.records {
		if txt, ok := record.(*dns.TXT); ok {
			all = append(all, strings.Join(txt.Txt, ""))
		}
	}
	return all, err
}

// place is where a host is found.
type place struct {
	addresses []netip.Addr
	canonical string // the name that its aliases lead to
	signed    bool
}

// place finds a host's addresses.
func (r *resolver) place(ctx context.Context, host string) (place, error) {
	p := place{canonical: host}
	var failed error
	for i, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		reply, err := r.ask(ctx, host, kind)
		if err != nil {
			failed = err
			continue
		}
		for _, record := range reply.records {
			var ip net.IP
			switch record := record.(type) {
			case *dns.A:
				ip = record.A
			case *dns.AAAA:
				ip = record.AAAA
			case *dns.CNAME:
				p.canonical = name(record.Target)
			}
			if address, ok := netip.AddrFromSlice(ip); ok && len(p.addresses) < maxAddresses {
				p.addresses = append(p.addresses, address.Unmap())
			}
		}
		p.signed = reply.signed && (i == 0 || p.signed)
	}
	if len(p.addresses) == 0 && failed != nil {
		return p, failed
	}
	return p, nil
}

// exchanger is a host of a domain's MX records.
type exchanger struct {
	host       string
	preference int
}

// exchangers finds the hosts that take a domain's mail, the preferred ones first.
// Without MX records the domain itself is one (RFC 5321 section 5.1).
func (r *resolver) exchangers(ctx context.Context, domain string) (all []exchanger, signed bool, problem Problem) {
	reply, err := r.ask(ctx, domain, dns.TypeMX)
	switch {
	case err != nil:
		return nil, false, NoAnswer
	case !reply.exists:
		return nil, reply.signed, NoDomain
	}
	for _, record := range reply.records {
		if mx, ok := record.(*dns.MX); ok {
			all = append(all, exchanger{name(mx.Mx), int(mx.Preference)})
		}
	}
	if len(all) == 1 && all[0].host == "" {
		return nil, reply.signed, NoMail // RFC 7505
	}
	all = slices.DeleteFunc(all, func(e exchanger) bool { return !ValidDomain(e.host) })
	if len(all) == 0 {
		all = []exchanger{{domain, 0}}
	}
	slices.SortStableFunc(all, func(a, b exchanger) int { return a.preference - b.preference })
	return all[:min(len(all), maxHosts)], reply.signed, ""
}

// name is a name of the DNS as it is written elsewhere.
func name(fqdn string) string { return strings.ToLower(strings.TrimSuffix(fqdn, ".")) }

// ValidDomain reports whether a name can be that of a mail domain, in its ASCII
// form and in lower case. Names under "invalid", where the MTA's recipes have their
// marks, exist nowhere, and no name server is to be asked for them (RFC 6761
// section 6.4).
func ValidDomain(domain string) bool {
	if domain == "" || len(domain) > 253 || strings.Trim(domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	if domain == "invalid" || strings.HasSuffix(domain, ".invalid") {
		return false
	}
	_, err := netip.ParseAddr(domain)
	return err != nil
}
