package extract

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

// param is one parameter of a Content-Type or Content-Disposition field, in the
// order and number in which it stands there.
type param struct {
	key   string // lower case, without the section and the star of RFC 2231
	value string // decoded
	raw   string // as it stands, without quotes
}

// fieldValue is a field of a token and parameters, read as forgivingly as any
// client: quotes may lack, values hold spaces, parameters repeat.
type fieldValue struct {
	token  string // lower case, comments and quotes gone
	params []param
}

// all lists the distinct values of a parameter.
func (v *fieldValue) all(key string) []string {
	var values []string
	for _, p := range v.params {
		if p.key == key && p.value != "" {
			values = appendNew(values, p.value)
		}
	}
	return values
}

// get returns the first value of a parameter.
func (v *fieldValue) get(key string) string {
	for _, p := range v.params {
		if p.key == key {
			return p.value
		}
	}
	return ""
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// maxParams bounds the parameters of one field.
const maxParams = 500

// parseValue reads an unfolded field value. It never fails.
func parseValue(s string) *fieldValue {
	v := &fieldValue{}
	head, rest, _ := strings.Cut(s, ";")
	v.token = token(head)
	if strings.Contains(head, "=") { // a semicolon lacks: "text/plain charset=x", "charset=x"
		first, _, _ := strings.Cut(strings.TrimLeft(head, " \t"), " ")
		if v.token, rest = "", s; strings.Contains(first, "/") && !strings.Contains(first, "=") {
			v.token, rest = token(first), strings.TrimLeft(s, " \t")[len(first):]
		}
	}
	var pieces []piece
	for len(rest) > 0 && len(pieces) < maxParams {
		rest = strings.TrimLeft(rest, "; \t,")
		eq := strings.IndexAny(rest, "=;")
		if eq < 0 {
			break
		}
		if rest[eq] == ';' {
			rest = rest[eq:]
			continue
		}
		key := strings.ToLower(strings.TrimSpace(rest[:eq]))
		if i := strings.LastIndexAny(key, " \t"); i >= 0 {
			key = key[i+1:] // "text/plain charset=x", the semicolon forgotten
		}
		var value string
		value, rest = parameterValue(rest[eq+1:])
		pieces = append(pieces, newPiece(key, value))
	}
	v.params = join(pieces)
	return v
}

// token reads a token as clients do: lower case, without quotes and comments,
// up to the first white space.
func token(s string) string {
	s = s[:min(len(s), 256)]
	for {
		open := strings.IndexByte(s, '(')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], ')')
		if end < 0 {
			s = s[:open]
			break
		}
		s = s[:open] + " " + s[open+end+1:]
	}
	s = strings.Trim(s, " \t\"'")
	if i := strings.IndexAny(s, " \t,"); i >= 0 && !strings.HasPrefix(strings.TrimSpace(s[i:]), "/") {
		s = s[:i]
	}
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "\t", ""))
}

// parameterValue reads a quoted or bare value at the front of s.
func parameterValue(s string) (value, rest string) {
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return strings.TrimRight(value, " \t"), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// piece is one parameter as it stands, perhaps a section of a longer one.
type piece struct {
	key     string
	section int // -1: not divided
	encoded bool
	value   string
}

func newPiece(key, value string) piece {
	p := piece{key: key, section: -1, value: value}
	p.key, p.encoded = strings.CutSuffix(p.key, "*")
	if i := strings.IndexByte(p.key, '*'); i >= 0 {
		if n, err := strconv.Atoi(p.key[i+1:]); err == nil && n >= 0 {
			p.key, p.section = p.key[:i], n
		}
	}
	return p
}

// join puts the sections of divided parameters together (RFC 2231 section 3),
// by number and not by order, and decodes all.
func join(pieces []piece) []param {
	var params []param
	divided := map[string][]piece{}
	for _, p := range pieces {
		if p.section >= 0 {
			if divided[p.key] == nil {
				params = append(params, param{key: p.key}) // keeps the place
			}
			divided[p.key] = append(divided[p.key], p)
			continue
		}
		params = append(params, param{key: p.key, value: decodePiece(p), raw: p.value})
	}
	for i := range params {
		sections := divided[params[i].key]
		if sections == nil || params[i].raw != "" || params[i].value != "" {
			continue
		}
		sort.SliceStable(sections, func(a, b int) bool { return sections[a].section < sections[b].section })
		params[i].value = decodeSections(sections)
		delete(divided, params[i].key)
	}
	return params
}

func decodePiece(p piece) string {
	if p.encoded {
		return decodeSections([]piece{p})
	}
	s, _ := decodeWords(p.value)
	return s
}

// decodeSections decodes a parameter with the charset that its first encoded
// section names, as in UTF-8'en'%e2%82%ac.
func decodeSections(sections []piece) string {
	var charset string
	var b []byte
	for i, p := range sections {
		value := p.value
		if !p.encoded {
			b = append(b, value...)
			continue
		}
		if i == 0 {
			if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
				charset, value = parts[0], parts[2]
			}
		}
		b = append(b, decodePercent(value)...)
	}
	s, _ := decodeString(charset, b)
	if strings.Contains(s, "=?") { // QUIRK: encoded words in RFC 2231 sections
		s, _ = decodeWords(s)
	}
	return strings.ReplaceAll(s, "\x00", "")
}

// encodingName maps what a Content-Transfer-Encoding says to the encoding that
// clients take it for; known is false if it names none, clean if it had to be
// guessed from a broken name.
func encodingName(value string) (name string, clean, known bool) {
	switch v := strings.ToLower(value); {
	case v == "base64" || v == "quoted-printable":
		return v, true, true
	case v == "" || v == "7bit" || v == "8bit" || v == "binary":
		return "", true, true
	case strings.Contains(v, "base64") || strings.Contains(v, "base-64") || v == "b":
		return "base64", false, true
	case strings.Contains(v, "quoted") || strings.Contains(v, "printable") || v == "q" || v == "qp":
		return "quoted-printable", false, true
	case strings.Contains(v, "uue") || strings.Contains(v, "uuencode"):
		return "uuencode", v == "x-uuencode" || v == "uuencode", true
	}
	switch token(strings.TrimRight(value, ";")) {
	case "7bit", "7-bit", "8bit", "8-bit", "binary", "none", "identity", "us-ascii", "utf-8", "raw", "plain":
		return "", false, true
	}
	return "", false, false
}
