package numfmt

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind says what a section shows.
type kind uint8

const (
	general kind = iota
	number
	fraction
	date
	text
)

// token is one piece of a section: a placeholder, or a literal.
type token struct {
	what byte   // '0', '#', '?', '.', '%', 'E', '/', 'G' (General), '@', 'd' (date part), 'L' (literal)
	text string // the literal; of a date part its letters; of an exponent its sign
}

// section is one part of a format between semicolons.
type section struct {
	kind      kind
	tokens    []token
	condition string // "", "<", "<=", "=", "<>", ">=", ">"
	limit     float64
	elapsed   bool // [h], [m] or [s]: time that does not end at midnight
	twelve    bool // AM/PM
	thousands bool
	scale     int // steps of a thousand to divide by
	percent   int
	days      bool // a date without a time of day
	simple    bool // a number that is neither scaled nor has an exponent
	whole     int  // placeholders before the point
	decimals  int  // and behind it
}

// splitSections cuts a code at its semicolons.
func splitSections(code string) []string {
	var all []string
	start := 0
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '\\', '_', '*':
			i++
		case '"':
			if n := strings.IndexByte(code[i+1:], '"'); n >= 0 {
				i += n + 1
			}
		case '[':
			if n := strings.IndexByte(code[i:], ']'); n >= 0 {
				i += n
			}
		case ';':
			all = append(all, code[start:i])
			start = i + 1
		}
	}
	return append(all, code[min(start, len(code)):])
}

func parseSection(code string) section {
	var s section
	for i := 0; i < len(code); {
		i += s.take(code[i:])
	}
	s.settle()
	return s
}

// take reads one token and returns its length.
func (s *section) take(code string) int {
	switch c := code[0]; c {
	case '\\':
		_, n := utf8.DecodeRuneInString(code[1:])
		s.literal(code[1 : 1+n])
		return 1 + n
	case '_':
		_, n := utf8.DecodeRuneInString(code[1:])
		s.literal(" ")
		return 1 + n
	case '*':
		_, n := utf8.DecodeRuneInString(code[1:])
		return 1 + n
	case '"':
		n := strings.IndexByte(code[1:], '"')
		if n < 0 {
			n = len(code) - 1
		}
		s.literal(code[1 : 1+n])
		return min(n+2, len(code))
	case '[':
		if n := strings.IndexByte(code, ']'); n > 0 {
			s.bracket(code[1:n])
			return n + 1
		}
		return 1
	case '0', '#', '?', '.', '%', '/', '@', ',':
		s.add(c, "")
		return 1
	default:
		return s.word(code)
	}
}

// word reads what begins with a letter: General, a date part or an exponent.
func (s *section) word(code string) int {
	for _, w := range []string{"General", "Standard", "AM/PM", "A/P", "E+", "E-"} {
		if len(code) < len(w) || !strings.EqualFold(code[:len(w)], w) {
			continue
		}
		switch w[0] {
		case 'A':
			s.add('d', w)
			s.twelve = true
		case 'E':
			s.add('E', w[1:])
		default:
			s.add('G', "")
		}
		return len(w)
	}
	c := code[0] | 0x20
	n := 1
	switch c {
	case 'y', 'm', 'd', 'h', 's', 'e', 'b', 'g', 'a':
		for n < len(code) && code[n]|0x20 == c {
			n++
		}
		if c == 'a' && n < 3 {
			break
		}
		if c == 's' && n+1 < len(code) && code[n] == '.' && code[n+1] == '0' {
			zeros := len(code[n+1:]) - len(strings.TrimLeft(code[n+1:], "0"))
			s.add('d', strings.ToLower(code[:n]))
			s.add('d', "."+strings.Repeat("0", zeros))
			return n + 1 + zeros
		}
		s.add('d', strings.ToLower(code[:n]))
		return n
	}
	_, n = utf8.DecodeRuneInString(code)
	s.literal(code[:n])
	return n
}

