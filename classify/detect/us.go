package detect

import "github.com/postern-mail/postern/classify/anchor"

// usSSN is the US Social Security number, given by the Social Security
// Administration: area, group, serial. It has no check digit. Since 25 June 2011
// areas are drawn at random and carry no meaning; 773 to 899 are given out, so
// neither a highest area nor the old list of groups says anything.
//
// Look-alikes: numbers of orders, tracking, accounts and bank routing (bare),
// phone numbers of ten digits, groups of an ISBN, timestamps, git index lines,
// ITINs (area 9xx).
var usSSN = &Detector{
	ID:    "us-ssn",
	Title: "US Social Security number",
	Finds: "Area, group and serial of a number that can have been issued: the area is not 000, 666 or 900 to 999, the group not 00, the serial not 0000. " +
		"Numbers that were printed as specimens and never issued (078-05-1120, 219-09-9999, 123-45-6789, one digit nine times) are found only if the option for specimens is set.",
	Forms: []string{"AAA-GG-SSSS", "AAA GG SSSS", "AAA.GG.SSSS", "AAAGGSSSS"},
	Sources: []string{
		"SSA POMS RM 10201.035, invalid social security numbers",
		"SSA, Social Security Number Randomization, frequently asked questions (25 June 2011)",
		"SSA, Social Security Cards Issued by Woolworth, and other misused numbers",
	},
	Mask:        lastShown(4),
	Masking:     "last four digits",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"ssn{|s}{| #}", "ss {#|no.|num.|number}", "{soc.|social} sec.", "social security{| number| numbers| no.| num.| #}",
		"ssa number", "ssid", "{número|numero} de seguro social",
	}}},
	places: []anchor.Want{
		{Digits: 9, Runs: grouped(3, 2, 4), Before: ^anchor.OnLetter},
	},
	backed: []anchor.Want{
		{Digits: 9, Runs: runs(9), Before: ^anchor.OnLetter, After: ^anchor.OnLetter},
	},
	find: findSSN, atDigit: true,
	grades: []grade{
		ssnHyphens: {"hyphens", High, High, None, Medium, Low, None},
		ssnSpaces:  {"spaces or full stops", High, High, None, Low, None, None},
		ssnBare:    {"nine digits", Medium, Medium, None, None, None, None},
	},
	accounts: true,
}

const (
	ssnHyphens = iota
	ssnSpaces
	ssnBare
)

func findSSN(f *finder, p int64) {
	c := &f.c
	if !shapeSSN(f.text, p, c) || f.touched(c) || c.bare && (f.denied(p) || f.linked(p)) || f.hopeless(p) {
		return
	}
	digitsSSN(f.text.slice(c.start, c.end), c)
	if validSSN(c) && (f.set.options.ReportSpecimens || !specimenSSN(c)) {
		f.stands(p)
	}
}

// shapeSSN finds three, two and four digits with the same separator twice, or
// nine digits, at p.
func shapeSSN(t *text, p int64, c *candidate) bool {
	switch t.digits(p, 10) {
	case 9:
		*c = candidate{start: p, end: p + 9, form: ssnBare, bare: true, loose: true}
		return true
	case 3:
	default:
		return false
	}
	form, sep := ssnSpaces, t.at(p+3)
	if sep == '-' {
		form = ssnHyphens
	} else if sep != ' ' && sep != '.' {
		return false
	}
	if t.at(p+6) != sep || t.digits(p+4, 3) != 2 || t.digits(p+7, 5) != 4 {
		return false
	}
	*c = candidate{start: p, end: p + 11, form: form, sep: sep}
	return true
}

// digitsSSN writes the canonical form, AAA-GG-SSSS.
func digitsSSN(s []byte, c *candidate) {
	if c.bare {
		c.put(s[:3]...)
		c.put('-')
		c.put(s[3:5]...)
		c.put('-')
		c.put(s[5:]...)
		return
	}
	c.put(s...)
	c.value[3], c.value[6] = '-', '-'
}

func validSSN(c *candidate) bool {
	area, group, serial := c.value[:3], c.value[4:6], c.value[7:11]
	return area[0] != '9' && string(area) != "000" && string(area) != "666" && string(group) != "00" && string(serial) != "0000"
}

