package office

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// The bounds of numbers and their formats.
const (
	maxCellBytes   = 32 << 10
	maxFormatBytes = 1 << 10
	maxFormats     = 4096
	maxExponent    = 40 // a number over 1e40 is shown in scientific form
)

// format shows numbers as a number format of a spreadsheet says (ISO/IEC
// 29500-1 section 18.8.31).
type format struct {
	sections []section
	general  bool // it says nothing: General, or it could not be read
}

// section is the format for one kind of numbers: positive, negative, zero.
type section struct {
	items    []item
	compare  byte // of a condition: < > = l (<=) g (>=) n (<>); 0 for none
	bound    float64
	date     bool
	general  bool
	text     bool // @
	exponent bool
	fraction bool
	group    bool // thousands are separated
	decimals int
	whole    int // placeholders before the point
	scale    int // powers of ten: percent, thousands
}

// item is a piece of a section.
type item struct {
	kind byte   // see below
	text string // of a literal, or the letters of a date field
}

// The kinds of items.
const (
	itemLiteral = 'l'
	itemDigit   = 'd' // a placeholder before the point: 0, # or ?
	itemPoint   = '.'
	itemDecimal = 'f' // a placeholder behind the point
	itemExp     = 'e'
	itemExpPart = 'x' // a placeholder of the exponent
	itemDate    = 't' // a field of a date or time
	itemText    = '@'
	itemGeneral = 'G'
)

var generalFormat = &format{general: true}

// builtinFormats are those that documents name by number alone (ISO/IEC 29500-1
// section 18.8.30). From 27 on they are dates of East Asia.
var builtinFormats = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: `"$"#,##0`, 6: `"$"#,##0`, 7: `"$"#,##0.00`, 8: `"$"#,##0.00`,
	9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
	14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yyyy h:mm",
	27: "yyyy/m/d", 28: "yyyy/m/d", 29: "yyyy/m/d", 30: "m/d/yy", 31: "yyyy/m/d", 32: "h:mm", 33: "h:mm:ss", 34: "yyyy/m/d", 35: "yyyy/m/d", 36: "yyyy/m/d",
	37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
	41: "#,##0", 42: `"$"#,##0`, 43: "#,##0.00", 44: `"$"#,##0.00`,
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	50: "yyyy/m/d", 51: "yyyy/m/d", 52: "yyyy/m/d", 53: "yyyy/m/d", 54: "yyyy/m/d", 55: "yyyy/m/d", 56: "yyyy/m/d", 57: "yyyy/m/d", 58: "yyyy/m/d",
}

// formats keeps the formats of a document: those of cells by style, others by
// code.
type formats struct {
	byCode map[string]*format
	codes  map[int]string // number formats that the document defines
	styles []*format      // of cells
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
	if code, ok := fs.codes[id]; ok {
		return fs.custom([]byte(code))
	}
	return fs.custom([]byte(builtinFormats[id]))
}

// custom is the format of that code.
func (fs *formats) custom(code []byte) *format {
	if len(code) == 0 || len(code) > maxFormatBytes {
		return generalFormat
	}
	if f := fs.byCode[string(code)]; f != nil {
		return f
	}
	f := parseFormat(string(code))
	if fs.byCode == nil {
		fs.byCode = map[string]*format{}
	}
	if len(fs.byCode) < maxFormats {
		fs.byCode[string(code)] = f
	}
	return f
}

func parseFormat(code string) *format {
	f := &format{}
	for len(f.sections) < 4 {
		var s section
		code = s.parse(code)
		f.sections = append(f.sections, s)
		if code == "" {
			break
		}
		code = code[1:]
	}
	f.general = len(f.sections) == 1 && f.sections[0].general && len(f.sections[0].items) == 1
	return f
}

