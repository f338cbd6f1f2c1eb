package edm

import (
	"strings"
	"time"
)

// order says how the numbers of a date follow each other.
type order uint8

const (
	anyOrder order = iota
	dayFirst
	monthFirst
)

// writing is how dates are to be read: those of a mail may mean several days, those
// of a source one.
type writing struct {
	order  order
	source bool
}

// inMails reads all that a date in a mail can mean.
var inMails = writing{}

// day is a day as a number, 19700304.
type day int

// datesOf calls see with every day that the words of a text can mean, alone or
// three in a row.
func datesOf[T string | []byte](text T, l *wordList, how writing, see func(day)) {
	for i := range l.all {
		switch w := &l.all[i]; {
		case w.to-w.from == 8:
			compact(l.at(i), see)
		case i+2 < len(l.all) && (w.number > 0 || w.to-w.from >= 3) && dateGap(text[w.end:l.all[i+1].start]) && dateGap(text[l.all[i+1].end:l.all[i+2].start]):
			l.readings(i, how, see)
		}
	}
}

// compact reads YYYYMMDD.
func compact(b []byte, see func(day)) {
	n := 0
	for _, c := range b {
		if c-'0' > 9 {
			return
		}
		n = n*10 + int(c-'0')
	}
	addDay(n/10000, n/100%100, n%100, see)
}

// dateGap reports whether this may stand between the parts of a date: spaces, or
// one separator with or without them.
func dateGap[T string | []byte](s T) bool {
	if len(s) == 0 || len(s) > 3 {
		return false
	}
	separators := 0
	for i := range len(s) {
		switch s[i] {
		case ' ', '\t':
		case '/', '-', '.', ',':
			separators++
		default:
			return false
		}
	}
	return separators <= 1
}

// readings calls see with every day that three words from i on can mean.
func (l *wordList) readings(i int, how writing, see func(day)) {
	a, b, c := l.all[i].number, l.all[i+1].number, l.all[i+2].number
	first, last := l.all[i].to-l.all[i].from, l.all[i+2].to-l.all[i+2].from
	switch month := monthOf(l.at(i + 1)); {
	case first == 4 && a > 0 && month > 0:
		addDay(a, month, l.dayAt(i+2), see)
	case first == 4 && a > 0:
		addDay(a, b, c, see)
	case month > 0:
		how.eachYear(c, last, func(year int) { addDay(year, month, l.dayAt(i), see) })
	case a < 0:
		if month := monthOf(l.at(i)); month > 0 {
			how.eachYear(c, last, func(year int) { addDay(year, month, l.dayAt(i+1), see) })
		}
	case b > 0:
		how.eachYear(c, last, func(year int) {
			if how.order != monthFirst || a > 12 || a == b {
				addDay(year, b, a, see)
			}
			if (how.order != dayFirst || b > 12) && a != b {
				addDay(year, a, b, see)
			}
		})
	}
}

// dayAt reads "4", "04" or "4th"; 0 is no day.
func (l *wordList) dayAt(i int) int {
	if n := l.all[i].number; n >= 0 {
		return n
	}
	b := l.at(i)
	if len(b) < 3 || len(b) > 4 {
		return 0
	}
	switch string(b[len(b)-2:]) {
	case "st", "nd", "rd", "th":
	default:
		return 0
	}
	n := 0
	for _, c := range b[:len(b)-2] {
		if c-'0' > 9 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// centuryFrom is the first year of two digits that a source means as one of the last
// century, as spreadsheets do.
const centuryFrom = 30

// eachYear calls see with what the year of a date can mean. Two digits are of either
// century in a mail; in a source 00 to 29 are of this century, the others of the last.
func (how writing) eachYear(n, digits int, see func(year int)) {
	switch {
	case n < 0:
	case digits == 2 && how.source && n < centuryFrom:
		see(2000 + n)
	case digits == 2 && how.source:
		see(1900 + n)
	case digits == 2:
		see(1900 + n)
		see(2000 + n)
	case digits == 4:
		see(n)
	}
}

// addDay calls see with a day of 1800 to 2199, if there is such a day.
func addDay(year, month, date int, see func(day)) {
	if year < 1800 || year > 2199 || month < 1 || month > 12 || date < 1 || date > 31 {
		return
	}
	if date > 28 && time.Date(year, time.Month(month), date, 0, 0, 0, 0, time.UTC).Day() != date {
		return
	}
	see(day(year*10000 + month*100 + date))
}

var months = [...]string{
	"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
}

// monthOf reads the name of a month, whole or its first three letters.
func monthOf(b []byte) int {
	if len(b) < 3 || b[0]-'a' > 25 {
		return 0
	}
	for i, m := range months {
		if string(b) == m || len(b) == 3 && string(b) == m[:3] || i == 8 && string(b) == "sept" {
			return i + 1
		}
	}
	return 0
}

// dayIn reads the cell of a table: one day, or none. A time of day behind it is
// of no interest.
func dayIn(cell string, how order) (day, bool) {
	if date, _, ok := strings.Cut(cell, "T"); ok && len(date) == len(time.DateOnly) {
		cell = date
	}
	cell = strings.TrimSuffix(strings.TrimSpace(cell), " 00:00:00")
	var l wordList
	var days []day
	wordsOf(cell, &l)
	if len(l.all) == 3 || len(l.all) == 1 {
		datesOf(cell, &l, writing{how, true}, func(d day) { days = append(days, d) })
	}
	if len(days) != 1 {
		return 0, false
	}
	return days[0], true
}
