package detect

import (
	"bytes"

	"github.com/postern-mail/postern/classify/anchor"
)

// paymentCard is the primary account number (PAN) of payment cards, ISO/IEC
// 7812-1: an issuer's range, 12 to 19 digits in all, the last of them a Luhn
// check digit. One number in ten passes the check by chance, so it never makes a
// finding high by itself. Test numbers of card processors are found like others,
// or an administrator's first test would fail in silence.
//
// Look-alikes: IMEI and ICCID (they end in a Luhn digit too), GTIN, tracking
// numbers, Amazon's orders in 3-7-7, snowflake ids, decimals in CSS, the inside
// of an IBAN.
var paymentCard = &Detector{
	ID:    "payment-card",
	Title: "payment card number",
	Finds: "A number of 12 to 19 digits that passes the Luhn check and has the beginning and length of a card scheme. " +
		"Core brands are Visa, Mastercard, American Express, Discover, Diners Club and JCB; the others are UnionPay, Maestro and its kin, Mir, Verve, RuPay, Hipercard and Troy. " +
		"An expiry date within 40 characters and a magnetic stripe are context as a keyword is.",
	Forms: []string{
		"digits in one run", "groups of 4-4-4-4, 4-6-5, 4-6-4, 4-4-4-4-n, 4-3-3-3, 1-4-4-4, 4-4-5 or 4-4-4 with the same hyphen, space or full stop",
		"other groups", "%B<number>^ and ;<number>= of a magnetic stripe",
	},
	Sources: []string{
		"ISO/IEC 7812-1, identification of issuers",
		"PCI DSS v4, requirements 3.3.1 and 3.4.1; PCI SSC FAQ 1091 and 1492 (masking)",
		"Issuer ranges: braintree/credit-card-type; ClamAV, dlp.c; bulk_extractor, scan_ccns2.cpp",
	},
	Mask: lastShown(4), Masking: "last four digits",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"{card|cards} {number|numbers|no.|nos.|num.|#|details}",
		"{credit|debit|payment|bank|purchase|purchasing|procurement|corporate} {card|cards}",
		"card on file", "card ending", "card used", "visa", "master card", "amex", "american express", "discover card",
		"diners{| club}", "jcb", "union pay", "maestro", "card holder", "ccn", "cc {#|no.|number|num.}", "cvv{|2}", "cvc{|2}",
		"{expiry|expires|expiration}{| date}", "exp. date", "valid {thru|until|to}", "PAN{|s}",
	}}},
	places: []anchor.Want{{Digits: 12, Runs: [3]uint32{1<<20 - 2}}},
	find:   findCard,
	grades: []grade{
		cardCore:      {"usual groups with hyphens or spaces, core brand", High, High, None, Medium, Low, None},
		cardOther:     {"usual groups with hyphens or spaces, other brand", High, High, None, Medium, None, None},
		cardDots:      {"usual groups with full stops", High, High, None, Low, None, None},
		cardOdd:       {"other groups", Medium, Medium, None, None, None, None},
		cardBareCore:  {"15 or 16 digits in one run, core brand", High, High, None, Medium, None, None},
		cardBareOther: {"14 digits in one run, core brand; 16 digits, other brand", High, High, None, Low, None, None},
		cardBareLong:  {"other lengths in one run from 14 digits", High, High, None, None, None, None},
		cardShort:     {"12 or 13 digits", Medium, Medium, None, None, None, None},
	},
	crowded: true,
	vouch:   expiryDate,
}

const (
	cardCore = iota
	cardOther
	cardDots
	cardOdd
	cardBareCore
	cardBareOther
	cardBareLong
	cardShort
)

// brand is a range of issuer numbers and the lengths of its numbers.
type brand struct {
	from, to int    // of the first six digits
	lengths  uint32 // bit n is a number of n digits
	core     bool
}

const (
	only15      = 1 << 15
	only16      = 1 << 16
	len16and19  = only16 | 1<<19
	len16to19   = only16 | 1<<17 | 1<<18 | 1<<19
	len14to19   = 1<<14 | only15 | len16to19
	len12to19   = 1<<12 | 1<<13 | len14to19
	lenVisa     = 1<<13 | only16 | 1<<19
	len16and189 = only16 | 1<<18 | 1<<19
)

