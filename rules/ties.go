package rules

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// thing is something found in a mail: by which detector, how sure, in which of
// the eight places.
type thing struct {
	id    string
	level detect.Confidence
	place int
}

// thing is the variable of something being in the mail. A single value is also
// something that its detector found.
func (f *formula) thing(t thing) int {
	v := f.things[t]
	if v == 0 {
		v = f.fresh()
		f.things[t] = v
		if base, _, named := strings.Cut(t.id, ":"); named && base != "says" && base != "edm" {
			f.clause(-v, f.thing(thing{base, t.level, t.place}))
		}
	}
	return v
}

// found is the literal of a test for findings: that there is one; where more are
// asked for, a variable that needs one.
func (f *formula) found(t *foundTest) int {
	var some []int
	for _, d := range t.detectors {
		for level := t.least; level <= detect.High; level++ {
			for place := range 8 {
				if t.in>>place&1 == 1 {
					some = append(some, f.thing(thing{d.ID, level, place}))
				}
			}
		}
	}
	exists := f.any(some...)
	if t.unique <= 1 && t.total <= 1 {
		return exists
	}
	many := f.fresh()
	f.clause(-many, exists)
	return many
}

// part is the literal of a test for parts in a certain state.
func (f *formula) part(t *partTest) int {
	if f.parts == nil {
		f.samples = f.sampleParts()
		for range f.samples {
			f.parts = append(f.parts, f.fresh())
		}
	}
	var some []int
	for i := range f.samples {
		if t.is(&f.samples[i]) {
			some = append(some, f.parts[i])
		}
	}
	l := f.any(some...)
	if t.least > 1 {
		many := f.fresh()
		f.clause(-many, l)
		l = many
	}
	if t.want {
		return l
	}
	return -l
}

