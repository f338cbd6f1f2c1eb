package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

// replayFlags say what is replayed, and how.
type replayFlags struct {
	checkFlags
	against string
	fail    bool
	jobs    int
}

func newReplay(g *global) *cobra.Command {
	f := &replayFlags{}
	c := &cobra.Command{
		Use:   "replay --policy NEW AUDIT… | --policy NEW --against OLD MAILS…",
		Short: "Say what another policy would have done",
		Long: "Replay decides anew about the mails of audit files, plain or compressed, and tells\n" +
			"whose outcome would change, and by which rule. A record has no content: what a rule\n" +
			"asks that it cannot answer is told as undecidable. With --against, two policies read\n" +
			"mails, and nothing is undecidable. It exits 0 whatever changes, unless --fail is given.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return replay(c, g, f, args) },
	}
	flags := c.Flags()
	flags.StringVar(&f.against, "against", "", "compare with this policy, pack or file, on `MAILS`: files, mboxes, folders")
	flags.BoolVar(&f.fail, "fail", false, "exit 1 if an outcome would change")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "decide about this `number` of mails at a time")
	flags.StringVar(&f.from, "from", "", "with --against: the envelope sender (default: the mail's own header)")
	flags.StringArrayVar(&f.rcpt, "rcpt", nil, "with --against: a recipient; may be given more than once (default: To, Cc and Bcc)")
	flags.StringVar(&f.auth, "auth", "", "with --against: the login that sent the mails (default: the sender's address)")
	flags.StringVar(&f.client, "client", "", "with --against: the `IP` that the mails came from")
	flags.StringVar(&f.direction, "direction", "", "with --against: judge them as `outbound|internal|inbound`")
	flags.StringVar(&f.facts, "facts", "", "with --against: a JSON `FILE` of facts that the policies may ask for")
	completes(c, "direction", "outbound", "internal", "inbound")
	completes(c, "against", rules.Packs()...)
	flags.StringVar(&f.time, "time", "", "with --against: judge as of this `TIME` (default: now)")
	return c
}

// replayed is what became of one line of an audit file, or of one mail.
type replayed struct {
	place     mailAt
	err       error // it is no record, or cannot be decided about
	broken    bool  // nothing more comes of this file
	noVerdict bool  // it tells of a mail that was not judged
	noMail    bool  // it tells of what a person did
	unchanged int   // recipients
	changes   []change
}

// mailAt is where a mail stands: a line of an audit file, or a file of its own.
type mailAt struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func (p mailAt) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s line %d", p.File, p.Line)
}

func replay(c *cobra.Command, g *global, f *replayFlags, args []string) error {
	if f.jobs < 1 {
		return fmt.Errorf("--jobs %d: want 1 or more", f.jobs)
	}
	results, err := f.results(c, g, args)
	if err != nil {
		return err
	}
	t := newReplayTable(c, g)
	for r := range results {
		if err := t.add(&r); err != nil {
			return err
		}
	}
	if err := t.print(); err != nil {
		return err
	}
	switch {
	case t.broken:
		return errors.New("not everything could be read")
	case t.Mails == 0 && t.BadLines > 0:
		return hinted{errors.New("nothing of it is a record"), "audit files are what [audit] file names; for mails say --against OLD"}
	case f.fail && t.Changed > 0:
		return errNo
	}
	return nil
}

