package detect

import "github.com/postern-mail/postern/classify/anchor"

// yearsPlaces are where a span of years can begin.
var yearsPlaces = []anchor.Want{{
	Digits: 4, Runs: [3]uint32{1 << 4, 1<<0 | 1<<4}, First: begins(1, 2),
	Before: ^anchor.OnLetter, After: anchor.OnSpace | anchor.OnHyphen | anchor.OnLetter,
}}

// findYears finds a span of years that begins with the year at p:
// "2015 - 2019", "Jan 2018 to present".
func findYears(f *finder, p int64) {
	t, s := f.text, &f.scorers[f.detector]
	if p < s.yearsEnd || !isYear(t, p) || t.wordBefore(p) {
		return
	}
	if b := t.at(p - 1); (b == '.' || b == '-' || b == '/') && isDigit(t.at(p-2)) {
		return
	}
	end, ok := yearsTo(t, p+4)
	if !ok {
		return
	}
	start := p
	if q := t.skipBack(p, 2); q < p {
		if m := monthBefore(t, q); m > 0 {
			start = q - m
		}
	}
	s.yearsEnd = end
	s.take(termName{s.scale.years, YearRange}, span{t.rawStart(start), t.rawEnd(end)})
}

// yearsTo reads what follows the first year of a span, and returns its end.
func yearsTo(t *text, p int64) (int64, bool) {
	q := t.skip(p, 3)
	joined := false
	if t.at(q) == '-' {
		q, joined = t.skip(q+1, 3), true
	}
	for _, word := range []string{"to", "until"} {
		if isWordAt(t.slice(q, q+8), word) {
			q, joined = t.skip(q+int64(len(word)), 3), true
		}
	}
	if !joined {
		return 0, false
	}
	for _, word := range []string{"present", "current", "date", "now"} {
		if end := q + int64(len(word)); hasPrefixFold(t.slice(q, end), word) && !t.wordAfter(end) {
			return end, true
		}
	}
	if _, n := monthAt(t, q); n > 0 {
		q = t.skip(q+n, 2)
	}
	if !isYear(t, q) || t.wordAfter(q+4) || (t.at(q+4) == '-' || t.at(q+4) == '.') && isDigit(t.at(q+5)) {
		return 0, false
	}
	return q + 4, true
}

// isYear reports whether a year of 1950 to 2099 stands at p.
func isYear(t *text, p int64) bool {
	if t.digits(p, 5) != 4 {
		return false
	}
	y := number(t.slice(p, p+4))
	return y >= 1950 && y <= 2099
}

// skip is the position behind at most n spaces at p, skipBack that before them.
func (t *text) skip(p int64, n int) int64 {
	for ; n > 0 && t.at(p) == ' '; n-- {
		p++
	}
	return p
}

func (t *text) skipBack(p int64, n int) int64 {
	for ; n > 0 && t.at(p-1) == ' '; n-- {
		p--
	}
	return p
}

// months are the names of the months in English.
var months = [12]string{
	"january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december",
}

// monthAt reads the name of a month at p, whole or short, and returns its number
// and length; a full stop behind a short name belongs to it.
func monthAt(t *text, p int64) (int, int64) {
	n := int64(0)
	for n < 10 && isLetter(t.at(p+n)) {
		n++
	}
	if n < 3 {
		return 0, 0
	}
	for i, month := range months {
		short := n == 3 || n == 4 && i == 8
		if (short || int(n) == len(month)) && t.at(p)|0x20 == month[0] && hasPrefixFold(t.slice(p, p+n), month[:n]) {
			if short && t.at(p+n) == '.' {
				n++
			}
			return i + 1, n
		}
	}
	return 0, 0
}

// monthBefore is the length of the name of a month that ends at p.
func monthBefore(t *text, p int64) int64 {
	if c := t.at(p - 1); !isLetter(c) && c != '.' {
		return 0
	}
	for n := int64(3); n <= 10; n++ {
		if _, size := monthAt(t, p-n); size == n && !t.wordBefore(p-n) {
			return n
		}
	}
	return 0
}
