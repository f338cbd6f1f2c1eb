package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

func newScan(g *global) *cobra.Command {
	var reveal, fail bool
	var as string
	var jobs int
	c := &cobra.Command{
		Use:   "scan FILE…",
		Short: "Say what is in these mails or files",
		Long: "Scan says what is in mails or other files: - is standard input, a directory is read\n" +
			"whole (a Maildir too), an mbox mail by mail, or one mail of it as FILE#N. Several files\n" +
			"are read at a time; what is printed stands in the order of the files.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if as != "auto" && as != "mail" && as != "text" {
				return fmt.Errorf("--as %q: want auto, mail or text", as)
			}
			if jobs < 1 || jobs > maxJobs {
				return fmt.Errorf("--jobs %d: want 1 to %d", jobs, maxJobs)
			}
			return scan(c, g, args, jobs, as, reveal, fail)
		},
	}
	c.Flags().BoolVar(&reveal, "reveal", false, "print the values found; careful where this goes")
	c.Flags().BoolVar(&fail, "fail", false, "exit 1 if anything was found")
	c.Flags().StringVar(&as, "as", "auto", "read each file as `auto|mail|text`")
	completes(c, "as", "auto", "mail", "text")
	c.Flags().IntVar(&jobs, "jobs", min(runtime.GOMAXPROCS(0), maxJobs), "files read at a `time`; each may take [limits] mail_memory")
	return c
}

// maxJobs bounds the files that are read at a time, and so the memory.
const maxJobs = 64

// scanResult is one object of `scan --json`.
type scanResult struct {
	File string `json:"file"`
	*scanReport
	Error *string `json:"error"`
}

type scanReport struct {
	Findings          []classify.Finding        `json:"findings"`
	FindingsTruncated bool                      `json:"findings_truncated"`
	Counts            map[string]classify.Count `json:"counts"`
	Labels            []string                  `json:"labels"`
	Parts             []extract.Part            `json:"parts"`
	Anomalies         []string                  `json:"anomalies"`
}

func scan(c *cobra.Command, g *global, args []string, jobs int, as string, reveal, fail bool) error {
	engine, _, err := g.load(reveal, c.ErrOrStderr())
	if err != nil {
		return err
	}
	bar := newProgress(c.ErrOrStderr())
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	if bar != nil {
		go measure(ctx, args, bar)
	}
	read := func(in input) *scanResult {
		defer bar.did(in.size)
		return scanOne(ctx, engine, in, as, reveal)
	}
	found, failed := false, false
	for result := range inOrder(allInputs(args, c.InOrStdin()), jobs, read) {
		found = found || len(result.Findings) > 0
		failed = failed || result.Error != nil
		if bar != nil && isTerminal(c.OutOrStdout()) {
			bar.clear()
		}
		if err := printScan(c, g, result); err != nil {
			return err
		}
	}
	bar.clear()
	switch {
	case failed:
		return errors.New("not everything could be read")
	case fail && found:
		return errNo
	}
	return nil
}

// allInputs lists what all arguments stand for.
func allInputs(args []string, stdin io.Reader) iter.Seq[input] {
	return func(yield func(input) bool) {
		for _, arg := range args {
			for in := range inputs(arg, stdin) {
				if !yield(in) {
					return
				}
			}
		}
	}
}

// measure tells the bar how much there is to do, beside the work.
func measure(ctx context.Context, args []string, bar *progress) {
	for _, arg := range args {
		_ = filepath.WalkDir(arg, func(_ string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return fs.SkipAll
			}
			if err == nil && d.Type().IsRegular() {
				if info, err := d.Info(); err == nil {
					bar.expect(info.Size(), false)
				}
			}
			return nil
		})
	}
	bar.expect(0, true)
}

