package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
)

// What a policy asks of a mail is told by digests, so that a record of the mail
// tells what it can answer later: those of Report.Asked for what is counted, and
// ids of answers for tests that counts cannot answer again.

// digest is a short hash over texts; each kind of thing begins with its own word.
func digest(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(h, "%q\n", text)
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// The ids of answers that the policy gives itself begin with these.
const (
	testAnswer   = "test:"
	appendAnswer = "append:"
)

// recordable works out what a record of a mail must tell for this policy.
func (c *compiler) recordable() {
	p := c.Policy
	p.digests, p.noted = map[string]string{}, map[int]string{}
	for _, d := range p.inUse {
		tuned := ""
		if !p.bornUntil.IsZero() && d.ID == "dob" {
			tuned = p.bornUntil.String()
		}
		p.digests[d.ID] = digest("detector", d.Digest(&p.detectOptions), tuned)
	}
	for i := range p.exacts {
		p.digests[p.exacts[i].ID] = p.exactDigest(&p.exacts[i])
	}
	for _, v := range p.values {
		p.digests[v.ID] = digest("value", v.ID, p.digests[v.Detector])
	}
	for _, id := range p.byPart {
		p.digests["part "+id] = digest("part", id)
	}
	p.asked = slices.Sorted(maps.Values(p.digests))
	key := make([]string, len(p.mailTests))
	for text, n := range c.tests {
		key[n] = text
	}
	for n := range p.mailTests {
		if p.unrecorded(n) {
			p.noted[n] = testAnswer + digest("test", p.meaning(n, key))
		}
	}
}

// exactDigest is that of a demand on a table. What other detectors find in the same
// text takes nothing from it.
func (p *Policy) exactDigest(e *classify.Exact) string {
	texts := []string{"table 2", e.ID, e.Table.Checksum(), fmt.Sprint(e.Least, e.Columns)}
	for _, column := range e.Table.Columns() {
		texts = append(texts, fmt.Sprintf("%+v", column), p.digests[column.Kind])
	}
	return digest(texts...)
}

// unrecorded reports whether counts, parts and answers of a record cannot tell
// what a test says: where findings stand, and names and claims of attachments.
func (p *Policy) unrecorded(n int) bool {
	switch t := p.mailTests[n].(type) {
	case *nearTest:
		return true
	case *partTest:
		return t.attached && (t.typed || t.claimed || len(t.names) > 0)
	case *partLabelTest:
		return p.anyUnrecorded(t.expr)
	}
	return false
}

func (p *Policy) anyUnrecorded(e *expr) bool {
	return e.op == opMail && p.unrecorded(e.test) ||
		slices.ContainsFunc(e.kids, func(kid expr) bool { return p.anyUnrecorded(&kid) })
}

// meaning spells out what a test asks, the same in every policy in which it asks
// the same. key holds what each test is known by in this one.
func (p *Policy) meaning(n int, key []string) string {
	switch t := p.mailTests[n].(type) {
	case *foundTest:
		return key[n] + p.definitions(t)
	case *nearTest:
		return key[n] + p.company(t)
	case *partTest:
		return fmt.Sprintf("%s %t %d %q %q", t.state, t.want, t.least, t.names, t.types)
	case *labelTest:
		return "label" + p.spelled(t.expr, key)
	case *partLabelTest:
		return fmt.Sprintf("parts %d%s", t.least, p.spelled(t.expr, key))
	}
	return key[n]
}

// company is what stands near what, as it is defined.
func (p *Policy) company(t *nearTest) string {
	var b strings.Builder
	b.WriteString(p.definitions(t.of))
	for _, other := range []*foundTest{t.other, t.before} {
		if other != nil {
			b.WriteString(" beside" + p.definitions(other))
		}
	}
	for _, r := range t.own {
		b.WriteString(" own" + r.spelled())
	}
	return b.String()
}

// definitions are those of what a test counts. What a value may lose to a rival
// depends on all detectors, where findings stand beside one another does too.
func (p *Policy) definitions(t *foundTest) string {
	var b strings.Builder
	rivals := false
	for _, d := range t.detectors {
		fmt.Fprintf(&b, " %s=%s", d.ID, p.digests[d.ID])
		rivals = rivals || d.Rivals()
	}
	if rivals {
		b.WriteString(" among")
		for _, d := range p.inUse {
			if d.Rivals() {
				b.WriteString(" " + p.digests[d.ID])
			}
		}
	}
	return b.String()
}

func (p *Policy) spelled(e *expr, key []string) string {
	if e.op == opMail {
		return " (" + p.meaning(e.test, key) + ")"
	}
	var b strings.Builder
	fmt.Fprintf(&b, " (%d", e.op)
	for i := range e.kids {
		b.WriteString(p.spelled(&e.kids[i], key))
	}
	b.WriteString(")")
	return b.String()
}

// spelled lists the entries that belong to somebody.
func (r *roll) spelled() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(r.owned)) {
		for _, o := range r.owned[what] {
			fmt.Fprintf(&b, " %q %q %d", what, o.of, o.expires.end.Unix())
		}
	}
	return b.String()
}

// note puts into the report what a record of it must tell beside the counts.
func (m *mail) note() {
	m.report.Asked = m.policy.asked
	for n, id := range m.policy.noted {
		m.report.Answers[id] = classify.Answer{Yes: m.test(n)}
	}
}

// appendID is the id of the answer whether the statements of a decision could be
// added to the mail, whatever they are called.
func (p *Policy) appendID(d *Decision) string {
	texts := []string{"append"}
	for _, a := range d.Append {
		text, html := p.Statement(a.Statement)
		texts = append(texts, text, html)
	}
	return appendAnswer + digest(texts...)
}

// builtinRivals tells of the shipped detectors by id whether they compete.
var builtinRivals = func() map[string]bool {
	is := map[string]bool{}
	for _, d := range detect.Builtin() {
		is[d.ID] = d.Rivals()
	}
	return is
}()
