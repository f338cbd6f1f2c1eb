package rules

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// dice makes random policies, mails and envelopes out of a small world, so that
// most rules have a chance to fire.
type dice struct{ *rand.Rand }

func (d dice) of(choice ...string) string { return choice[d.IntN(len(choice))] }

func (d dice) condition(depth int) string {
	if depth > 0 && d.IntN(3) == 0 {
		return fmt.Sprintf("{ %s = [ %s, %s ] }", d.of("any", "all", "none"), d.condition(depth-1), d.condition(depth-1))
	}
	return d.of(
		`{ found = "us-ssn" }`, `{ found = "us-ssn", unique = 2 }`, `{ found = ["us-ssn", "uk-nino"], total = 3 }`,
		`{ found = "uk-nino", confidence = "low", where = "attachment" }`, `{ tag = "[encrypt]" }`, `{ tag = "[encrypt]", near = true }`,
		`{ unread = true }`, `{ encrypted = true }`, `{ label = "personal" }`, `{ to = "@friends" }`, `{ to = { not = "x.example" } }`,
		`{ direction = "internal" }`, `{ from = "in.example" }`, `{ authenticated = false }`, `{ user = "alice" }`)
}

// rule is the text of one random rule.
func (d dice) rule(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[rules.%s]\nclause = \"c\"\n", id)
	if d.IntN(4) == 0 {
		b.WriteString("never = true\n")
	}
	if d.IntN(2) == 0 {
		fmt.Fprintf(&b, "when = %s\n", d.condition(2))
	}
	if d.IntN(3) == 0 {
		fmt.Fprintf(&b, "unless = %s\n", d.condition(1))
	}
	if d.IntN(3) == 0 {
		fmt.Fprintf(&b, "to = %s\n", d.of(`"x.example"`, `"@friends"`, `{ not = "@friends" }`, `["x.example", "a@y.example"]`))
	}
	b.WriteString(d.of("reject = true\n", "hold = true\n", "tempfail = true\n", "record = true\n", "route = \"tls\"\n",
		"route = \"tls-verified\"\nhold = true\n", "route = \"gateway:secure\"\n", "route = \"gateway:other\"\n", "add_header = { X-A = \"b\" }\n"))
	return b.String()
}

func (d dice) rules(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = d.rule(fmt.Sprintf("r%d", i))
	}
	return all
}

const world = `
[policy]
judges = ["outbound", "internal", "inbound"]
[inside]
domains = ["in.example"]
networks = ["10.0.0.0/8"]
[lists.friends]
entries = ["friend.example", "a@y.example"]
[labels.personal]
any = [ { found = "us-ssn" }, { found = "uk-nino", where = "subject" } ]
`

func (d dice) mail() (*Envelope, *classify.Report) {
	var to []string
	for range 1 + d.IntN(4) {
		to = append(to, d.of("a", "b")+"@"+d.of("x.example", "y.example", "friend.example", "in.example", "sub.x.example"))
	}
	env := envelope(d.of("s@in.example", "t@far.example", ""), to...)
	env.User = d.of("", "alice", "bob")
	r := report()
	for range d.IntN(4) {
		where := []extract.Where{extract.Subject, extract.Header, extract.Body, extract.Attachment}[d.IntN(4)]
		r = with(r, find{d.of("us-ssn", "uk-nino"), 1 + d.IntN(3), detect.Confidence(1 + d.IntN(3)), "1", where, d.IntN(2) == 0})
	}
	r.Answers["tag:[encrypt]"] = classify.Answer{Yes: d.IntN(3) == 0, Near: d.IntN(3) == 0}
	if d.IntN(3) == 0 {
		r.Parts = []extract.Part{{Path: "2", Problem: extract.Encrypted, Encrypted: true}}
	}
	return env, r
}

// tries runs a property on many random worlds; the seed is in the message.
func tries(t *testing.T, n int, property func(d dice, opt Options) string) {
	t.Helper()
	for seed := range uint64(n) {
		d := dice{rand.New(rand.NewPCG(seed, 1))}
		opt := enforcing()
		opt.Routes.PerRecipient = seed%2 == 0
		if broken := property(d, opt); broken != "" {
			t.Fatalf("seed %d: %s", seed, broken)
		}
	}
}

func TestAddingARuleNeverMakesAnOutcomeMilder(t *testing.T) {
	tries(t, 400, func(d dice, opt Options) string {
		text := d.rules(1 + d.IntN(5))
		before := policyOf(t, world+strings.Join(text, ""), opt)
		after := policyOf(t, world+strings.Join(text, "")+d.rule("added"), opt)
		env, r := d.mail()
		a, b := before.Decide(env, r), after.Decide(env, r)
		// What cannot be sent together is refused; a rule that sends all by one
		// route makes it possible.
		separate := slices.ContainsFunc(a.Rules, func(r RuleResult) bool { return r.ID == separateRule })
		if b.Action < a.Action && !separate {
			return fmt.Sprintf("the mail: %v became %v", a.Action, b.Action)
		}
		for i := range a.Recipients {
			if b.Recipients[i].Action < a.Recipients[i].Action || b.Recipients[i].Route.rank() < a.Recipients[i].Route.rank() {
				return fmt.Sprintf("%+v became %+v", a.Recipients[i], b.Recipients[i])
			}
		}
		return ""
	})
}

