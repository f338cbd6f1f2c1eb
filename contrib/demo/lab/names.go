package lab

import (
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers for the names of the lab, over UDP, and for no others.
type nameServer struct {
	conn net.PacketConn
	addr string

	mu    sync.Mutex
	zones map[string]record
}

// record is what a name has: the host that takes its mail, an address or a text.
type record struct{ mx, a, txt string }

func listenNames(address string) (*nameServer, error) {
	conn, err := net.ListenPacket("udp4", address+":53")
	if err != nil {
		return nil, err
	}
	s := &nameServer{conn: conn, addr: address, zones: map[string]record{}}
	go s.serve()
	return s, nil
}

// Close stops the server.
func (s *nameServer) Close() error { return s.conn.Close() }

func (s *nameServer) set(name string, r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[strings.ToLower(name)+"."] = r
}

func (s *nameServer) serve() {
	packet := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		if answer, err := s.answer(packet[:n]); err == nil {
			_, _ = s.conn.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) answer(packet []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	found, known := s.zones[strings.ToLower(question.Name.String())]
	s.mu.Unlock()

	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true,
			RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{question},
	}
	if !known {
		reply.RCode = dnsmessage.RCodeNameError
	}
	body := found.body(question.Type)
	if body != nil {
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 5},
			Body:   body,
		}}
	}
	return reply.Pack()
}

// body is the answer to a question of that type; nil if there is none.
func (r record) body(t dnsmessage.Type) dnsmessage.ResourceBody {
	switch {
	case t == dnsmessage.TypeMX && r.mx != "":
		return &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(r.mx + ".")}
	case t == dnsmessage.TypeTXT && r.txt != "":
		return &dnsmessage.TXTResource{TXT: []string{r.txt}}
	case t == dnsmessage.TypeA && r.a != "":
		return &dnsmessage.AResource{A: netip.MustParseAddr(r.a).As4()}
	}
	return nil
}
