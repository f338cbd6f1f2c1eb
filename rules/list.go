package rules

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify"
)

// entry is one entry of a list, with the line that it stands on.
type entry struct {
	text    string
	expires date
	ref     string
	of      string // whose it is: it counts only for mail of this sender or login
	file    string
	line    int
}

// use says what the entries of a list are taken for; the same list may be used
// in several ways.
type use uint8

const (
	asPeople  use = iota // domains and addresses
	asLogins             // logins and addresses
	asClients            // networks
	asPrints             // fingerprints of findings
)

// roll is a list made ready for look-up in one use. Look-ups take the time of
// the mail: an expired entry is none.
type roll struct {
	name      string // "@partners"; empty for entries written in place
	number    int    // among those of the policy that recipients are looked up in
	domains   map[string]date
	addresses map[string]date
	logins    map[string]date
	networks  []network
	owned     map[string][]owned
	expiring  bool
}

// owned is an entry that counts for the mail of one sender or login only.
type owned struct {
	of      string
	expires date
}

type network struct {
	netip.Prefix
	expires date
}

// newRoll compiles entries and notes those that cannot be used.
func newRoll(name string, entries []entry, as use, wrong func(e entry, fix, text string)) *roll {
	r := &roll{name: name, domains: map[string]date{}, addresses: map[string]date{}, logins: map[string]date{}}
	for _, e := range entries {
		r.expiring = r.expiring || !e.expires.end.IsZero()
		fix, text := r.add(e, as)
		if text != "" {
			wrong(e, fix, text)
		}
	}
	return r
}

func (r *roll) add(e entry, as use) (fix, text string) {
	if as == asClients {
		prefix, err := parseNetwork(e.text)
		if err != nil {
			return "write 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32", "not a network"
		}
		r.networks = append(r.networks, network{prefix, e.expires})
		return "", ""
	}
	if as == asPrints {
		if e.of == "" {
			return `say { entry = "…", of = "jo@agency.example" }`, "nobody's own"
		}
		r.own(e.text, e)
		return "", ""
	}
	if name := strings.TrimPrefix(strings.TrimPrefix(e.text, "*"), "@"); strings.HasPrefix(e.text, "*@") || strings.HasPrefix(e.text, "@") {
		if domain := asciiDomain(name); domain != "" {
			return "write " + domain + ", which covers all its addresses", "not an address"
		}
	}
	if strings.Contains(e.text, "@") {
		m := parseMailbox(e.text)
		if m.odd {
			return "write user@domain.example", "not a usable address"
		}
		if e.of != "" {
			r.own(m.String(), e)
		} else {
			r.addresses[m.String()] = e.expires
		}
		return "", ""
	}
	if as == asLogins {
		r.logins[strings.ToLower(e.text)] = e.expires
		return "", ""
	}
	domain := asciiDomain(e.text)
	if domain == "" {
		if bare := bareDomain(e.text); bare != "" {
			return "write " + bare + ", which covers all below it too", "not a domain"
		}
		return "", "neither a domain nor an address"
	}
	if e.of != "" {
		r.own(domain, e)
	} else {
		r.domains[domain] = e.expires
	}
	return "", ""
}

// bareDomain is the domain that was meant by a pattern: entries are names, which
// match at the dots, and not patterns, which need not.
func bareDomain(text string) string {
	text = strings.ReplaceAll(strings.Trim(text, "^$"), `\.`, ".")
	text = strings.TrimLeft(text, "*.+()?:|")
	return asciiDomain(strings.TrimRight(text, ".)"))
}

func (r *roll) own(what string, e entry) {
	if r.owned == nil {
		r.owned = map[string][]owned{}
	}
	r.owned[what] = append(r.owned[what], owned{strings.ToLower(e.of), e.expires})
}

// holdsPrint reports whether a finding is one of the sender's own numbers.
func (r *roll) holdsPrint(f *classify.Finding, m *mail) bool {
	return slices.ContainsFunc([]string{f.Fingerprint, f.Older}, func(mark string) bool {
		return mark != "" && slices.ContainsFunc(r.owned[mark], func(o owned) bool { return o.is(m.sender, m.env.User, m.env.Time) })
	})
}

// is reports whether an entry is valid and belongs to a sender.
func (o *owned) is(sender mailbox, login string, at time.Time) bool {
	return !o.expires.expired(at) && (o.of == strings.ToLower(login) || !sender.odd && o.of == sender.String())
}

