package rules

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify/detect"
)

func TestLintTellsWhatIsSaidInVain(t *testing.T) {
	files, err := filepath.Glob("testdata/lint/*.toml")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		t.Run(name, func(t *testing.T) {
			opt := enforcing()
			opt.Lint, opt.Time = true, noon
			var told []Mistake
			p, err := ReadPolicy(file, testDetectors, opt)
			if mistakes, ok := errors.AsType[*Mistakes](err); ok {
				told = append(mistakes.List, mistakes.Warnings()...)
			} else if err != nil {
				t.Fatal(err)
			} else {
				told = p.Warnings()
			}
			var b strings.Builder
			for i, m := range told {
				level := "error: "
				if mistakes, ok := errors.AsType[*Mistakes](err); !ok || i >= len(mistakes.List) {
					level = "warning: "
				}
				if m.Line == 0 || m.Text == "" {
					t.Errorf("no line or text: %v", m)
				}
				b.WriteString(level + m.String() + "\n")
			}
			compareGolden(t, strings.TrimSuffix(file, ".toml")+".golden", b.String())
		})
	}
}

func TestAPolicyThatLintRefusesStillLoads(t *testing.T) {
	for _, name := range []string{"rules-that-never-fire", "perimeters-with-a-hole", "partners-in-two-classes"} {
		if _, err := ReadPolicy("testdata/lint/"+name+".toml", testDetectors, enforcing()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPacksHaveNothingInVain(t *testing.T) {
	for _, pack := range Packs() {
		begin := cpuTime(t)
		routes := Routes{TLS: true, TLSVerified: true, PerRecipient: true, Gateways: []string{"secure", "encrypt", "cres", "ees", "cjsm", "ome"}}
		p, err := ReadPolicy(pack, detect.Builtin(), Options{Lint: true, Enforce: true, Routes: routes, Time: noon})
		if err != nil {
			t.Errorf("%s: %v", pack, err)
			continue
		}
		for _, w := range p.Warnings() {
			t.Errorf("%s: %v", pack, w)
		}
		if took := cpuTime(t) - begin; took > 30*time.Second {
			t.Errorf("%s: took %v", pack, took)
		}
	}
}

// BenchmarkLint is what an admin waits for: the largest pack, with everything that
// it asserts proved and every rule tried.
func BenchmarkLint(b *testing.B) {
	for b.Loop() {
		if _, err := ReadPolicy("uk-dwp", detect.Builtin(), Options{Lint: true, Time: noon}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLintWarnsOfAPolicyWithoutARule(t *testing.T) {
	for text, warned := range map[string]bool{
		"":                                       true,
		"[inside]\ndomains = [\"in.example\"]\n": true,
		"[[rules]]\nid = \"r\"\nhold = \"x\"\noff = true\n":                                 true,
		"[policy]\nuse = \"pci\"\n":                                                         false,
		"[rules.r]\nwhen = { header = \"X-Case\", contains = \"x\" }\nhold = \"x\"\n":       false,
		"[rules.unread-held]\nwhen = { unread = true }\nhold = \"of one's own: {found}\"\n": false,
	} {
		p, err := ReadPolicyText("policy \"p\"", []byte(text), "", detect.Builtin(), Options{Lint: true, Time: noon})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		told := false
		for _, w := range p.Warnings() {
			told = told || strings.Contains(w.Text, "there is no rule")
		}
		if told != warned || (len(p.OwnRules()) == 0) != warned {
			t.Errorf("%q: warned %v, rules %q", text, told, p.OwnRules())
		}
	}
}

func TestLintTellsOfAnExpressionThatCostsMuch(t *testing.T) {
	for pattern, told := range map[string]bool{`((a?){100})(a{100})`: true, `[A-Z]{2}-?\d{6}X`: false} {
		text := "[detectors.d]\npattern = '" + pattern + "'\nnear_misses = ['x']\n[rules.r]\nclause = '1'\nwhen = { found = 'd' }\nrecord = true\n"
		for _, lint := range []bool{true, false} {
			p, err := ReadPolicyText("policy \"p\"", []byte(text), "", detect.Builtin(), Options{Lint: lint})
			if err != nil {
				t.Fatal(err)
			}
			w := (&Mistakes{List: p.Warnings()}).Error()
			if strings.Contains(w, `line 2: detector "d": text made for it may take about`) != (told && lint) {
				t.Errorf("%s, lint %t: warned %q", pattern, lint, w)
			}
		}
	}
}
