package docs

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheManualHasTheVerbsAndFlagsOfTheCommand compares the synopsis of
// postern(8) with what each verb says of itself.
func TestTheManualHasTheVerbsAndFlagsOfTheCommand(t *testing.T) {
	binary := build(t)
	manual := read(t, "docs/man/postern.8")
	_, flags, _ := strings.Cut(manual, ".Ss Flags\n")
	explained := all(`(?m)^\.It Fl -([a-z-]+)`, flags)
	synopsis := verbs(manual)
	help, err := exec.Command(binary, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("postern --help: %v\n%s", err, help)
	}
	known := all(`(?m)^  ([a-z]+) +[A-Z]`, string(help))
	if len(known) < 6 {
		t.Errorf("postern --help tells only of the verbs %q", known)
	}
	for _, verb := range known {
		has := slices.ContainsFunc(slices.Collect(maps.Keys(synopsis)), func(one string) bool {
			return one == verb || strings.HasPrefix(one, verb+" ")
		})
		if !has && verb != "help" && verb != "completion" {
			t.Errorf("postern(8) does not have the verb %s", verb)
		}
	}
	for verb, written := range synopsis {
		out, err := exec.Command(binary, append(strings.Fields(verb), "--help")...).CombinedOutput()
		if err != nil {
			t.Errorf("postern %s --help: %v\n%s", verb, err, out)
			continue
		}
		known := all(`--([a-z][a-z-]*)`, string(out))
		for _, flag := range written {
			if !slices.Contains(known, flag) {
				t.Errorf("postern(8) gives %s the flag --%s, which it does not have", verb, flag)
			}
		}
		for _, flag := range known {
			if flag != "help" && !slices.Contains(explained, flag) {
				t.Errorf("%s has the flag --%s, which postern(8) does not explain", verb, flag)
			}
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "postern")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/postern").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// TestTheConfigurationsOfThePapersLoad decides a mail under each of them, with
// the README's policy in the place of the one that they name.
func TestTheConfigurationsOfThePapersLoad(t *testing.T) {
	binary, dir := build(t), t.TempDir()
	policy := write(t, dir, "policy.toml", indented(read(t, "README.md"), "# /etc/postern/policy.toml"))
	mail := write(t, dir, "card.eml", "From: a@example.org\r\nSubject: card 4111 1111 1111 1111\r\n\r\n")
	for paper, text := range map[string]string{
		"README.md":               indented(read(t, "README.md"), "# /etc/postern/postern.toml"),
		"docs/man/postern.toml.5": literal(read(t, "docs/man/postern.toml.5")),
	} {
		config := write(t, dir, "postern.toml", strings.ReplaceAll(text, "/etc/postern/policy.toml", policy))
		out, err := exec.Command(binary, "check", "--json", "--config", config,
			"--from", "a@example.org", "--rcpt", "b@example.net", mail).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", paper, err, out)
		}
		for _, want := range []string{`"action":"reject"`, `"mode":"enforce"`, `"cards-never"`} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: no %s in\n%s", paper, want, out)
			}
		}
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verbs are the verbs of a synopsis with their flags.
func verbs(manual string) map[string][]string {
	_, synopsis, _ := strings.Cut(manual, ".Sh SYNOPSIS\n")
	synopsis, _, _ = strings.Cut(synopsis, ".Sh ")
	found := map[string][]string{}
	for _, one := range strings.Split(synopsis, ".Nm\n")[1:] {
		if verb := all(`^\.Cm ([a-z ]+)`, one); len(verb) == 1 {
			found[verb[0]] = all(`(?m)^\.(?:Op )?Fl -([a-z-]+)`, one)
		}
	}
	return found
}
