// Command grafana draws the dashboard of this folder as a picture, from what a
// Prometheus knows: docs/dashboard.svg is one.
//
//	go run ./contrib/grafana -prometheus http://127.0.0.1:9090 -over 10m -out docs/dashboard.svg
//
// Grafana itself imports postern.json: Dashboards, New, Import. The dashboard wants
// the scrape job's name to be postern, and takes classic and native histograms.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	address := flag.String("prometheus", "http://127.0.0.1:9090", "`URL` of the Prometheus to ask")
	dashboard := flag.String("dashboard", "contrib/grafana/postern.json", "the dashboard's `FILE`")
	over := flag.Duration("over", 10*time.Minute, "how far to look back")
	before := flag.Duration("before", 0, "how long ago that ends")
	out := flag.String("out", "docs/dashboard.svg", "the picture's `FILE`")
	flag.Parse()
	if err := run(*address, *dashboard, time.Now().Add(-*before), *over, *out); err != nil {
		fmt.Fprintln(os.Stderr, "grafana:", err)
		os.Exit(2)
	}
}

func run(address, dashboard string, end time.Time, over time.Duration, out string) error {
	board, err := readBoard(dashboard)
	if err != nil {
		return err
	}
	picture, err := draw(context.Background(), board, source{url: address}, end.Add(-over), end)
	if err != nil {
		return err
	}
	return os.WriteFile(out, picture, 0o644)
}
