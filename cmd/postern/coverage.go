package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/rules"
)

func newCoverage(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "coverage [POLICY…]",
		Short: "Say what becomes of each clause of a written policy",
		Long: "Coverage lists the clauses of the written policies that a policy and its packs\n" +
			"enforce: enforced, by which rules; assisted, or not enforceable, and why. Without an\n" +
			"argument it takes the policy of the configuration.",
		RunE: func(c *cobra.Command, args []string) error { return coverage(c, g, args) },
	}
}

func coverage(c *cobra.Command, g *global, policies []string) error {
	conf, err := loadConfig(g.config, false)
	if err != nil {
		return err
	}
	opt, err := conf.policyOptions()
	if err != nil {
		return err
	}
	if len(policies) == 0 {
		policies = []string{conf.policyName(g.policy)}
	}
	for _, policy := range policies {
		engine, err := rules.Load(policy, opt)
		if err != nil {
			return err
		}
		clauses := engine.Coverage()
		if len(clauses) == 0 {
			fmt.Fprintf(c.ErrOrStderr(), "postern: hint: policy %q lists no clauses; [clauses] does\n", engine.ID())
		}
		if err := printCoverage(c, g, clauses); err != nil {
			return err
		}
	}
	return nil
}

func printCoverage(c *cobra.Command, g *global, clauses []rules.Clause) error {
	if g.json {
		for _, one := range clauses {
			if err := json.NewEncoder(c.OutOrStdout()).Encode(one); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "POLICY\tCLAUSE\tHOW\tRULES\tWHAT IT ASKS\tWHY NOT MORE\n")
	for _, one := range clauses {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", one.Policy, one.ID, one.How, list(one.Rules), one.Title, one.Reason)
	}
	return w.Flush()
}
