package detect

// Detector says how one kind of sensitive data looks and is verified.
type Detector struct {
	ID    string // "us-ssn"; part of the public interface
	Title string // "US Social Security number", as a sender reads it
	// Mask returns the form of a canonical value that may be shown.
	Mask func(value string) string
	// Fingerprint tells whether values may be given a keyed fingerprint.
	Fingerprint bool
	// further fields: anchors, grammar, keywords, check, confidence table
}

// Builtin returns the detectors that postern ships, in the order that decides
// between equal spans.
func Builtin() []*Detector { panic("not built") }

// Options tunes detectors without code.
type Options struct {
	// ReportSpecimens reports never-issued specimen numbers (us-ssn).
	ReportSpecimens bool
}

// Set is a compiled choice of detectors: immutable and safe for concurrent use.
type Set struct {
	Detectors []*Detector
}

// Compile builds a Set.
func Compile(detectors []*Detector, opt Options) (*Set, error) { panic("not built") }

// Stream scans one stream of text. It is an io.Writer; for any way of cutting
// the text the matches are the same. Its memory is bounded whatever the length.
type Stream struct{}

// NewStream returns a Stream that hands its matches to emit in the order of
// their Start, overlaps resolved. emit may be called from Write and Close.
func (s *Set) NewStream(emit func(Match)) *Stream { panic("not built") }

// Write scans the next bytes. It never fails.
func (s *Stream) Write(b []byte) (int, error) { panic("not built") }

// Close ends the text and emits what was held back.
func (s *Stream) Close() error { panic("not built") }

// Reset makes a closed Stream ready for another text.
func (s *Stream) Reset(emit func(Match)) { panic("not built") }

// Settled returns the offset before which no further match will start.
func (s *Stream) Settled() int64 { panic("not built") }
