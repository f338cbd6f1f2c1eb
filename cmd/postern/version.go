package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/rules"
)

// Set by the linker; a plain `go build` falls back on what Go recorded.
var (
	version = "devel"
	commit  = ""
)

// buildCommit is the commit that the binary was built from, or "unknown".
func buildCommit() string {
	if commit != "" {
		return commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

func newVersion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go, detectors and packs",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			detectors, packs := detect.Builtin(), rules.Packs()
			ids := make([]string, len(detectors))
			for i, d := range detectors {
				ids[i] = d.ID
			}
			out := c.OutOrStdout()
			if g.json {
				return json.NewEncoder(out).Encode(map[string]any{
					"version": version, "commit": buildCommit(), "go": runtime.Version(),
					"detectors": ids, "packs": packs,
				})
			}
			fmt.Fprintf(out, "postern %s\ncommit %s\n%s %s/%s\n%d detectors: %s\n%d packs: %s\n",
				version, buildCommit(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
				len(ids), list(ids), len(packs), list(packs))
			return nil
		},
	}
}
