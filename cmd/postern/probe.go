package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/idna"

	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/milter/facts"
	"github.com/postern-mail/postern/milter/mta/probe"
	"github.com/postern-mail/postern/rules"
)

// check finds addresses that cannot be asked or listened on, and bounds by which
// nothing would be known.
func (p *probeConfig) check(mistakes *rules.Mistakes) {
	at := p.Pos
	if p.Resolver != "" {
		if err := probe.CheckResolver(p.Resolver); err != nil {
			mistakes.Add(at.File, at.At("resolver"), "", "%v", err)
		}
	}
	if p.Helo != "" && !probe.ValidDomain(strings.ToLower(p.Helo)) {
		mistakes.Add(at.File, at.At("helo"), "", "helo: got %q, wanted the name of this host", p.Helo)
	}
	if p.Table != "" {
		if err := checkTable(p.Table); err != nil {
			mistakes.Add(at.File, at.At("table"), "", "table: %v", err)
		}
	}
	for key, value := range map[string]int64{"fresh": int64(p.Fresh), "time": int64(p.Time), "domains": int64(p.Domains), "concurrent": int64(p.Concurrent)} {
		if value <= 0 {
			mistakes.Add(at.File, at.At(key), "", "%s: got %d, wanted more than 0", key, value)
		}
	}
}

// check finds bounds by which nothing would be known.
func (f *factsConfig) check(mistakes *rules.Mistakes) {
	for key, value := range map[string]int64{"window": int64(f.Window), "pairs": int64(f.Pairs)} {
		if value <= 0 {
			mistakes.Add(f.Pos.File, f.Pos.At(key), "", "%s: got %d, wanted more than 0", key, value)
		}
	}
}

// openFacts begins to remember who writes to whom, if a folder says where.
func (s *server) openFacts() (err error) {
	if f := s.conf.Facts; f.Folder != "" {
		s.facts, err = facts.Open(facts.Options{Dir: f.Folder, Window: f.Window, Pairs: f.Pairs, Log: s.log})
	}
	return err
}

// checkTable finds an address that others than this machine could ask.
func checkTable(spec string) error {
	if err := milter.CheckListen(spec, ""); err != nil {
		return err
	}
	address, inet := strings.CutPrefix(spec, "inet:")
	if !inet {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("got %q, wanted an address of this machine alone, such as \"inet:127.0.0.1:8893\"", spec)
	}
	return nil
}

// options are those of a cache.
func (p *probeConfig) options() probe.Options {
	return probe.Options{
		Resolver: p.Resolver, File: p.Cache, CAFile: p.CAFile, Helo: p.Helo, Fresh: p.Fresh, Timeout: p.Time,
		Domains: p.Domains, Concurrent: p.Concurrent,
	}
}

// openProbes begins to probe destinations.
func (s *server) openProbes() error {
	if !s.conf.Probe.Enabled {
		return nil
	}
	options := s.conf.Probe.options()
	options.Log, options.Probed = s.log, s.metrics.Probed
	var err error
	if s.probes, err = probe.Open(options); err != nil {
		return err
	}
	s.metrics.Destinations(s.probes)
	return nil
}

// serveTable answers Postfix's question by which means a domain is verified.
func (s *server) serveTable(failed chan<- error) ([]net.Listener, error) {
	if s.probes == nil || s.conf.Probe.Table == "" {
		return nil, nil
	}
	listeners, err := milter.Listen(s.conf.Probe.Table, 0o666, "")
	if err != nil {
		return nil, err
	}
	for _, l := range listeners {
		s.log.Info("serving the table of destinations", "table", address(l.Addr()))
		go func() {
			if err := s.probes.Serve(l); err != nil {
				failed <- err
			}
		}()
	}
	return listeners, nil
}

