// Package classify says what is in a mail.
package classify

import (
	"context"
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
type Scanner struct{}

// NewScanner compiles a Scanner.
func NewScanner(config Config) (*Scanner, error) { panic("not built") }

// Detectors returns the detectors in use.
func (s *Scanner) Detectors() []*detect.Detector { panic("not built") }

// Scan is one mail being read. Field and Write take it as it arrives, Finish
// ends it. It belongs to one goroutine.
type Scan struct {
	*extract.Reader
}

// Begin starts the scan of one mail, bounded by ctx and by the limits.
func (s *Scanner) Begin(ctx context.Context) *Scan { panic("not built") }

// Finish closes the mail and returns its Report. The error is that of a
// cancelled context; nothing a mail contains makes an error.
func (s *Scan) Finish() (*Report, error) { panic("not built") }

// ScanMail scans a whole mail; the Report is as Finish returns it.
func (s *Scanner) ScanMail(ctx context.Context, mail io.Reader) (*Report, error) {
	panic("not built")
}
