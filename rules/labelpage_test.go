package rules

import (
	"os"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/detect"
)

const labelPage = "../docs/labels.md"

// labelManual prints the labels that every policy has as their file has them.
func labelManual(t *testing.T) string {
	t.Helper()
	text, ok := Pack(labelsPack)
	if !ok {
		t.Fatal("no labels")
	}
	var b strings.Builder
	b.WriteString(`# Labels

<!-- Printed from rules/packs/labels.toml by "go test ./rules -run TestThePageOfLabels -update". -->

The labels that every policy has, as postern defines them. [Writing a policy](policy.md#labelsname) explains the
conditions, [detectors](detectors.md) what is found and which terms the lexicons have. Unless it says otherwise, a
condition counts one finding of medium confidence or higher.

To change a label, write ` + "`[labels.NAME]`" + ` into your policy, with all of its condition: yours takes the place of the
one here, also for the rules and assertions of packs that ask for it. ` + "`postern lint`" + ` tells which those are. To have both,
give yours another name and ask for the two of them.
`)
	blocks := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	for _, block := range blocks[1:] {
		var prose, code []string
		for line := range strings.SplitSeq(block, "\n") {
			if text, ok := strings.CutPrefix(line, "# "); ok && len(code) == 0 {
				prose = append(prose, text)
			} else {
				code = append(code, line)
			}
		}
		name := strings.TrimSuffix(strings.TrimPrefix(code[0], "[labels."), "]")
		b.WriteString("\n## " + name + "\n\n" + strings.Join(prose, "\n") + "\n\n```toml\n" + strings.Join(code, "\n") + "\n```\n")
	}
	return b.String()
}

func TestThePageOfLabelsIsTheirFile(t *testing.T) {
	want := labelManual(t)
	if *update {
		write(t, labelPage, want)
		return
	}
	got, err := os.ReadFile(labelPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what rules/packs/labels.toml says; run go test ./rules -run TestThePageOfLabels -update", labelPage)
	}
	p, err := ReadPolicyText("p", nil, ".", detect.Builtin(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.labels {
		if !strings.Contains(want, "\n## "+l.name+"\n") {
			t.Errorf("label %q is not on the page", l.name)
		}
	}
	if len(p.labels) < 7 {
		t.Errorf("only %d labels", len(p.labels))
	}
}

func TestALabelOfThePageCanBeCopiedIntoAPolicy(t *testing.T) {
	for block := range strings.SplitSeq(labelManual(t), "```toml\n") {
		code, _, is := strings.Cut(block, "```")
		if !is {
			continue
		}
		if _, err := ReadPolicyText("p", []byte(code), ".", detect.Builtin(), Options{}); err != nil {
			t.Errorf("%v\n%s", err, code)
		}
	}
}

func TestManyLicencesOfAnyStateAreBulkRecords(t *testing.T) {
	e := mustEngine(t, "[rules.bulk]\nclause = '1'\nwhen = { label = 'bulk-records' }\nrecord = true\n")
	list := func(n int) string {
		var b strings.Builder
		b.WriteString("\nname,driver license number\n")
		for i := range n {
			b.WriteString("Roe,S" + strings.Repeat("0", 3) + string(rune('1'+i%9)) + string(rune('0'+i/9%10)) + string(rune('0'+i/90%10)) + "42\n")
		}
		return b.String()
	}
	for n, want := range map[int]int{500: 0, 501: 1} {
		if fired, _ := decided(t, e, list(n)); len(fired) != want {
			t.Errorf("%d licences fire %v", n, fired)
		}
	}
}
