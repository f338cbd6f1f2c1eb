package classify

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"sync"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Config is what a Scanner is built from. The zero value scans with all shipped
// detectors under the default limits.
type Config struct {
	Detectors []*detect.Detector // nil: detect.Builtin
	Detect    detect.Options
	Questions []Question
	// Exact asks for values of tables.
	Exact []Exact
	// Named counts single values of detectors by themselves.
	Named []Named
	// ByPart names the detectors, tables (Exact.ID) and values (Named.ID) whose findings are
	// also counted for each part by itself.
	ByPart []string
	Limits extract.Limits // zero: extract.DefaultLimits
	// OCR reads the text in pictures; nil: nobody does. All scans share it.
	OCR extract.OCR
	// Keys make Findings carry a keyed fingerprint, for the detectors that allow
	// one: the newest first, at most MaxKeys. Empty: none do.
	Keys []Key
	// Reveal puts the matched values into Findings. Only `postern scan
	// --reveal` sets it.
	Reveal bool
}

// Named is a value that is counted by itself beside all others of its detector,
// such as one marking among several. It must be one that the detector does not
// mask, else a count would give it away.
type Named struct{ ID, Detector, Value string }

// Scanner is compiled and immutable; all sessions share it.
type Scanner struct {
	set       *detect.Set
	questions []Question
	exact     []Exact
	named     []Named
	byPart    []bool
	limits    extract.Limits
	ocr       extract.OCR
	keys      []Key
	reveal    bool
	streams   sync.Pool // of *textStream, closed ones
}

// NewScanner compiles a Scanner.
func NewScanner(config Config) (*Scanner, error) {
	if config.Detectors == nil {
		config.Detectors = detect.Builtin()
	}
	bare, err := compileExact(config.Exact, config.Detectors)
	if err != nil {
		return nil, err
	}
	config.Detect.Candidates = append(slices.Clone(config.Detect.Candidates), bare...)
	config.Detect.Beaten = len(config.Exact) > 0
	set, err := detect.Compile(config.Detectors, config.Detect)
	if err != nil {
		return nil, err
	}
	if len(config.Keys) > MaxKeys {
		return nil, fmt.Errorf("%d keys for fingerprints, want at most %d", len(config.Keys), MaxKeys)
	}
	if config.Limits == (extract.Limits{}) {
		config.Limits = extract.DefaultLimits
	}
	s := &Scanner{
		set:       set,
		questions: config.Questions,
		exact:     config.Exact,
		named:     config.Named,
		limits:    config.Limits,
		ocr:       config.OCR,
		keys:      config.Keys,
		reveal:    config.Reveal,
	}
	for at := range s.counters() {
		if slices.Contains(config.ByPart, s.counterID(at)) {
			if s.byPart == nil {
				s.byPart = make([]bool, s.counters())
			}
			s.byPart[at] = true
		}
	}
	return s, nil
}

// counters is how many things are counted: the detectors, then what is asked of
// tables, then single values.
func (s *Scanner) counters() int { return len(s.set.Detectors) + len(s.exact) + len(s.named) }

func (s *Scanner) counterID(at int) string {
	n, m := len(s.set.Detectors), len(s.exact)
	switch {
	case at < n:
		return s.set.Detectors[at].ID
	case at < n+m:
		return s.exact[at-n].ID
	}
	return s.named[at-n-m].ID
}

// Detectors returns the detectors in use.
func (s *Scanner) Detectors() []*detect.Detector { return s.set.Detectors }

// Begin starts the scan of one mail, bounded by ctx and by the limits.
func (s *Scanner) Begin(ctx context.Context) *Scan {
	scan := &Scan{
		scanner: s,
		seed:    maphash.MakeSeed(),
		report: &Report{
			Tallies: map[string]*Tally{},
			Named:   map[string]*Tally{},
			Answers: map[string]Answer{},
			Partly:  map[string][]string{},
		},
		seen:   make([]map[uint64]signature, s.counters()),
		listed: make([]int, s.counters()),
		stamp:  newStamp(s.keys),
	}
	scan.parts.counted = s.byPart
	for _, q := range s.questions {
		scan.report.Answers[q.ID] = Answer{}
	}
	scan.Reader = extract.NewReader(ctx, s.limits, (*sink)(scan))
	if s.ocr != nil {
		scan.Reader.UseOCR(s.ocr)
	}
	return scan
}

// ScanMail scans a whole mail; the Report is as Finish returns it.
func (s *Scanner) ScanMail(ctx context.Context, mail io.Reader) (*Report, error) {
	scan := s.Begin(ctx)
	if err := extract.ReadMail(scan.Reader, mail); err != nil {
		return nil, err
	}
	return scan.Finish()
}
