package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter/mta"
	"github.com/postern-mail/postern/rules"
)

// comparison is what the daemon asks its helper, and what it is answered.
type (
	comparison struct {
		Partners []rules.Partner `json:"partners"`
	}
	compared struct {
		Different []mta.Difference `json:"different"`
		Error     string           `json:"error"`
	}
)

const (
	// compareTime bounds one comparison: a table may be in a database that hangs.
	compareTime = time.Minute
	// helperEnds is how long the daemon waits at its end for a comparison.
	helperEnds = 2 * time.Second
)

// newRegistryCompare is the helper by which the daemon compares the registry with
// Postfix's tables. That takes programs of Postfix, and the sandbox lets the
// daemon run none: whoever took it over could ask for comparisons, no more.
func newRegistryCompare() *cobra.Command {
	return &cobra.Command{
		Use:    "compare DIR",
		Short:  "Compare registries that come on standard input with the MTA's tables",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			// It ends with the daemon, when nothing more can come.
			signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
			requests := json.NewDecoder(c.InOrStdin())
			for {
				var ask comparison
				if err := requests.Decode(&ask); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				if err := printJSON(c, compareWithin(c.Context(), compareTime, args[0], ask.Partners)); err != nil {
					return err
				}
			}
		},
	}
}

func compareWithin(ctx context.Context, limit time.Duration, installed string, partners []rules.Partner) compared {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	different, err := mta.Drift(ctx, installed, partners)
	answer := compared{Different: orEmpty(different)}
	switch {
	case ctx.Err() != nil:
		answer.Error = fmt.Sprintf("the MTA's programs did not answer within %v", limit)
	case err != nil:
		answer.Error = err.Error()
	}
	return answer
}

// watcher compares the registry with the MTA's tables: at start, after a reload,
// and from time to time.
type watcher struct {
	every time.Duration
	again chan struct{}
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	last  []mta.Difference
}

// startWatcher starts the helper, before the sandbox closes; nil without [mta].
func (s *server) startWatcher() (*watcher, error) {
	installed := s.conf.MTA.installed()
	if installed == "" {
		return nil, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &watcher{every: s.conf.MTA.Every, again: make(chan struct{}, 1), cmd: exec.Command(self, "registry", "compare", installed)}
	w.cmd.Args[0] = os.Args[0]
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(out)
	return w, w.cmd.Start()
}

// run watches until the helper ends.
func (w *watcher) run(s *server) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		if err := w.compare(s); err != nil {
			if !s.ready.Load() {
				return // the daemon ends, and the helper with it
			}
			s.metrics.RegistryNotCompared()
			s.log.Error("the registry is compared with the MTA's tables no longer", "error", err)
			return
		}
		select {
		case <-tick.C:
		case <-w.again:
		}
	}
}

func (w *watcher) compare(s *server) error {
	partners := s.engine.Load().Partners(time.Now())
	if err := json.NewEncoder(w.in).Encode(comparison{partners}); err != nil {
		return err
	}
	line, err := w.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	var answer compared
	if err := json.Unmarshal(line, &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		s.metrics.RegistryNotCompared()
		s.log.Error("the registry could not be compared with the MTA's tables", "error", answer.Error)
		return nil
	}
	problems := map[string]int{}
	for _, problem := range mta.Problems() {
		problems[problem] = 0
	}
	for _, d := range answer.Different {
		problems[d.Problem]++
	}
	s.metrics.RegistryCompared(problems)
	w.tell(s.log, answer.Different)
	return nil
}

// tell logs what is amiss when it changes.
func (w *watcher) tell(log *slog.Logger, different []mta.Difference) {
	if slices.Equal(w.last, different) {
		return
	}
	w.last = different
	for i, d := range different {
		if i == maxTold {
			break
		}
		log.Warn("the MTA's table demands less than the registry", "domain", d.Key, "problem", d.Problem, "want", d.Want, "got", mta.Cut(d.Got, 100))
	}
	log.Info("registry compared with the MTA's tables", "different", len(different))
}

// changed asks for a comparison soon.
func (w *watcher) changed() {
	if w == nil {
		return
	}
	select {
	case w.again <- struct{}{}:
	default: // one is asked for already
	}
}

// Close ends the helper, and what it runs if that takes long.
func (w *watcher) Close() {
	if w == nil {
		return
	}
	_ = w.in.Close()
	late := time.AfterFunc(helperEnds, func() { _ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	_ = w.cmd.Wait()
}

// lintDrift makes mistakes of where Postfix's tables demand less than a registry.
func (c *config) lintDrift(cmd *cobra.Command, engine *rules.Engine) ([]rules.Mistake, error) {
	installed := c.MTA.installed()
	if installed == "" {
		return nil, nil
	}
	different, err := mta.Drift(cmd.Context(), installed, engine.Partners(time.Now()))
	if err != nil {
		return nil, fmt.Errorf("[mta] %s: %w", installed, err)
	}
	table, fix := "smtp_tls_policy_maps", "postern registry print writes the table; then postmap and postfix reload"
	if c.MTA.SendmailCF != "" {
		table, fix = "the access map", "postern registry print --format sendmail writes the lines; then make -C /etc/mail"
	}
	var all []rules.Mistake
	for _, d := range different {
		text := fmt.Sprintf("%s: %s is %s: the partner registry of %q wants %q, the MTA has %q", table, d.Key, d.Problem, engine.ID(), d.Want, mta.Cut(d.Got, 100))
		all = append(all, rules.Mistake{File: installed, Text: text, Fix: fix})
	}
	return all, nil
}
