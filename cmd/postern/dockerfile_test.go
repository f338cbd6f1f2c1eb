package main

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
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

	for _, from := range regexp.MustCompile(`(?m)^COPY --from=build (?:--chown=\S+ )?/out/(\S+) `).FindAllStringSubmatch(string(text), -1) {
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
	for _, want := range []string{`"bomFormat": "CycloneDX"`, `"v0.0.0-docker"`, "github.com/emersion/go-milter"} {
		if bill, err := os.ReadFile(filepath.Join(out, "sbom.cdx.json")); err != nil || !strings.Contains(string(bill), want) {
			t.Errorf("the bill of materials does not have %s: %v", want, err)
		}
	}
	runInImage(t, out)
}

// runInImage starts what the last stage holds as a container would: as nobody,
// with nothing else around it, if this is root's to do; and has it ask for its
// own health.
func runInImage(t *testing.T, image string) {
	t.Helper()
	as, binary := &syscall.SysProcAttr{}, filepath.Join(image, "postern")
	if os.Geteuid() == 0 {
		as.Chroot, as.Credential = image, &syscall.Credential{Uid: 65532, Gid: 65532, NoSetGroups: true}
		binary = "/postern"
		for dir := image; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := "[milter]\nlisten = \"inet:127.0.0.1:0\"\n[http]\nlisten = \"127.0.0.1:0\"\n"
	if err := os.WriteFile(filepath.Join(image, "postern.toml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	serve := &exec.Cmd{Path: binary, Args: []string{binary, "serve", "--config", "postern.toml"}, Env: []string{}, Dir: "/", Stderr: said, SysProcAttr: as}
	if as.Chroot == "" {
		serve.Dir = image
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{Cmd: serve, dir: image, stderr: said}
	defer func() {
		_ = serve.Process.Kill()
		_ = serve.Wait()
	}()
	address := r.await(t, `listening milter=\S+ http=(\S+)`)[1]
	ready := &exec.Cmd{Path: binary, Args: []string{binary, "ready", "--http", address}, Env: []string{}, Dir: serve.Dir, SysProcAttr: as}
	for range 500 {
		out, err := ready.CombinedOutput()
		if err == nil {
			return
		}
		if ready.ProcessState != nil && ready.ProcessState.ExitCode() == exitError && !strings.Contains(string(out), "refused") {
			t.Fatalf("HEALTHCHECK: %v\n%s", err, out)
		}
		time.Sleep(20 * time.Millisecond)
		ready = &exec.Cmd{Path: binary, Args: ready.Args, Env: ready.Env, Dir: ready.Dir, SysProcAttr: as}
	}
	t.Errorf("it is never ready:\n%s", r.log(t))
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
		bytes, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), bytes, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}
