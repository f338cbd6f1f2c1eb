// Package numfmt shows the numbers of spreadsheet cells as their reader sees them.
//
// Parse takes a number format code as Excel writes it (ECMA-376 part 1, section
// 18.8.31; [MS-XLS] Format), Builtin the codes that files name by id alone, and
// Format.String shows a number. OpenDocument readers translate their styles to
// such codes.
//
// # What is shown
//
// Sections with their conditions, digit placeholders with the literals among
// them ("000-00-0000"), thousands, scaling, percent, fractions, exponents, dates,
// times and elapsed times. Colours and fill are left out, names of months and
// days are English.
//
// A whole number is never shown with fewer digits than it has: where the code
// rounds it, hides it or makes it a date out of range, the plain number is shown,
// because the reader finds it there when he looks at the cell.
//
// # Promises
//
// Parse and String never fail: a code that makes no sense shows the plain number.
// Both are linear in the length of the code, of which only the first 1,000 bytes
// count. A Format is immutable and safe for concurrent use.
package numfmt

import (
	"math"
	"strconv"
	"strings"
)

// Format is a number format, ready to show numbers.
type Format struct {
	// Date1904 counts dates from 1904 (old files of Excel for Mac) instead of 1900.
	Date1904 bool

	sections []section
	positive *section // shows what is more than zero; nil if that depends on the number
}

// maxCode bounds how much of a format code is read. Excel allows 255 characters.
const maxCode = 1000

// Parse reads a format code. The empty code is General.
func Parse(code string) Format {
	if len(code) > maxCode {
		code = code[:maxCode]
	}
	var f Format
	for _, s := range splitSections(code) {
		f.sections = append(f.sections, parseSection(s))
	}
	f.settle()
	return f
}

// settle finds the section of positive numbers.
func (f *Format) settle() {
	for i := range f.sections {
		if s := &f.sections[i]; i < 3 && s.kind != text {
			if s.condition != "" {
				f.positive = nil
				return
			}
			if f.positive == nil {
				f.positive = s
			}
		}
	}
}

// String shows a number.
func (f Format) String(value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	s, sign := f.choose(value)
	if s == nil {
		return General(value)
	}
	shown, ok := "", false
	switch s.kind {
	case general:
		shown, ok = s.general(math.Abs(value)), true
	case number:
		shown, ok = s.number(math.Abs(value)), true
	case fraction:
		shown, ok = s.fraction(math.Abs(value)), true
	case date:
		shown, ok = s.date(value, f.Date1904)
		sign = sign && s.elapsed
	case text:
	}
	if !ok || s.kind != date && loses(value, shown) {
		return General(value)
	}
	if sign && value < 0 && strings.ContainsAny(shown, "123456789") {
		return "-" + shown
	}
	return shown
}

// IsDate reports whether the format shows numbers as dates or times.
func (f Format) IsDate() bool { return len(f.sections) > 0 && f.sections[0].kind == date }

// choose finds the section for a value, and whether a minus sign is for us to show.
func (f Format) choose(value float64) (*section, bool) {
	var numbers []*section
	conditional := false
	for i := range f.sections {
		if s := &f.sections[i]; i < 3 && s.kind != text {
			numbers = append(numbers, s)
			conditional = conditional || s.condition != ""
		}
	}
	if conditional {
		for i, s := range numbers {
			if s.holds(value) || s.condition == "" && i > 0 {
				return s, !(i > 0 && s.condition == "" && numbers[0].limit == 0)
			}
		}
		return nil, true
	}
	switch {
	case len(numbers) == 0:
		return nil, true
	case len(numbers) > 1 && value < 0:
		return numbers[1], false
	case len(numbers) > 2 && value == 0:
		return numbers[2], false
	}
	return numbers[0], true
}

// loses reports whether what is shown has fewer digits than a whole number has.
func loses(value float64, shown string) bool {
	value = math.Abs(value)
	if value < 1e5 || value != math.Trunc(value) {
		return false
	}
	digits := strings.TrimRight(strconv.FormatFloat(value, 'f', 0, 64), "0")
	i := 0
	for _, r := range shown {
		if i < len(digits) && byte(r) == digits[i] && r < 128 {
			i++
		}
	}
	return i < len(digits)
}

// General shows a number that has no format: whole numbers in full, others with
// the 15 significant digits that Excel has.
func General(value float64) string {
	size := math.Abs(value)
	if value == math.Trunc(value) && size < 1e18 {
		return strconv.FormatFloat(value+0, 'f', 0, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 14, 64), 64)
	if err != nil || size >= 1e18 || size < 1e-9 {
		return strconv.FormatFloat(value, 'E', -1, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
