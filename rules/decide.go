package rules

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/postern-mail/postern/classify"
)

// Decide says what shall become of a mail. It depends on nothing but the policy,
// the envelope and the report. Of the rules, those that fired are told; their
// reasons name parts by number, so that they may be logged.
func (p *Policy) Decide(env *Envelope, report *classify.Report) *Decision {
	return p.decide(env, report, false)
}

// Explain is Decide with every rule: for those that did not fire the condition
// that failed and how near it was. Its reasons may hold names of attachments.
func (p *Policy) Explain(env *Envelope, report *classify.Report) *Decision {
	return p.decide(env, report, true)
}

// mail is one mail being decided. Everything that rules share is worked out at
// most once.
type mail struct {
	policy   *Policy
	env      *Envelope
	report   *classify.Report
	explain  bool
	sender   mailbox
	to       []mailbox
	outcomes []Outcome
	twice    set // recipients for whom rules ask for two gateways
	marked   set // recipients with a marker domain of ours

	words   int
	every   set
	answers []answer // of mail tests
	facts   [][]string
	inParts map[int][]int // by label of parts: the parts that have it
	classes []uint64      // of recipient tests, words each
	lifted  []uint64      // of exemptions, words each
	known   []bool        // which of classes and lifted are there
	fired   []uint64      // recipients of each rule, words each
	sums    []sum
	members []uint64 // of rolls, words each
	asked   []bool   // which of members are there
	spare   []uint64
}

type answer uint8

const (
	unasked answer = iota
	no
	yes
)

func (p *Policy) open(env *Envelope, report *classify.Report, explain bool) *mail {
	n := len(env.Recipients)
	w := words(n)
	m := &mail{
		policy: p, env: env, report: report, explain: explain, words: w,
		sender: parseMailbox(env.Sender), to: make([]mailbox, n), outcomes: make([]Outcome, n),
		answers: make([]answer, len(p.mailTests)), facts: make([][]string, len(p.mailTests)),
		known: make([]bool, len(p.rcptTests)+len(p.exemptions)), asked: make([]bool, p.rolls), sums: make([]sum, p.counts),
	}
	all := make([]uint64, w*(3+len(p.rcptTests)+len(p.exemptions)+len(p.rules)+p.rolls+2*(p.depth+2)))
	cut := func(sets int) []uint64 {
		one := all[: sets*w : sets*w]
		all = all[sets*w:]
		return one
	}
	m.every, m.twice, m.marked = cut(1), cut(1), cut(1)
	m.classes, m.lifted, m.fired = cut(len(p.rcptTests)), cut(len(p.exemptions)), cut(len(p.rules))
	m.members, m.spare = cut(p.rolls), all
	insider := p.inside.insider(env)
	for i := range env.Recipients {
		r := &env.Recipients[i]
		m.to[i] = parseMailbox(r.judgedBy())
		m.every.add(i)
		m.outcomes[i] = Outcome{
			Address: r.Address, Route: Direct, Rules: []string{},
			Direction: p.inside.direction(env, insider, m.to[i], r.Mailer, m.sender),
		}
		if marked(r) {
			m.marked.add(i)
		}
	}
	return m
}

func (p *Policy) decide(env *Envelope, report *classify.Report, explain bool) *Decision {
	return p.open(env, report, explain).decide()
}

func (m *mail) decide() *Decision {
	p := m.policy
	for i := range p.rules {
		m.fire(i)
	}
	return m.conclude()
}

// conclude makes the decision of the rules that fired and of their outcomes.
func (m *mail) conclude() *Decision {
	m.nameRules()
	m.own(m.marked, markerRule, Reject)
	m.own(m.twice, gatewaysRule, Hold)
	d := &Decision{Direction: m.direction(), Recipients: m.outcomes, Edits: []Edit{}, Rules: []RuleResult{}, Append: []Append{}, Notify: []string{}}
	d.Reply.Lines, d.PerRecipient = []string{}, m.policy.routes.PerRecipient
	for _, o := range m.outcomes {
		d.Action = max(d.Action, o.Action)
	}
	d.Labels = m.labels()
	m.results(d)
	m.carry(d)
	m.word(d)
	slices.SortFunc(d.Rules, func(a, b RuleResult) int { return strings.Compare(a.ID, b.ID) })
	for i := range m.outcomes {
		slices.Sort(m.outcomes[i].Rules)
	}
	return d
}