// sampleParts are parts of every kind that conditions tell apart. Two parts of one
// name and type differ by how they could be read, and by their links.
func (f *formula) sampleParts() []extract.Part {
	names, types := map[string]bool{"": true, "a.txt": true}, map[string]bool{"text/plain": true}
	for _, t := range f.p.mailTests {
		if p, ok := t.(*partTest); ok {
			for _, glob := range p.names {
				names[sampleOf(glob)] = true
			}
			for _, glob := range p.types {
				types[sampleOf(glob)] = true
			}
		}
	}
	states := []extract.Part{{}, {Encrypted: true}, {Encrypted: true, Weak: true}, {Problem: extract.Encrypted, Encrypted: true}, {Problem: extract.Encrypted, Encrypted: true, Weak: true}, {HiddenLinks: 1}, {ConcealedLinks: 1}}
	for _, problem := range extract.Problems() {
		if problem != extract.Encrypted {
			states = append(states, extract.Part{Problem: problem})
		}
	}
	if f.wide {
		states = nil
		for _, problem := range append([]extract.Problem{""}, extract.Problems()...) {
			for n := range 8 {
				states = append(states, extract.Part{Problem: problem, Encrypted: n&1 == 1, Weak: n&2 == 2, HiddenLinks: n >> 2, ConcealedLinks: n >> 2})
			}
		}
	}
	var all []extract.Part
	for name := range names {
		for media := range types {
			for _, p := range states {
				for _, p.Where = range []extract.Where{extract.Body, extract.Attachment} {
					p.Name, p.Detected, p.Declared = name, media, media
					all = append(all, p)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b extract.Part) int {
		return strings.Compare(a.Name+a.Detected+string(a.Problem)+string(a.Where), b.Name+b.Detected+string(b.Problem)+string(b.Where))
	})
	return all
}

// sampleOf is a text that a pattern matches.
func sampleOf(glob string) string {
	return strings.NewReplacer("*", "x", "?", "x", "[", "", "]", "", `\`, "").Replace(strings.ToLower(glob))
}

// fact is the literal of a fact: known to be so, known not to be, or unknown.
func (f *formula) fact(t *factTest) int {
	if f.facts[t.what] == nil {
		f.facts[t.what] = f.oneOf(3)
	}
	is, isNot, unknown := f.facts[t.what][0], f.facts[t.what][1], f.facts[t.what][2]
	literals := []int{is}
	if !t.want {
		literals[0] = isNot
	}
	if t.unknown {
		literals = append(literals, unknown)
	}
	return f.any(literals...)
}

var tlsStates = []string{"none", "tls", "tls-verified", "unknown"}

// state is the literal of the TLS that a recipient's system is known for.
func (f *formula) state(t *stateTest) int {
	if f.facts["tls"] == nil {
		f.facts["tls"] = f.oneOf(len(tlsStates))
	}
	var literals []int
	for i, state := range tlsStates {
		if slices.Contains(t.states, state) {
			literals = append(literals, f.facts["tls"][i])
		}
	}
	return f.any(literals...)
}

// tie adds what holds between tests: more implies fewer, a tag is not both there
// and misspelt, a field that holds a text is there.
func (f *formula) tie() {
	for n, v := range f.mail {
		if v == 0 {
			continue
		}
		f.tieLabel(n)
		for m, w := range f.mail {
			if m != n && w != 0 && implies(f.p.mailTests[n], f.p.mailTests[m]) {
				f.clause(-v, w)
			}
			if m != n && w != 0 && excludes(f.p.mailTests[n], f.p.mailTests[m]) {
				f.clause(-v, -w)
			}
		}
	}
}

// tieLabel ties a label of parts to what is then in the mail.
func (f *formula) tieLabel(n int) {
	if t, ok := f.p.mailTests[n].(*partLabelTest); ok {
		if l := f.expr(t.expr); l != 0 {
			f.clause(-f.mail[n], l)
		}
	}
}

// implies reports whether one test holds wherever another does.
func implies(a, b mailTest) bool {
	switch a := a.(type) {
	case *foundTest:
		b, ok := b.(*foundTest)
		return ok && a.within(b) && a.unique >= b.unique && (a.total >= b.total || a.unique >= b.total)
	case *nearTest:
		b, ok := b.(*foundTest)
		return ok && a.of.within(b) && b.unique <= 1 && b.total <= a.least
	case *partLabelTest:
		b, ok := b.(*partLabelTest)
		return ok && a.key == b.key && a.least >= b.least
	case *headerTest:
		b, ok := b.(*headerTest)
		return ok && strings.EqualFold(a.question.Field, b.question.Field) && strings.Contains(a.question.Text, b.question.Text)
	}
	return false
}

// within reports whether all that a test counts is counted by another.
func (t *foundTest) within(o *foundTest) bool {
	for _, d := range t.detectors {
		base, _, _ := strings.Cut(d.ID, ":")
		if !slices.ContainsFunc(o.detectors, func(other *detect.Detector) bool { return other.ID == d.ID || other.ID == base }) {
			return false
		}
	}
	return t.least >= o.least && t.in&^o.in == 0
}

func excludes(a, b mailTest) bool {
	switch a := a.(type) {
	case *tagTest:
		b, ok := b.(*tagTest)
		return ok && a.question.ID == b.question.ID && a.near != b.near
	case *sessionTest:
		b, ok := b.(*sessionTest)
		return ok && a.want && !b.want && a.bits >= b.bits
	}
	return false
}

// registered is the literal of a test of the partner registry where that may still
// get entries: who has none may be any partner.
func (f *formula) registered(t *partnerTest) int {
	if f.methods == nil {
		f.methods = []Route{"", Direct, TLSForced, TLSVerified, anyGateway}
		note := func(route Route) {
			if !slices.Contains(f.methods, route) {
				f.methods = append(f.methods, route)
			}
		}
		for i := range f.w.targets {
			note(f.w.targets[i].partner)
		}
		for _, one := range f.p.rcptTests {
			if p, ok := one.(*partnerTest); ok {
				for _, route := range p.methods {
					note(route)
				}
			}
		}
		f.facts["partner"] = f.oneOf(len(f.methods))
		for i := range f.w.targets {
			if route := f.w.targets[i].partner; route != "" {
				f.clause(-f.targets[i], f.facts["partner"][slices.Index(f.methods, route)])
			}
		}
	}
	var literals []int
	for i, route := range f.methods {
		if (route != "" && t.by(route)) == t.want {
			literals = append(literals, f.facts["partner"][i])
		}
	}
	return f.any(literals...)
}
