package rules

import (
	"slices"
	"strings"
)

// template is the text of a reply, cut at its {fields}.
type template struct {
	pieces []piece
}

type piece struct {
	text  string
	field string // one of templateFields, or empty for plain text
}

var templateFields = []string{"found", "rule", "clause", "help", "ref", "recipients"}

// parseTemplate cuts a text at its fields. The first {word} that is no field
// comes back as unknown; other braces stand for themselves.
func parseTemplate(text string) (t template, unknown string) {
	for text != "" {
		open := strings.IndexByte(text, '{')
		end := -1
		if open >= 0 {
			end = strings.IndexByte(text[open:], '}')
		}
		if end < 0 {
			t.pieces = append(t.pieces, piece{text: text})
			break
		}
		word := text[open+1 : open+end]
		switch {
		case slices.Contains(templateFields, word):
			t.pieces = append(t.pieces, piece{text: text[:open]}, piece{field: word})
		case word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz_") == "":
			return t, word
		default:
			t.pieces = append(t.pieces, piece{text: text[:open+end+1]})
		}
		text = text[open+end+1:]
	}
	return t, ""
}

// uses reports whether the text names a field.
func (t template) uses(field string) bool {
	return slices.ContainsFunc(t.pieces, func(p piece) bool { return p.field == field })
}

// fill puts values in place of the fields.
func (t template) fill(value func(field string) string) string {
	var b strings.Builder
	for _, p := range t.pieces {
		b.WriteString(p.text)
		if p.field != "" {
			b.WriteString(value(p.field))
		}
	}
	return b.String()
}

// clip cuts a text of an admin's file that a message repeats.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
