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
	Fingerprint string            `json:"fingerprint,omitempty"`       // only with a key
	Older       string            `json:"older_fingerprint,omitempty"` // under the key before, while keys overlap
	Confidence  detect.Confidence `json:"confidence"`
	Part        string            `json:"part"`
	Where       extract.Where     `json:"where"`
	Quoted      bool              `json:"quoted"`
	Offset      int64             `json:"offset"` // bytes into the part's text
	End         int64             `json:"end"`
	Context     []string          `json:"context"`
	// Rival is, of a value of a table, the detector that finds something else in the
	// same text; empty if none does.
	Rival string `json:"rival,omitempty"`
}

// Report is everything known about the content of one mail. It holds answers and
// counts, never text. It does not change once returned, and is safe for
// concurrent use.
type Report struct {
	Findings          []Finding `json:"findings"`
	FindingsTruncated bool      `json:"findings_truncated"`
	// Fingerprints are those of the different values that were counted, each once, in the
	// order in which they were first found: of a detector or table at most MaxUnique, in
	// all at most MaxFingerprints. FingerprintsTruncated says that some are missing.
	Fingerprints          []Fingerprint     `json:"fingerprints,omitempty"`
	FingerprintsTruncated bool              `json:"fingerprints_truncated,omitempty"`
	Tallies               map[string]*Tally `json:"tallies"` // by detector id; only detectors that found something
	// Named are the tallies of single values, by Named.ID.
	Named map[string]*Tally `json:"named"`
	// ByPart holds the tallies of each part by itself, in the order of Parts, of
	// the detectors that Config.ByPart names; nil for a part in which they found
	// nothing, and nil as a whole if none was named.
	ByPart    []map[string]*Tally `json:"by_part"`
	Answers   map[string]Answer   `json:"answers"` // by Question.ID
	Parts     []extract.Part      `json:"parts"`
	Anomalies []string            `json:"anomalies"`
	Bytes     int64               `json:"bytes"` // decoded bytes of all parts
	// Unable says why no statement can be added to the mail, in a few words of a
	// closed set; empty if one can, or if nobody has tried. Whoever tries sets it.
	Unable string `json:"unable"`
	// Asked tells by short digests what was asked of the mail: detectors as they were
	// tuned, values, tables, counts by part. Whoever asked sets it.
	Asked []string `json:"asked,omitempty"`
	// Partly holds, by Exact.ID, the columns of the row of which the most stood together
	// though not those that are asked for.
	Partly map[string][]string `json:"partly,omitempty"`
	// SafeNames holds, by part path, the file names that may be shown to a
	// sender: at most MaxSafeName ASCII characters, runs of four or more digits
	// starred, and holding nothing that a detector knows. Other names are missing.
	SafeNames map[string]string `json:"-"`
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
