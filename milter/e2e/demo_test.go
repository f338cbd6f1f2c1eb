//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The demo fails by itself if a mail does not fare as it should. Two of them run
// at once.
func TestTheDemo(t *testing.T) {
	demo := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command("go", "build", "-o", demo, "../../contrib/demo").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command(demo, "-postern", filepath.Join(os.Getenv(built), "postern")).CombinedOutput()
			if err != nil {
				t.Errorf("%v:\n%s", err, out)
			}
			for _, want := range []string{"THE SENDER SAW", "postern_messages_total{", "queue_id"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("the demo does not show %q:\n%s", want, out)
				}
			}
			if strings.Contains(string(out), "\x1b") {
				t.Error("the demo colours what goes to no terminal")
			}
		})
	}
}
