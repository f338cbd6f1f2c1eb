package main

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheDockerfileBuildsTheBinary runs the RUN lines of the Dockerfile in a
// copy of the tree, since no container engine is at hand where tests run.
func TestTheDockerfileBuildsTheBinary(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	src, out := filepath.Join(t.TempDir(), "src"), filepath.Join(t.TempDir(), "out")
	copyTree(t, "../..", src)
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}

	runs := regexp.MustCompile(`(?m)^RUN (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(runs) == 0 {
		t.Fatal("no RUN line in the Dockerfile")
	}
	for _, run := range runs {
		command := exec.Command("sh", "-c", strings.ReplaceAll(run[1], "/out/", out+"/"))
		command.Dir = src
		command.Env = append(os.Environ(), "VERSION=v0.0.0-docker", "COMMIT=c0ffee")
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("RUN %s: %v\n%s", run[1], err, said)
		}
	}

	for _, from := range regexp.MustCompile(`(?m)^COPY --from=build /out/(\S+) `).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join(out, from[1])); err != nil {
			t.Errorf("the last stage copies what the first did not make: %v", err)
		}
	}
	binary := filepath.Join(out, "postern")
	requireStatic(t, binary)
	said, err := exec.Command(binary, "version").Output()
	if err != nil {
		t.Fatalf("version: %v", err)
	}
	for _, want := range []string{"v0.0.0-docker", "c0ffee"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("version says %q, without the %s that it was built as", said, want)
		}
	}
	if said, err := exec.Command(binary, "ready", "--help").CombinedOutput(); err != nil {
		t.Errorf("HEALTHCHECK asks for a verb that is not there: %v\n%s", err, said)
	}
}

// requireStatic fails the test if a binary asks for a dynamic loader: the last
// stage has none.
func requireStatic(t *testing.T, path string) {
	t.Helper()
	binary, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Errorf("%s is linked dynamically", path)
		}
	}
}

// copyTree copies what .dockerignore leaves in.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case name == ".git" || name == "bin":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		bytes, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), bytes, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
