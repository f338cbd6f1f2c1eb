package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/milter/load"
)

// benchFlags are what `bench` is asked for.
type benchFlags struct {
	load.Options
	milter  string
	kinds   []string
	pid     int
	metrics string
}

// maxBenchBytes bounds the mails that are kept in memory to be sent.
const maxBenchBytes = 1 << 30

func newBench(g *global) *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench [FILE…]",
		Short: "Send mails to a milter and measure how it answers",
		Long: "Bench sends mails to a milter, postern or any other, as an MTA does, and says how many it\n" +
			"judges a second, how long that takes and what the verdicts are. The mails are those of\n" +
			"files, directories and mboxes, or of kinds that bench makes itself. They are judged and go\n" +
			"nowhere; a postern notes them in its audit log like any others.",
		RunE: func(c *cobra.Command, args []string) error { return bench(c, g, &f, args) },
	}
	flags := c.Flags()
	flags.StringVar(&f.milter, "milter", "inet:127.0.0.1:8892", "the milter's `ADDRESS`, inet:HOST:PORT or unix:PATH")
	flags.StringSliceVar(&f.kinds, "kind", []string{"text"}, "without a file: `KINDS` of mail, "+strings.Join(load.Kinds(), ", "))
	completes(c, "kind", load.Kinds()...)
	flags.IntVar(&f.Connections, "connections", 10, "connections at once")
	flags.IntVar(&f.PerConnection, "per-connection", 0, "mails over one connection (default all)")
	flags.IntVar(&f.Count, "count", 0, "mails in all (default 1000, or as many as --duration allows)")
	flags.DurationVar(&f.Duration, "duration", 0, "how long to send")
	flags.Float64Var(&f.Rate, "rate", 0, "mails a second (default as fast as they are answered)")
	flags.DurationVar(&f.Timeout, "timeout", 2*time.Minute, "how long to wait for an answer")
	flags.StringVar(&f.From, "from", "ann@agency.example", "envelope sender")
	flags.StringSliceVar(&f.To, "rcpt", []string{"bob@partner.example"}, "envelope recipient; may be given more than once")
	flags.StringVar(&f.User, "auth", "ann", "login of the sender; empty for none")
	flags.StringVar(&f.Client, "client", "192.0.2.7", "address of the SMTP client")
	flags.StringVar(&f.Daemon, "daemon", "mail.agency.example", "{daemon_name} of the listener that the mail came in by")
	flags.IntVar(&f.pid, "pid", 0, "the milter's process: its CPU time and memory are told (Linux)")
	flags.StringVar(&f.metrics, "metrics", "", "`URL` of the milter's metrics, in place of --pid on another machine")
	return c
}

func (f *benchFlags) check() error {
	var err error
	switch {
	case f.Connections < 1 || f.Connections > 50000:
		return fmt.Errorf("--connections %d: want 1 to 50000", f.Connections)
	case f.Count < 0 || f.PerConnection < 0 || f.Rate < 0 || f.Duration < 0 || f.Timeout <= 0:
		return errors.New("--count, --per-connection, --rate, --duration and --timeout cannot be negative")
	case len(f.To) == 0:
		return errors.New("no recipient given, want --rcpt ADDRESS")
	case f.pid != 0 && f.metrics != "":
		return errors.New("--pid and --metrics cannot both be given")
	}
	if f.Count == 0 && f.Duration == 0 {
		f.Count = 1000
	}
	if f.Network, f.Address, err = milter.DialAddress(f.milter); err != nil {
		return fmt.Errorf("--milter: %w", err)
	}
	return nil
}

func bench(c *cobra.Command, g *global, f *benchFlags, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	if err := f.mails(args, c.InOrStdin()); err != nil {
		return err
	}
	usage := f.usage()
	before, err := usage()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	result, err := load.Run(ctx, f.Options)
	if err != nil {
		return hinted{err, "is the milter running, and does it listen on " + f.milter + "?"}
	}
	after, err := usage()
	if err != nil {
		return err
	}
	report := newBenchReport(f, result, before, after)
	if g.json {
		err = json.NewEncoder(c.OutOrStdout()).Encode(report)
	} else {
		err = report.print(c.OutOrStdout())
	}
	if err == nil && result.Failed() > 0 {
		return errNo
	}
	return err
}

// mails reads the mails to send, or makes them.
func (f *benchFlags) mails(args []string, stdin io.Reader) error {
	if len(args) == 0 {
		for _, kind := range f.kinds {
			m := load.Kind(kind)
			if m == nil {
				return fmt.Errorf("--kind %q: want some of %s", kind, strings.Join(load.Kinds(), ", "))
			}
			f.Mails = append(f.Mails, *m)
		}
		return nil
	}
	total := int64(0)
	for in := range allInputs(args, stdin) {
		raw, err := wholeMail(in, maxBenchBytes-total)
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		total += int64(len(raw))
		f.Mails = append(f.Mails, load.Parse(in.name, raw))
	}
	return nil
}

func wholeMail(in input, room int64) ([]byte, error) {
	if in.err != nil {
		return nil, in.err
	}
	file, err := in.open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, room+1))
	if err == nil && int64(len(raw)) > room {
		err = fmt.Errorf("more than %d MiB of mails, which are kept in memory", maxBenchBytes>>20)
	}
	return raw, err
}

// processUse is what the milter's process has taken so far.
type processUse struct{ cpu, resident float64 }

// usage returns a function that tells what the process has taken; nothing if no
// process was named.
func (f *benchFlags) usage() func() (*processUse, error) {
	switch {
	case f.pid != 0:
		return func() (*processUse, error) { return useOfPID(f.pid) }
	case f.metrics != "":
		return func() (*processUse, error) { return useOfMetrics(f.metrics) }
	}
	return func() (*processUse, error) { return nil, nil }
}

