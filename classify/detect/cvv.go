package detect

import (
	"bytes"

	"github.com/postern-mail/postern/classify/anchor"
)

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
	places: []anchor.Want{{Digits: 3, Runs: runs(3, 4)}}, atDigit: true,
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
	card, amex := f.cardsNear(&c)
	if card {
		c.form, c.cued = cvvCard, true
	}
	if n == 4 && !amex && (card || !amexNear(t, &c)) {
		return
	}
	f.c = c
	f.stands(p)
}

// maxCard is how many bytes the number of a card takes, with its separators.
const maxCard = 40

// pans remembers the numbers of payment cards around the present place.
type pans struct {
	read  int64 // up to here the text was searched
	found []pan
}

type pan struct {
	start, end int64
	amex       bool
}

// cardsNear looks for the number of a payment card in the window of a candidate.
func (f *finder) cardsNear(c *candidate) (card, amex bool) {
	t, all := f.text, &f.pans
	near, to := t.back(c.start, windowChars), t.forth(c.end, windowChars)
	from := max(near-maxCard, t.base) // a card that ends in the window begins before it
	if from > all.read {
		all.read, all.found = from, all.found[:0]
	}
	for all.read < to {
		p := all.read
		n := int64(t.digits(p, anchor.ManyDigits))
		if n >= 3 && !t.wordBefore(p) {
			if digits := panAt(t, p); digits > 0 {
				all.note(pan{p, p + digits, t.at(p) == '3' && (t.at(p+1) == '4' || t.at(p+1) == '7')}, from)
			}
		}
		all.read += max(n, 1)
	}
	for _, p := range all.found {
		if p.end >= near && p.start < to && (p.end <= c.start || p.start >= c.end) {
			card, amex = true, amex || p.amex
		}
	}
	return card, amex
}

// note adds a card, and forgets those before from where there is no room.
func (l *pans) note(p pan, from int64) {
	if len(l.found) == cap(l.found) {
		n := 0
		for n < len(l.found) && l.found[n].start < from {
			n++
		}
		l.found = l.found[:copy(l.found, l.found[n:])]
	}
	l.found = append(l.found, p)
}

// panAt is the length of the number of a card that begins at p, 0 if none does.
func panAt(t *text, p int64) int64 {
	var g groups
	if !g.read(t, p, t.digits(p, 20)) {
		return 0
	}
	total, length := 0, int64(0)
	for n := range g.n {
		total += int(g.size[n])
		if total >= 12 && (n == 0 || g.usual(n+1)) {
			if _, ok := issued(g.digits[:total]); ok {
				length = int64(total + n)
			}
		}
	}
	return length
}

// amexNear reports whether the window of a candidate names American Express.
func amexNear(t *text, c *candidate) bool {
	window := bytes.ToLower(t.slice(t.back(c.start, windowChars), t.forth(c.end, windowChars)))
	return bytes.Contains(window, []byte("amex")) || bytes.Contains(window, []byte("american express"))
}
