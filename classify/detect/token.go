package detect

import (
	"bytes"
	"math/bits"
)

// tokenBytes is how far before a candidate the beginning of a URL is looked for.
const tokenBytes = 4 << 10

// base64Run is the least length of a run of base64 that hides what stands in it.
const base64Run = 40

// token follows the text from candidate to candidate and knows whether the
// present place lies in a URL. A token longer than tokenBytes is known as far
// back as it was followed.
type token struct {
	pos   int64 // up to here the text was read
	start int64 // where the present token begins
	kind  tokenKind
	slash bool // it has a slash
	colon bool // it has a colon
	query bool // a '?' or '#' came behind the URL's beginning
	parts bool // it has a comma or semicolon, so a table's cell may begin in it
}

type tokenKind uint8

const (
	plainToken tokenKind = iota
	urlToken             // a URL, with or without its scheme
	dataToken            // a data: URI (RFC 2397)
)

// follow reads on to p.
func (k *token) follow(t *text, p int64) {
	if p-k.pos > tokenBytes {
		*k = token{pos: p - tokenBytes, start: p - tokenBytes}
	}
	s := t.slice(k.pos, p)
	at := p - int64(len(s))
	var signs uint64 // from i on, the first the lowest
	i, back := len(s), max(len(s)-64, 0)
	for ; i > back; i-- {
		sign := urlSigns[s[i-1]]
		if sign == endsURL {
			break
		}
		signs = signs<<1 | uint64(sign)
	}
	if i > back {
		*k = token{start: at + int64(i)}
	} else {
		k.followFar(t, at, s[:i])
	}
	for ; signs != 0; signs &= signs - 1 {
		q := at + int64(i+bits.TrailingZeros64(signs))
		k.step(t, q, t.at(q))
	}
	k.pos = p
}

// followFar takes the text at a position.
func (k *token) followFar(t *text, at int64, s []byte) {
	for i := len(s) - 1; i >= 0; i-- {
		if urlSigns[s[i]] == endsURL {
			*k = token{start: at + int64(i) + 1}
			s, at = s[i+1:], k.start
			break
		}
	}
	for i, c := range s {
		if urlSigns[c] == tellsToken {
			k.step(t, at+int64(i), c)
		}
	}
}

// step takes a character of the token that can change what it is.
func (k *token) step(t *text, at int64, c byte) {
	switch c {
	case ':':
		k.colon = true
		if k.kind == plainToken && t.at(at+1) == '/' && t.at(at+2) == '/' && isAlnum(rune(t.at(at-1))) {
			k.kind = urlToken
		}
	case ';':
		k.parts = true
	case ',':
		k.parts = true
		if k.kind == plainToken && k.colon && isDataURI(t.slice(max(k.start, at-dataHead), at)) {
			k.kind = dataToken
		}
	case '/':
		if k.kind == plainToken && !k.slash && isHost(t.slice(k.start, at)) {
			k.kind = urlToken
		}
		k.slash = true
	case '?', '#':
		k.query = k.query || k.kind == urlToken
	}
}

// What a character is to a token: one that step looks at, or one that cannot stand in a
// URL (RFC 3986, appendix C: white space and the usual delimiters), the apostrophe of
// quoted strings too.
const (
	tellsToken = 1
	endsURL    = 2
)

var urlSigns = func() (sign [256]uint8) {
	for c := range 0x21 {
		sign[c] = endsURL
	}
	for _, c := range "\"'<>\\^`{|}[]" {
		sign[c] = endsURL
	}
	for _, c := range ":;,/?#" {
		sign[c] = tellsToken
	}
	return sign
}()

// dataHead is the greatest length of a data: URI before its comma.
const dataHead = 128

// isDataURI reports whether a token up to its comma is the head of a data: URI:
// "data:", then a media type or parameters.
func isDataURI(head []byte) bool {
	i := len(head) - len("data:")
	for i >= 0 && (head[i+4] != ':' || string(head[i:i+4]) != "data") {
		i--
	}
	if i < 0 || i > 0 && isAlnum(rune(head[i-1])) {
		return false
	}
	head = head[i+len("data:"):]
	return len(head) == 0 || head[0] == ';' || bytes.IndexByte(head, '/') > 0
}

// isHost reports whether a token up to its first slash is a host name of at
// least two labels, the last of letters: "www.example.com", "example.com".
func isHost(head []byte) bool {
	if len(head) > 253 {
		return false
	}
	head = bytes.TrimLeft(head, "(")
	dot := bytes.LastIndexByte(head, '.')
	if dot < 1 || len(head)-dot < 3 {
		return false
	}
	for i, c := range head {
		switch {
		case isLetter(c), i < dot && (isDigit(c) || c == '-'):
		case c == '.' && i > 0 && head[i-1] != '.':
		default:
			return false
		}
	}
	return true
}