// brands are the issuers' ranges by the first digit of the number.
var brands = [10][]brand{
	2: {{220000, 220499, len16to19, false} /* Mir */, {222100, 272099, only16, true} /* Mastercard */},
	3: {
		{300000, 305999, len14to19, true}, {309500, 309599, len14to19, true}, {360000, 369999, len14to19, true}, {380000, 399999, len14to19, true}, // Diners Club
		{340000, 349999, only15, true}, {370000, 379999, only15, true}, // American Express
		{352800, 358999, len16to19, true}, // JCB
	},
	4: {{400000, 499999, lenVisa, true}},
	5: {
		{510000, 559999, only16, true},                                         // Mastercard
		{500000, 509999, len12to19, false}, {560000, 589999, len12to19, false}, // Maestro, Dankort, Switch and kin
		{506099, 506198, len16and189, false}, {507865, 507964, len16and189, false}, // Verve
	},
	6: {
		{601100, 601199, len16to19, true}, {644000, 659999, len16to19, true}, // Discover
		{606282, 606282, len16and19, false},                                    // Hipercard
		{606985, 608500, only16, false},                                        // RuPay
		{620000, 629999, len16to19, false},                                     // UnionPay
		{630000, 639999, len12to19, false}, {670000, 679999, len12to19, false}, // Maestro, Switch and kin
	},
	8: {{810000, 817199, len16to19, false} /* UnionPay */, {817200, 820199, only16, false} /* RuPay */},
	9: {{979200, 979289, only16, false}}, // Troy
}

// issued reports whether a number has the beginning and length of a brand, and
// passes the check; core is that of the brand.
func issued(digits []byte) (core, ok bool) {
	ranges := brands[digits[0]-'0']
	if len(ranges) == 0 {
		return false, false
	}
	head := number(digits[:6])
	for i := range ranges {
		if b := &ranges[i]; head >= b.from && head <= b.to && b.lengths>>len(digits)&1 == 1 {
			core, ok = core || b.core, true
		}
	}
	return core, ok && luhn(digits)
}

// groups are the runs of digits from a place on that one same separator joins,
// as many as a PAN can have, and the length of the run behind them.
type groups struct {
	sep    byte
	size   [19]int8
	n      int
	total  int // digits of all groups
	digits [19]byte
	next   int // digits of the run behind the last group, 0 if there is none
}

// read reads the groups that begin at p, the first of n digits; it fails if that is too
// long.
func (g *groups) read(t *text, p int64, n int) bool {
	g.n, g.sep, g.next, g.total = 0, 0, 0, 0
	for ; ; n = t.digits(p, 20) {
		if n == 0 || g.total+n > 19 {
			g.next = n
			return g.n > 0
		}
		copy(g.digits[g.total:], t.slice(p, p+int64(n)))
		g.size[g.n] = int8(n)
		g.n++
		g.total += n
		p += int64(n)
		sep := t.at(p)
		if g.n == 1 && (sep == ' ' || sep == '-' || sep == '.') {
			g.sep = sep
		}
		if g.sep == 0 || sep != g.sep || g.total == 19 {
			if g.sep != 0 && sep == g.sep {
				g.next = t.digits(p+1, 20)
			}
			return true
		}
		p++
	}
}

// following is the length of the run behind the first n groups.
func (g *groups) following(n int) int {
	if n < g.n {
		return int(g.size[n])
	}
	return g.next
}

// usual reports whether the first n groups are the way that cards print them.
func (g *groups) usual(n int) bool {
	if n < 3 || n > 5 {
		return false
	}
	shape := 0
	for _, size := range g.size[:n] {
		shape = shape*100 + int(size)
	}
	switch shape {
	case 4_04_04_04, 4_06_05, 4_06_04, 4_04_04_04_01, 4_04_04_04_02, 4_04_04_04_03, 4_03_03_03, 1_04_04_04, 4_04_05, 4_04_04:
		return true
	}
	return false
}

