package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// mailTest is a test of the whole mail. It is asked at most once per mail.
type mailTest interface {
	holds(m *mail) bool
	// because says in plain words what was found, one string a fact; full adds
	// the names of attachments, which audit and log must not hold.
	because(m *mail, full bool) []string
	// failed says in plain words what was missing, and how near it was.
	failed(m *mail) (why, nearest string)
	// found names what the test found, for a reply; empty if nothing to name.
	found(m *mail) []string
}

// rcptTest is a test of one recipient.
type rcptTest interface {
	matches(m *mail, i int) bool
	failed(m *mail) (why, nearest string)
}

// tally counts what a detector, a table or a single value was found.
func (m *mail) tally(id string) *classify.Tally {
	if t := m.report.Tallies[id]; t != nil {
		return t
	}
	return m.report.Named[id]
}

// foundTest asks for findings of one or several detectors.
type foundTest struct {
	detectors     []*detect.Detector
	unique, total int // minimum; 0 is not asked
	least         detect.Confidence
	in            classify.Place
	places        string // as written, "" for anywhere
	sum           int    // number of what it counts, which others may count too; 0 is none
}

func (t *foundTest) count(m *mail, least detect.Confidence, in classify.Place) (unique, total int) {
	for _, d := range t.detectors {
		if tally := m.tally(d.ID); tally != nil {
			unique += tally.Unique(least, in)
			total += tally.Total(least, in)
		}
	}
	return unique, total
}

func (t *foundTest) holds(m *mail) bool {
	unique, total := t.counted(m)
	return unique >= t.unique && total >= t.total
}

// counted is what the test counts, worked out once for all that count the same.
func (t *foundTest) counted(m *mail) (unique, total int) {
	if t.sum == 0 || m.sums == nil {
		return t.count(m, t.least, t.in)
	}
	s := &m.sums[t.sum-1]
	if !s.known {
		s.unique, s.total = t.count(m, t.least, t.in)
		s.known = true
	}
	return s.unique, s.total
}

// sum is how often something was found in a mail.
type sum struct {
	unique, total int
	known         bool
}

func (t *foundTest) because(m *mail, full bool) []string {
	var facts []string
	for _, d := range t.detectors {
		tally := m.tally(d.ID)
		unique := tally.Unique(t.least, t.in)
		if unique == 0 {
			continue
		}
		count := fmt.Sprintf("%d unique", unique)
		if tally.AtLeast {
			count = "at least " + count
		}
		if t.total > 0 {
			count += fmt.Sprintf(", %d in all", tally.Total(t.least, t.in))
		}
		fact := fmt.Sprintf("%s: %s, %s", d.ID, count, t.best(tally))
		if spots := m.spots(t, d.ID, m.partSpot(full)); spots != "" {
			fact += ", in " + spots
		}
		if full {
			if terms := m.terms(t, d, m.partSpot(full)); terms != "" {
				fact += ": " + terms
			}
		}
		if rivals := m.rivals(t, d.ID); full && rivals != "" {
			fact += "; the same text counts as " + rivals
		}
		facts = append(facts, fact)
	}
	return facts
}

// best is the highest level that the places asked for hold.
func (t *foundTest) best(tally *classify.Tally) detect.Confidence {
	for level := detect.High; level > detect.None; level-- {
		if tally.Unique(level, t.in) > 0 {
			return level
		}
	}
	return detect.None
}

func (t *foundTest) names() string {
	ids := make([]string, len(t.detectors))
	for i, d := range t.detectors {
		ids[i] = d.ID
	}
	return strings.Join(ids, " or ")
}

func (t *foundTest) failed(m *mail) (why, nearest string) {
	unique, total := t.count(m, t.least, t.in)
	in := ""
	if t.places != "" {
		in = " in " + t.places
	}
	switch {
	case unique == 0:
		return fmt.Sprintf("%s: not found%s at %s confidence", t.names(), in, t.least), t.elsewhere(m)
	case unique < t.unique:
		return t.names() + ": too few found" + in, fmt.Sprintf("unique %d of %d needed", unique, t.unique)
	}
	return t.names() + ": too few found" + in, fmt.Sprintf("total %d of %d needed", total, t.total)
}

// elsewhere tells what there is of a thing that was not found as asked for.
func (t *foundTest) elsewhere(m *mail) string {
	level, other := detect.None, false
	for _, d := range t.detectors {
		if columns := m.report.Partly[d.ID]; len(columns) > 0 && m.tally(d.ID) == nil {
			return "of a row of the table " + joinedWords(columns) + " stands there, but not the other columns that are asked for"
		}
		tally := m.tally(d.ID)
		for l := detect.Low; l < t.least; l++ {
			if tally.Total(l, t.in) > 0 {
				level = max(level, l)
			}
		}
		other = other || tally.Total(t.least, classify.AnyPlace) > 0
	}
	switch {
	case level != detect.None:
		return fmt.Sprintf("%s wanted, best was %s", t.least, level)
	case other:
		return "found, but not in " + t.places
	}
	return ""
}

