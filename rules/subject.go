package rules

import (
	"mime"
	"regexp"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
)

// tags compiles what a rule does to the subject: tags that it adds once, and tags
// of the sender's that it takes out.
func (c *ruleCompiler) tags(r *sourceRule, out *rule) {
	for _, one := range []struct {
		key  string
		tags Strings
		into *[]string
	}{{"tag_subject", r.TagSubject, &out.tagged}, {"strip_tag", r.StripTag, &out.stripped}} {
		if r.Has(one.key) && len(one.tags) == 0 {
			c.wrong(r.At(one.key), "", "%s names no tag", one.key)
		}
		for _, tag := range one.tags {
			tag = strings.TrimSpace(tag)
			if !validTag(tag) {
				c.wrong(r.At(one.key), `write it with its brackets, as in "[encrypt]"`, "%q is no usable subject tag", clip(tag, 40))
				continue
			}
			c.ask(tagQuestion(tag))
			c.ask(subjectQuestion)
			*one.into = append(*one.into, tag)
		}
	}
	if len(out.tagged)+len(out.stripped) > 0 && (r.Reject != nil || r.TempFail != nil) {
		c.wrong(r.Line, "leave one of them out", "a subject tag for a mail that is refused")
	}
}

func validTag(tag string) bool {
	return len(tag) >= 3 && len(tag) <= 64 && !strings.ContainsFunc(tag, func(r rune) bool { return r < 0x20 || r > 0x7e }) &&
		strings.ContainsFunc(strings.ToLower(tag), isLetterOrDigit)
}

// tagQuestion asks whether a tag stands in the subject.
func tagQuestion(tag string) classify.Question {
	tag = strings.ToLower(tag)
	return classify.Question{ID: "tag:" + tag, Kind: classify.Tag, Text: tag}
}

// subjectQuestion asks whether the mail has a subject.
var subjectQuestion = classify.Question{ID: "header:subject:", Kind: classify.HeaderField, Field: "Subject"}

// subjectEdit is what a decision does to the subject. It holds no text of the
// mail's.
type subjectEdit struct{ strip, add []string }

func (s *subjectEdit) empty() bool { return len(s.strip)+len(s.add) == 0 }

// retag notes what the rules that fired do to the subject, and the edit for it,
// which has no value yet: that is the mail's own text (fillSubject).
func (m *mail) retag(d *Decision) {
	for i := range m.policy.rules {
		r := &m.policy.rules[i]
		if m.firedOf(i).empty() {
			continue
		}
		for _, tag := range r.stripped {
			if a := m.report.Answers[tagQuestion(tag).ID]; (a.Yes || a.Near) && !holdsTag(d.subject.strip, tag) {
				d.subject.strip = append(d.subject.strip, tag)
			}
		}
	}
	for i := range m.policy.rules {
		r := &m.policy.rules[i]
		if m.firedOf(i).empty() {
			continue
		}
		for _, tag := range r.tagged {
			there := m.report.Answers[tagQuestion(tag).ID].Yes && !holdsTag(d.subject.strip, tag)
			if !there && !holdsTag(d.subject.add, tag) {
				d.subject.add = append(d.subject.add, tag)
			}
		}
	}
	switch {
	case d.subject.empty():
	case m.report.Answers[subjectQuestion.ID].Yes:
		d.Edits = append(d.Edits, Edit{ChangeHeader, "Subject", ""})
	case len(d.subject.add) > 0:
		d.Edits = append(d.Edits, Edit{AddHeader, "Subject", ""})
	}
}

func holdsTag(tags []string, tag string) bool {
	return slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, tag) })
}

// fillSubject gives the edit of the subject its value, from the fields as they
// came. Of several fields the first gets the tags.
func (d *Decision) fillSubject(fields []string) {
	at := slices.IndexFunc(d.Edits, func(e Edit) bool { return e.Name == "Subject" && e.Op != RemoveHeader && e.Value == "" })
	if at < 0 {
		return
	}
	if len(fields) == 0 {
		fields = []string{""}
	}
	var edits []Edit
	changed := false
	for i, raw := range fields {
		add := d.subject.add
		if i > 0 {
			add = nil
		}
		value := retagged(raw, d.subject.strip, add)
		changed = changed || value != unfolded(raw)
		if value != "" {
			edits = append(edits, Edit{AddHeader, "Subject", value})
		}
	}
	switch {
	case !changed:
		edits = nil
	case len(fields) == 1 && len(edits) == 1:
		edits[0].Op = d.Edits[at].Op
	default: // none is left, or there are several
		edits = append([]Edit{{RemoveHeader, "Subject", ""}}, edits...)
	}
	d.Edits = slices.Replace(d.Edits, at, at+1, edits...)
}

// retagged is the value of a Subject field with tags taken out and put before it.
// What is not touched stays as it was written; where a tag stands within encoded
// words, or the value is not ASCII, all of it is written anew, in encoded words of
// UTF-8 (RFC 2047).
func retagged(raw string, strip, add []string) string {
	value := unfolded(raw)
	if !isASCII(value) {
		text, _ := extract.DecodeField(raw)
		value = encoded(text)
	}
	for _, tag := range strip {
		value = stripped(value, tag)
	}
	for _, tag := range slices.Backward(add) {
		value = strings.TrimRight(tag+" "+value, " ")
	}
	return value
}

// stripped takes a tag, and what was meant as it, out of a value.
func stripped(value, tag string) string {
	text, _ := extract.DecodeField(value)
	want, found := classify.CutTag(tag, text, true)
	if !found {
		return value
	}
	if plain, _ := classify.CutTag(tag, value, true); slices.Equal(encodedWords.FindAllString(plain, -1), encodedWords.FindAllString(value, -1)) {
		if got, _ := extract.DecodeField(plain); strings.Join(strings.Fields(got), " ") == strings.Join(strings.Fields(want), " ") {
			return plain // the tag stood outside encoded words
		}
	}
	return encoded(want)
}

var encodedWords = regexp.MustCompile(`=\?[^? ]*\?[bBqQ]\?.*?\?=`)

func encoded(text string) string { return strings.TrimSpace(mime.BEncoding.Encode("utf-8", text)) }

// unfolded is a field's value without its line breaks (RFC 5322, section 2.2.3).
func unfolded(raw string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(raw))
}

// tags reports whether a rule changes the subject.
func (p *Policy) tags() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return len(r.tagged)+len(r.stripped) > 0 })
}

// maxSubjects is how many Subject fields of one mail are looked at.
const maxSubjects = 16
