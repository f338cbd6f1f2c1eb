package policytest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-mail/postern/rules"
)

func TestThePacksKeepWhatTheirCasesPromise(t *testing.T) {
	for _, pack := range rules.Packs() {
		results, err := Run(context.Background(), filepath.Join("../packs", pack))
		if err != nil {
			t.Errorf("pack %s: %v", pack, err)
		}
		for _, r := range results {
			t.Run(pack+"/"+strings.TrimSuffix(filepath.Base(r.File), ".txtar"), func(t *testing.T) {
				for _, f := range r.Failures {
					t.Error(f)
				}
			})
		}
	}
}

const ownPolicy = `
-- policy.toml --
[policy]
id = "own"
[inside]
domains = ["in.example"]
networks = ["10.0.0.0/8"]
[settings.own]
untagged = "hold"
[lists.friends]
entries = []
[rules.held]
clause  = "1"
setting = { untagged = "hold" }
to      = { not = "@friends" }
hold    = true
[rules.refused]
clause  = "1"
setting = { untagged = "reject" }
to      = { not = "@friends" }
reject  = "5.7.1 No."
`

const message = "-- message.eml --\nFrom: a@in.example\nTo: b@out.example\nSubject: x\n\nText.\n"

func TestCases(t *testing.T) {
	for _, c := range []struct {
		name, envelope, want string
		failures             []string
	}{
		{"as expected", "to = \"b@out.example\"\n", "action = \"hold\"\nrules = \"held\"\n", nil},
		{"a setting of the case", "to = \"b@out.example\"\n[settings.own]\nuntagged = \"reject\"\n", "action = \"reject\"\nreply_mentions = \"no.\"\n", nil},
		{"a list of the case", "to = \"b@out.example\"\n[lists]\nfriends = [\"out.example\"]\n", "action = \"accept\"\nrules = []\n", nil},
		{"an inside of the case", "to = \"b@out.example\"\n[inside]\ndomains = [\"out.example\"]\n", "action = \"accept\"\n", nil},
		{"a client from outside", "to = \"b@out.example\"\nclient = \"192.0.2.1\"\n", "action = \"accept\"\n", nil},
		{"a direction", "to = \"b@out.example\"\ndirection = \"internal\"\n", "action = \"accept\"\n", nil},
		{"what differs is told", "to = \"b@out.example\"\ntime = 2027-03-15\n", "action = \"accept\"\nrules = [\"gone\"]\nreply_mentions = \"sorry\"\n[recipients]\n\"b@out.example\" = \"accept direct\"\n\"c@out.example\" = \"accept direct\"\n", []string{
			`action: got hold, wanted accept`,
			`b@out.example: got "hold direct", wanted "accept direct"`,
			`c@out.example: wanted "accept direct", but the mail does not go there`,
			`reply: "sorry" is not in ""`,
			`rule gone did not fire: the policy has no such rule`,
			`rule held fired: it fires for every mail to these recipients`,
		}},
		{"mistakes in the case", "to = \"b@out.example\"\nform = \"x\"\n", "", []string{`envelope.toml line 3: unknown key "form" in the file (did you mean "from"?)`}},
		{"mistakes in the expectation", "to = \"b@out.example\"\n", "action = 1\n", []string{`want.toml line 1: action: got the number 1, wanted a string`}},
		{"no recipient", "client = \"here\"\n", "", []string{
			`envelope.toml: to is missing: a mail needs a recipient`, `envelope.toml line 2: client is "here", wanted an IP address`,
		}},
		{"an unknown setting", "to = \"b@out.example\"\n[settings.own]\nuntaged = \"x\"\n", "", []string{
			`overlay line 2: pack "own" has no setting "untaged" (did you mean "untagged"?)`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "case.txtar")
			text := "About this case.\n" + ownPolicy + message + "-- envelope.toml --\npolicy = \"policy.toml\"\n" + c.envelope + "-- want.toml --\n" + c.want
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			results, err := Run(context.Background(), file)
			if err != nil {
				t.Fatal(err)
			}
			if got := results[0]; strings.Join(got.Failures, "\n") != strings.Join(c.failures, "\n") || got.About != "About this case." || got.Passed() != (c.failures == nil) {
				t.Errorf("got %q about %q", got.Failures, got.About)
			}
		})
	}
}

func TestPathsWithoutCases(t *testing.T) {
	if _, err := Run(context.Background(), t.TempDir()); !errors.Is(err, ErrNoCases) {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := Run(context.Background(), "nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing one: %v", err)
	}
	file := filepath.Join(t.TempDir(), "case.txtar")
	if err := os.WriteFile(file, []byte("-- want.toml --\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	results, err := Run(context.Background(), file)
	if err != nil || len(results) != 1 || results[0].Failures[0] != "the case has no envelope.toml" {
		t.Errorf("an incomplete case: %v %v", results, err)
	}
}