func (t *foundTest) found(m *mail) []string {
	var all []string
	for _, d := range t.detectors {
		n := m.tally(d.ID).Unique(t.least, t.in)
		if n == 0 {
			continue
		}
		count := strconv.Itoa(n)
		if m.tally(d.ID).AtLeast {
			count = "at least " + count
		}
		one := fmt.Sprintf("%s (%s)", d.Title, count)
		if spots := m.spots(t, d.ID, m.senderSpot); spots != "" {
			one += " in " + spots
		}
		all = append(all, one)
	}
	return all
}

// tagTest asks for a subject tag, or for something that was meant as one.
type tagTest struct {
	question classify.Question
	near     bool
}

func (t *tagTest) holds(m *mail) bool {
	a := m.report.Answers[t.question.ID]
	if t.near {
		return a.Near && !a.Yes
	}
	return a.Yes
}

func (t *tagTest) because(*mail, bool) []string {
	if t.near {
		return []string{fmt.Sprintf("something like the subject tag %q", t.question.Text)}
	}
	return []string{fmt.Sprintf("subject tag %q", t.question.Text)}
}

func (t *tagTest) failed(m *mail) (why, nearest string) {
	a := m.report.Answers[t.question.ID]
	switch {
	case t.near && a.Yes:
		return fmt.Sprintf("the subject tag %q is spelt right", t.question.Text), ""
	case t.near:
		return fmt.Sprintf("nothing like the subject tag %q", t.question.Text), ""
	case a.Near:
		return fmt.Sprintf("no subject tag %q", t.question.Text), "subject tag near miss"
	}
	return fmt.Sprintf("no subject tag %q", t.question.Text), ""
}

func (t *tagTest) found(m *mail) []string { return t.because(m, false) }

// headerTest asks for a header field.
type headerTest struct{ question classify.Question }

func (t *headerTest) holds(m *mail) bool { return m.report.Answers[t.question.ID].Yes }

func (t *headerTest) String() string {
	if t.question.Text == "" {
		return "header field " + t.question.Field
	}
	return fmt.Sprintf("header field %s holding %q", t.question.Field, t.question.Text)
}

func (t *headerTest) because(*mail, bool) []string       { return []string{t.String()} }
func (t *headerTest) failed(*mail) (why, nearest string) { return "no " + t.String(), "" }
func (t *headerTest) found(*mail) []string               { return []string{t.String()} }

// partTest asks for parts in a certain state.
type partTest struct {
	want  bool
	state string // "unread", "encrypted", "weakly encrypted"
	is    func(*extract.Part) bool
	least int // parts; 0 is one
	// names and types are the patterns that is looks at.
	names, types Strings
	// attached asks for attachments only; typed by the type of their bytes,
	// claimed by that which they claim.
	attached, typed, claimed bool
}

func (t *partTest) any(m *mail) bool { return t.count(m) >= max(t.least, 1) }

func (t *partTest) count(m *mail) int {
	n := 0
	for i := range m.report.Parts {
		if t.is(&m.report.Parts[i]) {
			n++
		}
	}
	return n
}

func (t *partTest) holds(m *mail) bool { return t.any(m) == t.want }

func (t *partTest) because(m *mail, full bool) []string {
	if !t.want {
		return []string{"no part is " + t.state}
	}
	var facts []string
	for i := range m.report.Parts {
		p := &m.report.Parts[i]
		if !t.is(p) {
			continue
		}
		if len(facts) == maxSpots {
			return append(facts, "more parts "+t.state)
		}
		fact := t.state + ": part " + m.partPath(p.Path, full)
		if p.Problem != "" {
			fact += ", " + string(p.Problem)
		}
		facts = append(facts, fact)
	}
	return facts
}

func (t *partTest) failed(m *mail) (why, nearest string) {
	if n := t.count(m); t.want && t.least > 1 {
		return "too few parts: " + t.state, fmt.Sprintf("%d of %d needed", n, t.least)
	}
	if t.want {
		return "no part is " + t.state, ""
	}
	return "a part is " + t.state, ""
}

var problemWords = map[extract.Problem]string{
	extract.Encrypted:      "encrypted",
	extract.TooDeep:        "nested too deep",
	extract.TooBig:         "too big",
	extract.TooMany:        "too many parts",
	extract.Malformed:      "damaged",
	extract.UnknownCharset: "unknown character set",
	extract.Unsupported:    "unknown format",
	extract.TimedOut:       "took too long to read",
}

func (t *partTest) found(m *mail) []string {
	if !t.want {
		return nil
	}
	var all []string
	for i := range m.report.Parts {
		p := &m.report.Parts[i]
		if !t.is(p) {
			continue
		}
		one := m.senderSpot(p.Path, p.Where)
		if words := problemWords[p.Problem]; words != "" {
			one += " that cannot be read (" + words + ")"
		} else {
			one = t.state + " " + one
		}
		all = append(all, one)
	}
	return all
}

