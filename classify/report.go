package classify

import (
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Finding is a match made safe to carry: where it is and how sure we are, with a
// masked sample in place of the value.
type Finding struct {
	Detector    string            `json:"detector"`
	Value       string            `json:"value,omitempty"` // only from a Scanner with Reveal
	Masked      string            `json:"masked"`
	Fingerprint string            `json:"fingerprint,omitempty"` // only with a key
	Confidence  detect.Confidence `json:"confidence"`
	Part        string            `json:"part"`
	Where       extract.Where     `json:"where"`
	Quoted      bool              `json:"quoted"`
	Offset      int64             `json:"offset"` // bytes into the part's text
	End         int64             `json:"end"`
	Context     []string          `json:"context"`
}

// Report is everything known about the content of one mail. It holds answers and
// counts, never text. It does not change once returned, and is safe for
// concurrent use.
type Report struct {
	Findings          []Finding         `json:"findings"`
	FindingsTruncated bool              `json:"findings_truncated"`
	Tallies           map[string]*Tally `json:"tallies"` // by detector id; only detectors that found something
	Answers           map[string]Answer `json:"answers"` // by Question.ID
	Parts             []extract.Part    `json:"parts"`
	Anomalies         []string          `json:"anomalies"`
	Bytes             int64             `json:"bytes"` // text and raw bytes read, for the meter
}

// Unread lists the parts that could hold text which was not read.
func (r *Report) Unread() []extract.Part {
	var unread []extract.Part
	for i := range r.Parts {
		if r.Parts[i].Unread() {
			unread = append(unread, r.Parts[i])
		}
	}
	return unread
}

// Count tells how often one detector found something. Each unique value counts
// once, at its best level; Total counts every finding.
type Count struct {
	Total   int  `json:"total"`
	Unique  int  `json:"unique"`
	High    int  `json:"high"`
	Medium  int  `json:"medium"`
	Low     int  `json:"low"`
	AtLeast bool `json:"at_least,omitempty"` // Unique is a lower bound
}

// Counts returns the Count of every detector that found something.
func (r *Report) Counts() map[string]Count {
	counts := make(map[string]Count, len(r.Tallies))
	for id, t := range r.Tallies {
		counts[id] = t.Count()
	}
	return counts
}

// Question is what a compiled policy asks of content, beside the detectors. The
// Scanner answers it by ID.
type Question struct {
	ID   string // stable: the same question has the same ID in every policy
	Kind QuestionKind
	// Field is the header field that a HeaderField question looks at.
	Field string
	// Text is the tag with its brackets (Tag), or the phrase that the field's
	// value must hold, case and white space ignored (HeaderField; empty asks
	// whether the field is there at all).
	Text string
}

// QuestionKind tells what a Question asks.
type QuestionKind uint8

// Kinds of questions.
const (
	Tag         QuestionKind = iota // is the tag in the decoded Subject, any case?
	HeaderField                     // does a field of the mail's own header hold the text?
)

// Answer is the Scanner's answer to a Question.
type Answer struct {
	Yes bool `json:"yes"`
	// Near says that no tag was found, but something that was meant as one:
	// other or missing brackets, full-width letters, a letter too many or few.
	Near bool `json:"near,omitempty"`
}
