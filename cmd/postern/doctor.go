package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter/mta"
	"github.com/postern-mail/postern/rules"
)

func newDoctor(g *global) *cobra.Command {
	var mtaConfig string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing or unsafe in the mail server's configuration",
		Long: "Doctor reads the configuration of Postfix or Sendmail beside postern's own, changes nothing,\n" +
			"and tells for each thing amiss the parameter, what it found, why that matters, and the line\n" +
			"that repairs it. It exits 1 if something is wrong.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return doctor(c, g, mtaConfig) },
	}
	c.Flags().StringVar(&mtaConfig, "mta-config", "", "Postfix's configuration `DIR`, or Sendmail's sendmail.cf (default: [mta] of the configuration, else Postfix's own)")
	return c
}

func doctor(c *cobra.Command, g *global, mtaConfig string) error {
	engine, conf, err := g.load(false, c.ErrOrStderr())
	if err != nil {
		return err
	}
	queue, err := conf.queue(mtaConfig)
	if err != nil {
		return err
	}
	patient, ok := queue.(mta.Patient)
	if !ok {
		return errors.New("this MTA's configuration cannot be examined")
	}
	found, err := patient.Examine(c.Context(), conf.setup(engine))
	if err != nil {
		return hinted{err, "name Postfix's configuration folder, or sendmail.cf, by --mta-config"}
	}
	return printFindings(c, g, found)
}

// setup is what this configuration and policy rely on.
func (c *config) setup(engine *rules.Engine) mta.Setup {
	return mta.Setup{
		Enforce: c.enforce(), Listen: c.Milter.Listen, Routes: c.Routes, MailTime: c.Limits.MailTime, Partners: engine.Partners(time.Now()), Table: c.Probe.Table,
	}
}

func printFindings(c *cobra.Command, g *global, found []mta.Finding) error {
	wrong := 0
	for _, f := range found {
		if f.Level == mta.Wrong {
			wrong++
		}
		if g.json {
			if err := printVisible(c.OutOrStdout(), f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %s\n    found:  %s\n    why:    %s\n    repair: %s\n", f.Level, f.Parameter, f.Found, f.Why, f.Repair)
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s, %d wrong\n", countOf(len(found), "finding"), wrong)
	if wrong > 0 {
		return errNo
	}
	return nil
}