// ticks is how many clock ticks /proc counts for a second; Linux shows 100 to
// programs, whatever its own clock does.
const ticks = 100

// useOfPID reads /proc (proc(5)): fields 14 and 15 of stat, and the highest
// resident memory.
func useOfPID(pid int) (*processUse, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return nil, fmt.Errorf("--pid: %w", err)
	}
	// The name of the program stands in parentheses and may hold anything.
	_, rest, _ := strings.Cut(string(stat[max(strings.LastIndexByte(string(stat), ')'), 0):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return nil, fmt.Errorf("--pid: %s/stat is not as expected", dir)
	}
	user, errUser := strconv.ParseFloat(fields[11], 64)
	system, errSystem := strconv.ParseFloat(fields[12], 64)
	use := &processUse{cpu: (user + system) / ticks}
	status, err := os.ReadFile(dir + "/status")
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
			if err == nil {
				use.resident = kib * 1024
			}
		}
	}
	return use, errors.Join(errUser, errSystem, err)
}

// useOfMetrics asks for the metrics that every Go and C client of Prometheus
// has.
func useOfMetrics(url string) (*processUse, error) {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	defer response.Body.Close()
	use, found := &processUse{}, 0
	for lines := bufio.NewScanner(io.LimitReader(response.Body, 16<<20)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		number, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "process_cpu_seconds_total":
			use.cpu, found = number, found+1
		case name == "process_resident_memory_bytes":
			use.resident, found = number, found+1
		}
	}
	if found != 2 {
		return nil, fmt.Errorf("--metrics: %s tells no process_cpu_seconds_total and process_resident_memory_bytes", url)
	}
	return use, nil
}

// benchReport is the object of `bench --json`.
type benchReport struct {
	Milter         string           `json:"milter"`
	Connections    int              `json:"connections"`
	Mails          int64            `json:"mails"`
	Failed         int64            `json:"failed"`
	Edited         int64            `json:"edited"`
	Bytes          int64            `json:"bytes"`
	Seconds        float64          `json:"seconds"`
	MailsPerSecond float64          `json:"mails_per_second"`
	BytesPerSecond float64          `json:"bytes_per_second"`
	Message        benchQuantiles   `json:"message_seconds"`
	Verdict        benchQuantiles   `json:"verdict_seconds"`
	Verdicts       map[string]int64 `json:"verdicts"`
	Errors         map[string]int64 `json:"errors"`
	Process        *benchProcess    `json:"process"`
}

type benchQuantiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

type benchProcess struct {
	CPUSeconds    float64 `json:"cpu_seconds"`
	CPUPer1000    float64 `json:"cpu_seconds_per_1000_mails"`
	ResidentBytes float64 `json:"resident_bytes"`
}

func newBenchReport(f *benchFlags, r *load.Result, before, after *processUse) *benchReport {
	report := &benchReport{
		Milter: f.milter, Connections: f.Connections,
		Mails: r.Mails, Failed: r.Failed(), Edited: r.Edited, Bytes: r.Bytes, Seconds: r.Elapsed.Seconds(),
		MailsPerSecond: float64(r.Mails) / r.Elapsed.Seconds(), BytesPerSecond: float64(r.Bytes) / r.Elapsed.Seconds(),
		Message: newBenchQuantiles(&r.Message), Verdict: newBenchQuantiles(&r.Verdict),
		Verdicts: r.Verdicts, Errors: r.Errors,
	}
	if before != nil && after != nil {
		report.Process = &benchProcess{
			CPUSeconds:    after.cpu - before.cpu,
			CPUPer1000:    (after.cpu - before.cpu) / float64(max(r.Mails, 1)) * 1000,
			ResidentBytes: after.resident,
		}
	}
	return report
}

func newBenchQuantiles(h *load.Histogram) benchQuantiles {
	return benchQuantiles{h.Quantile(.5).Seconds(), h.Quantile(.99).Seconds(), h.Quantile(.999).Seconds(), h.Max().Seconds()}
}

func (r *benchReport) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "mails\t%d in %.2f s over %d connections\n", r.Mails, r.Seconds, r.Connections)
	fmt.Fprintf(table, "rate\t%.0f mails a second, %.1f MB/s\n", r.MailsPerSecond, r.BytesPerSecond/1e6)
	for _, line := range []struct {
		name string
		q    benchQuantiles
	}{{"mail", r.Message}, {"verdict", r.Verdict}} {
		fmt.Fprintf(table, "%s\tp50 %s, p99 %s, p99.9 %s, max %s\n", line.name,
			milliseconds(line.q.P50), milliseconds(line.q.P99), milliseconds(line.q.P999), milliseconds(line.q.Max))
	}
	if p := r.Process; p != nil {
		fmt.Fprintf(table, "process\t%.3f s CPU for 1,000 mails, %.0f MiB resident at most\n", p.CPUPer1000, p.ResidentBytes/(1<<20))
	}
	for name, n := range byCount(r.Verdicts) {
		fmt.Fprintf(table, "%s\t%d\n", name, n)
	}
	if r.Edited > 0 {
		fmt.Fprintf(table, "of these edited\t%d\n", r.Edited)
	}
	for name, n := range byCount(r.Errors) {
		fmt.Fprintf(table, "error\t%d: %s\n", n, name)
	}
	return table.Flush()
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.2f ms", seconds*1000) }

// byCount yields what was counted, the most frequent first.
func byCount(counts map[string]int64) iter.Seq2[string, int64] {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return func(yield func(string, int64) bool) {
		for _, name := range names {
			if !yield(name, counts[name]) {
				return
			}
		}
	}
}