// labelTest asks for a label.
type labelTest struct {
	name string
	expr *expr
}

func (t *labelTest) holds(m *mail) bool { return t.expr.holds(m) }

func (t *labelTest) because(m *mail, full bool) []string {
	facts := []string{"label " + t.name}
	m.reasons(t.expr, func(n int) { facts = append(facts, m.policy.mailTests[n].because(m, full)...) })
	return facts
}

func (t *labelTest) failed(m *mail) (why, nearest string) {
	whys, nearest := m.shortfall(t.expr)
	return "not labelled " + t.name + ": " + strings.Join(whys, "; "), nearest
}

func (t *labelTest) found(m *mail) []string {
	var all []string
	m.reasons(t.expr, func(n int) { all = append(all, m.policy.mailTests[n].found(m)...) })
	if len(all) == 0 {
		return []string{t.name}
	}
	return all
}

// originTest asks about the sender, the login or the client.
type originTest struct {
	what string // "sender", "login", "client"
	rolls
	match func(m *mail, r *roll) bool
}

func (t *originTest) holds(m *mail) bool {
	return t.rolls.choose(func(r *roll) bool { return t.match(m, r) })
}

func (t *originTest) because(*mail, bool) []string { return []string{t.what + " is " + t.rolls.text} }

func (t *originTest) failed(*mail) (why, nearest string) {
	return t.what + " is not " + t.rolls.text, ""
}
func (t *originTest) found(*mail) []string { return nil }

// loginTest asks whether the sender has logged in.
type loginTest struct{ want bool }

func (t *loginTest) holds(m *mail) bool { return (m.env.User != "") == t.want }

func (t *loginTest) because(*mail, bool) []string {
	if t.want {
		return []string{"sender has logged in"}
	}
	return []string{"sender has not logged in"}
}

func (t *loginTest) failed(*mail) (why, nearest string) {
	if t.want {
		return "sender has not logged in", ""
	}
	return "sender has logged in", ""
}
func (t *loginTest) found(*mail) []string { return nil }

// rolls is a compiled selector: among the one and not among the other.
type rolls struct {
	is, not []*roll
	text    string
}

func (r *rolls) choose(match func(*roll) bool) bool {
	return (len(r.is) == 0 || slices.ContainsFunc(r.is, match)) && !slices.ContainsFunc(r.not, match)
}

// toTest asks whether a recipient is in lists.
type toTest struct{ rolls }

func (t *toTest) matches(m *mail, i int) bool {
	s := make(set, m.words)
	t.choose(m, s)
	return s[i/64]>>(i%64)&1 == 1
}

// choose adds the recipients who are meant to an empty set.
func (t *toTest) choose(m *mail, s set) {
	if len(t.is) == 0 {
		copy(s, m.every)
	}
	for _, r := range t.is {
		s.or(m.onRoll(r))
	}
	for _, r := range t.not {
		s.without(m.onRoll(r))
	}
}

func (t *toTest) failed(m *mail) (why, nearest string) {
	for _, r := range t.is {
		for _, to := range m.to {
			if name, end, ok := r.expiredFor(to, m.env.Time); ok {
				return "no recipient is " + t.text, fmt.Sprintf("entry %q expired on %s", name, end)
			}
		}
	}
	return "no recipient is " + t.text, ""
}

// directionTest asks for the direction of the mail for a recipient.
type directionTest struct{ directions []Direction }

func (t *directionTest) matches(m *mail, i int) bool {
	return slices.Contains(t.directions, m.outcomes[i].Direction)
}

func (t *directionTest) failed(*mail) (why, nearest string) {
	return "no recipient is " + joined(t.directions, " or "), ""
}

// partnerTest asks for the method that the partner registry has for a recipient.
type partnerTest struct {
	want    bool
	methods []Route // empty: any
}

func (t *partnerTest) matches(m *mail, i int) bool {
	p := m.policy.partner(m.to[i], m.env.Time)
	return (p != nil && slices.ContainsFunc(p.methods(), t.by)) == t.want
}

// by reports whether a partner of that method is one that the test asks for.
func (t *partnerTest) by(route Route) bool {
	return len(t.methods) == 0 || slices.Contains(t.methods, route) || route.rank() == 3 && slices.Contains(t.methods, anyGateway)
}

// anyGateway is the method of a partner that is reached by some gateway.
const anyGateway = "gateway"

func (t *partnerTest) failed(*mail) (why, nearest string) {
	switch {
	case !t.want:
		return "every recipient is a registered partner", ""
	case len(t.methods) == 0:
		return "no recipient is a registered partner", ""
	}
	return fmt.Sprintf("no recipient is a partner by %v", t.methods), ""
}
