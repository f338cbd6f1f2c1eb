package detect

import "time"

// Options tunes detectors without code.
type Options struct {
	// ReportSpecimens reports never-issued specimen numbers (us-ssn).
	ReportSpecimens bool
	// Today tells the day after which nobody is born yet (dob). nil takes any day to
	// the end of 2099, and years of two digits from 30 on as those of 19xx.
	Today func() time.Time
	// MonthFirst reads a date that has two readings with its month first (dob).
	MonthFirst bool
	// SortCodes checks accounts of UK banks (uk-bank); nil checks none.
	SortCodes *SortCodes
	// Markers are the strings that the detector marker finds; nil: DefaultMarkers.
	Markers []Marker
	// Statements are the statements that the detector disclaimer knows by name;
	// nil: DefaultStatements.
	Statements []Statement
	// Candidates names detectors whose candidates are reported at level None
	// where nothing speaks for them, or all against them. Shape, checks and
	// surroundings are right, no more.
	Candidates []string
	// Beaten also reports those of their values, at level None, whose text another
	// detector took: they may be what a table holds.
	Beaten bool
}

// Marker is a literal string that senders put into mail by agreement.
type Marker struct {
	Text        string
	SubjectOnly bool // counts in the Subject alone
}

// DefaultMarkers are the markers of the shipped policies.
var DefaultMarkers = []Marker{{Text: "E_M_A_I_L_B_L_O_C_K"}, {Text: "[encrypt]", SubjectOnly: true}}

// Statement is a text that mail must carry, known by its name.
type Statement struct{ Name, Text string }

// Kind tells a Stream what its text is.
type Kind uint8

// The kinds of text. A text of kind Plain that begins with "Subject:" begins with
// a Subject.
const (
	Plain   Kind = iota
	Subject      // the whole text is the Subject of a mail
)

// maxSubject is how much of a text that begins with "Subject:" can be its
// Subject: a line of the greatest length (RFC 5322, section 2.1.1).
const maxSubject = 998

// findSubject notes where the Subject stands in the text.
func (f *finder) findSubject() {
	t := f.text
	if f.kind == Subject {
		f.subject = span{0, 1 << 62}
		return
	}
	const name = "subject:"
	if !hasPrefixFold(t.slice(0, int64(len(name))), name) {
		return
	}
	to := int64(len(name))
	for to < maxSubject && to < t.end() && t.at(to) != '\r' && t.at(to) != '\n' {
		to++
	}
	f.subject = span{int64(len(name)), to}
}

func (s span) holds(h hit) bool { return h.start >= s.from && h.end <= s.to }

// hasPrefixFold reports whether b begins with a prefix in lower case, whatever
// the case of b.
func hasPrefixFold(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := b[i]
		if isUpper(c) {
			c |= 0x20
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

// today is the zero time if nobody tells it.
func (o *Options) today() time.Time {
	if o.Today == nil {
		return time.Time{}
	}
	return o.Today()
}