// Labels names the labels that content alone gives a mail, sorted.
func (p *Policy) Labels(report *classify.Report) []string {
	return p.open(&Envelope{}, report, false).labels()
}

// action is what a rule that fired does. One whose statement cannot be added does
// what stands in its place.
func (m *mail) action(r *rule) Action {
	if m.report.Unable != "" && r.statement != "" {
		return max(r.action, r.fallback)
	}
	return r.action
}

func (m *mail) labels() []string {
	names := []string{}
	for _, l := range m.policy.labels {
		if m.test(l.test) {
			names = append(names, l.name)
		}
	}
	return names
}

// direction of a mail: outbound if any recipient is.
func (m *mail) direction() Direction {
	d := Inbound
	for _, o := range m.outcomes {
		if o.Direction == Outbound {
			return Outbound
		}
		d = o.Direction
	}
	return d
}

// fire finds the recipients for whom a rule fires, and adds to their outcomes.
func (m *mail) fire(i int) {
	r := &m.policy.rules[i]
	for j := range r.parts {
		if p := &r.parts[j]; !p.unless && p.hopeless(m) {
			return
		}
	}
	s := m.firedOf(i)
	copy(s, m.every)
	for j := range r.parts {
		m.apply(&r.parts[j], s)
		if s.empty() {
			return
		}
	}
	for _, e := range r.exemptions {
		s.without(m.exempt(e))
	}
	m.act(r, s)
}

// act adds what a rule does to the outcomes of recipients.
func (m *mail) act(r *rule, s set) {
	s.each(func(to int) {
		o := &m.outcomes[to]
		o.Action = max(o.Action, m.action(r))
		var twice bool
		if o.Route, twice = stricter(o.Route, m.routeFor(r, to)); twice {
			m.twice.add(to)
		}
	})
}

// nameRules tells each recipient's outcome which rules fired for it. The lists
// are cut from one array, for there may be many recipients.
func (m *mail) nameRules() {
	counts, total := make([]int, len(m.outcomes)), 0
	for i := range m.policy.rules {
		m.firedOf(i).each(func(to int) {
			counts[to]++
			total++
		})
	}
	ids := make([]string, total)
	for to, n := range counts {
		m.outcomes[to].Rules, ids = ids[:0:n], ids[n:]
	}
	for i := range m.policy.rules {
		m.firedOf(i).each(func(to int) {
			o := &m.outcomes[to]
			o.Rules = append(o.Rules, m.policy.rules[i].id)
		})
	}
}

// apply leaves in s the recipients for whom one condition of a rule is met.
func (m *mail) apply(p *part, s set) {
	if !p.unless {
		p.keep(m, s, 1)
		return
	}
	met := m.scratch(0)
	copy(met, s)
	p.keep(m, met, 1)
	s.without(met)
}

// own applies one of postern's own rules to recipients.
func (m *mail) own(s set, id string, action Action) {
	s.each(func(to int) {
		o := &m.outcomes[to]
		o.Action = max(o.Action, action)
		o.Rules = append(o.Rules, id)
	})
}

func (m *mail) firedOf(rule int) set   { return m.fired[rule*m.words : (rule+1)*m.words] }
func (m *mail) scratch(number int) set { return m.spare[number*m.words : (number+1)*m.words] }

// test answers a mail test.
func (m *mail) test(n int) bool {
	if m.answers[n] == unasked {
		m.answers[n] = no
		if m.policy.mailTests[n].holds(m) {
			m.answers[n] = yes
		}
	}
	return m.answers[n] == yes
}

// class is the set of recipients for whom a recipient test holds.
func (m *mail) class(n int) set {
	s := set(m.classes[n*m.words : (n+1)*m.words])
	if !m.known[n] {
		m.known[n] = true
		if t, ok := m.policy.rcptTests[n].(*toTest); ok {
			t.choose(m, s)
			return s
		}
		for i := range m.to {
			if m.policy.rcptTests[n].matches(m, i) {
				s.add(i)
			}
		}
	}
	return s
}

