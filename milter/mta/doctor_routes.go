package mta

import (
	"fmt"
	"slices"
	"strings"
)

// checkRoutes asks the tables of milter_header_checks what they would do with each
// route that [routes] declares, and with others.
func (x *postfixExam) checkRoutes() {
	cleanup := x.service("cleanup")
	where, list := x.where(cleanup, "milter_header_checks"), x.value(cleanup, "milter_header_checks")
	const wire = "milter_header_checks = regexp:$config_directory/postern/route.regexp"
	if list == "" {
		if x.setup.routed() {
			x.add(Wrong, "route-map", where, "nothing", "postern's X-Postern-Route has no effect: mail with a route leaves in clear", wire)
		}
		return
	}
	declared := map[string]bool{"tls": x.setup.Routes.TLS, "tls-verified": x.setup.Routes.TLSVerified}
	names := []string{"tls", "tls-verified"}
	for _, route := range x.gatewayRoutes() {
		declared[route] = true
		names = append(names, route)
	}
	for _, route := range names {
		x.checkRoute(route, declared[route], where, list)
	}
	if stops(x.ask(where, list, routeField+unknownRoute)) || !x.setup.routed() {
		return
	}
	x.add(Wrong, "route-last-line", where, list, "a route that no line takes leaves in clear",
		"the last line of route.regexp: /^X-Postern-Route:/ HOLD no line for this route in route.regexp")
}

// stops reports whether an action of a table keeps a mail from leaving.
func stops(action string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(action), " ")
	return slices.Contains([]string{"HOLD", "REJECT", "DEFER_IF_PERMIT", "DISCARD"}, verb) || strings.HasPrefix(verb, "4") || strings.HasPrefix(verb, "5")
}

func (x *postfixExam) checkRoute(route string, declared bool, where, list string) {
	action := x.ask(where, list, routeField+route)
	way, filter := strings.CutPrefix(action, "FILTER ")
	switch {
	case declared && !filter:
		x.add(Wrong, "route-line", where, fmt.Sprintf("%s: %s", route, orNothing(action)), "[routes] declares this route, and no line gives it a way: such mail stays or leaves in clear",
			fmt.Sprintf("a line in route.regexp: /^X-Postern-Route:[[:space:]]*%s[[:space:]]*$/ FILTER %s", route, recipeWay(route)))
	case filter && !declared:
		x.add(Note, "route-undeclared", "postern.toml: [routes]", route+" has a line in "+list, "a policy in enforce mode cannot use it until [routes] declares it", declare(route))
	case filter:
		own, _, _ := strings.Cut(recipeWay(route), ":")
		x.checkTransport(route, where, strings.TrimSpace(way), recipe{own, func(nexthop string) string {
			return fmt.Sprintf("in route.regexp: /^X-Postern-Route:[[:space:]]*%s[[:space:]]*$/ FILTER %s:%s", route, own, nexthop)
		}})
	}
}

func recipeWay(route string) string {
	switch name, gateway := strings.CutPrefix(route, "gateway:"); {
	case gateway:
		return "gateway-" + name + ":[its.host]:25"
	case route == "tls":
		return "tlsout:"
	}
	return "tlsver:"
}

func declare(route string) string {
	if route == "tls-verified" {
		return "tls_verified = true"
	}
	return "tls = true"
}

// recipe is the transport that the recipes have for a route, and the line or command
// that gives a mail to it.
type recipe struct {
	transport string
	give      func(nexthop string) string
}

// checkTransport looks at the transport that a route leads to. One that is not the
// recipe's own may serve other mail as well, so the way is put right, and not the
// transport; then it returns false, and the transport is no longer of interest.
func (x *postfixExam) checkTransport(route, where, way string, own recipe) bool {
	name, nexthop, _ := strings.Cut(way, ":")
	s := x.service(name)
	if s == nil || s.program != "smtp" {
		why := "mail of this route waits until it comes back: there is no such transport"
		if s != nil {
			why = "mail of this route leaves by a transport that knows nothing of TLS"
		}
		x.add(Wrong, "transport", where, fmt.Sprintf("%s goes to %q, which is no smtp service of master.cf", route, name), why, x.byRecipe(name, nexthop, own))
		return false
	}
	host, _, bracketed := strings.Cut(strings.TrimPrefix(nexthop, "["), "]")
	if !bracketed {
		host, _, _ = strings.Cut(host, ":")
	}
	if isLoopback(host) && route != "tls" && route != "tls-verified" {
		return true // a gateway on this machine may do without TLS
	}
	before := x.found
	x.found = nil
	x.checkDemands(s, route)
	amiss := x.found
	x.found = before
	shared := slices.Contains([]string{"smtp", "relay", "tlsout", "tlsver"}, name) || x.service(own.transport) != nil
	switch {
	case name != own.transport && shared && slices.ContainsFunc(amiss, func(f Finding) bool { return f.Level == Wrong }):
		x.add(Wrong, "transport", where, fmt.Sprintf("%s goes to %q", route, name), x.whyNot(s, route), x.byRecipe(name, nexthop, own))
		return false
	case route == "tls" && name == "tlsver":
		x.add(Risky, "transport", where, "tls goes to \"tlsver\"", "mail of this route comes back where nobody can verify the other side's certificate", x.byRecipe(name, nexthop, own))
	}
	for _, f := range amiss {
		x.add(f.Level, f.Check, f.Parameter, f.Found, f.Why, f.Repair)
	}
	if relay := x.main["relayhost"]; nexthop == "" && relay != "" {
		x.add(Note, "relayhost", "main.cf: relayhost", relay, "mail with a route goes past the relay, straight to the hosts of its recipients", "if it must go by the relay: FILTER "+name+":"+Cut(relay, 100)+" in route.regexp, and see to it that the relay enforces TLS")
	}
	return true
}

