package anchor

import (
	"encoding/binary"
	"math/bits"
)

// WordBlocks is how many blocks a WordList takes.
const WordBlocks = 32

// WordList holds the words that begin in some blocks, in their order, and which of
// them may begin a phrase. Which do is as good as random, so all are noted, each is
// written to Pass, and none is jumped over: a processor that takes every other jump
// wrong would do little else.
type WordList struct {
	Runs [WordBlocks + 1]Runs // of the block behind too
	Hash [wordRoom]uint64
	Word [wordRoom]Word
	Pass [wordRoom]uint16 // indices of words, with Paired
}

// wordRoom is for a word at each place, one behind the last, and what is written
// eight at a time.
const wordRoom = WordBlocks*BlockBytes + 9

// Word is a word, or the first MaxWord characters of it: its place in the text, its
// size, and flags.
type Word uint32

// The flags of a word.
const (
	Odd Word = 1 << (24 + iota) // it, or what is right behind it, is odd, or it is as long as MaxWord, or none
	Gap                         // white space, '_' or '-' is right behind it
)

// At is the word's place in the text.
func (w Word) At() int { return int(w & 0xFFFF) }

// Size is the number of the word's characters.
func (w Word) Size() int { return int(w >> 16 & 0xFF) }

// gapBehind has Gap for what may stand between the words of a phrase.
var gapBehind = func() (is [256]Word) {
	for _, c := range []byte(" _-\t\n\v\f\r") {
		is[c] = Gap
	}
	return is
}()

// Paired is set in Pass if a phrase may begin with a word and what comes behind it.
const Paired = 1 << 15

// MaxWord is the number of characters from which on words are not told apart by
// their length, Hashed that from which on not by what they are.
const (
	MaxWord = 64
	Hashed  = 8
)

// HashWord hashes a word of size characters, in any case. Text are its first eight
// bytes, the first the lowest, and whatever follows if it is shorter.
func HashWord(text uint64, size int) uint64 {
	short := uint(8*Hashed-8*min(size, Hashed)) & 63
	return ((text|0x20*ones)<<short + uint64(size)) * spread
}

// HashPair hashes two words by the hashes of each. What is no word has the hash 0.
func HashPair(first, second uint64) uint64 {
	return (bits.RotateLeft64(first, 29) ^ second) * spreadPair
}

const (
	spread     = 0x9E3779B97F4A7C15
	spreadPair = 0xD6E8FEB86659FD93
)

// Phrases knows phrases by how they begin: by their first word, or by that and what
// comes behind it.
type Phrases struct {
	firsts, whole, pairs *Hashes
}

// NewPhrases returns what knows the phrases that begin with words by their hashes: with
// firsts, with those of them that whatever comes behind, and with pairs: of one of firsts
// and the next word if a gap is right behind it, and else of it and 0.
func NewPhrases(firsts, whole, pairs []uint64) *Phrases {
	return &Phrases{NewHashes(firsts), NewHashes(whole), NewHashes(pairs)}
}

// Begins reports whether a phrase may begin with a word.
func (p *Phrases) Begins(hash uint64) bool { return p.firsts.Has(hash) }

// Find notes the words that begin at the Starts of the blocks that text begins with,
// and which of them may begin a phrase: those that do, those that are odd, and those
// that an odd one follows behind a gap; perhaps others. Behind the last an odd one is
// noted that is none. Text must have BlockBytes more than the blocks.
func (p *Phrases) Find(text []byte, blocks int, list *WordList) (passed int) {
	if blocks <= 0 {
		return 0
	}
	n := noteWords(list, text[:(blocks+1)*BlockBytes], blocks)
	list.Hash[n], list.Word[n] = 0, Word(blocks*BlockBytes)|Odd
	return passWords(p, list, n)
}

// noteWordsGeneric notes the words in plain Go.
func noteWordsGeneric(list *WordList, text []byte, blocks int) (n int) {
	for b := range blocks {
		r, behind := &list.Runs[b], &list.Runs[b+1]
		odd := r.Odd | behind.Odd
		for starts := r.Starts; starts != 0; starts &= starts - 1 {
			k := bits.TrailingZeros64(starts) & 63
			at := b*BlockBytes + k
			size := bits.TrailingZeros64(^(r.Words>>k | behind.Words<<1<<(63-k)))
			w := Word(at | size<<16)
			switch {
			case uint(size-1) >= MaxWord-1:
				w |= Odd
			case odd != 0 && (r.Odd>>k|behind.Odd<<1<<(63-k))&(2<<size-1) != 0:
				w |= Odd
			}
			list.Hash[n] = HashWord(binary.LittleEndian.Uint64(text[at:]), size)
			list.Word[n] = w | gapBehind[text[at+size]]
			n++
		}
	}
	return n
}

// passWordsGeneric tells which of the words pass in plain Go.
func passWordsGeneric(p *Phrases, list *WordList, n int) (passed int) {
	hash, word := list.Hash[:n+1], list.Word[:n+1]
	for i, h := range hash[:n] {
		list.Pass[passed] = uint16(i)
		passed += int(p.firsts.Bit(h) | uint64(word[i]/Odd)&1)
	}
	firsts := list.Pass[:passed]
	passed = 0
	for _, i := range firsts {
		h, gap := hash[i], uint64(word[i]/Gap) // 0 or 1
		paired := p.pairs.Bit(HashPair(h, hash[i+1]&-gap)) | uint64(word[i+1]/Odd)&gap
		list.Pass[passed] = i | uint16(paired*Paired)
		passed += int(paired | p.whole.Bit(h) | uint64(word[i]/Odd)&1)
	}
	return passed
}
