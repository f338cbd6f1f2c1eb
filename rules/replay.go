package rules

import (
	"slices"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/rules/statement"
)

// Replayed is what a policy decides about a mail of which only a record is left.
type Replayed struct {
	// Decision is Decide's where the record tells all that it asks for, but for
	// texts and for the header fields that adding a statement changes. Else it is the
	// mildest that the record allows.
	*Decision
	// Open tells of the recipients whose outcome the record leaves open, by their
	// number; the action of the mail is open with them, unless it is a reject.
	Open map[int][]Lack
}

// Lack is a rule that asks what the record lacks.
type Lack struct {
	Rule string   `json:"rule"`
	What []string `json:"what"` // what the record would have to hold
}

// Replay decides about a mail from a record of it: the Report needs no findings,
// and of parts no names. What the record cannot answer is neither yes nor no; an
// outcome is open only where that makes a difference.
func (p *Policy) Replay(env *Envelope, report *classify.Report) *Replayed {
	first := *report
	first.Unable = ""
	r := p.weigh(env, &first)
	if !p.appends() {
		return r.result()
	}
	return r.result().statements(r, report)
}

// Under is the policy under an MTA that can send each recipient by a route of its
// own, or cannot.
func (p *Policy) Under(perRecipient bool) *Policy {
	under := *p
	under.routes.PerRecipient = perRecipient
	under.routes = under.routes.possible()
	return &under
}

// weighed holds for each rule the recipients for whom it surely fires and those
// for whom it may.
type weighed struct {
	*known
	sure, may []set
	same      bool
}

func (p *Policy) weigh(env *Envelope, report *classify.Report) *weighed {
	w := &weighed{known: p.know(p.open(env, report, false)), same: true}
	exempt := make([][2]set, len(p.exemptions))
	for i := range p.exemptions {
		e := &p.exemptions[i]
		exempt[i] = [2]set{make(set, w.words), make(set, w.words)}
		if !e.expires.expired(env.Time) {
			exempt[i][0], exempt[i][1] = w.bounds(&e.expr)
		}
	}
	w.sure, w.may = make([]set, len(p.rules)), make([]set, len(p.rules))
	for i := range p.rules {
		sure, may := slices.Clone(w.every), slices.Clone(w.every)
		for j := range p.rules[i].parts {
			part := &p.rules[i].parts[j]
			s, m := w.bounds(&part.expr)
			if part.unless {
				s, m = w.others(m), w.others(s)
			}
			sure.and(s)
			may.and(m)
		}
		for _, e := range p.rules[i].exemptions {
			sure.without(exempt[e][1])
			may.without(exempt[e][0])
		}
		w.sure[i], w.may[i] = sure, may
		w.same = w.same && slices.Equal(sure, may)
	}
	for i := range p.labels {
		w.ask(p.labels[i].test) // a label that is open counts as not there
	}
	return w
}

// conclude is the decision if just these recipients met these rules.
func (w *weighed) conclude(fired []set, unable string) *Decision {
	report := *w.report
	report.Unable = unable
	m := w.policy.open(w.env, &report, false)
	for n, known := range w.have {
		if known {
			m.answers[n] = no
			if w.truths[n] == surely {
				m.answers[n] = yes
			}
		}
	}
	for i := range w.policy.rules {
		copy(m.firedOf(i), fired[i])
		m.act(&w.policy.rules[i], m.firedOf(i))
	}
	return m.conclude()
}

// result compares the mildest decision that the record allows with the strictest.
func (w *weighed) result() *Replayed {
	mild := w.conclude(w.sure, "")
	if w.same {
		return &Replayed{Decision: mild}
	}
	return w.between(mild, w.conclude(w.may, ""))
}

func (w *weighed) between(mild, strict *Decision) *Replayed {
	r := &Replayed{Decision: mild}
	for i := range mild.Recipients {
		a, b := &mild.Recipients[i], &strict.Recipients[i]
		if a.Action != b.Action || a.Route != b.Route {
			if r.Open == nil {
				r.Open = map[int][]Lack{}
			}
			r.Open[i] = w.blame(i, a)
		}
	}
	return r
}

// blame names the rules that may make an outcome stricter, and what they lack.
func (w *weighed) blame(to int, mild *Outcome) []Lack {
	var all []Lack
	for i := range w.policy.rules {
		r := &w.policy.rules[i]
		what := []string(nil)
		switch {
		case !w.may[i].has(to):
			continue
		case w.sure[i].has(to):
			if r.statement == "" || r.fallback <= mild.Action {
				continue
			}
			what = []string{"whether a statement can be added"}
		default:
			if r.action <= mild.Action && r.fallback <= mild.Action && r.route.rank() < max(mild.Route.rank(), 1) && !r.varies() {
				continue
			}
			for j := range r.parts {
				what = append(what, w.lacksIn(&r.parts[j].expr)...)
			}
			for _, e := range r.exemptions {
				what = append(what, w.lacksIn(&w.policy.exemptions[e].expr)...)
			}
		}
		slices.Sort(what)
		all = append(all, Lack{r.id, slices.Compact(what)})
	}
	return all
}

func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

// statements does what Engine does about statements that a decision adds: where
// the record tells that they could be added, the body changes; where not, the
// rules do what stands in their place.
func (r *Replayed) statements(w *weighed, report *classify.Report) *Replayed {
	if !w.same {
		strict := w.conclude(w.may, "")
		if id := w.policy.appendID(strict); id == w.policy.appendID(r.Decision) && report.Answers[id].Yes || len(strict.Append) == 0 && strict.Action <= Hold {
			return r
		}
		return w.between(r.Decision, w.conclude(w.may, anyUnable))
	}
	if len(r.Append) == 0 || r.Action > Hold {
		return r
	}
	answer, known := report.Answers[w.policy.appendID(r.Decision)]
	switch {
	case known && answer.Yes:
		r.Edits = append(r.Edits, Edit{Op: ReplaceBody})
		return r
	case known, always(report.Unable):
		return &Replayed{Decision: w.conclude(w.sure, report.Unable)}
	}
	return w.between(r.Decision, w.conclude(w.sure, anyUnable))
}

// anyUnable stands for whatever reason a statement may not be added for.
const anyUnable = "unknown"

// always reports whether a reason holds for all statements: but for charsets,
// which may hold one and not another, they lie in the mail.
func always(reason string) bool { return reason != "" && reason != unableText(statement.ErrCharset) }

// Stricter reports whether a route asks for more than another; of two gateways
// neither does.
func (r Route) Stricter(than Route) bool { return r.rank() > than.rank() }

// Carries reports whether a rule asks for the action or the route of an outcome.
func (p *Policy) Carries(id string, o *Outcome) bool {
	for i := range p.rules {
		if r := &p.rules[i]; r.id == id {
			return o.Action > Accept && (r.action == o.Action || r.statement != "" && r.fallback == o.Action) ||
				o.Route != Direct && (r.route == o.Route || r.varies())
		}
	}
	return o.Action > Accept // one of postern's own
}
