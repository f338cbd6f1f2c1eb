package detect

import "github.com/postern-mail/postern/classify/anchor"

// phone is a phone number of North America or of the UK. Mail is full of them: a
// policy counts many of them, not one.
//
// Look-alikes: NHS numbers, orders, timestamps, dates.
var phone = &Detector{
	ID:    "phone",
	Title: "phone number",
	Finds: "A number of the North American plan (area and exchange begin with 2 to 9) or of the UK (0 or +44 and nine or ten digits), in one run only under a label. The value is that of E.164.",
	Forms: []string{"(202) 555-0143", "202-555-0143", "202.555.0143", "+1 202 555 0143", "020 7946 0018", "+44 20 7946 0018", "+44 (0)20 7946 0018", "(01632) 960123", "07700900123"},
	Sources: []string{
		"ITU-T E.164", "NANPA, North American Numbering Plan", "Ofcom, National Telephone Numbering Plan",
	},
	Mask: lastShown(2), Masking: "last two digits",
	keywords: []keywordGroup{{strong, []string{
		"tel.{|s}{| number| no.| #}", "telephone{|s}{| number| numbers| no.| #}", "phone{|s}{| number| numbers| no.| #}", "mobile{|s}{| number| phone| no.| #}", "mob.",
		"cell{| phone| number| #}", "fax{| number| no.| #}", "call{| us| me}",
	}}},
	places: []anchor.Want{
		{Digits: 1, Runs: [3]uint32{1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<6 | tenAndMore}, Before: anchor.OnOpen, After: ^anchor.OnLetter},
		// "1 202 555 0143", "1 (202) 555-0143"
		{Digits: 1, Runs: [3]uint32{1 << 1, 1<<0 | 1<<3 | 1<<anchor.MoreDigits}, First: begins(1), Before: phoneBefore, After: phoneGap},
		// "0161 496 0000", "0044 (0)161 496 0000", "0044161496 0000"
		{Digits: 4, Runs: [3]uint32{1 << 4, 1<<0 | 1<<2 | threeAndMore}, First: begins(0), Before: phoneBefore, After: phoneGap},
		{Digits: 13, Runs: [3]uint32{tenAndMore, threeAndMore}, First: begins(0), Before: phoneBefore, After: phoneGap},
		// "202 555 0143", "020 7946 0018", "001 202 555 0143"
		{Digits: 10, Runs: grouped(3, 3, 4), First: begins(2, 3, 4, 5, 6, 7, 8, 9), Before: phoneBefore},
		{Digits: 10, Runs: [3]uint32{1<<3 | 1<<5 | 1<<6, threeAndMore}, First: begins(0), Before: phoneBefore},
	},
	labelled: []anchor.Want{{Digits: 10, Runs: runs(10, 11, 13, 14, 15), Before: phoneBefore, After: ^anchor.OnLetter}},
	find:     findPhone,
	grades: []grade{
		phoneGrouped: {form: "separators, or +", label: High, window: Medium, alone: Medium},
		phoneBare:    {form: "one run of digits", label: High},
	},
	accounts: true,
}

const (
	tenAndMore   = 1<<32 - 1<<10
	threeAndMore = 1<<(anchor.MoreDigits+1) - 1<<3
)

// phoneBefore is what can stand before a number that begins neither with '+' nor in
// brackets.
const phoneBefore = anchor.OnOther | anchor.OnClose | anchor.OnSpace | anchor.OnBreak | anchor.OnHyphen | anchor.OnMoney

// phoneGap is what can stand behind the first group.
const phoneGap = anchor.OnSpace | anchor.OnHyphen | anchor.OnStop | anchor.OnOpen

const (
	phoneGrouped = iota
	phoneBare
)

// dialled is a phone number as it is being read.
type dialled struct {
	value [17]byte
	size  int
	end   int64
	bare  bool // nothing but digits so far
	mixed bool // more than one sort of separator
	sep   byte
}

func (d *dialled) put(b ...byte) { d.size += copy(d.value[d.size:], b) }

// gap reads what separates two groups at p: one separator, or the end of brackets
// with or without one.
func (d *dialled) gap(t *text, p int64, brackets bool) (int64, bool) {
	q := p
	if brackets {
		if t.at(q) != ')' {
			return 0, false
		}
		q++
	}
	if b := t.at(q); b == ' ' || b == '-' || b == '.' {
		d.mixed = d.mixed || d.sep != 0 && d.sep != b
		d.sep = b
		q++
	}
	d.bare = d.bare && q == p
	return q, true
}

