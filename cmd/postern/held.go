package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter/mta"
)

// heldFlags say whose queue is looked at, and where its decisions are recorded.
type heldFlags struct {
	mtaConfig string
	audit     []string
	because   string
	yes       bool
}

func newHeld(g *global) *cobra.Command {
	f := &heldFlags{}
	c := &cobra.Command{
		Use:   "held",
		Short: "List, explain, release and delete the mail that is held",
		Long: "Held joins the mail that the MTA holds, Postfix's hold queue or Sendmail's quarantine,\n" +
			"with the audit record of the decision, by the reference that held mail bears.",
	}
	flags := c.PersistentFlags()
	flags.StringVar(&f.mtaConfig, "mta-config", "", "Postfix's configuration `DIR`, or Sendmail's sendmail.cf (default: [mta] of the configuration, else Postfix's own)")
	flags.StringArrayVar(&f.audit, "audit", nil, "an audit `FILE`; may be given more than once (default: [audit] file and its rotated copies)")
	releasing := &cobra.Command{
		Use:   "release REF|QUEUEID…",
		Short: "Let held mail go, by the route that it has",
		Long: "Release lets held mail go. It keeps its route and its edits, and is not judged again. A\n" +
			"mail whose route is gone is not released, for it would leave in clear. Who released it,\n" +
			"when and why is written to the audit file first.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return f.each(c, g, args, release) },
	}
	dropping := &cobra.Command{
		Use:   "drop REF",
		Short: "Delete a held mail for good",
		Long: "Drop deletes a held mail. Nobody is told: tell the sender. It asks twice; where there is no\n" +
			"terminal to ask at, it wants --yes and the whole reference.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return f.each(c, g, args, drop) },
	}
	for _, verb := range []*cobra.Command{releasing, dropping} {
		verb.Flags().StringVar(&f.because, "because", "", "the `REASON`, for the audit file")
	}
	dropping.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	c.AddCommand(newHeldList(g, f), newHeldShow(g, f), releasing, dropping)
	return c
}

func newHeldList(g *global, f *heldFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the mail that is held, the oldest first",
		Long: "List tells of each held mail who sent it to whom, why it is held, since when, and how long\n" +
			"the MTA would still try it. Mail that others hold is shown as such.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := f.open(c, g)
			if err != nil {
				return err
			}
			all, err := d.gather(c.Context(), d.queue.Held(c.Context()))
			for i := range all {
				if err := d.print(&all[i], false); err != nil {
					return err
				}
			}
			if err == nil {
				fmt.Fprintln(c.ErrOrStderr(), countOf(len(all), "mail")+" on hold")
			}
			return err
		},
	}
}

func newHeldShow(g *global, f *heldFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "show REF|QUEUEID",
		Short: "Tell all that is known of one held mail",
		Long: "Show tells of one held mail what the queue and the audit file know, for each recipient: never\n" +
			"its text, and of what was found no more than the audit file has.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := f.open(c, g)
			if err != nil {
				return err
			}
			e, err := d.find(c.Context(), args[0])
			if err != nil {
				return err
			}
			return d.print(e, true)
		},
	}
}

// heldDesk is what a person sits at who looks after held mail.
type heldDesk struct {
	c        *cobra.Command
	g        *global
	flags    *heldFlags
	queue    mta.Queue
	lifetime time.Duration
	audit    []string // files to look records up in, the newest first
	note     string   // the file that is written to; empty if there is none
	now      time.Time
}

func (f *heldFlags) open(c *cobra.Command, g *global) (*heldDesk, error) {
	conf, err := loadConfig(g.config, false)
	if err != nil {
		return nil, err
	}
	d := &heldDesk{c: c, g: g, flags: f, note: conf.Audit.File, audit: f.audit, now: time.Now()}
	if d.queue, err = conf.queue(f.mtaConfig); err != nil {
		return nil, err
	}
	if len(f.audit) > 0 {
		d.note = f.audit[0]
	} else if d.note != "" {
		if d.audit, err = rotated(d.note); err != nil {
			return nil, err
		}
	}
	if len(d.audit) == 0 {
		fmt.Fprintln(c.ErrOrStderr(), "postern: warning: no audit file is known, so nothing tells why mail is held: name the daemon's configuration by --config, or a file by --audit")
	}
	if d.lifetime, err = d.queue.Lifetime(c.Context()); err != nil {
		return nil, hinted{err, "name Postfix's configuration folder, or sendmail.cf, by --mta-config"}
	}
	return d, nil
}

// queue is that of the MTA which the flag names, else the configuration.
func (c *config) queue(flag string) (mta.Queue, error) {
	if flag == "" && c.MTA.SendmailCF != "" {
		return mta.SendmailInstance{CF: c.MTA.SendmailCF}, nil
	}
	where := cmp.Or(flag, c.MTA.PostfixConfig)
	if where == "" {
		return mta.PostfixInstance{}, nil
	}
	info, err := os.Stat(where)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return mta.PostfixInstance{Config: where}, nil
	}
	return mta.SendmailInstance{CF: where}, nil
}

// rotated is an audit file with the copies that a rotation has made of it: all
// beside it whose name begins with its own.
func rotated(file string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), filepath.Base(file))
		if ok && e.Type().IsRegular() && (rest == "" || rest[0] == '.' || rest[0] == '-') {
			all = append(all, filepath.Join(filepath.Dir(file), e.Name()))
		}
	}
	return all, nil
}

// find returns the one mail that a person means.
func (d *heldDesk) find(ctx context.Context, name string) (*mta.Explained, error) {
	ref := mta.ParseRef(name)
	if ref == "" {
		return d.lookAt(ctx, name)
	}
	all, err := d.gather(ctx, func(yield func(mta.Held, error) bool) {
		for h, err := range d.queue.Held(ctx) {
			// One held for its route alone bears none; its record knows it.
			if (err != nil || h.Ref == ref || h.Ref == "") && !yield(h, err) {
				return
			}
		}
	})
	all = slices.DeleteFunc(all, func(e mta.Explained) bool {
		// A mail that another one's reference was written into is not the one meant.
		return e.Forged != "" || e.Ref != ref && (e.Record == nil || e.Record.Ref != ref)
	})
	switch {
	case len(all) == 1:
		return &all[0], nil
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, hinted{fmt.Errorf("no held mail has the reference %s", ref), "postern held list shows what is held"}
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return nil, hinted{fmt.Errorf("%d held mails bear the reference %s: %s", len(all), ref, list(ids)), "name one by its queue id"}
}

func (d *heldDesk) lookAt(ctx context.Context, id string) (*mta.Explained, error) {
	if !mta.IsQueueID(id) {
		return nil, fmt.Errorf("got %q, wanted a reference such as P-7K3M9Q2X4B, or a queue id", id)
	}
	h, err := d.queue.Look(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("mail %s: %w", id, err)
	}
	all, err := d.gather(ctx, func(yield func(mta.Held, error) bool) { yield(h, nil) })
	if len(all) == 0 {
		return nil, errors.Join(errors.New("internal error: a mail was lost"), err)
	}
	return &all[0], err
}
