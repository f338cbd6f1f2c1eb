package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Digest is a short hash over the definition of a detector as it is tuned, the
// options that concern it included: two of the same digest find the same in the
// same text. What the code of a shipped detector does is not in it, nor Today.
func (d *Detector) Digest(opt *Options) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %d %t %t %t\n", d.ID, d.window, d.labelReach, d.Apart, d.literal, d.statements)
	if d.OnceARow || d.Alone {
		fmt.Fprintf(h, "once a row %t, alone %t\n", d.OnceARow, d.Alone)
	}
	for _, g := range d.keywords {
		fmt.Fprintf(h, "keywords %d %q\n", g.role, g.patterns)
	}
	for _, g := range d.grades {
		fmt.Fprintf(h, "grade %d %d %d %d %d %d\n", g.label, g.window, g.weak, g.alone, g.negative, g.backed)
	}
	if d.pattern != nil {
		fmt.Fprintf(h, "pattern %q\n", d.pattern.expr)
	}
	fmt.Fprintf(h, "check %q\ntriggers %q\n", d.checked, d.triggers)
	if l := d.lexicon; l != nil {
		fmt.Fprintf(h, "lexicon %d %d %d %d\n", l.Low, l.Medium, l.High, l.Distinct)
		for _, t := range l.Terms {
			fmt.Fprintf(h, "term %d %q %t %t %d %q\n", t.Weight, t.Phrases, t.CaseSensitive, t.Heading, t.UpTo, t.Pattern)
		}
	}
	switch d.ID {
	case usSSN.ID:
		fmt.Fprintln(h, opt.ReportSpecimens)
	case dob.ID:
		fmt.Fprintln(h, opt.MonthFirst)
	case ukBank.ID:
		if opt.SortCodes != nil {
			fmt.Fprintf(h, "%+v\n", opt.SortCodes.rows)
		}
	case markerID:
		fmt.Fprintf(h, "%+v\n", opt.Markers)
	}
	if d.statements {
		fmt.Fprintf(h, "%+v\n", opt.Statements)
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// Rivals reports whether the matches of a detector compete with those of others
// for the same text, so that what it finds may take the place of what they find.
func (d *Detector) Rivals() bool { return !d.Apart && d.lexicon == nil }