// specimenSSN reports whether the number was printed as a specimen. A number
// that shares only its beginning with one is somebody's.
func specimenSSN(c *candidate) bool {
	v := c.value[:c.size]
	switch string(v) {
	case "078-05-1120", "219-09-9999", "123-45-6789":
		return true
	}
	for _, digit := range v {
		if digit != '-' && digit != v[0] {
			return false
		}
	}
	return true
}

// moDCN is the Departmental Client Number of the Missouri Department of Social
// Services: eight digits, assigned often at birth and never deleted; it is also
// the number on the MO HealthNet card. It has no check digit and no published
// range, so all depends on what is said around it. Ten digits that begin with 00
// are taken as the same number, filled with zeros.
//
// Look-alikes: dates, UK account numbers, invoices, "document control number"
// and "design change notice", which are DCN too, and Medicare's DCN of 13 and
// more digits.
var moDCN = &Detector{
	ID:    "mo-dcn",
	Title: "Missouri Departmental Client Number",
	Finds: "Eight digits that are called a DCN or a MO HealthNet number, or a client, participant, recipient, Medicaid or member number near a word that tells of Missouri. " +
		"One digit eight times is not found. A list of numbers shares the label of the first.",
	Forms: []string{"NNNNNNNN", "00NNNNNNNN"},
	Sources: []string{
		"MO HealthNet, CMS-1500 claim filing instructions, field 1a",
		"Missouri DSS, Family Support Division, memorandum IM-64 (2013)",
		"Missouri DSS, Income Maintenance manual 1860.010.10",
	},
	Mask:        lastShown(2),
	Masking:     "last two digits",
	Fingerprint: true,
	keywords: []keywordGroup{
		{strong, []string{
			"dcn{|s}{| #}", "{departmental|dept.|department} client {number|numbers|no.|num.|id|#}",
			"mo health net {|participant }{id|number|no.|#}",
		}},
		{weak, []string{"{client|participant|recipient|medicaid|member} {number|no.|id|num.|#}"}},
		{cue, []string{"missouri", "mo health net", "mo.gov", "dss", "fsd", "famis", "medes", "family support division", "dhss"}},
	},
	places: []anchor.Want{{Digits: 8, Runs: runs(8, 10), Before: ^anchor.OnLetter, After: ^anchor.OnLetter}},
	find:   findDCN,
	grades: []grade{
		dcnPlain:      {"eight digits", High, Medium, Low, None, None, None},
		dcnDate:       {"eight digits that are also a date", Medium, Low, None, None, None, None},
		dcnFilled:     {"ten digits, filled with zeros", Medium, Medium, Low, None, None, None},
		dcnFilledDate: {"ten digits, filled with zeros, the rest also a date", Medium, Low, None, None, None, None},
	},
	accounts: true,
	asks:     true,
	lists:    true,
	atDigit:  true,
}

const (
	dcnPlain = iota
	dcnDate
	dcnFilled
	dcnFilledDate
)

func findDCN(f *finder, p int64) {
	t, c := f.text, &f.c
	n := int64(t.digits(p, 11))
	if n != 8 && (n != 10 || t.at(p) != '0' || t.at(p+1) != '0') {
		return
	}
	if c.form = dcnPlain; f.denied(p) || f.linked(p) || f.hopeless(p) {
		return
	}
	*c = candidate{start: p, end: p + n, form: dcnPlain, bare: true, loose: true}
	if n == 10 {
		c.form = dcnFilled
	}
	if f.touched(c) {
		return
	}
	c.put(t.slice(c.end-8, c.end)...)
	value := c.value[:c.size]
	if sameDigit(value) {
		return
	}
	if isDate(value[:4], value[4:6], value[6:]) || isDate(value[4:], value[:2], value[2:4]) {
		c.form++
	}
	f.stands(p)
}

// isDate reports whether year, month and day are a day from 1900 to 2099.
func isDate(year, month, day []byte) bool {
	y, m, d := number(year), number(month), number(day)
	return y >= 1900 && y <= 2099 && isDay(y, m, d)
}

func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}
