package detect

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func custom(t testing.TB, c Custom) *Set {
	t.Helper()
	if c.ID == "" {
		c.ID, c.Title = "staff-number", "staff number"
	}
	if c.Levels == (Levels{}) {
		c.Levels = Levels{Label: High, Window: Medium, Alone: Low}
	}
	d, err := c.Detector()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile([]*Detector{d}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// told renders matches: value, level, place.
func told(all []Match) string {
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintf(&b, "%s %s %d-%d; ", m.Value, m.Confidence, m.Start, m.End)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestExpressionsFindValuesThatStandByThemselves(t *testing.T) {
	staff := Custom{Pattern: `[A-Z]{2}-?\d{6}`, Keywords: []string{"staff {no.|number}", "EMP"}, Negative: []string{"model"}, Window: 50}
	far := strings.Repeat("x ", 40)
	for _, c := range []struct {
		name string
		of   Custom
		text string
		want string
	}{
		{"alone", staff, "see AB-123456.", "AB123456 low 4-13"},
		{"with its label", staff, "staff number: AB-123456", "AB123456 high 14-23"},
		{"with a keyword behind it", staff, "AB123456 is a staff no", "AB123456 medium 0-8"},
		{"with a keyword out of the window", staff, "AB123456 " + far + "staff no", "AB123456 low 0-8"},
		{"a keyword in capitals matches in capitals only", staff, "emp AB123456", "AB123456 low 4-12"},
		{"a keyword in capitals", staff, "EMP AB123456", "AB123456 high 4-12"},
		{"under a negative word of its own", staff, "staff number, model AB123456", ""},
		{"under a negative word of all", staff, "order AB123456", ""},
		{"a part of a longer word", staff, "XAB123456 AB1234567 AB-123456-7", ""},
		{"behind a part of a longer word", staff, "AB1234567 AB-123456", "AB123456 low 10-19"},
		{"folded", staff, "ＡＢ‐１２３\u00ad４５６", "AB123456 low 0-29"},
		{"in a URL", staff, "https://www.example.com/x/AB123456", ""},
		{"in a column", staff, "name,staff number\nJo,AB123456\nAl,CD123456\n", "AB123456 high 21-29; CD123456 high 33-41"},
		{"over two lines", Custom{Pattern: `AB\s*\d{6}`}, "AB\n123456", ""},
		{"two on a line", staff, "AB123456 CD-123456", "AB123456 low 0-8; CD123456 low 9-18"},
		{"any case", Custom{Pattern: `(?i)kx\d{3}`}, "kX123 \u212aX123", "KX123 low 0-5; KX123 low 6-13"},
		{"a check on the whole value", Custom{Pattern: `\d{4}-\d{4}-\d{3}`, Check: "luhn"}, "7992-7398-713 7992-7398-714", "79927398713 low 0-13"},
		{"a check on a part of it", Custom{Pattern: `ID(?P<check>\d{11})X`, Check: "luhn"}, "ID79927398713X ID79927398714X", "ID79927398713X low 0-14"},
		{"mod 11 with its ten", Custom{Pattern: `\d-\d{4}-\d{4}-[\dX]`, Check: "mod11"}, "0-8044-2957-X 0-8044-2957-1", "080442957X low 0-13"},
		{"mod 97", Custom{Pattern: `\d{5}`, Check: "mod97"}, "79444 79445", "79444 low 0-5"},
		{"a date", Custom{Pattern: `\d\d/\d\d/\d{4}`, Check: "date"}, "31/12/1999 31/13/1999", "31121999 low 0-10"},
		{"a value that is too long", Custom{Pattern: `a[b ]+c`}, "a" + strings.Repeat("b", MaxPattern) + "c abc", "ABC low 259-262"},
		{"behind many things that nearly are one", staff, strings.Repeat("AB-12345 XCD123456 ", 20) + "EF-123456", "EF123456 low 380-389"},
		{"alternatives of different lengths", Custom{Pattern: `(ab|cde|f)-?\d`}, "ab1 cde-2 f3 g4", "AB1 low 0-3; CDE2 low 4-9; F3 low 10-12"},
		{"far along a line", Custom{Pattern: `Q\d{3}`}, strings.Repeat("żó ", 3000) + "Q123", "Q123 low 15000-15004"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := custom(t, c.of)
			if got := told(scan(set, c.text, nil)); got != c.want {
				t.Errorf("%.60q: found %q, want %q", c.text, got, c.want)
			}
			if got := told(scan(set, c.text, everyByte(len(c.text)))); got != c.want {
				t.Errorf("%.60q by single bytes: found %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestWordsAreValues(t *testing.T) {
	projects := Custom{
		ID: "project", Title: "secret project", Words: []string{"Project Falcon", "{op|operation} grey goose", "NIGHTJAR"},
		Keywords: []string{"restricted"}, Negative: []string{"film"}, Mask: "none", Levels: Levels{Label: High, Window: High, Alone: Medium},
	}
	set := custom(t, projects)
	far := strings.Repeat("and so on and so on ", 200)
	for text, want := range map[string]string{
		"about project falcon":                      "PROJECTFALCON medium 6-20",
		"about project\n falcon, restricted":        "PROJECTFALCON high 6-21",
		"project falcons, projectfalconx":           "",
		"the film: Project Falcon":                  "",
		"Op Grey\u00a0Goose; Nightjar":              "OPGREYGOOSE medium 0-14; NIGHTJAR medium 16-24",
		"nightjar 1234 " + far + "nightjar 22":      "NIGHTJAR medium 0-8; NIGHTJAR medium 4014-4022",
		"see https://www.example.com/nightjar here": "",
	} {
		for how, cuts := range map[string][]int{"whole": nil, "by bytes": everyByte(len(text))} {
			if got := told(scan(set, text, cuts)); got != want {
				t.Errorf("%.40q %s: found %q, want %q", text, how, got, want)
			}
		}
	}
}

func TestOwnDetectorsChangeNothingOfTheOthers(t *testing.T) {
	own := []Custom{
		{ID: "a", Title: "a", Pattern: `[a-z]{3}`, Levels: Levels{Label: Low}, Keywords: []string{"zebra"}},
		{ID: "b", Title: "b", Words: []string{"the", "number"}, Levels: Levels{Label: Low}, Keywords: []string{"zebra"}},
	}
	detectors := Builtin()
	for _, c := range own {
		d, err := c.Detector()
		if err != nil {
			t.Fatal(err)
		}
		detectors = append(detectors, d)
	}
	with, err := Compile(detectors, Options{})
	if err != nil {
		t.Fatal(err)
	}
	plain := builtin(t, Options{})
	for _, d := range Builtin() {
		for _, v := range readVectors(t, d.ID) {
			if got, want := told(scan(with, v.text, nil)), told(scan(plain, v.text, nil)); got != want {
				t.Errorf("%s: %q with others beside, %q without", v.id, got, want)
			}
		}
	}
}

func TestExpressionsThatCannotBeUsed(t *testing.T) {
	for pattern, want := range map[string]string{
		`\d{3`: "", `(`: "missing closing", `^\d+`: "^ looks outside", `\d+$`: "$ looks outside", `\bx\b`: `\b looks outside`,
		"AB\u2013\\d": "write \"-\"", `x*`: "matches nothing", `(a|)`: "matches nothing", `(?=x)y`: "invalid or unsupported", `a\1`: "invalid escape",
	} {
		_, err := (&Custom{ID: "x", Pattern: pattern}).Detector()
		if want == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", pattern, err, want)
		}
	}
	for _, c := range []Custom{
		{Pattern: "x", Check: "mod10"},
		{Pattern: "x", Mask: "first4"},
		{Pattern: "x", Window: 301},
		{Pattern: "x", Window: -1},
		{Pattern: "x", Keywords: []string{"{a"}},
		{Pattern: "x", Keywords: []string{"a}"}},
		{Pattern: "x", Keywords: []string{"{a|{b|c}}"}},
		{Pattern: "x", Negative: []string{"a|b"}},
		{Pattern: "x", Keywords: []string{strings.Repeat("{a|b}", 9)}},
		{Pattern: "x", Keywords: []string{"a.b.c.d.e.f"}},
	} {
		if _, err := c.Detector(); err == nil {
			t.Errorf("%+v makes a detector", c)
		}
	}
}

func TestMasksOfOwnDetectorsShowAtMostHalf(t *testing.T) {
	for _, c := range []struct{ mask, value, want string }{
		{"", "AB123456", "********"},
		{"all", "AB", "**"},
		{"last4", "AB123456", "****3456"},
		{"last4", "1234", "**34"},
		{"last2", "ŻÓŁW", "**ŁW"},
		{"last3", "1", "*"},
		{"none", "FALCON", "FALCON"},
	} {
		d, err := (&Custom{ID: "x", Pattern: "x", Mask: c.mask}).Detector()
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Mask(c.value); got != c.want {
			t.Errorf("%s of %q: got %q, want %q", c.mask, c.value, got, c.want)
		}
	}
}

func TestTunedDetectorsHearMoreWords(t *testing.T) {
	plain := detectorOf(t, "us-ssn")
	tuned, err := Tuned(plain, []string{"sozialnummer"}, []string{"widget"})
	if err != nil {
		t.Fatal(err)
	}
	if len(plain.keywords) == len(tuned.keywords) {
		t.Error("the shipped detector was changed too")
	}
	set, err := Compile([]*Detector{tuned}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Sozialnummer: 536904399": "536-90-4399 medium 14-23",
		"SSN 536904399":           "536-90-4399 medium 4-13",
		"widget 536-90-4399":      "536-90-4399 low 7-18",
	} {
		if got := told(scan(set, text, nil)); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// The machine's other work does not count: the CPU time of the process does.
func TestTheCostGrowsWithTheTextAlone(t *testing.T) {
	set := custom(t, Custom{Pattern: `(a+)+b|a( ?a)*c`})
	cost := func(n int) int64 {
		text := []byte(strings.Repeat("a a", n/3))
		best := int64(math.MaxInt64)
		for range 5 {
			s := set.NewStream(func(Match) {})
			before := cpuTime(t)
			s.Write(text)
			s.Close()
			best = min(best, cpuTime(t)-before)
		}
		return best
	}
	small, large := cost(60<<10), cost(480<<10)
	if large > 24*small {
		t.Errorf("60 KiB take %d µs, eight times as much %d µs", small, large)
	}
}

// cpuTime is the CPU time of the process in µs.
func cpuTime(t *testing.T) int64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return usage.Utime.Nano()/1000 + usage.Stime.Nano()/1000
}

func FuzzExpressionsFindTheSameForAnyCut(f *testing.F) {
	set := custom(f, Custom{Pattern: `[A-Z]{1,3}[ -]?\d{2,6}|x.y`, Keywords: []string{"id"}})
	f.Add("AB-1234 id: C 12\nx\u00ady", 3)
	f.Add(strings.Repeat("A1 ", 900), 700)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		want := told(scan(set, text, nil))
		cut = max(0, min(cut, len(text)))
		if got := told(scan(set, text, []int{cut})); got != want {
			t.Errorf("cut at %d: %q, whole %q", cut, got, want)
		}
		if got := told(scan(set, text, everyByte(len(text)))); got != want {
			t.Errorf("by bytes: %q, whole %q", got, want)
		}
	})
}

func BenchmarkOwnDetectors(b *testing.B) {
	prose := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog, and nobody minds. ", 1<<14))
	logs := []byte(strings.Repeat("2026-03-12T10:22:33Z host[1234]: id=AB-12345 took 12.5 ms, 200 OK\n", 1<<14))
	for name, of := range map[string][]Custom{
		"none":               {},
		"one rare":           {{ID: "a", Pattern: `[A-Z]{2}-\d{6}`}},
		"ten rare":           ten(`[A-Z]{2}-\d{6}`),
		"one without a clue": {{ID: "a", Pattern: `.\w\w.{3}zz`}},
	} {
		detectors := Builtin()
		for _, c := range of {
			c.Levels = Levels{Alone: Low}
			d, err := c.Detector()
			if err != nil {
				b.Fatal(err)
			}
			detectors = append(detectors, d)
		}
		set, err := Compile(detectors, Options{})
		if err != nil {
			b.Fatal(err)
		}
		for kind, text := range map[string][]byte{"prose": prose, "logs": logs} {
			b.Run(name+", "+kind, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				s := set.NewStream(func(Match) {})
				for range b.N {
					s.Write(text)
					s.Close()
					s.Reset(func(Match) {})
				}
			})
		}
	}
}

func ten(pattern string) []Custom {
	var all []Custom
	for i := range 10 {
		all = append(all, Custom{ID: fmt.Sprint("d", i), Pattern: pattern})
	}
	return all
}

func TestTheClueOfAnExpressionNeverHidesAMatch(t *testing.T) {
	for pattern, texts := range map[string][]string{
		`(?i)sk\d`:       {"sk1", "\u017fK2", "S\u212a3"},
		`[A-C]x|\d{2,}`:  {"Ax", "12", "99x"},
		`(foo)?ba+r`:     {"foobar", "baaar"},
		`\p{L}{2}\d`:     {"żó1", "ab1"},
		`(a|b){2,3}c?-?`: {"ab", "bbb-"},
	} {
		p, err := compilePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if regexp.MustCompile(pattern).MatchString(text) && !p.possible([]byte(text)) {
				t.Errorf("%q is kept from %q", text, pattern)
			}
		}
	}
}

// FuzzEveryPlaceWhereAnExpressionMatchesIsLookedAt compares the search for
// beginnings with the expression itself.
func FuzzEveryPlaceWhereAnExpressionMatchesIsLookedAt(f *testing.F) {
	for _, pattern := range []string{`[A-Z]{2}-?\d{6}`, `(?i)sk(oo|y)+l?`, `(ab|cde|f)-?\d`, `(a?b){2}c|\x{fc}x`, `[^a]b.`, `(?s).x`, `\p{Lu}1`} {
		f.Add(pattern, "AB-123456 SKool cde-2 bbc \u00fcx zbq Ż1")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := compilePattern(pattern)
		if err != nil || len(pattern) > 100 {
			return
		}
		scouts := newScouts([][]*[256]bool{anyLead, p.lead})
		seen := map[int]bool{}
		for _, s := range scouts {
			s.find([]byte(text), func(of, at int) {
				if of == 1 {
					seen[at] = true
				}
			})
		}
		for from := 0; from < len(text); {
			m := p.expr.FindStringIndex(text[from:])
			if m == nil {
				return
			}
			if !seen[from+m[0]] || !p.possible([]byte(text)) {
				t.Fatalf("%q matches %q at %d, and is not tried there", pattern, text, from+m[0])
			}
			from += max(m[1], 1)
		}
	})
}

// anyLead stands before an expression in its scout, so that places of both are
// kept apart.
var anyLead = []*[256]bool{anyByte, anyByte, anyByte}

func BenchmarkLexiconOfManyTerms(b *testing.B) {
	prose := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog, and nobody minds. ", 1<<14))
	for _, n := range []int{0, 10, 100, 1000, 5000} {
		detectors := Builtin()
		if n > 0 {
			l := Lexicon{ID: "many", Low: 1, Medium: 2, High: 3}
			for i := range n {
				term, err := NewTerm(fmt.Sprintf("%c%c%c%c term %d", 'a'+i%26, 'a'+i/26%26, 'e'+i%7, 'a'+i%11, i), 1)
				if err != nil {
					b.Fatal(err)
				}
				l.Terms = append(l.Terms, term)
			}
			detectors = append(detectors, l.Detector())
		}
		set, err := Compile(detectors, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(prose)))
			s := set.NewStream(func(Match) {})
			for range b.N {
				s.Write(prose)
				s.Close()
				s.Reset(func(Match) {})
			}
		})
	}
}