// parse reads one section and returns the rest, which is empty or begins with
// the semicolon.
func (s *section) parse(code string) string {
	commas, point, exp := 0, false, false
	for len(code) > 0 && code[0] != ';' {
		n := 1
		switch c := code[0]; c {
		case '0', '#', '?':
			if commas > 0 && !point && s.whole > 0 {
				s.group = true
			}
			commas = 0
			s.placeholder(code[:1], point, exp)
		case '.':
			if s.date && strings.HasPrefix(code, ".0") {
				n = 1 + len(code[1:]) - len(strings.TrimLeft(code[1:], "0"))
				s.add(itemDate, code[:n])
				break
			}
			point = true
			s.add(itemPoint, ".")
		case ',':
			commas++
			if s.whole == 0 || s.date {
				s.add(itemLiteral, ",")
			}
		case '%':
			s.scale += 2
			s.add(itemLiteral, "%")
		case '/':
			s.fraction = s.whole > 0 && !s.date
			s.add(itemLiteral, "/")
		case '@':
			s.text = true
			s.add(itemText, "")
		case '\\', '!':
			if len(code) > 1 {
				n = 1 + runeBytes(code[1:])
				s.add(itemLiteral, code[1:n])
			}
		case '_':
			n = 1 + runeBytes(code[1:])
			s.add(itemLiteral, " ")
		case '*':
			n = 1 + runeBytes(code[1:])
		case '"':
			end := strings.IndexByte(code[1:], '"')
			if end < 0 {
				end = len(code) - 1
			}
			s.add(itemLiteral, code[1:1+end])
			n = min(len(code), end+2)
		case '[':
			end := strings.IndexByte(code, ']')
			if end < 0 {
				return ""
			}
			s.bracket(code[1:end])
			n = end + 1
		default:
			n = s.letter(code, &exp)
		}
		code = code[n:]
	}
	if commas > 0 && s.whole > 0 && !s.date {
		s.scale -= 3 * min(commas, 8)
	}
	return code
}

func runeBytes(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

func (s *section) add(kind byte, text string) { s.items = append(s.items, item{kind, text}) }

func (s *section) placeholder(c string, point, exp bool) {
	switch {
	case exp:
		s.add(itemExpPart, c)
	case point:
		s.decimals++
		s.add(itemDecimal, c)
	default:
		s.whole++
		s.add(itemDigit, c)
	}
}

// letter reads letters: fields of dates, an exponent, General; others are
// literals. It returns how much it read.
func (s *section) letter(code string, exp *bool) int {
	lower := strings.ToLower(code[:min(len(code), 16)])
	switch {
	case strings.HasPrefix(lower, "general"):
		s.general = true
		s.add(itemGeneral, "")
		return 7
	case strings.HasPrefix(lower, "standard"):
		s.general = true
		s.add(itemGeneral, "")
		return 8
	case strings.HasPrefix(lower, "am/pm"):
		s.addDate("am/pm")
		return 5
	case strings.HasPrefix(lower, "a/p"):
		s.addDate("a/p")
		return 3
	case strings.HasPrefix(lower, "e+"), strings.HasPrefix(lower, "e-"):
		*exp, s.exponent = true, true
		s.add(itemExp, lower[1:2])
		return 2
	}
	if c := lower[0]; strings.IndexByte("ymdhs", c) >= 0 {
		n := len(lower) - len(strings.TrimLeft(lower, string(c)))
		s.addDate(lower[:n])
		return n
	}
	n := runeBytes(code)
	s.add(itemLiteral, code[:n])
	return n
}

func (s *section) addDate(field string) {
	s.date = true
	s.add(itemDate, field)
}

// bracket reads what stands in brackets: a colour, a currency and locale, a
// condition, or time that has elapsed.
func (s *section) bracket(in string) {
	switch {
	case in == "":
	case in[0] == '$':
		symbol, _, _ := strings.Cut(in[1:], "-")
		s.add(itemLiteral, symbol)
	case strings.IndexByte("<>=", in[0]) >= 0:
		s.compare = in[0]
		rest := in[1:]
		switch {
		case strings.HasPrefix(in, "<="):
			s.compare, rest = 'l', in[2:]
		case strings.HasPrefix(in, ">="):
			s.compare, rest = 'g', in[2:]
		case strings.HasPrefix(in, "<>"):
			s.compare, rest = 'n', in[2:]
		}
		s.bound, _ = strconv.ParseFloat(rest, 64)
	default:
		if field := strings.ToLower(in); strings.Trim(field, field[:1]) == "" && strings.IndexByte("hms", field[0]) >= 0 {
			s.addDate("[" + field[:1] + "]")
		}
	}
}

// holds reports whether a number meets the section's condition.
func (s *section) holds(v float64) bool {
	switch s.compare {
	case '<':
		return v < s.bound
	case '>':
		return v > s.bound
	case '=':
		return v == s.bound
	case 'l':
		return v <= s.bound
	case 'g':
		return v >= s.bound
	case 'n':
		return v != s.bound
	}
	return true
}

// pick returns the section for a number, and whether a minus sign is to be
// written: not if the section is for negative numbers alone.
func (f *format) pick(v float64) (s *section, minus bool) {
	n := len(f.sections)
	if f.sections[n-1].text && n > 1 {
		n-- // the last one is for texts
	}
	sections := f.sections[:n]
	if sections[0].compare != 0 || n > 1 && sections[1].compare != 0 {
		for i := range sections {
			if sections[i].holds(v) && (sections[i].compare != 0 || i == n-1) {
				return &sections[i], v < 0
			}
		}
		return &sections[n-1], v < 0
	}
	switch {
	case v < 0 && n > 1:
		return &sections[1], false
	case v == 0 && n > 2:
		return &sections[2], false
	}
	return &sections[0], v < 0
}

// show appends a number as the format shows it. What is no number is appended as
// it stands. Where the format loses digits of a whole number they follow in
// parentheses, behind a date its ISO form.
func (f *format) show(dst, raw []byte, date1904 bool) []byte {
	if f.general && len(raw) <= 11 && bytes.IndexByte(raw, 'E') < 0 && bytes.IndexByte(raw, 'e') < 0 {
		return append(dst, raw...)
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return append(dst, raw...)
	}
	from := len(dst)
	digits := decimal(raw, v)
	if f.general {
		dst = appendGeneral(dst, digits, v)
		return appendLost(dst, from, digits)
	}
	s, minus := f.pick(v)
	if s.date {
		return s.showDate(dst, v, date1904)
	}
	if minus {
		dst = append(dst, '-')
	}
	dst = s.showNumber(dst, digits, v)
	return appendLost(dst, from, digits)
}

// decimal is a number without sign and exponent: its digits as the document has
// them, which may be more than a float keeps.
func decimal(raw []byte, v float64) string {
	s := strings.TrimLeft(string(raw), "+-")
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && s[i] != '.' {
			if a := math.Abs(v); a > 1e40 || a < 1e-12 {
				return s
			}
			return strconv.FormatFloat(math.Abs(v), 'f', -1, 64)
		}
	}
	return s
}

