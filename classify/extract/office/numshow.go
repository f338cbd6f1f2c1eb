package office

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// showNumber writes the absolute value of a number by the section's pattern.
func (s *section) showNumber(dst []byte, digits string, v float64) []byte {
	a := math.Abs(v)
	if s.exponent {
		return s.showExponent(dst, a)
	}
	if s.fraction {
		return append(dst, strconv.FormatFloat(a, 'f', -1, 64)...)
	}
	whole, part := s.scaled(digits, a)
	if whole == "0" {
		whole = ""
	}
	extra := max(0, len(whole)-s.whole)
	at := len(whole) - s.whole // of the digit for the next placeholder
	left := s.whole
	decimal := 0
	for i := range s.items {
		switch it := &s.items[i]; it.kind {
		case itemLiteral:
			dst = append(dst, it.text...)
		case itemDigit:
			for ; extra > 0; extra-- {
				dst = s.digit(dst, whole[len(whole)-s.whole-extra], s.whole+extra)
			}
			if at >= 0 {
				dst = s.digit(dst, whole[at], left)
			} else if it.text == "0" {
				dst = s.digit(dst, '0', left)
			}
			at++
			left--
		case itemPoint:
			if s.whole == 0 {
				dst = append(dst, whole...)
			}
			dst = append(dst, '.')
		case itemDecimal:
			if decimal < len(part) && (it.text == "0" || strings.Trim(part[decimal:], "0") != "") {
				dst = append(dst, part[decimal])
			}
			decimal++
		case itemGeneral:
			dst = appendGeneral(dst, digits, a)
		case itemText:
			dst = append(dst, digits...)
		}
	}
	return dst
}

// digit writes one digit of the whole part, which has so many places from it on.
func (s *section) digit(dst []byte, c byte, places int) []byte {
	dst = append(dst, c)
	if s.group && places > 1 && (places-1)%3 == 0 {
		dst = append(dst, ',')
	}
	return dst
}

// scaled rounds a number to the section's decimals, and multiplies it for
// percents and thousands.
func (s *section) scaled(digits string, a float64) (whole, part string) {
	whole, part, _ = strings.Cut(digits, ".")
	if s.scale == 0 && len(part) <= s.decimals && strings.Trim(whole+part, "0123456789") == "" {
		part += strings.Repeat("0", s.decimals-len(part))
	} else {
		a *= math.Pow10(s.scale)
		if a > 1e40 {
			return digits, ""
		}
		whole, part, _ = strings.Cut(strconv.FormatFloat(a, 'f', s.decimals, 64), ".")
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	return whole, part
}

func (s *section) showExponent(dst []byte, a float64) []byte {
	m, e, _ := strings.Cut(strconv.FormatFloat(a, 'E', s.decimals, 64), "E")
	for i := range s.items {
		switch it := &s.items[i]; it.kind {
		case itemLiteral:
			dst = append(dst, it.text...)
		case itemDigit:
			dst = append(dst, m...)
			m = ""
		case itemExp:
			dst = append(append(dst, 'E'), e...)
		}
	}
	return dst
}

// showDate writes a day number of a spreadsheet as date and time, and its ISO
// form if that looks otherwise.
func (s *section) showDate(dst []byte, v float64, date1904 bool) []byte {
	if v < 0 || v > 2958466 { // the year 10000
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	t := dayTime(v, date1904, s.seconds())
	from := len(dst)
	half := s.has("am/pm") || s.has("a/p")
	for i := range s.items {
		switch it := &s.items[i]; it.kind {
		case itemLiteral:
			dst = append(dst, it.text...)
		case itemPoint:
			dst = append(dst, '.')
		case itemDate:
			dst = appendField(dst, it.text, t, v, half, s.minutes(i))
		}
	}
	if v < 1 || !s.has("d") && !s.has("y") {
		return dst
	}
	iso := t.Format("2006-01-02")
	if strings.Contains(string(dst[from:]), iso) {
		return dst
	}
	return append(append(append(dst, " ("...), iso...), ')')
}

// seconds reports whether the section shows seconds; otherwise time is shown to
// the minute.
func (s *section) seconds() bool { return s.has("s") || s.has("[") }

// has reports whether a field of the section begins so.
func (s *section) has(field string) bool {
	for i := range s.items {
		if s.items[i].kind == itemDate && strings.HasPrefix(s.items[i].text, field) {
			return true
		}
	}
	return false
}

// minutes reports whether the m or mm at i are minutes: behind hours or before
// seconds.
func (s *section) minutes(i int) bool {
	if t := s.items[i].text; t != "m" && t != "mm" {
		return false
	}
	for j := i - 1; j >= 0; j-- {
		if it := &s.items[j]; it.kind == itemDate {
			if it.text[0] == 'h' || it.text == "[h]" {
				return true
			}
			break
		}
	}
	for j := i + 1; j < len(s.items); j++ {
		if it := &s.items[j]; it.kind == itemDate {
			return it.text[0] == 's'
		}
	}
	return false
}

// dayTime is the time of a day number. Day 60 of the 1900 system, 29 February
// 1900, never was: days before it count from a day later.
func dayTime(v float64, date1904, seconds bool) time.Time {
	day, part := math.Modf(v)
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if v < 60 {
		epoch = epoch.AddDate(0, 0, 1)
	}
	t := epoch.AddDate(0, 0, int(day)).Add(time.Duration(math.Round(part*86400000)) * time.Millisecond)
	if seconds {
		return t
	}
	return t.Add(500 * time.Millisecond).Truncate(time.Second)
}

// appendField writes one field of a date or time.
func appendField(dst []byte, field string, t time.Time, v float64, half, minutes bool) []byte {
	if minutes {
		return appendPadded(dst, t.Minute(), len(field))
	}
	switch field[0] {
	case 'y':
		if len(field) <= 2 {
			return appendPadded(dst, t.Year()%100, 2)
		}
		return appendPadded(dst, t.Year(), 4)
	case 'm':
		switch len(field) {
		case 1, 2:
			return appendPadded(dst, int(t.Month()), len(field))
		case 3:
			return append(dst, t.Month().String()[:3]...)
		case 5:
			return append(dst, t.Month().String()[0])
		}
		return append(dst, t.Month().String()...)
	case 'd':
		switch len(field) {
		case 1, 2:
			return appendPadded(dst, t.Day(), len(field))
		case 3:
			return append(dst, t.Weekday().String()[:3]...)
		}
		return append(dst, t.Weekday().String()...)
	case 'h':
		h := t.Hour()
		if half {
			h = (h+11)%12 + 1
		}
		return appendPadded(dst, h, min(2, len(field)))
	case 's':
		return appendPadded(dst, t.Second(), min(2, len(field)))
	case '.':
		return append(dst, t.Format(".000")[:min(4, len(field))]...)
	case '[':
		per := map[byte]float64{'h': 24, 'm': 24 * 60, 's': 24 * 60 * 60}[field[1]]
		return strconv.AppendInt(dst, int64(v*per+1e-6), 10)
	case 'a':
		mark := "AM"
		if t.Hour() >= 12 {
			mark = "PM"
		}
		if field == "a/p" {
			mark = mark[:1]
		}
		return append(dst, mark...)
	}
	return dst
}

func appendPadded(dst []byte, n, width int) []byte {
	s := strconv.Itoa(n)
	for range width - len(s) {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}
