package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Counterexample is a mail that contradicts an assertion: an envelope and what is
// in the mail. Lists are entries that lists which are still to be filled would
// have to hold.
type Counterexample struct {
	Assertion string              `json:"assertion"`
	Envelope  *Envelope           `json:"envelope"`
	Report    *classify.Report    `json:"report"`
	Where     []extract.Where     `json:"where"` // of the report's parts
	Lists     map[string][]string `json:"lists,omitempty"`
	Outcome   Outcome             `json:"outcome"`
}

// String tells it on one line.
func (c *Counterexample) String() string {
	to := c.Outcome
	from := strconv.Quote(c.Envelope.Sender)
	if c.Envelope.Sender == "" {
		from = "the null sender <>, as bounces are,"
	}
	said := []string{fmt.Sprintf("a mail from %s to %s", from, to.Address)}
	for _, id := range sortedKeys(c.Report.Tallies) {
		said = append(said, fmt.Sprintf("with %s (%d)", id, c.Report.Tallies[id].Unique(detect.Low, classify.AnyPlace)))
	}
	for _, id := range sortedKeys(c.Report.Answers) {
		switch a := c.Report.Answers[id]; {
		case a.Yes:
			said = append(said, "with "+id)
		case a.Near:
			said = append(said, "with something like "+id)
		}
	}
	for i := range c.Report.Parts {
		if p := &c.Report.Parts[i]; p.Problem != "" {
			said = append(said, fmt.Sprintf("with a part %s", p.Problem))
		}
	}
	for _, name := range sortedKeys(c.Lists) {
		said = append(said, fmt.Sprintf("if list %q holds %s", name, strings.Join(c.Lists[name], ", ")))
	}
	return fmt.Sprintf("%s: outcome %s %s", strings.Join(said, ", "), to.Action, to.Route)
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// Overlay is TOML that fills the lists as the counterexample needs them.
func (c *Counterexample) Overlay() string {
	var b strings.Builder
	for _, name := range sortedKeys(c.Lists) {
		quoted := make([]string, len(c.Lists[name]))
		for i, entry := range c.Lists[name] {
			quoted[i] = fmt.Sprintf("%q", entry)
		}
		fmt.Fprintf(&b, "[lists.%s]\nentries = [%s]\nextend = true\n", name, strings.Join(quoted, ", "))
	}
	return b.String()
}

// ReadCounterexample reads what json.Marshal made of a Counterexample.
func ReadCounterexample(data []byte) (*Counterexample, error) {
	c := new(Counterexample)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, err
	}
	if c.Envelope == nil || c.Report == nil || len(c.Where) != len(c.Report.Parts) {
		return nil, fmt.Errorf("it is no counterexample: envelope, report or where is missing")
	}
	for i := range c.Where {
		c.Report.Parts[i].Where = c.Where[i]
	}
	return c, nil
}

// Counterexamples returns those that the error of a load tells of.
func (m *Mistakes) Counterexamples() []*Counterexample { return m.counterexamples }

// realise makes a mail of an assignment and decides about it. It returns nil if
// the mail does not contradict the assertion.
func (p *Policy) realise(a *assertion, w *worlds, f *formula, model []bool) *Counterexample {
	is := func(v int) bool {
		if v < 0 {
			return -v >= len(model) || !model[-v]
		}
		return v > 0 && v < len(model) && model[v]
	}
	env := p.realEnvelope(w, f, is)
	report := &classify.Report{Tallies: map[string]*classify.Tally{}, Named: map[string]*classify.Tally{}, Answers: map[string]classify.Answer{}}
	b := &builder{p: p, report: report}
	for t, v := range f.things {
		if is(v) {
			b.find(t, 1)
		}
	}
	for n, v := range f.mail {
		if is(v) {
			b.most(p.mailTests[n], f, is)
		}
	}
	for i, v := range f.parts {
		if is(v) {
			part := f.samples[i]
			part.Path = fmt.Sprint(len(report.Parts) + 1)
			report.Parts = append(report.Parts, part)
		}
	}
	lists, undo := p.fill(f, is, env)
	defer undo()
	m := p.open(env, report, false)
	m.decide()
	if !p.violated(a, m) {
		return nil
	}
	c := &Counterexample{Assertion: a.id, Envelope: env, Report: report, Lists: lists, Outcome: m.outcomes[0]}
	slices.SortFunc(report.Findings, func(x, y classify.Finding) int { return strings.Compare(x.Detector, y.Detector) })
	for i := range report.Parts {
		c.Where = append(c.Where, report.Parts[i].Where)
	}
	return c
}

