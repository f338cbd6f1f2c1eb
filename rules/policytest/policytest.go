// Package policytest runs policy cases: a policy, an envelope and a mail, and the
// decision that is expected.
//
// # Cases
//
// A case is a txtar archive: a comment that says what the case shows, then the
// files envelope.toml, message.eml and want.toml, each after a line
// "-- name --"; or a folder with these three files, named by what it shows.
// Beside the archive, or in the folder, stand the policy and its lists, if it is
// no shipped pack; a file policy.toml in the archive serves too.
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
	File     string        // of the case, or its folder
	About    string        // its comment, on one line; of a folder its name
	Failures []string      // what differs from what was expected; none: it passed
	Duration time.Duration // of reading and deciding
}

// Passed reports whether the decision was the expected one.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// ErrNoCases says that there was nothing to run.
var ErrNoCases = errors.New("no case found: no *.txtar, no folder with an envelope.toml")

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
		results = append(results, runCase(ctx, file))
	}
	return results, nil
}

// caseFiles are the files of a case.
var caseFiles = []string{"envelope.toml", "message.eml", "want.toml"}

// cases lists the cases at or below a path: txtar files, and folders with an
// envelope.toml.
func cases(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var found []string
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
		case filepath.Ext(file) == ".txtar":
			found = append(found, file)
		case entry.Name() == caseFiles[0]:
			found = append(found, filepath.Dir(file))
		}
		return err
	})
	return found, err
}

// readArchive reads the files of a case. dir is where its policy is looked for.
func readArchive(path string) (a archive, dir string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return a, "", err
	}
	if !info.IsDir() {
		text, err := os.ReadFile(path)
		return parseArchive(string(text)), filepath.Dir(path), err
	}
	a = archive{comment: filepath.Base(path), files: map[string]string{}}
	for _, name := range caseFiles {
		text, err := os.ReadFile(filepath.Join(path, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // which is told of a case of either form
		}
		if err != nil {
			return a, "", err
		}
		a.files[name] = string(text)
	}
	return a, path, nil
}

func runCase(ctx context.Context, path string) Result {
	r := Result{File: path}
	start := time.Now()
	c, err := Read(path)
	if c != nil {
		r.About = c.About
	}
	if err == nil {
		r.Failures, err = c.run(ctx)
	}
	if err != nil {
		r.Failures = strings.Split(err.Error(), "\n")
	}
	r.Duration = time.Since(start)
	return r
}

// Case is a case ready to be decided.
type Case struct {
	About    string // its comment, on one line
	Engine   *rules.Engine
	Envelope *rules.Envelope
	Message  string
	want     expectation
}

// Read reads a case: a txtar file, or a folder that holds the three files.
func Read(path string) (*Case, error) {
	a, dir, err := readArchive(path)
	if err != nil {
		return nil, err
	}
	c := &Case{About: strings.Join(strings.Fields(a.comment), " ")}
	return c, c.read(a, dir)
}

func (c *Case) read(a archive, dir string) error {
	for _, name := range caseFiles {
		if _, ok := a.files[name]; !ok {
			return fmt.Errorf("the case has no %s", name)
		}
	}
	var in input
	if m := rules.DecodeTOML("envelope.toml", []byte(a.files["envelope.toml"]), &in); m != nil {
		return m
	}
	if m := rules.DecodeTOML("want.toml", []byte(a.files["want.toml"]), &c.want); m != nil {
		return m
	}
	var err error
	if c.Envelope, err = in.envelope(time.Now()); err != nil {
		return err
	}
	c.Message = a.files["message.eml"]
	c.Engine, err = in.engine(dir, a)
	return err
}

// run decides and tells what is not as expected.
func (c *Case) run(ctx context.Context) ([]string, error) {
	verdict, err := c.Engine.Check(ctx, c.Envelope, strings.NewReader(c.Message))
	if err != nil {
		return nil, err
	}
	defer verdict.Close()
	return c.want.compare(verdict.Decision), nil
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