func findCard(f *finder, p int64) {
	t, g := f.text, &f.groups
	if len(brands[t.at(p)-'0']) == 0 {
		return
	}
	n := t.digits(p, 20)
	if n >= 12 && !t.mayBeCard(p, n) || n < 12 && !f.mayBeGroups(p, n) || !g.read(t, p, n) {
		return
	}
	total := g.total
	for n := g.n; n > 0 && total >= 12; n-- {
		if f.aligned(t, p, g, n, total) {
			if core, ok := issued(g.digits[:total]); ok {
				if afterIBAN(t, p) {
					return
				}
				f.c = candidate{start: p, end: p + int64(total+n-1), form: g.form(n, total, core), bare: n == 1}
				f.c.put(g.digits[:total]...)
				if n > 1 {
					f.c.sep = g.sep
				}
				onStripe(t, &f.c)
				if f.stands(p) {
					f.card = p + int64(total+n-1)
					return
				}
			}
		}
		total -= int(g.size[n-1])
	}
}

// mayBeCard reports at little cost whether a run of 12 digits and more may be a number
// or begin one in groups.
func (t *text) mayBeCard(p int64, n int) bool {
	end := p + int64(n)
	if sep := t.at(end); (sep == ' ' || sep == '-' || sep == '.') && isDigit(t.at(end+1)) {
		return true
	}
	digits := t.slice(p, end)
	return lengthsOf[number(digits[:3])]>>len(digits)&1 == 1 && luhn(digits)
}

// lengthsOf are the lengths of numbers that begin with three digits: bit n is n digits.
var lengthsOf = func() (of [1000]uint32) {
	for _, ranges := range brands {
		for _, b := range ranges {
			for head := b.from / 1000; head <= b.to/1000; head++ {
				of[head] |= b.lengths
			}
		}
	}
	return of
}()

// mayBeGroups reports at little cost whether a run of less than 12 digits may begin a
// number in groups: in the middle of a row of them only those of the usual sizes do, and
// what else is one fills the whole row.
func (f *finder) mayBeGroups(p int64, n int) bool {
	t := f.text
	if sep := t.at(p + int64(n)); t.at(p-1) == sep && f.card != p-1 && isDigit(t.at(p-2)) {
		if n != 4 && n != 1 {
			return false
		}
		second := t.digits(p+int64(n)+1, 7)
		return second == 4 || n == 4 && (second == 3 || second == 6)
	}
	return n < 3 || lengthsOf[number(t.slice(p, p+3))] != 0
}

// aligned reports whether the first n groups are a number of their own and not a
// stretch of a longer row of groups.
func (f *finder) aligned(t *text, p int64, g *groups, n, total int) bool {
	if n == 1 {
		return true
	}
	after := g.following(n)
	usual := g.usual(n)
	if !usual && (after != 0 || g.size[0] >= 12) {
		return false
	}
	before := 0
	if t.at(p-1) == g.sep && f.card != p-1 {
		before = t.digitsBefore(p-1, 20)
	}
	if !usual {
		return before == 0
	}
	if before == 4 && g.size[0] == 4 && g.size[1] == 4 {
		return false
	}
	last := p + int64(total+n-1)
	if t.at(p-1) == g.sep && hexQuad(t, p-5) || t.at(last) == g.sep && hexQuad(t, last+1) {
		return false
	}
	switch {
	case n == 5: // 4-4-4-4-n: the short group ends the row, and is no month of a date
		return after == 0 && !(t.at(last) == '/' && isDigit(t.at(last+1)))
	case g.size[n-1] == 4 && g.size[n-2] == 4 && after == 4:
		return startsCard(t, last+1)
	}
	return true
}

// hexQuad reports whether four hexadecimal characters, letters and digits, stand
// at p by themselves: then the groups are a stretch of a hex dump.
func hexQuad(t *text, p int64) bool {
	letters := 0
	for i := range int64(4) {
		if !isHex(t.at(p + i)) {
			return false
		}
		if isLetter(t.at(p + i)) {
			letters++
		}
	}
	return letters > 0 && letters < 4 && !t.wordBefore(p) && !t.wordAfter(p+4)
}

