// Command noop is a milter that does nothing: package go-milter as it comes. What
// another milter costs more than this one is what it does.
package main

import (
	"fmt"
	"net"
	"os"

	"github.com/emersion/go-milter"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: noop tcp|unix ADDRESS")
		os.Exit(2)
	}
	l, err := net.Listen(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "noop:", err)
		os.Exit(1)
	}
	fmt.Println("listening", l.Addr())
	server := milter.Server{NewMilter: func() milter.Milter { return milter.NoOpMilter{} }}
	if err := server.Serve(l); err != nil {
		fmt.Fprintln(os.Stderr, "noop:", err)
		os.Exit(1)
	}
}
