package audit

import (
	"os"
	"strings"
	"testing"

	"github.com/postern-mail/postern/rules"
)

// FuzzALineOfTheFileIsDecidedOrRefused feeds lines that anybody may have written.
func FuzzALineOfTheFileIsDecidedOrRefused(f *testing.F) {
	full, err := os.ReadFile("testdata/full.json")
	if err != nil {
		f.Fatal(err)
	}
	line := strings.Replace(string(full), `"fault":"not-offered"`, `"fault":""`, 1)
	f.Add([]byte(line))
	f.Add([]byte(strings.Replace(line, `"values":null`, `"values":{"0":1,"65535":-3}`, 1)))
	f.Add([]byte(strings.Replace(line, `"us-ssn":{"findings"`, `"us-nino":null,"us-ssn":{"findings"`, 1)))
	f.Add([]byte(`{"v":1,"recipients":[{"action":"hold"}],"envelope":{"recipients":[{"address":"@@"}]},"report":{"answers":null,"parts":[{}]}}`))
	var policies []*rules.Engine
	for _, pack := range []string{"example", "uk-dwp", "wisconsin-dhs", "derbyshire-cc"} {
		e, err := rules.Load(pack, rules.Options{Unproved: true, Overlay: "[inside]\ndomains = [\"inside.example\"]\n"})
		if err != nil {
			f.Fatal(err)
		}
		policies = append(policies, e)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := Parse(line)
		if err != nil {
			return
		}
		env, report, err := r.Input()
		if err != nil {
			return
		}
		for _, p := range policies {
			is := p.Replay(env, report)
			if len(is.Recipients) != len(r.Recipients) {
				t.Errorf("%d outcomes for %d recipients", len(is.Recipients), len(r.Recipients))
			}
			for i, lacks := range is.Open {
				if len(lacks) == 0 {
					t.Errorf("recipient %d is undecidable, and nothing says why", i)
				}
			}
		}
	})
}
