package edm

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds a word, in bytes of its folded form. What is longer is cut.
const maxWord = 64

// word is a run of letters and digits of a text, folded.
type word struct {
	start, end int
	text       string
	hash       uint64 // filled in by the Reader
}

// wordsOf appends the words of a text to words.
func wordsOf[T string | []byte](text T, words []word) []word {
	var folded [maxWord]byte
	n, start := 0, -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
		}
		switch {
		case isWordRune(r):
			if start < 0 {
				start = i
			}
			n = foldInto(&folded, n, r)
		case start >= 0 && joins(r):
		case start >= 0:
			words = appendWord(words, start, i, folded[:n])
			n, start = 0, -1
		}
		i += size
	}
	if start >= 0 {
		words = appendWord(words, start, len(text), folded[:n])
	}
	return words
}

func appendWord(words []word, start, end int, folded []byte) []word {
	if len(folded) == 0 {
		return words
	}
	return append(words, word{start: start, end: end, text: string(folded)})
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r-'0' < 10 && r >= '0' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// joins are the characters that a word may hold and that count for nothing:
// apostrophes, and what no reader sees.
func joins(r rune) bool {
	return r == '\'' || r == '’' || r == '`' || r == 'ʼ' || r > 0x7f && unicode.Is(unicode.Cf, r)
}

// spelled are letters that carry their accent in themselves; Unicode does not
// take them apart.
var spelled = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t",
}

// foldInto appends the folded form of r: small, without its accents.
func foldInto(to *[maxWord]byte, n int, r rune) int {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r |= 0x20
		}
		if n < len(to) {
			to[n] = byte(r)
			n++
		}
		return n
	}
	var in [utf8.UTFMax]byte
	for _, part := range string(norm.NFKD.Bytes(in[:utf8.EncodeRune(in[:], r)])) {
		if unicode.Is(unicode.Mn, part) {
			continue
		}
		part = unicode.ToLower(part)
		s, ok := spelled[part]
		if !ok {
			s = string(part)
		}
		if n+len(s) <= len(to) {
			n += copy(to[n:], s)
		}
	}
	return n
}
