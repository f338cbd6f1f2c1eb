package numfmt

import "bytes"

// maxQuick is how many digits a number may have that AppendDecimal shows: a float
// keeps as many.
const maxQuick = 15

// AppendDay appends what String shows for a whole number of days and, where iso
// asks for it, the ISO form in parentheses, if that is another. It is not ok if
// the format is none of days alone, or the day none of 1900-03-01 to 9999-12-31.
func (f *Format) AppendDay(dst []byte, day int, iso bool) (shown []byte, ok bool) {
	if f.Date1904 {
		day += 1462
	}
	if f.positive == nil || !f.positive.days || day <= 60 || day > lastDay {
		return dst, false
	}
	var m moment
	m.setDay(day)
	from := len(dst)
	dst = f.positive.appendMoment(dst, &m)
	if !iso {
		return dst, true
	}
	var text [10]byte
	b := append(padded(text[:0], m.year, 4), '-')
	b = append(padded(b, m.month, 2), '-')
	if b = padded(b, m.day, 2); bytes.Contains(dst[from:], b) {
		return dst, true
	}
	return append(append(append(dst, " ("...), b...), ')'), true
}

// AppendDecimal appends what String shows for a positive number of at most 15
// digits: those before its point, without zeros at their beginning, and those
// behind it. It is not ok if the format does more than to place digits.
func (f *Format) AppendDecimal(dst, whole, part []byte) (shown []byte, ok bool) {
	s := f.positive
	if s == nil || !s.simple || len(whole)+len(part) > maxQuick || len(whole) == 0 && zeros(part) {
		return dst, false
	}
	var digits [maxQuick]byte
	for n := copy(digits[:], part); n < len(digits); n++ {
		digits[n] = '0'
	}
	if len(part) > s.decimals && part[s.decimals] >= '5' && !increment(digits[:s.decimals]) {
		return dst, false // the digits before the point change
	}
	return lay(dst, s, whole, digits[:s.decimals], "", s.whole), true
}

// increment adds one to the last digit; false if it runs over.
func increment(digits []byte) bool {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			return true
		}
		digits[i] = '0'
	}
	return false
}
