package milter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-mail/postern/milter/facts"
	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/rules"
)

const knownDestinations = `{"version":1,"results":[
{"domain":"good.example","time":"2026-01-01T00:00:00Z","expires":"2999-01-01T00:00:00Z","state":"tls","hosts":[]},
{"domain":"example.org","time":"2026-01-01T00:00:00Z","expires":"2999-01-01T00:00:00Z","state":"tls","hosts":[]}]}`

// What is known at the end of a mail decides; what is not known is asked for beside
// it, and the mail does not wait.
func TestAMailIsDecidedByWhatIsKnownOfItsDestinations(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known.json")
	if err := os.WriteFile(file, []byte(knownDestinations), 0o600); err != nil {
		t.Fatal(err)
	}
	// Nobody answers there.
	cache, err := probe.Open(probe.Options{File: file, Resolver: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	policy, err := rules.LoadText("policy", []byte(`
[policy]
id = "facts"
judges = ["outbound"]
[inside]
domains = ["in.example"]
[rules.all]
when  = { header = "Subject", contains = "plan" }
route = ["tls", "gateway:secure"]
`), "", rules.Options{Enforce: true, Routes: rules.Routes{TLS: true, Gateways: []string{"secure"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cache *probe.Cache
		to    string
		want  string
	}{
		"a destination that is known":             {cache, "x@good.example", "tls"},
		"one of which nothing is known":           {cache, "x@other.example", "gateway:secure"},
		"one of which the parent domain is known": {cache, "x@sub.example.org", "gateway:secure"},
		"nobody probes":                           {nil, "x@good.example", "gateway:secure"},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, nil, func(c2 *Config) {
				c2.Enforce, c2.engine, c2.Engine, c2.Destinations = true, nil, func() *rules.Engine { return policy }, c.cache
			})
			m := connect(t, h)
			m.envelope("Q1", c.to)
			m.content("hello\r\n", "Subject: plan")
			steps, reply := m.end()
			if got := strings.Join(steps, " "); !strings.Contains(got, "hX-Postern-Route\x00 "+c.want) || reply != "a" {
				t.Errorf("got %q, %q; want the route %s", steps, reply, c.want)
			}
		})
	}
}

func TestFirstContactsAndVolumesAreRemembered(t *testing.T) {
	store, err := facts.Open(facts.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	policy, err := rules.LoadText("policy", []byte(`
[policy]
id = "facts"
judges = ["outbound"]
[inside]
domains = ["in.example"]
[rules.refused]
when   = { header = "Subject", contains = "refuse" }
reject = true
[rules.first]
when       = { first_contact = true }
add_header = { X-First = "yes" }
[rules.many]
when       = { volume = { found = "us-ssn", unique = 4 } }
add_header = { X-Many = "yes" }
`), "", rules.Options{Enforce: true})
	if err != nil {
		t.Fatal(err)
	}
	h := serve(t, nil, func(c *Config) {
		c.Enforce, c.engine, c.Engine, c.Facts = true, nil, func() *rules.Engine { return policy }, store
	})
	m := connect(t, h)
	const two = "My social security numbers are SSN 219-09-9998 and SSN 536-90-4399.\r\n"
	for i, c := range []struct{ to, subject, body, want string }{
		{"pat@p.example", "refuse", two, "y"},
		{"pat@p.example", "hi", two, "first"}, // what was refused does not count
		{"pat@p.example", "hi", two, "many"},
		{"sam@p.example", "hi", "hello\r\n", "first many"}, // the domain counts
		{"sam@sub.p.example", "hi", two, "first"},
		{"sam@q.example", "hi", "hello\r\n", "first"},
	} {
		m.envelope("Q1", c.to)
		m.content(c.body, "Subject: "+c.subject)
		steps, reply := m.end()
		got := ""
		for _, what := range []string{"First", "Many"} {
			if strings.Contains(strings.Join(steps, " "), "X-"+what) {
				got = strings.TrimSpace(got + " " + strings.ToLower(what))
			}
		}
		if reply[0] == 'y' {
			got = "y"
		}
		if got != c.want {
			t.Errorf("mail %d: got %q, want %q (%q)", i, got, c.want, steps)
		}
	}
}
