package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
)

// sought counts the kinds of thing that a condition looks for in the text.
func (c *ruleCompiler) sought(s *sourceCondition) int {
	n := 0
	for _, key := range []string{"found", "edm", "says", "statement"} {
		if s.Has(key) {
			n++
		}
	}
	return n
}

// says compiles a condition on phrases: a detector of its own finds each, beside
// all others, so that a phrase may be part of what they find.
func (c *ruleCompiler) says(s *sourceCondition) expr {
	t := &foundTest{least: detect.Medium, unique: 1, in: classify.AnyPlace}
	if len(s.Says) == 0 {
		c.wrong(s.At("says"), "", "says names no phrase")
	}
	for _, phrase := range s.Says {
		text := strings.ToLower(strings.Join(strings.Fields(phrase), " "))
		id := "says:" + text
		if c.known[id] == nil {
			d, err := phraseDetector(id, text)
			if err != nil {
				c.wrong(s.At("says"), "", "%q: %v", clip(phrase, 40), err)
				continue
			}
			c.addDetector(d)
		}
		t.detectors = append(t.detectors, c.known[id])
	}
	if s.Total != nil || s.Unique != nil {
		c.stray(s, "found", "unique", "total")
	}
	c.where(s, t)
	return c.mailTest(fmt.Sprintf("found %q 1 0 %d %x", t.names(), t.least, t.in), func() mailTest { return t })
}

// minPhrase is how many letters and digits a phrase must have.
const minPhrase = 3

func phraseDetector(id, text string) (*detect.Detector, error) {
	if letters := strings.IndexFunc(text, isLetterOrDigit); letters < 0 || len(strings.FieldsFunc(text, func(r rune) bool { return !isLetterOrDigit(r) })) == 0 || len(text) < minPhrase {
		return nil, fmt.Errorf("too short to be looked for")
	}
	custom := detect.Custom{
		ID: id, Title: "the words " + fmt.Sprintf("%q", text), Words: []string{text}, Mask: "none",
		Levels: detect.Levels{Label: detect.High, Window: detect.High, Alone: detect.High, Negative: detect.High},
	}
	d, err := custom.Detector()
	if err != nil {
		return nil, err
	}
	d.Apart = true
	_, err = detect.Compile([]*detect.Detector{d}, detect.Options{})
	return d, err
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 0x80
}

// sourceStatement is a text that mail must carry: a statement of
// confidentiality, a disclaimer.
type sourceStatement struct {
	Pos
	Text string `toml:"text"`
	HTML string `toml:"html"`
}

// statementDetector finds statements by their name.
const statementDetector = "disclaimer"

// collectStatements takes the texts of statements; an admin's replaces a pack's.
func (c *compiler) collectStatements() {
	c.statements = map[string]sourceStatement{}
	for _, one := range detect.DefaultStatements {
		c.statements[one.Name] = sourceStatement{Text: one.Text}
	}
	for _, s := range c.sources {
		for _, name := range slices.Sorted(maps.Keys(s.Statements)) {
			one := s.Statements[name]
			switch words := len(strings.Fields(one.Text)); {
			case !validID(name):
				c.mistakes.Add(s.title, one.Line, "letters, digits, - . _", "%q is no usable name of a statement", name)
			case words < 8 || words > 1000:
				c.mistakes.Add(s.title, one.At("text"), "", "statement %q has %d words, wanted 8 to 1000: shorter ones cannot be told from other text", name, words)
			default:
				c.statements[name] = one
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.statements)) {
		c.detectOptions.Statements = append(c.detectOptions.Statements, detect.Statement{Name: name, Text: c.statements[name].Text})
	}
}

// statement compiles a condition on statements that the policy knows by name.
func (c *ruleCompiler) statement(s *sourceCondition) expr {
	for _, name := range s.Statement {
		if _, ok := c.statements[name]; !ok {
			c.wrong(s.At("statement"), didYouMean(name, slices.Collect(maps.Keys(c.statements))), "unknown statement %q", name)
		}
	}
	of := *s
	of.Found, of.Value = Strings{statementDetector}, s.Statement
	of.keys = maps.Clone(s.keys)
	of.keys["found"], of.keys["value"] = s.At("statement"), s.At("statement")
	return c.found(&of)
}

// appends compiles what a rule adds to the mail, and whether it tells the officer.
func (c *ruleCompiler) appends(r *sourceRule, out *rule) {
	out.notify = r.Notify
	if r.Append == "" {
		if r.Fallback != "" {
			c.wrong(r.At("fallback"), "", "fallback has no effect without append")
		}
		return
	}
	if _, ok := c.statements[r.Append]; !ok {
		c.wrong(r.At("append"), didYouMean(r.Append, slices.Collect(maps.Keys(c.statements))), "unknown statement %q; [statements.%s] gives it its text", r.Append, r.Append)
	}
	if r.Reject != nil || r.TempFail != nil {
		c.wrong(r.At("append"), "leave one of them out", "a statement for a mail that is refused")
	}
	out.statement, out.fallback = r.Append, Hold
	switch r.Fallback {
	case "", "hold":
	case "accept":
		out.fallback = Accept
	case "reject":
		out.fallback = Reject
	default:
		c.wrong(r.At("fallback"), didYouMean(r.Fallback, []string{"accept", "hold", "reject"}), "fallback is %q", r.Fallback)
	}
}

// append notes the statement that a rule adds; of two fallbacks the stricter
// counts.
func (d *Decision) append(r *rule) {
	if r.statement == "" {
		return
	}
	for i := range d.Append {
		if d.Append[i].Statement == r.statement {
			d.Append[i].Fallback = max(d.Append[i].Fallback, r.fallback)
			return
		}
	}
	d.Append = append(d.Append, Append{r.statement, r.fallback})
}

// Statement is the text of a statement, plain and as HTML. HTML is empty where
// the plain text serves for both.
func (p *Policy) Statement(name string) (text, html string) {
	s := p.statements[name]
	return s.Text, s.HTML
}

// Officer is the address that reports of breaches go to; empty if none is named.
func (p *Policy) Officer() string { return p.officer }

// Notifies reports whether a rule tells the officer.
func (p *Policy) Notifies() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return r.notify })
}
