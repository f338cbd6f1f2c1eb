package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/rules/policytest"
)

func newTest(g *global) *cobra.Command {
	var junit string
	c := &cobra.Command{
		Use:   "test PATH…",
		Short: "Run policy cases",
		Long: "Test runs policy cases: a policy, an envelope and a mail, and the decision that is\n" +
			"expected, in one txtar file each. A directory is searched for them.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return test(c, g, args, junit) },
	}
	c.Flags().StringVar(&junit, "junit", "", "write the results as JUnit XML to this `FILE` too")
	return c
}

func test(c *cobra.Command, g *global, paths []string, junit string) error {
	var results []policytest.Result
	for _, path := range paths {
		some, err := policytest.Run(c.Context(), path)
		if err != nil {
			return err
		}
		results = append(results, some...)
	}
	failed := 0
	for i := range results {
		if !results[i].Passed() {
			failed++
		}
		if err := printCase(c, g, &results[i]); err != nil {
			return err
		}
	}
	if !g.json {
		fmt.Fprintf(c.OutOrStdout(), "%d passed, %d failed\n", len(results)-failed, failed)
	}
	if junit != "" {
		if err := writeJUnit(junit, results, failed); err != nil {
			return err
		}
	}
	if failed > 0 {
		return errNo
	}
	return nil
}

func printCase(c *cobra.Command, g *global, r *policytest.Result) error {
	out := c.OutOrStdout()
	if g.json {
		return json.NewEncoder(out).Encode(map[string]any{
			"file": r.File, "about": r.About, "passed": r.Passed(), "failures": orEmpty(r.Failures),
		})
	}
	state := "ok  "
	if !r.Passed() {
		state = "FAIL"
	}
	fmt.Fprintf(out, "%s %s: %s\n", state, r.File, r.About)
	for _, f := range r.Failures {
		fmt.Fprintf(out, "       %s\n", f)
	}
	return nil
}

// junitSuite and its cases are the part of the JUnit schema that CI systems read.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Seconds float64       `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(file string, results []policytest.Result, failed int) error {
	suite := junitSuite{Name: "postern test", Tests: len(results), Failures: failed}
	for i := range results {
		r := &results[i]
		one := junitCase{Class: r.File, Name: r.About, Seconds: r.Duration.Seconds()}
		if !r.Passed() {
			one.Failure = &junitFailure{r.Failures[0], strings.Join(r.Failures, "\n")}
		}
		suite.Cases = append(suite.Cases, one)
	}
	data, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), append(data, '\n')...), 0o644)
}
