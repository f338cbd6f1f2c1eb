package edm

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds a word, in bytes of its folded form. What is longer is cut.
const maxWord = 64

// word is a run of letters and digits of a text, at [start,end), folded at
// [from,to) of its list's text.
type word struct {
	start, end int
	from, to   int
	number     int // if it is nothing but one to four digits, else -1
	// stem is where its folded form ends without the 's of a possessive, joint where
	// it may be taken apart: at an apostrophe or at a capital, as in McDonald and
	// OBrien. 0 is nowhere.
	stem, joint int
	caps        int // how many capitals came last, while it is being read
}

// wordList is the words of a text. The folded forms of words in a row stand in a row.
type wordList struct {
	all  []word
	text []byte
}

func (l *wordList) at(i int) []byte { return l.text[l.all[i].from:l.all[i].to] }

// wordsOf makes the list that of a text.
func wordsOf[T string | []byte](text T, l *wordList) {
	l.all, l.text = l.all[:0], l.text[:0]
	start := -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			var b [utf8.UTFMax]byte
			r, size = utf8.DecodeRune(b[:copy(b[:], text[i:])])
		}
		switch {
		case isApostrophe(r):
			if start >= 0 {
				l.apostrophe()
			}
		case isWordRune(r):
			if start < 0 {
				start = i
				l.all = append(l.all, word{from: len(l.text)})
			}
			l.letter(r)
		case start >= 0 && !unseen(r):
			l.end(start, i)
			start = -1
		}
		i += size
	}
	if start >= 0 {
		l.end(start, len(text))
	}
}

// letter appends a letter to the last word.
func (l *wordList) letter(r rune) {
	w := &l.all[len(l.all)-1]
	switch {
	case !unicode.IsUpper(r):
		if w.caps == 2 && len(l.text) == w.from+2 {
			w.joint = w.from + 1
		}
		w.caps = 0
	default:
		if w.caps == 0 {
			l.joint()
		}
		w.caps++
	}
	l.fold(r)
}

// apostrophe notes that the last word may be taken apart here, or end.
func (l *wordList) apostrophe() {
	l.joint()
	l.all[len(l.all)-1].stem = len(l.text)
}

// joint notes where the last word may be taken apart: at the first such place.
func (l *wordList) joint() {
	if w := &l.all[len(l.all)-1]; w.joint == 0 && len(l.text) > w.from {
		w.joint = len(l.text)
	}
}

// end ends the last word. One of nothing but marks is none.
func (l *wordList) end(start, end int) {
	w := &l.all[len(l.all)-1]
	folded := l.text[w.from:]
	if len(folded) == 0 {
		l.all = l.all[:len(l.all)-1]
		return
	}
	if s := w.stem; s <= w.from || len(l.text) != s+1 || l.text[s] != 's' {
		w.stem = 0
	}
	if w.joint == len(l.text) || w.joint == w.stem {
		w.joint = 0
	}
	w.start, w.end, w.to, w.number = start, end, len(l.text), -1
	if len(folded) > 4 {
		return
	}
	n := 0
	for _, c := range folded {
		if c-'0' > 9 {
			return
		}
		n = n*10 + int(c-'0')
	}
	w.number = n
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r-'0' < 10 && r >= '0' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// isApostrophe reports whether a word may hold a character that counts for nothing
// and is one of those that stand for an apostrophe.
func isApostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', '`', '´', '′', 'ʼ', '＇':
		return true
	}
	return false
}

// unseen are the characters that no reader sees; they count for nothing.
func unseen(r rune) bool { return r > 0x7f && unicode.Is(unicode.Cf, r) }

// spelled are letters that carry their accent in themselves; Unicode does not
// take them apart.
var spelled = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t",
}

// bare appends text without the e that stands for the dots of an umlaut: so Müller
// is Mueller and Muller. before is the letter that text follows.
func bare(to []byte, before byte, text []byte) []byte {
	for _, c := range text {
		if c != 'e' || before != 'a' && before != 'o' && before != 'u' {
			to = append(to, c)
		}
		before = c
	}
	return to
}

// fold appends the folded form of r to the last word: small, without its accents.
func (l *wordList) fold(r rune) {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r |= 0x20
		}
		l.put(byte(r))
		return
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
		l.put([]byte(s)...)
	}
}

// put appends to the last word, as far as there is room.
func (l *wordList) put(b ...byte) {
	if len(l.text)+len(b)-l.all[len(l.all)-1].from <= maxWord {
		l.text = append(l.text, b...)
	}
}