// startsCard reports whether a PAN in usual groups begins at p.
func startsCard(t *text, p int64) bool {
	var g groups
	g.read(t, p, t.digits(p, 20))
	total := 0
	for n := range g.n {
		total += int(g.size[n])
		if total >= 12 && g.usual(n+1) {
			if _, ok := issued(g.digits[:total]); ok {
				return true
			}
		}
	}
	return false
}

// form is the row of the confidence table for the first n groups.
func (g *groups) form(n, total int, core bool) int {
	switch {
	case total < 14:
		return cardShort
	case n > 1 && !g.usual(n):
		return cardOdd
	case n > 1 && g.sep == '.':
		return cardDots
	case n > 1 && core:
		return cardCore
	case n > 1:
		return cardOther
	case core && (total == 15 || total == 16):
		return cardBareCore
	case core && total == 14, total == 16:
		return cardBareOther
	}
	return cardBareLong
}

// onStripe notes that a number stands on a magnetic stripe: "%B<PAN>^" of track
// 1 or ";<PAN>=" of track 2 (ISO/IEC 7813).
func onStripe(t *text, c *candidate) {
	switch before, after := t.at(c.start-1), t.at(c.end); {
	case before|0x20 == 'b' && t.at(c.start-2) == '%' && after == '^':
		c.vouched = true
	case before == ';' && after == '=' && isDigit(t.at(c.end+1)):
	default:
		return
	}
	c.context = "magnetic stripe"
}

// afterIBAN reports whether the digits at p go on an IBAN: before them stand a
// country code and check digits, and perhaps groups of four.
func afterIBAN(t *text, p int64) bool {
	for range 8 {
		if t.at(p-1) != ' ' {
			return false
		}
		head := t.slice(p-5, p-1)
		if len(head) < 4 {
			return false
		}
		for _, c := range head {
			if !isDigit(c) && !isLetter(c) {
				return false
			}
		}
		if isLetter(head[0]) && isLetter(head[1]) && isDigit(head[2]) && isDigit(head[3]) && !t.wordBefore(p-5) {
			_, ok := ibanRegistry()[string([]byte{head[0] &^ 0x20, head[1] &^ 0x20})]
			return ok
		}
		p -= 5
	}
	return false
}

// expiryDate finds an expiry date, MM/YY or MM/YYYY, near a candidate.
func expiryDate(t *text, c *candidate) string {
	from, to := t.back(c.start, labelChars+len("MM/YYYY")), t.forth(c.end, labelChars+len("MM/"))
	for p := from; p < to; p++ {
		i := bytes.IndexByte(t.slice(p, to), '/')
		if i < 0 {
			break
		}
		p += int64(i)
		n := expiryAt(t, p-2)
		if n == 0 {
			continue
		}
		if end := p - 2 + n; end <= c.start && end >= t.back(c.start, labelChars) || p-2 >= c.end {
			return "expiry date"
		}
	}
	return ""
}

// expiryAt is the length of the expiry date at p, 0 if there is none. Neither a
// longer date nor a path nor a fraction is one.
func expiryAt(t *text, p int64) int64 {
	m := t.at(p+1) - '0'
	switch {
	case t.at(p+2) != '/' || m > 9:
		return 0
	case t.at(p) == '0' && m == 0, t.at(p) == '1' && m > 2, t.at(p) != '0' && t.at(p) != '1':
		return 0
	}
	n := int64(t.digits(p+3, 5))
	if n != 2 && (n != 4 || t.at(p+3) != '2' || t.at(p+4) != '0') {
		return 0
	}
	n += 3
	if b := t.at(p - 1); t.wordBefore(p) || b == '/' || b == '.' || b == '-' && isDigit(t.at(p-2)) {
		return 0
	}
	if b := t.at(p + n); t.wordAfter(p+n) || b == '/' || b == '-' && isDigit(t.at(p+n+1)) {
		return 0
	}
	return n
}
