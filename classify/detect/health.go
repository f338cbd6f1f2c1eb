package detect

import (
	"bytes"

	"github.com/postern-mail/postern/classify/anchor"
)

// ukNHS is the NHS number of England, Wales and the Isle of Man: ten digits, the
// last a check digit by mod 11. One number in eleven passes by chance, and the form
// is that of a US phone number, so without a word of the NHS near it little is found.
//
// Look-alikes: US phone numbers, ids of pages and orders, timestamps.
var ukNHS = &Detector{
	ID:    "uk-nhs",
	Title: "UK NHS number",
	Finds: "Ten digits that pass the check of mod 11; a remainder of 10 is not given out. Numbers in use begin with 4, 6 or 7, in England also with 3; the others, those for tests (999) among them, are medium at most. " +
		"One digit ten times is not found.",
	Forms:   []string{"NNN NNN NNNN", "NNN-NNN-NNNN", "NNNNNNNNNN"},
	Sources: []string{"NHS Data Dictionary, NHS NUMBER", "NHS number ranges in use"},
	Mask:    lastShown(3), Masking: "last three digits",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"nhs{| number| numbers| no.| num.| #| id}", "patient {id|number|no.|#}", "health service number",
	}}},
	places: []anchor.Want{{Digits: 10, Runs: grouped(3, 3, 4), First: begins(4, 6, 7), After: anchor.OnSpace}},
	backed: []anchor.Want{
		{Digits: 10, Runs: grouped(3, 3, 4), After: anchor.OnHyphen},
		{Digits: 10, Runs: grouped(3, 3, 4), First: begins(0, 1, 2, 3, 5, 8, 9), After: anchor.OnSpace},
		{Digits: 10, Runs: runs(10)},
	},
	find: findNHS,
	grades: []grade{
		nhsSpaces:  {form: "spaces, begins with 4, 6 or 7", label: High, window: High, alone: Low},
		nhsInUse:   {form: "hyphens or none, or begins with 3", label: High, window: High},
		nhsOutside: {form: "other beginnings", label: Medium, window: Medium},
	},
	accounts: true,
}

const (
	nhsSpaces = iota
	nhsInUse
	nhsOutside
)

func findNHS(f *finder, p int64) {
	t := f.text
	c := candidate{start: p, end: p + 10, bare: true, loose: true}
	if t.digits(p, 11) == 3 {
		c.sep = t.at(p + 3)
		if c.sep != ' ' && c.sep != '-' || t.digits(p+4, 4) != 3 || t.at(p+7) != c.sep || t.digits(p+8, 5) != 4 {
			return
		}
		c.end, c.bare, c.loose = p+12, false, false
		c.put(t.slice(p, p+3)...)
		c.put(t.slice(p+4, p+7)...)
		c.put(t.slice(p+8, p+12)...)
	} else {
		if t.digits(p, 11) != 10 {
			return
		}
		c.put(t.slice(p, c.end)...)
	}
	value := c.value[:c.size]
	if !mod11(value) || sameDigit(value) {
		return
	}
	switch first := value[0]; {
	case first == '3':
		c.form = nhsInUse
	case first != '4' && first != '6' && first != '7':
		c.form = nhsOutside
	case c.sep != ' ':
		c.form = nhsInUse
	}
	f.c = c
	f.stands(p)
}

// usMBI is the Medicare Beneficiary Identifier, which replaced the number made
// from the Social Security number: eleven characters, each place with its kind,
// no letters that look like digits.
//
// Look-alikes: product keys, part numbers.
var usMBI = &Detector{
	ID:    "us-mbi",
	Title: "US Medicare Beneficiary Identifier",
	Finds: "Eleven characters: a digit 1 to 9, a letter, a letter or digit, a digit, a letter, a letter or digit, a digit, two letters, two digits; the letters are never S, L, O, I, B or Z.",
	Forms: []string{"1EG4TE5MK73", "1EG4-TE5-MK73"},
	Sources: []string{
		"CMS, Understanding the Medicare Beneficiary Identifier format",
	},
	Mask: lastShown(4), Masking: "last four characters",
	Fingerprint: true,
	keywords:    []keywordGroup{{strong, []string{"mbi{|s}{| number| no.| #}", "medicare{| number| id| no.| #}", "beneficiar{y|ies}{| id| number| identifier}", "hicn"}}},
	places: []anchor.Want{{
		Digits: 2, Runs: runs(2), After: ^anchor.OnLetter,
		Before: anchor.OnLetter, Before2: anchor.OnLetter, Before3: anchor.OnDigit | anchor.OnHyphen,
	}},
	find: findMBI,
	grades: []grade{
		mbiDashed: {form: "with hyphens, upper case", label: High, window: High, alone: Medium},
		mbiUpper:  {form: "upper case", label: High, window: High, alone: Low},
		mbiLower:  {form: "lower case", label: High, window: High},
	},
}

