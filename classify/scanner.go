package classify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"io"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Config is what a Scanner is built from. The zero value scans with all shipped
// detectors under the default limits.
type Config struct {
	Detect    detect.Options
	Questions []Question
	Limits    extract.Limits // zero: extract.DefaultLimits
	// FingerprintKey makes Findings carry a keyed fingerprint, for the
	// detectors that allow one. Empty: none do.
	FingerprintKey []byte
	// Reveal puts the matched values into Findings. Only `postern scan
	// --reveal` sets it.
	Reveal bool
}

// Scanner is compiled and immutable; all sessions share it.
type Scanner struct {
	set       *detect.Set
	questions []Question
	limits    extract.Limits
	key       []byte
	reveal    bool
}

// NewScanner compiles a Scanner.
func NewScanner(config Config) (*Scanner, error) {
	set, err := detect.Compile(detect.Builtin(), config.Detect)
	if err != nil {
		return nil, err
	}
	if config.Limits == (extract.Limits{}) {
		config.Limits = extract.DefaultLimits
	}
	return &Scanner{
		set:       set,
		questions: config.Questions,
		limits:    config.Limits,
		key:       config.FingerprintKey,
		reveal:    config.Reveal,
	}, nil
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
			Answers: map[string]Answer{},
		},
		seen: make([]map[uint64]signature, len(s.set.Detectors)),
	}
	for _, q := range s.questions {
		scan.report.Answers[q.ID] = Answer{}
	}
	scan.Reader = extract.NewReader(ctx, s.limits, (*sink)(scan))
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

// fingerprint is an HMAC-SHA-256 (RFC 2104) over detector and value, cut to 80
// bits: enough to tell two numbers apart, and worthless without the key.
func (s *Scanner) fingerprint(d *detect.Detector, value string) string {
	if len(s.key) == 0 || !d.Fingerprint {
		return ""
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(d.ID + "\x00" + value))
	return hex.EncodeToString(mac.Sum(nil)[:10])
}
