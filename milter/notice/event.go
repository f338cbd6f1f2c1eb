package notice

import (
	"fmt"
	"mime/quotedprintable"
	"slices"
	"strings"
	"time"
)

// Event is what an officer is told of one mail. Nothing in it is content: what
// was found stands there as kind, count and place, samples masked.
type Event struct {
	Time       time.Time `json:"time"`
	To         []string  `json:"to"` // the officer
	Ref        string    `json:"ref"`
	QueueID    string    `json:"queue_id"`
	Sender     string    `json:"sender"`
	Recipients []string  `json:"recipients"`
	Mode       string    `json:"mode"`   // enforce or observe
	Action     string    `json:"action"` // accept, hold, tempfail or reject
	Rules      []Rule    `json:"rules"`  // those that fired
	Found      []string  `json:"found"`  // lines, as "us-ssn: 2 unique, best high, in attachment 2"
	Policy     string    `json:"policy"` // id and checksum
}

// Rule is a rule that fired, with the clause that it enforces.
type Rule struct {
	ID     string `json:"id"`
	Clause string `json:"clause"`
}

// same is what makes two events the same thing.
func (e *Event) same() string {
	parts := []string{strings.Join(e.To, " "), e.Sender, strings.Join(e.Recipients, " "), e.Mode, e.Action}
	return strings.Join(append(parts, e.rules()...), "\n")
}

func (e *Event) rules() []string {
	var ids []string
	for _, r := range e.Rules {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

// outcome is what became of the mail, in words.
func (e *Event) outcome() string {
	did := map[string]string{"accept": "let through", "hold": "held", "tempfail": "deferred", "reject": "rejected"}[e.Action]
	if e.Mode == "observe" {
		return "would have been " + did + " (observe mode changed nothing)"
	}
	return did
}

// maxListed bounds the recipients, rules and findings that one notice lists.
const maxListed = 20

// text is the notice in plain words.
func (e *Event) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "A mail was %s.\n\n", e.outcome())
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s%s\n", name, clean(value))
		}
	}
	row("Reference:", e.Ref)
	row("Queue id:", e.QueueID)
	row("Time:", e.Time.UTC().Format(time.RFC1123))
	if e.Sender == "" {
		row("From:", "nobody (a bounce)")
	} else {
		row("From:", e.Sender)
	}
	list(&b, "To", e.Recipients)
	var rules []string
	for _, r := range e.Rules {
		if r.Clause != "" {
			rules = append(rules, r.ID+" (clause "+r.Clause+")")
		} else {
			rules = append(rules, r.ID)
		}
	}
	list(&b, "Rules", rules)
	list(&b, "Found", e.Found)
	b.WriteString("\n")
	row("Policy:", e.Policy)
	return b.String()
}

// list writes at most maxListed lines below a title.
func list(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n", title)
	for i, line := range lines {
		if i == maxListed {
			fmt.Fprintf(b, "  and %d more\n", len(lines)-i)
			return
		}
		fmt.Fprintf(b, "  %s\n", clean(line))
	}
}

// clean keeps what a mail's envelope says on one line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7F || r == '\u2028' || r == '\u2029' {
			return '?'
		}
		return r
	}, s)
}

// letter is one notice ready to be sent.
type letter struct {
	id      string
	to      []string
	subject string
	text    string
}

// message writes the letter as a mail (RFC 5322).
func (l *letter) message(o *Options, key []byte, now time.Time) []byte {
	var b strings.Builder
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field(Field, seal(key, l.id, l.to, now))
	field("From", "postern <"+o.From+">")
	field("To", strings.Join(l.to, ",\r\n "))
	field("Subject", asciiOnly(l.subject))
	field("Date", now.Format(time.RFC1123Z))
	_, host, _ := strings.Cut(o.From, "@")
	field("Message-ID", "<"+l.id+"@"+host+">")
	field("Auto-Submitted", "auto-generated")
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	qp := quotedprintable.NewWriter(&b)
	_, _ = qp.Write([]byte(strings.ReplaceAll(l.text, "\n", "\r\n"))) // into memory
	_ = qp.Close()
	return []byte(b.String())
}

func asciiOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
