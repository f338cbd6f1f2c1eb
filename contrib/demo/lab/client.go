package lab

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"
)

// Reply is an SMTP reply as the client saw it.
type Reply struct {
	Code  int
	Lines []string
}

// Text is the reply's text, its lines joined by a blank.
func (r Reply) Text() string { return strings.Join(r.Lines, " ") }

func (r Reply) String() string { return fmt.Sprintf("%d %s", r.Code, r.Text()) }

// Client is an SMTP client that does what it is told, step by step.
type Client struct {
	conn net.Conn
	text *textproto.Conn
}

// Dial connects and reads the greeting.
func Dial(address string) (*Client, error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c := &Client{conn: conn, text: textproto.NewConn(conn)}
	_, err = c.read()
	return c, err
}

// Close cuts the connection, whatever was going on.
func (c *Client) Close() error { return c.conn.Close() }

func (c *Client) read() (Reply, error) {
	_ = c.conn.SetDeadline(time.Now().Add(2 * time.Minute))
	var r Reply
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return r, err
		}
		var code int
		if _, err := fmt.Sscanf(line, "%3d", &code); err != nil || len(line) < 3 {
			return r, fmt.Errorf("no SMTP reply: %q", line)
		}
		r.Code = code
		r.Lines = append(r.Lines, strings.TrimLeft(line[3:], "- "))
		if len(line) == 3 || line[3] != '-' {
			return r, nil
		}
	}
}

// Say sends a command and returns the reply to it.
func (c *Client) Say(format string, args ...any) (Reply, error) {
	if _, err := fmt.Fprintf(c.conn, format+"\r\n", args...); err != nil {
		return Reply{}, err
	}
	return c.read()
}

// Raw sends bytes as they are and waits for nothing.
func (c *Client) Raw(text string) error {
	_, err := c.conn.Write([]byte(text))
	return err
}

// StartTLS starts TLS (RFC 3207). The reply is that to STARTTLS.
func (c *Client) StartTLS() (Reply, error) {
	r, err := c.Say("STARTTLS")
	if err != nil || r.Code != 220 {
		return r, err
	}
	secured := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	if err := secured.Handshake(); err != nil {
		return r, err
	}
	c.conn, c.text = secured, textproto.NewConn(secured)
	return r, nil
}

// Hello says EHLO.
func (c *Client) Hello() (Reply, error) { return c.Say("EHLO client.example") }

// Login says EHLO, starts TLS, says EHLO again and logs in, as a mail program
// does. The reply is the first that is no success, else the last.
func (c *Client) Login(user string) (Reply, error) {
	token := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + Password))
	steps := []func() (Reply, error){
		c.Hello, c.StartTLS, c.Hello,
		func() (Reply, error) { return c.Say("AUTH PLAIN %s", token) },
	}
	var r Reply
	for _, step := range steps {
		var err error
		if r, err = step(); err != nil || r.Code >= 400 {
			return r, err
		}
	}
	return r, nil
}

// Send sends one mail over the connection and returns the first reply that is
// no success, else that to the mail itself. Lines of text may end in LF.
func (c *Client) Send(from string, to []string, text string) (Reply, error) {
	commands := []string{fmt.Sprintf("MAIL FROM:<%s>", from)}
	for _, r := range to {
		commands = append(commands, fmt.Sprintf("RCPT TO:<%s>", r))
	}
	for _, command := range append(commands, "DATA") {
		if r, err := c.Say("%s", command); err != nil || r.Code >= 400 {
			return r, err
		}
	}
	return c.Text(text)
}

// Text sends the text of a mail after DATA, and its end.
func (c *Client) Text(text string) (Reply, error) {
	w := c.text.DotWriter()
	if _, err := w.Write([]byte(text)); err != nil {
		return Reply{}, err
	}
	if err := w.Close(); err != nil {
		return Reply{}, err
	}
	return c.read()
}

// Submit sends one mail as a user of p does: port 587, TLS, a login.
func (p *Postfix) Submit(user, from string, to []string, text string) (Reply, error) {
	c, err := Dial(p.Address + ":587")
	if err != nil {
		return Reply{}, err
	}
	defer c.Close()
	if r, err := c.Login(user); err != nil || r.Code >= 400 {
		return r, err
	}
	return c.Send(from, to, text)
}

// Connect connects to the relay port, as a host inside does.
func (p *Postfix) Connect() (*Client, error) { return Dial(p.Address + ":2525") }

// Relay sends one mail as a host inside does: the relay port, in clear.
func (p *Postfix) Relay(from string, to []string, text string) (Reply, error) {
	c, err := Dial(p.Address + ":2525")
	if err != nil {
		return Reply{}, err
	}
	defer c.Close()
	if r, err := c.Hello(); err != nil || r.Code >= 400 {
		return r, err
	}
	return c.Send(from, to, text)
}