// bracket reads what stands in [ ]: a condition, a currency or an elapsed time.
// Colours and locales show nothing.
func (s *section) bracket(in string) {
	if in == "" {
		return
	}
	switch in[0] {
	case '<', '>', '=':
		op := in[:len(in)-len(strings.TrimLeft(in, "<>="))]
		if v, err := strconv.ParseFloat(strings.TrimSpace(in[len(op):]), 64); err == nil {
			s.condition, s.limit = op, v
		}
		return
	case '$':
		symbol, _, _ := strings.Cut(in[1:], "-")
		s.literal(symbol)
		return
	}
	letter := strings.ToLower(in)
	if c := letter[0]; (c == 'h' || c == 'm' || c == 's') && strings.Trim(letter, letter[:1]) == "" {
		s.elapsed = true
		s.add('d', "["+letter)
	}
}

func (s *section) add(what byte, text string) { s.tokens = append(s.tokens, token{what, text}) }

func (s *section) literal(text string) {
	if text != "" {
		s.add('L', text)
	}
}

// settle finds what the section shows, once all its tokens are known.
func (s *section) settle() {
	digits, dates, slash, at := 0, 0, 0, 0
	s.kind = general
	plain := len(s.tokens) == 0
	for _, t := range s.tokens {
		switch t.what {
		case '0', '#', '?':
			digits++
		case 'd':
			dates++
		case '/':
			slash++
		case '@':
			at++
		case 'G':
			plain = true
		case '%':
			s.percent++
		}
	}
	switch {
	case dates > 0:
		s.kind = date
		s.settleMinutes()
		s.settleDays()
	case digits > 0:
		s.kind = number
		if slash > 0 {
			s.kind = fraction
		}
		s.settleCommas()
	case at > 0:
		s.kind = text
	case !plain:
		s.kind = number // literals alone
	}
	exponent := 0
	s.whole, s.decimals, exponent = s.places()
	s.simple = s.kind == number && s.percent == 0 && s.scale == 0 && exponent == 0 && s.whole > 0 && s.decimals <= maxQuick
}

// settleCommas takes the commas out: among digits they part thousands, behind
// the last one each divides by a thousand.
func (s *section) settleCommas() {
	kept := s.tokens[:0:0]
	afterPoint := false
	for i, t := range s.tokens {
		if t.what == '.' {
			afterPoint = true
		}
		if t.what != ',' {
			kept = append(kept, t)
			continue
		}
		before, after := false, false
		for j := i - 1; j >= 0 && !before && s.tokens[j].what != 'L'; j-- {
			before = s.tokens[j].isDigit()
		}
		for j := i + 1; j < len(s.tokens) && !after && s.tokens[j].what == ',' || j < len(s.tokens) && s.tokens[j].isDigit() && !after; j++ {
			after = s.tokens[j].isDigit()
		}
		switch {
		case before && after && !afterPoint:
			s.thousands = true
		case before:
			s.scale++
		default:
			kept = append(kept, token{'L', ","})
		}
	}
	s.tokens = kept
}

func (t token) isDigit() bool { return t.what == '0' || t.what == '#' || t.what == '?' }

// settleMinutes tells the m of minutes from the m of months: minutes stand
// behind hours or before seconds.
func (s *section) settleMinutes() {
	last := byte(0)
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.what != 'd' {
			continue
		}
		c := strings.TrimPrefix(t.text, "[")[0]
		if c == 'm' && len(t.text) <= 2 && t.text[0] != '[' && (last == 'h' || s.secondsFollow(i+1)) {
			t.text = "n" + t.text[1:]
		}
		if c != '.' && c != 'A' {
			last = c
		}
	}
}

// settleDays finds whether a date shows no time of day.
func (s *section) settleDays() {
	s.days = true
	for _, t := range s.tokens {
		if t.what == 'd' && !strings.ContainsAny(t.text[:1], "yebmda") {
			s.days = false
		}
	}
}

func (s *section) secondsFollow(i int) bool {
	for ; i < len(s.tokens); i++ {
		if t := s.tokens[i]; t.what == 'd' {
			return strings.HasPrefix(strings.TrimPrefix(t.text, "["), "s")
		}
	}
	return false
}

// holds reports whether a value meets the section's condition.
func (s *section) holds(value float64) bool {
	switch s.condition {
	case "<":
		return value < s.limit
	case "<=":
		return value <= s.limit
	case "=":
		return value == s.limit
	case "<>":
		return value != s.limit
	case ">=":
		return value >= s.limit
	case ">":
		return value > s.limit
	}
	return false
}
