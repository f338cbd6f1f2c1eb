package main

import (
	"fmt"
	"net"
)

// wiring returns the lines that make a Postfix use this milter. In enforce mode a
// postern that does not answer defers the mail; in observe mode it is passed.
func wiring(milter net.Addr, enforce bool) string {
	spec := "inet:" + milter.String()
	if milter.Network() == "unix" {
		spec = "unix:" + milter.String()
	}
	action := "accept"
	if enforce {
		action = "tempfail"
	}
	return fmt.Sprintf(`
Wire it into Postfix. main.cf, for mail that local programs submit:

    non_smtpd_milters = { %[1]s, connect_timeout=5s, command_timeout=15s, content_timeout=90s, default_action=%[2]s }
    milter_default_action = %[2]s

master.cf, for the services that carry outgoing mail (submission, submissions, an internal relay):

    submission inet n - n - - smtpd
      -o milter_macro_daemon_name=ORIGINATING
      -o { smtpd_milters = { %[1]s, connect_timeout=5s, command_timeout=15s, content_timeout=90s, default_action=%[2]s } }

The files of contrib/postfix add forced TLS, gateways and held mail.

`, spec, action)
}
