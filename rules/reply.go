package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The texts of rules that bring none.
const (
	rejectText   = "This mail was not sent, because it holds {found}. Take that out, or send it another way. For help ask {help}."
	tempFailText = "This mail cannot be taken at the moment ({found}) and will be tried again. For help ask {help}."
	holdText     = "held by rule {rule}: {found}"

	markerText   = "Addresses under postern.invalid are for the mail system's own use. Send to the real address."
	separateText = "This mail must leave by a protected route, which would take other recipients along. Send to %s separately."
	gatewaysText = "held: rules ask for two gateways at once"

	statementText = "This mail must carry the statement %q, which cannot be added: %s. Put it into your text yourself, or send the mail without that. For help ask %s."
)

// A reply has at most three lines. Each must stay within 400 octets when "%" has
// been doubled, and the code in front takes its share.
const (
	maxLines      = 3
	maxLineOctets = 380
	maxNamed      = 3 // recipients named one by one
)

// word writes the reply of a refused mail, or the reason of a held one.
func (m *mail) word(d *Decision) {
	if d.Action == Accept {
		return
	}
	said := m.said(d)
	d.By = said[0].by
	if d.Action == Hold {
		d.Reason = m.safe(said[0].text, maxLineOctets)
		return
	}
	d.Reply.Enhanced = said[0].enhanced
	d.Reply.Code = 550
	if d.Action == TempFail {
		d.Reply.Code = 451
	}
	var lines []string
	for text := range strings.SplitSeq(said[0].text, "\n") {
		lines = append(lines, m.wrap(text, m.env.Ref)...)
	}
	if len(lines) > maxLines {
		lines = lines[:maxLines]
	}
	if fault := m.fault(d); fault != "" && len(lines) < maxLines && !said[0].names {
		lines = append(lines, m.wrap(fault, "")[0])
	}
	for _, s := range said[1:] {
		if len(lines) < maxLines {
			lines = append(lines, m.wrap(strings.ReplaceAll(s.text, "\n", " "), "")[0])
		}
	}
	if !strings.Contains(lines[0], m.env.Ref) {
		lines[0] += " (" + m.env.Ref + ")"
	}
	d.Reply.Lines = lines
}

// saying is the text of one rule that led to the action of a mail.
type saying struct {
	text, enhanced string
	names          bool // it names the recipients itself
	by             string
}

// said collects the texts of the rules that led to the action, postern's own
// first, then the rules marked never, each by id.
func (m *mail) said(d *Decision) []saying {
	var own, never, other []saying
	for i := range d.Rules {
		switch r := &d.Rules[i]; {
		case !r.Fired:
		case r.ID == markerRule && d.Action == Reject:
			own = append(own, saying{text: markerText, enhanced: "5.7.1", by: r.ID})
		case r.ID == separateRule:
			own = append(own, saying{fmt.Sprintf(separateText, naming(r.Recipients)), "5.7.1", true, r.ID})
		case r.ID == gatewaysRule && d.Action == Hold:
			own = append(own, saying{text: gatewaysText, by: r.ID})
		}
	}
	for i := range m.policy.rules {
		r := &m.policy.rules[i]
		if m.action(r) != d.Action || m.firedOf(i).empty() {
			continue
		}
		s := saying{m.fill(r, m.firedOf(i)), r.enhanced, r.words.uses("recipients"), r.id}
		if r.action != d.Action {
			s = m.withoutStatement(r)
		}
		if r.never {
			never = append(never, s)
		} else {
			other = append(other, s)
		}
	}
	return slices.Concat(own, never, other)
}

// withoutStatement says what to do about a mail that must carry a statement and
// cannot be given one.
func (m *mail) withoutStatement(r *rule) saying {
	return saying{
		text:     fmt.Sprintf(statementText, r.statement, m.report.Unable, cmp.Or(m.policy.help, "your mail administrator")),
		enhanced: "5.7.1",
		by:       r.id,
	}
}

