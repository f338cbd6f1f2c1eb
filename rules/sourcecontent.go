package rules

import (
	"strconv"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
)

// sourceDetector is a detector of the admin's own, or how a shipped one is tuned.
type sourceDetector struct {
	Pos
	ID              string           `toml:"id"`
	Title           string           `toml:"title"`
	Pattern         string           `toml:"pattern"`
	Words           Strings          `toml:"words"`
	File            string           `toml:"file"`
	Validate        string           `toml:"validate"`
	Keywords        Strings          `toml:"keywords"`
	Negative        Strings          `toml:"negative"`
	Window          int              `toml:"window"`
	Confidence      sourceConfidence `toml:"confidence"`
	Mask            string           `toml:"mask"`
	Fingerprint     bool             `toml:"fingerprint"`
	Match           Strings          `toml:"match"`
	NearMisses      Strings          `toml:"near_misses"`
	Apart           bool             `toml:"apart"`
	OnceARow        bool             `toml:"once_a_row"`
	Alone           bool             `toml:"alone"`
	Off             bool             `toml:"off"`
	ReportSpecimens bool             `toml:"report_specimens"`
	KeywordsAdd     Strings          `toml:"keywords_add"`
	NegativeAdd     Strings          `toml:"negative_add"`
	MonthFirst      *bool            `toml:"month_first"`
	BornUntil       date             `toml:"born_until"`
	SortCodes       string           `toml:"sort_codes"`
}

func (d *sourceDetector) ident() *string { return &d.ID }

// tunes reports whether the table says nothing that would make a detector.
func (d *sourceDetector) tunes() bool {
	for key := range d.keys {
		switch key {
		case "id", "off", "report_specimens", "keywords_add", "negative_add", "month_first", "born_until", "sort_codes":
		default:
			return false
		}
	}
	return true
}

// sourceConfidence is what each context of a value is worth.
type sourceConfidence struct {
	Pos
	Label    *level `toml:"label"`
	Context  *level `toml:"context"`
	Without  *level `toml:"without"`
	Negative *level `toml:"negative"`
}

// level is a level of confidence, or none.
type level struct{ detect.Confidence }

func (l *level) UnmarshalText(b []byte) error {
	if string(b) == "none" {
		l.Confidence = detect.None
		return nil
	}
	return l.Confidence.UnmarshalText(b)
}

// sourceLexicon is a list of terms with weights.
type sourceLexicon struct {
	Pos
	ID         string            `toml:"id"`
	Title      string            `toml:"title"`
	Terms      map[string]int    `toml:"terms"`
	File       string            `toml:"file"`
	Thresholds *sourceThresholds `toml:"thresholds"`
	UpTo       int               `toml:"up_to"`
	Distinct   int               `toml:"distinct"`
	Match      Strings           `toml:"match"`
	NearMisses Strings           `toml:"near_misses"`
	Off        bool              `toml:"off"`
}

func (l *sourceLexicon) ident() *string { return &l.ID }

// sourceThresholds are the least scores of the levels.
type sourceThresholds struct {
	Pos
	Low    int `toml:"low"`
	Medium int `toml:"medium"`
	High   int `toml:"high"`
}

// sourceTable is a table for exact data match.
type sourceTable struct {
	Pos
	ID      string         `toml:"id"`
	Title   string         `toml:"title"`
	File    string         `toml:"file"`
	KeyFile string         `toml:"key_file"`
	Columns *sourceColumns `toml:"columns"`
}

func (t *sourceTable) ident() *string { return &t.ID }

// sourceColumns are the columns of a table that must stand together: so many, or
// these.
type sourceColumns struct {
	least int
	names Strings
}

func (c *sourceColumns) fromTOML(d *decoder, n node) {
	if number, ok := n.value.(int64); ok {
		if number < 1 || number > 16 {
			d.wanted(n, "1 to 16, or names of columns")
			return
		}
		c.least = int(number)
		return
	}
	decodeInto(d, n, &c.names)
	if len(c.names) == 0 {
		d.wrong(n, "", "names no column")
	}
}

// key tells two demands apart.
func (c *sourceColumns) key() string {
	if len(c.names) == 0 {
		return strconv.Itoa(c.least)
	}
	return strings.Join(c.names, "+")
}
