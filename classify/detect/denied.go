package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/anchor"
)

// deny lists the negative keywords that settle what a number right behind them is, if
// it would be nothing without a keyword: those of one short word that stands in no
// keyword which speaks for a value.
func (s *Set) deny() {
	var negatives, accounts denials
	for i := range s.against.words {
		w := &s.against.words[i]
		text := []byte("        " + w.text)
		key, ok := keyBefore(binary.LittleEndian.Uint64(text[len(text)-8:]))
		ok = ok && !strings.ContainsFunc(w.text, func(r rune) bool { return r < 'a' || r > 'z' })
		speaks := func(k keyword) bool { return strings.Contains(k.text, w.text) }
		switch {
		case !ok || w.exact || slices.ContainsFunc(s.heralds.words, speaks):
		case w.role == account:
			accounts.words = append(accounts.words, key)
		default:
			negatives.words = append(negatives.words, key)
		}
	}
	for i, d := range [2]denials{negatives, accounts} {
		hashes := make([]uint64, len(d.words))
		for j, word := range d.words {
			hashes[j] = word * spread
		}
		slices.Sort(d.words)
		s.denials[i] = denials{anchor.NewHashes(hashes), d.words}
	}
}

// denials are short words, as keyBefore tells them.
type denials struct {
	hashes *anchor.Hashes // which of them may be among the words
	words  []uint64       // in order
}

// spread makes a hash of a word.
const spread = 0x9E3779B97F4A7C15

func (d *denials) has(word uint64) bool {
	if !d.hashes.Has(word * spread) {
		return false
	}
	_, found := slices.BinarySearch(d.words, word)
	return found
}

// denied reports at little cost that a bare number at p is worth nothing, since a
// negative keyword stands right before it.
func (f *finder) denied(p int64) bool {
	t, d := f.text, f.set.Detectors[f.detector]
	if f.set.bare[f.detector] || f.lists[f.detector].label {
		return false
	}
	for n := 0; n < 2 && p > t.base && isSeparator(t.at(p-1)); n++ {
		p--
	}
	i := int(p - t.base)
	if i < 8 || i > len(t.buf) {
		return false
	}
	key, ok := keyBefore(binary.LittleEndian.Uint64(t.buf[i-8:]))
	return ok && (f.set.denials[0].has(key) || d.accounts && f.set.denials[1].has(key))
}

func isSeparator(c byte) bool { return c == ' ' || c == ':' || c == '#' || c == '=' }

// keyBefore is the word of ASCII letters, in lower case, that eight bytes of text end
// with, the last byte the highest. It fails if there is none, if it is longer than seven letters,
// or if a digit or what is not ASCII stands there too.
func keyBefore(text uint64) (key uint64, ok bool) {
	lower := text | 0x20*ones
	letters := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones) & highs
	n := bits.LeadingZeros64(^letters&highs) &^ 7
	if n == 0 || n == 64 || text&highs != 0 || isDigit(byte(text>>(56-n&63))) {
		return 0, false
	}
	return lower >> (64 - n&63), true
}
