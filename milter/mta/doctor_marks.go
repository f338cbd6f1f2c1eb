package mta

import (
	"fmt"
	"slices"
	"strings"
)

// checkMarks looks at the ways of single recipients: the mark on their address,
// and who takes it off.
func (x *postfixExam) checkMarks() {
	where, list := "main.cf: transport_maps", x.main["transport_maps"]
	type way struct{ mark, route string }
	ways := []way{}
	if x.setup.Routes.TLS {
		ways = append(ways, way{"tls", "tls"})
	}
	if x.setup.Routes.TLSVerified {
		ways = append(ways, way{"ver", "tls-verified"})
	}
	for _, name := range x.setup.Routes.Gateways {
		ways = append(ways, way{name, "gateway:" + name})
	}
	for _, w := range ways {
		x.checkMark(w.mark, w.route, where, list)
	}
	unknown := x.ask(where, list, sampleMark(unknownRoute))
	if transport, _, _ := strings.Cut(unknown, ":"); transport != "retry" && transport != "error" {
		x.add(Wrong, "mark-last-line", where, orNothing(unknown), "a mark that no line knows is sent somewhere with the mark, or bounces with it", "the last line of marked.regexp: /[@.]postern\\.invalid$/ retry:4.3.5 no line for this mark in marked.regexp")
	}
	x.checkUnwanted()
}

func (x *postfixExam) checkMark(mark, route, where, list string) {
	name, nexthop, ok := strings.Cut(x.ask(where, list, sampleMark(mark)), ":")
	if !ok || name == "retry" || name == "error" {
		x.add(Wrong, "mark-line", where, mark+": "+orNothing(name), "[routes] per_recipient is set, and no line gives this mark a way: such mail waits until it bounces", "transport_maps = regexp:$config_directory/postern/marked.regexp, then your own; in marked.regexp a line for "+route)
		return
	}
	s := x.service(name)
	if s == nil || s.program != "smtp" {
		x.add(Wrong, "mark-transport", where, fmt.Sprintf("%s goes to %q, which is no smtp service of master.cf", mark, name), "recipients with this mark cannot be delivered to", "append per-recipient.master.cf to master.cf, and per-recipient-gateway.master.cf for each gateway")
		return
	}
	if got := x.ask(x.where(s, "smtp_generic_maps"), x.value(s, "smtp_generic_maps"), sampleMark(mark)); got != "someone@partner.example" {
		x.add(Wrong, "unmark", x.where(s, "smtp_generic_maps"), orNothing(x.value(s, "smtp_generic_maps")), "the mark stays on the address that the next host is told", fmt.Sprintf("postconf -P '%s/smtp_generic_maps=regexp:$config_directory/postern/unmark.regexp'", s))
	}
	if strings.HasPrefix(route, "gateway:") {
		own := recipe{"marked-" + mark, func(nexthop string) string {
			return fmt.Sprintf("in marked.regexp: /\\.%s\\.postern\\.invalid$/ marked-%[1]s:%s", mark, nexthop)
		}}
		if x.checkTransport(route, where, name+":"+nexthop, own) && !hasWord(x.value(s, "smtp_discard_ehlo_keywords"), "dsn") {
			x.add(Wrong, "dsn", x.where(s, "smtp_discard_ehlo_keywords"), orNothing(x.value(s, "smtp_discard_ehlo_keywords")), "the gateway is told the marked address as the original recipient", fmt.Sprintf("postconf -P '%s/smtp_discard_ehlo_keywords=dsn,silent-discard'", s))
		}
		return
	}
	x.checkSecondLeg(route, where, nexthop)
}

func hasWord(list, word string) bool {
	return slices.ContainsFunc(splitList(list), func(one string) bool { return strings.EqualFold(one, word) })
}

// checkSecondLeg looks at the listener that takes a mail back in, without its mark,
// and sends all that it gets by one route.
func (x *postfixExam) checkSecondLeg(route, where, nexthop string) {
	s := x.listener(nexthop)
	if s == nil {
		x.add(Wrong, "second-leg", where, "nothing listens at "+nexthop, "mail of marked recipients waits for ever", "append per-recipient.master.cf to master.cf")
		return
	}
	x.checkOnward(s, route)
	if milters := x.value(s, "smtpd_milters"); milters != "" && !hasWord(x.value(s, "receive_override_options"), "no_milters") {
		x.add(Wrong, "second-leg", x.where(s, "smtpd_milters"), milters, "mail that was judged is judged anew, and marked anew: it goes round for ever", fmt.Sprintf("postconf -P %s/smtpd_milters=", s))
	}
	x.checkInternal(s)
}

// checkOnward looks at the transport that a second leg gives all its mail to.
func (x *postfixExam) checkOnward(s *service, route string) {
	own, _, _ := strings.Cut(recipeWay(route), ":")
	give := func(string) string { return fmt.Sprintf("postconf -P '%s/content_filter=%s:'", s, own) }
	if way := x.value(s, "content_filter"); way != "" {
		x.checkTransport(route, x.where(s, "content_filter"), way, recipe{own, give})
		return
	}
	x.add(Wrong, "second-leg", "master.cf: "+s.String()+": content_filter", "nothing", "what comes in here leaves by the ordinary transport: in clear where the other side offers no TLS", x.byRecipe("", "", recipe{own, give}))
}

