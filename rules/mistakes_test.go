package rules

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMistakesAreToldAllAtOnceWithLineAndFix(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			opt := Options{Enforce: true}
			if !strings.Contains(file, "undeclared") {
				opt.Routes = testRoutes
			}
			_, err := ReadPolicy(file, testDetectors, opt)
			if err == nil {
				t.Fatal("it was taken")
			}
			compareGolden(t, strings.TrimSuffix(file, ".toml")+".golden", err.Error()+"\n")
		})
	}
}

func compareGolden(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		write(t, golden, got)
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%swanted\n%s", got, want)
	}
}

func TestUnknownPolicyIsToldWithTheNearestPack(t *testing.T) {
	_, err := ReadPolicy("exampel", testDetectors, Options{})
	want := `policy "exampel": no shipped pack has that name, and the file cannot be read: no such file or directory (did you mean "example"?)`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestWarnings(t *testing.T) {
	opt := enforcing()
	opt.Time = noon
	p := policyOf(t, `
[lists.unused]
entries = []
[lists.friends]
entries = [ { entry = "old.example", expires = 2027-01-31 }, { entry = "new.example", expires = 2027-12-31 } ]
[partners."p.example"]
method = "tls"
expires = 2026-01-01
[rules.r]
to = "@friends"
record = true
[exemptions.e]
to = "a.example"
lifts = ["r"]
expires = 2027-03-14
`, opt)
	got := (&Mistakes{List: p.Warnings()}).Error()
	want := `policy "p.toml" line 2: list "unused" is used by no rule
policy "p.toml" line 5: list "friends": entry "old.example" expired on 2027-01-31 (renew or delete it)
policy "p.toml" line 6: partner "p.example" expired on 2026-01-01 (renew or delete it)
policy "p.toml" line 9: rule "r": the clause that it enforces is missing (add clause = "…")
policy "p.toml" line 15: exemption "e" expired on 2027-03-14 (renew or delete it)`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if p := policyOf(t, "[rules.r]\nclause = \"1\"\nroute = \"tls\"\n", Options{Time: time.Time{}}); len(p.Warnings()) != 1 {
		t.Errorf("an undeclared route in observe mode: got %v", p.Warnings())
	}
}

func TestListsReplaceOrExtendThoseOfAPack(t *testing.T) {
	for _, c := range []struct {
		name, list string
		a, b       Route
	}{
		{"replaced by entries", "entries = [\"b.example\"]", Direct, TLSForced},
		{"read from a file", "file = \"partners.txt\"", TLSForced, Direct},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policyOf(t, "[policy]\nuse = \"example\"\n[lists.partners]\n"+c.list+"\n", enforcing(),
				"partners.txt", "# ours\n\na.example\texpires=2027-12-31\tref=DSA 7 # renewed\nb.example\texpires=2020-01-01\n")
			for to, want := range map[string]Route{"x@a.example": c.a, "x@b.example": c.b} {
				if d := p.Decide(envelope("s@in.example", to), report(find{id: "uk-nino"})); d.Recipients[0].Route != want {
					t.Errorf("%s: got %v, wanted %v", to, d.Recipients[0].Route, want)
				}
			}
		})
	}
}

func TestTheChecksumCoversListFiles(t *testing.T) {
	sum := func(list string) string {
		return policyOf(t, "[lists.l]\nfile = \"l.txt\"\n[rules.r]\nto = \"@l\"\nrecord = true\n", Options{}, "l.txt", list).Checksum()
	}
	if a, b, c := sum("a.example\n"), sum("a.example\n"), sum("b.example\n"); a != b || a == c || len(a) != 16 {
		t.Errorf("got %s %s %s", a, b, c)
	}
}

func TestARuleCanBeWrittenInTwoWays(t *testing.T) {
	a := policyOf(t, "[[rules]]\nid = \"r\"\nhold = true\n[[rules]]\nid = \"unread-held\"\noff = true\n", Options{})
	b := policyOf(t, "[rules.r]\nhold = true\n[rules.unread-held]\noff = true\n", Options{})
	for _, p := range []*Policy{a, b} {
		if got := strings.Join(p.RuleIDs(), " "); got != "postern-marker-recipient postern-send-separately postern-two-gateways r" {
			t.Errorf("got %s", got)
		}
	}
}

func TestRulesThatChangeAFieldOtherwiseAreToldOf(t *testing.T) {
	p := policyOf(t, "[rules.a]\nclause = \"1\"\nchange_header = { Importance = \"low\" }\n[rules.b]\nclause = \"1\"\nchange_header = { importance = \"high\" }\n", Options{})
	want := `policy "p.toml" line 6: rule "b" changes header field importance otherwise than rule "a"`
	if w := p.Warnings(); len(w) != 1 || w[0].String() != want {
		t.Errorf("got %v", w)
	}
}

// FuzzReadPolicy: no text makes the compiler fail in any way but by mistakes,
// and what it takes can be decided by.
func FuzzReadPolicy(f *testing.F) {
	example, _ := Pack("example")
	f.Add(string(example))
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	env := envelope("a@in.example", "b@out.example", "c@in.example")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") { // fuzzing reads no files
			return
		}
		p, err := ReadPolicyText("p", []byte(text), ".", testDetectors, enforcing())
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v, %v", p, err)
		}
		if p != nil {
			p.Explain(env, report(find{id: "us-ssn"}))
		}
	})
}
