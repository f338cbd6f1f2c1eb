package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFuzzTellsTheEndOfItsTimeFromAFinding plays what `go test -fuzz` may say.
func TestFuzzTellsTheEndOfItsTimeFromAFinding(t *testing.T) {
	const deadline = "--- FAIL: FuzzX (3.05s)\n    context deadline exceeded\nFAIL\nexit status 1\n"
	for name, tt := range map[string]struct {
		says   string
		input  bool // a new one is kept
		status string
		fails  bool
	}{
		"passed":                                   {"PASS\nok\n", false, "0", false},
		"the deadline":                             {deadline, false, "1", false},
		"a finding":                                {"--- FAIL: FuzzX (0.1s)\n    x_test.go:7: wrong\n    Failing input written to testdata/fuzz/FuzzX/0f\n", true, "1", true},
		"a finding of the deadline":                {deadline, true, "1", true},
		"a finding that waits beyond a deadline":   {"--- FAIL: FuzzX (3s)\n    x_test.go:9: Read: context deadline exceeded\n", false, "1", true},
		"a worker that died":                       {"--- FAIL: FuzzX (3s)\n    fuzzing process hung or terminated unexpectedly: exit status 2\n", false, "1", true},
		"a panic beside the deadline":              {"panic: index out of range\n" + deadline, false, "1", true},
		"a target that is not there":               {"testing: warning: no fuzz tests to fuzz\nexit status 1\n", false, "1", true},
		"a package that cannot be built":           {"x.go:1: syntax error\nFAIL [build failed]\n", false, "1", true},
		"a known input that fails, without a file": {"--- FAIL: FuzzX (0.1s)\n    failure while testing seed corpus entry: FuzzX/0a\n", false, "1", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			corpus := filepath.Join(dir, "testdata", "fuzz", "FuzzX")
			if err := os.MkdirAll(corpus, 0o755); err != nil {
				t.Fatal(err)
			}
			keep := ":"
			if tt.input {
				keep = "echo new > " + corpus + "/0f"
			}
			for file, text := range map[string]string{
				"said": tt.says,
				"go":   "#!/bin/sh\nif [ $1 = list ]; then echo " + dir + "; exit 0; fi\n" + keep + "\ncat " + dir + "/said\nexit " + tt.status + "\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			run := exec.Command("../.ci/fuzz.sh", "./x", "FuzzX", "2s")
			run.Env = append(os.Environ(), "GO="+filepath.Join(dir, "go"))
			out, err := run.CombinedOutput()
			if (err != nil) != tt.fails || !strings.Contains(string(out), tt.says) {
				t.Errorf("ends with %v, want an error: %t; it says\n%s", err, tt.fails, out)
			}
		})
	}
}
