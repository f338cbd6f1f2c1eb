package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify/detect"
)

// source is one policy file as it was written: a shipped pack or an admin's own.
type source struct {
	Pos
	Policy     sourceHead                 `toml:"policy"`
	Inside     sourceInside               `toml:"inside"`
	Lists      map[string]sourceList      `toml:"lists"`
	Settings   map[string]sourceSettings  `toml:"settings"`
	Partners   map[string]sourcePartner   `toml:"partners"`
	Officer    sourceOfficer              `toml:"officer"`
	Help       sourceHelp                 `toml:"help"`
	Detectors  named[sourceDetector]      `toml:"detectors"`
	Lexicons   named[sourceLexicon]       `toml:"lexicons"`
	EDM        named[sourceTable]         `toml:"edm"`
	Labels     named[sourceLabel]         `toml:"labels"`
	Rules      named[sourceRule]          `toml:"rules"`
	Exemptions named[sourceExemption]     `toml:"exemptions"`
	Statements map[string]sourceStatement `toml:"statements"`
	Clauses    map[string]sourceClause    `toml:"clauses"`
	Assert     named[sourceAssertion]     `toml:"assert"`

	title     string // as messages begin
	dir       string // where its list files are; "" in a pack
	pack      bool
	fromFile  map[string][]entry    // of lists kept in files
	wordsOf   map[string][]fileWord // of detectors kept in files
	termsOf   map[string][]weighted // of lexicons kept in files
	sortCodes *detect.SortCodes     // of a file that the policy names
}

type sourceHead struct {
	Pos
	ID     string  `toml:"id"`
	Use    Strings `toml:"use"`
	Judges Strings `toml:"judges"`
}

type sourceInside struct {
	Pos
	Domains  Strings `toml:"domains"`
	Networks Strings `toml:"networks"`
	Daemons  Strings `toml:"daemons"`
}

type sourceOfficer struct {
	Pos
	Address string `toml:"address"`
}

type sourceHelp struct {
	Contact string `toml:"contact"`
}

type sourceList struct {
	Pos
	Entries []sourceEntry `toml:"entries"`
	File    string        `toml:"file"`
	Extend  bool          `toml:"extend"`
}

// sourceEntry is one entry of a list: a string, or a table with its expiry.
type sourceEntry struct {
	Pos
	Entry   string `toml:"entry"`
	Expires date   `toml:"expires"`
	Ref     string `toml:"ref"`
	Of      string `toml:"of"`
}

func (e *sourceEntry) fromTOML(d *decoder, n node) {
	if s, ok := n.value.(string); ok {
		e.Entry, e.Pos = s, Pos{File: d.file, Line: d.line(n)}
		return
	}
	if _, ok := n.value.(map[string]any); !ok {
		d.wanted(n, "a string, or a table with entry, expires, ref and of")
		return
	}
	type plain sourceEntry
	decodeInto(d, n, (*plain)(e))
}

// sourceSettings are the settings of one pack: texts, numbers, true or false.
type sourceSettings struct {
	Pos
	values map[string]any
}

func (s *sourceSettings) fromTOML(d *decoder, n node) {
	values, ok := n.value.(map[string]any)
	if !ok {
		d.wanted(n, "a table")
		return
	}
	s.Pos, s.values = d.pos(n), values
	for key, value := range values {
		switch value.(type) {
		case string, bool, int64:
		default:
			d.wanted(d.child(n, key), "a string, a whole number, true or false")
		}
	}
}

type sourcePartner struct {
	Pos
	Method  Strings `toml:"method"`
	Ref     string  `toml:"ref"`
	Expires date    `toml:"expires"`
}

type sourceLabel struct {
	sourceCondition
	ID  string `toml:"id"`
	Per string `toml:"per"`
}

func (l *sourceLabel) ident() *string { return &l.ID }

