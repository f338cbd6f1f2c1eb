package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/postern-mail/postern/contrib/postfix"
	"github.com/postern-mail/postern/contrib/sendmail"
)

// wiring returns the lines that make the MTA use this milter: those of the
// shipped recipes, without their explanations.
func wiring(milter net.Addr, enforce, onSendmail bool) string {
	if onSendmail {
		return sendmailWiring(milter, enforce)
	}
	spec := "inet:" + milter.String()
	if milter.Network() == "unix" {
		spec = "unix:" + milter.String()
	}
	mainCF, rest := "observe.main.cf", "The files of contrib/postfix explain every line."
	if enforce {
		mainCF = "enforce.main.cf"
		rest = "The maps, and the transports behind the routes, are in contrib/postfix, where every line is explained."
	}
	return fmt.Sprintf("\nTo wire it into Postfix, append to main.cf:\n\n%s\nand to master.cf:\n\n%s\n%s\n\n",
		recipe(mainCF, spec), recipe("listeners.master.cf", spec), rest)
}

func sendmailWiring(milter net.Addr, enforce bool) string {
	spec := "unix:" + milter.String()
	if host, port, err := net.SplitHostPort(milter.String()); err == nil {
		family := "inet:"
		if strings.Contains(host, ":") {
			family = "inet6:"
		}
		spec = family + port + "@" + host
	}
	name := "observe.m4"
	if enforce {
		name = "enforce.m4"
	}
	data, err := sendmail.Files.ReadFile(name)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(string(data), "@MILTER@", spec)) {
		if !strings.HasPrefix(line, "dnl") {
			b.WriteString("    " + line)
		}
	}
	return fmt.Sprintf("\nTo wire it into Sendmail, put into sendmail.mc before its MAILER lines:\n\n%s\n"+
		"The mailer for gateways, and the lines for mailertable and access, are in contrib/sendmail.\n\n", b.String())
}

// recipe is a shipped file without comments, indented for reading.
func recipe(name, milter string) string {
	data, err := postfix.Files.ReadFile(name)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	text := strings.NewReplacer("@MILTER@", milter, "@RELAY@", "10.0.0.5:25").Replace(string(data))
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			b.WriteString("    " + line + "\n")
		}
	}
	return b.String()
}
