package detect

import (
	"github.com/postern-mail/postern/classify/anchor"
)

// dob is a date of birth: any date under a label that says so, and no other.
var dob = &Detector{
	ID:    "dob",
	Title: "date of birth",
	Finds: "A day of the calendar from 1890 to today, at most 20 characters behind a label of births. Of two readings the one that is a date counts, else that of the configured order. The value is YYYY-MM-DD.",
	Forms: []string{"31/12/1980", "12/31/1980", "31-12-80", "31.12.1980", "1980-12-31", "31 December 1980", "31st Dec 1980", "December 31, 1980", "19801231"},
	Sources: []string{
		"ISO 8601-1, calendar dates",
	},
	Mask: maskDate, Masking: "the year",
	keywords: []keywordGroup{
		{strong, []string{"d.o.b.", "{date|dates} of birth", "birth date{|s}", "born{| on}"}},
		{against, []string{"date{|d}", "issue{|d}", "expir{y|es|ation|ed}", "valid", "appointment", "start{|s|ed}", "end{|s|ed}", "due", "died", "death", "hired", "joined", "received", "as of", "today"}},
	},
	places: []anchor.Want{{Digits: 1, Runs: runs(1, 2, 4, 8)}},
	find:   findBirth,
	grades: []grade{{form: "a date", label: High}},

	labelReach: negativeChars,
}

// maskDate shows the year.
func maskDate(value string) string {
	if len(value) != len("YYYY-MM-DD") {
		return stars(value)
	}
	return value[:4] + "-**-**"
}

// date is a day as it is written; a year of two digits is short.
type date struct {
	year, month, day int
	short            bool
	end              int64
}

func findBirth(f *finder, p int64) {
	t := f.text
	d, start, ok := f.readDate(p)
	if !ok {
		return
	}
	c := candidate{start: start, end: d.end}
	if d.short {
		d.year = f.century(d)
	}
	if !isDay(d.year, d.month, d.day) || d.year < 1890 || f.future(d) {
		return
	}
	c.putDate(d.year, d.month, d.day)
	// A date of a timestamp goes on with its time.
	c.closed = (t.at(c.end) == 'T' || t.at(c.end) == 't') && isDigit(t.at(c.end+1))
	f.c = c
	f.stands(p)
}

// putDate appends a date to the canonical form, YYYY-MM-DD.
func (c *candidate) putDate(year, month, day int) {
	digit := func(n int) byte { return '0' + byte(n%10) }
	c.put(digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(month/10), digit(month), '-', digit(day/10), digit(day))
}

// century completes a year of two digits.
func (f *finder) century(d date) int {
	if !f.set.options.today().IsZero() {
		if d.year += 2000; f.future(d) {
			d.year -= 100
		}
		return d.year
	}
	if d.year < 30 {
		return 2000 + d.year
	}
	return 1900 + d.year
}

// future reports whether a day is yet to come.
func (f *finder) future(d date) bool {
	now := f.set.options.today()
	if now.IsZero() {
		return d.year > 2099
	}
	year, month, day := now.Date()
	return d.year*10000+d.month*100+d.day > year*10000+int(month)*100+day
}

// isDay reports whether a day is in the calendar.
func isDay(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days = 29
	}
	return day <= days
}

// readDate reads a date whose first digits are at p.
func (f *finder) readDate(p int64) (date, int64, bool) {
	t := f.text
	n := int64(t.digits(p, 9))
	switch n {
	case 8:
		s := t.slice(p, p+8)
		return date{number(s[:4]), number(s[4:6]), number(s[6:]), false, p + 8}, p, true
	case 4:
		d, ok := readISO(t, p)
		return d, p, ok
	}
	if n > 2 {
		return date{}, 0, false
	}
	if month, start := monthWordBefore(t, p); month > 0 {
		d, ok := readMonthFirst(t, p, n, month)
		return d, start, ok
	}
	if d, ok := readDayFirst(t, p, n); ok {
		return d, p, true
	}
	d, ok := f.readNumbers(p, n)
	return d, p, ok
}

