package detect

import "github.com/postern-mail/postern/classify/anchor"

// usDLWI is the driver licence number of Wisconsin, SSSS-FFFY-YDDD-NN: the
// initial and Soundex code of the surname, a code of the first name, the year of
// birth around it, the day of birth with 500 more for women, and two digits that
// tell apart who is left.
//
// Look-alikes: other licences, serial numbers.
var usDLWI = &Detector{
	ID:    "us-dl-wi",
	Title: "Wisconsin driver licence number",
	Finds: "A letter and thirteen digits: the three behind the letter are a Soundex code (0 to 6, zeros at its end only), the tenth to twelfth, less 500 for women, 40 times the month before and the day, a day of the calendar.",
	Forms: []string{"SSSS-FFFY-YDDD-NN", "SSSSFFFYYDDDNN"},
	Sources: []string{
		"Wisconsin DMV, driver license number; A. De Smet, Wisconsin driver's license numbers",
		"Wisconsin Administrative Code, Trans 102",
	},
	Mask: lastShown(4), Masking: "last four digits",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"{driver|driver's|drivers|drivers'|operator|operator's|operators|driving} licen{c|s}e{|s}{| number| no.| #}", "driver{|'s|s} {record|records}", "dl{|n}{| number| no.| #}", "oln", "wis dot", "dmv",
	}}},
	places: []anchor.Want{{Digits: 13, Runs: grouped(3, 4, 4), Before: anchor.OnLetter}, {Digits: 13, Runs: runs(13), Before: anchor.OnLetter}},
	find:   findWisconsin,
	grades: []grade{
		wiDashed:  {form: "with hyphens", label: High, window: High, alone: Medium},
		wiCompact: {form: "in one run, upper case", label: High, window: High, alone: Low},
		wiLower:   {form: "in one run, lower case", label: High, window: High},
	},
}

const (
	wiDashed = iota
	wiCompact
	wiLower
)

func findWisconsin(f *finder, p int64) {
	t := f.text
	c := candidate{start: p - 1, end: p + 13, form: wiCompact}
	letter := t.at(c.start)
	c.put(letter &^ 0x20)
	if t.digits(p, 14) == 13 {
		c.put(t.slice(p, c.end)...)
		if !isUpper(letter) {
			c.form = wiLower
		}
	} else {
		c.end, c.sep, c.form = p+16, '-', wiDashed
		if t.digits(p, 4) != 3 || t.at(p+3) != '-' || t.digits(p+4, 5) != 4 || t.at(p+8) != '-' || t.digits(p+9, 5) != 4 || t.at(p+13) != '-' || t.digits(p+14, 3) != 2 {
			return
		}
		c.put(t.slice(p, p+3)...)
		c.put(t.slice(p+4, p+8)...)
		c.put(t.slice(p+9, p+13)...)
		c.put(t.slice(p+14, p+16)...)
	}
	if v := c.value[:c.size]; isSoundex(v[1:4]) && isBirthday(number(v[9:12])%500, number(v[7:9])) {
		f.c = c
		f.stands(p)
	}
}

// isSoundex reports whether three digits are a Soundex code.
func isSoundex(digits []byte) bool {
	ended := false
	for _, c := range digits {
		if c > '6' || ended && c != '0' {
			return false
		}
		ended = c == '0'
	}
	return true
}

// isBirthday reports whether a number is 40 for each month before and the day, in
// a year of which only two digits are known.
func isBirthday(n, year int) bool {
	month, day := (n-1)/40+1, (n-1)%40+1
	return n > 0 && isDay(2000+year, month, day)
}

// usDL is a driver licence of any US state, by its label: the forms of the states
// cover nearly all there is of letters and digits.
//
// Look-alikes: forms, plates, keys of software, any other number of a person.
var usDL = &Detector{
	ID:    "us-dl",
	Title: "US driver licence number",
	Finds: "Six to nineteen capitals, digits and hyphens with at least four digits, under a label of driver licences. A form's number is none.",
	Forms: []string{"A1234567", "S123-4567-8901", "123456789"},
	Sources: []string{
		"AAMVA DL/ID Card Design Standard, customer identifier",
	},
	Mask: lastShown(4), Masking: "last four characters",
	Fingerprint: true,
	keywords: []keywordGroup{
		{strong, []string{
			"{driver|driver's|drivers|drivers'|operator|operator's|operators|driving} licen{c|s}e{| number| no.| #| id}", "commercial driver{|'s|s} licen{c|s}e{| number| no.| #}",
			"dl {#|:|no.|number}", "dln{| #}", "oln{| #}", "cdl{| number| no.| #}",
		}},
		{weak, []string{"licen{c|s}e {number|no.|#}"}},
		{cue, []string{"dmv"}},
		{heads, []string{"dl"}},
		{against, []string{"form{|s}", "plate", "software", "marriage", "fishing", "section", "expir{es|y|ation}", "dob", "date"}},
	},
	places: []anchor.Want{{Digits: 1}},
	find:   findLicence,
	grades: []grade{{form: "letters, digits and hyphens", label: Medium, weak: Medium}},
}

