package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
)

// Describe writes the page of a shipped pack for the admin who thinks of using
// it: what it needs, what each rule does, what senders read, and what becomes of
// each clause. It is Markdown.
func Describe(pack string) (string, error) {
	text, ok := Pack(pack)
	if !ok {
		return "", fmt.Errorf("no shipped pack is called %q", pack)
	}
	r := newReader()
	r.labels()
	s := r.source("pack "+pack, pack, text, true)
	if err := r.mistakes.Err(); err != nil {
		return "", err
	}
	p, err := ReadPolicy(pack, detect.Builtin(), Options{Unproved: true})
	if err != nil {
		return "", err
	}
	d := &description{Builder: &strings.Builder{}, pack: pack, source: s, comments: comments(string(text)), lines: strings.Split(string(text), "\n")}
	d.head()
	d.lists()
	d.settings()
	d.labels()
	d.rules()
	d.exemptions()
	d.assertions(p)
	d.clauses(p)
	return d.String(), nil
}

type description struct {
	*strings.Builder
	pack     string
	source   *source
	comments map[int]string // by the line that they stand above
	lines    []string       // of the file
}

// written is the value of a key as it is written in the file, on one line.
func (d *description) written(line int) string {
	_, text, _ := strings.Cut(d.lines[line-1], "=")
	for open := func() int {
		return strings.Count(text, "{") + strings.Count(text, "[") - strings.Count(text, "}") - strings.Count(text, "]")
	}; open() > 0 && line < len(d.lines); line++ {
		text += " " + d.lines[line]
	}
	return strings.Join(strings.Fields(text), " ")
}

// comments collects what stands above tables and keys of a file.
func comments(text string) map[int]string {
	all := map[int]string{}
	var above []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		comment, is := strings.CutPrefix(line, "#")
		switch {
		case is && strings.HasPrefix(comment, " ----"):
			above = nil
		case is:
			above = append(above, strings.TrimPrefix(comment, " "))
		case line == "":
			if len(all) == 0 && len(above) > 0 && all[0] == "" {
				all[0] = strings.Join(above, "\n")
			}
			above = nil
		default:
			if _, trailing, has := strings.Cut(line, " # "); has {
				above = append(above, trailing)
			}
			all[n] = strings.Join(above, " ")
			above = nil
		}
	}
	return all
}

func (d *description) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *description) head() {
	d.line("# The pack %s\n", d.pack)
	d.line("<!-- Printed from rules/packs/%s.toml by \"go test ./rules -run Pages -update\". -->\n", d.pack)
	d.line("%s\n", d.comments[0])
	s := d.source
	d.line("It judges %s mail.", strings.Join(s.Policy.Judges, " and "))
	if len(s.Inside.Domains) > 0 {
		d.line("Inside is %s, unless your own file says otherwise under `[inside]`.", code(s.Inside.Domains))
	}
	if s.Officer.Address != "" {
		d.line("Reports of breaches go to `%s`, unless `[officer]` names another.", s.Officer.Address)
	}
	if s.Help.Contact != "" {
		d.line("Replies send people to %s, unless `[help]` names somebody else.", s.Help.Contact)
	}
	routes := map[string]bool{}
	for i := range s.Rules {
		for _, r := range s.Rules[i].Route {
			if r != "partner" {
				routes[r] = true
			}
		}
	}
	if len(routes) > 0 {
		d.line("Its rules use the routes %s, which `[routes]` of the daemon's configuration must declare.", code(slices.Sorted(maps.Keys(routes))))
	}
	d.line("")
}

func code(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = "`" + w + "`"
	}
	return strings.Join(all, ", ")
}