type sourceRule struct {
	Pos
	ID        string           `toml:"id"`
	Clause    string           `toml:"clause"`
	Never     bool             `toml:"never"`
	Off       bool             `toml:"off"`
	Setting   map[string]any   `toml:"setting"`
	Direction Strings          `toml:"direction"`
	To        selector         `toml:"to"`
	From      selector         `toml:"from"`
	User      selector         `toml:"user"`
	When      *sourceCondition `toml:"when"`
	Unless    *sourceCondition `toml:"unless"`

	Reject       *wording `toml:"reject"`
	Hold         *wording `toml:"hold"`
	TempFail     *wording `toml:"tempfail"`
	Record       bool     `toml:"record"`
	Route        Strings  `toml:"route"`
	AddHeader    fields   `toml:"add_header"`
	ChangeHeader fields   `toml:"change_header"`
	RemoveHeader Strings  `toml:"remove_header"`
	TagSubject   Strings  `toml:"tag_subject"`
	StripTag     Strings  `toml:"strip_tag"`
	Append       string   `toml:"append"`
	Fallback     string   `toml:"fallback"`
	Notify       bool     `toml:"notify"`
}

func (r *sourceRule) ident() *string { return &r.ID }

type sourceExemption struct {
	Pos
	ID      string           `toml:"id"`
	Clause  string           `toml:"clause"`
	To      selector         `toml:"to"`
	From    selector         `toml:"from"`
	User    selector         `toml:"user"`
	When    *sourceCondition `toml:"when"`
	Lifts   Strings          `toml:"lifts"`
	Expires date             `toml:"expires"`
	Ref     string           `toml:"ref"`
}

func (e *sourceExemption) ident() *string { return &e.ID }

// sourceCondition is one table of conditions. All that it says must hold.
type sourceCondition struct {
	Pos
	All  []sourceCondition `toml:"all"`
	Any  []sourceCondition `toml:"any"`
	None []sourceCondition `toml:"none"`

	Found      Strings            `toml:"found"`
	Says       Strings            `toml:"says"`
	Statement  Strings            `toml:"statement"`
	EDM        Strings            `toml:"edm"`
	Columns    *sourceColumns     `toml:"columns"`
	Unique     *int               `toml:"unique"`
	Total      *int               `toml:"total"`
	Confidence *detect.Confidence `toml:"confidence"`
	Where      Strings            `toml:"where"`
	Quoted     *bool              `toml:"quoted"`

	Value      Strings           `toml:"value"`
	Label      Strings           `toml:"label"`
	Parts      *int              `toml:"parts"`
	Tag        string            `toml:"tag"`
	NotOwn     string            `toml:"not_own"`
	NotAfter   *nearTo           `toml:"not_after"`
	LookAlike  string            `toml:"look_alike"`
	Near       *sourceNear       `toml:"near"`
	Header     string            `toml:"header"`
	Contains   string            `toml:"contains"`
	Unread     *oneOrOf          `toml:"unread"`
	Encrypted  *bool             `toml:"encrypted"`
	Weak       *bool             `toml:"weak"`
	Attachment *sourceAttachment `toml:"attachment"`
	Links      Strings           `toml:"links"`
	Anomaly    Strings           `toml:"anomaly"`

	To            selector      `toml:"to"`
	From          selector      `toml:"from"`
	User          selector      `toml:"user"`
	Client        selector      `toml:"client"`
	Direction     Strings       `toml:"direction"`
	Authenticated *bool         `toml:"authenticated"`
	Partner       *oneOrOf      `toml:"partner"`
	IncomingTLS   *sourceTLS    `toml:"incoming_tls"`
	FirstContact  *bool         `toml:"first_contact"`
	Reply         *bool         `toml:"reply"`
	PartnerTLS    Strings       `toml:"partner_tls"`
	Volume        *sourceVolume `toml:"volume"`
}

// named is a set of tables with ids. It is written as [kind.ID] tables or as
// [[kind]] with an id in each.
type named[T any] []T

func (all *named[T]) fromTOML(d *decoder, n node) {
	if values, ok := n.value.(map[string]any); ok {
		for key := range values {
			all.add(d, d.child(n, key), key)
		}
	} else if items, ok := list(n.value); ok {
		for i, value := range items {
			all.add(d, d.itemOf(n, i, value), "")
		}
	} else {
		d.wanted(n, "tables")
	}
	slices.SortStableFunc(*all, func(a, b T) int {
		return cmp.Compare(posOf(&a).Line, posOf(&b).Line)
	})
}

