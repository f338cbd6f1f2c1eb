package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// vector is one row of testdata/<detector>.tsv: a text, the values that must be
// found in it, their levels, and where.
type vector struct {
	id, text string
	cuts     []int // where the text is cut between two writes
	values   []string
	levels   []string
	spans    []string
}

// found renders matches the way vectors state them.
type found struct{ value, level, span string }

func readVectors(t *testing.T, detector string) []vector {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", detector+".tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for line := range strings.SplitSeq(strings.TrimRight(string(b), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 5 {
			t.Fatalf("%s: %d fields in %q, want 5", detector, len(fields), line)
		}
		v := vector{id: fields[0]}
		v.text, v.cuts = unescape(t, fields[1])
		if fields[2] != "" {
			v.values = strings.Split(fields[2], ";")
			v.levels = strings.Split(fields[3], ";")
			for len(v.levels) < len(v.values) {
				v.levels = append(v.levels, v.levels[0])
			}
		}
		if m := regexp.MustCompile(`\[span=([\d,-]*)\]`).FindStringSubmatch(fields[4]); m != nil {
			v.spans = strings.Split(m[1], ",")
		}
		if len(v.spans) != len(v.values) {
			t.Fatalf("%s: %d spans for %d values", v.id, len(v.spans), len(v.values))
		}
		vectors = append(vectors, v)
	}
	return vectors
}

var escapes = regexp.MustCompile(`\\(n|r|t|\\|\||u\{[0-9A-Fa-f]+\}|x\{[0-9A-Fa-f]{2}\}|\*\{\d+:.*?\})`)

// unescape resolves the escapes of a vector's text: \n \r \t \\, \u{HEX} a code
// point, \x{HH} a byte, \*{N:text} a repetition, \| a cut.
func unescape(t *testing.T, s string) (string, []int) {
	t.Helper()
	var b strings.Builder
	var cuts []int
	for len(s) > 0 {
		m := escapes.FindStringIndex(s)
		if m == nil {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:m[0]])
		switch e := s[m[0]+1 : m[1]]; e[0] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case '\\':
			b.WriteByte('\\')
		case '|':
			cuts = append(cuts, b.Len())
		case 'u', 'x':
			n, err := strconv.ParseInt(e[2:len(e)-1], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			if e[0] == 'u' {
				b.WriteRune(rune(n))
			} else {
				b.WriteByte(byte(n))
			}
		case '*':
			count, of, _ := strings.Cut(e[2:], ":")
			end := m[1]
			if strings.Contains(of, `\u{`) { // the brace that ended the match was the inner one
				of, end = of+"}", end+1
			}
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			inner, _ := unescape(t, strings.TrimSuffix(of, "}"))
			b.WriteString(strings.Repeat(inner, n))
			s = s[end:]
			continue
		}
		s = s[m[1]:]
	}
	return b.String(), cuts
}

func builtin(t testing.TB, opt Options) *Set {
	t.Helper()
	set, err := Compile(Builtin(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// scan writes a text in pieces that end at the cuts and returns the matches.
func scan(set *Set, text string, cuts []int) []Match {
	var matches []Match
	s := set.NewStream(func(m Match) { matches = append(matches, m) })
	from := 0
	for _, cut := range append(cuts, len(text)) {
		s.Write([]byte(text[from:cut]))
		from = cut
	}
	s.Close()
	return matches
}

func everyByte(n int) []int {
	var cuts []int
	for i := 1; i < n; i++ {
		cuts = append(cuts, i)
	}
	return cuts
}

func TestVectorsHoldForAnyCut(t *testing.T) {
	set := builtin(t, Options{})
	for _, d := range set.Detectors {
		for _, v := range readVectors(t, d.ID) {
			var want []found
			for i := range v.values {
				want = append(want, found{v.values[i], v.levels[i], v.spans[i]})
			}
			for how, cuts := range map[string][]int{"whole": nil, "cut as marked": v.cuts, "cut after every byte": everyByte(len(v.text))} {
				t.Run(v.id+" "+how, func(t *testing.T) {
					var got []found
					for _, m := range scan(set, v.text, cuts) {
						if set.Detectors[m.Detector] == d {
							got = append(got, found{m.Value, m.Confidence.String(), fmt.Sprintf("%d-%d", m.Start, m.End)})
						}
					}
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%q: found %v, want %v", v.text, got, want)
					}
				})
			}
		}
	}
}