func (m *mail) fill(r *rule, s set) string {
	return r.words.fill(func(field string) string {
		switch field {
		case "rule":
			return r.id
		case "clause":
			return r.clause
		case "ref":
			return m.env.Ref
		case "recipients":
			return naming(m.addresses(s))
		case "help":
			if m.policy.help != "" {
				return m.policy.help
			}
			return "your mail administrator"
		}
		return m.found(r)
	})
}

// found names what a rule found, in the sender's words.
func (m *mail) found(r *rule) string {
	var all []string
	for i := range r.parts {
		if p := &r.parts[i]; !p.unless {
			m.reasons(&p.expr, func(n int) {
				for _, one := range m.policy.mailTests[n].found(m) {
					if !slices.Contains(all, one) {
						all = append(all, one)
					}
				}
			})
		}
	}
	switch n := len(all); {
	case n == 0:
		return "something that rule " + r.id + " does not allow"
	case n > maxNamed:
		return strings.Join(all[:maxNamed], ", ") + fmt.Sprintf(" and %d more", n-maxNamed)
	}
	return strings.Join(all, ", ")
}

// fault names the recipients at fault where only some are.
func (m *mail) fault(d *Decision) string {
	at := make(set, m.words)
	for i, o := range m.outcomes {
		if o.Action == d.Action {
			at.add(i)
		}
	}
	if at.empty() || slices.Equal(at, m.every) {
		return ""
	}
	if addresses := m.addresses(at); len(addresses) > 1 {
		return fmt.Sprintf("The recipients at fault are %s. Nobody has received the mail; without them it can be sent.", naming(addresses))
	}
	return fmt.Sprintf("The recipient at fault is %s. Nobody has received the mail; without this one it can be sent.", naming(m.addresses(at)))
}

// naming lists at most three addresses.
func naming(addresses []string) string {
	short := make([]string, 0, maxNamed)
	for _, a := range addresses {
		if len(short) < maxNamed {
			short = append(short, clip(a, 90))
		}
	}
	s := strings.Join(short, ", ")
	if n := len(addresses) - maxNamed; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// wrap breaks a text into lines of a reply; the reference, if given and not in
// the text, goes to the end of the first. It returns at least one line.
func (m *mail) wrap(text, ref string) []string {
	room := maxLineOctets
	if ref != "" {
		room -= len(ref) + 3
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(m.plain(text)) {
		for octets(word) > maxLineOctets/2 {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			head := cut(word, maxLineOctets/2)
			lines, word = append(lines, head), word[len(head):]
		}
		if line != "" && octets(line)+1+octets(word) > room {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// octets is the length of a text on the wire, where "%" is doubled.
func octets(s string) int { return len(s) + strings.Count(s, "%") }

// cut is the beginning of s that fits into n octets.
func cut(s string, n int) string {
	used := 0
	for i, r := range s {
		if used += utf8.RuneLen(r) + strings.Count(string(r), "%"); used > n {
			return s[:i]
		}
	}
	return s
}

// safe is a text on one line, within n octets.
func (m *mail) safe(s string, n int) string {
	return cut(strings.Join(strings.Fields(m.plain(s)), " "), n)
}

var asciiOf = map[rune]string{
	'‘': "'", '’': "'", '“': `"`, '”': `"`, '–': "-", '—': "-", '‑': "-", '…': "...", '\u00a0': " ",
	'£': "GBP", '€': "EUR", 'ä': "ae", 'ö': "oe", 'ü': "ue", 'Ä': "Ae", 'Ö': "Oe", 'Ü': "Ue", 'ß': "ss", 'é': "e", 'è': "e",
}

// plain makes a text fit for an SMTP reply: no control characters, and ASCII
// unless the session has SMTPUTF8 (RFC 6531, section 3.7.4.2).
func (m *mail) plain(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x20 || r == 0x7f:
			b.WriteByte(' ')
		case r < 0x7f:
			b.WriteRune(r)
		case m.env.SMTPUTF8 && r != utf8.RuneError && unicode.IsPrint(r):
			b.WriteRune(r)
		case asciiOf[r] != "":
			b.WriteString(asciiOf[r])
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}
