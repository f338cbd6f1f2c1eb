package numfmt

import (
	"math"
	"strconv"
	"strings"
)

// decimal shows a value that is not negative with so many decimals. It rounds
// the 15 digits that Excel has, half up: 1.005 is 1.01, though its binary is less.
func decimal(value float64, decimals int) (whole, part string) {
	if value != math.Trunc(value) {
		if v, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 14, 64), 64); err == nil {
			value = v
		}
	}
	digits := strconv.FormatFloat(value, 'f', -1, 64)
	whole, part, _ = strings.Cut(digits, ".")
	if len(part) <= decimals {
		return whole, part + strings.Repeat("0", decimals-len(part))
	}
	up := part[decimals] >= '5'
	all := []byte(whole + part[:decimals])
	for i := len(all) - 1; up && i >= 0; i-- {
		if up = all[i] == '9'; up {
			all[i] = '0'
		} else {
			all[i]++
		}
	}
	if up {
		all = append([]byte{'1'}, all...)
	}
	n := len(all) - decimals
	return string(all[:n]), string(all[n:])
}

// general shows a number by General among literals.
func (s *section) general(value float64) string {
	if len(s.tokens) == 0 {
		return General(value)
	}
	var b strings.Builder
	for _, t := range s.tokens {
		switch t.what {
		case 'G':
			b.WriteString(General(value))
		case 'L':
			b.WriteString(t.text)
		case ',', '.', '/', '%':
			b.WriteByte(t.what)
		}
	}
	return b.String()
}

// number shows a number by digit placeholders.
func (s *section) number(value float64) string {
	value *= math.Pow(100, float64(s.percent))
	value /= math.Pow(1000, float64(s.scale))
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return ""
	}
	whole, part, exponent := s.places()
	mark := ""
	if exponent > 0 {
		power := 0
		value, power = normalize(value, max(whole, 1), part)
		mark = strconv.Itoa(power)
	}
	intDigits, fracDigits := decimal(value, part)
	if intDigits == "0" {
		intDigits = ""
	}
	return string(lay(nil, s, intDigits, fracDigits, mark, whole))
}

// places counts the placeholders before and behind the point, and of the exponent.
func (s *section) places() (whole, part, exponent int) {
	at := &whole
	for _, t := range s.tokens {
		switch {
		case t.what == '.' && at == &whole:
			at = &part
		case t.what == 'E':
			at = &exponent
		case t.isDigit():
			*at++
		}
	}
	return whole, part, exponent
}

// normalize finds mantissa and exponent; the exponent is a multiple of the
// placeholders before the point.
func normalize(value float64, whole, part int) (float64, int) {
	if value == 0 {
		return 0, 0
	}
	power := int(math.Floor(math.Log10(value)))
	if whole > 1 {
		power = int(math.Floor(float64(power)/float64(whole))) * whole
	}
	mantissa := value / math.Pow(10, float64(power))
	if digits, _ := decimal(mantissa, part); len(digits) > whole {
		power += whole
		mantissa = value / math.Pow(10, float64(power))
	}
	return mantissa, power
}

// lay puts digits into their placeholders, literals between them. Digits beyond
// the placeholders stand at the first one.
func lay[T string | []byte](dst []byte, s *section, whole, part T, power string, places int) []byte {
	left, stage := places, 0
	for i := range s.tokens {
		t := &s.tokens[i]
		switch {
		case t.what == 'L':
			dst = append(dst, t.text...)
		case t.what == '%', t.what == '/':
			dst = append(dst, t.what)
		case t.what == '.' && stage == 0:
			if places == 0 {
				dst = append(dst, whole...)
			}
			stage = 1
			dst = append(dst, '.')
		case t.what == '.':
			dst = append(dst, '.')
		case t.what == 'E' && power != "":
			stage = 2
			dst = append(dst, 'E')
			if strings.HasPrefix(power, "-") {
				dst = append(dst, '-')
				power = power[1:]
			} else if t.text == "+" {
				dst = append(dst, '+')
			}
			power = strings.Repeat("0", max(0, s.exponentPlaces()-len(power))) + power
		case !t.isDigit():
		case stage == 0:
			dst = wholeDigit(dst, s, t.what, whole, left, left == places)
			left--
		case stage == 1:
			if len(part) == 0 {
				break
			}
			if t.what == '0' || !zeros(part) {
				dst = append(dst, part[0])
			}
			part = part[1:]
		default:
			dst = append(dst, power...)
			power = ""
		}
	}
	return dst
}

