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
		x.checkTransport(route, where, strings.TrimSpace(way))
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

// checkTransport looks at the transport that a route leads to.
func (x *postfixExam) checkTransport(route, where, way string) {
	name, nexthop, _ := strings.Cut(way, ":")
	s := x.service(name)
	if s == nil || s.program != "smtp" {
		x.add(Wrong, "transport", where, fmt.Sprintf("%s goes to %q, which is no smtp service of master.cf", route, name), "mail of this route cannot be delivered, or not by a transport that knows TLS", "append enforce.master.cf or gateway.master.cf to master.cf")
		return
	}
	host, _, bracketed := strings.Cut(strings.TrimPrefix(nexthop, "["), "]")
	if !bracketed {
		host, _, _ = strings.Cut(host, ":")
	}
	if isLoopback(host) && route != "tls" && route != "tls-verified" {
		return // a gateway on this machine may do without TLS
	}
	x.checkTLS(s, route)
	if fallback := x.value(s, "smtp_fallback_relay"); fallback != "" {
		x.add(Wrong, "fallback", x.where(s, "smtp_fallback_relay"), fallback, "what this transport cannot deliver would go to the fallback, which knows of no route", fmt.Sprintf("postconf -P %s/smtp_fallback_relay=", s))
	}
	if relay := x.main["relayhost"]; nexthop == "" && relay != "" {
		x.add(Note, "relayhost", "main.cf: relayhost", relay, "mail with a route goes past the relay, straight to the hosts of its recipients", "if it must go by the relay: FILTER "+name+":"+Cut(relay, 100)+" in route.regexp, and see to it that the relay enforces TLS")
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
		x.add(Wrong, "tls-level", x.where(s, "smtp_tls_security_level"), orNothing(level), "the route "+route+" is there to demand TLS, and this does not", set("smtp_tls_security_level", want))
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
