package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/milter/mta"
)

// heldResult is one object of `held list --json` and `held show --json`.
type heldResult struct {
	Ref        string    `json:"ref"`
	QueueID    string    `json:"queue_id"`
	HeldBy     mta.By    `json:"held_by"`
	Arrived    time.Time `json:"arrived"`
	Age        int64     `json:"age_seconds"`
	Lifetime   int64     `json:"lifetime_seconds"`
	Expired    bool      `json:"expired"` // bounces at its first deferral after a release
	Bytes      int64     `json:"bytes"`
	Sender     string    `json:"sender"`
	Recipients []string  `json:"recipients"`
	More       int       `json:"more_recipients"`
	Route      string    `json:"route"`
	Way        string    `json:"way"`
	Danger     string    `json:"danger"` // why it is not released
	Reason     string    `json:"reason"` // as the MTA keeps it

	Mode      string                    `json:"mode"`
	Action    string                    `json:"action"`
	Direction string                    `json:"direction"`
	User      string                    `json:"user"`
	Client    string                    `json:"client"`
	Rules     []string                  `json:"rules"`
	Labels    []string                  `json:"labels"`
	Counts    map[string]classify.Count `json:"counts"`
	Unread    int                       `json:"unread"`
	Outcomes  []audit.Outcome           `json:"outcomes"`
	Samples   []audit.Sample            `json:"samples"`
	Policy    audit.Policy              `json:"policy"`
}

func (d *heldDesk) result(e *mta.Explained) heldResult {
	age := d.now.Sub(e.Arrived)
	r := heldResult{
		Ref: e.Ref, QueueID: e.ID, HeldBy: e.By, Arrived: e.Arrived.UTC(), Age: int64(age.Seconds()), Lifetime: int64(d.lifetime.Seconds()),
		Expired: age >= d.lifetime, Bytes: e.Bytes, Sender: e.Sender, Recipients: orEmpty(e.Unmarked()), More: e.More,
		Route: e.Routed(), Way: e.Way, Danger: e.Danger(), Reason: e.Reason,
		Rules: []string{}, Labels: []string{}, Counts: map[string]classify.Count{}, Outcomes: []audit.Outcome{}, Samples: []audit.Sample{},
	}
	if rec := e.Record; rec != nil {
		r.Ref = rec.Ref
		r.Mode, r.Action, r.Direction, r.User, r.Client = rec.Mode, rec.Action, rec.Direction, rec.Envelope.User, rec.Envelope.Client
		r.Rules, r.Labels, r.Outcomes, r.Samples = orEmpty(rec.Rules), orEmpty(rec.Labels), orEmpty(rec.Recipients), orEmpty(rec.Samples)
		maps.Copy(r.Counts, rec.Counts)
		r.Unread, r.Policy = rec.Report.Unread, rec.Policy
	}
	return r
}

// print writes one mail, at length or in two lines.
func (d *heldDesk) print(e *mta.Explained, whole bool) error {
	r := d.result(e)
	out := d.c.OutOrStdout()
	if d.g.json {
		return printVisible(out, r)
	}
	if whole {
		return d.printWhole(out, e, &r)
	}
	_, err := fmt.Fprintf(out, "%-12s  %s  %s -> %s\n              %s\n", orDash(r.Ref), d.age(&r), sender(r.Sender), recipients(&r, 3), strings.Join(why(e, &r), "; "))
	return err
}

// age says how long a mail lies there, of how long the MTA would try it.
func (d *heldDesk) age(r *heldResult) string {
	age, lifetime := time.Duration(r.Age)*time.Second, time.Duration(r.Lifetime)*time.Second
	text := days(age) + " of " + days(lifetime)
	switch {
	case r.Expired:
		return text + " (would bounce at its first deferral)"
	case age > lifetime*4/5:
		return text + " (soon too old)"
	}
	return text
}

