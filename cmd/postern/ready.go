package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newReady(g *global) *cobra.Command {
	var address string
	c := &cobra.Command{
		Use:   "ready",
		Short: "Ask a running postern whether it is ready (a health probe)",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if address == "" {
				conf, err := loadConfig(g.config, false)
				if err != nil {
					return err
				}
				address = conf.HTTP.Listen
			}
			return ready(c, address)
		},
	}
	c.Flags().StringVar(&address, "http", "", "the daemon's [http] listen `HOST:PORT` (default: the configuration's)")
	return c
}

// ready is the answer no if the daemon says that it is not ready, and an error
// if there is none to ask.
func ready(c *cobra.Command, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("http address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(c.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return hinted{err, "is postern running, and is this its [http] listen address?"}
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	fmt.Fprintln(c.OutOrStdout(), strings.TrimSpace(string(body)))
	if response.StatusCode != http.StatusOK {
		return errNo
	}
	return nil
}