// enclosed reports whether a candidate lies inside something that is no text: an
// addr-spec or msg-id, a URL, a data: URI, base64. p is its first digit. A UUID
// needs no rule of its own: hyphens tie its groups together.
func (f *finder) enclosed(c *candidate, p int64) bool {
	t := f.text
	f.token.follow(t, p)
	switch f.token.kind {
	case dataToken:
		return true
	case urlToken:
		if f.inCell() {
			return !(f.token.query && t.at(c.start-1) == '=' && f.keywordEnds(c, c.start-1))
		}
	}
	return f.inAddress(c.start, c.end) || inBase64(t, c.start, c.end)
}

// linked reports at little cost that a candidate at p is a part of a path in a URL, as
// most long numbers behind a slash are.
func (f *finder) linked(p int64) bool {
	if f.text.at(p-1) != '/' {
		return false
	}
	f.token.follow(f.text, p)
	f.columns.place = p
	return f.token.kind == dataToken || f.token.kind == urlToken && f.inCell()
}

// inCell reports whether the token is one so far: a CSV cell with a URL ends at its
// delimiter.
func (f *finder) inCell() bool {
	return !f.token.parts || f.columns.cellStart(f.text) <= f.token.start
}

// inAddress reports whether [start,end) lies in a token with '@': an addr-spec
// (RFC 5322, section 3.4.1) or, in angle brackets, a msg-id of any form.
func (f *finder) inAddress(start, end int64) bool {
	t := f.text
	if !f.hasAt(start-windowChars, end+windowChars) {
		return false
	}
	at, open, shut := false, false, false
	p := start
	for limit := start - windowChars; p > limit && isAtext[t.at(p-1)]; p-- {
		at = at || t.at(p-1) == '@'
	}
	local := p
	for p = end; p < end+windowChars && isAtext[t.at(p)]; p++ {
		if t.at(p) == '@' && p > local && isAtext[t.at(p+1)] {
			at = true
		}
	}
	if at {
		return true
	}
	for p = start - 1; p > start-windowChars && !endsMsgID[t.at(p)]; p-- {
		at = at || t.at(p) == '@'
	}
	open = t.at(p) == '<'
	for p = end; p < end+windowChars && !endsMsgID[t.at(p)]; p++ {
		at = at || t.at(p) == '@'
	}
	shut = t.at(p) == '>'
	return at && open && shut
}

// hasAt reports whether an '@' stands in [from,to). It remembers where none does.
func (f *finder) hasAt(from, to int64) bool {
	known := &f.noAt
	from = max(from, f.text.base)
	if from < known.from || from > known.to {
		*known = span{from, from}
	}
	if known.to >= to {
		return false
	}
	if at := bytes.IndexByte(f.text.slice(known.to, to), '@'); at >= 0 {
		known.to += int64(at)
		return true
	}
	known.to = min(to, f.text.end())
	return false
}

// isAtext are the characters of an address that also addresses in running text
// have: of atext those that usually separate things are left out.
var isAtext = func() (is [256]bool) {
	for c := range is {
		is[c] = isAlnum(rune(c)) && c < 0x80 || c >= 0x80
	}
	for _, c := range "!#$%*+-=^_~.@" {
		is[c] = true
	}
	return is
}()

var endsMsgID = func() (ends [256]bool) {
	for c := range 0x21 {
		ends[c] = true
	}
	ends['<'], ends['>'] = true, true
	return ends
}()

// inBase64 reports whether [start,end) lies in a long run of base64 on one line,
// or in the shorter last line of such lines.
func inBase64(t *text, start, end int64) bool {
	from, to := start, end
	for start-from < base64Run && isBase64(t.at(from-1)) {
		from--
	}
	for to-end < base64Run && isBase64(t.at(to)) {
		to++
	}
	if from < start || to > end {
		first, last := start, end // the separators of a value are no base64
		for first < end && isBase64(t.at(first)) {
			first++
		}
		for last > start && isBase64(t.at(last-1)) {
			last--
		}
		if first < end {
			return from < start && first-from >= base64Run || to > end && to-last >= base64Run
		}
		if to-from >= base64Run {
			return true
		}
	} else if !isBase64All(t.slice(start, end)) {
		return false
	}
	for t.at(to) == '=' {
		to++
	}
	if c := t.at(to); c != 0 && c != '\r' && c != '\n' {
		return false
	}
	for t.at(from-1) == ' ' || t.at(from-1) == '\t' {
		from--
	}
	if t.at(from-1) != '\n' {
		return false
	}
	from--
	if t.at(from-1) == '\r' {
		from--
	}
	return mixedBase64(t.slice(from-base64Run, from))
}

// mixedBase64 tells base64 from a line of prose or figures.
func mixedBase64(line []byte) bool {
	var upper, lower, digit bool
	for _, c := range line {
		if !isBase64(c) {
			return false
		}
		upper, lower, digit = upper || isUpper(c), lower || isLetter(c) && !isUpper(c), digit || isDigit(c)
	}
	return len(line) == base64Run && upper && lower && digit
}

func isBase64All(s []byte) bool {
	for _, c := range s {
		if !isBase64(c) {
			return false
		}
	}
	return true
}

func isBase64(c byte) bool { return isLetter(c) || isDigit(c) || c == '+' || c == '/' }
