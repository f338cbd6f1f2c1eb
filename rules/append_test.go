package rules

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
)

const appendPolicy = `
[policy]
id = "notices"

[help]
contact = "help@agency.example"

[statements.notice]
text = "This message is confidential and meant for the person it is addressed to only."

[statements.hysbysiad]
text = "Mae'r neges hon yn gyfrinachol ac wedi'i bwriadu ar gyfer y sawl y'i cyfeiriwyd ato yn unig; ŵ."

[rules.english]
when     = { none = [ { statement = "notice", quoted = false } ] }
append   = "notice"
fallback = "reject"

[rules.welsh]
from   = ["cymru@agency.example"]
append = "hysbysiad"
`

func inspect(t *testing.T, e *Engine, from, mail string) (*Verdict, string) {
	t.Helper()
	env := &Envelope{Ref: "P-0123456789", Sender: from, User: from, Recipients: []Recipient{{Address: "b@example.net"}}}
	i := e.Inspect(context.Background(), env)
	if i == nil {
		t.Fatal("the mail is out of scope")
	}
	header, body, _ := strings.Cut(mail, "\r\n\r\n")
	for line := range strings.SplitSeq(header, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		i.Field(name, strings.TrimSpace(value))
	}
	for _, piece := range []string{body[:len(body)/2], body[len(body)/2:]} {
		if _, err := i.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := i.Finish()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	if v.Body == nil {
		return v, ""
	}
	changed, err := io.ReadAll(v.Body)
	if err != nil {
		t.Fatal(err)
	}
	return v, string(changed)
}

func loadAppend(t *testing.T, opt Options) *Engine {
	t.Helper()
	e, err := LoadText("notices", []byte(appendPolicy), "", opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAStatementIsAddedOnceAndBySenderInHisLanguage(t *testing.T) {
	e := loadAppend(t, Options{})
	v, body := inspect(t, e, "a@agency.example", "From: a@agency.example\r\nSubject: x\r\n\r\nhello\r\n")
	if body != "hello\r\n\r\nThis message is confidential and meant for the person it is addressed to only.\r\n" || v.Decision.Action != Accept {
		t.Errorf("got the body %q and %v", body, v.Decision.Action)
	}
	if got := v.Decision.Edits; len(got) != 1 || got[0].Op != ReplaceBody {
		t.Errorf("got the edits %v, want replace-body alone", got)
	}
	v, body = inspect(t, e, "a@agency.example", "Subject: x\r\n\r\n"+body)
	if body != "" || len(v.Decision.Edits) != 0 {
		t.Errorf("a mail that has the statement is changed: %q", body)
	}
	if _, body = inspect(t, e, "a@agency.example", "Subject: x\r\n\r\nI agree.\r\n\r\nOn Monday B wrote:\r\n> This message is confidential and meant for the\r\n> person it is addressed to only.\r\n"); body == "" {
		t.Error("a reply that merely quotes the statement gets none")
	}
	v, body = inspect(t, e, "cymru@agency.example", "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n")
	if !strings.Contains(body, "confidential") || !strings.Contains(body, "ŵ.\r\n") {
		t.Errorf("the Welsh sender's body is %q", body)
	}
	if got := v.Decision.Edits; len(got) != 3 || got[0] != (Edit{ChangeHeader, "Content-Type", "text/plain; charset=utf-8"}) {
		t.Errorf("got the edits %v, want the charset declared", got)
	}
}

func TestWhereNoStatementCanBeAddedTheFallbackApplies(t *testing.T) {
	const signed = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\r\nx\r\n--b--\r\n"
	e := loadAppend(t, Options{})
	v, body := inspect(t, e, "a@agency.example", signed)
	reply := strings.Join(v.Decision.Reply.Lines, " ")
	if body != "" || v.Decision.Action != Reject || !strings.Contains(reply, "signed") || !strings.Contains(reply, "help@agency.example") || v.Report.Unable != "it is signed" {
		t.Errorf("a signed mail: %v, %q, unable %q", v.Decision.Action, reply, v.Report.Unable)
	}
	again := e.Decide(v.Envelope, v.Report)
	if again.Action != Reject || len(again.Append) != 0 {
		t.Errorf("decided again from its report it is %v", again.Action)
	}
	if v, _ := inspect(t, loadAppend(t, Options{AppendBytes: 10}), "a@agency.example", "Subject: x\r\n\r\nmore than ten bytes\r\n"); v.Report.Unable != "it is too big" {
		t.Errorf("a mail beyond the bound: unable %q", v.Report.Unable)
	}
}

func TestABigBodyIsKeptInAFileWithoutAName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	text := strings.Repeat("A line of text that is long enough.\r\n", 20_000)
	_, body := inspect(t, loadAppend(t, Options{}), "a@agency.example", "Subject: x\r\n\r\n"+text)
	if !strings.HasPrefix(body, text) || len(body) < len(text)+70 {
		t.Errorf("the body has %d bytes, want %d and the statement", len(body), len(text))
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

func TestCheckTellsTheEditsOfAStatement(t *testing.T) {
	env := &Envelope{Ref: "P-0123456789", Sender: "a@agency.example", User: "a", Recipients: []Recipient{{Address: "b@example.net"}}}
	v, err := loadAppend(t, Options{}).Check(context.Background(), env, strings.NewReader("From: a@agency.example\nSubject: x\n\nhello\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if got := v.Decision.Edits; len(got) != 1 || got[0].Op != ReplaceBody {
		t.Errorf("got the edits %v, want replace-body", got)
	}
}
