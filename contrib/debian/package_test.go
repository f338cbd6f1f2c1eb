//go:build e2e

// Package debian holds what the Debian package is made of, and the tests that it
// is made alike everywhere, and installs, runs and goes away as it should.
package debian

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const root = "../.."

// makeVariable is what the Makefile sets a variable to.
func makeVariable(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` *= (.*)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("the Makefile has no %s", name)
	}
	return strings.NewReplacer("$(GO)", "go", "$(VERSION)", "1.2.3", "$(COMMIT)", "c0ffee").Replace(string(found[1]))
}

// build makes the package in a copy of the tree and returns the folder that has it.
func build(t *testing.T, umask, zone string) string {
	t.Helper()
	tree, out := filepath.Join(t.TempDir(), "tree"), t.TempDir()
	copyTree(t, tree)
	command := exec.Command("/bin/sh", "-c", "umask "+umask+" && exec contrib/debian/build.sh "+out)
	command.Dir = tree
	command.Env = append(os.Environ(), "TZ="+zone, "GO=go", "VERSION=1.2.3", "COMMIT=c0ffee", "SOURCE_DATE_EPOCH=1700000000",
		"NFPM="+makeVariable(t, "NFPM"), "CYCLONEDX="+makeVariable(t, "CYCLONEDX"), "LDFLAGS="+makeVariable(t, "LDFLAGS"))
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, said)
	}
	return out
}

// copyTree copies the tree as it is, with today's times.
func copyTree(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case name == ".git" || name == "bin" || name == "dist":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		bytes, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), bytes, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sums are the hashes of the files in a folder, by their names.
func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	found := map[string][32]byte{}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		bytes, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(file)] = sha256.Sum256(bytes)
	}
	return found
}

func TestThePackage(t *testing.T) {
	one, other := build(t, "022", "UTC"), build(t, "077", "Asia/Kathmandu")
	t.Run("two builds give the same bytes", func(t *testing.T) {
		got, want := sums(t, other), sums(t, one)
		if len(want) != 2 {
			t.Errorf("build.sh made %v, want the package and its bill of materials", want)
		}
		for name, sum := range want {
			if got[name] != sum {
				t.Errorf("%s differs", name)
			}
		}
	})
	t.Run("its bill of materials lists what is in the binary", func(t *testing.T) { checkBill(t, one) })
	packages, err := filepath.Glob(filepath.Join(one, "postern_1.2.3_*.deb"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("found %q, %v; want one package of version 1.2.3", packages, err)
	}
	t.Run("what its README links to is in it", func(t *testing.T) { checkLinks(t, packages[0]) })
	t.Run("no page in it leads nowhere", func(t *testing.T) { checkPages(t, packages[0]) })
	t.Run("on a machine", func(t *testing.T) { liveOnAMachine(t, packages[0]) })
}

// checkBill compares the bill of materials with go.mod.
func checkBill(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "sbom.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		Format   string `json:"bomFormat"`
		Metadata struct {
			Component struct{ Name, Version string }
		}
		Components []struct {
			Name, Version string
			Licenses      []any
		}
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	if c := bill.Metadata.Component; bill.Format != "CycloneDX" || c.Version != "1.2.3" || !strings.HasPrefix(c.Name, "github.com/postern-mail/postern") {
		t.Errorf("the bill is %s, of %s %s", bill.Format, c.Name, c.Version)
	}
	if bytes.Contains(text, []byte(os.TempDir())) {
		t.Error("the bill tells where it was made")
	}
	listed := map[string]bool{}
	for _, c := range bill.Components {
		listed[c.Name] = true
		if len(c.Licenses) == 0 && c.Name != "std" {
			t.Errorf("%s has no licence", c.Name)
		}
	}
	for _, module := range []string{"github.com/emersion/go-milter", "github.com/prometheus/client_golang", "github.com/landlock-lsm/go-landlock", "golang.org/x/text", "std"} {
		if !listed[module] {
			t.Errorf("the bill does not list %s", module)
		}
	}
}

// checkLinks looks for the files that README.md in the package leads to.
func checkLinks(t *testing.T, deb string) {
	t.Helper()
	list, err := exec.Command("dpkg-deb", "--contents", deb).Output()
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(readFile(t, filepath.Join(root, "README.md")), -1)
	if len(links) < 10 {
		t.Errorf("README.md has only %d links", len(links))
	}
	for _, link := range append(links, []string{"", "licences.gz"}, []string{"", "sbom.cdx.json"}, []string{"", "copyright"}) {
		if !strings.Contains(string(list), " ./usr/share/doc/postern/"+link[1]) {
			t.Errorf("%s is not in the package", link[1])
		}
	}
}

// checkPages unpacks the package and follows the links of all its pages, and looks
// at what Debian wants of a package beside its files.
func checkPages(t *testing.T, deb string) {
	t.Helper()
	dir := t.TempDir()
	if said, err := exec.Command("dpkg-deb", "--extract", deb, dir).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, said)
	}
	doc, links := filepath.Join(dir, "usr/share/doc/postern"), 0
	err := filepath.WalkDir(doc, func(page string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(page) != ".md" {
			return err
		}
		for _, link := range regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(readFile(t, page), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s leads to %s, which is not there", strings.TrimPrefix(page, doc), link[1])
			}
		}
		return nil
	})
	if err != nil || links < 40 {
		t.Errorf("%d links, %v", links, err)
	}
	changelog, err := exec.Command("gzip", "-dc", filepath.Join(doc, "changelog.gz")).Output()
	want := "postern (1.2.3) unstable; urgency=medium\n\n  * What is new, and what asks something of you: CHANGELOG.md in this folder.\n\n" +
		" -- The postern authors <postern@users.noreply.github.com>  Tue, 14 Nov 2023 22:13:20 +0000\n"
	if err != nil || string(changelog) != want {
		t.Errorf("changelog.gz is %q, %v", changelog, err)
	}
}

const (
	cardMail  = "From: ann@example.org\nTo: bob@example.net\nSubject: card\n\nmy card number is 4111 1111 1111 1111\n"
	plainMail = "From: ann@example.org\nTo: bob@example.net\nSubject: hello\n\nnothing of interest\n"
)

// liveOnAMachine installs, wires, upgrades, removes and purges the package under
// a systemd of its own, and looks at what is left.
func liveOnAMachine(t *testing.T, deb string) {
	t.Helper()
	machine := exec.Command("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", "true")
	if said, err := machine.CombinedOutput(); err != nil {
		// Most containers: there the bytes of the package are all that is tested.
		t.Logf("this machine lends no namespaces, so the package was not installed: %v %s", err, said)
		return
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"postern.deb": readFile(t, deb),
		"scenario":    readFile(t, "testdata/scenario.sh"),
		"wiring":      readmeWiring(t),
		"card.eml":    cardMail,
		"plain.eml":   plainMail,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	machine = exec.Command("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child",
		"bash", "testdata/machine.sh", dir)
	console, err := machine.CombinedOutput()
	if err != nil {
		t.Fatalf("the machine does not run: %v\n%s", err, console)
	}
	report := readFile(t, filepath.Join(dir, "report"))
	for line := range strings.Lines(report) {
		if !strings.HasPrefix(line, "ok ") && line != "done\n" {
			t.Error(strings.TrimSpace(line))
		}
	}
	if !strings.HasSuffix(report, "\ndone\n") || strings.Count(report, "ok ") < 40 {
		t.Errorf("the scenario did not come to its end:\n%s", report)
	}
	checkLeavings(t, filepath.Join(dir, "changes"))
	if t.Failed() {
		t.Logf("console:\n%s", console)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readmeWiring is what README.md has the reader put into main.cf and master.cf.
func readmeWiring(t *testing.T) string {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, filepath.Join(root, "README.md")), "    # /etc/postfix/main.cf\n")
	text, _, _ = strings.Cut(text, "\n\nWhen")
	if !found {
		t.Fatal("README.md does not say what goes to main.cf")
	}
	text = strings.ReplaceAll("\n"+text, "\n    ", "\n")
	if !strings.Contains(text, "\n# /etc/postfix/master.cf") {
		t.Fatal("README.md does not say what goes to master.cf")
	}
	return text + "\n"
}

// checkLeavings looks for the package among the files that the machine changed.
func checkLeavings(t *testing.T, changes string) {
	t.Helper()
	err := filepath.WalkDir(changes, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(changes, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		whiteout := info.Mode()&fs.ModeCharDevice != 0 && stat.Rdev == 0
		if strings.Contains(filepath.Base(name), "postern") && !whiteout && name != "var/log/postern-test.maillog" {
			t.Errorf("%s is left", name)
		}
		for _, accounts := range []string{"passwd", "group", "shadow", "gshadow"} {
			if name == "etc/"+accounts && strings.Contains(readFile(t, path), "postern") {
				t.Errorf("the account is left in %s", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
