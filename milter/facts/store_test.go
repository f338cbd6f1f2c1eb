package facts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, dir string, change ...func(*Options)) (*Store, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2027, 3, 15, 12, 0, 0, 0, time.UTC)}
	o := Options{Dir: dir, now: c.Now, every: time.Millisecond}
	for _, f := range change {
		f(&o)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, c
}

func TestAFirstContactIsOneOnce(t *testing.T) {
	s, c := open(t, t.TempDir())
	first := func(from, to string) bool { return s.First(from, []string{to})[to] }
	if !first("ann", "pat@p.example") {
		t.Error("nobody has written to anybody")
	}
	s.Note("ann", []string{"pat@p.example"}, []string{"p.example"}, nil)
	for _, pair := range []struct {
		from, to string
		want     bool
	}{
		{"ann", "pat@p.example", false},
		{"ANN", "Pat@p.example", false},
		{"ann", "sam@p.example", true},
		{"bob", "pat@p.example", true},
		{"pat@p.example", "ann", true},
	} {
		if got := first(pair.from, pair.to); got != pair.want {
			t.Errorf("%s to %s: got %v", pair.from, pair.to, got)
		}
	}
	c.pass(300 * day)
	s.Note("ann", []string{"pat@p.example"}, nil, nil)
	c.pass(300 * day)
	if first("ann", "pat@p.example") {
		t.Error("a contact was forgotten within a year")
	}
	c.pass(70 * day)
	if !first("ann", "pat@p.example") {
		t.Error("a contact is known after more than a year")
	}
}

func TestVolumesAreThoseOfTheWindow(t *testing.T) {
	s, c := open(t, t.TempDir())
	count := func(from, domain string) int { return s.Volumes(from, []string{domain})[domain]["uk-nino"] }
	for range 10 {
		s.Note("ann", []string{"pat@p.example"}, []string{"p.example"}, map[string]int{"uk-nino": 5, "iban": 1})
		c.pass(time.Hour)
	}
	if got := count("ann", "p.example"); got != 50 {
		t.Errorf("got %d, want 50", got)
	}
	if got := count("bob", "p.example") + count("ann", "q.example"); got != 0 {
		t.Errorf("of others: got %d, want 0", got)
	}
	c.pass(17 * time.Hour)
	if got := count("ann", "p.example"); got < 30 || got > 40 {
		t.Errorf("after 27 hours: got %d, want some 35", got)
	}
	c.pass(10 * time.Hour)
	if v := s.Volumes("ann", []string{"p.example"}); len(v) != 1 || len(v["p.example"]) != 0 {
		t.Errorf("after the window: got %v", v)
	}
}

func TestFactsSurviveARestartAndHoldNoAddress(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir)
	s.Note("ann@agency.example", []string{"pat@p.example"}, []string{"p.example"}, map[string]int{"uk-nino": 3})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("the folder holds %v (%v)", entries, err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"ann", "agency", "pat@", "p.example"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %q", e.Name(), word)
			}
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v (%v)", e.Name(), info.Mode(), err)
		}
	}
	again, _ := open(t, dir)
	if again.First("ann@agency.example", []string{"pat@p.example"})["pat@p.example"] {
		t.Error("the contact is forgotten")
	}
	if got := again.Volumes("ann@agency.example", []string{"p.example"})["p.example"]["uk-nino"]; got != 3 {
		t.Errorf("the volume is %d, want 3", got)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	// With another window the old slots mean nothing.
	other, _ := open(t, dir, func(o *Options) { o.Window = time.Hour })
	if got := other.Volumes("ann@agency.example", []string{"p.example"})["p.example"]["uk-nino"]; got != 0 {
		t.Errorf("with another window the volume is %d", got)
	}
}

func TestADamagedFileIsBegunAnew(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": `{"version":1,"contacts":{"00`, "of another version": `{"version":2}`,
		"odd": `{"version":1,"window":86400000000000,"contacts":{"xyz":1,"":2,"000000000000000000000000ff":3},"volumes":{"000000000000000000000000":null,"000000000000000000000001":{"slots":[{"slot":1,"counts":{"a":-5}}]}}}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, factsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := open(t, dir)
		if len(s.contacts)+len(s.volumes) != 0 {
			t.Errorf("%s: it is believed", name)
		}
		s.Note("a", []string{"b@c"}, []string{"c"}, map[string]int{"d": 1})
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "want 32") {
		t.Errorf("a short key: %v", err)
	}
}

func TestTheStoreIsBoundedAndForgetsTheSilent(t *testing.T) {
	s, c := open(t, t.TempDir(), func(o *Options) { o.Pairs = 100 })
	for i := range 1000 {
		s.Note("ann", []string{fmt.Sprintf("%d@p.example", i)}, []string{fmt.Sprintf("%d.example", i)}, map[string]int{"iban": 1})
		c.pass(day)
		s.mu.Lock()
		contacts, volumes := len(s.contacts), len(s.volumes)
		s.mu.Unlock()
		if contacts > 100 || volumes > 100 {
			t.Fatalf("%d contacts, %d volumes", contacts, volumes)
		}
	}
	if s.First("ann", []string{"999@p.example"})["999@p.example"] {
		t.Error("the last contact is forgotten")
	}
}

func TestANilStoreKnowsNothing(t *testing.T) {
	var s *Store
	s.Note("a", []string{"b"}, nil, nil)
	if s.First("a", []string{"b"}) != nil || s.Volumes("a", []string{"b"}) != nil || s.Close() != nil {
		t.Error("it knows something")
	}
}

func TestManyAtOnce(t *testing.T) {
	s, _ := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				to := fmt.Sprintf("%d-%d@p.example", i, j)
				s.Note("ann", []string{to}, []string{"p.example"}, map[string]int{"iban": 1})
				if s.First("ann", []string{to})[to] {
					t.Errorf("%s is a first contact", to)
				}
			}
		})
	}
	all.Wait()
	if got := s.Volumes("ann", []string{"p.example"})["p.example"]["iban"]; got != 1600 {
		t.Errorf("got %d, want 1600", got)
	}
}