// results decides about all mails, several at a time, in their order.
func (f *replayFlags) results(c *cobra.Command, g *global, args []string) (iter.Seq[replayed], error) {
	engine, conf, err := g.load(false, c.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	if f.against == "" {
		if name := f.onlyMails(c); name != "" {
			return nil, hinted{fmt.Errorf("--%s is for mails; a record has its own", name), "name a second policy by --against to compare them on mails"}
		}
		under := map[bool]*rules.Policy{true: engine.Under(true), false: engine.Under(false)}
		return inOrder(auditLines(args, c.InOrStdin()), f.jobs, func(l auditLine) replayed { return replayLine(under, l) }), nil
	}
	opt, err := conf.policyOptions()
	if err != nil {
		return nil, err
	}
	old, err := rules.Load(f.against, opt)
	if err != nil {
		return nil, err
	}
	mails := &mailReplay{flags: f, old: old, now: engine}
	if f.checkFlags.facts != "" {
		if mails.facts, err = readFacts(f.checkFlags.facts); err != nil {
			return nil, err
		}
	}
	ctx := c.Context()
	return inOrder(allInputs(args, c.InOrStdin()), f.jobs, func(in input) replayed { return mails.read(ctx, in) }), nil
}

// onlyMails names a flag that was given and says nothing of audit files.
func (f *replayFlags) onlyMails(c *cobra.Command) string {
	for _, name := range []string{"from", "rcpt", "auth", "client", "direction", "facts", "time"} {
		if c.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// replayLine decides anew about the mail of an audit line, under the MTA that it
// came by: the policy is there for one that routes recipients alone, and for others.
func replayLine(under map[bool]*rules.Policy, l auditLine) replayed {
	r := replayed{place: l.place, err: l.err, broken: l.broken}
	if r.err != nil {
		return r
	}
	record, err := audit.Parse(l.text)
	if errors.Is(err, audit.ErrHandling) {
		r.noMail = true
		return r
	}
	if err != nil {
		r.err = err
		return r
	}
	env, report, err := record.Input()
	if errors.Is(err, audit.ErrNoVerdict) {
		r.noVerdict = true
		return r
	}
	was := verdict{action: record.Action, rules: record.Rules}
	for i := range record.Recipients {
		o := &record.Recipients[i]
		was.recipients = append(was.recipients, outcomeOf{o.Address, outcome{o.Action, o.Route}, o.Rules})
	}
	policy := under[record.PerRecipient]
	is := policy.Replay(env, report)
	r.compare(change{mailAt: l.place, Ref: record.Ref, QueueID: record.QueueID}, &was, policy, is)
	return r
}

// mailReplay decides about mails by two policies.
type mailReplay struct {
	flags    *replayFlags
	old, now *rules.Engine
	facts    *rules.Facts
}

func (m *mailReplay) read(ctx context.Context, in input) replayed {
	r := replayed{place: mailAt{File: in.name}}
	old, now, err := m.decide(ctx, in)
	if err != nil {
		r.err, r.broken = err, !errors.Is(err, errNoRecipient)
		return r
	}
	was := verdict{action: old.Action.String()}
	for i := range old.Recipients {
		o := &old.Recipients[i]
		was.recipients = append(was.recipients, outcomeOf{o.Address, outcome{o.Action.String(), string(o.Route)}, o.Rules})
	}
	was.rules = firedRules(old)
	r.compare(change{mailAt: r.place}, &was, m.now.Policy, &rules.Replayed{Decision: now})
	return r
}

func firedRules(d *rules.Decision) []string {
	var ids []string
	for _, r := range d.Rules {
		if r.Fired {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// verdict is what became of a mail.
type verdict struct {
	action     string
	rules      []string
	recipients []outcomeOf
}

type outcomeOf struct {
	address string
	outcome
	rules []string
}

// outcome is what becomes of a mail for one recipient.
type outcome struct {
	Action string `json:"action"`
	Route  string `json:"route"`
}

func (o outcome) String() string {
	switch {
	case o.Route == "" || o.Route == string(rules.Direct):
		return o.Action
	case o.Action == rules.Accept.String():
		return o.Route
	}
	return o.Action + " " + o.Route
}

// change is a recipient whose outcome changes, or may.
type change struct {
	Kind string `json:"kind"` // "changed" or "undecidable"
	mailAt
	Ref       string  `json:"ref"`
	QueueID   string  `json:"queue_id"`
	Recipient string  `json:"recipient"` // empty: the mail as a whole
	Old       outcome `json:"old"`
	New       outcome `json:"new"`
	// Rules bring the new outcome about; NoLonger fired before and would not now.
	Rules       []string     `json:"rules"`
	NoLonger    []string     `json:"no_longer"`
	Undecidable []rules.Lack `json:"undecidable"`
}

// compare notes for each recipient what changes. Where the outcomes of all stay,
// that of the mail may still change: recipients that cannot be served together.
func (r *replayed) compare(of change, was *verdict, policy *rules.Policy, is *rules.Replayed) {
	of.Rules, of.NoLonger, of.Undecidable = []string{}, []string{}, []rules.Lack{}
	for i := range is.Recipients {
		one, old, o := of, &was.recipients[i], &is.Recipients[i]
		one.Recipient, one.Old = old.address, old.outcome
		now := outcome{o.Action.String(), string(o.Route)}
		lacks, open := is.Open[i]
		switch {
		case open:
			one.Kind, one.Undecidable = "undecidable", lacks
		case now == old.outcome:
			r.unchanged++
			continue
		default:
			one.Kind, one.New = "changed", now
			one.explain(old, o, policy)
		}
		r.changes = append(r.changes, one)
	}
	if len(r.changes) == 0 && was.action != is.Action.String() {
		of.Kind, of.Old.Action, of.New.Action = "changed", was.action, is.Action.String()
		now := firedRules(is.Decision)
		of.Rules, of.NoLonger = without(now, was.rules), without(was.rules, now)
		r.changes = append(r.changes, of)
	}
}

// explain names the rules that make the difference.
func (c *change) explain(was *outcomeOf, now *rules.Outcome, policy *rules.Policy) {
	var action rules.Action
	_ = action.UnmarshalText([]byte(was.Action)) // it was read before
	route := rules.Route(was.Route)
	if now.Action < action || !now.Route.Stricter(route) && now.Route != route {
		c.NoLonger = without(was.rules, now.Rules)
	}
	for _, id := range now.Rules {
		if policy.Carries(id, now) {
			c.Rules = append(c.Rules, id)
		}
	}
	if more := without(c.Rules, was.rules); len(more) > 0 {
		c.Rules = more // those that fired before are no news
	}
	if len(c.Rules)+len(c.NoLonger) == 0 {
		c.Rules = orEmpty(now.Rules)
	}
}

func without(ids, others []string) []string {
	return orEmpty(slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(others, id) }))
}
