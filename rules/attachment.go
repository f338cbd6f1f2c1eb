package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/extract"
)

// sourceAttachment asks for attachments: whether there are any, or for some of a
// kind.
type sourceAttachment struct {
	yes bool
	attachmentKind
}

type attachmentKind struct {
	Pos
	Count     *int     `toml:"count"`
	Type      Strings  `toml:"type"`
	Declared  Strings  `toml:"declared"`
	Name      Strings  `toml:"name"`
	Encrypted *bool    `toml:"encrypted"`
	Weak      *bool    `toml:"weak"`
	Unread    *oneOrOf `toml:"unread"`
}

func (a *sourceAttachment) fromTOML(d *decoder, n node) {
	a.yes = true
	if yes, ok := n.value.(bool); ok {
		a.yes = yes
		return
	}
	if _, ok := n.value.(map[string]any); !ok {
		d.wanted(n, "true, false, or a table with count, type, declared, name, encrypted, weak, unread")
		return
	}
	decodeInto(d, n, &a.attachmentKind)
	if len(a.keys) == 0 {
		d.wrong(n, "say attachment = true", "an empty table asks for nothing")
	}
}

// partTests compiles what a condition says of single parts and of the form of
// the mail.
func (c *ruleCompiler) partTests(s *sourceCondition) []expr {
	var kids []expr
	if s.Attachment != nil {
		kids = append(kids, c.attachment(s))
	}
	if s.Has("links") {
		kids = append(kids, c.links(s))
	}
	if s.Has("anomaly") {
		for _, name := range s.Anomaly {
			if !slices.Contains(extract.AnomalyNames(), name) {
				c.wrong(s.At("anomaly"), didYouMean(name, extract.AnomalyNames()), "unknown anomaly %q", name)
			}
		}
		names := slices.Clone(s.Anomaly)
		kids = append(kids, c.mailTest(fmt.Sprintf("anomaly %q", names), func() mailTest { return &anomalyTest{names} }))
	}
	return kids
}

func (c *ruleCompiler) attachment(s *sourceCondition) expr {
	a := s.Attachment
	least := 1
	if a.Count != nil {
		if least = *a.Count; least < 1 {
			c.wrong(a.At("count"), "", "count is %d, wanted 1 or more", least)
		}
	}
	for key, globs := range map[string]Strings{"type": a.Type, "declared": a.Declared, "name": a.Name} {
		for _, glob := range globs {
			if _, err := path.Match(strings.ToLower(glob), ""); err != nil || glob == "" {
				c.wrong(a.At(key), "* is any text, ? any character", "%s: %q is no pattern", key, clip(glob, 40))
			}
		}
	}
	var of []extract.Problem
	if a.Unread != nil {
		for _, name := range a.Unread.of {
			p := extract.Problem(name)
			if !slices.Contains(extract.Problems(), p) {
				c.wrong(a.At("unread"), didYouMean(name, problemNames()), "unknown problem %q", name)
			}
			of = append(of, p)
		}
	}
	is := func(p *extract.Part) bool {
		return IsAttachment(p) && matches(a.Type, p.Detected) && matches(a.Declared, p.Declared) && matches(a.Name, p.Name) &&
			(a.Encrypted == nil || *a.Encrypted == p.Encrypted) && (a.Weak == nil || *a.Weak == p.Weak) &&
			(a.Unread == nil || a.Unread.yes == (p.Unread() && (len(of) == 0 || slices.Contains(of, p.Problem))))
	}
	state := a.words()
	return c.mailTest(fmt.Sprintf("attachment %s %d %t", state, least, a.yes), func() mailTest {
		return &partTest{
			want: a.yes, state: state, is: is, least: least, names: a.Name, types: slices.Concat(a.Type, a.Declared),
			attached: true, typed: len(a.Type) > 0, claimed: len(a.Declared) > 0,
		}
	})
}

// words says in plain words which attachments are meant.
func (a *sourceAttachment) words() string {
	words := "an attachment"
	add := func(format string, args ...any) { words += fmt.Sprintf(format, args...) }
	if len(a.Type) > 0 {
		add(" of type %s", strings.Join(a.Type, " or "))
	}
	if len(a.Declared) > 0 {
		add(" declared %s", strings.Join(a.Declared, " or "))
	}
	if len(a.Name) > 0 {
		add(" named %s", strings.Join(a.Name, " or "))
	}
	for _, one := range []struct {
		given *bool
		word  string
	}{{a.Encrypted, "encrypted"}, {a.Weak, "weakly encrypted"}} {
		if one.given != nil {
			add("%s %s", map[bool]string{true: ",", false: ", not"}[*one.given], one.word)
		}
	}
	if a.Unread != nil {
		add("%s unread %s", map[bool]string{true: ",", false: ", not"}[a.Unread.yes], strings.Join(a.Unread.of, " or "))
	}
	return strings.TrimSpace(words)
}

// IsAttachment reports whether a part is an attachment or stands in one, and is
// no frame of others.
func IsAttachment(p *extract.Part) bool {
	return p.Where == extract.Attachment && !strings.HasPrefix(p.Declared, "multipart/") && !strings.HasSuffix(p.Path, ".0")
}

func matches(globs Strings, text string) bool {
	return len(globs) == 0 || slices.ContainsFunc(globs, func(glob string) bool {
		// A media type has one slash, which a star may not pass; a name has none
		// that counts.
		ok, err := path.Match(strings.ToLower(glob), strings.ToLower(text))
		return ok && err == nil
	})
}

func (c *ruleCompiler) links(s *sourceCondition) expr {
	var hidden, concealed bool
	for _, name := range s.Links {
		switch name {
		case "hidden":
			hidden = true
		case "concealed":
			concealed = true
		default:
			c.wrong(s.At("links"), didYouMean(name, []string{"hidden", "concealed"}), "unknown kind of link %q", name)
		}
	}
	state := "with a link that " + map[bool]string{true: "shows another address than it leads to", false: "does not show where it leads"}[concealed]
	return c.mailTest(fmt.Sprintf("links %t %t", hidden, concealed), func() mailTest {
		return &partTest{want: true, state: state, is: func(p *extract.Part) bool {
			return hidden && p.HiddenLinks > 0 || concealed && p.ConcealedLinks > 0
		}}
	})
}

// anomalyTest asks for oddities of the mail's form.
type anomalyTest struct{ names []string }

func (t *anomalyTest) which(m *mail) []string {
	var all []string
	for _, name := range t.names {
		if slices.Contains(m.report.Anomalies, name) {
			all = append(all, name)
		}
	}
	return all
}

func (t *anomalyTest) holds(m *mail) bool { return len(t.which(m)) > 0 }

func (t *anomalyTest) because(m *mail, _ bool) []string {
	return []string{"form of the mail: " + strings.Join(t.which(m), ", ")}
}

func (t *anomalyTest) failed(*mail) (why, nearest string) {
	return "the form of the mail shows no " + strings.Join(t.names, " or "), ""
}

func (t *anomalyTest) found(m *mail) []string { return []string{"a mail of odd form"} }