// realEnvelope joins the origin and the recipient of an assignment.
func (p *Policy) realEnvelope(w *worlds, f *formula, is func(int) bool) *Envelope {
	env := &Envelope{Ref: "P-0000000000"}
	for i := range w.origins {
		if is(f.origins[i]) {
			o := w.origins[i].mail.env
			env.Sender, env.User, env.Client = o.Sender, o.User, o.Client
		}
	}
	for i := range w.targets {
		if is(f.targets[i]) {
			to := w.targets[i].mail.env
			env.Recipients, env.Time = slices.Clone(to.Recipients), to.Time
		}
	}
	if env.Time.IsZero() {
		env.Time = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	to := parseMailbox(env.Recipients[0].Address).String()
	facts := &Facts{FirstContact: map[string]bool{}, Reply: map[string]bool{}, TLS: map[string]string{}}
	for what, into := range map[string]map[string]bool{factFirstContact: facts.FirstContact, factReply: facts.Reply} {
		if v := f.facts[what]; v != nil && !is(v[2]) {
			into[to] = is(v[0])
		}
	}
	for i, v := range f.facts["tls"] {
		if is(v) && tlsStates[i] != "unknown" {
			facts.TLS[to] = tlsStates[i]
		}
	}
	env.Facts = facts
	return env
}

// fill puts the sender or the recipient into the lists that are still to be
// filled, for the time of one decision.
func (p *Policy) fill(f *formula, is func(int) bool, env *Envelope) (lists map[string][]string, undo func()) {
	lists = map[string][]string{}
	var added []func()
	for m, v := range f.members {
		if !is(v) {
			continue
		}
		entry := env.Recipients[0].Address
		switch m.who {
		case "sender":
			entry = env.Sender
		case "login":
			entry = env.User
		case "client":
			entry = env.Client.String()
		}
		if fix, text := m.list.add(entryOf(entry), useOf(m.who)); fix+text != "" {
			continue
		}
		name := strings.TrimPrefix(m.list.name, "@")
		if !slices.Contains(lists[name], entry) {
			lists[name] = append(lists[name], entry)
		}
		list := m.list
		added = append(added, func() { clear(list.domains); clear(list.addresses); clear(list.logins); list.networks = nil })
	}
	return lists, func() {
		for _, one := range added {
			one()
		}
	}
}

func entryOf(text string) entry { return entry{text: text} }

func useOf(who string) use {
	switch who {
	case "login":
		return asLogins
	case "client":
		return asClients
	}
	return asPeople
}

// builder puts findings into a report.
type builder struct {
	p      *Policy
	report *classify.Report
	offset int64
}

var placeNames = [...]extract.Where{extract.Subject, extract.Header, extract.Body, extract.Attachment}

// find adds n values of a thing.
func (b *builder) find(t thing, n int) {
	tallies := b.report.Tallies
	if base, _, named := strings.Cut(t.id, ":"); named && base != "says" && base != "edm" {
		tallies = b.report.Named
		b.find(thing{base, t.level, t.place}, n)
	}
	tally := tallies[t.id]
	if tally == nil {
		tally = &classify.Tally{}
		tallies[t.id] = tally
	}
	tally.Findings[t.place][t.level] += n
	addValues(&tally.Values, uint16(t.level)<<(2*t.place), n)
	path := map[extract.Where]string{extract.Subject: "0", extract.Header: "0", extract.Body: "1", extract.Attachment: "2"}[placeNames[t.place/2]]
	for range min(n, 3) {
		b.offset += 10
		b.report.Findings = append(b.report.Findings, classify.Finding{
			Detector: t.id, Confidence: t.level, Part: path, Where: placeNames[t.place/2], Quoted: t.place%2 == 1, Offset: b.offset, End: b.offset + 5,
		})
	}
}

// addValues counts n values of a signature; the keys of Tally.Values are of a
// type that only classify knows.
func addValues[S ~uint16](all *map[S]int, signature uint16, n int) {
	if *all == nil {
		*all = map[S]int{}
	}
	(*all)[S(signature)] += n
}

// most adds what a test needs beside single findings.
func (b *builder) most(t mailTest, f *formula, is func(int) bool) {
	switch t := t.(type) {
	case *foundTest:
		if missing := max(t.unique, t.total) - 1; missing > 0 {
			for _, d := range t.detectors {
				for level := t.least; level <= detect.High; level++ {
					for place := range 8 {
						if one := (thing{d.ID, level, place}); t.in>>place&1 == 1 && is(f.things[one]) {
							b.find(one, missing)
							return
						}
					}
				}
			}
		}
	case *tagTest:
		b.report.Answers[t.question.ID] = classify.Answer{Yes: !t.near, Near: t.near}
	case *headerTest:
		b.report.Answers[t.question.ID] = classify.Answer{Yes: true}
	case *anomalyTest:
		b.report.Anomalies = append(b.report.Anomalies, t.names[0])
	case *partLabelTest:
		b.labelled(t)
	}
}

// labelled adds parts that have a label of parts.
func (b *builder) labelled(t *partLabelTest) {
	for range t.least {
		tallies := map[string]*classify.Tally{}
		one := &builder{p: b.p, report: &classify.Report{Tallies: tallies, Named: tallies, Answers: b.report.Answers}}
		one.satisfy(t.expr)
		for len(b.report.ByPart) < len(b.report.Parts) {
			b.report.ByPart = append(b.report.ByPart, nil)
		}
		b.report.ByPart = append(b.report.ByPart, tallies)
		b.report.Parts = append(b.report.Parts, extract.Part{Path: fmt.Sprint(len(b.report.Parts) + 1), Where: extract.Attachment})
	}
}

func (b *builder) satisfy(e *expr) {
	switch e.op {
	case opMail:
		if t, ok := b.p.mailTests[e.test].(*foundTest); ok && len(t.detectors) > 0 {
			for place := range 8 {
				if t.in>>place&1 == 1 {
					b.find(thing{t.detectors[0].ID, detect.High, place}, max(t.unique, t.total, 1))
					return
				}
			}
		}
	case opAll:
		for i := range e.kids {
			b.satisfy(&e.kids[i])
		}
	case opAny:
		if len(e.kids) > 0 {
			b.satisfy(&e.kids[0])
		}
	}
}