// onRoll is the set of recipients that stand on a roll.
func (m *mail) onRoll(r *roll) set {
	n := r.number - 1
	s := set(m.members[n*m.words : (n+1)*m.words])
	if !m.asked[n] {
		m.asked[n] = true
		for i := range m.to {
			if r.holdsFor(m.to[i], m.sender, m.env.User, m.env.Time) {
				s.add(i)
			}
		}
	}
	return s
}

// exempt is the set of recipients whom an exemption covers.
func (m *mail) exempt(n int) set {
	s := set(m.lifted[n*m.words : (n+1)*m.words])
	if k := len(m.policy.rcptTests) + n; !m.known[k] {
		m.known[k] = true
		if e := &m.policy.exemptions[n]; !e.expires.expired(m.env.Time) {
			copy(s, m.every)
			e.expr.keep(m, s, 1)
		}
	}
	return s
}

// stricter is the stricter of two routes. Of two gateways it takes the one that
// comes first by name, and says that there were two.
func stricter(a, b Route) (route Route, twice bool) {
	switch {
	case a.rank() > b.rank():
		return a, false
	case a.rank() < b.rank():
		return b, false
	}
	return min(a, b), a != b
}

func (r Route) rank() int {
	switch r {
	case Direct:
		return 0
	case TLSForced:
		return 1
	case TLSVerified:
		return 2
	}
	return 3
}

// results tells of the rules that fired; of all rules, where explained.
func (m *mail) results(d *Decision) {
	for i := range m.policy.rules {
		r := &m.policy.rules[i]
		s := m.firedOf(i)
		if s.empty() {
			if m.explain {
				d.Rules = append(d.Rules, m.whyNot(i))
			}
			continue
		}
		d.Rules = append(d.Rules, RuleResult{ID: r.id, Clause: r.clause, Fired: true, Recipients: m.addresses(s), Because: m.why(r)})
		if r.notify {
			d.Notify = append(d.Notify, r.id)
		}
		if d.Action <= Hold {
			if m.report.Unable == "" {
				d.append(r)
			}
			for _, e := range r.edits {
				if !slices.Contains(d.Edits, e) {
					d.Edits = append(d.Edits, e)
				}
			}
		}
	}
	if d.Action <= Hold {
		m.retag(d)
	}
	m.tell(d, markerRule, m.marked, "the recipient's domain is kept for postern's own use")
	m.tell(d, gatewaysRule, m.twice, "rules ask for two gateways: "+m.gateways())
}

// tell notes one of postern's own rules as fired.
func (m *mail) tell(d *Decision, id string, s set, because string) {
	if !s.empty() {
		d.Rules = append(d.Rules, RuleResult{ID: id, Fired: true, Recipients: m.addresses(s), Because: []string{because}})
	}
}

// gateways names the gateways that the rules which fired ask for.
func (m *mail) gateways() string {
	var names []string
	for i := range m.policy.rules {
		r := &m.policy.rules[i]
		if r.route.rank() == 3 && !m.firedOf(i).empty() && !slices.Contains(names, string(r.route)) {
			names = append(names, string(r.route))
		}
	}
	for _, o := range m.outcomes {
		if o.Route.rank() == 3 && !slices.Contains(names, string(o.Route)) {
			names = append(names, string(o.Route))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (m *mail) addresses(s set) []string {
	all := make([]string, 0, s.count())
	s.each(func(i int) { all = append(all, m.env.Recipients[i].Address) })
	return all
}

const markerDomain = "postern.invalid"

// marked reports whether an address, in either spelling, bears a marker domain.
// Only the MTA's recipes may write those, after the decision.
func marked(r *Recipient) bool { return bearsMarker(r.Address) || bearsMarker(r.Canonical) }

func bearsMarker(address string) bool {
	folded := strings.ToLower(address)
	if isASCII(address) {
		return strings.Contains(folded, markerDomain)
	}
	folded = norm.NFKC.String(strings.ReplaceAll(folded, "\u3002", "."))
	at := strings.LastIndexByte(folded, '@')
	return strings.Contains(folded, markerDomain) ||
		strings.HasSuffix(asciiDomain(strings.Trim(folded[at+1:], ".>")), markerDomain)
}
