package anchor

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// wordCase is a text with places that are odd and places that are wanted.
type wordCase struct {
	text        []byte // BlockBytes more than the blocks
	blocks      int
	odd, wanted func(i int) bool
}

// runs marks the words byte by byte.
func (c *wordCase) runs() []Runs {
	runs := make([]Runs, c.blocks+1)
	for i, b := range c.text[:len(runs)*BlockBytes] {
		r, bit := &runs[i/BlockBytes], uint64(1)<<(i%BlockBytes)
		if isLetter(b) || isDigit(b) {
			r.Words |= bit
		}
		if c.odd(i) {
			r.Odd |= bit
		}
		if i < c.blocks*BlockBytes && c.wanted(i) {
			r.Starts |= bit
		}
	}
	return runs
}

// words says what Words must find, byte by byte.
func (c *wordCase) words(s *Hashes) (words []Word, pass []uint16) {
	for i := range c.blocks * BlockBytes {
		if !c.wanted(i) {
			continue
		}
		n := 0
		for n < MaxWord && (isLetter(c.text[i+n]) || isDigit(c.text[i+n])) {
			n++
		}
		w := Word{Hash: HashWord(binary.LittleEndian.Uint64(c.text[i:]), n), At: uint16(i), Size: uint8(n)}
		for j := i; j <= i+n && n < MaxWord; j++ {
			if c.odd(j) {
				w.Odd = 1
			}
		}
		if n == 0 || n == MaxWord {
			w.Odd = 1
		}
		if w.Odd == 1 || s.Has(w.Hash) {
			pass = append(pass, uint16(len(words)))
		}
		words = append(words, w)
	}
	return words, pass
}

func (c *wordCase) check(t *testing.T, s *Hashes) {
	t.Helper()
	want, wantPass := c.words(s)
	for _, find := range []func(*Hashes, []byte, []Runs, []Word, []uint16) (int, int){hashWordsGeneric, (*Hashes).Words} {
		words, pass := make([]Word, len(want)+1), make([]uint16, len(want)+1)
		n, passed := 0, 0
		if c.blocks > 0 {
			n, passed = find(s, c.text, c.runs(), words, pass)
		}
		if !slices.Equal(words[:n], want) || !slices.Equal(pass[:passed], wantPass) {
			t.Fatalf("the words of %q are\n%v %v, want\n%v %v", c.text, words[:n], pass[:passed], want, wantPass)
		}
	}
}

func TestWordsOfRandomTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	alphabets := []string{"abcxyz ", "aZ09@[`{/: \x80\xff", "a", "ab cd-ef.", " ", "0123456789AZaz______"}
	var hashes []uint64
	for i := range 3000 {
		c := wordCase{blocks: random.IntN(4)}
		c.text = make([]byte, (c.blocks+1)*BlockBytes)
		alphabet := alphabets[i%len(alphabets)]
		for j := range c.text {
			c.text[j] = alphabet[random.IntN(len(alphabet))]
		}
		for j := range 3 {
			hashes = append(hashes, HashWord(binary.LittleEndian.Uint64(c.text[j:]), 1+j%9))
		}
		seed, rare := random.Uint64(), uint64(1+random.IntN(60))
		c.odd = func(i int) bool { return (seed^uint64(i)*0x9E3779B97F4A7C15)>>7%rare == 0 }
		c.wanted = func(i int) bool { return (seed^uint64(i)*0xD6E8FEB86659FD93)>>9%(1+rare%7) == 0 }
		c.check(t, NewHashes(hashes))
	}
}

func TestAHashTellsWordsApartByCharactersAndLength(t *testing.T) {
	hash := func(word string) uint64 {
		return HashWord(binary.LittleEndian.Uint64(append([]byte(word), "\xff\x00zZ09- ,"...)), len(word))
	}
	words := []string{"a", "b", "A1", "a1", "ab", "abc", "social", "Socials", "securit", "SECURITY", "security", "securities"}
	for i, a := range words {
		for _, b := range words[i+1:] {
			if same := bytes.EqualFold([]byte(a), []byte(b)); (hash(a) == hash(b)) != same {
				t.Errorf("the hashes of %q and %q are the same: %v, want %v", a, b, !same, same)
			}
		}
	}
}

// FuzzWords holds the fast form to the plain one.
func FuzzWords(f *testing.F) {
	f.Add([]byte("Social Security No. 078-05-1123, socialSecurity"), uint64(0x8421), uint64(1<<40))
	f.Add([]byte("a_b-c \x80\xff 0123456789 abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"), ^uint64(0), uint64(3))
	set := NewHashes([]uint64{HashWord(0x6c6169636f73, 6), HashWord(0x61, 1), HashWord(0x6f6e, 2)})
	f.Fuzz(func(t *testing.T, text []byte, wanted, odd uint64) {
		c := wordCase{blocks: min(len(text)/BlockBytes+1, 64)}
		c.text = make([]byte, (c.blocks+1)*BlockBytes)
		copy(c.text, text)
		c.wanted = func(i int) bool { return wanted>>(i%61)&1 == 1 }
		c.odd = func(i int) bool { return odd>>(i%59)&1 == 1 }
		c.check(t, set)
	})
}