// checkInternal looks at a listener of the recipes that is for this machine alone.
func (x *postfixExam) checkInternal(s *service) {
	if !x.internal(s) {
		x.add(Wrong, "open-leg", x.where(s, "mynetworks"), x.value(s, "mynetworks"), "others than this machine may hand in mail here, past what the usual port checks", fmt.Sprintf("postconf -P '%s/mynetworks=127.0.0.0/8,[::1]/128' '%[1]s/smtpd_relay_restrictions=permit_mynetworks,reject'", s))
	}
	if !hasWord(x.value(s, "smtpd_discard_ehlo_keywords"), "dsn") {
		x.add(Wrong, "dsn", x.where(s, "smtpd_discard_ehlo_keywords"), orNothing(x.value(s, "smtpd_discard_ehlo_keywords")), "the next host is told the marked address as the original recipient (RFC 3461)", fmt.Sprintf("postconf -P '%s/smtpd_discard_ehlo_keywords=dsn,silent-discard'", s))
	}
}

// checkUnwanted looks whether clients may write marks themselves. A service that
// asks postern is safe by that: postern refuses them.
func (x *postfixExam) checkUnwanted() {
	for _, s := range x.smtpd() {
		if i, _ := x.ours(s, x.value(s, "smtpd_milters")); i >= 0 || x.internal(s) {
			continue
		}
		list := x.value(s, "smtpd_recipient_restrictions")
		where := x.where(s, "smtpd_recipient_restrictions")
		switch {
		case !x.refuses(sampleMark("tls"), where, list):
			x.add(Wrong, "unwanted", where, orNothing(list)+", for "+s.String(),
				"a client that writes a mark itself chooses the way of its mail, past your own rules", "smtpd_recipient_restrictions = check_recipient_access regexp:$config_directory/postern/unwanted.regexp, then your own")
		case !x.refuses(noMark, where, list):
			x.add(Risky, "unwanted", where, list+", for "+s.String(), "mail to "+noMark+" is taken, and comes back to a sender who may be forged", "in unwanted.regexp: /[@.]postern\\.invalid$/ REJECT 5.1.2 no such domain")
		}
	}
}

// refuses reads a list of restrictions up to the first that lets somebody in.
func (x *postfixExam) refuses(address, where, list string) bool {
	words := splitList(list)
	for i, word := range words {
		switch {
		case strings.HasPrefix(word, "permit"):
			return false
		case word == "check_recipient_access" && i+1 < len(words):
			if stops(x.ask(where, words[i+1], address)) {
				return true
			}
		}
	}
	return false
}

// checkRequeue looks at mail that is queued anew: Postfix forgets its route and
// its hold.
func (x *postfixExam) checkRequeue() {
	const why = "\"postsuper -r\" makes Postfix forget the route and the hold of a mail, and sends it in clear"
	cleanup := x.pickupCleanup()
	where := x.where(cleanup, "header_checks")
	action := x.ask(where, x.value(cleanup, "header_checks"), routeField+"tls")
	way, filter := strings.CutPrefix(action, "FILTER ")
	switch {
	case stops(action):
		return
	case !filter:
		x.add(Wrong, "requeue", where, orNothing(action), why, "append enforce.master.cf to master.cf: its pickup, recleanup, requeue and port 10030")
		return
	}
	name, nexthop, _ := strings.Cut(strings.TrimSpace(way), ":")
	s := x.listener(nexthop)
	if x.service(name) == nil || s == nil {
		x.add(Wrong, "requeue", where, way+" is not in master.cf", "mail that is queued anew stays for ever", "append enforce.master.cf to master.cf: its requeue and port 10030")
		return
	}
	if i, _ := x.ours(s, x.value(s, "smtpd_milters")); i < 0 {
		x.add(Wrong, "requeue", x.where(s, "smtpd_milters"), orNothing(x.value(s, "smtpd_milters")), why, fmt.Sprintf(attach, s))
	}
	x.checkInternal(s)
}

// checkBounces looks at the notifications that Postfix writes: they hold the mail
// that came back, with our headers, and marked addresses.
func (x *postfixExam) checkBounces() {
	level := Risky
	if x.setup.Routes.PerRecipient {
		level = Wrong
	}
	for _, name := range []string{"bounce", "defer", "trace"} {
		s := x.service(name)
		if s == nil {
			continue
		}
		cleanup := x.service(x.value(s, "cleanup_service_name"))
		const repair = "append enforce.master.cf to master.cf: its bounce, defer, trace and bcleanup"
		scrubbed := true
		for _, parameter := range []string{"nested_header_checks", "body_checks"} {
			where, list := x.where(cleanup, parameter), x.value(cleanup, parameter)
			header := x.ask(where, list, refField)
			mark := x.ask(where, list, sampleMark("tls"))
			if !strings.HasPrefix(header, "IGNORE") || x.setup.Routes.PerRecipient && !strings.HasSuffix(mark, "someone@partner.example") {
				scrubbed = false
			}
		}
		if !scrubbed || !hasWord(x.value(s, "internal_mail_filter_classes"), "bounce") {
			x.add(level, "bounces", "master.cf: "+s.String()+": cleanup_service_name", x.value(s, "cleanup_service_name"), "a bounce shows our headers, and the marks of recipients", repair)
		}
	}
}