// cell is a text in a table.
func cell(s string) string {
	return cmp.Or(strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`), "-")
}

func (d *description) lists() {
	if len(d.source.Lists) == 0 {
		return
	}
	d.line("## Lists to fill in\n\nA list without entries covers nobody.\n\n| list | what it is | ships with |\n|---|---|---|")
	for _, name := range byLine(d.source.Lists, func(l sourceList) int { return l.Line }) {
		var entries []string
		for i, e := range d.source.Lists[name].Entries {
			if i == 6 {
				entries = append(entries, fmt.Sprintf("and %d more", len(d.source.Lists[name].Entries)-i))
				break
			}
			entries = append(entries, "`"+e.Entry+"`")
		}
		d.line("| `%s` | %s | %s |", name, cell(d.comments[d.source.Lists[name].Line]), cmp.Or(strings.Join(entries, ", "), "nothing"))
	}
	d.line("")
}

// byLine sorts names by where they stand in the file.
func byLine[T any](m map[string]T, line func(T) int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(line(m[a]), line(m[b])), cmp.Compare(a, b))
	})
}

func (d *description) settings() {
	s := d.source.Settings[d.pack]
	if len(s.values) == 0 {
		return
	}
	d.line("## Settings\n\n| setting under `[settings.%s]` | default | what it chooses |\n|---|---|---|", d.pack)
	names := slices.SortedFunc(maps.Keys(s.values), func(a, b string) int { return cmp.Compare(s.At(a), s.At(b)) })
	for _, name := range names {
		d.line("| `%s` | `%v` | %s |", name, s.values[name], cell(d.comments[s.At(name)]))
	}
	d.line("")
}

// labels are the words that rules speak in.
func (d *description) labels() {
	if len(d.source.Labels) == 0 {
		return
	}
	d.line("## What its words mean\n\nThe labels of this pack; others stand in the manual.\n")
	for i := range d.source.Labels {
		l := &d.source.Labels[i]
		d.line("### Label %s\n", l.ID)
		if about := d.comments[l.Line]; about != "" {
			d.line("%s\n", about)
		}
		for _, line := range d.lines[l.Line:] {
			if line == "" || strings.HasPrefix(line, "[") || strings.HasPrefix(line, "#") {
				break
			}
			d.line("    %s", line)
		}
		d.line("")
	}
}

func (d *description) rules() {
	d.line("## Rules\n")
	for i := range d.source.Rules {
		r := &d.source.Rules[i]
		d.line("### %s\n", r.ID)
		if about := d.comments[r.Line]; about != "" {
			d.line("%s\n", about)
		}
		d.line("- Clause: %s", r.Clause)
		if r.Never {
			d.line("- It cannot be switched off, and no exemption lifts it.")
		}
		for _, name := range slices.Sorted(maps.Keys(r.Setting)) {
			d.line("- Only with the setting `%s = %v`.", name, r.Setting[name])
		}
		d.line("- For %s mail%s.", strings.Join(cmpList(r.Direction, d.source.Policy.Judges), " and "), r.whom())
		if r.Has("when") {
			d.line("- When: `%s`", d.written(r.At("when")))
		}
		if r.Has("unless") {
			d.line("- Unless: `%s`", d.written(r.At("unless")))
		}
		d.line("- What it does: %s.", r.does())
		if r.Reject != nil && r.Reject.text != "" {
			d.line("- What the sender reads:\n\n  > %s", strings.ReplaceAll(r.Reject.text, "\n", "\n  >\n  > "))
		}
		d.line("")
	}
}

func cmpList(a, b Strings) Strings {
	if len(a) > 0 {
		return a
	}
	return b
}

// whom says for whom a rule is.
func (r *sourceRule) whom() string {
	var b strings.Builder
	for _, one := range []struct {
		word string
		s    selector
	}{{"to", r.To}, {"from", r.From}, {"of the logins", r.User}} {
		if len(one.s.Is) > 0 {
			fmt.Fprintf(&b, ", %s %s", one.word, code(one.s.Is))
		}
		if len(one.s.Not) > 0 {
			fmt.Fprintf(&b, ", %s others than %s", one.word, code(one.s.Not))
		}
	}
	return b.String()
}

// does says what a rule does.
func (r *sourceRule) does() string {
	var all []string
	switch {
	case r.Reject != nil:
		all = append(all, "rejects the mail")
	case r.TempFail != nil:
		all = append(all, "puts the mail off")
	case r.Hold != nil:
		all = append(all, "holds the mail: \""+cmp.Or(r.Hold.text, holdText)+"\"")
	}
	switch {
	case slices.Equal(r.Route, Strings{"partner"}):
		all = append(all, "sends it as agreed with the partner")
	case len(r.Route) > 1:
		all = append(all, "sends it by the first of these routes that the recipient's mail system is known to be capable of: "+code(r.Route))
	case len(r.Route) == 1:
		all = append(all, "sends it by the route `"+r.Route[0]+"`")
	}
	if r.Append != "" {
		all = append(all, fmt.Sprintf("adds the statement `%s`; where nothing can be added: %s", r.Append, cmp.Or(r.Fallback, "hold")))
	}
	if len(r.AddHeader)+len(r.ChangeHeader)+len(r.RemoveHeader) > 0 {
		all = append(all, "changes header fields")
	}
	if r.Notify {
		all = append(all, "tells the officer")
	}
	if len(all) == 0 {
		return "leaves a note in the record"
	}
	return strings.Join(all, ", and ")
}

func (d *description) exemptions() {
	if len(d.source.Exemptions) == 0 {
		return
	}
	d.line("## Exemptions\n\n| exemption | clause | covers mail | when | lifts |\n|---|---|---|---|---|")
	for i := range d.source.Exemptions {
		e := &d.source.Exemptions[i]
		of := sourceRule{To: e.To, From: e.From, User: e.User}
		when := "always"
		if e.Has("when") {
			when = "`" + cell(d.written(e.At("when"))) + "`"
		}
		d.line("| %s | %s | %s | %s | %s |", e.ID, e.Clause, strings.TrimPrefix(of.whom(), ", "), when, strings.Join(e.Lifts, ", "))
	}
	d.line("")
}

func (d *description) assertions(p *Policy) {
	if len(p.asserts) == 0 {
		return
	}
	d.line("## What can never happen\n\nEach of these is proved over all combinations of the pack's conditions, whenever it is loaded.\n")
	for i := range d.source.Assert {
		a := &d.source.Assert[i]
		if a.Never == nil {
			continue
		}
		d.line("- %s (clause %s): never `%s`", a.ID, a.Clause, d.written(a.At("never")))
		if a.Unless != nil {
			d.line("  unless `%s`", d.written(a.At("unless")))
		}
	}
	d.line("")
}

func (d *description) clauses(p *Policy) {
	d.line("## Clauses\n\n| clause | what it asks | how | rules | why not more |\n|---|---|---|---|---|")
	for _, c := range p.coverage {
		if c.Policy == d.pack {
			d.line("| %s | %s | %s | %s | %s |", c.ID, cell(c.Title), c.How, cell(strings.Join(c.Rules, ", ")), cell(c.Reason))
		}
	}
}
