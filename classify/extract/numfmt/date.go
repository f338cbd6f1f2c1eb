package numfmt

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// lastDay is 9999-12-31, the last that Excel shows.
const lastDay = 2958465

// moment is a date and a time of day, in the parts that formats speak of.
type moment struct {
	year, month, day, weekday int
	hour, minute, second      int
	fraction                  float64 // of a second
	serial                    float64
}

// newMoment splits a serial number. places is how many decimals of a second are
// shown: what is less rounds up to the next second.
func newMoment(value float64, date1904 bool, places int) (moment, bool) {
	if date1904 {
		value += 1462
	}
	if value < 0 || value >= lastDay+1 {
		return moment{}, false
	}
	m := moment{serial: value}
	step := math.Pow(10, float64(places))
	ticks := math.Round(value * 86400 * step)
	day := math.Floor(ticks / (86400 * step))
	ticks -= day * 86400 * step
	seconds := math.Floor(ticks / step)
	m.fraction = (ticks - seconds*step) / step
	m.hour, m.minute, m.second = int(seconds)/3600, int(seconds)/60%60, int(seconds)%60
	m.setDay(int(day))
	return m, true
}

// setDay takes the number of a day, counted from 1900.
func (m *moment) setDay(day int) {
	m.weekday = (day + 6) % 7
	switch {
	// QUIRK: Excel counts a 29 February 1900, as Lotus 1-2-3 did, and a day 0.
	case day == 60:
		m.year, m.month, m.day = 1900, 2, 29
	case day == 0:
		m.year, m.month, m.day = 1900, 1, 0
	default:
		if day > 60 {
			day--
		}
		m.year, m.month, m.day = civil(day)
	}
}

// civil is the day of the calendar that is so many days behind 1899-12-31. Years
// are taken to begin in March, so that the leap day is the last of one.
func civil(days int) (year, month, day int) {
	days += 693900 // since 0000-03-01
	era := days / 146097
	days -= era * 146097
	year = (days - days/1460 + days/36524 - days/146096) / 365
	days -= 365*year + year/4 - year/100
	month = (5*days + 2) / 153
	day = days - (153*month+2)/5 + 1
	year += era * 400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// date shows a number as a date or time; not ok if it is out of range.
func (s *section) date(value float64, date1904 bool) (string, bool) {
	places := 0
	for _, t := range s.tokens {
		if t.what == 'd' && t.text[0] == '.' {
			places = min(len(t.text)-1, 6)
		}
	}
	if s.elapsed {
		value = math.Abs(value)
		date1904 = false
	}
	m, ok := newMoment(value, date1904, places)
	if !ok {
		return "", false
	}
	return string(s.appendMoment(nil, &m)), true
}

func (s *section) appendMoment(dst []byte, m *moment) []byte {
	for i := range s.tokens {
		switch t := &s.tokens[i]; t.what {
		case 'L':
			dst = append(dst, t.text...)
		case 'd':
			dst = s.part(dst, t.text, m)
		case 'E', '@', 'G':
		default:
			dst = append(dst, t.what)
		}
	}
	return dst
}

// part appends one part of a date.
func (s *section) part(b []byte, letters string, m *moment) []byte {
	hour := m.hour
	if s.twelve {
		if hour %= 12; hour == 0 {
			hour = 12
		}
	}
	switch letters[0] {
	case 'y', 'e':
		if len(letters) > 2 || letters[0] == 'e' {
			return padded(b, m.year, 4)
		}
		return padded(b, m.year%100, 2)
	case 'b':
		return padded(b, m.year+543, 4)
	case 'm':
		if len(letters) <= 2 {
			return padded(b, m.month, len(letters))
		}
		return named(b, len(letters), time.Month(m.month).String())
	case 'd', 'a':
		if len(letters) <= 2 {
			return padded(b, m.day, len(letters))
		}
		return named(b, len(letters), time.Weekday(m.weekday).String())
	case 'h':
		return padded(b, hour, len(letters))
	case 'n':
		return padded(b, m.minute, len(letters))
	case 's':
		return padded(b, m.second, len(letters))
	case '.':
		digits := strconv.FormatFloat(m.fraction, 'f', min(len(letters)-1, 6), 64)
		return append(b, strings.TrimLeft(digits, "0")...)
	case 'A':
		return append(b, halfOfDay(letters, m.hour)...)
	case '[':
		units := map[byte]float64{'h': 24, 'm': 24 * 60, 's': 24 * 60 * 60}
		count := math.Floor(m.serial*units[letters[1]] + 1e-6)
		return padded(b, int(count), len(letters)-1)
	}
	return b
}

// named appends a short or a long name of a day or month.
func named(b []byte, letters int, name string) []byte {
	switch letters {
	case 3:
		name = name[:3]
	case 5:
		name = name[:1]
	}
	return append(b, name...)
}

func padded(b []byte, n, letters int) []byte {
	switch {
	case letters <= 2 && 0 <= n && n < 10:
		return append(append(b, "0"[:max(0, letters-1)]...), '0'+byte(n))
	case letters <= 2 && 0 <= n && n < 100:
		return append(b, '0'+byte(n/10), '0'+byte(n%10))
	case letters == 4 && 1000 <= n && n < 10000:
		return append(b, '0'+byte(n/1000), '0'+byte(n/100%10), '0'+byte(n/10%10), '0'+byte(n%10))
	}
	for width, ten := min(letters, 9), 10; width > 1; width, ten = width-1, ten*10 {
		if n < ten {
			b = append(b, '0')
		}
	}
	return strconv.AppendInt(b, int64(n), 10)
}

func halfOfDay(letters string, hour int) string {
	first, second, _ := strings.Cut(letters, "/")
	if hour < 12 {
		return first
	}
	return second
}
