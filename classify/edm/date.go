package edm

import (
	"fmt"
	"strconv"
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

// datesOf calls see with every day that three words of a text in a row can mean,
// as "1970-03-04". between is what stands behind a word, up to the next.
func datesOf(words []word, between func(i int) string, how order, see func(day string)) {
	for i := range words {
		if len(words[i].text) == 8 {
			if t, err := time.Parse("20060102", words[i].text); err == nil {
				see(t.Format(time.DateOnly))
			}
			continue
		}
		if i+2 < len(words) && dateGap(between(i)) && dateGap(between(i+1)) {
			readings(words[i].text, words[i+1].text, words[i+2].text, how, see)
		}
	}
}

// dateGap reports whether this may stand between the parts of a date.
func dateGap(s string) bool {
	switch strings.TrimSpace(s) {
	case "":
		return s != "" && len(s) < 4
	case "/", "-", ".", ",":
		return len(s) < 4
	}
	return false
}

func readings(a, b, c string, how order, see func(day string)) {
	add := func(year, month, day int) {
		if month < 1 || month > 12 || day < 1 || year < 1800 || year > 2199 {
			return
		}
		t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if t.Day() == day {
			see(t.Format(time.DateOnly))
		}
	}
	switch x, y, z := dayNumber(a), dayNumber(b), dayNumber(c); {
	case len(a) == 4 && x > 0:
		if m := monthOf(b); m > 0 {
			y = m
		}
		add(x, y, z)
	case monthOf(b) > 0:
		for _, year := range years(c) {
			add(year, monthOf(b), x)
		}
	case monthOf(a) > 0:
		for _, year := range years(c) {
			add(year, monthOf(a), y)
		}
	case x > 0 && y > 0:
		for _, year := range years(c) {
			if how != monthFirst || y > 12 {
				add(year, y, x)
			}
			if (how != dayFirst || x > 12) && x != y {
				add(year, x, y)
			}
		}
	}
}

// dayNumber reads "4", "04", "4th" or a year; 0 is no number.
func dayNumber(s string) int {
	if len(s) > 2 && len(s) < 5 {
		for _, ending := range []string{"st", "nd", "rd", "th"} {
			s = strings.TrimSuffix(s, ending)
		}
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || len(s) > 4 {
		return 0
	}
	return int(n)
}

// years are what the year of a date can mean; two digits are of either century.
func years(s string) []int {
	n, err := strconv.ParseUint(s, 10, 16)
	switch {
	case err != nil:
		return nil
	case len(s) == 2:
		return []int{1900 + int(n), 2000 + int(n)}
	case len(s) == 4:
		return []int{int(n)}
	}
	return nil
}

var months = [...]string{
	"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
}

func monthOf(s string) int {
	for i, m := range months {
		if s == m || len(s) == 3 && strings.HasPrefix(m, s) || s == "sept" && i == 8 {
			return i + 1
		}
	}
	return 0
}

// dayIn reads the cell of a table: one day, or the reason why it is none.
func dayIn(cell string, how order) (string, error) {
	// A time of day behind the date is of no interest.
	if date, _, ok := strings.Cut(cell, "T"); ok && len(date) == len(time.DateOnly) {
		cell = date
	}
	cell = strings.TrimSuffix(strings.TrimSpace(cell), " 00:00:00")
	words := wordsOf(cell, nil)
	var days []string
	if len(words) == 3 || len(words) == 1 {
		datesOf(words, func(i int) string { return cell[words[i].end:words[i+1].start] }, how, func(day string) { days = append(days, day) })
	}
	switch len(days) {
	case 0:
		return "", fmt.Errorf("no date")
	case 1:
		return days[0], nil
	}
	return "", fmt.Errorf("more than one reading")
}
