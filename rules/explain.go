package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// why tells what made a rule fire.
func (m *mail) why(r *rule) []string {
	because := []string{}
	for i := range r.parts {
		if p := &r.parts[i]; !p.unless {
			m.reasons(&p.expr, func(n int) { because = append(because, m.factsOf(n)...) })
		}
	}
	if len(because) == 0 {
		because = append(because, "it fires for every mail to these recipients")
	}
	return because
}

// reasons calls see with the tests that make a condition true.
func (m *mail) reasons(e *expr, see func(test int)) {
	switch e.op {
	case opMail:
		if m.test(e.test) {
			see(e.test)
		}
	case opAll, opAny:
		for i := range e.kids {
			if e.op == opAll || !m.fails(&e.kids[i]) {
				m.reasons(&e.kids[i], see)
			}
		}
	}
}

// factsOf is what speaks for a mail test, worked out once for all rules.
func (m *mail) factsOf(test int) []string {
	if m.facts[test] == nil {
		m.facts[test] = append([]string{}, m.policy.mailTests[test].because(m, m.explain)...)
	}
	return m.facts[test]
}

// fails reports whether a condition is met for no recipient.
func (m *mail) fails(e *expr) bool {
	if e.mail {
		return !e.holds(m)
	}
	s := make(set, m.words)
	copy(s, m.every)
	e.keep(m, s, 1)
	return s.empty()
}

// whyNot tells which conditions of a rule failed, and how near it was.
func (m *mail) whyNot(i int) RuleResult {
	r := &m.policy.rules[i]
	result := RuleResult{ID: r.id, Clause: r.clause, Recipients: []string{}, Because: []string{}}
	left := make(set, m.words)
	copy(left, m.every)
	for j := range r.parts {
		p := &r.parts[j]
		m.apply(p, left)
		if p.unless {
			if !m.fails(&p.expr) && left.empty() {
				result.Because = append(result.Because, "the condition under unless is met: "+strings.Join(m.because(&p.expr), "; "))
			}
			continue
		}
		if m.fails(&p.expr) {
			whys, nearest := m.shortfall(&p.expr)
			result.Because = append(result.Because, whys...)
			if result.Nearest == "" {
				result.Nearest = nearest
			}
		}
	}
	if len(result.Because) > 0 {
		return result
	}
	for _, e := range r.exemptions {
		if left.without(m.exempt(e)); left.empty() {
			result.Because = append(result.Because, "lifted by exemption "+m.policy.exemptions[e].id)
			result.Nearest = "it would have fired"
			return result
		}
	}
	result.Because = append(result.Because, "no recipient meets all its conditions at once")
	return result
}

func (m *mail) because(e *expr) []string {
	var all []string
	m.reasons(e, func(n int) { all = append(all, m.factsOf(n)...) })
	if len(all) == 0 {
		all = append(all, "by the recipient")
	}
	return all
}

// shortfall tells why a condition is not met, and of the first thing that came
// near, how near.
func (m *mail) shortfall(e *expr) (whys []string, nearest string) {
	switch e.op {
	case opMail:
		why, near := m.policy.mailTests[e.test].failed(m)
		return []string{why}, near
	case opRecipient:
		why, near := m.policy.rcptTests[e.test].failed(m)
		return []string{why}, near
	case opNone:
		for i := range e.kids {
			if !m.fails(&e.kids[i]) {
				whys = append(whys, "there must be none of: "+strings.Join(m.because(&e.kids[i]), "; "))
			}
		}
	default:
		for i := range e.kids {
			if !m.fails(&e.kids[i]) {
				continue
			}
			why, near := m.shortfall(&e.kids[i])
			whys = append(whys, why...)
			if nearest == "" {
				nearest = near
			}
		}
	}
	if len(whys) == 0 {
		whys = append(whys, "no recipient meets its conditions at once")
	}
	return whys, nearest
}

// maxSpots is how many places of a finding are named.
const maxSpots = 3

// spots names the places in which a detector found what a test asks for: by
// part for a reason, as the sender knows them for a reply.
func (m *mail) spots(t *foundTest, id string, name func(path string, where extract.Where) string) string {
	var all []string
	more := false
	for i := range m.report.Findings {
		f := &m.report.Findings[i]
		if !isOf(f, id) || f.Confidence < t.least || placeOf(f)&t.in == 0 {
			continue
		}
		spot := name(f.Part, f.Where)
		switch {
		case slices.Contains(all, spot):
		case len(all) == maxSpots:
			more = true
		default:
			all = append(all, spot)
		}
		if more {
			return strings.Join(all, ", ") + " and more"
		}
	}
	return strings.Join(all, ", ")
}

// isOf reports whether a finding counts under an id: that of its detector, or
// that of its value, which is one that is not masked.
func isOf(f *classify.Finding, id string) bool {
	return f.Detector == id || f.Detector+":"+f.Masked == id
}