func TestAnExemptionLiftsWhatItNamesAndNothingElse(t *testing.T) {
	tries(t, 400, func(d dice, opt Options) string {
		text := d.rules(5)
		var lifts []string
		for i, rule := range text {
			if !strings.Contains(rule, "never = true") {
				lifts = append(lifts, fmt.Sprintf("%q", fmt.Sprintf("r%d", i)))
			}
		}
		if len(lifts) == 0 {
			return ""
		}
		exemption := fmt.Sprintf("[exemptions.e]\nto = \"example\"\nlifts = [%s]\n", strings.Join(lifts, ", "))
		env, r := d.mail()
		plain := policyOf(t, world+strings.Join(text, ""), opt).Decide(env, r)
		lifted := policyOf(t, world+strings.Join(text, "")+exemption, opt).Decide(env, r)
		for i := range plain.Recipients {
			var want []string
			for _, id := range plain.Recipients[i].Rules {
				if id != gatewaysRule && !slices.Contains(lifts, fmt.Sprintf("%q", id)) {
					want = append(want, id)
				}
			}
			got := slices.DeleteFunc(slices.Clone(lifted.Recipients[i].Rules), func(id string) bool { return id == gatewaysRule })
			if !slices.Equal(got, want) {
				return fmt.Sprintf("%s: got %v, wanted %v", env.Recipients[i].Address, got, want)
			}
		}
		return ""
	})
}

func TestTheOrderOfRulesDoesNotMatter(t *testing.T) {
	tries(t, 300, func(d dice, opt Options) string {
		text := d.rules(6)
		a := policyOf(t, world+strings.Join(text, ""), opt)
		d.Shuffle(len(text), func(i, j int) { text[i], text[j] = text[j], text[i] })
		b := policyOf(t, world+strings.Join(text, ""), opt)
		env, r := d.mail()
		if one, two := a.Explain(env, r), b.Explain(env, r); !reflect.DeepEqual(one, two) {
			return fmt.Sprintf("%+v\nis not\n%+v", one, two)
		}
		return ""
	})
}

func TestARecipientsOutcomeDoesNotDependOnTheOthers(t *testing.T) {
	tries(t, 300, func(d dice, opt Options) string {
		p := policyOf(t, world+strings.Join(d.rules(6), ""), opt)
		env, r := d.mail()
		together := p.Decide(env, r)
		for i, to := range env.Recipients {
			alone := *env
			alone.Recipients = []Recipient{to}
			if one := p.Decide(&alone, r).Recipients[0]; !reflect.DeepEqual(one, together.Recipients[i]) {
				return fmt.Sprintf("alone %+v, together %+v", one, together.Recipients[i])
			}
		}
		return ""
	})
}

func TestDecideAndExplainAgree(t *testing.T) {
	tries(t, 300, func(d dice, opt Options) string {
		p := policyOf(t, world+strings.Join(d.rules(6), ""), opt)
		env, r := d.mail()
		short, long := p.Decide(env, r), p.Explain(env, r)
		if len(long.Rules) < 6 {
			return fmt.Sprintf("only %d rules explained", len(long.Rules))
		}
		for _, rule := range long.Rules {
			if len(rule.Because) == 0 || rule.Because[0] == "" {
				return fmt.Sprintf("rule %s has no reason", rule.ID)
			}
		}
		long.Rules = slices.DeleteFunc(long.Rules, func(r RuleResult) bool { return !r.Fired })
		if short.Rules == nil {
			short.Rules = []RuleResult{}
		}
		if !reflect.DeepEqual(short, long) {
			return fmt.Sprintf("%+v\nis not\n%+v", short, long)
		}
		return ""
	})
}

// BenchmarkDecide takes a mail with 100 recipients through 500 rules, of which
// some fire. The number of allocations must not grow with the rules.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{50, 500} {
		b.Run(fmt.Sprintf("%d rules", n), func(b *testing.B) {
			p, env, r := bigWorld(b, n)
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(env, r)
			}
		})
	}
}

func bigWorld(tb testing.TB, rules int) (*Policy, *Envelope, *classify.Report) {
	tb.Helper()
	var text strings.Builder
	text.WriteString(world)
	for i := range rules {
		to := []string{"", "to = \"@friends\"\n", "to = { not = \"x.example\" }\n", "unless = { to = \"y.example\" }\n"}[i%4]
		when := fmt.Sprintf(`when = { any = [ { found = "us-ssn", unique = %d }, { all = [ { tag = "[t%d]" }, { to = "y.example" } ] } ] }`, 2+i, i%40)
		fmt.Fprintf(&text, "[rules.r%d]\nclause = \"c\"\n%s%s\nroute = \"tls\"\n", i, to, when)
	}
	var to []string
	for i := range 100 {
		to = append(to, fmt.Sprintf("u%d@%s.example", i, []string{"x", "y", "friend", "in", "far"}[i%5]))
	}
	r := report(find{id: "us-ssn", count: 6})
	r.Findings = r.Findings[:6]
	return policyOf(tb, text.String(), enforcing()), envelope("a@in.example", to...), r
}

func TestRulesThatDoNotFireCostNoAllocation(t *testing.T) {
	allocations := func(rules int) float64 {
		p, env, r := bigWorld(t, rules)
		return testing.AllocsPerRun(20, func() { p.Decide(env, r) })
	}
	if few, many := allocations(50), allocations(500); many > few+5 {
		t.Errorf("50 rules make %v allocations, 500 make %v", few, many)
	}
}
