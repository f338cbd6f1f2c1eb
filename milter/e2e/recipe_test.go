//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What Postfix has to say about the recipes, as an admin appends them.
func TestPostfixHasNoComplaint(t *testing.T) {
	for name, opt := range map[string]options{
		"observe": {observe: true}, "enforce": {}, "enforce with routes per recipient": {perRecipient: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, opt)
			w.noPlaceholders()
			for _, command := range [][]string{{"postconf", "-n"}, {"postconf", "-M"}, {"postconf", "-P"}, {"postfix", "check"}} {
				out, err := w.postfix.Run(command[0], command[1:]...)
				if err != nil {
					t.Error(err)
				}
				if strings.Contains(out, "warning:") {
					t.Errorf("%s: %s", strings.Join(command, " "), out)
				}
			}
			for line := range strings.Lines(w.postfix.Log()) {
				// The lab gives the jail a resolver of its own.
				if strings.Contains(line, "warning:") && !strings.Contains(line, " differ\n") {
					t.Errorf("log: %s", line)
				}
			}
		})
	}
}

func (w *world) noPlaceholders() {
	w.Helper()
	placeholder := regexp.MustCompile(`@[A-Z_]+@`)
	files, _ := filepath.Glob(w.postfix.Config + "/*.cf")
	maps, _ := filepath.Glob(w.postfix.Config + "/postern/*")
	if len(maps) == 0 {
		w.Error("there are no maps")
	}
	for _, name := range append(files, maps...) {
		text, err := os.ReadFile(name)
		if err != nil {
			w.Fatal(err)
		}
		for _, left := range placeholder.FindAllString(string(text), -1) {
			w.Errorf("%s holds %s", name, left)
		}
	}
}