// terms are the terms of a lexicon that stand in the texts which count, each with what
// it adds, with their sum and the threshold that it reaches. The text with the best
// score comes first; of several each is named.
func (m *mail) terms(t *foundTest, d *detect.Detector, spot func(path string, where extract.Where) string) string {
	if !d.Scores() {
		return ""
	}
	var texts []*classify.Finding
	for i := range m.report.Findings {
		if f := &m.report.Findings[i]; f.Detector == d.ID && placeOf(f)&t.in != 0 && f.Confidence >= t.least {
			texts = append(texts, f)
		}
	}
	slices.SortStableFunc(texts, func(a, b *classify.Finding) int { return cmp.Compare(score(b), score(a)) })
	var all []string
	for _, f := range texts[:min(len(texts), maxSpots)] {
		told := strings.Join(f.Context, ", ")
		if sum := score(f); sum > 0 {
			told += fmt.Sprintf(" (%d in all, %s)", sum, reached(d, f.Confidence))
		}
		if len(texts) > 1 {
			told = spot(f.Part, f.Where) + ": " + told
		}
		all = append(all, told)
	}
	return strings.Join(all, "; ")
}

// score is the sum of what the terms of a finding add.
func score(f *classify.Finding) int {
	sum := 0
	for _, term := range f.Context {
		if at := strings.LastIndex(term, " +"); at >= 0 {
			n, _ := strconv.Atoi(term[at+2:])
			sum += n
		}
	}
	return sum
}

// reached is the threshold of a level.
func reached(d *detect.Detector, level detect.Confidence) string {
	_, _, l := d.Reach()
	from := map[detect.Confidence]int{detect.Low: l.Low, detect.Medium: l.Medium, detect.High: l.High}
	return fmt.Sprintf("%s from %d", level, from[level])
}

// rivals are the detectors that find something else in the text of values that a table
// holds.
func (m *mail) rivals(t *foundTest, id string) string {
	var all []string
	for i := range m.report.Findings {
		f := &m.report.Findings[i]
		if f.Detector == id && f.Rival != "" && placeOf(f)&t.in != 0 && !slices.Contains(all, f.Rival) {
			all = append(all, f.Rival)
		}
	}
	slices.Sort(all)
	return joinedWords(all)
}

// placeOf is the place of a finding.
func placeOf(f *classify.Finding) classify.Place {
	place := placesOf[string(f.Where)]
	if f.Quoted {
		return place & classify.InQuoted
	}
	return place & classify.InNew
}

// partSpot names a place by the number of its part, for reasons.
func (m *mail) partSpot(full bool) func(path string, where extract.Where) string {
	return func(path string, where extract.Where) string {
		if where == extract.Subject || where == extract.Header && path == "0" {
			return string(where)
		}
		return string(where) + " " + m.partPath(path, full)
	}
}

// partPath is a part's path. Names of members are content: they are left out
// where the reasons are kept, and where one might give something away.
func (m *mail) partPath(path string, full bool) string {
	number, members, _ := strings.Cut(path, "!")
	if !full || members == "" {
		return number
	}
	for member := range strings.SplitSeq(members, "!") {
		if shown, ok := shownName(member); !ok || shown != member {
			return number
		}
	}
	for i := range m.report.Parts {
		p := &m.report.Parts[i]
		if p.Name != "" && m.report.SafeNames[p.Path] == "" && (p.Path == path || strings.HasPrefix(path, p.Path+"!")) {
			return number
		}
	}
	return path
}

// senderSpot names a place as the sender knows it.
func (m *mail) senderSpot(path string, where extract.Where) string {
	switch where {
	case extract.Subject:
		return "the subject"
	case extract.Header:
		return "the header"
	case extract.Body:
		return "the text"
	case extract.Attachment:
	}
	return "attachment " + m.senderPath(path)
}

// senderPath names a part within an attachment by file names, as far as they may be
// told: "plan.zip, q3.xlsx, Sheet1". Of many only the first and the last are told.
func (m *mail) senderPath(path string) string {
	number, members, _ := strings.Cut(path, "!")
	var names []string
	if name, ok := shownName(m.report.SafeNames[number]); ok {
		names = append(names, name)
	}
	var at strings.Builder
	at.WriteString(number)
	for member := range strings.SplitSeq(members, "!") {
		at.WriteString("!" + member)
		name, ok := shownName(m.report.SafeNames[at.String()])
		if !ok {
			break
		}
		names = append(names, name)
	}
	switch n := len(names); n {
	case 0:
		return number
	case 1, 2:
		return strings.Join(names, ", ")
	default:
		return names[0] + ", " + names[n-1]
	}
}

// shownName is a file name as it may be told: at most 40 ASCII characters, runs
// of four digits and more as "*". A name that keeps as many digits in shorter
// runs is not shown at all: it may be a number with separators of its own.
func shownName(name string) (string, bool) {
	if name == "" || len(name) > classify.MaxSafeName {
		return "", false
	}
	var b strings.Builder
	left := 0
	for i := 0; i < len(name); i++ {
		run := 0
		for i+run < len(name) && name[i+run] >= '0' && name[i+run] <= '9' {
			run++
		}
		switch {
		case run >= 4:
			b.WriteByte('*')
			i += run - 1
		case name[i] < 0x20 || name[i] > 0x7e:
			return "", false
		default:
			if run > 0 {
				left++
			}
			b.WriteByte(name[i])
		}
	}
	return b.String(), left < 4
}
