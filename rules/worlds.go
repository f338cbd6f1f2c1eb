package rules

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify"
)

// worlds are the senders and recipients that the policy tells apart, one of each
// kind: there may be ten thousand entries in a list, but those that stand in the
// same lists are alike.
type worlds struct {
	origins []origin
	targets []target
}

// origin is a way in which a mail may come.
type origin struct {
	mail    *mail
	insider bool
}

// target is a recipient, as seen from inside or from outside.
type target struct {
	mail    *mail
	insider bool
	partner Route // of the registry; empty if there is none
	ways    ways  // and its list, if it has one
}

// stranger is a domain that stands in no list. RFC 2606 keeps it free.
const stranger = "someone@elsewhere.invalid"

// nobody is a sender who stands in no list, and whose domain is no recipient's: a
// policy that names no domains takes the sender's for inside.
const nobody = "someone@sender.invalid"

func (p *Policy) worlds() *worlds {
	w := &worlds{}
	p.targetsOf(w)
	p.originsOf(w)
	return w
}

// targetsOf collects the recipients: one of each domain and each address that
// stands in a list, before and after it expires.
func (p *Policy) targetsOf(w *worlds) {
	addresses := map[string][]time.Time{stranger: nil}
	note := func(where string, until date) {
		if !strings.Contains(where, "@") {
			where = "someone@" + where
		}
		addresses[where] = append(addresses[where], time.Time{})
		if !until.end.IsZero() {
			addresses[where] = append(addresses[where], until.end)
		}
	}
	for domain := range p.inside.domains {
		note(domain, date{})
	}
	for domain, partner := range p.partners {
		note(domain, partner.expires)
	}
	for _, t := range p.rcptTests {
		if to, ok := t.(*toTest); ok {
			for _, r := range slices.Concat(to.is, to.not) {
				r.each(note)
			}
		}
	}
	seen := map[string]bool{}
	for _, address := range slices.Sorted(maps.Keys(addresses)) {
		for _, at := range append(addresses[address], time.Time{}) {
			for _, mailer := range []string{"smtp", "local"} {
				for _, insider := range []bool{true, false} {
					p.addTarget(w, seen, address, mailer, at, insider)
				}
			}
		}
	}
}

func (p *Policy) addTarget(w *worlds, seen map[string]bool, address, mailer string, at time.Time, insider bool) {
	env := &Envelope{Ref: "P-0000000000", Time: at, Sender: nobody, Recipients: []Recipient{{Address: address, Mailer: mailer}}}
	if env.User = "someone"; !insider {
		env.User, env.Direction = "", Inbound
	}
	m := p.open(env, &classify.Report{}, false)
	one := target{mail: m, insider: insider}
	if found := p.partner(m.to[0], at); found != nil {
		one.partner, one.ways = found.route, found.ways
	}
	var kind strings.Builder
	kind.WriteString(fmt.Sprint(insider, one.partner, one.ways))
	for n, t := range p.rcptTests {
		switch t := t.(type) {
		case *toTest:
			for _, r := range slices.Concat(t.is, t.not) {
				kind.WriteString(fmt.Sprint(r.holds(m.to[0], at)))
			}
		case *directionTest, *partnerTest:
			kind.WriteString(fmt.Sprint(p.rcptTests[n].matches(m, 0)))
		}
	}
	if !seen[kind.String()] {
		seen[kind.String()] = true
		w.targets = append(w.targets, one)
	}
}

// each calls see with every entry that is a domain or an address.
func (r *roll) each(see func(where string, until date)) {
	for domain, until := range r.domains {
		see(domain, until)
	}
	for address, until := range r.addresses {
		see(address, until)
	}
}

// originsOf collects the ways in: senders, logins and clients that conditions
// tell apart.
func (p *Policy) originsOf(w *worlds) {
	senders, logins, clients := map[string]bool{nobody: true, "": true}, map[string]bool{"": true, "someone": true}, map[string]bool{"": true, "192.0.2.1": true}
	var tests []*originTest
	for _, t := range p.mailTests {
		o, ok := t.(*originTest)
		if !ok {
			continue
		}
		tests = append(tests, o)
		for _, r := range slices.Concat(o.is, o.not) {
			r.each(func(where string, _ date) {
				if !strings.Contains(where, "@") {
					where = "someone@" + where
				}
				senders[where] = true
			})
			for login := range r.logins {
				logins[login] = true
			}
			for _, network := range r.networks {
				clients[network.Addr().String()] = true
			}
		}
	}
	for _, network := range p.inside.networks {
		clients[network.Addr().String()] = true
	}
	seen := map[string]bool{}
	p.addOrigins(w, seen, tests, slices.Sorted(maps.Keys(senders)), []string{"", "someone"}, []string{"", "192.0.2.1"})
	p.addOrigins(w, seen, tests, []string{nobody}, slices.Sorted(maps.Keys(logins)), []string{""})
	p.addOrigins(w, seen, tests, []string{nobody}, []string{"", "someone"}, slices.Sorted(maps.Keys(clients)))
	// What is alike is one; now all that differ may meet.
	var some [3]map[string]bool
	for i := range some {
		some[i] = map[string]bool{}
	}
	for i := range w.origins {
		env := w.origins[i].mail.env
		some[0][env.Sender], some[1][env.User] = true, true
		if env.Client.IsValid() {
			some[2][env.Client.String()] = true
		} else {
			some[2][""] = true
		}
	}
	p.addOrigins(w, seen, tests, slices.Sorted(maps.Keys(some[0])), slices.Sorted(maps.Keys(some[1])), slices.Sorted(maps.Keys(some[2])))
}

func (p *Policy) addOrigins(w *worlds, seen map[string]bool, tests []*originTest, senders, logins, clients []string) {
	for _, sender := range senders {
		for _, login := range logins {
			for _, client := range clients {
				env := &Envelope{Ref: "P-0000000000", Sender: sender, User: login}
				if client != "" {
					env.Client = netip.MustParseAddr(client)
				}
				m := &mail{policy: p, env: env, sender: parseMailbox(sender)}
				insider := p.inside.insider(env)
				// The empty sender, and a client that is not told, stand in no list that
				// is still to be filled.
				var kind strings.Builder
				kind.WriteString(fmt.Sprint(insider, login != "", sender != "", client != ""))
				for _, t := range tests {
					for _, r := range slices.Concat(t.is, t.not) {
						kind.WriteString(fmt.Sprint(t.match(m, r)))
					}
				}
				if !seen[kind.String()] {
					seen[kind.String()] = true
					w.origins = append(w.origins, origin{m, insider})
				}
			}
		}
	}
}
