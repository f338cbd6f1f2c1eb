package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// chunk is how much of a text is written at once, here as in hyperscan/hyperscan.c.
const chunk = 64 << 10

// hit is what a scan found: a place, and the index of the detector in
// testcorpus.Core, -1 if it is another one.
type hit struct{ id, start, end int }

// scan goes once over a text and tells what it finds.
type scan func(text []byte, found func(hit)) error

// newScan makes the scan of a name: core, all, all:TERMS, first:DETECTORS, mail
// or regexp. covers is true of a scan that may find more around a value.
func newScan(name string) (s scan, covers bool, err error) {
	kind, argument, _ := strings.Cut(name, ":")
	n := 0
	if argument != "" {
		if n, err = strconv.Atoi(argument); err != nil {
			return nil, false, fmt.Errorf("scan %q: %w", name, err)
		}
	}
	switch kind {
	case "regexp":
		return regexps(), true, nil
	case "mail":
		s, err = mails()
		return s, false, err
	}
	set, err := compile(kind, n)
	if err != nil {
		return nil, false, err
	}
	return stream(set), false, nil
}

// compile builds a set: core, the first n detectors, or all of them with n terms
// of a lexicon more.
func compile(kind string, n int) (*detect.Set, error) {
	detectors := detect.Builtin()
	switch kind {
	case "core":
		detectors = slices.DeleteFunc(detectors, func(d *detect.Detector) bool { return coreIndex(d.ID) < 0 })
	case "first":
		detectors = detectors[:min(n, len(detectors))]
	case "all":
		if n > 0 {
			detectors = append(detectors, lexicon(n).Detector())
		}
	default:
		return nil, fmt.Errorf("scan %q, want core, first:N, all, all:N, mail or regexp", kind)
	}
	return detect.Compile(detectors, detect.Options{})
}

// lexicon has terms that never make a level, so that it looks at all of them.
func lexicon(n int) *detect.Lexicon {
	l := &detect.Lexicon{ID: "bench-terms", Title: "terms of the benchmark", Low: 1 << 20, Medium: 1 << 20, High: 1 << 20}
	for _, term := range testcorpus.Terms(n) {
		l.Terms = append(l.Terms, detect.Term{Weight: 1, Phrases: []string{term}})
	}
	return l
}

func stream(set *detect.Set) scan {
	var ids []int
	for _, d := range set.Detectors {
		ids = append(ids, coreIndex(d.ID))
	}
	s := set.NewStream(nil)
	return func(text []byte, found func(hit)) error {
		s.Reset(func(m detect.Match) { found(hit{ids[m.Detector], int(m.Start), int(m.End)}) })
		for piece := range slices.Chunk(text, chunk) {
			s.Write(piece)
		}
		return s.Close()
	}
}

// regexps is package regexp with all shapes in one expression: one pass.
func regexps() scan {
	expr := regexp.MustCompile(strings.Join(full, "|"))
	return func(text []byte, found func(hit)) error {
		for _, at := range expr.FindAllIndex(text, -1) {
			found(hit{-1, at[0], at[1]})
		}
		return nil
	}
}

// mails scans the text as a whole mail. A report counts, so the places are those
// of the plants in turn: see plants of a mail.
func mails() (scan, error) {
	scanner, err := classify.NewScanner(classify.Config{})
	if err != nil {
		return nil, err
	}
	return func(text []byte, found func(hit)) error {
		report, err := scanner.ScanMail(context.Background(), bytes.NewReader(text))
		if err != nil {
			return err
		}
		counts := report.Counts()
		for i, id := range testcorpus.Core {
			for n := range counts[id].Total {
				found(hit{i, n, n})
			}
		}
		return nil
	}, nil
}