// The bounds of a licence's length.
const (
	minLicence       = 6
	maxLicence       = 19
	minLicenceDigits = 4
)

func findLicence(f *finder, p int64) {
	t := f.text
	c := candidate{start: p}
	for c.start > p-maxLicence && isLicence(t.at(c.start-1)) {
		c.start--
		if isDigit(t.at(c.start)) {
			return // the candidate was looked at where its first digit is
		}
	}
	for t.at(c.start) == '-' {
		c.start++
	}
	c.end = p
	for q := c.start; q < p; q++ { // "DLN-A1234567"
		if t.at(q) == '-' && f.keywordEnds(&c, q) {
			c.start = q + 1
		}
	}
	for c.end <= c.start+maxLicence && isLicence(t.at(c.end)) {
		c.end++
	}
	for c.end > p && t.at(c.end-1) == '-' {
		c.end--
	}
	if n := c.end - c.start; n < minLicence || n > maxLicence {
		return
	}
	digits, letters := 0, 0
	for _, b := range t.slice(c.start, c.end) {
		switch {
		case isDigit(b):
			digits++
		case isLetter(b):
			if letters++; !isUpper(b) && letters > 1 {
				return
			}
			b &^= 0x20
		default:
			continue
		}
		c.put(b)
	}
	if digits < minLicenceDigits || c.size < minLicence {
		return
	}
	c.bare, c.loose = letters == 0 && int64(digits) == c.end-c.start, true
	f.c = c
	f.stands(p)
}

func isLicence(b byte) bool { return isLetter(b) || isDigit(b) || b == '-' }

// ukPassport is the number of a UK passport: nine digits, no check digit but on
// the machine readable lines.
//
// Look-alikes: all numbers of nine digits.
var ukPassport = &Detector{
	ID:    "uk-passport",
	Title: "UK passport number",
	Finds: "Nine digits under a label of passports, high with a word of the UK near; two letters and seven digits under such a label; the second machine readable line of a passport issued by the UK, if its four check digits are right.",
	Forms: []string{"NNNNNNNNN", "LLNNNNNNN", "NNNNNNNNNCGBR... (44 characters)"},
	Sources: []string{
		"ICAO Doc 9303, part 4, machine readable passports (TD3)",
		"HM Passport Office, passport numbers",
	},
	Mask: lastShown(3), Masking: "last three digits",
	Fingerprint: true,
	keywords: []keywordGroup{
		{strong, []string{"passport{|s}{| number| numbers| no.| num.| #}"}},
		{cue, []string{"uk", "british", "gbr", "hmpo", "hm passport office", "{his|her} majesty", "united kingdom"}},
	},
	places: []anchor.Want{{Digits: 10, Runs: runs(10), After: anchor.OnLetter, After2: anchor.OnLetter, After3: anchor.OnLetter}},
	labelled: []anchor.Want{
		{Digits: 7, Runs: runs(7), Before: anchor.OnLetter, Before2: anchor.OnLetter},
		{Digits: 9, Runs: runs(9)},
	},
	find: findPassport,
	grades: []grade{
		passportDigits:  {form: "nine digits", label: Medium, backed: High},
		passportLetters: {form: "two letters and seven digits", label: Low},
		passportLine:    {form: "machine readable line", label: High, window: High, alone: High, negative: High},
	},
	accounts: true,
}

const (
	passportDigits = iota
	passportLetters
	passportLine
)

func findPassport(f *finder, p int64) {
	t := f.text
	c := candidate{start: p, end: p + 9, loose: true}
	switch t.digits(p, 11) {
	case 7:
		c.start, c.end, c.form = p-2, p+7, passportLetters
		if !isUpper(t.at(p-1)) || !isUpper(t.at(p-2)) {
			return
		}
	case 9:
		c.bare = true
	case 10:
		if !isTravelLine(t.slice(p, p+44)) || t.wordBefore(p) || t.wordAfter(p+44) {
			return
		}
		c.form = passportLine
		c.put(t.slice(c.start, c.end)...)
		f.report(&c, High, nil, noLabel)
		return
	}
	c.put(t.slice(c.start, c.end)...)
	f.c = c
	f.stands(p)
}

// isTravelLine reports whether s is the second line of a TD3 document of the UK
// with right check digits: number, nationality, birth, sex, expiry, optional data.
func isTravelLine(s []byte) bool {
	if len(s) != 44 || string(s[10:13]) != "GBR" {
		return false
	}
	for _, c := range s {
		if !isDigit(c) && !isUpper(c) && c != '<' {
			return false
		}
	}
	optional := mod10Travel(s[28:42])
	return s[9] == mod10Travel(s[:9]) && s[19] == mod10Travel(s[13:19]) && s[27] == mod10Travel(s[21:27]) &&
		(s[42] == optional || s[42] == '<' && optional == '0') &&
		s[43] == mod10Travel(s[:10], s[13:20], s[21:43])
}