func newRegistryProbe(g *global) *cobra.Command {
	var refresh bool
	c := &cobra.Command{
		Use:   "probe DOMAIN...",
		Short: "Say what the mail system of a domain can do: TLS, certificate, DANE, MTA-STS",
		Long: "Probe asks for the MX records of a domain, speaks to its hosts as far as STARTTLS, and says\n" +
			"what is verified and how. What the daemon's cache knows is told with its age, unless --refresh\n" +
			"asks for a new look. It exits 1 if nothing could be found out.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return registryProbe(c, g, args, refresh) },
	}
	c.Flags().BoolVar(&refresh, "refresh", false, "look anew, even if something is known")
	return c
}

// probed is the object of `registry probe --json`, one for each domain.
type probed struct {
	*probe.Result
	Age int64 `json:"age_seconds"`
}

func registryProbe(c *cobra.Command, g *global, domains []string, refresh bool) error {
	conf, err := loadConfig(g.config, false)
	if err != nil {
		return err
	}
	options := conf.Probe.options()
	options.Log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	cache, err := probe.Open(options)
	if err != nil {
		return err
	}
	defer func() {
		if err := cache.Close(); err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "postern: warning: the result was not kept: %v\n", err)
		}
	}()
	unknown := false
	for _, domain := range domains {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
		if err != nil || !probe.ValidDomain(strings.ToLower(ascii)) {
			return fmt.Errorf("%q is no mail domain", domain)
		}
		r, err := probeOne(c.Context(), cache, strings.ToLower(ascii), refresh)
		if err != nil {
			return err
		}
		unknown = unknown || r.State == probe.Unknown
		if g.json {
			if err := printJSON(c, probed{r, int64(ageOf(r, time.Now()).Seconds())}); err != nil {
				return err
			}
			continue
		}
		printProbe(c.OutOrStdout(), r, time.Now())
	}
	if unknown {
		return errNo
	}
	return nil
}

func probeOne(ctx context.Context, cache *probe.Cache, domain string, refresh bool) (*probe.Result, error) {
	r, err := cache.Probe(ctx, domain, refresh)
	if errors.Is(err, context.Canceled) {
		return nil, errors.New("interrupted")
	}
	return r, err
}

func ageOf(r *probe.Result, now time.Time) time.Duration {
	return max(now.Sub(r.Time), 0).Truncate(time.Second)
}

// told is a result on one line.
func told(r *probe.Result, now time.Time) string {
	by := ""
	switch {
	case r.By != "":
		by = ", by " + string(r.By)
	case r.Problem != "":
		by = ", " + string(r.Problem)
	}
	return fmt.Sprintf("%s%s, seen %s ago, counts for %s", r.State, by, ageOf(r, now), max(r.Expires.Sub(now), 0).Truncate(time.Second))
}

func printProbe(out io.Writer, r *probe.Result, now time.Time) {
	fmt.Fprintf(out, "%s: %s\n", r.Domain, told(r, now))
	signed := "not signed, or the resolver is not trusted to say so"
	if r.Signed {
		signed = "signed (DNSSEC)"
	}
	fmt.Fprintf(out, "  MX records  %s\n", signed)
	sts := "none"
	if r.STS != nil {
		sts = fmt.Sprintf("%s, for %s, until %s", r.STS.Mode, list(r.STS.MX), r.STS.Until.UTC().Format(time.DateOnly))
	}
	fmt.Fprintf(out, "  MTA-STS     %s\n", sts)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range r.Hosts {
		h := &r.Hosts[i]
		fmt.Fprintf(w, "  %d %s\t%s\t%s\n", h.Preference, h.Name, cmp.Or(h.Address, "-"), hostTold(h))
	}
	w.Flush()
}

// hostTold says what a host shows.
func hostTold(h *probe.Host) string {
	if h.Version == "" {
		return string(h.Problem)
	}
	said := []string{fmt.Sprintf("%s %s (%d bits)", h.Version, h.Cipher, h.Bits)}
	trust := "of an authority that is not trusted, or expired"
	if h.Trusted {
		trust = "trusted"
	}
	said = append(said, fmt.Sprintf("certificate %s, for %s, until %s", trust, list(h.Names), h.Expires.Format(time.DateOnly)))
	if h.DANE != probe.NoDANE {
		said = append(said, "DANE "+string(h.DANE))
	}
	return strings.Join(said, "; ")
}
