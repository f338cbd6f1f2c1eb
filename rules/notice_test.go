package rules

import (
	"strings"
	"testing"
)

func TestLintSpeaksOfWhatAnAdminWouldMiss(t *testing.T) {
	const rule = "\n[rules.r]\nclause = \"1\"\nwhen = { found = \"us-ssn\" }\nreject = true\n"
	for _, c := range []struct{ name, text, says string }{
		{"nobody hears the report", rule + "notify = true\n", `line 6: rule "r" tells the officer, and none is named`},
		{"somebody does", "[officer]\naddress = \"o@in.example\"\n" + rule + "notify = true\n", ""},
		{"a network named by a machine", "[inside]\nnetworks = [\"10.1.2.3/8\"]\n" + rule, `"10.1.2.3/8" names a machine and means all of 10.0.0.0/8 (write 10.0.0.0/8, or 10.1.2.3 for that machine alone)`},
		{"a network", "[inside]\nnetworks = [\"10.0.0.0/8\", \"10.1.2.3\"]\n" + rule, ""},
		{"rules in two ways", rule + "[[rules]]\nid = \"x\"\n", "a file takes one way or the other"},
		{"an action misspelt", "[rules.r]\nclause = \"1\"\nhodl = true\n", `unknown key "hodl" in rules.r (did you mean "hold"?)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := LoadText(`policy "p"`, []byte(c.text), ".", Options{Lint: true})
			said := ""
			if err != nil {
				said = err.Error()
			} else {
				for _, w := range e.Warnings() {
					said += w.String() + "\n"
				}
			}
			if c.says == "" && said != "" || !strings.Contains(said, c.says) {
				t.Errorf("got %q, wanted %q", said, c.says)
			}
			if strings.Contains(said, "nothing is to be done") {
				t.Errorf("a misspelt action is told twice: %q", said)
			}
		})
	}
}
