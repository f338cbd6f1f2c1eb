package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// unfold removes the line breaks of a folded field value (RFC 5322 section
// 2.2.3) and the white space around it. A break with no white space behind it,
// and a bare CR, become a space.
func unfold(value string) string {
	if !strings.ContainsAny(value, "\r\n\x00") {
		return strings.Trim(value, " \t")
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; c {
		case 0:
		case '\r', '\n':
			for i+1 < len(value) && (value[i+1] == '\r' || value[i+1] == '\n') {
				i++
			}
			if i+1 < len(value) && value[i+1] != ' ' && value[i+1] != '\t' {
				b.WriteByte(' ')
			}
		default:
			b.WriteByte(c)
		}
	}
	return strings.Trim(b.String(), " \t")
}

// DecodeField is the text of a header field's value: unfolded, and with the
// encoded words of RFC 2047 decoded. ok is false where some of them could not be.
func DecodeField(value string) (text string, ok bool) { return decodeWords(unfold(value)) }

// encodedWord is one word of RFC 2047: its charset, without the language of RFC
// 2231 section 5, and its bytes.
type encodedWord struct {
	charset string
	text    []byte
	torn    string // base64 at its end that makes no whole group
}

// decodeWords decodes the encoded words of an unfolded value wherever they
// stand: inside quoted strings and without white space around them too, as
// clients do. A word that is broken stays as it is, or is decoded as far as it
// goes; either is told by ok = false. White space between adjacent words is
// dropped, and a character may be torn across them.
func decodeWords(value string) (text string, ok bool) {
	if !strings.Contains(value, "=?") {
		if utf8.ValidString(value) {
			return value, true
		}
		return hybridString([]byte(value)), true
	}
	var b strings.Builder
	var run encodedWord // adjacent words of one charset
	ok = true
	flush := func() {
		s, known := decodeString(run.charset, append(run.text, decodeBase64Word(run.torn)...))
		ok = ok && known
		b.WriteString(s)
		run = encodedWord{}
	}
	for len(value) > 0 {
		i := strings.Index(value, "=?")
		if i < 0 {
			break
		}
		if between := value[:i]; run.text == nil || strings.Trim(between, " \t") != "" {
			flush()
			b.WriteString(hybridString([]byte(between)))
		}
		value = value[i:]
		word, size, whole := parseWord(value, run)
		ok = ok && whole
		if size == 0 {
			flush()
			b.WriteString("=?")
			value = value[2:]
			continue
		}
		if run.text != nil && !strings.EqualFold(run.charset, word.charset) {
			flush()
		}
		run.charset = word.charset
		run.text, run.torn = append(run.text, word.text...), word.torn
		if run.text == nil {
			run.text = []byte{} // an empty word is a word
		}
		value = value[size:]
	}
	flush()
	b.WriteString(hybridString([]byte(value)))
	return strings.ReplaceAll(b.String(), "\x00", ""), ok
}

// maxCharsetName bounds the charset of an encoded word.
const maxCharsetName = 64

// parseWord reads the encoded word at the front of s, which begins with "=?",
// and takes what is torn off the word before. size is the length of its text in s, 0 if it is none. Each byte is looked at a
// bounded number of times, whatever the words of a value are.
func parseWord(s string, before encodedWord) (w encodedWord, size int, whole bool) {
	head := s[2:min(len(s), 2+maxCharsetName+1)]
	end := strings.IndexByte(head, '?')
	if end < 0 || strings.ContainsAny(head[:end], " \t\"") || len(s) < 2+end+3 || s[2+end+2] != '?' {
		return w, 0, false
	}
	w.charset, _, _ = strings.Cut(head[:end], "*")
	encoding := s[2+end+1]
	start := 2 + end + 3
	text, stop, whole := wordText(s[start:])
	torn := ""
	if strings.EqualFold(w.charset, before.charset) {
		torn = before.torn
	}
	switch encoding {
	case 'b', 'B':
		text, w.torn = wholeGroups(torn + text)
		w.text = decodeBase64Word(text)
	case 'q', 'Q':
		w.text = append(decodeBase64Word(torn), decodeQWord(text)...)
	default:
		return w, 0, false
	}
	if whole {
		stop += 2
	}
	return w, start + stop, whole
}

// wholeGroups splits base64 that does not end in padding behind its last group
// of four. QUIRK: mailers tear a text into words without regard to groups.
func wholeGroups(s string) (whole, torn string) {
	n := len(s) / 4 * 4
	if strings.HasSuffix(s, "=") {
		n = len(s)
	}
	return s[:n], s[n:]
}

// wordText finds the end of a word's text: "?=", or, where that is missing, the
// white space before the next word, or the end.
func wordText(s string) (text string, stop int, whole bool) {
	for i := 0; i+1 < len(s); i++ {
		switch {
		case s[i] == '?' && s[i+1] == '=':
			// "?=" may also be a literal "?" before an escape: =?x?Q?a?=41?=
			if i+3 < len(s) && hexValue[s[i+2]] < 16 && hexValue[s[i+3]] < 16 && closesLater(s[i+2:]) {
				continue
			}
			return s[:i], i, true
		case (s[i] == ' ' || s[i] == '\t') && s[i+1] == '=' && i+2 < len(s) && s[i+2] == '?':
			return s[:i], i, false
		}
	}
	return s, len(s), false
}

// closesLater reports whether a word's text goes on to a "?=" with no white
// space before it. It looks at no more than a word of RFC 2047 may hold.
func closesLater(s string) bool {
	s = s[:min(len(s), 75)]
	i := strings.Index(s, "?=")
	return i >= 0 && !strings.ContainsAny(s[:i], " \t?")
}

func decodeQWord(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && hexValue[s[i+1]] < 16 && hexValue[s[i+2]] < 16:
			out = append(out, hexValue[s[i+1]]<<4|hexValue[s[i+2]])
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func decodeBase64Word(s string) []byte {
	out := make([]byte, 0, len(s)*3/4+3)
	var acc uint32
	n := 0
	for i := 0; i < len(s); i++ {
		switch v := base64Value[s[i]]; {
		case v < 64:
			acc = acc<<6 | uint32(v)
			if n++; n == 4 {
				out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
				acc, n = 0, 0
			}
		case v == padding:
			out = appendTorn(out, acc, n)
			acc, n = 0, 0
		}
	}
	return appendTorn(out, acc, n)
}

// decodePercent decodes the percent signs of an RFC 2231 value.
func decodePercent(s string) []byte {
	if strings.IndexByte(s, '%') < 0 {
		return []byte(s)
	}
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexValue[s[i+1]] < 16 && hexValue[s[i+2]] < 16 {
			b.WriteByte(hexValue[s[i+1]]<<4 | hexValue[s[i+2]])
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.Bytes()
}
