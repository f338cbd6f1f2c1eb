package rules

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A place in a TOML document is written as the keys that lead to it, each after
// keyMark, and the numbers of list items, each after itemMark.
const (
	keyMark  = "\x1f"
	itemMark = "\x1e"
)

func item(place string, n int) string { return place + itemMark + strconv.Itoa(n) }

// locator finds on which line each key and each list item of a TOML document
// stands, which the TOML library does not tell. It reads text that the library
// has accepted, so it checks nothing; any other text makes it wrong, never panic.
type locator struct {
	text   []byte
	at     int
	line   int
	lines  map[string]int
	tables map[string]int // items so far of each [[list of tables]]
}

func locate(text []byte) map[string]int {
	l := &locator{text: text, line: 1, lines: map[string]int{}, tables: map[string]int{}}
	l.text = bytes.TrimPrefix(l.text, []byte("\xef\xbb\xbf"))
	table := ""
	for l.blank(); l.at < len(l.text); l.blank() {
		start := l.at
		switch {
		case bytes.HasPrefix(l.text[l.at:], []byte("[[")):
			l.at += 2
			table = l.listItem(l.key())
			l.restOfLine()
		case l.text[l.at] == '[':
			l.at++
			table = l.descend("", l.key())
			l.lines[table] = l.line
			l.restOfLine()
		default:
			l.assignment(table)
		}
		if l.at == start {
			l.at++
		}
	}
	return l.lines
}

// listItem opens the next item of a [[list of tables]].
func (l *locator) listItem(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	place := l.descend("", keys[:len(keys)-1]) + keyMark + keys[len(keys)-1]
	l.note(place)
	n := l.tables[place]
	l.tables[place]++
	place = item(place, n)
	l.note(place)
	return place
}

// descend follows keys, into the last item where a key names a list of tables.
func (l *locator) descend(place string, keys []string) string {
	for _, k := range keys {
		place += keyMark + k
		l.note(place)
		if n := l.tables[place]; n > 0 {
			place = item(place, n-1)
		}
	}
	return place
}

func (l *locator) note(place string) {
	if _, ok := l.lines[place]; !ok {
		l.lines[place] = l.line
	}
}

// assignment reads one "key = value" below a place.
func (l *locator) assignment(table string) {
	place := l.descend(table, l.key())
	l.space()
	if l.peek() == '=' {
		l.at++
	}
	l.space()
	l.value(place)
}

func (l *locator) value(place string) {
	switch l.peek() {
	case '"', '\'':
		l.quoted()
	case '[':
		l.at++
		for n := 0; l.more(']'); n++ {
			l.note(item(place, n))
			l.value(item(place, n))
		}
	case '{':
		l.at++
		for l.more('}') {
			l.assignment(place)
		}
	default:
		for l.at < len(l.text) && !strings.ContainsRune(",]}#\n", rune(l.text[l.at])) {
			l.at++
		}
	}
}

// more skips to the next item of a list or inline table; at its end it steps
// over the closing bracket and returns false.
func (l *locator) more(closing byte) bool {
	l.blank()
	for l.peek() == ',' {
		l.at++
		l.blank()
	}
	switch l.peek() {
	case closing:
		l.at++
		return false
	case 0, ']', '}', '=':
		return false // not TOML
	}
	return true
}

// key reads a dotted key.
func (l *locator) key() []string {
	var keys []string
	for {
		l.space()
		switch c := l.peek(); c {
		case '"', '\'':
			keys = append(keys, l.quoted())
		default:
			start := l.at
			for l.at < len(l.text) && !strings.ContainsRune(" \t.=]#\r\n,{}[\"'", rune(l.text[l.at])) {
				l.at++
			}
			keys = append(keys, string(l.text[start:l.at]))
		}
		l.space()
		if l.peek() != '.' {
			return keys
		}
		l.at++
	}
}

// quoted reads any of the four kinds of string.
func (l *locator) quoted() string {
	quote := string(l.text[l.at])
	if long := strings.Repeat(quote, 3); bytes.HasPrefix(l.text[l.at:], []byte(long)) {
		quote = long
	}
	l.at += len(quote)
	start := l.at
	for l.at < len(l.text) && !bytes.HasPrefix(l.text[l.at:], []byte(quote)) {
		if l.text[l.at] == '\\' && quote[0] == '"' {
			l.step()
		}
		l.step()
	}
	end := min(l.at, len(l.text))
	l.at = min(end+len(quote), len(l.text))
	for len(quote) == 3 && l.peek() == quote[0] { // a long string may end in quotes of its own
		l.at++
	}
	if quote[0] == '\'' {
		return string(l.text[start:end])
	}
	return unescape(string(l.text[start:end]))
}

func (l *locator) step() {
	if l.at < len(l.text) {
		if l.text[l.at] == '\n' {
			l.line++
		}
		l.at++
	}
}

func (l *locator) peek() byte {
	if l.at < len(l.text) {
		return l.text[l.at]
	}
	return 0
}

func (l *locator) space() {
	for l.peek() == ' ' || l.peek() == '\t' {
		l.at++
	}
}

// blank skips white space, line ends and comments.
func (l *locator) blank() {
	for l.at < len(l.text) {
		switch l.text[l.at] {
		case ' ', '\t', '\r', '\n':
			l.step()
		case '#':
			l.restOfLine()
		default:
			return
		}
	}
}

func (l *locator) restOfLine() {
	for l.at < len(l.text) && l.text[l.at] != '\n' {
		l.at++
	}
}

// unescape resolves the escapes of a TOML basic string.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]; digits > 0 && i+digits < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32); err == nil && n <= utf8.MaxRune {
				b.WriteRune(rune(n))
			}
			i += digits
			continue
		}
		if plain, ok := escapes[s[i]]; ok {
			b.WriteByte(plain)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

var escapes = map[byte]byte{'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r', 'e': 0x1b}
