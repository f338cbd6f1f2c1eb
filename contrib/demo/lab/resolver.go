package lab

import (
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// Resolver is a real unbound, which validates, in front of the lab's name server
// and of a zone that is signed.
type Resolver struct {
	Address string // its port is 53

	lab  *Lab
	zone *signedZone
}

// StartResolver starts a resolver. A Postfix that is started afterwards asks it. The
// names of the zone, and those below it, are answered with signatures.
func (l *Lab) StartResolver(zone string) (*Resolver, error) {
	address, err := l.nextAddress()
	if err != nil {
		return nil, err
	}
	origin, err := l.nextAddress()
	if err != nil {
		return nil, err
	}
	r := &Resolver{Address: address, lab: l}
	if r.zone, err = l.serveZone(zone, origin); err != nil {
		return nil, err
	}
	file := filepath.Join(l.Dir, "unbound.conf")
	conf := fmt.Sprintf(unboundConf, address, r.zone.key.String(), l.names.addr, r.zone.name, origin)
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	if err := l.run(address+":53", "unbound", "-d", "-p", "-c", file); err != nil {
		return nil, err
	}
	l.resolver = address
	return r, nil
}

// Nothing is kept for longer than a second: a test may change its records.
const unboundConf = `
server:
  interface: %s
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "/"
  use-syslog: no
  do-ip6: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor: "%s"
  cache-max-ttl: 1
  cache-max-negative-ttl: 1
  qname-minimisation: no
  num-threads: 1
stub-zone:
  name: "example."
  stub-addr: %s
stub-zone:
  name: "%s"
  stub-addr: %s
`

// run starts a program that ends with the lab, and waits until it listens.
func (l *Lab) run(address, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return err
	}
	l.guard.watch(cmd.Process.Pid)
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	l.onClose(func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		return nil
	})
	for range 400 {
		select {
		case <-done:
			return fmt.Errorf("%s has ended: %s", name, said.String())
		default:
		}
		if up(address) {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return fmt.Errorf("%s does not listen", name)
}

// Set gives a name of the signed zone a record, as a zone file has it: "mx.signed.example"
// and "A 127.0.0.1".
func (r *Resolver) Set(name, record string) error {
	rr, err := dns.NewRR(dns.Fqdn(name) + " 5 IN " + record)
	if err != nil {
		return err
	}
	r.zone.mu.Lock()
	defer r.zone.mu.Unlock()
	names := r.zone.records[rr.Header().Name]
	if names == nil {
		names = map[uint16][]dns.RR{}
		r.zone.records[rr.Header().Name] = names
	}
	names[rr.Header().Rrtype] = append(names[rr.Header().Rrtype], rr)
	return nil
}

// signedZone answers for one zone and signs each answer. That a name has no record
// of a kind, or is not there, is proved by an NSEC record for that name alone (RFC
// 4470).
type signedZone struct {
	name   string
	key    *dns.DNSKEY
	signer crypto.Signer

	mu      sync.Mutex
	records map[string]map[uint16][]dns.RR
}

func (l *Lab) serveZone(name, address string) (*signedZone, error) {
	z := &signedZone{name: dns.Fqdn(name), records: map[string]map[uint16][]dns.RR{}}
	z.key = &dns.DNSKEY{Hdr: z.header(z.name, dns.TypeDNSKEY), Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256}
	private, err := z.key.Generate(256)
	if err != nil {
		return nil, err
	}
	var ok bool
	if z.signer, ok = private.(crypto.Signer); !ok {
		return nil, errors.New("the key cannot sign")
	}
	soa, err := dns.NewRR(z.name + " 5 IN SOA ns." + z.name + " root." + z.name + " 1 3600 600 86400 1")
	if err != nil {
		return nil, err
	}
	z.records[z.name] = map[uint16][]dns.RR{dns.TypeDNSKEY: {z.key}, dns.TypeSOA: {soa}}
	packets, err := net.ListenPacket("udp4", address+":53")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp4", address+":53")
	if err != nil {
		return nil, errors.Join(err, packets.Close())
	}
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: z}, {Listener: listener, Handler: z}} {
		go func() { _ = server.ActivateAndServe() }()
	}
	l.onClose(func() error { return errors.Join(packets.Close(), listener.Close()) })
	return z, nil
}

func (z *signedZone) header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 5}
}

// ServeDNS answers one question.
func (z *signedZone) ServeDNS(out dns.ResponseWriter, q *dns.Msg) {
	reply := new(dns.Msg).SetReply(q)
	reply.Authoritative = true
	z.mu.Lock()
	defer z.mu.Unlock()
	name := dns.CanonicalName(q.Question[0].Name)
	has := z.records[name]
	if found := has[q.Question[0].Qtype]; len(found) > 0 {
		reply.Answer = z.signed(found)
	} else {
		nsec := &dns.NSEC{Hdr: z.header(name, dns.TypeNSEC), NextDomain: "\\000." + name, TypeBitMap: []uint16{dns.TypeRRSIG, dns.TypeNSEC}}
		for kind := range has {
			nsec.TypeBitMap = append(nsec.TypeBitMap, kind)
		}
		sortTypes(nsec.TypeBitMap)
		reply.Ns = append(z.signed(z.records[z.name][dns.TypeSOA]), z.signed([]dns.RR{nsec})...)
	}
	if q.IsEdns0() != nil {
		reply.SetEdns0(4096, true)
	}
	_ = out.WriteMsg(reply)
}

func sortTypes(all []uint16) {
	for i := range all {
		for j := i; j > 0 && all[j] < all[j-1]; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
}

// signed returns records and their signature.
func (z *signedZone) signed(records []dns.RR) []dns.RR {
	now := time.Now()
	sig := &dns.RRSIG{
		Hdr: z.header(records[0].Header().Name, dns.TypeRRSIG), KeyTag: z.key.KeyTag(), SignerName: z.name, Algorithm: z.key.Algorithm,
		Inception: uint32(now.Add(-time.Hour).Unix()), Expiration: uint32(now.Add(time.Hour).Unix()),
	}
	if err := sig.Sign(z.signer, records); err != nil {
		panic("internal error: " + err.Error())
	}
	return append(append([]dns.RR{}, records...), sig)
}

// StartPolicy serves the MTA-STS policy of a domain, whose hosts are those of a hop,
// over HTTPS and tells of it in the name server.
func (l *Lab) StartPolicy(domain, policy string) error {
	address, err := l.nextAddress()
	if err != nil {
		return err
	}
	pair, err := l.ca.pair("mta-sts." + domain)
	if err != nil {
		return err
	}
	listener, err := tls.Listen("tcp4", address+":443", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "text/plain")
		if r.URL.Path == "/.well-known/mta-sts.txt" {
			_, _ = out.Write([]byte(policy))
		}
	})}
	go func() { _ = server.Serve(listener) }()
	l.onClose(server.Close)
	l.host("mta-sts."+domain, address)
	l.names.set("_mta-sts."+domain, record{txt: "v=STSv1; id=1;"})
	return nil
}

// Table is an address for the daemon's table of domains, "inet:HOST:PORT".
func (l *Lab) Table() string { return "inet:" + l.net.address(2) + ":8893" }

// CAFile is the file of the authority that the lab's certificates are of.
func (l *Lab) CAFile() string { return l.caFile() }
