// Command bench measures how fast postern scans, beside other tools on the same texts in
// one run, and prints ratios. Each engine has to show first that it finds the
// values that are planted in a text. docs/benchmarks.md says how to read it.
//
//	make bench            with the tools that are installed
//	make bench PEERS=1    installs the missing ones first (root, Debian)
//	make bench QUICK=1    small texts and few rounds: does it work at all?
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// plan is how much is measured.
type plan struct {
	mib    int // of each text
	rounds int
	seed   uint64
}

func main() {
	p := plan{}
	flag.IntVar(&p.mib, "mib", 16, "size of each text in MiB")
	flag.IntVar(&p.rounds, "rounds", 7, "rounds of measuring")
	flag.Uint64Var(&p.seed, "seed", 1, "seed of the texts")
	quick := flag.Bool("quick", false, "small texts and few rounds, whatever else is said")
	child := flag.String("serve", "", "be the child that runs a scan: core, all, all:TERMS, first:N, mail, regexp")
	flag.Parse()
	if *quick {
		p.mib, p.rounds = 1, 3
	}
	var err error
	if *child != "" {
		err = serve(*child, os.Stdin, os.Stdout)
	} else {
		err = run(p, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func run(p plan, out io.Writer) error {
	dir, err := os.MkdirTemp("", "postern-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := open(dir)
	defer b.close()

	fmt.Fprintf(out, "machine: %s\ntexts: %d MiB each, seed %d; %d rounds; CPU time\n\n", machine(), p.mib, p.seed, p.rounds)
	for _, e := range b.entrants {
		fmt.Fprintf(out, "%-26s %s\n", e.name, e.version)
	}
	for _, chapter := range []func(*bench, plan, io.Writer) error{races, growth, wholeMails, hostile} {
		fmt.Fprintln(out)
		if err := chapter(b, p, out); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	for _, who := range b.leftOut {
		fmt.Fprintln(out, "left out:", strings.ReplaceAll(who, dir, ""))
	}
	return nil
}