// zeros reports whether digits are nothing but zeros.
func zeros[T string | []byte](digits T) bool {
	for i := range len(digits) {
		if digits[i] != '0' {
			return false
		}
	}
	return true
}

func (s *section) exponentPlaces() int {
	_, _, n := s.places()
	return n
}

// wholeDigit appends what belongs to the placeholder that has left-1 others to
// its right.
func wholeDigit[T string | []byte](dst []byte, s *section, what byte, whole T, left int, first bool) []byte {
	from, to := len(whole)-left, len(whole)-left+1
	if first {
		from = 0
	}
	if to <= 0 {
		switch what {
		case '0':
			dst = s.separate(append(dst, '0'), left)
		case '?':
			dst = append(dst, ' ')
		}
		return dst
	}
	for i := max(from, 0); i < to; i++ {
		dst = s.separate(append(dst, whole[i]), len(whole)-i)
	}
	return dst
}

// separate appends the comma behind the digit that is the nth from the right.
func (s *section) separate(dst []byte, n int) []byte {
	if s.thousands && n > 1 && n%3 == 1 {
		dst = append(dst, ',')
	}
	return dst
}

// fraction shows a number with a fraction: "# ?/?" or "# ?/8".
func (s *section) fraction(value float64) string {
	slash := 0
	for i, t := range s.tokens {
		if t.what == '/' {
			slash = i
			break
		}
	}
	limit, fixed := s.denominator(slash)
	mixed := s.mixed(slash)
	whole := 0.0
	rest := value
	if mixed {
		whole = math.Floor(value)
		rest = value - whole
	}
	if value > 1e15 {
		return ""
	}
	over, under := approximate(rest, limit)
	if fixed > 0 {
		over, under = math.Round(rest*fixed), fixed
	}
	if mixed && over == under {
		whole, over = whole+1, 0
	}
	switch {
	case mixed && over == 0:
		return General(whole)
	case !mixed:
		return General(over) + "/" + General(under)
	case whole == 0:
		return General(over) + "/" + General(under)
	}
	return General(whole) + " " + General(over) + "/" + General(under)
}

// denominator reads what stands behind the slash: a fixed number, or places.
func (s *section) denominator(slash int) (limit, fixed float64) {
	places, digits := 0, ""
	for _, t := range s.tokens[slash+1:] {
		switch {
		case t.isDigit():
			places++
			digits += string(t.what)
		case t.what == 'L' && t.text >= "0" && t.text <= "9~" && places+len(digits) < 8:
			digits += t.text
		}
	}
	if v, err := strconv.ParseFloat(digits, 64); err == nil && v > 0 {
		return v, v
	}
	return math.Pow(10, float64(min(max(places, 1), 7))) - 1, 0
}

// mixed reports whether placeholders of a whole number stand before those of
// the numerator, with a literal between them.
func (s *section) mixed(slash int) bool {
	groups, in := 0, false
	for _, t := range s.tokens[:slash] {
		if t.isDigit() && !in {
			groups++
		}
		in = t.isDigit()
	}
	return groups > 1
}

// approximate finds the nearest fraction by continued fractions.
func approximate(value, limit float64) (over, under float64) {
	a0, b0, a1, b1 := 0.0, 1.0, 1.0, 0.0
	rest := value
	for range 40 {
		n := math.Floor(rest)
		a2, b2 := n*a1+a0, n*b1+b0
		if b2 > limit {
			break
		}
		a0, b0, a1, b1 = a1, b1, a2, b2
		if rest-n < 1e-10 {
			break
		}
		rest = 1 / (rest - n)
	}
	return a1, b1
}
