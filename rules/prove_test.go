package rules

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify/detect"
)

// without takes a table out of a policy.
func without(t *testing.T, text, table string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "["+table+"]\n")
	if !ok {
		t.Fatalf("there is no [%s]", table)
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	return before + after
}

// readPack compiles a text as if it were a shipped pack.
func readPack(name, text string, opt Options) (*Policy, error) {
	r := newReader()
	r.labels()
	if s := r.source("pack "+name, name, []byte(text), true); s != nil {
		r.sources = append(r.sources, s)
	}
	return r.compile(r.sources, detect.Builtin(), opt)
}

func TestABrokenPackIsRefusedWithAMailThatShowsWhy(t *testing.T) {
	for _, c := range []struct{ pack, table, assertion, says string }{
		{"uk-dwp", "rules.cards-never", "cards-never-leave", "card"},
		{"uk-dwp", "rules.sensitive-encrypted", "sensitive-never-in-clear", "uk-marking"},
		{"uk-dwp", "rules.emailblock", "token-never-leaves", "marker"},
		{"uk-dwp", "rules.unread-held", "unread-never-passes", "with a part"},
		{"missouri-dss", "rules.untagged", "protected-never-in-clear", "outcome accept direct"},
		{"missouri-dss", "rules.fti-encrypted", "fti-never-leaves-dss-in-clear", "someone@mo.gov"},
		{"missouri-dss", "rules.fti-recipient", "fti-only-to-the-authorised", "fti-tag"},
		{"missouri-dss", "rules.tag-misspelt", "misspelt-tag-never-leaves", "something like tag:[encrypt]"},
		{"wisconsin-dhs", "rules.envelope", "confidential-never-in-clear", "outcome accept direct"},
		{"wisconsin-dhs", "rules.envelope-tls-broken", "confidential-never-in-clear", "tls_partners"},
		{"wisconsin-dhs", "rules.unread-held", "unread-never-passes", "with a part"},
		{"wisconsin-dsp", "rules.record-internal", "records-never-in-clear", "@dot.wi.gov"},
		{"wisconsin-dsp", "rules.sensitive-encrypted", "pii-never-leaves-in-clear", "outcome accept direct"},
		{"wisconsin-dsp", "rules.not-eligible", "tag-never-in-clear", "with tag:[send secure]"},
		{"derbyshire-cc", "rules.restricted-tls", "restricted-never-in-clear", "outcome accept direct"},
		{"derbyshire-cc", "rules.urgent", "restricted-never-in-clear", "header:"},
		{"derbyshire-cc", "rules.cjsm-not-registered", "cjsm-only-for-the-registered", "@cjsm.net"},
		{"derbyshire-cc", "rules.unread-held", "unread-never-passes", "with a part"},
		{"pci", "rules.pci-card", "pci-cards-never", "payment-card"},
		{"us-pii", "rules.us-pii-held", "us-pii-never-in-clear", "outcome accept direct"},
		{"uk-pii", "rules.uk-pii-held", "uk-pii-never-in-clear", "outcome accept direct"},
		{"phi", "rules.phi-held", "phi-never-in-clear", "outcome accept direct"},
	} {
		t.Run(c.pack+" without "+c.table, func(t *testing.T) {
			text, _ := Pack(c.pack)
			broken := without(t, string(text), c.table)
			broken = strings.ReplaceAll(broken, `["`+strings.TrimPrefix(c.table, "rules.")+`", `, "[") // exemptions name it
			broken, _, _ = strings.Cut(broken, "[clauses]")
			_, err := readPack(c.pack, broken, Options{})
			mistakes, ok := errors.AsType[*Mistakes](err)
			if !ok {
				t.Fatalf("it loads, or: %v", err)
			}
			var found *Counterexample
			for _, one := range mistakes.Counterexamples() {
				if one.Assertion == c.assertion {
					found = one
				}
			}
			if found == nil {
				t.Fatalf("assertion %s has no counterexample: %v", c.assertion, err)
			}
			if !strings.Contains(found.String(), c.says) {
				t.Errorf("got %s, wanted it to say %q", found, c.says)
			}
			sameAgain(t, c.pack, broken, found)
		})
	}
}

// sameAgain decides about a counterexample anew, from its JSON.
func sameAgain(t *testing.T, pack, text string, c *Counterexample) {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadCounterexample(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPack(pack, text, Options{Unproved: true, Overlay: again.Overlay()})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Decide(again.Envelope, again.Report).Recipients[0]; got.Action != c.Outcome.Action || got.Route != c.Outcome.Route {
		t.Errorf("from its JSON: %v %v, wanted %v %v", got.Action, got.Route, c.Outcome.Action, c.Outcome.Route)
	}
}

func TestPacksAreProvedInTime(t *testing.T) {
	for _, pack := range Packs() {
		begin := cpuTime(t)
		if _, err := ReadPolicy(pack, detect.Builtin(), Options{}); err != nil {
			t.Errorf("%s: %v", pack, err)
		}
		if took := cpuTime(t) - begin; took > 20*time.Second {
			t.Errorf("%s: took %v", pack, took)
		}
	}
}
