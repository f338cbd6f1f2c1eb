package numfmt

import (
	"fmt"
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
	m.weekday = (int(day) + 6) % 7
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
		t := time.Date(1899, 12, 31+int(day), 0, 0, 0, 0, time.UTC)
		m.year, m.month, m.day = t.Year(), int(t.Month()), t.Day()
	}
	return m, true
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
	var b strings.Builder
	for _, t := range s.tokens {
		switch t.what {
		case 'L':
			b.WriteString(t.text)
		case 'd':
			s.part(&b, t.text, m)
		case 'E', '@', 'G':
		default:
			b.WriteByte(t.what)
		}
	}
	return b.String(), true
}

// part writes one part of a date.
func (s *section) part(b *strings.Builder, letters string, m moment) {
	hour := m.hour
	if s.twelve {
		if hour %= 12; hour == 0 {
			hour = 12
		}
	}
	switch letters[0] {
	case 'y', 'e':
		if len(letters) > 2 || letters[0] == 'e' {
			fmt.Fprintf(b, "%04d", m.year)
		} else {
			fmt.Fprintf(b, "%02d", m.year%100)
		}
	case 'b':
		fmt.Fprintf(b, "%04d", m.year+543)
	case 'm':
		name := time.Month(m.month).String()
		b.WriteString(named(m.month, len(letters), name, name[:3]))
	case 'd', 'a':
		n := len(letters)
		name := time.Weekday(m.weekday).String()
		b.WriteString(named(m.day, n, name, name[:3]))
	case 'h':
		padded(b, hour, len(letters))
	case 'n':
		padded(b, m.minute, len(letters))
	case 's':
		padded(b, m.second, len(letters))
	case '.':
		digits := strconv.FormatFloat(m.fraction, 'f', min(len(letters)-1, 6), 64)
		b.WriteString(strings.TrimLeft(digits, "0"))
	case 'A':
		b.WriteString(halfOfDay(letters, m.hour))
	case '[':
		units := map[byte]float64{'h': 24, 'm': 24 * 60, 's': 24 * 60 * 60}
		count := math.Floor(m.serial*units[letters[1]] + 1e-6)
		padded(b, int(count), len(letters)-1)
	}
}

// named shows a day or month as a number, a short or a long name.
func named(n, letters int, long, short string) string {
	switch letters {
	case 1:
		return strconv.Itoa(n)
	case 2:
		return fmt.Sprintf("%02d", n)
	case 3:
		return short
	case 5:
		return long[:1]
	}
	return long
}

func padded(b *strings.Builder, n, letters int) {
	if letters > 1 {
		fmt.Fprintf(b, "%0*d", min(letters, 9), n)
		return
	}
	b.WriteString(strconv.Itoa(n))
}

func halfOfDay(letters string, hour int) string {
	first, second, _ := strings.Cut(letters, "/")
	if hour < 12 {
		return first
	}
	return second
}
