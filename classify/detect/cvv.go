package detect

import "bytes"

// cardCVV is the security code of a payment card, which nobody may keep once a
// payment is authorised. Three digits are everywhere: only under a label are they
// one, and under the labels that mean other things too only with a card near.
//
// Look-alikes: one-time codes, Content-IDs.
var cardCVV = &Detector{
	ID:    "card-cvv",
	Title: "payment card security code",
	Finds: "Three digits, four for American Express, at most 20 characters behind a label: high with a number of a payment card within 300 characters, else medium. CID and \"security code\" count only with such a number.",
	Forms: []string{"NNN", "NNNN"},
	Sources: []string{
		"PCI DSS v4, requirement 3.3.1.2 (card verification codes are not stored after authorization)",
	},
	Mask: stars, Masking: "nothing",
	keywords: []keywordGroup{
		{strong, []string{"cvv{|2}{| code| number| no.}", "cvc{|2}{| code| number}", "csc{| code| number}", "card verification{| value| code| number}", "card security code", "cvn{|2}"}},
		{weak, []string{"cid{| code| number}", "security code"}},
	},
	digits: 3, runs: runs(3, 4),
	find: findCVV,
	grades: []grade{
		cvvCard:  {form: "with a card near", label: High, weak: High},
		cvvAlone: {form: "without one", label: Medium},
	},
	labelReach: negativeChars,
}

const (
	cvvCard = iota
	cvvAlone
)

func findCVV(f *finder, p int64) {
	t := f.text
	n := int64(t.digits(p, 5))
	c := candidate{start: p, end: p + n, form: cvvAlone, bare: true}
	c.put(t.slice(p, c.end)...)
	if !freeRight(t, c.end) {
		return
	}
	card, amex := cardsNear(t, &c)
	if card {
		c.form, c.cued = cvvCard, true
	}
	if n == 4 && !amex && (card || !amexNear(t, &c)) {
		return
	}
	f.c = c
	f.stands(p)
}

// cardsNear looks for the number of a payment card in the window of a candidate.
func cardsNear(t *text, c *candidate) (card, amex bool) {
	from, to := t.back(c.start, windowChars), t.forth(c.end, windowChars)
	for p := from; p < to; {
		n := int64(t.digits(p, 20))
		if n == 0 {
			p++
			continue
		}
		if n >= 3 && !t.wordBefore(p) && !(p >= c.start && p < c.end) {
			if digits := panAt(t, p); digits != nil {
				card, amex = true, amex || len(digits) == 15 && digits[0] == '3'
			}
		}
		p += n
	}
	return card, amex
}

// panAt returns the digits of a card that begins at p, nil if none does.
func panAt(t *text, p int64) []byte {
	var g groups
	if !g.read(t, p) {
		return nil
	}
	total := 0
	var found []byte
	for n := range g.n {
		total += int(g.size[n])
		if total >= 12 && (n == 0 || g.usual(n+1)) {
			if _, ok := issued(g.digits[:total]); ok {
				found = g.digits[:total]
			}
		}
	}
	return found
}

// amexNear reports whether the window of a candidate names American Express.
func amexNear(t *text, c *candidate) bool {
	window := bytes.ToLower(t.slice(t.back(c.start, windowChars), t.forth(c.end, windowChars)))
	return bytes.Contains(window, []byte("amex")) || bytes.Contains(window, []byte("american express"))
}
