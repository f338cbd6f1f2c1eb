package detect

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/postern-mail/postern/classify/anchor"
)

// usITIN is the Individual Taxpayer Identification Number, which the IRS gives to
// those who cannot have a Social Security number: the same form, area 9xx, and a
// group of a few ranges. Group 93 is that of adoption numbers (ATIN), 89 is unused.
//
// Look-alikes: those of the Social Security number.
var usITIN = &Detector{
	ID:      "us-itin",
	Title:   "US Individual Taxpayer Identification Number",
	Finds:   "Nine digits in the form of a Social Security number that begin with 9, with a group of 50 to 65, 70 to 88, 90 to 92 or 94 to 99.",
	Forms:   []string{"9NN-NN-NNNN", "9NN NN NNNN", "9NN.NN.NNNN", "9NNNNNNNN"},
	Sources: []string{"IRS, Individual taxpayer identification numbers, ranges of the fourth and fifth digits"},
	Mask:    lastShown(4), Masking: "last four digits",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"itin{|s}{| number| no.| #}", "individual taxpayer {identification number|id}", "tax id{| number| no.| #}", "taxpayer id{| number| no.| #}", "tin{| number| no.| #}", "w-7",
	}}},
	places: []anchor.Want{{Digits: 9, Runs: grouped(3, 2, 4), First: begins(9)}},
	backed: []anchor.Want{{Digits: 9, Runs: runs(9), First: begins(9)}},
	find:   findITIN,
	grades: []grade{
		ssnHyphens: {form: "hyphens", label: High, window: High, alone: Medium, negative: Low},
		ssnSpaces:  {form: "spaces or full stops", label: High, window: High, alone: Low},
		ssnBare:    {form: "nine digits", label: Medium, window: Medium},
	},
	accounts: true,
}

func findITIN(f *finder, p int64) {
	if f.text.at(p) != '9' {
		return
	}
	c := &f.c
	if !shapeSSN(f.text, p, c) || f.hopeless(p) {
		return
	}
	digitsSSN(f.text.slice(c.start, c.end), c)
	switch group := number(c.value[4:6]); {
	case group >= 50 && group <= 65, group >= 70 && group <= 88, group >= 90 && group <= 92, group >= 94:
		f.stands(p)
	}
}

// usEIN is the Employer Identification Number, given by the IRS. Its first two
// digits tell the campus that assigned it; there is no check digit.
//
// Look-alikes: part numbers, numbers of cases and documents.
var usEIN = &Detector{
	ID:      "us-ein",
	Title:   "US Employer Identification Number",
	Finds:   "Two digits that the IRS has assigned to a campus, a hyphen, and seven digits; without the hyphen only under a label.",
	Forms:   []string{"NN-NNNNNNN", "NNNNNNNNN"},
	Sources: []string{"IRS, How EINs are assigned and valid EIN prefixes"},
	Mask:    lastShown(4), Masking: "last four digits",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"{ein|fein}{|s}{| number| no.| #}", "employer{|'s} {id|identification}{| number| no.| #}",
		"federal {tax |}{id|identification}{| number| no.| #}", "federal employer {id|identification}{| number| no.| #}",
	}}},
	places:   []anchor.Want{{Digits: 9, Runs: [3]uint32{1 << 2, 1 << 7}, After: anchor.OnHyphen}},
	labelled: []anchor.Want{{Digits: 9, Runs: runs(9)}},
	find:     findEIN, atDigit: true,
	grades: []grade{
		einHyphen: {form: "hyphen", label: High, window: Low, alone: Low},
		einBare:   {form: "nine digits", label: Medium},
	},
	accounts: true,
}

const (
	einHyphen = iota
	einBare
)

//go:embed data/ein.txt
var einData string

// einPrefixes are the prefixes that were assigned.
var einPrefixes = sync.OnceValue(func() (assigned [100]bool) {
	for item := range strings.FieldsSeq(strings.Join(dataLines(einData), " ")) {
		first, last, found := strings.Cut(item, "-")
		if !found {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		for n := from; n <= to; n++ {
			assigned[n] = true
		}
	}
	return assigned
})

func findEIN(f *finder, p int64) {
	t := f.text
	c := candidate{start: p}
	switch t.digits(p, 10) {
	case 2:
		if t.at(p+2) != '-' || t.digits(p+3, 8) != 7 {
			return
		}
		c.end, c.form, c.sep = p+10, einHyphen, '-'
		c.put(t.slice(p, c.end)...)
	case 9:
		c.end, c.form, c.bare, c.loose = p+9, einBare, true, true
		c.put(t.at(p), t.at(p+1), '-')
		c.put(t.slice(p+2, c.end)...)
	default:
		return
	}
	if einPrefixes()[number(c.value[:2])] {
		f.c = c
		f.stands(p)
	}
}
