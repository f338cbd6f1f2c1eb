// Package systemd holds units for running postern under systemd, and the test
// that systemd itself takes them.
package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const installedBinary = "/usr/bin/postern"

// unit is a copy of a unit in dir, with a program that exists on this machine
// in the place of the installed binary: verify looks for it.
func unit(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	text = []byte(strings.ReplaceAll(string(text), installedBinary, "/bin/true"))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSystemdTakesTheUnits(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"postern.service", "postern.socket"} {
		t.Run(name, func(t *testing.T) {
			path := unit(t, dir, name)
			unit(t, dir, "postern.service") // the socket needs its service
			out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
			if err != nil {
				t.Fatalf("systemd-analyze: %v\n%s", err, out)
			}
			// An unknown key is no error to systemd-analyze, only a line.
			if strings.Contains(string(out), dir) {
				t.Errorf("systemd-analyze complains:\n%s", out)
			}
		})
	}
}

func TestTheServiceIsWellConfined(t *testing.T) {
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager",
		"--threshold=15", unit(t, t.TempDir(), "postern.service")).CombinedOutput()
	if err != nil {
		t.Errorf("exposed to more than 1.5 of 10: %v\n%s", err, out)
	}
}

func TestSysusersMakesTheAccountOfTheService(t *testing.T) {
	file, err := filepath.Abs("postern.sysusers.conf")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-sysusers", "--root="+root, file).CombinedOutput(); err != nil {
		t.Fatalf("systemd-sysusers: %v\n%s", err, out)
	}
	accounts, err := os.ReadFile(filepath.Join(root, "etc", "passwd"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(accounts), "\npostern:") && !strings.HasPrefix(string(accounts), "postern:") {
		t.Errorf("no account postern in:\n%s", accounts)
	}
	service, err := os.ReadFile("postern.service")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(service), "\nUser=postern\n") {
		t.Error("postern.service runs as another user")
	}
}

func TestTmpfilesMakesTheFoldersThatTheDaemonWritesTo(t *testing.T) {
	root := t.TempDir()
	for folder, text := range map[string]string{"etc/passwd": "postern:x:990:990::/:/bin/false\n", "etc/group": "postern:x:990:\n"} {
		path := filepath.Join(root, folder)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := filepath.Abs("postern.tmpfiles.conf")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-tmpfiles", "--root="+root, "--create", file).CombinedOutput(); err != nil {
		t.Fatalf("systemd-tmpfiles: %v\n%s", err, out)
	}
	for folder, mode := range map[string]os.FileMode{"var/log/postern": 0o750, "var/lib/postern/notices": 0o700} {
		if info, err := os.Stat(filepath.Join(root, folder)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %04o", folder, info, err, mode)
		}
	}
}
