package probe

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// world is a resolver with the records that a test gives it, hosts that take mail,
// all on one port and addresses of their own, and a web server for policies.
type world struct {
	*testing.T
	options Options
	ca      *authority
	port    uint16
	sts     *http.ServeMux

	mu      sync.Mutex
	records map[string][]string // "name TYPE" to the text of records
	signed  map[string]bool     // by name
	broken  map[string]bool     // "name TYPE" that are answered with SERVFAIL
	asked   map[string]int
	hosts   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, ca: newAuthority(t, "world"), records: map[string][]string{}, signed: map[string]bool{},
		broken: map[string]bool{}, asked: map[string]int{}, sts: http.NewServeMux(),
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: udp, Handler: dns.HandlerFunc(w.answer)}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })

	// The first host finds a port that is free; the others take it at their own
	// addresses.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.port = uint16(free.Addr().(*net.TCPAddr).Port)
	free.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.ca.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.options = Options{
		Resolver: udp.LocalAddr().String(), CAFile: file, Helo: "probe.test", Timeout: 10 * time.Second,
		port: w.port, https: w.web(),
	}
	return w
}

func (w *world) web() uint16 {
	pair := w.ca.issue(w.T, time.Hour, "mta-sts.sts.test", "mta-sts.bad.test", "mta-sts.redirect.test", "mta-sts.lost.test")
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		w.Fatal(err)
	}
	server := &http.Server{Handler: w.sts, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	w.Cleanup(func() { server.Close() })
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// set gives a name the records of a kind.
func (w *world) set(name, kind string, values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records[name+" "+kind] = values
}

func (w *world) sign(names ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range names {
		w.signed[one] = true
	}
}

func (w *world) answer(out dns.ResponseWriter, q *dns.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	question := q.Question[0]
	host, kind := name(question.Name), dns.TypeToString[question.Qtype]
	w.asked[host+" "+kind]++
	reply := new(dns.Msg).SetReply(q)
	reply.AuthenticatedData = q.AuthenticatedData && w.signed[host]
	known := false
	for key := range w.records {
		known = known || strings.HasPrefix(key, host+" ")
	}
	for _, value := range w.records[host+" "+kind] {
		rr, err := dns.NewRR(fmt.Sprintf("%s. 60 IN %s %s", host, kind, value))
		if err != nil {
			panic(err)
		}
		reply.Answer = append(reply.Answer, rr)
	}
	switch {
	case w.broken[host+" "+kind]:
		reply.Rcode = dns.RcodeServerFailure
	case !known:
		reply.Rcode = dns.RcodeNameError
	}
	_ = out.WriteMsg(reply)
}

// mailHost is a host that takes mail; its fields may be changed while it runs.
type mailHost struct {
	address  string
	config   atomic.Pointer[tls.Config] // nil: no STARTTLS
	refuse   atomic.Bool
	talks    atomic.Int32
	listener net.Listener
	gate     sync.Mutex // while it is locked nobody is greeted
}

// host starts one that shows a certificate, and gives it the name.
func (w *world) host(name string, pair *tls.Certificate) *mailHost {
	w.Helper()
	w.mu.Lock()
	w.hosts++
	address := fmt.Sprintf("127.77.%d.%d", w.port%250, w.hosts)
	w.mu.Unlock()
	l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address, w.port))
	if err != nil {
		w.Fatal(err)
	}
	h := &mailHost{address: address, listener: l}
	if pair != nil {
		h.config.Store(&tls.Config{Certificates: []tls.Certificate{*pair}})
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go h.talk(conn)
		}
	}()
	w.Cleanup(func() { l.Close() })
	w.set(name, "A", address)
	return h
}

func (h *mailHost) talk(conn net.Conn) {
	defer conn.Close()
	h.talks.Add(1)
	h.gate.Lock()
	h.gate.Unlock() //nolint:staticcheck // nothing is guarded, it only waits
	fmt.Fprint(conn, "220 hello\r\n")
	in, offered := bufio.NewReader(conn), ""
	if h.config.Load() != nil {
		offered = "250-STARTTLS\r\n"
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			fmt.Fprintf(conn, "250-me\r\n%s250 8BITMIME\r\n", offered)
		case "STARTTLS":
			if h.refuse.Load() {
				fmt.Fprint(conn, "454 not now\r\n")
				continue
			}
			fmt.Fprint(conn, "220 go\r\n")
			secured := tls.Server(conn, h.config.Load())
			if secured.Handshake() != nil {
				return
			}
			conn, in, offered = secured, bufio.NewReader(secured), ""
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "502 what\r\n")
		}
	}
}

// domain gives a domain one host that shows a certificate for names.
func (w *world) domain(domain string, names ...string) *mailHost {
	w.Helper()
	w.set(domain, "MX", "10 mx."+domain+".")
	if len(names) == 0 {
		return w.host("mx."+domain, nil)
	}
	pair := w.ca.issue(w.T, time.Hour, names...)
	return w.host("mx."+domain, &pair)
}

// open opens a cache on the world.
func (w *world) open() *Cache {
	w.Helper()
	c, err := Open(w.options)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *world) probe(c *Cache, domain string) *Result {
	w.Helper()
	r, err := c.Probe(w.Context(), domain, true)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func tlsa(usage, selector int, data []byte) string {
	sum := sha256.Sum256(data)
	return fmt.Sprintf("%d %d 1 %s", usage, selector, hex.EncodeToString(sum[:]))
}

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	a.cert = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotAfter: time.Now().Add(time.Hour),
	}, &key.PublicKey)
	return a
}

func (a *authority) sign(t *testing.T, template *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
	t.Helper()
	template.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	template.NotBefore = time.Now().Add(-24 * time.Hour)
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue makes a certificate that is valid for so long; the authority's own stands
// behind it.
func (a *authority) issue(t *testing.T, valid time.Duration, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := a.sign(t, &x509.Certificate{
		DNSNames: names, NotAfter: time.Now().Add(valid), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
}

func (w *world) listenerPort() string { return fmt.Sprint(w.port) }
