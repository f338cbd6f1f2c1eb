package rules

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// mailbox is an address as rules look at it: in lower case, the domain in its
// ASCII form. Both parts are empty where the address is odd.
type mailbox struct {
	local, domain string
	// odd is an address whose end does not tell where the mail goes: no domain
	// name at its end, a dot too many or a dot of another script, an address
	// literal, or a local part that routes further ("a%b", "b!a", "@a:b"). Odd
	// addresses are outside and stand in no list.
	odd bool
}

// parseMailbox reads an address without angle brackets.
func parseMailbox(address string) mailbox {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		if address != "" && !strings.ContainsAny(address, "%!@ ") {
			return mailbox{local: strings.ToLower(address)}
		}
		return mailbox{odd: true}
	}
	local, domain := address[:at], asciiDomain(address[at+1:])
	if domain == "" || strings.ContainsAny(local, "%!@") {
		return mailbox{odd: true}
	}
	return mailbox{local: strings.ToLower(local), domain: domain}
}

func (m mailbox) String() string { return m.local + "@" + m.domain }

// asciiDomain is a domain in lower case and A-labels (RFC 5890), or empty if it
// is not a plain domain name. RFC 5321 knows no dot at the end of a domain.
func asciiDomain(domain string) string {
	if !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil || strings.ContainsAny(domain, "\u3002\uff0e\uff61\u2024") {
			return ""
		}
		domain = ascii
	}
	domain = strings.ToLower(domain)
	if len(domain) > 253 {
		return ""
	}
	label := 0
	for i := range len(domain) {
		c := domain[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			label++
		case c == '.' && label > 0:
			label = 0
		default:
			return ""
		}
		if label > 63 {
			return ""
		}
	}
	if label == 0 {
		return ""
	}
	return domain
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// upwards calls see with a domain and then with each domain above it, until see
// returns false: the order of "the nearest wins".
func upwards(domain string, see func(string) bool) {
	for domain != "" && see(domain) {
		_, domain, _ = strings.Cut(domain, ".")
	}
}

// perimeter says who is inside.
type perimeter struct {
	domains  map[string]bool
	networks []netip.Prefix
	daemons  map[string]bool
}

// insider reports whether a mail comes from inside. An origin that cannot be
// placed counts as inside, so that it is read: where neither networks nor
// daemons are named, or where the MTA did not tell what would decide.
func (p *perimeter) insider(env *Envelope) bool {
	if env.User != "" || env.Pickup || p.daemons[env.Daemon] {
		return true
	}
	client := env.Client.Unmap().WithZone("")
	for _, network := range p.networks {
		if client.IsValid() && network.Contains(client) {
			return true
		}
	}
	switch {
	case len(p.networks) == 0 && len(p.daemons) == 0:
		return true
	case len(p.networks) > 0 && !client.IsValid():
		return true
	case len(p.daemons) > 0 && env.Daemon == "":
		return true
	}
	return false
}

// inside reports whether a recipient is inside. What cannot be known is outside.
func (p *perimeter) inside(to mailbox, mailer string, sender mailbox) bool {
	if to.odd {
		return false
	}
	local := mailer == "local" || mailer == "virtual" || mailer == "lmtp"
	if to.domain == "" {
		return local || to.local == "postmaster" // RFC 5321, section 4.5.1
	}
	if len(p.domains) == 0 {
		return local || !sender.odd && to.domain == sender.domain
	}
	found := false
	upwards(to.domain, func(domain string) bool {
		found = p.domains[domain]
		return !found
	})
	return found
}

// direction is that of a mail for one recipient.
func (p *perimeter) direction(env *Envelope, insider bool, to mailbox, mailer string, sender mailbox) Direction {
	switch {
	case env.Direction != "":
		return env.Direction
	case !insider:
		return Inbound
	case p.inside(to, mailer, sender):
		return Internal
	}
	return Outbound
}

// judgedBy is the address that a recipient is judged by: the MTA's, where it
// told one, since the client's may be rewritten before it is used.
func (r *Recipient) judgedBy() string {
	if r.Canonical != "" {
		return strings.TrimSuffix(strings.TrimPrefix(r.Canonical, "<"), ">")
	}
	return strings.TrimSuffix(strings.TrimPrefix(r.Address, "<"), ">")
}
