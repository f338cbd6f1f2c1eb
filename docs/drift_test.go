package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/rules"
)

func TestThePoliciesOfThePapersLoadWithoutAWarning(t *testing.T) {
	papers := map[string]string{
		"README.md":                    indented(read(t, "README.md"), "# /etc/postern/policy.toml"),
		"docs/man/postern-policy.5":    literal(read(t, "docs/man/postern-policy.5")),
		"docs/operations.md, the pack": "[policy]\nuse = [\"example\"]\n[inside]\ndomains = [\"example.org\"]\n",
	}
	for paper, policy := range papers {
		t.Run(paper, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "policy.toml")
			if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := rules.ReadPolicy(file, detect.Builtin(), rules.Options{
				Enforce: true,
				Routes:  rules.Routes{TLS: true, Gateways: []string{"secure"}},
			})
			if err != nil {
				t.Fatalf("%v\nin:\n%s", err, policy)
			}
			for _, warning := range p.Warnings() {
				t.Error(warning)
			}
		})
	}
}

// indented is the code block of a Markdown page that begins with a line, up to
// the next line that names a file.
func indented(page, first string) string {
	_, rest, _ := strings.Cut(page, "    "+first+"\n")
	var block strings.Builder
	for line := range strings.Lines(rest) {
		code, ok := strings.CutPrefix(line, "    ")
		if strings.TrimSpace(line) != "" && !ok || strings.HasPrefix(code, "# /") {
			break
		}
		block.WriteString(code)
	}
	return block.String()
}

// literal is the last display of a manual.
func literal(manual string) string {
	_, rest, _ := strings.Cut(manual, ".Sh EXAMPLES\n")
	_, rest, _ = strings.Cut(rest, ".Bd -literal\n")
	text, _, _ := strings.Cut(rest, ".Ed\n")
	return text
}

func TestTheExampleOfTheConfigurationUsesItsKeys(t *testing.T) {
	keys := manualKeys(read(t, "docs/man/postern.toml.5"))
	examples := literal(read(t, "docs/man/postern.toml.5")) + indented(read(t, "README.md"), "# /etc/postern/postern.toml")
	table, seen := "", 0
	for line := range strings.Lines(examples) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = line + " "
		}
		key, _, ok := strings.Cut(line, " = ")
		if !ok {
			continue
		}
		seen++
		if key == "mode" {
			table = ""
		}
		if !slices.Contains(keys, table+key) {
			t.Errorf("an example has %q, which postern.toml(5) does not explain", table+key)
		}
	}
	if seen < 10 {
		t.Errorf("only %d keys in the examples", seen)
	}
}

// TestEveryKeyIsInItsManual takes the keys from the tags of the structs that
// the files are read into.
func TestEveryKeyIsInItsManual(t *testing.T) {
	for manual, sources := range map[string][]string{
		"docs/man/postern-policy.5": {
			"rules/source.go", "rules/sourcecontent.go", "rules/says.go", "rules/near.go", "rules/attachment.go", "rules/facts.go",
			"rules/coverage.go", "rules/assert.go",
		},
		"docs/man/postern.toml.5": {"cmd/postern/config.go", "rules/engine.go"},
	} {
		var code strings.Builder
		for _, source := range sources {
			code.WriteString(read(t, source))
		}
		text := read(t, manual)
		keys := all("`toml:\"([a-z_]+)\"`", code.String())
		for _, key := range keys {
			if !regexp.MustCompile(`(?m)^\.(It Ic|Ss|Ic) .*\b` + key + `\b`).MatchString(text) {
				t.Errorf("%s does not explain the key %s", manual, key)
			}
		}
		explained := 0
		for _, line := range all(`(?m)^\.It Ic (.*)$`, text) {
			for _, key := range all(`([a-z_]{2,})`, line) {
				explained++
				if !slices.Contains(keys, key) {
					t.Errorf("%s explains the key %s, which is not read", manual, key)
				}
			}
		}
		if explained < 20 {
			t.Errorf("found only %d keys in %s", explained, manual)
		}
	}
}

func TestTheTableOfMetricsIsThatOfTheDaemon(t *testing.T) {
	var defined definitions
	milter.NewMetrics(&defined)
	slices.Sort(defined)
	table := all("(?m)^\\| `(postern_[^`]+)` \\|", section(read(t, "docs/operations.md"), "## Metrics"))
	for _, metric := range defined {
		if !slices.Contains(table, metric) {
			t.Errorf("docs/operations.md does not list %s", metric)
		}
	}
	for _, metric := range table {
		if !slices.Contains(defined, metric) {
			t.Errorf("docs/operations.md lists %s, which the daemon does not have", metric)
		}
	}
}

// definitions is a Registerer that notes each metric as name{label,label}.
type definitions []string

func (d *definitions) Register(c prometheus.Collector) error {
	described := make(chan *prometheus.Desc)
	go func() {
		c.Describe(described)
		close(described)
	}()
	for desc := range described {
		name := all(`fqName: "([^"]+)"`, desc.String())[0]
		if labels := all(`variableLabels: \{([^}]+)\}`, desc.String()); len(labels) == 1 {
			name += "{" + labels[0] + "}"
		}
		*d = append(*d, name)
	}
	return nil
}

func (d *definitions) MustRegister(collectors ...prometheus.Collector) {
	for _, c := range collectors {
		_ = d.Register(c)
	}
}

func (d *definitions) Unregister(prometheus.Collector) bool { return false }

// TestTheListOfFuzzTargetsIsWhole compares the page with the tests.
func TestTheListOfFuzzTargetsIsWhole(t *testing.T) {
	page := read(t, "docs/fuzzing.md")
	targets := 0
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, target := range all(`(?m)^func (Fuzz\w+)\(`, string(code)) {
			targets++
			folder := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))
			if !strings.Contains(page, "| `"+folder+"` | `"+target+"` |") {
				t.Errorf("docs/fuzzing.md does not list %s of %s", target, folder)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if listed := len(all("(?m)^\\| (`[a-z0-9/]+` \\| `Fuzz\\w+)` \\|", page)); listed != targets || targets < 20 {
		t.Errorf("docs/fuzzing.md lists %d targets, the tests have %d", listed, targets)
	}
}