func (all *named[T]) add(d *decoder, n node, key string) {
	var one T
	if _, ok := n.value.(map[string]any); !ok {
		d.wanted(n, "a table")
		return
	}
	decodeInto(d, n, &one)
	id := any(&one).(interface{ ident() *string }).ident()
	switch {
	case key != "" && *id != "" && *id != key:
		d.wrong(n, "leave id out", "the table is named %q, its id says %q", key, *id)
	case key != "":
		*id = key
	case *id == "":
		d.wrong(n, "", "the id is missing")
		return
	}
	*all = append(*all, one)
}

func posOf(table any) Pos {
	switch t := table.(type) {
	case *sourceRule:
		return t.Pos
	case *sourceExemption:
		return t.Pos
	case *sourceAssertion:
		return t.Pos
	case *sourceLabel:
		return t.Pos
	case *sourceDetector:
		return t.Pos
	case *sourceLexicon:
		return t.Pos
	case *sourceTable:
		return t.Pos
	}
	panic(fmt.Sprintf("internal error: no position in %T", table))
}

// selector chooses recipients, senders, logins or clients: those that are
// among the one and not among the other. A string or a list is short for "is".
type selector struct {
	Pos
	Is  Strings `toml:"is"`
	Not Strings `toml:"not"`
	set bool
}

func (s *selector) fromTOML(d *decoder, n node) {
	s.set = true
	if _, ok := n.value.(map[string]any); ok {
		type plain selector
		decodeInto(d, n, (*plain)(s))
		if len(s.Is) == 0 && len(s.Not) == 0 {
			d.wrong(n, "", "an empty table selects nothing; wanted is or not")
		}
		return
	}
	s.Pos = Pos{File: d.file, Line: d.line(n)}
	decodeInto(d, n, &s.Is)
	if len(s.Is) == 0 {
		d.wrong(n, "", "an empty list selects nothing")
	}
}

// wording is the text of an action; true takes the text that postern has for it.
type wording struct {
	text string
	line int
}

func (w *wording) fromTOML(d *decoder, n node) {
	w.line = d.line(n)
	switch v := n.value.(type) {
	case string:
		w.text = strings.TrimSpace(v)
	case bool:
		if !v {
			d.wrong(n, "leave it out", "false says nothing")
		}
	default:
		d.wanted(n, "a text, or true")
	}
}

// oneOrOf asks whether something is there at all (true, false), or one of a
// choice of names.
type oneOrOf struct {
	yes bool
	of  Strings
}

func (o *oneOrOf) fromTOML(d *decoder, n node) {
	if yes, ok := n.value.(bool); ok {
		o.yes = yes
		return
	}
	o.yes = true
	decodeInto(d, n, &o.of)
	if len(o.of) == 0 {
		d.wrong(n, "", "got nothing to look for, wanted true, a name or a list of names")
	}
}

// fields are header fields to set: a table of names and values, or a list of
// tables with name and value.
type fields []field

type field struct {
	Pos
	Name  string `toml:"name"`
	Value string `toml:"value"`
}

func (f *fields) fromTOML(d *decoder, n node) {
	values, ok := n.value.(map[string]any)
	if !ok {
		decodeInto(d, n, (*[]field)(f))
		return
	}
	for name, value := range values {
		child := d.child(n, name)
		s, ok := value.(string)
		if !ok {
			d.wanted(child, "the field's value as a string")
			continue
		}
		*f = append(*f, field{Pos{File: d.file, Line: d.line(child)}, name, s})
	}
	slices.SortFunc(*f, func(a, b field) int { return cmp.Compare(a.Name, b.Name) })
}

// date is the last day on which something is valid, in UTC.
type date struct{ end time.Time }

func (t *date) fromTOML(d *decoder, n node) {
	var day time.Time
	switch v := n.value.(type) {
	case time.Time:
		day = v
	case string:
		parsed, err := time.Parse(time.DateOnly, v)
		if err != nil {
			d.wanted(n, "a date such as 2027-03-31")
			return
		}
		day = parsed
	default:
		d.wanted(n, "a date such as 2027-03-31")
		return
	}
	*t = endOf(day)
}

// endOf is the end of the day.
func endOf(day time.Time) date {
	return date{time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, time.UTC)}
}

// expired reports whether the date lies before a time. No date never does.
func (t date) expired(at time.Time) bool { return !t.end.IsZero() && !at.Before(t.end) }

func (t date) String() string { return t.end.AddDate(0, 0, -1).Format(time.DateOnly) }

func (t date) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
