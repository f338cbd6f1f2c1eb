package office

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify/extract/numfmt"
)

// The bounds of numbers and their formats.
const (
	maxCellBytes   = 32 << 10
	maxFormatBytes = 1 << 10
	maxFormats     = 4096
)

// format shows numbers as a number format says, with short ways for the formats
// that sheets are full of.
type format struct {
	numfmt.Format
	general bool
	date    bool   // of days, not of hours alone
	zeros   []byte // a code of nothing but zeros and what stands between them
	digits  int    // how many zeros
}

var generalFormat = &format{general: true}

// formats keeps the formats of a document: those of cells by style, others by
// code.
type formats struct {
	byCode   map[string]*format
	codes    map[int]string // number formats that the document defines
	styles   []*format      // of cells
	date1904 bool
}

// style is the format of a cell's style.
func (fs *formats) style(n int) *format {
	if n < 0 || n >= len(fs.styles) {
		return generalFormat
	}
	return fs.styles[n]
}

// number is the format of that number.
func (fs *formats) number(id int) *format {
	code, ok := fs.codes[id]
	if !ok {
		code, _ = numfmt.Builtin(id)
	}
	return fs.custom(code)
}

// custom is the format of that code.
func (fs *formats) custom(code string) *format {
	if code == "" || code == "General" {
		return generalFormat
	}
	if f := fs.byCode[code]; f != nil {
		return f
	}
	f := &format{Format: numfmt.Parse(code), zeros: zerosOf(code)}
	f.digits = bytes.Count(f.zeros, []byte("0"))
	f.Date1904 = fs.date1904
	f.date = f.IsDate() && strings.ContainsAny(strings.ToLower(code), "dy")
	if fs.byCode == nil {
		fs.byCode = map[string]*format{}
	}
	if len(fs.byCode) < maxFormats {
		fs.byCode[code] = f
	}
	return f
}

// zerosOf returns a code that is nothing but zeros with blanks and hyphens
// between them, unescaped; nil if it is another.
func zerosOf(code string) []byte {
	var zeros []byte
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '\\' && i+1 < len(code) && (code[i+1] == '-' || code[i+1] == ' '):
		case c == '0', c == '-', c == ' ':
			zeros = append(zeros, c)
		default:
			return nil
		}
	}
	return zeros
}

// wholeDigits is how many digits of a whole number a float keeps.
const wholeDigits = 15

// show appends a number as the format shows it, and behind a date its ISO form.
// What is no number is appended as it stands.
func (f *format) show(dst, raw []byte) []byte {
	whole := isNumber(raw) && raw[0] != '0'
	switch {
	case f.general:
		if whole || short(raw) {
			return append(dst, raw...)
		}
	case f.zeros != nil && whole && len(raw) <= wholeDigits:
		return place(dst, f.zeros, raw, len(raw)-f.digits)
	case f.date && whole && len(raw) <= 7:
		if shown, ok := f.AppendDay(dst, number(raw), true); ok {
			return shown
		}
	default:
		if shown, ok := f.decimal(dst, raw); ok {
			return shown
		}
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return append(dst, raw...)
	}
	shown := f.String(v)
	dst = append(dst, shown...)
	if f.date && v >= 1 && v < 3e6 {
		if iso := day(v, f.Date1904); !strings.Contains(shown, iso) {
			dst = append(append(append(dst, " ("...), iso...), ')')
		}
	}
	return dst
}

// decimal appends a number of digits and perhaps a point.
func (f *format) decimal(dst, raw []byte) (shown []byte, ok bool) {
	if len(raw) > wholeDigits+1 {
		return dst, false
	}
	whole, part, point := bytes.Cut(raw, []byte("."))
	if !isNumber(whole) || point && !isNumber(part) {
		return dst, false
	}
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	return f.AppendDecimal(dst, whole, part)
}

// short reports whether a number is shown as it stands.
func short(raw []byte) bool {
	if len(raw) > 11 {
		return false
	}
	for _, c := range raw {
		if (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// place puts the digits of a number into a pattern of zeros, from its end; the
// spare ones, of which there are too many, stand before it.
func place(dst, zeros, digits []byte, spare int) []byte {
	if spare == 0 {
		for _, c := range zeros {
			if c == '0' {
				c, digits = digits[0], digits[1:]
			}
			dst = append(dst, c)
		}
		return dst
	}
	for _, c := range zeros {
		switch {
		case c != '0':
		case spare < 0:
			spare++
		default:
			dst = append(dst, digits[:spare]...)
			digits = digits[spare:]
			c, digits, spare = digits[0], digits[1:], 0
		}
		dst = append(dst, c)
	}
	return dst
}

// day is the ISO form of a day number. The 1900 system counts a 29 February
// 1900, which never was: the days before it count from a day later.
func day(v float64, date1904 bool) string {
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if v < 60 {
		epoch = epoch.AddDate(0, 0, 1)
	}
	return epoch.AddDate(0, 0, int(v)).Format("2006-01-02")
}

// lostDigits is how long a whole number is whose digits must not be lost.
const lostDigits = 6

// lost returns the digits of a whole number if what is shown lacks some of them;
// nil otherwise.
func lost(shown []byte, value string) []byte {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) < 1e5 || math.Abs(v) > 1e18 {
		return nil
	}
	digits := []byte(strings.TrimLeft(value, "-+0"))
	if !isNumber(digits) {
		digits = strconv.AppendFloat(nil, math.Abs(v), 'f', 0, 64)
	}
	var seen []byte
	for _, c := range shown {
		if '0' <= c && c <= '9' && (len(seen) > 0 || c != '0') {
			seen = append(seen, c)
		}
	}
	if len(digits) < lostDigits || bytes.HasPrefix(seen, digits) {
		return nil
	}
	return digits
}
