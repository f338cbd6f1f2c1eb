package rules

import (
	"fmt"
	"math"
	"strings"

	"github.com/postern-mail/postern/classify"
)

// truth is what a record says of a condition (Kleene's three values): that it
// holds, that it does not, or that it lacks what would tell.
type truth uint8

const (
	never truth = iota
	open
	surely
)

func truthOf(is bool) truth {
	if is {
		return surely
	}
	return never
}

// between says whether at least so many are reached by a number that lies
// between low and high.
func between(low, high, least int) truth {
	switch {
	case low >= least:
		return surely
	case high < least:
		return never
	}
	return open
}

// unbounded is more than is ever counted.
const unbounded = math.MaxInt32

// known is what a record tells a policy about one mail.
type known struct {
	*mail
	asked  map[string]bool
	shaken bool // what competing detectors found may be otherwise now
	truths []truth
	have   []bool // which of truths are there
	part   int    // the part that is looked at by itself; -1: the mail
}

func (p *Policy) know(m *mail) *known {
	k := &known{mail: m, asked: make(map[string]bool, len(m.report.Asked)), part: -1}
	k.truths, k.have = make([]truth, len(p.mailTests)), make([]bool, len(p.mailTests))
	for _, d := range m.report.Asked {
		k.asked[d] = true
	}
	k.shaken = k.isShaken()
	return k
}

// isShaken reports whether findings of competing detectors may be otherwise under
// this policy than they are in the record. One that is gone or tuned otherwise and
// found something may have taken its text from another; one that is new may take
// text from what was found.
func (k *known) isShaken() bool {
	rival := map[string]bool{}
	isNew := false
	for _, d := range k.policy.inUse {
		rival[d.ID] = d.Rivals()
		isNew = isNew || d.Rivals() && !k.asked[k.policy.digests[d.ID]]
	}
	for id, tally := range k.report.Tallies {
		if tally == nil || strings.ContainsRune(id, ':') { // a phrase or a table
			continue
		}
		competes, here := rival[id]
		if !here {
			shipped, known := builtinRivals[id]
			competes = shipped || !known
		}
		if competes && (isNew || !here || !k.asked[k.policy.digests[id]]) {
			return true
		}
	}
	return false
}

// tells reports whether the record has the count of a detector, a table or a
// value, of the mail or of the part looked at.
func (k *known) tells(id string) bool {
	if !k.asked[k.policy.digests[id]] {
		return false
	}
	of := id
	for _, v := range k.policy.values {
		if v.ID == id {
			of = v.Detector
		}
	}
	if k.shaken {
		for _, d := range k.policy.inUse {
			if d.ID == of && d.Rivals() {
				return false
			}
		}
	}
	return k.asked[k.policy.digests[of]]
}

// count bounds what a test counts.
func (k *known) count(t *foundTest) (unique, total [2]int) {
	for _, d := range t.detectors {
		u, n := k.countOf(t, d.ID)
		for i := range 2 {
			unique[i], total[i] = min(unique[i]+u[i], unbounded), min(total[i]+n[i], unbounded)
		}
	}
	return unique, total
}

func (k *known) countOf(t *foundTest, id string) (unique, total [2]int) {
	tally := k.tally(id)
	exact := func(tally *classify.Tally) ([2]int, [2]int) {
		u, n := tally.Unique(t.least, t.in), tally.Total(t.least, t.in)
		return [2]int{u, u}, [2]int{n, n}
	}
	high := [2]int{0, unbounded}
	switch {
	case !k.tells(id):
		// A value is found no more often than its detector finds anything.
		for _, v := range k.policy.values {
			if v.ID == id && k.tells(v.Detector) {
				u, n := exact(k.tally(v.Detector))
				u[0], n[0] = 0, 0
				return u, n
			}
		}
		return high, high
	case k.part < 0:
		return exact(tally)
	case k.asked[k.policy.digests["part "+id]]:
		var one *classify.Tally
		if k.part < len(k.report.ByPart) {
			one = k.report.ByPart[k.part][id]
		}
		return exact(one)
	}
	u, n := exact(tally)
	u[0], n[0] = 0, 0
	if tally != nil && tally.AtLeast {
		u[1] = unbounded
	}
	return u, n
}

// ask is what the record says of a mail test.
func (k *known) ask(n int) truth {
	if !k.have[n] {
		k.have[n] = true
		k.truths[n] = k.askAnew(n)
	}
	return k.truths[n]
}

func (k *known) askAnew(n int) truth {
	if id, ok := k.policy.noted[n]; ok && k.part < 0 {
		if a, ok := k.report.Answers[id]; ok {
			return truthOf(a.Yes)
		}
	}
	switch t := k.policy.mailTests[n].(type) {
	case *foundTest:
		unique, total := k.count(t)
		return min(between(unique[0], unique[1], t.unique), between(total[0], total[1], t.total))
	case *nearTest:
		_, total := k.count(t.of)
		return between(0, total[1], t.least)
	case *tagTest:
		return k.answered(t.question.ID, t.holds)
	case *headerTest:
		return k.answered(t.question.ID, t.holds)
	case *partTest:
		return k.parts(t)
	case *labelTest:
		return k.truth(t.expr)
	case *partLabelTest:
		return k.labelled(t)
	case *anomalyTest, *originTest, *loginTest, *sessionTest:
		return truthOf(t.holds(k.mail))
	}
	return open
}

func (k *known) answered(id string, holds func(*mail) bool) truth {
	if _, ok := k.report.Answers[id]; !ok {
		return open
	}
	return truthOf(holds(k.mail))
}

