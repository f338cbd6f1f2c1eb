package milter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
