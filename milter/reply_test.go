package milter

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postern-mail/postern/rules"
)

func TestReplies(t *testing.T) {
	tests := []struct {
		name   string
		action rules.Action
		reply  rules.Reply
		utf8   bool
		want   string
	}{
		{"one line", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"P-1 no"}}, false, "550 5.7.1 P-1 no"},
		{"three lines", rules.Reject, rules.Reply{Code: 554, Enhanced: "5.7.0", Lines: []string{"a", "b", "c"}}, false, "554-5.7.0 a\r\n554-5.7.0 b\r\n554 5.7.0 c"},
		{"a fourth line is left out", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"a", "b", "c", "d"}}, false, "550-5.7.1 a\r\n550-5.7.1 b\r\n550 5.7.1 c"},
		{"a later line cannot be another reply", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"x\r\n250 ok"}}, false, "550 5.7.1 x  250 ok"},
		{"NUL and the like become blanks", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"a\x00b\x7fc\td\x1b[31m"}}, false, "550 5.7.1 a b c d [31m"},
		{"percent signs are doubled", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"100% %s"}}, false, "550 5.7.1 100%% %%s"},
		{"an enhanced code of the wrong class is not sent", rules.Reject, rules.Reply{Code: 550, Enhanced: "4.7.1", Lines: []string{"x"}}, false, "550 5.7.1 x"},
		{"nor a code", rules.Reject, rules.Reply{Code: 250, Enhanced: "2.0.0", Lines: []string{"x"}}, false, "550 5.7.1 x"},
		{"nor a text in place of a code", rules.TempFail, rules.Reply{Code: 451, Enhanced: "4.7.1\r\n250 ok", Lines: []string{"x"}}, false, "451 4.7.1 x"},
		{"a temporary failure is one", rules.TempFail, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"x"}}, false, "451 4.7.1 x"},
		{"without text there is a default", rules.Reject, rules.Reply{}, false, "550 5.7.1 P-REF this mail was refused by the policy of this site"},
		{"other than ASCII only for who asked for it", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"é\u202e"}}, false, "550 5.7.1 ??"},
		{"UTF-8 without what hides text", rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"é\u202e\xff\u2028x\u0085"}}, true, "550 5.7.1 é?? x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := &rules.Envelope{Ref: "P-REF", SMTPUTF8: tt.utf8}
			got := string(refusal(tt.action, tt.reply, env).Response().Data)
			if got != tt.want+"\x00" {
				t.Errorf("got  %q\nwant %q", got, tt.want+"\x00")
			}
		})
	}
}

func TestLongLinesAreCut(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("word ", 1000), strings.Repeat("%", 1000), "x" + strings.Repeat("%", 1000),
		strings.Repeat("é", 1000), "x" + strings.Repeat("é", 1000),
	} {
		line := replyText(550, "5.7.1", []string{text}, true)
		if len(line) > maxReplyLine || !utf8.ValidString(line) || !strings.HasSuffix(line, "...") {
			t.Errorf("%d bytes: %q", len(line), line)
		}
		if strings.Count(line, "%")%2 != 0 {
			t.Errorf("a doubled percent sign was cut in two: %q", line)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add(550, "5.7.1", "a\r\n250 ok", "%", true)
	f.Add(0, "4.7.1", "\x00", "é", false)
	f.Fuzz(func(t *testing.T, code int, enhanced, a, b string, utf8OK bool) {
		env := &rules.Envelope{SMTPUTF8: utf8OK}
		text := string(refusal(rules.Reject, rules.Reply{Code: code, Enhanced: enhanced, Lines: []string{a, b}}, env).Response().Data)
		text, ok := strings.CutSuffix(text, "\x00")
		lines := strings.Split(text, "\r\n")
		if !ok || len(lines) != 2 || strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n\x00") {
			t.Fatalf("reply is %q", text)
		}
		for i, line := range lines {
			sep := "- "[i]
			if len(line) < 9 || len(line) > maxReplyLine || line[0] != '5' || line[3] != sep && len(line) > 9 || line[4] != '5' {
				t.Fatalf("line %q", line)
			}
			if strings.Contains(strings.ReplaceAll(line, "%%", ""), "%") {
				t.Fatalf("a lone percent sign in %q", line)
			}
		}
	})
}

func TestFieldValuesAreOneLine(t *testing.T) {
	for value, want := range map[string]string{
		"tls":                     "tls",
		"a\r\nB: c":               "a  B: c",
		"\x00a\x00":               "a",
		"naïve":                   "na?ve",
		strings.Repeat("x", 2000): strings.Repeat("x", 897) + "...",
	} {
		if got := fieldValue(value, false); got != want {
			t.Errorf("fieldValue(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestReferences(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		ref := newRef()
		if len(ref) != 12 || ref[:2] != "P-" || strings.Trim(ref[2:], crockford) != "" {
			t.Fatalf("reference %q is not P- and ten letters of Crockford's base 32", ref)
		}
		seen[ref] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d of 1000 references differ", len(seen))
	}
}
