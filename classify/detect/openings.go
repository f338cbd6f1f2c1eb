package detect

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/anchor"
)

// openings knows how keywords begin: by their first word in the text, and if that is
// not enough by their second. A word here is a run of ASCII letters and digits, so
// the words of a keyword may be one in the text ("socialSecurity"). It may take
// for a beginning what is none, never the other way round.
type openings struct {
	leads   [1 << 15 / 64]uint64 // the first three characters
	marker  *anchor.Leads
	fast    []anchor.Lead
	first   bitset
	whole   bitset // first words behind which something else than a second one may come
	pairs   bitset // first and second words
	firsts  []uint64
	wholes  []uint64
	seconds []uint64
}

// manyLeads are so many that all words begin like one of them, more or less.
const manyLeads = 128

// bitset is a set of hashes with one bit for each (a Bloom filter of one hash).
type bitset struct {
	bits  []uint64
	shift uint8
}

func newBitset(hashes []uint64) bitset {
	// Sixteen bits or more for each: hardly one in twenty is taken for another.
	n := max(bits.Len(uint(16*len(hashes))), 13)
	s := bitset{make([]uint64, 1<<n/64), uint8(64 - n)}
	for _, h := range hashes {
		s.bits[h>>s.shift/64] |= 1 << (h >> s.shift % 64)
	}
	return s
}

// bit is 1 if a hash is in the set.
func (s *bitset) bit(h uint64) uint64 {
	i := h >> (s.shift & 63)
	return s.bits[i/64] >> (i % 64) & 1
}

func (s *bitset) has(h uint64) bool { return s.bit(h) == 1 }

// word hashes a word of n characters, up to 63; text are its first eight bytes, the
// first the lowest, and what follows if it is shorter.
func hashWord(text uint64, n int) uint64 {
	short := uint(64-8*min(n, 8)) & 63
	return ((text|0x2020202020202020)<<short + uint64(n)) * 0x9E3779B97F4A7C15
}

// hashPair hashes two words by the hashes of each.
func hashPair(first, second uint64) uint64 {
	return (bits.RotateLeft64(first, 29) ^ second) * 0xD6E8FEB86659FD93
}

func hashOf(word []byte) uint64 {
	var text uint64
	for i := min(len(word), 8) - 1; i >= 0; i-- {
		text = text<<8 | uint64(word[i])
	}
	return hashWord(text, min(len(word), maxWord))
}

// maxWord is the number of characters from which on words are not told apart by
// their length.
const maxWord = 63

// leadOfText is the index among the leads of a text by its first bytes, the first the
// lowest: five bits of each, which are the same in both cases.
func leadOfText(text uint64) uint64 { return text&31 | text>>3&(31<<5) | text>>6&(31<<10) }

// lead is 1 if a keyword may begin with such a text.
func (o *openings) lead(text uint64) uint64 {
	i := leadOfText(text)
	return o.leads[i/64] >> (i % 64) & 1
}

// addLead notes the lead of a keyword: for a space, and behind its end, anything may
// stand.
func (o *openings) addLead(spelled string) {
	var lead anchor.Lead
	n := 0
	for n < len(lead) && n < len(spelled) && spelled[n] != ' ' && spelled[n] < utf8.RuneSelf {
		lead[n] = spelled[n]
		n++
	}
	if n == 0 || !isAlnumByte(lead[0]) {
		return // it begins with another character, and those are all looked at
	}
	o.fast = append(o.fast, lead)
	last := [2]uint64{31, 31}
	for i := range last {
		if i+1 < n {
			last[i] = 0
		}
	}
	for second := range last[0] + 1 {
		for third := range last[1] + 1 {
			i := leadOfText(uint64(lead[0]) | (uint64(lead[1])|second)<<8 | (uint64(lead[2])|third)<<16)
			o.leads[i/64] |= 1 << (i % 64)
		}
	}
}

// add takes a keyword as the tree knows it: lower case, with a space between words.
func (o *openings) add(spelled string) {
	o.addLead(spelled)
	var word []byte
	for i := range len(spelled) {
		switch c := spelled[i]; {
		case isLetter(c) || isDigit(c):
			word = append(word, c)
		case c == ' ' && (isLetter(spelled[i+1]) || isDigit(spelled[i+1])):
			o.addPairs(hashOf(word), spelled[i+1:])
		default:
			o.addWhole(word)
			if c != ' ' {
				return
			}
		}
	}
	o.addWhole(word)
}

func (o *openings) addWhole(word []byte) {
	o.firsts = append(o.firsts, hashOf(word))
	o.wholes = append(o.wholes, hashOf(word))
}

// addPairs adds a first word with the second words that the rest of a keyword can
// make.
func (o *openings) addPairs(first uint64, rest string) {
	o.firsts = append(o.firsts, first)
	var word []byte
	for i := range len(rest) {
		switch c := rest[i]; {
		case isLetter(c) || isDigit(c):
			word = append(word, c)
		default:
			o.seconds = append(o.seconds, hashPair(first, hashOf(word)))
			if c != ' ' {
				return
			}
		}
	}
	o.seconds = append(o.seconds, hashPair(first, hashOf(word)))
}

// finish makes the sets, once all keywords are in.
func (o *openings) finish() {
	o.first, o.whole, o.pairs = newBitset(o.firsts), newBitset(o.wholes), newBitset(o.seconds)
	slices.SortFunc(o.fast, func(a, b anchor.Lead) int { return bytes.Compare(a[:], b[:]) })
	if o.fast = slices.Compact(o.fast); anchor.FastLeads && len(o.fast) <= manyLeads {
		o.marker = anchor.NewLeads(o.fast)
	}
	o.firsts, o.wholes, o.seconds, o.fast = nil, nil, nil, nil
}
