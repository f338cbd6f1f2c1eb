package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAShortSoakIsFlat(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "postern")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/postern").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var out bytes.Buffer
	s := soak{binary: binary, duration: 20 * time.Second, connections: 4}
	flat, err := s.run(t.Context(), &out)
	t.Log(out.String())
	if err != nil || !flat {
		t.Errorf("flat: %v, error %v", flat, err)
	}
	if strings.Contains(out.String(), " 0 cut off") || strings.Contains(out.String(), " 0 reloads") {
		t.Error("nothing was cut off, or the policy was never reloaded")
	}
}

func TestGrowthIsSeen(t *testing.T) {
	for i, w := range watched {
		samples := make([]sample, 100)
		for n := range samples {
			samples[n].at = time.Duration(n) * time.Second
			for j := range watched {
				samples[n].values[j] = 50 + float64(n%7)
			}
			samples[n].values[i] += float64(n)
		}
		var out bytes.Buffer
		if judge(samples, &out) || strings.Count(out.String(), "GROWS") != 1 || !strings.Contains(out.String(), w.name) {
			t.Errorf("%s grows by 75, and this is said:\n%s", w.name, &out)
		}
	}
}