// scanOne scans one mail or file. Unless values are to be revealed, what stands in
// names is masked too.
func scanOne(ctx context.Context, engine *rules.Engine, in input, as string, reveal bool) *scanResult {
	result := &scanResult{File: in.name}
	report, err := scanInput(ctx, engine.Scanner(), in, as)
	if err != nil {
		text := err.Error()
		result.Error = &text
		report = &classify.Report{}
	}
	result.scanReport = &scanReport{
		Findings: orEmpty(report.Findings), FindingsTruncated: report.FindingsTruncated,
		Counts: report.Counts(), Labels: orEmpty(engine.Labels(report)),
		Parts: orEmpty(report.Parts), Anomalies: orEmpty(report.Anomalies),
	}
	for i := range result.Findings {
		result.Findings[i].Context = orEmpty(result.Findings[i].Context)
	}
	if !reveal {
		newVeil(ctx, engine.Scanner()).parts(result.Findings, result.Parts)
	}
	return result
}

func scanInput(ctx context.Context, scanner *classify.Scanner, in input, as string) (*classify.Report, error) {
	if in.err != nil {
		return nil, in.err
	}
	data, err := in.open()
	if err != nil {
		return nil, err
	}
	defer data.Close()
	scan := scanner.Begin(ctx)
	switch {
	case as == "text":
		err = extract.ReadText(scan.Reader, data)
	case as == "mail" || in.mail || strings.HasSuffix(strings.ToLower(in.name), ".eml"):
		err = extract.ReadMail(scan.Reader, data)
	default:
		opening := make([]byte, 64<<10)
		n, rerr := io.ReadFull(data, opening)
		if rerr != nil && rerr != io.EOF && rerr != io.ErrUnexpectedEOF {
			return nil, rerr
		}
		whole := io.MultiReader(bytes.NewReader(opening[:n]), data)
		if extract.IsMail(opening[:n]) {
			err = extract.ReadMail(scan.Reader, whole)
		} else {
			err = extract.ReadFile(scan.Reader, in.base(), whole)
		}
	}
	if err != nil {
		return nil, err
	}
	return scan.Finish()
}

func printScan(c *cobra.Command, g *global, r *scanResult) error {
	out := c.OutOrStdout()
	if g.json {
		return json.NewEncoder(out).Encode(r)
	}
	if r.Error != nil {
		fmt.Fprintf(c.ErrOrStderr(), "postern: error: %s: %s\n", r.File, *r.Error)
		return nil
	}
	fmt.Fprintf(out, "%s: %s\n", r.File, summary(r.Counts))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range r.Findings {
		shown := f.Masked
		if f.Value != "" {
			shown = f.Value
		}
		context := ""
		if len(f.Context) > 0 {
			context = "near " + quoteList(f.Context)
		}
		if f.Rival != "" {
			context += "; the same text counts as " + f.Rival
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\tat %d\t%s\n", f.Confidence, f.Detector, shown, place(f.Where, f.Part, f.Quoted), f.Offset, context)
	}
	w.Flush()
	if r.FindingsTruncated {
		fmt.Fprintf(out, "  … more findings than are listed (%d a detector)\n", classify.MaxFindings)
	}
	for _, p := range r.Parts {
		if p.Unread() {
			fmt.Fprintf(out, "  not read: part %s (%s): %s\n", p.Path, cmp.Or(p.Detected, p.Declared, "unknown type"), p.Problem)
		}
	}
	if len(r.Labels) > 0 {
		fmt.Fprintf(out, "  labels: %s\n", list(r.Labels))
	}
	if len(r.Anomalies) > 0 {
		fmt.Fprintf(out, "  odd form: %s\n", list(r.Anomalies))
	}
	return nil
}

// place says where a finding stands, as a person reads it.
func place(where extract.Where, part string, quoted bool) string {
	s := string(where)
	if part != "0" {
		s += " " + part
	}
	if quoted {
		s += ", quoted"
	}
	return s
}

// summary tells the counts in one line: "us-ssn 2 (high), iban 1 (medium)".
func summary(counts map[string]classify.Count) string {
	if len(counts) == 0 {
		return "nothing found"
	}
	ids := make([]string, 0, len(counts))
	for id := range counts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, id := range ids {
		n := counts[id]
		best := detect.Low
		if n.High > 0 {
			best = detect.High
		} else if n.Medium > 0 {
			best = detect.Medium
		}
		least := ""
		if n.AtLeast {
			least = "at least "
		}
		ids[i] = fmt.Sprintf("%s: %s%d unique of %d, best %s", id, least, n.Unique, n.Total, best)
	}
	return strings.Join(ids, "; ")
}
