package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter/mta"
)

func newRegistry(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "registry",
		Short: "Compare the partner registry with the mail server's TLS tables",
		Long: "The partner registry of a policy says how mail to whom is protected. Registry prints it\n" +
			"as the mail server's own table, and says where the installed one demands less.",
	}
	c.AddCommand(newRegistryPrint(g), newRegistryVerify(g), newRegistryProbe(g), newRegistryCompare())
	return c
}

func newRegistryPrint(g *global) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "print",
		Short: "Print the registry as a TLS table of Postfix or Sendmail",
		Long: "Print writes the source of a table for Postfix's smtp_tls_policy_maps, or the lines for\n" +
			"Sendmail's access map.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			entries, _, err := registryEntries(g, format)
			if err != nil {
				return err
			}
			if !g.json {
				return mta.Print(c.OutOrStdout(), entries)
			}
			for _, e := range entries {
				if e.Note != "" {
					continue
				}
				if err := printJSON(c, map[string]string{"key": e.Key, "value": e.Value}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "postfix", "the table: `postfix|sendmail`")
	completes(c, "format", "postfix", "sendmail")
	return c
}

func newRegistryVerify(g *global) *cobra.Command {
	var format, file, configDir string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Say where the installed TLS table demands less than the registry",
		Long: "Verify asks Postfix for what its smtp_tls_policy_maps say of each partner, or reads the\n" +
			"source of a table from --file. It exits 1 if an entry is missing or demands less.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			entries, kind, err := registryEntries(g, format)
			if err != nil {
				return err
			}
			lookup, err := registryLookup(c, kind, file, configDir)
			if err != nil {
				return err
			}
			different, err := mta.Differences(entries, kind, lookup)
			if err != nil {
				return err
			}
			return printDifferences(c, g, different, len(entries))
		},
	}
	c.Flags().StringVar(&format, "format", "postfix", "the table: `postfix|sendmail`")
	completes(c, "format", "postfix", "sendmail")
	c.Flags().StringVar(&file, "file", "", "the source of the table, a text `FILE` (default: what Postfix uses)")
	c.Flags().StringVar(&configDir, "config-dir", "", "Postfix's configuration `DIR` (default: its own)")
	return c
}

func registryEntries(g *global, format string) ([]mta.Entry, mta.Format, error) {
	kind := mta.Format(format)
	if kind != mta.Postfix && kind != mta.Sendmail {
		return nil, "", fmt.Errorf("--format %q: want postfix or sendmail", format)
	}
	engine, _, err := g.load(false, io.Discard)
	if err != nil {
		return nil, "", err
	}
	partners := engine.Partners(time.Now())
	if len(partners) == 0 {
		return nil, "", hinted{fmt.Errorf("policy %q has no partner registry", engine.ID()), "write [partners.\"their.example\"] with a method into the policy"}
	}
	return mta.Entries(partners, kind), kind, nil
}

func registryLookup(c *cobra.Command, kind mta.Format, file, configDir string) (func(string) (string, error), error) {
	if file == "" {
		if kind == mta.Sendmail {
			return nil, errors.New("--format sendmail: give the source of the access map with --file")
		}
		installed, err := mta.OpenInstalled(c.Context(), configDir)
		if err != nil {
			return nil, hinted{err, "give the source of the table with --file, or Postfix's folder with --config-dir"}
		}
		if len(installed.Maps) == 0 {
			fmt.Fprintln(c.ErrOrStderr(), "smtp_tls_policy_maps is empty: Postfix demands nothing of any partner")
		}
		return installed.Lookup, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := mta.ReadTable(f)
	return func(key string) (string, error) { return table[strings.ToLower(key)], nil }, err
}

func printDifferences(c *cobra.Command, g *global, different []mta.Difference, entries int) error {
	for _, d := range different {
		if g.json {
			if err := printJSON(c, d); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %s: want %q, got %q\n", d.Key, d.Problem, d.Want, cmp.Or(d.Got, "nothing"))
	}
	if len(different) > 0 {
		return errNo
	}
	fmt.Fprintf(c.ErrOrStderr(), "the table demands what the registry does (%d lines)\n", entries)
	return nil
}

// printJSON prints a value as one line, ">" and "&" as they are.
func printJSON(c *cobra.Command, v any) error {
	e := json.NewEncoder(c.OutOrStdout())
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
