package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// The bounds of a probe.
const (
	maxHosts     = 5               // of a domain
	maxAddresses = 4               // of a host
	maxTalk      = 256 << 10       // bytes that a host may say
	connectTime  = 5 * time.Second // for one address
	hostTime     = 15 * time.Second
	maxNames     = 20 // of a certificate that are kept
)

// suites are those that the recipes take: every version from TLS 1.2 on, keys of
// 128 bits or more.
var suites = func() (ids []uint16) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if bits(s.Name) >= 128 {
			ids = append(ids, s.ID)
		}
	}
	return ids
}()

// bits is the length of a cipher's key.
func bits(suite string) int {
	switch {
	case strings.Contains(suite, "AES_256"), strings.Contains(suite, "CHACHA20"):
		return 256
	case strings.Contains(suite, "AES_128"):
		return 128
	}
	return 0
}

// speak talks to a host as far as STARTTLS and returns the certificates that it
// shows. What went wrong stands in h.Problem.
func (p *prober) speak(ctx context.Context, h *Host, addresses []netip.Addr) []*x509.Certificate {
	ctx, cancel := context.WithTimeout(ctx, hostTime)
	defer cancel()
	h.Problem = Unreachable
	for _, address := range addresses {
		chain, err := p.converse(ctx, h, netip.AddrPortFrom(address, p.port))
		if err == nil {
			return chain
		}
	}
	return nil
}

// converse is one conversation. The error is that of a host that does not answer,
// or does not want to now.
func (p *prober) converse(ctx context.Context, h *Host, at netip.AddrPort) ([]*x509.Certificate, error) {
	dialer := net.Dialer{Timeout: connectTime}
	conn, err := dialer.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := smtp.NewClient(&bounded{Conn: conn, left: maxTalk}, h.Name)
	if err != nil {
		return nil, err
	}
	h.Address = at.Addr().String()
	if err := client.Hello(p.helo); err != nil {
		return nil, err
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		h.Problem = NotOffered
		_ = client.Quit()
		return nil, nil
	}
	err = client.StartTLS(&tls.Config{
		ServerName: h.Name, MinVersion: tls.VersionTLS12, CipherSuites: suites,
		InsecureSkipVerify: true, //nolint:gosec // what it shows is judged afterwards, by more than one measure
	})
	state, _ := client.TLSConnectionState()
	if !state.HandshakeComplete {
		h.Problem = Handshake
		if _, said := errors.AsType[*textproto.Error](err); said {
			h.Problem = Refused
		}
		if ctx.Err() != nil {
			h.Problem = Unreachable
		}
		return nil, nil
	}
	h.Problem = ""
	h.Version, h.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	h.Bits = bits(h.Cipher)
	_ = client.Quit()
	return state.PeerCertificates, nil
}

// bounded is a connection on which the other side may not say more than so much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("more than %d bytes: %w", maxTalk, io.ErrUnexpectedEOF)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
