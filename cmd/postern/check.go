package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/rules"
)

// checkRef stands where a mail's own reference would.
const checkRef = "P-0000000000"

// checkFlags describe the envelope that the mail is judged in.
type checkFlags struct {
	from, auth, client, direction, facts, time string
	counterexample                             string
	rcpt                                       []string
}

func newCheck(g *global) *cobra.Command {
	f := &checkFlags{}
	c := &cobra.Command{
		Use:   "check --from A --rcpt B MESSAGE",
		Short: "Say what the policy decides about a mail, and why",
		Long: "Check decides about one mail as the daemon would, and gives the reasons for and\n" +
			"against every rule. Unless told otherwise the sender is an authenticated insider.",
		Args: func(c *cobra.Command, args []string) error {
			if f.counterexample != "" {
				return cobra.NoArgs(c, args)
			}
			return cobra.ExactArgs(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if f.counterexample != "" {
				return checkExample(c, g, f.counterexample)
			}
			return check(c, g, f, args[0])
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.from, "from", "", "the envelope sender")
	flags.StringArrayVar(&f.rcpt, "rcpt", nil, "a recipient; may be given more than once")
	flags.StringVar(&f.auth, "auth", "", "the login that sent the mail (default: the sender's address)")
	flags.StringVar(&f.client, "client", "", "the `IP` that the mail came from; without --auth it is not authenticated")
	flags.StringVar(&f.direction, "direction", "", "judge it as `outbound|internal|inbound`, whatever the addresses say")
	flags.StringVar(&f.facts, "facts", "", "a JSON `FILE` of facts that the policy may ask for")
	flags.StringVar(&f.counterexample, "counterexample", "", "instead of a mail, decide about a `FILE` that lint --counterexamples wrote")
	completes(c, "direction", "outbound", "internal", "inbound")
	flags.StringVar(&f.time, "time", "", "judge as of this `TIME`, 2006-01-02 or 2006-01-02T15:04:05Z (default: now)")
	return c
}

// checkResult is the object of `check --json`.
type checkResult struct {
	Action     rules.Action              `json:"action"`
	Mode       string                    `json:"mode"`
	Direction  rules.Direction           `json:"direction"`
	Reply      rules.Reply               `json:"reply"`
	Recipients []rules.Outcome           `json:"recipients"`
	Edits      []rules.Edit              `json:"edits"`
	Rules      []rules.RuleResult        `json:"rules"`
	Labels     []string                  `json:"labels"`
	Counts     map[string]classify.Count `json:"counts"`
	Unread     []unreadPart              `json:"unread"`
	Append     []rules.Append            `json:"append"`
	Notify     []string                  `json:"notify"`
	// Destinations are what the daemon's cache knows of the recipients' domains.
	Destinations []destination `json:"destinations"`
}

// destination is what is known of a domain, and since when.
type destination struct {
	Domain string      `json:"domain"`
	State  probe.State `json:"state"`
	By     probe.Means `json:"by"`
	Age    int64       `json:"age_seconds"` // 0 where nothing is known
	told   string
}

type unreadPart struct {
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

func check(c *cobra.Command, g *global, f *checkFlags, message string) error {
	env, err := f.envelope(time.Now())
	if err != nil {
		return err
	}
	engine, conf, err := g.load(false, c.ErrOrStderr())
	if err != nil {
		return err
	}
	if f.facts != "" {
		if env.Facts, err = readFacts(f.facts); err != nil {
			return err
		}
	}
	known, err := destinations(c, conf, engine, env)
	if err != nil {
		return err
	}
	mail := c.InOrStdin()
	if message != "-" {
		file, err := os.Open(message)
		if err != nil {
			return err
		}
		defer file.Close()
		mail = file
	}
	verdict, err := engine.Check(c.Context(), env, mail)
	if err != nil {
		return err
	}
	defer verdict.Close()
	result := newCheckResult(conf.Mode, verdict.Report, verdict.Decision)
	names := newVeil(c.Context(), engine.Scanner())
	for i := range result.Unread {
		result.Unread[i].Path = names.path(result.Unread[i].Path)
	}
	result.Destinations = known
	if g.json {
		return json.NewEncoder(c.OutOrStdout()).Encode(result)
	}
	printCheck(c, engine, result)
	return nil
}

// checkExample decides about a mail that contradicts an assertion. Its policy is
// taken as it is, or nobody could look into why.
func checkExample(c *cobra.Command, g *global, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	example, err := rules.ReadCounterexample(data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	conf, err := loadConfig(g.config, false)
	if err != nil {
		return err
	}
	opt, err := conf.policyOptions()
	if err != nil {
		return err
	}
	if g.policy == "" && conf.Policy.File == "" && conf.Policy.Use == "" {
		return hinted{errors.New("a counterexample is about one policy"), "say which: --policy FILE"}
	}
	opt.Unproved, opt.Overlay = true, example.Overlay()
	engine, err := rules.Load(conf.policyName(g.policy), opt)
	if err != nil {
		return err
	}
	result := newCheckResult(conf.Mode, example.Report, engine.Explain(example.Envelope, example.Report))
	if g.json {
		return json.NewEncoder(c.OutOrStdout()).Encode(result)
	}
	printCheck(c, engine, result)
	return nil
}

// readFacts reads what was known before the mail came.
func readFacts(file string) (*rules.Facts, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	facts := new(rules.Facts)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(facts); err != nil {
		return nil, hinted{fmt.Errorf("%s: %w", file, err), "facts are a JSON object with first_contact, reply, tls and volume"}
	}
	return facts, nil
}

func (f *checkFlags) envelope(now time.Time) (*rules.Envelope, error) {
	if len(f.rcpt) == 0 {
		return nil, hinted{errors.New("no recipient"), "say who gets the mail: --rcpt b@example.org"}
	}
	env := &rules.Envelope{Ref: checkRef, Sender: trimAngles(f.from), User: f.auth, Time: now}
	env.Direction = rules.Direction(f.direction)
	switch env.Direction {
	case "", rules.Outbound, rules.Internal, rules.Inbound:
	default:
		return nil, fmt.Errorf("--direction %q: want outbound, internal or inbound", f.direction)
	}
	if f.client != "" {
		addr, err := netip.ParseAddr(f.client)
		if err != nil {
			return nil, fmt.Errorf("--client %q: want an IP address", f.client)
		}
		env.Client = addr
	}
	if env.User == "" && f.client == "" && env.Direction != rules.Inbound {
		env.User = cmp.Or(env.Sender, "insider")
	}
	if f.time != "" {
		t, err := parseTime(f.time)
		if err != nil {
			return nil, err
		}
		env.Time = t
	}
	for _, r := range f.rcpt {
		if at := strings.LastIndexByte(r, '@'); at < 1 || strings.ContainsFunc(r, unicode.IsControl) {
			return nil, fmt.Errorf("--rcpt %q: want an address, local@domain", r)
		}
		env.Recipients = append(env.Recipients, rules.Recipient{Address: trimAngles(r)})
	}
	return env, nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--time %q: want 2006-01-02 or 2006-01-02T15:04:05Z", s)
}

// destinations looks up what the daemon, if it probes, knows of the recipients'
// domains, and hands it in as the daemon does. Nothing is probed here. Facts from a
// file take the place of it.
func destinations(c *cobra.Command, conf config, engine *rules.Engine, env *rules.Envelope) ([]destination, error) {
	all := []destination{}
	if !conf.Probe.Enabled || env.Facts != nil {
		return all, nil
	}
	results, err := probe.Read(conf.Probe.Cache)
	if err != nil {
		fmt.Fprintf(c.ErrOrStderr(), "postern: warning: nothing is known of the destinations: %v\n", err)
	}
	env.Facts = &rules.Facts{TLS: map[string]string{}}
	now := time.Now()
	for _, to := range engine.Outside(env) {
		domain := to[strings.LastIndexByte(to, '@')+1:]
		if _, seen := env.Facts.TLS[domain]; seen {
			continue
		}
		one := destination{Domain: domain, State: probe.Unknown, told: "unknown"}
		if r := results[domain]; r != nil && r.Expires.After(now) {
			one = destination{domain, r.State, r.By, int64(ageOf(r, now).Seconds()), told(r, now)}
		}
		env.Facts.TLS[domain] = string(one.State)
		all = append(all, one)
	}
	return all, nil
}

func trimAngles(s string) string { return strings.Trim(strings.TrimSpace(s), "<>") }

func newCheckResult(mode string, report *classify.Report, d *rules.Decision) *checkResult {
	r := &checkResult{
		Action: d.Action, Mode: mode, Direction: d.Direction, Reply: d.Reply,
		Recipients: orEmpty(d.Recipients), Edits: orEmpty(d.Edits), Rules: orEmpty(d.Rules),
		Labels: orEmpty(d.Labels), Counts: report.Counts(), Unread: []unreadPart{},
		Append: orEmpty(d.Append), Notify: orEmpty(d.Notify), Destinations: []destination{},
	}
	r.Reply.Lines = orEmpty(r.Reply.Lines)
	for i := range r.Recipients {
		r.Recipients[i].Rules = orEmpty(r.Recipients[i].Rules)
	}
	for i := range r.Rules {
		r.Rules[i].Recipients = orEmpty(r.Rules[i].Recipients)
		r.Rules[i].Because = orEmpty(r.Rules[i].Because)
	}
	for _, p := range report.Unread() {
		r.Unread = append(r.Unread, unreadPart{p.Path, string(p.Problem)})
	}
	return r
}

func printCheck(c *cobra.Command, engine *rules.Engine, r *checkResult) {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s: %s mail under policy %q", strings.ToUpper(r.Action.String()), r.Direction, engine.ID())
	if r.Mode == "observe" {
		fmt.Fprint(out, " (what enforce mode would do; the configuration says observe)")
	}
	fmt.Fprintln(out)
	fmt.Fprintf(out, "\nFound\n  %s\n", summary(r.Counts))
	for _, u := range r.Unread {
		fmt.Fprintf(out, "  not read: part %s: %s\n", u.Path, u.Problem)
	}
	if len(r.Labels) > 0 {
		fmt.Fprintf(out, "  labels: %s\n", list(r.Labels))
	}
	fmt.Fprint(out, "\nRecipients\n")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, o := range r.Recipients {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\trules: %s\n", o.Address, o.Direction, o.Action, o.Route, list(o.Rules))
	}
	w.Flush()
	if len(r.Destinations) > 0 {
		fmt.Fprint(out, "\nWhat is known of the destinations\n")
		for _, d := range r.Destinations {
			fmt.Fprintf(out, "  %s: %s\n", d.Domain, d.told)
		}
	}
	if r.Reply.Code != 0 {
		fmt.Fprint(out, "\nThe sender reads\n")
		for _, line := range r.Reply.Lines {
			fmt.Fprintf(out, "  %d %s %s\n", r.Reply.Code, r.Reply.Enhanced, line)
		}
	}
	if len(r.Edits) > 0 {
		fmt.Fprint(out, "\nChanges to the mail\n")
		for _, e := range r.Edits {
			fmt.Fprintf(out, "  %s %s\n", e.Op, strings.TrimPrefix(e.Name+": "+e.Value, ": "))
		}
	}
	printRules(c, r.Rules)
}

func printRules(c *cobra.Command, results []rules.RuleResult) {
	out := c.OutOrStdout()
	for _, fired := range []bool{true, false} {
		title := "\nRules that fired\n"
		if !fired {
			title = "\nRules that did not fire\n"
		}
		for _, r := range results {
			if r.Fired != fired {
				continue
			}
			fmt.Fprint(out, title)
			title = ""
			name := r.ID
			if r.Clause != "" {
				name += " (clause " + r.Clause + ")"
			}
			if fired {
				name += " for " + list(r.Recipients)
			}
			fmt.Fprintf(out, "  %s\n", name)
			for _, b := range r.Because {
				fmt.Fprintf(out, "      %s\n", b)
			}
			if r.Nearest != "" {
				fmt.Fprintf(out, "      nearest: %s\n", r.Nearest)
			}
		}
	}
}
