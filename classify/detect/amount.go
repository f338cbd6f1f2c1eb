package detect

import "github.com/postern-mail/postern/classify/anchor"

// benefitAmount is what a public programme pays to somebody or takes from them: an
// amount of money near the name of the programme.
//
// Look-alikes: prices, invoices, budgets in millions.
var benefitAmount = &Detector{
	ID:    "benefit-amount",
	Title: "amount of a benefit",
	Finds: "An amount in pounds or US dollars at most 60 characters from the name of a programme, high, or from a word of benefits in general, medium. Millions, billions and thousands (k) are budgets and not found.",
	Forms: []string{"£342.72", "$291", "GBP 77.20", "USD 1,234.56"},
	Sources: []string{
		"DWP Email Policy, 1.4 (benefit payment amounts, child maintenance amounts)",
		"7 CFR 272.1(c), 45 CFR 205.50 (SNAP, TANF)",
	},
	Mask: maskAmount, Masking: "the currency",
	keywords: []keywordGroup{
		{strong, []string{
			"universal credit", "ESA", "JSA", "jobseeker{'s|s|s'} allowance", "job seeker{'s|s|s'} allowance", "PIP", "housing benefit", "pension credit", "state pension", "carer{'s|s|s'} allowance",
			"child benefit", "child maintenance", "child support", "{deduction|deductions} from earnings", "SNAP", "food stamp{s|}", "TANF", "temporary assistance", "SSI",
			"personal independence payment", "employment and support allowance",
		}},
		{weak, []string{"benefit payment{|s}", "over payment{|s}", "arrears", "award amount", "deduction{|s}"}},
	},
	places: []anchor.Want{{Digits: 1, Before: anchor.OnMoney | anchor.OnSpace | anchor.OnLetter}},
	find:   findAmount, window: amountReach, hinted: true,
	grades: []grade{
		{form: "the name of a programme", label: High, window: High},
		{form: "a word of benefits in general", label: Medium, window: Medium},
	},
}

// amountReach is how far from an amount its programme can stand.
const amountReach = 60

func findAmount(f *finder, p int64) {
	t := f.text
	c := candidate{start: p}
	currency := f.currencyBefore(&c)
	if currency == "" {
		return
	}
	c.put([]byte(currency)...)
	if c.end = readAmount(t, p, &c); c.end == 0 || isBudget(t, c.end) {
		return
	}
	if !freeRight(t, c.end) || t.wordBefore(c.start) {
		return
	}
	f.columns.place = p
	f.readKeywords(c.start, t.forth(c.end, amountReach)+1)
	var col column
	f.columns.column(t, &col)
	d := f.set.Detectors[f.detector]
	for form, r := range []role{strong, weak} {
		if word := f.nearest(&c, r, &col, amountReach); word >= 0 {
			f.report(&c, d.grades[form].window, f.set.names[word], noLabel)
			return
		}
	}
}

// currencyBefore reads the currency before an amount and moves its start there.
func (f *finder) currencyBefore(c *candidate) string {
	t := f.text
	p := t.skipBack(c.start, 1)
	switch r, n := t.before(p); r {
	case '£':
		c.start = p - n
		return "GBP "
	case '$':
		c.start = p - 1
		if string(t.slice(p-3, p-1)) == "US" {
			c.start = p - 3
		}
		return "USD "
	}
	if code := string(t.slice(p-3, p)); code == "GBP" || code == "USD" {
		c.start = p - 3
		return code + " "
	}
	return ""
}

// readAmount reads an amount at p, and returns its end.
func readAmount(t *text, p int64, c *candidate) int64 {
	n := int64(t.digits(p, 12))
	if n > 9 {
		return 0
	}
	c.put(t.slice(p, p+n)...)
	p += n
	for n <= 3 && t.at(p) == ',' && t.digits(p+1, 4) == 3 && c.size < 16 {
		c.put(t.slice(p+1, p+4)...)
		p += 4
	}
	if t.at(p) == '.' && t.digits(p+1, 3) > 0 {
		m := int64(t.digits(p+1, 3))
		if m > 2 {
			return 0
		}
		c.put(t.slice(p, p+1+m)...)
		if m == 1 {
			c.put('0')
		}
		return p + 1 + m
	}
	c.put([]byte(".00")...)
	return p
}

// isBudget reports whether what follows an amount makes it millions.
func isBudget(t *text, p int64) bool {
	q := t.skip(p, 2)
	if t.at(q) == '-' {
		q++
	}
	for _, word := range []string{"million", "millions", "m", "mn", "bn", "billion", "billions", "b", "k", "trillion", "thousand"} {
		end := q + int64(len(word))
		if hasPrefixFold(t.slice(q, end), word) && !t.wordAfter(end) {
			return true
		}
	}
	return false
}

// maskAmount shows the currency.
func maskAmount(value string) string {
	b := []byte(value)
	for i, c := range b {
		if isDigit(c) {
			b[i] = '*'
		}
	}
	return string(b)
}
