package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The bounds of the table: bytes of a question, connections at once, and for how
// long one may be silent.
const (
	maxQuestion = 1000
	maxClients  = 200
	clientIdle  = 10 * time.Minute
)

// floor are the attributes of encrypted delivery, as the recipes of
// contrib/postfix have them.
const floor = " protocols=>=TLSv1.2 ciphers=high"

// Serve answers Postfix's smtp_tls_policy_maps until the listener is closed: by
// which means, other than the certificate of the domain, the transport of the
// route tls-verified verifies a domain. One of which nothing is known is probed
// meanwhile; Postfix has the time, for it asks while it delivers.
//
// Where there is no such means the answer is that there is no entry, so that the
// transport's own level, a certificate of the domain, counts.
func (c *Cache) Serve(l net.Listener) error {
	var clients sync.WaitGroup
	defer clients.Wait()
	stop := context.AfterFunc(c.ctx, func() { l.Close() })
	defer stop()
	slots := make(chan struct{}, maxClients)
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			select {
			case <-time.After(100 * time.Millisecond): // no descriptors, say
				continue
			case <-c.ctx.Done():
				return nil
			}
		}
		select {
		case slots <- struct{}{}:
			clients.Go(func() {
				defer func() { <-slots }()
				c.client(conn)
			})
		default:
			conn.Close()
		}
	}
}

func (c *Cache) client(conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(c.ctx, func() { conn.Close() })
	defer stop()
	in := bufio.NewReader(conn)
	for {
		_ = conn.SetDeadline(time.Now().Add(clientIdle))
		question, err := readNetstring(in)
		if err != nil {
			return
		}
		_, key, _ := strings.Cut(question, " ")
		reply := c.lookup(key)
		if _, err := fmt.Fprintf(conn, "%d:%s,", len(reply), reply); err != nil {
			return
		}
	}
}

// lookup answers for a next hop. Postfix asks for parent domains with a full stop
// in front; what is known of one domain says nothing of another.
func (c *Cache) lookup(key string) string {
	key = strings.ToLower(key)
	if !ValidDomain(key) {
		return "NOTFOUND "
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.options.Timeout)
	defer cancel()
	r, err := c.Probe(ctx, key, false)
	if err != nil {
		return "NOTFOUND " // the level without an entry is as strict
	}
	if level := r.level(); level != "" {
		return "OK " + level
	}
	return "NOTFOUND "
}

// level is the entry of a TLS policy table by which a domain is verified.
func (r *Result) level() string {
	switch {
	case r.danes():
		return "dane-only" + floor
	case r.STS != nil && r.STS.Mode == "enforce":
		names := make([]string, len(r.STS.MX))
		for i, pattern := range r.STS.MX {
			names[i] = strings.TrimPrefix(pattern, "*")
		}
		return "secure match=" + strings.Join(names, ":") + floor
	}
	return ""
}

var errNetstring = errors.New("no netstring")

// readNetstring reads a netstring, as socketmap_table(5) has it.
func readNetstring(in *bufio.Reader) (string, error) {
	var digits []byte
	for {
		b, err := in.ReadByte()
		if err != nil {
			return "", err
		}
		if b == ':' {
			break
		}
		if digits = append(digits, b); len(digits) > 4 {
			return "", errNetstring
		}
	}
	n, err := strconv.ParseUint(string(digits), 10, 16)
	if err != nil || n > maxQuestion {
		return "", errNetstring
	}
	text := make([]byte, n+1)
	if _, err := io.ReadFull(in, text); err != nil {
		return "", err
	}
	if text[n] != ',' {
		return "", errNetstring
	}
	return string(text[:n]), nil
}
