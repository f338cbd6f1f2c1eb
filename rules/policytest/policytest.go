// Package policytest runs policy cases: a policy, an envelope and a mail, and the
// decision that is expected.
//
// # Cases
//
// A case is a txtar archive: a comment that says what the case shows, then the
// files envelope.toml, message.eml and want.toml, each after a line
// "-- name --". Beside the case stand the policy and its lists, if it is no
// shipped pack; a file policy.toml in the archive serves too.
//
// envelope.toml:
//
//	policy    = "example"            # a pack, a file beside the case, or policy.toml
//	from      = "a@in.example"
//	to        = ["b@out.example"]
//	auth      = "alice"              # "" is a client that has not logged in
//	client    = "192.0.2.7"
//	direction = "outbound"           # whatever the addresses say
//	time      = 2027-03-15T12:00:00Z
//	per_recipient = false            # the MTA has no recipe for single recipients
//	[inside]
//	domains = ["in.example"]
//	[settings.example]
//	[lists]
//	partners = ["partner.example"]
//	[partners]
//	"court.example" = "tls-verified" # the registry
//	[facts.tls]
//	"far.example" = "none"
//
// Without auth, client and direction the sender is an insider who has logged in.
//
// want.toml holds what is compared; what it leaves out may be anything:
//
//	action = "reject"
//	rules  = ["cards-never"]         # all that fired, in any order
//	reply_mentions = ["card"]
//	[recipients]
//	"b@out.example" = "reject direct"
package policytest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/rules"
)

// Result is the outcome of one case.
type Result struct {
	File     string        // of the case
	About    string        // its comment, on one line
	Failures []string      // what differs from what was expected; none: it passed
	Duration time.Duration // of reading and deciding
}

// Passed reports whether the decision was the expected one.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// ErrNoCases says that there was nothing to run.
var ErrNoCases = errors.New("no case (*.txtar) found")

// Run runs a case, or all cases below a directory, in the order of their names.
// A case that cannot be read is a failed one; the error is for a path that
// cannot be.
func Run(ctx context.Context, path string) ([]Result, error) {
	files, err := cases(path)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrNoCases)
	}
	results := make([]Result, 0, len(files))
	for _, file := range files {
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		results = append(results, runFile(ctx, file))
	}
	return results, nil
}

func cases(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(file) == ".txtar" {
			files = append(files, file)
		}
		return err
	})
	return files, err
}

func runFile(ctx context.Context, file string) Result {
	r := Result{File: file}
	text, err := os.ReadFile(file)
	if err != nil {
		r.Failures = []string{err.Error()}
		return r
	}
	start := time.Now()
	a := parseArchive(string(text))
	r.About = strings.Join(strings.Fields(a.comment), " ")
	r.Failures, err = runCase(ctx, file, a)
	if err != nil {
		r.Failures = strings.Split(err.Error(), "\n")
	}
	r.Duration = time.Since(start)
	return r
}

func runCase(ctx context.Context, file string, a archive) ([]string, error) {
	for _, name := range []string{"envelope.toml", "message.eml", "want.toml"} {
		if _, ok := a.files[name]; !ok {
			return nil, fmt.Errorf("the case has no %s", name)
		}
	}
	var in input
	var want expectation
	if m := rules.DecodeTOML("envelope.toml", []byte(a.files["envelope.toml"]), &in); m != nil {
		return nil, m
	}
	if m := rules.DecodeTOML("want.toml", []byte(a.files["want.toml"]), &want); m != nil {
		return nil, m
	}
	env, err := in.envelope(time.Now())
	if err != nil {
		return nil, err
	}
	engine, err := in.engine(filepath.Dir(file), a)
	if err != nil {
		return nil, err
	}
	verdict, err := engine.Check(ctx, env, strings.NewReader(a.files["message.eml"]))
	if err != nil {
		return nil, err
	}
	defer verdict.Close()
	return want.compare(verdict.Decision), nil
}

// expectation is want.toml.
type expectation struct {
	rules.Pos
	Action        string            `toml:"action"`
	Rules         rules.Strings     `toml:"rules"`
	Recipients    map[string]string `toml:"recipients"`
	ReplyMentions rules.Strings     `toml:"reply_mentions"`
}

// compare tells what differs, and for rules why.
func (w *expectation) compare(d *rules.Decision) []string {
	var failures []string
	fail := func(format string, args ...any) { failures = append(failures, fmt.Sprintf(format, args...)) }
	if w.Has("action") && d.Action.String() != w.Action {
		fail("action: got %s, wanted %s", d.Action, w.Action)
	}
	got := map[string]string{}
	for _, o := range d.Recipients {
		got[o.Address] = fmt.Sprintf("%s %s", o.Action, o.Route)
	}
	for address, outcome := range w.Recipients {
		if have, ok := got[address]; !ok {
			fail("%s: wanted %q, but the mail does not go there", address, outcome)
		} else if have != strings.Join(strings.Fields(outcome), " ") {
			fail("%s: got %q, wanted %q", address, have, outcome)
		}
	}
	if w.Has("rules") {
		failures = append(failures, w.compareRules(d)...)
	}
	reply := strings.Join(d.Reply.Lines, " ")
	for _, words := range w.ReplyMentions {
		if !strings.Contains(strings.ToLower(reply), strings.ToLower(words)) {
			fail("reply: %q is not in %q", words, reply)
		}
	}
	slices.Sort(failures)
	return failures
}

func (w *expectation) compareRules(d *rules.Decision) []string {
	var failures []string
	known := map[string]bool{}
	for _, r := range d.Rules {
		known[r.ID] = true
		wanted := slices.Contains(w.Rules, r.ID)
		if r.Fired == wanted {
			continue
		}
		why := strings.Join(r.Because, "; ")
		if r.Nearest != "" {
			why += " (" + r.Nearest + ")"
		}
		if wanted {
			failures = append(failures, fmt.Sprintf("rule %s did not fire: %s", r.ID, why))
		} else {
			failures = append(failures, fmt.Sprintf("rule %s fired: %s", r.ID, why))
		}
	}
	for _, id := range w.Rules {
		if !known[id] {
			failures = append(failures, fmt.Sprintf("rule %s did not fire: the policy has no such rule", id))
		}
	}
	return failures
}
