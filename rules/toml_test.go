package rules

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/postern-mail/postern/classify/detect"
)

// settings stands for the daemon's configuration.
type settings struct {
	Pos
	Mode   string  `toml:"mode"`
	Listen Strings `toml:"listen"`
	Limits struct {
		Pos
		Parts    int           `toml:"parts"`
		Bytes    int64         `toml:"bytes"`
		MailTime time.Duration `toml:"mail_time"`
		Small    uint8         `toml:"small"`
		Ratio    float64       `toml:"ratio"`
	} `toml:"limits"`
	Day    time.Time          `toml:"day"`
	Then   time.Time          `toml:"then"`
	Sure   *detect.Confidence `toml:"sure"`
	Tables []struct {
		Pos
		Name string `toml:"name"`
	} `toml:"tables"`
	Labels map[string]int `toml:"labels"`
}

func TestDecodeTOMLFillsAStructOverItsDefaults(t *testing.T) {
	var s settings
	s.Limits.Parts, s.Limits.MailTime = 7, time.Second
	m := DecodeTOML("config", []byte("mode = 'x'\nlisten = \"a\"\nsure = \"high\"\nday = 2027-03-15\nthen = \"2027-03-15T12:00\"\n[limits]\nmail_time = \"2m\"\nratio = 3\n[[tables]]\nname = \"n\"\n[labels]\nb = 2\n"), &s)
	if m != nil {
		t.Fatal(m)
	}
	if s.Mode != "x" || !reflect.DeepEqual(s.Listen, Strings{"a"}) || s.Limits.Parts != 7 || s.Limits.MailTime != 2*time.Minute || s.Limits.Ratio != 3 ||
		*s.Sure != detect.High || s.Tables[0].Name != "n" || s.Tables[0].Line != 9 || !s.Day.Add(12*time.Hour).Equal(s.Then) || s.Then != noon || s.Labels["b"] != 2 {
		t.Errorf("got %+v", s)
	}
	if s.Limits.At("mail_time") != 7 || s.Limits.At("parts") != 6 || s.Limits.Has("parts") || s.At("sure") != 3 {
		t.Errorf("lines: %+v", s.Limits.Pos)
	}
}

func TestDecodeTOMLTellsAllMistakes(t *testing.T) {
	const text = `mode = 1
listen = ["a", 2]
sure = "rather"
[limits]
parts = "7"
mail_time = 60
small = 300
bytes = 1.5
prats = 1
[[tables]]
name = "a"
[[tables]]
nam = "b"
[labels]
x = true
`
	var s settings
	want := `config line 1: mode: got the number 1, wanted a string
config line 2: listen #2: got the number 2, wanted a string
config line 3: sure: confidence "rather" is not low, medium or high
config line 5: limits.parts: got the string "7", wanted a whole number
config line 6: limits.mail_time: got the number 60, wanted a duration such as "60s"
config line 7: limits.small: got the number 300, wanted a number that fits
config line 8: limits.bytes: got the number 1.5, wanted a whole number
config line 9: unknown key "prats" in limits (did you mean "parts"?)
config line 13: unknown key "nam" in tables #2 (did you mean "name"?)
config line 15: labels.x: got true, wanted a whole number`
	if m := DecodeTOML("config", []byte(text), &s); m == nil || m.Err().Error() != want {
		t.Errorf("got\n%v", m)
	}
	if s.Sure != nil {
		t.Error("a value that was not understood was set")
	}
	if err := (*Mistakes)(nil).Err(); err != nil {
		t.Errorf("no mistakes are an error: %v", err)
	}
}

func TestDecodeTOMLBoundsNestingAndSize(t *testing.T) {
	p := "[rules.r]\nrecord = true\nwhen = " + strings.Repeat("{ any = [", 40) + "{ tag = \"[x]\" }" + strings.Repeat("] }", 40) + "\n"
	if _, err := readText(t, p, Options{}); err == nil || !strings.Contains(err.Error(), "nested deeper than 32") {
		t.Errorf("got %v", err)
	}
	if m := DecodeTOML("config", make([]byte, maxTOML+1), &settings{}); m == nil {
		t.Error("a huge file was read")
	}
}

const oddTOML = "\ufeff# a comment [not.a.table]\r\n" +
	"plain = 1 # [x]\r\n" +
	"\"quo.ted\".'lit\\eral' = [ 1,\r\n  # in between ]\r\n  2, [ { a = 3,\r\n b = 4 } ] ]\r\n" +
	"long = \"\"\"one\r\n[two]\r\nthr\\\"\"\"ee = 3\"\"\"\"\r\n" +
	"raw = '''a\n= 'b' \n'''\r\n" +
	"after.dotted.\"k\\u00e9y\" = 1979-05-27 07:32:00\r\n" +
	"[ a . b ]\r\nc = { d = \"}\", e.f = [\"]\"] }\r\n" +
	"[[list]]\r\nn = 1\r\n[[list]]\r\nn = 2\r\n[list.sub]\r\nx = 1\r\n[[list.deep]]\r\ny = 1\r\n[[list.deep]]\r\ny = 2\r\n"

func TestLocateFindsEveryKey(t *testing.T) {
	lines := locate([]byte(oddTOML))
	k := func(keys ...string) string { return keyMark + strings.Join(keys, keyMark) }
	for place, want := range map[string]int{
		k("plain"):                         2,
		k("quo.ted", "lit\\eral"):          3,
		item(k("quo.ted", "lit\\eral"), 1): 5,
		item(item(k("quo.ted", "lit\\eral"), 2), 0) + k("b"): 6,
		k("long"):                                      7,
		k("raw"):                                       10,
		k("after", "dotted", "kéy"):                    13,
		k("a", "b"):                                    14,
		k("a", "b", "c", "e", "f"):                     15,
		item(k("list"), 0) + k("n"):                    17,
		item(k("list"), 1) + k("n"):                    19,
		item(k("list"), 1) + k("sub", "x"):             21,
		item(item(k("list"), 1)+k("deep"), 1) + k("y"): 25,
	} {
		if lines[place] != want {
			t.Errorf("%q: line %d, wanted %d", place, lines[place], want)
		}
	}
}

// FuzzLocate: whatever the library reads, the locator knows the line of every
// key and item of it; and no text makes it fail.
func FuzzLocate(f *testing.F) {
	f.Add(oddTOML)
	f.Add("a.b = [[1, {c = '''x'''}], \"\"\"\"\"\"]\n[a.d]\ne = {}")
	f.Add("[[x]]\n[[x.y]]\nz = [\n{ w = 1 }, ]\n[x.v]\n")
	f.Add("[a\n= ]] {{ \"")
	f.Fuzz(func(t *testing.T, text string) {
		lines := locate([]byte(text))
		var document map[string]any
		if _, err := toml.Decode(text, &document); err != nil {
			return
		}
		last := strings.Count(text, "\n") + 1
		var walk func(place string, value any)
		walk = func(place string, value any) {
			if line, ok := lines[place]; place != "" && (!ok || line < 1 || line > last) {
				t.Fatalf("no line for %q", fmt.Sprint(place))
			}
			if table, ok := value.(map[string]any); ok {
				for key, v := range table {
					walk(place+keyMark+key, v)
				}
			} else if items, ok := list(value); ok {
				for i, v := range items {
					walk(item(place, i), v)
				}
			}
		}
		walk("", document)
	})
}