// why sums up in words why a mail is held and what would become of it.
func why(e *mta.Explained, r *heldResult) []string {
	var all []string
	switch {
	case e.By == mta.ByPostern:
		all = append(all, "rules "+list(r.Rules))
	case e.Forged != "":
		all = append(all, fmt.Sprintf("not held by postern: its reference is that of mail %s", mta.Cut(e.Forged, 40)))
	case e.By == mta.Unrecorded:
		all = append(all, "no record of it is known")
	case e.Record != nil:
		all = append(all, fmt.Sprintf("not held by postern, which said %s in mode %s", r.Action, r.Mode))
	default:
		all = append(all, "not held by postern")
	}
	if found := foundWords(r.Counts); found != "" {
		all = append(all, "found "+found)
	}
	if len(r.Labels) > 0 {
		all = append(all, "labels "+strings.Join(r.Labels, ", "))
	}
	if r.Unread > 0 {
		all = append(all, countOf(r.Unread, "unread part"))
	}
	all = append(all, "route "+mta.Cut(r.Route, 80))
	if r.Danger != "" {
		all = append(all, "cannot be released: "+r.Danger)
	}
	return append(all, "queue id "+r.QueueID)
}

func foundWords(counts map[string]classify.Count) string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d (%d unique)", id, counts[id].Total, counts[id].Unique))
	}
	return strings.Join(all, ", ")
}

func (d *heldDesk) printWhole(out io.Writer, e *mta.Explained, r *heldResult) error {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "%-11s %s\n", name, value)
		}
	}
	line("reference", orDash(r.Ref))
	line("queue id", r.QueueID)
	line("held", e.Arrived.Format(time.RFC3339)+", "+d.age(r))
	line("size", fmt.Sprintf("%d bytes", r.Bytes))
	line("from", sender(r.Sender))
	line("login", mta.Cut(r.User, 100))
	line("client", mta.Cut(r.Client, 100))
	line("to", recipients(r, maxTold))
	for _, reason := range why(e, r) {
		if !strings.HasPrefix(reason, "queue id ") {
			line("why", reason)
		}
	}
	line("the MTA says", mta.Cut(r.Reason, 200))
	line("way", mta.Cut(r.Way, 200))
	for i, o := range r.Outcomes {
		if i == maxTold {
			line("", fmt.Sprintf("and %d more", len(r.Outcomes)-i))
			break
		}
		line("recipient", fmt.Sprintf("%s: %s, %s, by %s", mta.Cut(o.Address, 100), o.Action, o.Route, list(o.Rules)))
	}
	for i, s := range r.Samples {
		if i == maxTold {
			break
		}
		line("sample", fmt.Sprintf("%s %s, %s, in part %s", s.Detector, mta.Cut(s.Masked, 60), s.Confidence, s.Part))
	}
	line("policy", r.Policy.ID)
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return mta.Cut(s, 40)
}

func sender(s string) string {
	if s == "" || s == "MAILER-DAEMON" {
		return "<>"
	}
	return mta.Cut(s, 100)
}

func recipients(r *heldResult, most int) string {
	var all []string
	for i, address := range r.Recipients {
		if i == most {
			break
		}
		all = append(all, mta.Cut(address, 100))
	}
	text := strings.Join(all, ", ")
	if more := r.More + len(r.Recipients) - len(all); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// days is a time in two units: "3d 4h".
func days(t time.Duration) string {
	t = t.Truncate(time.Minute)
	d, h, m := t/(24*time.Hour), t/time.Hour%24, t/time.Minute%60
	switch {
	case d > 0 && h > 0:
		return fmt.Sprintf("%dd %dh", d, h)
	case d > 0:
		return fmt.Sprintf("%dd", d)
	case h > 0:
		return fmt.Sprintf("%dh %dm", h, m)
	}
	return fmt.Sprintf("%dm", m)
}

// printVisible prints a value as one line of JSON. What a terminal would obey or
// hide is escaped there, which is the same JSON.
func printVisible(out io.Writer, v any) error {
	var line, safe bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	for text := line.Bytes(); len(text) > 0; {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\n' || unicode.IsPrint(r):
			safe.Write(text[:n])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&safe, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&safe, `\u%04x`, r)
		}
		text = text[n:]
	}
	_, err := out.Write(safe.Bytes())
	return err
}