// dials reports whether a number without '+' can begin with so many digits in its
// first run.
func dials(first byte, run int) bool {
	switch first {
	case '0':
		return run >= 2
	case '1':
		return run == 1 || run == 11
	}
	return run == 3 || run == 10
}

func findPhone(f *finder, p int64) {
	t := f.text
	before := t.at(p - 1)
	if before != '+' && !dials(t.at(p), t.digits(p, 12)) {
		return
	}
	c := candidate{start: p}
	d := dialled{bare: true}
	ok := false
	switch first, second := t.at(p), t.at(p+1); {
	case before == '+' && first == '1':
		c.start--
		ok = d.readNANP(t, p, true)
	case before == '+' && first == '4' && second == '4':
		c.start--
		ok = d.readUK(t, p+2, true)
	case before == '+':
	case first == '0' && second == '0' && t.at(p+2) == '4' && t.at(p+3) == '4':
		ok = d.readUK(t, p+4, true)
	case first == '0' && second == '0' && t.at(p+2) == '1':
		ok = d.readNANP(t, p+2, true)
	case first == '0':
		ok = d.readUK(t, p, false)
	case first != '0':
		ok = d.readNANP(t, p, false)
	}
	if !ok {
		return
	}
	if before == '(' {
		if c.start--; t.at(c.start-1) == '+' {
			return
		}
	}
	c.end = d.end
	c.put(d.value[:d.size]...)
	if d.bare && before != '+' {
		c.form, c.bare, c.loose = phoneBare, true, true
	}
	if !d.mixed && before != '+' && before != '(' {
		c.sep = d.sep
	}
	f.c = c
	f.stands(p)
}

// readNANP reads ten digits in groups of 3-3-4, or in one run, with the country
// code 1 before them or not; coded tells that the code must be there.
func (d *dialled) readNANP(t *text, p int64, coded bool) bool {
	d.put('+', '1')
	brackets := t.at(p-1) == '('
	if coded || t.at(p) == '1' {
		if t.at(p) != '1' || brackets {
			return false
		}
		q, _ := d.gap(t, p+1, false)
		if brackets = t.at(q) == '('; brackets {
			d.bare = false
			q++
		}
		p = q
	}
	if t.digits(p, 11) == 10 && !brackets {
		if !coded && d.sep == ' ' {
			return false
		}
		d.put(t.slice(p, p+10)...)
		d.end = p + 10
	} else {
		if t.digits(p, 4) != 3 {
			return false
		}
		d.put(t.slice(p, p+3)...)
		q, ok := d.gap(t, p+3, brackets)
		if !ok || q == p+3 || t.digits(q, 4) != 3 {
			return false
		}
		d.put(t.slice(q, q+3)...)
		first := t.at(q - 1)
		p, _ = d.gap(t, q+3, false)
		if p == q+3 || t.digits(p, 5) != 4 || first != ')' && first != t.at(p-1) && (first != ' ' || t.at(p-1) != '-') {
			return false
		}
		d.put(t.slice(p, p+4)...)
		d.end = p + 4
	}
	area, exchange := d.value[2], d.value[5]
	return area >= '2' && exchange >= '2'
}

// readUK reads a UK number: behind its country code nine or ten digits, perhaps
// with "(0)" before them, else a 0 and nine or ten digits. The first group has
// three digits or more, the others too.
func (d *dialled) readUK(t *text, p int64, coded bool) bool {
	d.put('+', '4', '4')
	brackets := t.at(p-1) == '('
	if coded {
		p, _ = d.gap(t, p, false)
		if t.at(p) == '(' && t.at(p+1) == '0' {
			d.bare = false
			if t.at(p+2) == ')' {
				p, _ = d.gap(t, p+3, false)
			} else {
				brackets, p = true, p+2
			}
		} else if t.at(p) == '0' {
			p++
		}
		d.sep, d.mixed = 0, false
	} else {
		p++
	}
	significant := 0
	for group := 0; ; group++ {
		n := t.digits(p, 12)
		if n < 3 && (group > 0 || n < 2) || significant+n > 10 {
			return false
		}
		d.put(t.slice(p, p+int64(n))...)
		significant += n
		p += int64(n)
		d.end = p
		if significant >= 9 {
			if next := t.at(p); significant == 10 || next != ' ' && next != '-' || t.digits(p+1, 2) != 1 {
				break
			}
			return false
		}
		q, ok := d.gap(t, p, brackets)
		if !ok || q == p || d.mixed {
			return false
		}
		brackets, p = false, q
	}
	switch d.value[3] {
	case '1', '2', '3', '5', '7', '8', '9':
		return true
	}
	return false
}