// byRecipe is the repair that brings a way to the recipe's transport.
func (x *postfixExam) byRecipe(name, nexthop string, own recipe) string {
	file := "enforce.master.cf"
	switch {
	case strings.HasPrefix(own.transport, "gateway-"):
		file = "gateway.master.cf"
	case strings.HasPrefix(own.transport, "marked-"):
		file = "per-recipient-gateway.master.cf"
	}
	lines := fmt.Sprintf("append %s to master.cf: its %s", file, own.transport)
	switch {
	case name == own.transport:
		return lines
	case x.service(own.transport) == nil:
		return lines + "; then " + own.give(nexthop)
	}
	return own.give(nexthop)
}

// whyNot says what becomes of mail whose transport demands less than its route.
func (x *postfixExam) whyNot(s *service, route string) string {
	switch level := levels[x.value(s, "smtp_tls_security_level")]; {
	case level < levels["encrypt"]:
		return "this is a transport for other mail: where the other side offers no TLS, mail of this route leaves in clear"
	case route == "tls-verified" && level < levels["secure"]:
		return "this transport asks for TLS and verifies nobody: mail of this route leaves to whoever answers"
	}
	return "this is a transport for other mail, and demands less than the route"
}

// checkDemands looks what a transport demands, and where mail goes that does not get
// it.
func (x *postfixExam) checkDemands(s *service, route string) {
	x.checkTLS(s, route)
	if fallback := x.value(s, "smtp_fallback_relay"); fallback != "" {
		x.add(Wrong, "fallback", x.where(s, "smtp_fallback_relay"), fallback, "what this transport cannot deliver would go to the fallback, which knows of no route", fmt.Sprintf("postconf -P %s/smtp_fallback_relay=", s))
	}
	if !strings.HasPrefix(route, "gateway:") && x.value(s, "smtp_delivery_status_filter") == "" {
		x.add(Risky, "refused", x.where(s, "smtp_delivery_status_filter"), "nothing", "a sender hears after five days only that the other side has no TLS",
			fmt.Sprintf("postconf -P '%s/smtp_delivery_status_filter=regexp:$config_directory/postern/refused.regexp'", s))
	}
}

