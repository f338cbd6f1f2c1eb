// Command postern is a milter that keeps sensitive data out of plain e-mail,
// with the tools to try a policy on a mail before it runs.
//
// Each verb has a file of its own; this one only dispatches.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/rules"
)

// Exit codes: the answer is no, and it could not be done.
const (
	exitNo    = 1
	exitError = 2
)

// errNo ends a verb whose answer is no; the verb has said why.
var errNo = errors.New("no")

// hinted is an error with advice for the person at the terminal.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	if errors.Is(err, errNo) {
		return exitNo
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(os.Stderr, "postern: error: %s\n", line)
	}
	if h, ok := errors.AsType[hinted](err); ok {
		fmt.Fprintf(os.Stderr, "postern: hint: %s\n", h.hint)
	}
	return exitError
}

// global holds the flags that every verb takes.
type global struct {
	config string
	policy string
	json   bool
}

func newRoot() *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use:           "postern",
		Short:         "Keep sensitive data out of plain e-mail",
		Long:          "postern is a milter for Postfix and Sendmail. It reads each mail while it arrives,\nfinds sensitive data, and has the mail server reject it, hold it, or send it encrypted.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&g.config, "config", "", "the daemon's configuration `FILE` (default: built in)")
	flags.StringVar(&g.policy, "policy", "", "the policy: a shipped pack's `NAME|FILE` (default: the configuration's)")
	flags.BoolVar(&g.json, "json", false, "print JSON Lines")
	completes(root, "policy", rules.Packs()...)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return hinted{err, "see " + c.CommandPath() + " --help"}
	})
	root.AddCommand(
		newServe(g), newScan(g), newCheck(g), newTest(g), newLint(g), newCoverage(g), newReplay(g), newEDM(g), newRegistry(g),
		newHeld(g), newDoctor(g), newBench(g), newReady(g), newVersion(g),
	)
	return root
}

// completes has the shell offer values for a flag, and files beside them.
func completes(c *cobra.Command, flag string, values ...string) {
	err := c.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveDefault
	})
	if err != nil {
		panic("internal error: " + err.Error())
	}
}