// readISO reads YYYY-MM-DD at p.
func readISO(t *text, p int64) (date, bool) {
	sep := t.at(p + 4)
	m := int64(t.digits(p+5, 3))
	if sep != '-' && sep != '/' && sep != '.' || m < 1 || m > 2 || t.at(p+5+m) != sep {
		return date{}, false
	}
	d := int64(t.digits(p+6+m, 3))
	if d < 1 || d > 2 {
		return date{}, false
	}
	return date{number(t.slice(p, p+4)), number(t.slice(p+5, p+5+m)), number(t.slice(p+6+m, p+6+m+d)), false, p + 6 + m + d}, true
}

// readNumbers reads D/M/Y or M/D/Y at p.
func (f *finder) readNumbers(p, n int64) (date, bool) {
	t := f.text
	sep := t.at(p + n)
	q := p + n + 1
	m := int64(t.digits(q, 3))
	if sep != '/' && sep != '-' && sep != '.' && sep != ' ' || m < 1 || m > 2 || t.at(q+m) != sep {
		return date{}, false
	}
	year, short, end := yearAt(t, q+m+1)
	if end == 0 {
		return date{}, false
	}
	first, second := number(t.slice(p, p+n)), number(t.slice(q, q+m))
	d := date{year, second, first, short, end}
	full := year
	if short {
		full += 2000 // a leap year of one century is one of the other
	}
	if other := isDay(full, first, second); other && (f.set.options.MonthFirst || !isDay(full, second, first)) {
		d.month, d.day = first, second
	}
	return d, true
}

// yearAt reads a year of four or two digits, and returns its end, 0 if there is
// none.
func yearAt(t *text, p int64) (year int, short bool, end int64) {
	if t.at(p) == '\'' {
		p++
	}
	switch n := int64(t.digits(p, 5)); n {
	case 2, 4:
		return number(t.slice(p, p+n)), n == 2, p + n
	}
	return 0, false, 0
}

// readDayFirst reads "31 December 1980", "31st of Dec, 1980" or "31-Dec-80" at p.
func readDayFirst(t *text, p, n int64) (date, bool) {
	q := ordinal(t, p+n)
	sep := t.at(q)
	if sep == ' ' || sep == '-' || sep == '/' || sep == '.' {
		q = t.skip(q+1, 2)
	}
	if isWordAt(t.slice(q, q+4), "of") {
		q = t.skip(q+2, 2)
	}
	month, size := monthAt(t, q)
	if size == 0 || isLetter(t.at(q+size)) {
		return date{}, false
	}
	q += size
	if t.at(q) == ',' || t.at(q) == sep && sep != ' ' {
		q++
	}
	year, short, end := yearAt(t, t.skip(q, 2))
	return date{year, month, number(t.slice(p, p+n)), short, end}, end > 0
}

// readMonthFirst reads "31, 1980" at p, behind the name of a month.
func readMonthFirst(t *text, p, n int64, month int) (date, bool) {
	q := ordinal(t, p+n)
	if b := t.at(q); b == ',' || b == '-' || b == '/' {
		q++
	} else if b != ' ' {
		return date{}, false
	}
	year, short, end := yearAt(t, t.skip(q, 2))
	return date{year, month, number(t.slice(p, p+n)), short, end}, end > 0
}

// ordinal is the position behind "st", "nd", "rd" or "th" at p.
func ordinal(t *text, p int64) int64 {
	for _, s := range []string{"st", "nd", "rd", "th"} {
		if hasPrefixFold(t.slice(p, p+2), s) && !isLetter(t.at(p+2)) {
			return p + 2
		}
	}
	return p
}

// monthWordBefore is the month whose name stands right before p, and where it
// begins; 0 if there is none.
func monthWordBefore(t *text, p int64) (int, int64) {
	q := t.skipBack(p, 2)
	if b := t.at(p - 1); q == p && (b == '-' || b == '/') {
		q--
	}
	if q == p {
		return 0, 0
	}
	n := monthBefore(t, q)
	if n == 0 {
		return 0, 0
	}
	// "31-Dec-80" was read from its day on.
	if b := t.at(q - n - 1); (b == ' ' || b == '-' || b == '/') && isDigit(t.at(q-n-2)) {
		return 0, 0
	}
	month, _ := monthAt(t, q-n)
	return month, q - n
}