const (
	mbiDashed = iota
	mbiUpper
	mbiLower
)

// mbiPlaces are the kinds of the places: c is 1 to 9, n a digit, a a letter, x
// either.
const mbiPlaces = "caxnaxnaann"

// findMBI finds a number by its last two digits, at p.
func findMBI(f *finder, p int64) {
	t := f.text
	c := candidate{start: p - 9, end: p + 2, form: mbiUpper}
	if t.at(p-3) == '-' {
		c.start, c.sep, c.form = p-11, '-', mbiDashed
	}
	q := c.start
	for i, kind := range []byte(mbiPlaces) {
		if c.sep != 0 && (i == 4 || i == 7) {
			if t.at(q) != c.sep {
				return
			}
			q++
		}
		b := t.at(q)
		if isLetter(b) && !isUpper(b) {
			b, c.form = b&^0x20, mbiLower
		}
		if !fitsMBI(b, kind) {
			return
		}
		c.put(b)
		q++
	}
	f.c = c
	f.stands(p)
}

func fitsMBI(b, kind byte) bool {
	letter := isUpper(b) && b != 'S' && b != 'L' && b != 'O' && b != 'I' && b != 'B' && b != 'Z'
	switch kind {
	case 'c':
		return isDigit(b) && b != '0'
	case 'n':
		return isDigit(b)
	case 'a':
		return letter
	}
	return letter || isDigit(b)
}

// icd10 is a diagnosis by the tenth revision of the International Classification
// of Diseases. It names nobody, and its form is that of rooms, parts and paper: only
// with a word of diagnoses near it does it mean a thing.
//
// Look-alikes: cells of spreadsheets, rooms, clauses, paper sizes, vitamins.
var icd10 = &Detector{
	ID:    "icd10",
	Title: "ICD-10 diagnosis code",
	Finds: "A letter, a digit, a letter or digit, and up to four letters or digits behind a full stop, which may be missing; U only from U07 to U10. A list of codes shares the label of the first.",
	Forms: []string{"I10", "E11.9", "S72.001A", "E119"},
	Sources: []string{
		"WHO, International Statistical Classification of Diseases and Related Health Problems, 10th revision",
		"CDC/NCHS, ICD-10-CM Official Guidelines for Coding and Reporting",
	},
	Mask: func(value string) string { return value }, Masking: "the code",
	keywords: []keywordGroup{{strong, []string{
		"icd-10{|-cm|-pcs}{| code| codes}", "icd10{|-cm|cm}{| code| codes}", "icd 10{| cm}{| code| codes}", "{diagnosis|diagnoses}{| code| codes}", "dx{| code| codes}", "condition {code|codes}",
	}}},
	places: []anchor.Want{{Digits: 1, Before: anchor.OnLetter}},
	find:   findICD10,
	grades: []grade{
		icdDotted:   {form: "with its full stop, or three characters", label: High, window: Medium},
		icdUndotted: {form: "more than three characters without full stop", label: Medium, window: Medium},
		icdLower:    {form: "lower case, with its full stop", label: High},
	},
	lists: true,
}

const (
	icdDotted = iota
	icdUndotted
	icdLower
)

func findICD10(f *finder, p int64) {
	t := f.text
	c := candidate{start: p - 1}
	if t.wordBefore(c.start) && t.at(c.start-1) != '_' { // "dx_E11": the boundary tells
		return
	}
	letter := t.at(c.start)
	if !isUpper(letter) {
		c.form = icdLower
	}
	n := int64(0)
	for n < 8 && (isLetter(t.at(p+n)) || isDigit(t.at(p+n))) {
		n++
	}
	if n < 2 || n > 6 {
		return
	}
	c.put(letter&^0x20, t.at(p), upperByte(t.at(p+1)))
	c.end = p + n
	tail := int64(0)
	if n == 2 && t.at(p+2) == '.' {
		for tail < 5 && (isLetter(t.at(p+3+tail)) || isDigit(t.at(p+3+tail))) {
			tail++
		}
	}
	if tail > 1 && bytes.IndexFunc(t.slice(p+3, p+3+tail), func(r rune) bool { return isDigit(byte(r)) }) < 0 {
		tail = 0 // "E11.pdf"
	}
	switch {
	case tail > 4, c.form == icdLower && tail == 0:
		return
	case tail > 0:
		c.end = p + 3 + tail
		c.put('.')
		for q := p + 3; q < c.end; q++ {
			c.put(upperByte(t.at(q)))
		}
	case n > 2:
		c.form = icdUndotted
		c.put('.')
		for q := p + 2; q < c.end; q++ {
			c.put(upperByte(t.at(q)))
		}
	}
	if chapter := string(c.value[1:3]); c.value[0] == 'U' && (chapter < "07" || chapter > "10") {
		return
	}
	f.c = c
	f.stands(p)
}

func upperByte(b byte) byte {
	if isLetter(b) {
		return b &^ 0x20
	}
	return b
}