// parts is what the record says of parts in a state. It has no names and no
// claims; of some attachments it has no type.
func (k *known) parts(t *partTest) truth {
	low, high := 0, 0
	for i := range k.report.Parts {
		p := &k.report.Parts[i]
		switch {
		case k.part >= 0 && i != k.part:
		case !t.attached || len(t.names) == 0 && !t.claimed && (!t.typed || p.Detected != ""):
			if t.is(p) {
				low, high = low+1, high+1
			}
		case IsAttachment(p):
			high++
		}
	}
	is := between(low, high, max(t.least, 1))
	if !t.want {
		return surely - is
	}
	return is
}

// labelled is what the record says of the parts that have a label.
func (k *known) labelled(t *partLabelTest) truth {
	low, high := 0, 0
	one := *k
	one.truths, one.have = make([]truth, len(k.truths)), make([]bool, len(k.have))
	for i := range k.report.Parts {
		one.part = i
		clear(one.have)
		switch one.truth(t.expr) {
		case surely:
			low, high = low+1, high+1
		case open:
			high++
		case never:
		}
	}
	return between(low, high, t.least)
}

// truth is what the record says of a condition on the whole mail.
func (k *known) truth(e *expr) truth {
	switch e.op {
	case opMail:
		return k.ask(e.test)
	case opAll:
		all := surely
		for i := range e.kids {
			all = min(all, k.truth(&e.kids[i]))
		}
		return all
	case opAny, opNone:
		some := never
		for i := range e.kids {
			some = max(some, k.truth(&e.kids[i]))
		}
		if e.op == opNone {
			return surely - some
		}
		return some
	}
	panic("internal error: a test of recipients in a condition on the mail")
}

// bounds finds the recipients for whom a condition surely holds, and those for
// whom it may.
func (k *known) bounds(e *expr) (sure, may set) {
	sure, may = make(set, k.words), make(set, k.words)
	if e.mail {
		switch k.truth(e) {
		case surely:
			copy(sure, k.every)
			copy(may, k.every)
		case open:
			copy(may, k.every)
		case never:
		}
		return sure, may
	}
	switch e.op {
	case opRecipient:
		return k.recipients(e.test)
	case opAll:
		copy(sure, k.every)
		copy(may, k.every)
		for i := range e.kids {
			s, m := k.bounds(&e.kids[i])
			sure.and(s)
			may.and(m)
		}
	default:
		for i := range e.kids {
			s, m := k.bounds(&e.kids[i])
			sure.or(s)
			may.or(m)
		}
		if e.op == opNone {
			return k.others(may), k.others(sure)
		}
	}
	return sure, may
}

// others are all recipients but those.
func (k *known) others(s set) set {
	all := make(set, k.words)
	copy(all, k.every)
	all.without(s)
	return all
}

func (k *known) recipients(n int) (sure, may set) {
	t, ok := k.policy.rcptTests[n].(*volumeTest)
	if !ok {
		return k.class(n), k.class(n)
	}
	sure, may = make(set, k.words), make(set, k.words)
	now, _ := k.count(t.of)
	for i := range k.to {
		switch t.reached(k.mail, i, now) {
		case surely:
			sure.add(i)
			may.add(i)
		case open:
			may.add(i)
		case never:
		}
	}
	return sure, may
}

// reached is matches for a mail of which only bounds are known.
func (t *volumeTest) reached(m *mail, i int, now [2]int) truth {
	if m.env.Facts == nil {
		return truthOf(t.unknown)
	}
	before, known := of(m.env.Facts.Volume, m.to[i])
	if !known {
		return truthOf(t.unknown)
	}
	sum := 0
	for _, d := range t.of.detectors {
		sum += before[d.ID]
	}
	return between(now[0]+sum, now[1]+sum, t.least)
}

// lacks says what the record would have to hold to answer a test.
func (k *known) lacks(n int) []string {
	switch t := k.policy.mailTests[n].(type) {
	case *foundTest:
		return k.lacksOf(t)
	case *nearTest:
		return []string{"what stands near " + t.of.names()}
	case *tagTest:
		return []string{fmt.Sprintf("the subject tag %q", t.question.Text)}
	case *headerTest:
		return []string{"the " + t.String()}
	case *partTest:
		if len(t.names) > 0 {
			return []string{"names of attachments"}
		}
		return []string{"types of attachments"}
	case *labelTest:
		return k.lacksIn(t.expr)
	case *partLabelTest:
		return []string{"label " + t.name + " by part"}
	}
	return []string{"a condition that records do not answer"}
}

func (k *known) lacksOf(t *foundTest) []string {
	var all []string
	for _, d := range t.detectors {
		if u, _ := k.countOf(t, d.ID); u[0] != u[1] {
			all = append(all, lacking(d.ID))
		}
	}
	return all
}

// lacking says in plain words what a count is of.
func lacking(id string) string {
	if text, ok := strings.CutPrefix(id, "says:"); ok {
		return fmt.Sprintf("whether it says %q", text)
	}
	if table, ok := strings.CutPrefix(id, exactPrefix); ok {
		return "what stands in the table " + table
	}
	if detector, value, ok := strings.Cut(id, ":"); ok {
		return fmt.Sprintf("how often %s found %s", detector, value)
	}
	return "what " + id + " finds"
}

func (k *known) lacksIn(e *expr) []string {
	switch e.op {
	case opMail:
		if k.ask(e.test) == open {
			return k.lacks(e.test)
		}
	case opRecipient:
		if t, ok := k.policy.rcptTests[e.test].(*volumeTest); ok {
			return k.lacksOf(t.of)
		}
	}
	var all []string
	for i := range e.kids {
		all = append(all, k.lacksIn(&e.kids[i])...)
	}
	return all
}