// checkTLS looks whether a transport demands TLS of whatever host it talks to.
func (x *postfixExam) checkTLS(s *service, route string) {
	set := func(name, value string) string { return fmt.Sprintf("postconf -P '%s/%s=%s'", s, name, value) }
	level, want, least := x.value(s, "smtp_tls_security_level"), "encrypt", 2
	if route == "tls-verified" {
		want, least = "secure", 4
	}
	if levels[level] < least {
		why := "the route " + route + " is there to demand TLS, and this does not"
		if levels[level] >= levels["encrypt"] {
			why = "the route " + route + " is there to verify the other side, and this does not"
		}
		x.add(Wrong, "tls-level", x.where(s, "smtp_tls_security_level"), orNothing(level), why, set("smtp_tls_security_level", want))
	}
	if match := x.value(s, "smtp_tls_secure_cert_match"); route == "tls-verified" && hasWord(strings.ReplaceAll(match, ":", " "), "hostname") {
		x.add(Wrong, "tls-match", x.where(s, "smtp_tls_secure_cert_match"), match, "a certificate for the host's name will do, and that name comes from a name server that may be lied to", set("smtp_tls_secure_cert_match", "nexthop,dot-nexthop"))
	}
	for _, tables := range []string{"smtp_tls_policy_maps", "smtp_tls_per_site"} {
		if value := x.value(s, tables); value != "" && !(route == "tls-verified" && x.ownTable(value)) {
			x.add(Wrong, "tls-policy", x.where(s, tables), value, "an entry of this table that says \"may\" or \"none\" wins over the transport's own level, and the mail leaves in clear", set(tables, ""))
		}
	}
	if protocols := x.value(s, "smtp_tls_mandatory_protocols"); !modern(protocols) {
		x.add(Wrong, "tls-protocols", x.where(s, "smtp_tls_mandatory_protocols"), orNothing(protocols), "TLS before 1.2 is broken, and allowed here", set("smtp_tls_mandatory_protocols", ">=TLSv1.2"))
	}
	switch ciphers := x.value(s, "smtp_tls_mandatory_ciphers"); ciphers {
	case "high":
	case "medium":
		x.add(Risky, "tls-ciphers", x.where(s, "smtp_tls_mandatory_ciphers"), ciphers, "ciphers under 128 bits, or with known faults, may be agreed on", set("smtp_tls_mandatory_ciphers", "high"))
	default:
		x.add(Wrong, "tls-ciphers", x.where(s, "smtp_tls_mandatory_ciphers"), orNothing(ciphers), "weak or no ciphers may be agreed on", set("smtp_tls_mandatory_ciphers", "high"))
	}
	if list := x.value(s, "tls_high_cipherlist"); weak(list) {
		x.add(Wrong, "tls-ciphers", x.where(s, "tls_high_cipherlist"), list, "what Postfix takes for strong ciphers was made weaker", set("tls_high_cipherlist", "aNULL:-aNULL:HIGH:@STRENGTH"))
	}
	if route == "tls-verified" && x.value(s, "smtp_tls_CAfile")+x.value(s, "smtp_tls_CApath") == "" && x.value(s, "tls_append_default_CA") != "yes" {
		x.add(Wrong, "authorities", x.where(s, "smtp_tls_CAfile"), "nothing", "no certificate can be verified without authorities: all mail of this route bounces", "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt")
	}
}

// ownTable reports whether a list names no table but that of postern itself, which
// knows by which means a domain is verified.
func (x *postfixExam) ownTable(list string) bool {
	for _, table := range splitList(list) {
		place, ok := strings.CutPrefix(table, "socketmap:")
		if colon := strings.LastIndexByte(place, ':'); colon > 0 {
			place = place[:colon] // what follows is the table's name
		}
		own, asked := parseAddress(x.setup.Table), parseAddress(place)
		if !ok || x.setup.Table == "" || asked != own && !asked.reaches(own) {
			return false
		}
	}
	return list != ""
}

// weak finds names of broken ciphers in an OpenSSL list that are not shut out.
func weak(list string) bool {
	for one := range strings.SplitSeq(strings.ToUpper(list), ":") {
		for _, bad := range []string{"LOW", "EXP", "NULL", "ENULL", "RC4", "3DES", "DES", "MEDIUM", "ALL"} {
			if one == bad || strings.HasPrefix(one, bad+"+") {
				return true
			}
		}
	}
	return false
}

// modern reports whether a list of protocols allows none before TLS 1.2.
func modern(list string) bool {
	allowed := map[string]bool{}
	shut := map[string]bool{}
	for _, one := range splitList(strings.ReplaceAll(list, ":", " ")) {
		switch {
		case one == ">=TLSv1.2" || one == ">=TLSv1.3" || one == ">=0303" || one == ">=0304":
			return true
		case strings.HasPrefix(one, ">="), strings.HasPrefix(one, "<="):
		case strings.HasPrefix(one, "!"):
			shut[strings.TrimSpace(one[1:])] = true
		default:
			allowed[one] = true
		}
	}
	old := []string{"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"}
	if len(allowed) > 0 {
		return !slices.ContainsFunc(old, func(p string) bool { return allowed[p] && !shut[p] })
	}
	// OpenSSL has no SSLv2 any more, and Postfix shuts it out by itself.
	return shut["SSLv3"] && shut["TLSv1"] && shut["TLSv1.1"]
}

// checkStripping asks whether our headers are taken out where mail leaves.
func (x *postfixExam) checkStripping() {
	leaks := map[string][]string{}
	for _, s := range x.services {
		if s.program != "smtp" && s.program != "lmtp" || s.options["inet_interfaces"] == "loopback-only" {
			continue
		}
		parameter := s.program + "_header_checks"
		where := x.where(s, parameter)
		if action := x.ask(where, x.value(s, parameter), refField); !strings.HasPrefix(action, "IGNORE") && !strings.HasPrefix(action, "STRIP") {
			leaks[where] = append(leaks[where], s.name)
		}
	}
	for where, names := range leaks {
		slices.Sort(names)
		parameter := where[strings.LastIndexByte(where, ' ')+1:]
		x.add(Wrong, "strip", where, "X-Postern-Ref stays, where mail leaves by "+strings.Join(names, ", "), "reference and route of a mail are shown to whoever gets it", parameter+" = regexp:$config_directory/postern/strip.regexp")
	}
}
