package detect

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/postern-mail/postern/classify/anchor"
)

// iban is the International Bank Account Number of ISO 13616: a country code, two
// check digits and the account in the form of the country. One number in 97 passes
// the check by chance, but few have the country's length and form too.
//
// Look-alikes: serial numbers, tokens; an IBAN in lower case may be part of one.
var iban = &Detector{
	ID:      "iban",
	Title:   "International Bank Account Number",
	Finds:   "A country code, check digits from 02 to 98, and the length and form that the country registered, with remainder 1 by mod 97. It ends where the country's length ends: words that follow are no part of it.",
	Forms:   []string{"GB29NWBK60161331926819", "GB29 NWBK 6016 1331 9268 19"},
	Sources: []string{"ISO 13616-1, structure of the IBAN", "SWIFT IBAN Registry, release 101", "ISO/IEC 7064, mod 97-10"},
	Mask:    maskIBAN, Masking: "the country and the last four characters",
	Fingerprint: true,
	keywords:    []keywordGroup{{strong, []string{"iban{|s}", "international bank account number"}}},
	places: []anchor.Want{
		{Digits: 2, Runs: runs(2), Before: anchor.OnLetter, Before2: anchor.OnLetter, Before3: ^onAlnum, After: anchor.OnLetter | anchor.OnSpace},
		{Digits: 3, Runs: runsFrom(3), Before: anchor.OnLetter, Before2: anchor.OnLetter, Before3: ^onAlnum},
	},
	find: findIBAN,
	grades: []grade{
		{form: "upper case", label: High, window: High, alone: High, negative: High},
		{form: "lower case", label: Medium, window: Medium, alone: Medium, negative: Medium},
	},
	crowded: true,
}

const (
	ibanUpper = iota
	ibanLower
)

//go:embed data/iban.txt
var ibanData string

// ibanRegistry is the form of the account by country, a letter for each
// character: n a digit, a a capital letter, c either.
var ibanRegistry = sync.OnceValue(func() map[string]string {
	forms := map[string]string{}
	for _, line := range dataLines(ibanData) {
		country, form, _ := strings.Cut(line, " ")
		var b strings.Builder
		n := 0
		for _, c := range []byte(form) {
			if isDigit(c) {
				n = n*10 + int(c-'0')
				continue
			}
			b.WriteString(strings.Repeat(string(c), n))
			n = 0
		}
		forms[country] = b.String()
	}
	return forms
})

// ibanForms is the registry by the numbers of the two letters.
var ibanForms = sync.OnceValue(func() *[32][32]string {
	forms := new([32][32]string)
	for country, form := range ibanRegistry() {
		forms[country[0]&31][country[1]&31] = form
	}
	return forms
})

// dataLines are the lines of a data file but for comments.
func dataLines(data string) []string {
	var lines []string
	for line := range strings.Lines(data) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

func findIBAN(f *finder, p int64) {
	t := f.text
	if !isLetter(t.at(p-2)) || t.wordBefore(p-2) {
		return
	}
	form := ibanForms()[t.at(p-2)&31][t.at(p-1)&31]
	if form == "" {
		return
	}
	c, ok := candidate{start: p - 2}, false
	if c.end, ok = readIBAN(t, &c, len(form)+4); !ok {
		return
	}
	value := c.value[:c.size]
	check := number(value[2:4])
	if check < 2 || check > 98 || !fitsIBAN(value[4:], form) || !mod97(value) {
		return
	}
	for q := c.start; q < c.end; q++ {
		if b := t.at(q); isLetter(b) && !isUpper(b) {
			c.form = ibanLower
		}
	}
	f.c = c
	f.stands(p)
}

// readIBAN reads n characters in one run or in groups of four.
func readIBAN(t *text, c *candidate, n int) (int64, bool) {
	p := c.start
	if t.at(p+4) == ' ' {
		c.sep = ' '
	}
	for i := range n {
		if i > 0 && i%4 == 0 && c.sep != 0 {
			if t.at(p) != c.sep {
				return 0, false
			}
			p++
		}
		b := t.at(p)
		if !isLetter(b) && !isDigit(b) || i >= 2 && i < 4 && !isDigit(b) {
			return 0, false
		}
		if isLetter(b) {
			b &^= 0x20
		}
		c.put(b)
		p++
	}
	return p, true
}

func fitsIBAN(account []byte, form string) bool {
	for i, b := range account {
		if form[i] == 'n' && !isDigit(b) || form[i] == 'a' && isDigit(b) {
			return false
		}
	}
	return true
}

func maskIBAN(value string) string {
	if len(value) < 8 {
		return strings.Repeat("*", len(value))
	}
	return value[:2] + strings.Repeat("*", len(value)-6) + value[len(value)-4:]
}
