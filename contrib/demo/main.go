// Command demo shows postern at work: a private Postfix with the files of
// contrib/postfix, mail servers around it, postern in enforce mode with the pack
// "example". It sends a few mails, prints what became of each, and exits with 1
// if that is not what should have become of it.
//
//	make demo
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

func main() {
	binary := flag.String("postern", "bin/postern", "the postern binary to show")
	flag.Parse()
	lab.Isolate()
	os.Exit(run(*binary))
}

func run(binary string) int {
	binary, err := filepath.Abs(binary)
	if err == nil {
		_, err = os.Stat(binary)
	}
	if err != nil {
		return fail(fmt.Errorf("no postern to show (make demo builds it): %w", err))
	}
	l, err := lab.Open()
	if err != nil {
		return fail(err)
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	done := make(chan error, 1)
	go func() { done <- show(l, binary, newPage(os.Stdout)) }()
	select {
	case err = <-done:
	case s := <-stop:
		err = fmt.Errorf("ended by a signal: %s", s)
	}
	if err = errors.Join(err, l.Close()); err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "demo: error:", err)
	return 1
}

// The admin's own part of the policy; the rules are those of the pack.
const policy = `[policy]
use = ["example"]

[inside]
domains = ["agency.example"]
daemons = ["ORIGINATING"]

[lists.partners]
entries = ["partner.example", "oldpartner.example"]

[help]
contact = "the service desk"
`

const config = `mode = "enforce"

[milter]
listen = "@LISTEN@"

[http]
listen = "127.0.0.1:0"

[policy]
file = "@POLICY@"

[routes]
tls      = true
gateways = ["secure"]

[audit]
file = "@AUDIT@"
`

// stage is the world in which the mails are sent.
type stage struct {
	postern *lab.Daemon
	postfix *lab.Postfix
	hops    []*lab.Hop
}

func build(l *lab.Lab, binary string) (*stage, error) {
	s := &stage{}
	domains := map[string]string{
		"mx.partner.example": "partner.example", "mx.oldpartner.example": "oldpartner.example", "mx.elsewhere.example": "elsewhere.example",
	}
	for _, opt := range []lab.HopOptions{
		{Name: "store.agency.example"},
		{Name: "gateway.agency.example"},
		{Name: "mx.partner.example"},
		{Name: "mx.oldpartner.example", NoTLS: true},
		{Name: "mx.elsewhere.example", NoTLS: true},
	} {
		hop, err := l.StartHop(opt)
		if err != nil {
			return nil, err
		}
		if domain := domains[opt.Name]; domain != "" {
			l.Domain(domain, hop)
		}
		s.hops = append(s.hops, hop)
	}
	var err error
	if s.postern, err = l.StartDaemon(lab.DaemonOptions{Binary: binary, Config: config, Policy: policy}); err != nil {
		return nil, err
	}
	s.postfix, err = l.StartPostfix(lab.PostfixOptions{
		Name: "mail.agency.example", Domain: "agency.example", Store: s.hops[0],
		Recipe: lab.Recipe{
			Milter:   "inet:" + s.postern.Milter,
			Gateways: map[string]string{"secure": "[gateway.agency.example]:25"},
		},
	})
	return s, err
}

func show(l *lab.Lab, binary string, page *page) error {
	s, err := build(l, binary)
	if err != nil {
		return err
	}
	page.title("postern demo")
	page.text("A private Postfix with the files of contrib/postfix; postern in enforce mode with the pack \"example\".",
		"agency.example is inside. partner.example has TLS; oldpartner.example and elsewhere.example have none.")
	page.head()
	wrong := 0
	var audited lab.Reply
	number := 0
	for i, m := range mails() {
		got, err := s.send(m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.title, err)
		}
		if !page.row(i+1, m, got) {
			wrong++
		}
		if m.audited {
			audited, number = got.reply, i+1
		}
	}
	if err := s.metrics(page); err != nil {
		return err
	}
	if err := s.audit(page, number, lab.QueueID(audited)); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of the mails did not fare as they should", wrong)
	}
	return nil
}
