package notice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// sendTimeout bounds handing over one notice, sendGrace how long one that is on
// its way when the Queue closes may take: cut off, it might come twice.
const (
	sendTimeout = time.Minute
	sendGrace   = 5 * time.Second
)

// ParseServer splits the address of the SMTP server: inet:HOST:PORT, HOST:PORT or
// unix:PATH. The host must be this machine: a notice crosses no network in clear
// on its way to the MTA.
func ParseServer(server string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(server, "unix:"); ok {
		return "unix", path, nil
	}
	address = strings.TrimPrefix(server, "inet:")
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", "", fmt.Errorf("%q: want HOST:PORT or unix:PATH", server)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", "", fmt.Errorf("%q is not this machine: want a loopback address or a Unix socket", server)
	}
	return "tcp", address, nil
}

// send hands a mail to the server, with the null reverse-path.
func send(ctx context.Context, server string, to []string, message []byte) error {
	network, address, err := ParseServer(server)
	if err != nil {
		return err
	}
	closing := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	defer context.AfterFunc(closing, func() { time.AfterFunc(sendGrace, cancel) })()
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return brief(err)
	}
	if err := c.Hello("localhost"); err != nil {
		return brief(err)
	}
	if err := c.Mail(""); err != nil {
		return brief(err)
	}
	for _, address := range to {
		if err := c.Rcpt(address); err != nil {
			return brief(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return brief(err)
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return brief(err)
	}
	_ = c.Quit() // the mail is the server's already
	return nil
}

// brief keeps of a server's refusal its code: the text may be anything.
func brief(err error) error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("the mail server answered %d", reply.Code)
	}
	return err
}
