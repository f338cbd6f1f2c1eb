package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
)

// veil masks in names what detectors find there, as findings are masked: the names of
// files and members and what a part declares are written by whoever made the mail. A
// nil veil shows them as they are.
type veil struct {
	ctx     context.Context
	scanner *classify.Scanner
	shown   map[string]string
}

func newVeil(ctx context.Context, s *classify.Scanner) *veil {
	return &veil{ctx, s, map[string]string{}}
}

// parts masks names in the parts of a report and in the places of its findings, each
// path alike.
func (v *veil) parts(findings []classify.Finding, parts []extract.Part) {
	if v == nil {
		return
	}
	for i := range findings {
		findings[i].Part = v.path(findings[i].Part)
	}
	for i := range parts {
		p := &parts[i]
		p.Path, p.Name, p.Declared = v.path(p.Path), v.name(p.Name), v.declared(p.Declared)
	}
}

// path masks the names in the path of a part.
func (v *veil) path(path string) string {
	if v == nil {
		return path
	}
	number, members, ok := strings.Cut(path, "!")
	if !ok {
		return path
	}
	names := strings.Split(members, "!")
	for i, name := range names {
		names[i] = strings.ReplaceAll(v.name(strings.ReplaceAll(name, "%21", "!")), "!", "%21")
	}
	return number + "!" + strings.Join(names, "!")
}

// declared masks a media type. Its syntax puts "x-" and the like before what may be a
// value, so that a look at the whole would not find it.
func (v *veil) declared(name string) string {
	if v == nil {
		return name
	}
	if len(name) > maxDeclared {
		return starred(name)
	}
	shown := v.name(name)
	for at := 0; at < len(shown); at++ {
		if at > 0 && strings.IndexByte("/-.+=; ", shown[at-1]) >= 0 {
			shown = shown[:at] + v.name(shown[at:])
		}
	}
	return shown
}

// maxDeclared is how long a media type may be to be looked at piece by piece; those
// that are registered have 127 characters at most (RFC 6838, section 4.2).
const maxDeclared = 255

// maxShown bounds the names that are remembered.
const maxShown = 1 << 14

// name masks one name.
func (v *veil) name(name string) string {
	if v == nil || name == "" {
		return name
	}
	shown, ok := v.shown[name]
	if !ok {
		if len(v.shown) >= maxShown {
			clear(v.shown)
		}
		shown = v.look(strings.ToValidUTF8(name, string(utf8.RuneError)))
		v.shown[name] = shown
	}
	return shown
}

func (v *veil) look(name string) string {
	scan := v.scanner.Begin(v.ctx)
	if err := extract.ReadText(scan.Reader, strings.NewReader(name)); err != nil {
		return starred(name)
	}
	report, err := scan.Finish()
	if err != nil {
		return starred(name)
	}
	found := slices.DeleteFunc(report.Findings, func(f classify.Finding) bool { return !strings.Contains(f.Masked, "*") })
	slices.SortFunc(found, func(a, b classify.Finding) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.End, a.End))
	})
	var shown strings.Builder
	at := int64(0)
	for _, f := range found {
		switch {
		case f.Where != extract.Body || f.Offset < 0 || f.End > int64(len(name)) || f.End < f.Offset:
			return starred(name) // the text was taken apart
		case f.Offset < at:
			continue
		}
		shown.WriteString(name[at:f.Offset])
		shown.WriteString(f.Masked)
		at = f.End
	}
	shown.WriteString(name[at:])
	return shown.String()
}

// starred is a name of which no digit is shown.
func starred(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '*'
		}
		return r
	}, name)
}
