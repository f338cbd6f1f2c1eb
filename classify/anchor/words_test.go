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
func (c *wordCase) runs() (runs [WordBlocks + 1]Runs) {
	copy(runs[:], plainRuns(c.text, false))
	for i := range (c.blocks + 1) * BlockBytes {
		r, bit := &runs[i/BlockBytes], uint64(1)<<(i%BlockBytes)
		r.Odd, r.Starts = r.Odd&^bit, r.Starts&^bit
		if c.odd(i) {
			r.Odd |= bit
		}
		if i < c.blocks*BlockBytes && c.wanted(i) {
			r.Starts |= bit
		}
	}
	return runs
}

// words says what Find must note, byte by byte.
func (c *wordCase) words() (hashes []uint64, words []Word) {
	for i := range c.blocks * BlockBytes {
		if !c.wanted(i) {
			continue
		}
		n := 0
		for n < MaxWord && isWordByte(c.text[i+n]) {
			n++
		}
		w := Word(i | n<<16)
		for j := i; j <= i+n && n < MaxWord; j++ {
			if c.odd(j) {
				w |= Odd
			}
		}
		if n == 0 || n == MaxWord {
			w |= Odd
		}
		if bytes.IndexByte([]byte(" _-\t\n\v\f\r"), c.text[i+n]) >= 0 {
			w |= Gap
		}
		hashes = append(hashes, HashWord(binary.LittleEndian.Uint64(c.text[i:]), n))
		words = append(words, w)
	}
	return append(hashes, 0), append(words, Word(c.blocks*BlockBytes)|Odd)
}

// checkPass holds what passed against the sets: all must that may begin a phrase, and of
// the others only those may whose hashes one of the sets takes for one that it has.
func (c *wordCase) checkPass(t *testing.T, p *Phrases, hashes []uint64, words []Word, pass []uint16) {
	t.Helper()
	for i, w := range words[:len(words)-1] {
		var next uint64
		paired := false
		if w&Gap != 0 {
			next, paired = hashes[i+1], words[i+1]&Odd != 0
		}
		paired = paired || p.pairs.Has(HashPair(hashes[i], next))
		may := paired || w&Odd != 0 || p.whole.Has(hashes[i])
		must := may && (w&Odd != 0 || p.firsts.Has(hashes[i]))
		passed, wasPaired := len(pass) > 0 && int(pass[0]&^Paired) == i, false
		if passed {
			wasPaired, pass = pass[0]&Paired != 0, pass[1:]
		}
		if must && !passed || passed && (!may || wasPaired != paired) {
			t.Fatalf("word %d of %q passed: %v, paired: %v, want %v, %v", i, c.text, passed, wasPaired, must, paired)
		}
	}
	if len(pass) > 0 {
		t.Fatalf("of %q %v pass, which are no words", c.text, pass)
	}
}

func (c *wordCase) check(t *testing.T, p *Phrases) {
	t.Helper()
	hashes, words := c.words()
	inAnyForm(func() { c.checkFind(t, p, c.text, hashes, words) })
}

// checkFind holds the words and those of them that Find lets pass to those of a case.
func (c *wordCase) checkFind(t *testing.T, p *Phrases, text []byte, hashes []uint64, words []Word) {
	t.Helper()
	if c.blocks == 0 {
		if list := new(WordList); p.Find(text, 0, list) != 0 {
			t.Fatal("words pass where there are none")
		}
		return
	}
	list := &WordList{Runs: c.runs()}
	passed := p.Find(text, c.blocks, list)
	n := len(words)
	if !slices.Equal(list.Word[:n], words) || !slices.Equal(list.Hash[:n], hashes) {
		t.Fatalf("the words of %q are\n%x, want\n%x", text, list.Word[:n], words)
	}
	c.checkPass(t, p, hashes, words, list.Pass[:passed])
}

func TestWordsOfRandomTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	alphabets := []string{"abcxyz ", "aZ09@[`{/: \x80\xff", "a", "ab cd-ef.", " ", "0123456789AZaz______"}
	var hashes, pairs []uint64
	for i := range 3000 {
		c := wordCase{blocks: random.IntN(WordBlocks/8 + 1)}
		if i%100 == 0 {
			c.blocks = WordBlocks
		}
		c.text = make([]byte, (c.blocks+1)*BlockBytes)
		alphabet := alphabets[i%len(alphabets)]
		for j := range c.text {
			c.text[j] = alphabet[random.IntN(len(alphabet))]
		}
		for j := range 3 {
			hashes = append(hashes, HashWord(binary.LittleEndian.Uint64(c.text[j:]), 1+j%9))
			pairs = append(pairs, HashPair(hashes[len(hashes)-1], hashes[random.IntN(len(hashes))]), HashPair(hashes[len(hashes)-1], 0))
		}
		hashes = hashes[max(0, len(hashes)-100):]
		seed, rare := random.Uint64(), uint64(1+random.IntN(60))
		c.odd = func(i int) bool { return (seed^uint64(i)*0x9E3779B97F4A7C15)>>7%rare == 0 }
		c.wanted = func(i int) bool { return (seed^uint64(i)*0xD6E8FEB86659FD93)>>9%(1+rare%7) == 0 }
		c.check(t, NewPhrases(hashes, hashes[:len(hashes)/2], pairs))
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

func TestASetHasItsHashesAndFewOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	hashes := make([]uint64, 5000)
	for i := range hashes {
		hashes[i] = random.Uint64()
	}
	set, others := NewHashes(hashes), 0
	for _, h := range hashes {
		if !set.Has(h) {
			t.Fatalf("%x is not in the set", h)
		}
		if set.Has(random.Uint64()) {
			others++
		}
	}
	if others > len(hashes)/25 {
		t.Errorf("%d of %d others are in the set", others, len(hashes))
	}
}

// FuzzWords holds the fast form to the plain one.
func FuzzWords(f *testing.F) {
	f.Add([]byte("Social Security No. 078-05-1123, socialSecurity"), uint64(0x8421), uint64(1<<40))
	f.Add([]byte("a_b-c \x80\xff 0123456789 abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"), ^uint64(0), uint64(3))
	words := []uint64{HashWord(0x6c6169636f73, 6), HashWord(0x61, 1), HashWord(0x6f6e, 2)}
	set := NewPhrases(words, words[:1], []uint64{HashPair(words[1], words[2]), HashPair(words[2], 0)})
	f.Fuzz(func(t *testing.T, text []byte, wanted, odd uint64) {
		c := wordCase{blocks: min(len(text)/BlockBytes+1, WordBlocks)}
		c.text = make([]byte, (c.blocks+1)*BlockBytes)
		copy(c.text, text)
		c.wanted = func(i int) bool { return wanted>>(i%61)&1 == 1 }
		c.odd = func(i int) bool { return odd>>(i%59)&1 == 1 }
		c.check(t, set)
	})
}
