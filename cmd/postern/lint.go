package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/rules"
)

func newLint(g *global) *cobra.Command {
	var examples string
	c := &cobra.Command{
		Use:   "lint [POLICY…]",
		Short: "Say what is wrong or odd about a policy",
		Long: "Lint reads policies, shipped packs by name or files, with all that they name, and\n" +
			"tells every mistake and what is odd. Without an argument it reads the policy of the\n" +
			"configuration. It exits 1 if a policy has a mistake; what only makes no sense, a\n" +
			"rule that no mail can fire, an exemption that lifts nothing, a perimeter with a hole,\n" +
			"is a mistake to lint, though the daemon would take it. What a policy asserts is proved\n" +
			"over all combinations of its conditions; where that fails, a mail is told that shows it.\n" +
			"Where [mta] names Postfix's configuration, its TLS tables must demand what the partner\n" +
			"registry does.",
		RunE: func(c *cobra.Command, args []string) error { return lint(c, g, args, examples) },
	}
	c.Flags().StringVar(&examples, "counterexamples", "", "write mails that contradict assertions into this `DIR`, for check --counterexample")
	return c
}

// lintResult is one object of `lint --json`.
type lintResult struct {
	Level string `json:"level"` // "error" or "warning"
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Fix   string `json:"fix"`
}

func lint(c *cobra.Command, g *global, policies []string, examples string) error {
	conf, err := loadConfig(g.config, false)
	if err != nil {
		return err
	}
	opt, err := conf.policyOptions()
	if err != nil {
		return err
	}
	opt.Time, opt.Lint = time.Now(), true
	if len(policies) == 0 {
		policies = []string{conf.policyName(g.policy)}
	}
	wrong := false
	for _, policy := range policies {
		if _, err := os.Stat(policy); err != nil && policy != "" && !slices.Contains(rules.Packs(), policy) && policy != "default" {
			return hinted{err, "shipped packs are " + list(rules.Packs())}
		}
		engine, err := rules.Load(policy, opt)
		if mistakes, ok := errors.AsType[*rules.Mistakes](err); ok {
			wrong = true
			if err := printLint(c.OutOrStdout(), g.json, "error", mistakes.List); err != nil {
				return err
			}
			if err := printLint(c.OutOrStdout(), g.json, "warning", mistakes.Warnings()); err != nil {
				return err
			}
			if err := writeExamples(examples, mistakes.Counterexamples()); err != nil {
				return err
			}
			continue
		} else if err != nil {
			return err
		}
		if err := printLint(c.OutOrStdout(), g.json, "warning", engine.Warnings()); err != nil {
			return err
		}
		fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", engine.ID(), engine.Summary())
		drift, err := conf.lintDrift(c, engine)
		if err != nil {
			return err
		}
		wrong = wrong || len(drift) > 0
		if err := printLint(c.OutOrStdout(), g.json, "error", drift); err != nil {
			return err
		}
	}
	if wrong {
		return errNo
	}
	return nil
}

// writeExamples writes each counterexample into a file of its own.
func writeExamples(dir string, all []*rules.Counterexample) error {
	if dir == "" {
		return nil
	}
	for _, one := range all {
		data, err := json.MarshalIndent(one, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, one.Assertion+".json"), append(data, '\n'), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func printLint(out io.Writer, asJSON bool, level string, all []rules.Mistake) error {
	for _, m := range all {
		if !asJSON {
			fmt.Fprintf(out, "%s: %s\n", level, m)
			continue
		}
		if err := json.NewEncoder(out).Encode(lintResult{level, m.File, m.Line, m.Text, m.Fix}); err != nil {
			return err
		}
	}
	return nil
}
