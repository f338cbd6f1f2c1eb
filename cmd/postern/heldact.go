package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/milter/mta"
)

// handled is one object of `held release --json` and `held drop --json`.
type handled struct {
	Kind    string `json:"kind"` // release or drop
	Ref     string `json:"ref"`
	QueueID string `json:"queue_id"`
	Route   string `json:"route"`
}

// each does one thing with every mail that is named. The first that fails does not
// keep the others from it.
func (f *heldFlags) each(c *cobra.Command, g *global, names []string, do func(context.Context, *heldDesk, string, *mta.Explained) error) error {
	d, err := f.open(c, g)
	if err != nil {
		return err
	}
	if d.note == "" {
		return hinted{errors.New("there is no audit file, and what is done with held mail is always recorded"), "name the daemon's configuration, with [audit] file, by --config"}
	}
	ctx := c.Context()
	var all []error
	for _, name := range names {
		e, err := d.find(ctx, name)
		if err == nil {
			err = do(ctx, d, name, e)
		}
		all = append(all, err)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// release lets one mail go.
func release(ctx context.Context, d *heldDesk, _ string, e *mta.Explained) error {
	if err := d.ours(e, "postsuper -H"); err != nil {
		return err
	}
	if danger := e.Danger(); danger != "" {
		hint := "put its route right (route.regexp), then \"postsuper -r " + e.ID + "\" has postern judge it anew"
		if e.OnSendmail {
			hint = "let the sender send it again, and drop this one"
		}
		return hinted{fmt.Errorf("mail %s is not released: %s", e.ID, danger), hint}
	}
	if r := d.result(e); r.Expired {
		fmt.Fprintf(d.c.ErrOrStderr(), "postern: warning: mail %s is %s old, and the MTA tries mail for %s: it bounces if its first delivery fails\n",
			e.ID, days(d.now.Sub(e.Arrived)), days(d.lifetime))
	}
	return d.act(ctx, audit.KindRelease, e, d.queue.Release)
}

// drop deletes one mail, after two questions.
func drop(ctx context.Context, d *heldDesk, name string, e *mta.Explained) error {
	if err := d.ours(e, "postsuper -d"); err != nil {
		return err
	}
	if err := d.sure(name, e); err != nil {
		return err
	}
	return d.act(ctx, audit.KindDrop, e, d.queue.Drop)
}

// ours refuses mail that somebody else holds.
func (d *heldDesk) ours(e *mta.Explained, command string) error {
	if e.By == mta.ByOther {
		return hinted{fmt.Errorf("mail %s is held by another than postern", e.ID), "find out who holds it, and why; then use the MTA's own command, as " + command}
	}
	return nil
}

// sure asks twice. Where nobody can answer, --yes and the reference in full stand
// for both answers.
func (d *heldDesk) sure(name string, e *mta.Explained) error {
	exact := name == e.Ref && e.Ref != ""
	if d.flags.yes && exact {
		return nil
	}
	in := d.c.InOrStdin()
	if d.flags.yes || !isTerminal(in) {
		return hinted{errors.New("without a terminal to ask at, drop wants --yes and the whole reference"), "postern held drop --yes " + orDash(e.Ref)}
	}
	talk, lines := d.c.ErrOrStderr(), bufio.NewReader(in)
	ask := func(question, want string) bool {
		fmt.Fprint(talk, question+" ")
		answer, _ := lines.ReadString('\n')
		return strings.TrimSpace(answer) == want
	}
	r := d.result(e)
	fmt.Fprintf(talk, "Mail %s of %s to %s, held for %s. Nobody is told if it is deleted.\n", e.ID, sender(r.Sender), recipients(&r, 3), days(d.now.Sub(e.Arrived)))
	if !ask("Delete it? (yes/no)", "yes") || !ask("It cannot be brought back. Type "+orDash(e.Ref)+" to delete it:", orDash(e.Ref)) {
		fmt.Fprintln(talk, "It stays on hold.")
		return errNo
	}
	return nil
}

// act records what is about to be done, and does it. What cannot be recorded is
// not done.
func (d *heldDesk) act(ctx context.Context, kind string, e *mta.Explained, do func(context.Context, string) error) error {
	r := d.result(e)
	h := audit.Handling{
		Time: d.now, Ref: r.Ref, QueueID: e.ID, Kind: kind, By: whoami(), Because: mta.Cut(d.flags.because, 500),
		Sender: e.Sender, Recipients: e.Unmarked(), Route: r.Route,
	}
	if err := audit.Note(d.note, h); err != nil {
		return hinted{fmt.Errorf("mail %s: nothing was done, because it could not be recorded: %w", e.ID, err), "the daemon makes the file when it starts; run this as root or as the daemon's user"}
	}
	err := do(ctx, e.ID)
	if err != nil && !errors.Is(err, mta.ErrNotTried) {
		h.Fault = "failed"
		return fmt.Errorf("mail %s: %w", e.ID, errors.Join(err, audit.Note(d.note, h)))
	}
	if err != nil {
		fmt.Fprintf(d.c.ErrOrStderr(), "postern: warning: mail %s: %v\n", e.ID, err)
	}
	if d.g.json {
		return printVisible(d.c.OutOrStdout(), handled{kind, r.Ref, e.ID, r.Route})
	}
	done := map[string]string{audit.KindRelease: "released, route " + mta.Cut(r.Route, 80), audit.KindDrop: "deleted"}[kind]
	_, err = fmt.Fprintf(d.c.OutOrStdout(), "%s %s: %s\n", orDash(r.Ref), e.ID, done)
	return err
}

var loginForm = regexp.MustCompile(`^[A-Za-z0-9._@\\-]{1,64}$`)

// whoami is the account that this runs under, and the login behind it: of the
// kernel's audit session, which su and sudo do not change, else what sudo tells.
func whoami() audit.By {
	by := audit.By{UID: os.Getuid()}
	if u, err := user.LookupId(strconv.Itoa(by.UID)); err == nil {
		by.User = u.Username
	}
	if id, err := os.ReadFile("/proc/self/loginuid"); err == nil {
		if u, err := user.LookupId(strings.TrimSpace(string(id))); err == nil {
			by.Login = u.Username
		}
	}
	if name := os.Getenv("SUDO_USER"); by.Login == "" && loginForm.MatchString(name) {
		by.Login = name
	}
	return by
}