// appendGeneral writes a number as a cell without format does, in eleven
// characters.
func appendGeneral(dst []byte, digits string, v float64) []byte {
	a := math.Abs(v)
	if v < 0 {
		dst = append(dst, '-')
	}
	whole, _, point := strings.Cut(digits, ".")
	switch {
	case a >= 1e11 || a < 1e-9 && a > 0:
		m, e, _ := strings.Cut(strconv.FormatFloat(a, 'E', 5, 64), "E")
		return append(append(append(dst, strings.TrimRight(strings.TrimRight(m, "0"), ".")...), 'E'), e...)
	case !point || len(digits) <= 11:
		return append(dst, digits...)
	}
	s := strconv.FormatFloat(a, 'f', max(0, 10-len(whole)), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return append(dst, s...)
}

// lostDigits is how long a whole number is whose digits must not be lost.
const lostDigits = 6

// appendLost appends the digits of a whole number that what was written from
// there on does not show.
func appendLost(dst []byte, from int, digits string) []byte {
	whole, part, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	if len(whole) < lostDigits || strings.Trim(part, "0") != "" || len(whole) > maxExponent {
		return dst
	}
	var seen [maxExponent]byte
	n := 0
	for _, c := range dst[from:] {
		if '0' <= c && c <= '9' && (n > 0 || c != '0') && n < len(seen) {
			seen[n] = c
			n++
		}
	}
	if strings.HasPrefix(string(seen[:n]), whole) {
		return dst
	}
	if len(dst) > from {
		dst = append(dst, ' ')
	}
	return append(append(append(dst, '('), whole...), ')')
}
