// Package docs holds the manuals, and the tests that they agree with each other
// and with the tree.
package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// all returns the first group of every place in text where expr matches, sorted,
// each once.
func all(expr, text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(expr).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// pages are the Markdown files of the tree, by their path from the root.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestManualsAreGoodMdoc(t *testing.T) {
	manuals, err := filepath.Glob("man/*.[1-8]")
	if err != nil {
		t.Fatal(err)
	}
	if len(manuals) < 3 {
		t.Errorf("found %q, wanted postern(8), postern.toml(5) and postern-policy(5)", manuals)
	}
	for _, manual := range manuals {
		out, err := exec.Command("mandoc", "-T", "lint", "-W", "warning", manual).CombinedOutput()
		if err != nil {
			t.Errorf("mandoc %s: %v\n%s", manual, err, out)
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, link := range all(`\]\(([^)#]+)`, read(t, page)) {
			if strings.Contains(link, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), link)); err != nil {
				t.Errorf("%s: link %q leads nowhere", page, link)
			}
		}
	}
}

func TestCommandsOfMakeExist(t *testing.T) {
	targets := all(`(?m)^([a-z]+):`, read(t, "Makefile"))
	for _, page := range pages(t) {
		for _, target := range all("(?m)(?:^    |`)make ([a-z]+)", read(t, page)) {
			if !slices.Contains(targets, target) {
				t.Errorf("%s speaks of make %s, which the Makefile does not have", page, target)
			}
		}
	}
	if used := all(`(?m)^    make ([a-z]+)`, read(t, "README.md")); !slices.Contains(used, "demo") || !slices.Contains(used, "test") {
		t.Errorf("README.md begins with make %q, wanted demo and test among them", used)
	}
}

// TestConfigurationIsDocumentedTwiceAlike compares the table of operations.md
// with postern.toml(5).
func TestConfigurationIsDocumentedTwiceAlike(t *testing.T) {
	table := all("(?m)^\\| `([^`]+)` \\|", section(read(t, "docs/operations.md"), "## Configuration"))
	manual := manualKeys(read(t, "docs/man/postern.toml.5"))
	for _, key := range table {
		if !slices.Contains(manual, key) {
			t.Errorf("docs/operations.md has the key %s, postern.toml(5) has not", key)
		}
	}
	for _, key := range manual {
		if !slices.Contains(table, key) {
			t.Errorf("postern.toml(5) has the key %s, docs/operations.md has not", key)
		}
	}
}

// section is the part of a page below a heading, up to the next one.
func section(page, heading string) string {
	_, rest, _ := strings.Cut(page, heading+"\n")
	before, _, _ := strings.Cut(rest, "\n## ")
	return before
}

// manualKeys are the keys of postern.toml(5) as operations.md writes them.
func manualKeys(manual string) []string {
	var keys []string
	table := ""
	for line := range strings.Lines(manual) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, ".Ss "); ok {
			table = ""
			if strings.HasPrefix(name, "[") {
				table = name + " "
			}
		}
		if key, ok := strings.CutPrefix(line, ".It Ic "); ok {
			keys = append(keys, table+key)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestChangelogSaysWhatKindWhichRoomAndASentence(t *testing.T) {
	entry := regexp.MustCompile(`^- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\] [a-z/]+: .+\.$`)
	text := read(t, "CHANGELOG.md")
	if first := all(`(?m)^## (.*)$`, text); !slices.Contains(first, "Unreleased") {
		t.Error("CHANGELOG.md has no section Unreleased")
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "- ") && !entry.MatchString(line) {
			t.Errorf("CHANGELOG.md: %q is not \"- [KIND] room: sentence.\"", line)
		}
	}
}

func TestEveryDecisionHasSituationChoicePriceAndItsLine(t *testing.T) {
	index := read(t, "docs/decisions/README.md")
	for _, page := range pages(t) {
		if !strings.HasPrefix(page, "docs/decisions/0") {
			continue
		}
		text := read(t, page)
		for _, part := range []string{"**Situation.**", "**Choice.**", "**Price.**"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s", page, part)
			}
		}
		title := all(`^# \d+\. (.*)\n`, text)
		if len(title) != 1 || !strings.Contains(index, "["+title[0]+"]("+filepath.Base(page)+")") {
			t.Errorf("docs/decisions/README.md does not list %s by its title %q", page, title)
		}
	}
}

// TestTheReadmeWiresAsTheRecipesDo compares the lines for Postfix in README.md
// with contrib/postfix.
func TestTheReadmeWiresAsTheRecipesDo(t *testing.T) {
	recipes := read(t, "contrib/postfix/observe.main.cf") + read(t, "contrib/postfix/listeners.master.cf")
	recipes = strings.ReplaceAll(recipes, "@MILTER@", "inet:127.0.0.1:8892")
	lines := all(`(?m)^    ((?:postern_milter|non_smtpd_milters|  -o) ?.*)$`, read(t, "README.md"))
	if len(lines) != 4 {
		t.Errorf("found %d lines for Postfix in README.md, wanted 4: %q", len(lines), lines)
	}
	for _, line := range lines {
		if !strings.Contains(recipes, "\n"+line+"\n") {
			t.Errorf("README.md wires with %q, the recipes do not", line)
		}
	}
}
