package rules

import (
	"fmt"
	"slices"
	"strings"
)

const routeNames = `tls, tls-verified, gateway:NAME`

// parseRoute reads a route; what stands in the way comes as a fix.
func parseRoute(s string) (route Route, fix string, ok bool) {
	switch Route(s) {
	case Direct, TLSForced, TLSVerified:
		return Route(s), "", true
	}
	name, is := strings.CutPrefix(s, "gateway:")
	if !is {
		return "", "known: direct, " + routeNames, false
	}
	if !validGateway(name) {
		return "", "a gateway's name is letters a-z, digits and -, and neither tls nor ver", false
	}
	return Route(s), "", true
}

// validGateway reports whether a name can be a label of a marker domain that is
// not one of the other routes'.
func validGateway(name string) bool {
	return name != "" && len(name) <= 32 && name != "tls" && name != "ver" && name[0] != '-' && name[len(name)-1] != '-' &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func (c *ruleCompiler) route(r *sourceRule, out *rule) {
	out.route = Direct
	line := r.At("route")
	if len(r.Route) > 0 && (r.Reject != nil || r.TempFail != nil) {
		c.wrong(line, "leave one of them out", "a route for a mail that is refused")
	}
	if len(r.Route) > 1 {
		c.ways(r, out)
		return
	}
	switch asked := strings.Join(r.Route, ""); asked {
	case "":
	case "partner":
		out.byPartner = true
		if !c.switched[r.ID] {
			c.declaredPartners()
		}
	case "direct":
		c.wrong(line, "leave it out", "the route direct asks for nothing")
	default:
		route, fix, ok := parseRoute(asked)
		if !ok {
			c.wrong(line, strings.Replace(fix, "direct, ", "partner, ", 1), "unknown route %q", asked)
			return
		}
		out.route = route
		if !c.switched[r.ID] {
			c.declared(c.what, c.file, line, route)
		}
	}
}

func (c *ruleCompiler) declaredPartners() {
	for _, p := range c.partners {
		for _, route := range p.methods() {
			tls := route == TLSForced || route == TLSVerified
			switch {
			case tls && c.opt.Routes.OnSendmail() && c.opt.Routes.PartnerTLS && route == p.floor():
			case tls && c.opt.Routes.OnSendmail() && p.ways == nil:
				c.undeclared(p.file, p.line, "put what postern registry print --format sendmail prints into /etc/mail/access and set partner_tls = true under [routes]",
					fmt.Sprintf("partner %q: that Sendmail forces TLS for partners is not declared under [routes]", p.domain))
			case route != Direct:
				c.declared(fmt.Sprintf("partner %q", p.domain), p.file, p.line, route)
			}
		}
	}
}

// declared checks that the MTA has the recipe of a route.
func (c *compiler) declared(what, file string, line int, route Route) {
	var key string
	routes := c.opt.Routes.possible()
	tls := route == TLSForced || route == TLSVerified
	switch {
	case tls && routes.OnSendmail():
		c.undeclared(file, line, `use a gateway, or route = "partner" with the domains in the partner registry`,
			fmt.Sprintf("%s: the route %q is not possible: Sendmail cannot force TLS for one mail", what, route))
		return
	case route == TLSForced && !routes.TLS:
		key = "tls = true"
	case route == TLSVerified && !routes.TLSVerified:
		key = "tls_verified = true"
	default:
		name, ok := strings.CutPrefix(string(route), "gateway:")
		if !ok || slices.Contains(c.opt.Routes.Gateways, name) {
			return
		}
		key = fmt.Sprintf("gateways = [%q]", name)
	}
	c.undeclared(file, line, fmt.Sprintf("install the MTA's recipe and set %s under [routes] in the daemon's configuration", key),
		fmt.Sprintf("%s: the route %q is not declared under [routes]", what, route))
}

// undeclared tells of a route that mail could not take: a mistake where it would.
func (c *compiler) undeclared(file string, line int, fix, text string) {
	if c.opt.Enforce {
		c.mistakes.Add(file, line, fix, "%s", text)
	} else {
		c.warn(file, line, fix, "%s", text)
	}
}

// edits compiles the header changes of a rule.
func (c *ruleCompiler) edits(r *sourceRule, out *rule) {
	for _, f := range r.AddHeader {
		c.edit(out, AddHeader, f)
	}
	for _, f := range r.ChangeHeader {
		c.edit(out, ChangeHeader, f)
	}
	for _, name := range r.RemoveHeader {
		c.edit(out, RemoveHeader, field{Pos{Line: r.At("remove_header")}, name, ""})
	}
}

func (c *ruleCompiler) edit(out *rule, op Op, f field) {
	switch {
	case !validField(f.Name):
		c.wrong(f.Line, "", "%q is not the name of a header field", f.Name)
	case strings.HasPrefix(strings.ToLower(f.Name), "x-postern-"):
		c.wrong(f.Line, "choose another name", "header field %q: names that begin with X-Postern- are postern's own", f.Name)
	case len(f.Value) > 900 || strings.ContainsFunc(f.Value, func(r rune) bool { return r < 0x20 && r != '\t' || r >= 0x7f }):
		c.wrong(f.Line, "plain ASCII on one line, at most 900 characters", "the value of header field %q cannot be sent", f.Name)
	case op != RemoveHeader && strings.TrimSpace(f.Value) == "":
		c.wrong(f.Line, "use remove_header to delete a field", "the value of header field %q is empty", f.Name)
	default:
		out.edits = append(out.edits, Edit{op, f.Name, f.Value})
	}
}

// validField checks a field name as RFC 5322, section 3.6.8 has it.
func validField(name string) bool {
	if name == "" || len(name) > 76 {
		return false
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':' {
			return false
		}
	}
	return true
}