// holdsFor reports whether an address is on the roll for the mail of a sender.
func (r *roll) holdsFor(to mailbox, sender mailbox, login string, at time.Time) bool {
	if r.holds(to, at) {
		return true
	}
	if len(r.owned) == 0 || to.odd || to.domain == "" {
		return false
	}
	mine := func(o owned) bool { return o.is(sender, login, at) }
	found := slices.ContainsFunc(r.owned[to.String()], mine)
	upwards(to.domain, func(domain string) bool {
		found = found || slices.ContainsFunc(r.owned[domain], mine)
		return !found
	})
	return found
}

// parseNetwork reads a network in CIDR form or a single address.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap().WithZone("")
		return addr.Prefix(addr.BitLen())
	}
	prefix, err := netip.ParsePrefix(s)
	return prefix.Masked(), err
}

// holds reports whether an address, or a domain that covers it, is on the roll.
func (r *roll) holds(m mailbox, at time.Time) bool {
	if m.odd || m.domain == "" {
		return false
	}
	if len(r.addresses) > 0 {
		if expires, ok := r.addresses[m.String()]; ok && !expires.expired(at) {
			return true
		}
	}
	found := false
	if len(r.domains) > 0 {
		upwards(m.domain, func(domain string) bool {
			expires, ok := r.domains[domain]
			found = ok && !expires.expired(at)
			return !found
		})
	}
	return found
}

// holdsUser reports whether a login is on the roll. An entry that is an address
// is compared with a login that is one, else with the envelope sender.
func (r *roll) holdsUser(login string, sender mailbox, at time.Time) bool {
	if expires, ok := r.logins[strings.ToLower(login)]; ok && login != "" && !expires.expired(at) {
		return true
	}
	if strings.Contains(login, "@") {
		sender = parseMailbox(login)
	}
	expires, ok := r.addresses[sender.String()]
	return ok && !sender.odd && !expires.expired(at)
}

func (r *roll) holdsClient(client netip.Addr, at time.Time) bool {
	client = client.Unmap().WithZone("")
	return client.IsValid() && slices.ContainsFunc(r.networks, func(n network) bool {
		return n.Contains(client) && !n.expires.expired(at)
	})
}

// expiredFor tells when the entry that would have covered an address expired.
func (r *roll) expiredFor(m mailbox, at time.Time) (string, date, bool) {
	if e, ok := r.addresses[m.String()]; ok && e.expired(at) {
		return m.String(), e, true
	}
	var name string
	var end date
	upwards(m.domain, func(domain string) bool {
		if e, ok := r.domains[domain]; ok && e.expired(at) {
			name, end = domain, e
		}
		return name == ""
	})
	return name, end, name != ""
}

// readList reads a list file: one entry a line, "#" begins a comment, and after
// a TAB may follow expires=DATE, ref=TEXT and of=SENDER, TABs between them.
func readList(file string, data []byte, m *Mistakes) []entry {
	var entries []entry
	for i, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		columns := strings.Split(strings.TrimSpace(uncomment(line)), "\t")
		if columns[0] == "" {
			continue
		}
		e := entry{text: strings.TrimSpace(columns[0]), file: file, line: i + 1}
		if strings.ContainsAny(e.text, " ,;") {
			m.Add(file, i+1, "one entry a line; a TAB before expires= and ref=", "%q is not one entry", e.text)
			continue
		}
		for _, column := range columns[1:] {
			e.attribute(strings.TrimSpace(column), m)
		}
		entries = append(entries, e)
	}
	return entries
}

// uncomment drops a comment: from a "#" at the start or after white space.
func uncomment(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

func (e *entry) attribute(column string, m *Mistakes) {
	key, value, _ := strings.Cut(column, "=")
	switch key = strings.TrimSpace(key); key {
	case "":
	case "ref":
		e.ref = strings.TrimSpace(value)
	case "of":
		e.of = strings.TrimSpace(value)
	case "expires":
		day, err := time.Parse(time.DateOnly, strings.TrimSpace(value))
		if err != nil {
			m.Add(e.file, e.line, "", "expires is %q, wanted a date such as 2027-03-31", value)
			return
		}
		e.expires = endOf(day)
	default:
		m.Add(e.file, e.line, didYouMean(key, []string{"expires", "ref", "of"}), "unknown %q after entry %q", key, e.text)
	}
}
