package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/classify/edm"
	"github.com/postern-mail/postern/rules"
)

func newEDM(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "edm",
		Short: "Make tables for exact data match",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return errors.New("edm what? build makes a table") },
	}
	c.AddCommand(newEDMBuild(g))
	return c
}

// edmFlags say what table is made of a source.
type edmFlags struct{ out, key, columns string }

func newEDMBuild(g *global) *cobra.Command {
	f := &edmFlags{}
	c := &cobra.Command{
		Use:   "build --out F --key-file K --columns dcn:mo-dcn,surname:name TABLE.csv",
		Short: "Make a table of keyed hashes of a CSV file",
		Long: "Build makes a table for exact data match of a CSV file with a row of names: keyed\n" +
			"hashes, and no value. The first column is an identifier of a detector, the others\n" +
			"are looked for near it. - is standard input. For a column of a detector of your own name\n" +
			"its policy: --policy FILE, or the configuration's.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return edmBuild(c, g, f, args[0]) },
	}
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "the table to write, whole or not at all")
	flags.StringVar(&f.key, "key-file", "", "the secret key, at least 16 bytes; the policy names it too")
	flags.StringVar(&f.columns, "columns", "", "`NAME:KIND,…`: columns by name, the identifier first; kinds are ids of detectors, name, text, date, date-dmy, date-mdy")
	for _, name := range []string{"out", "key-file", "columns"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic("internal error: " + err.Error())
		}
	}
	return c
}

// edmResult is the object of `edm build --json`.
type edmResult struct {
	File         string           `json:"file"`
	Read         int64            `json:"read"`
	Rows         int64            `json:"rows"`
	Values       int64            `json:"values"`
	Skipped      int64            `json:"skipped"`
	SkippedLines []int            `json:"skipped_lines"`
	Unused       map[string]int64 `json:"unused"`
	UnusedLines  map[string][]int `json:"unused_lines"`
	Wide         int64            `json:"wide"`
	WideLines    []int            `json:"wide_lines"`
	Bytes        int64            `json:"bytes"`
}

func edmBuild(c *cobra.Command, g *global, f *edmFlags, source string) error {
	columns, err := edm.ParseColumns(f.columns)
	if err != nil {
		return fmt.Errorf("--columns: %w", err)
	}
	key, err := oneKey(f.key)
	if err != nil {
		return err
	}
	if len(key) < edm.MinKeyBytes {
		return hinted{
			fmt.Errorf("%s: a key of %d bytes, want at least %d", f.key, len(key), edm.MinKeyBytes),
			"make one: openssl rand -hex 32 > " + f.key,
		}
	}
	conf, err := loadConfig(g.config, false)
	if err != nil {
		return err
	}
	// The policy may name the very table that is to be built.
	detectors, err := rules.ReadDetectors(conf.policyName(g.policy), rules.Options{})
	if err != nil {
		return err
	}
	in := c.InOrStdin()
	if source != "-" {
		file, err := os.Open(source)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	if err := apartFrom(in, f.out); err != nil {
		return err
	}
	summary, err := edm.Build(f.out, in, edm.Options{Columns: columns, Key: key, Detectors: detectors})
	if errors.Is(err, edm.ErrKind) {
		return hinted{fmt.Errorf("%s: %w", source, err), "a detector of your own is known by its policy: --policy FILE"}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	result := edmResult{
		File: f.out, Read: summary.Read, Rows: summary.Rows, Values: summary.Values,
		Skipped: summary.Skipped, SkippedLines: orEmpty(summary.SkippedLines), Unused: map[string]int64{},
		UnusedLines: map[string][]int{}, Wide: summary.Wide, WideLines: orEmpty(summary.WideLines),
	}
	for i, n := range summary.Unused {
		result.Unused[columns[i].Name] = n
		result.UnusedLines[columns[i].Name] = orEmpty(summary.UnusedLines[i])
	}
	if info, err := os.Stat(f.out); err == nil {
		result.Bytes = info.Size()
	}
	if g.json {
		return json.NewEncoder(c.OutOrStdout()).Encode(result)
	}
	printEDM(c.OutOrStdout(), c.ErrOrStderr(), columns, &result)
	return nil
}

// apartFrom makes sure that the table does not take the place of its source, whatever
// name that was opened by.
func apartFrom(in io.Reader, out string) error {
	file, ok := in.(*os.File)
	if !ok {
		return nil
	}
	source, err := file.Stat()
	if err != nil {
		return err
	}
	if old, err := os.Stat(out); err == nil && os.SameFile(source, old) {
		return fmt.Errorf("%s is the source itself: name another file by --out", out)
	}
	return nil
}

// printEDM tells what became of the source. Lines are named, values never.
func printEDM(out, talk io.Writer, columns []edm.Column, r *edmResult) {
	fmt.Fprintf(out, "%s: %d rows of %d, %d different values of %s, %d bytes\n", r.File, r.Rows, r.Read, r.Values, columns[0].Name, r.Bytes)
	if r.Skipped > 0 {
		fmt.Fprintf(talk, "postern: hint: %d rows have no %s in column %s and were left out: %s\n",
			r.Skipped, columns[0].Kind, columns[0].Name, someLines(r.SkippedLines, r.Skipped))
	}
	if r.Wide > 0 {
		fmt.Fprintf(talk, "postern: hint: %d rows have more cells than the first row has names, as where a separator in a cell is not quoted; what stands behind it counts for another column: %s\n",
			r.Wide, someLines(r.WideLines, r.Wide))
	}
	for _, c := range columns[1:] {
		if n := r.Unused[c.Name]; n > 0 {
			fmt.Fprintf(talk, "postern: hint: %d values of column %s cannot be used as %s and will not be found%s: %s\n",
				n, c.Name, c.Kind, cmp.Or(map[string]string{"date": "; if days and months are numbers, say date-dmy or date-mdy"}[c.Kind], ""), someLines(r.UnusedLines[c.Name], n))
		}
	}
}

// someLines names the first lines of so many.
func someLines(lines []int, of int64) string {
	text := "line " + strings.ReplaceAll(strings.Trim(fmt.Sprint(lines), "[]"), " ", ", ")
	if of > int64(len(lines)) {
		text += " …"
	}
	return text
}
