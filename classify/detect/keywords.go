package detect

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/anchor"
)

// role is what a keyword does for its detector.
type role uint8

const (
	strong   role = iota // labels a value and speaks for it anywhere in the window
	weak                 // labels a value, but only together with a cue
	cue                  // makes a weak label count
	negative             // speaks against every value
	account              // speaks against bare numbers: the numbers of accounts and cases
	against              // speaks against the values of this detector
	heads                // labels a value only from the header of its column
	triggers             // is a candidate itself
	term                 // counts in a lexicon
)

// keywordGroup is one group of a detector's keywords.
//
// A pattern is lower case. "{a|b|}" are alternatives, a space stands between
// words, and a full stop may be left out in the text. A word of a pattern with an
// upper-case letter matches in that case only.
type keywordGroup struct {
	role     role
	patterns []string
}

// keyword is one compiled spelling of a pattern.
type keyword struct {
	detector int // -1: of the negative lists
	role     role
	text     string // as the table spells it, alternatives resolved
	exact    bool   // the case matters
	term     int32  // of a lexicon: which of its terms
}

// hit is a keyword found at [start,end) of the view.
type hit struct {
	start, end int64
	word       int32 // index into dictionary.words
}

// maxKeyword bounds the bytes that a keyword can take in the text, and so how
// far its search reaches.
const maxKeyword = 256

// dictionary finds all keywords of a Set in one pass. It is a tree of lower-case
// bytes; a space in it matches what may stand between two words.
type dictionary struct {
	words   []keyword
	nodes   []node
	first   [256]int32                 // the node behind a keyword's first byte, 0 if there is none
	other   bool                       // some keyword begins with a character that is not ASCII
	longest int64                      // bytes of the text that a keyword can take
	worded  bool                       // every keyword begins with an ASCII letter or digit
	figures bool                       // some keyword begins with a digit
	heads   [1 << headBits / 64]uint64 // a Bloom filter of how keywords begin
}

type node struct {
	next  []edge
	words []int32 // keywords that end here
	gap   int32   // the node behind a space, 0 if there is none
}

type edge struct {
	c  byte
	to int32
}

func newDictionary() *dictionary { return &dictionary{nodes: make([]node, 1)} }

// add compiles a pattern.
func (d *dictionary) add(detector int, r role, pattern string) error {
	return d.addTerm(detector, r, pattern, 0)
}

// addTerm compiles a pattern of a lexicon's term.
func (d *dictionary) addTerm(detector int, r role, pattern string, of int32) error {
	for _, spelled := range alternatives(pattern) {
		spelled = strings.Join(strings.Fields(spelled), " ")
		if spelled == "" || len(spelled)+4*strings.Count(spelled, " ") > maxKeyword {
			return fmt.Errorf("keyword pattern %q has the spelling %q, want 1 to %d bytes", pattern, spelled, maxKeyword)
		}
		d.longest = max(d.longest, int64(len(spelled)+4*strings.Count(spelled, " ")))
		lower := strings.ToLower(spelled)
		word := keyword{detector, r, strings.ReplaceAll(spelled, ".", ""), lower != spelled, of}
		index := int32(len(d.words))
		d.words = append(d.words, word)
		for _, variant := range stops(lower) {
			d.insert(variant, index)
		}
	}
	return nil
}

// addLiteral adds a string that matches as it is, in any case.
func (d *dictionary) addLiteral(detector int, r role, literal string, of int32) error {
	if literal == "" || len(literal) > maxKeyword || strings.ContainsAny(literal, " \t\r\n") {
		return fmt.Errorf("%q is empty, longer than %d bytes or not one word", literal, maxKeyword)
	}
	d.longest = max(d.longest, int64(len(literal)))
	d.words = append(d.words, keyword{detector, r, literal, false, of})
	d.insert(strings.ToLower(literal), int32(len(d.words)-1))
	return nil
}

func (d *dictionary) insert(spelled string, word int32) {
	at := int32(0)
	d.other = d.other || spelled[0] >= utf8.RuneSelf
	for i := range len(spelled) {
		to := d.nodes[at].child(spelled[i])
		if to == 0 {
			to = int32(len(d.nodes))
			d.nodes = append(d.nodes, node{})
			d.nodes[at].next = append(d.nodes[at].next, edge{spelled[i], to})
			if spelled[i] == ' ' {
				d.nodes[at].gap = to
			}
			if at == 0 {
				d.first[spelled[i]] = to
				if isLetter(spelled[i]) {
					d.first[spelled[i]&^0x20] = to
				}
			}
		}
		at = to
	}
	if !slices.Contains(d.nodes[at].words, word) {
		d.nodes[at].words = append(d.nodes[at].words, word)
	}
}

func (n *node) child(c byte) int32 {
	for i := range n.next {
		if n.next[i].c == c {
			return n.next[i].to
		}
	}
	return 0
}

// alternatives resolves the braces of a pattern.
func alternatives(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}
	}
	shut := open + strings.IndexByte(pattern[open:], '}')
	var all []string
	for _, rest := range alternatives(pattern[shut+1:]) {
		for choice := range strings.SplitSeq(pattern[open+1:shut], "|") {
			all = append(all, pattern[:open]+choice+rest)
		}
	}
	return all
}

// stops spells a keyword with and without each of its full stops.
func stops(spelled string) []string {
	head, tail, found := strings.Cut(spelled, ".")
	if !found {
		return []string{spelled}
	}
	var all []string
	for _, rest := range stops(tail) {
		all = append(all, head+"."+rest, head+rest)
	}
	return all
}

// finish makes the dictionary ready for find, once all keywords are in.
func (d *dictionary) finish() {
	d.worded = !d.other
	for _, e := range d.nodes[0].next {
		d.worded = d.worded && (isLetter(e.c) || isDigit(e.c))
		d.figures = d.figures || isDigit(e.c)
	}
	d.addHeads(0, 0, 0)
}

// addHeads notes with which four characters the text of a keyword can begin. n of
// them lead to the node at.
func (d *dictionary) addHeads(at int32, head uint32, n int) {
	node := &d.nodes[at]
	if n == 4 {
		d.heads[hashHead(head)/64] |= 1 << (hashHead(head) % 64)
		return
	}
	if len(node.words) > 0 || node.gap != 0 { // a character that is no letter or digit, then any
		d.addAny(head, n+1)
	}
	if node.gap != 0 {
		d.addHeads(node.gap, head, n)
	}
	for _, e := range node.next {
		if e.to != node.gap {
			class := uint32(0)
			if isLetter(e.c) || isDigit(e.c) {
				class = uint32(e.c & 31)
			}
			d.addHeads(e.to, head|class<<(8*n), n+1)
		}
	}
}

// addAny notes all heads that begin with n characters of one.
func (d *dictionary) addAny(head uint32, n int) {
	if n >= 4 {
		d.heads[hashHead(head)/64] |= 1 << (hashHead(head) % 64)
		return
	}
	for class := range uint32(32) {
		d.addAny(head|class<<(8*n), n+1)
	}
}

// hashHead hashes four characters, each a byte: the low five bits of a letter or
// digit, 0 for what is neither.
func hashHead(head uint32) uint32 { return head * 0x9E3779B1 >> (32 - headBits) }

const headBits = 16

// mayBegin reports whether a keyword can begin with four bytes of the text, the
// first the lowest; words tells which of them are letters and digits. Where
// characters are not ASCII, or a hump ends a word ("poNumber"), the tree has to
// say.
func (d *dictionary) mayBegin(head uint32, words uint64) bool {
	mask := wordBytes[words&15]
	hash := hashHead(head & mask & 0x1F1F1F1F)
	if d.heads[hash/64]>>(hash%64)&1 == 1 {
		return true
	}
	letters := head & mask & 0x40404040 >> 1
	upper := letters &^ head
	return head&0x80808080 != 0 || upper > 0xFF && upper != letters
}

// wordBytes makes bytes of four bits.
var wordBytes = func() (of [16]uint32) {
	for i := range of {
		for bit := range 4 {
			if i>>bit&1 == 1 {
				of[i] |= 0xFF << (8 * bit)
			}
		}
	}
	return of
}()

// find appends the keywords that begin in [from,to) of the view. A keyword has a
// character that is no letter or number on either side.
func (d *dictionary) find(t *text, from, to int64, hits []hit) []hit {
	from, to = max(from, t.base), min(to, t.end())
	if from >= to {
		return hits
	}
	if !d.worded || len(t.marks) == 0 {
		return d.findAnywhere(t, from, to, hits)
	}
	last := int(to-1-t.base) / anchor.BlockBytes
	for block := int(from-t.base) / anchor.BlockBytes; block <= last; block++ {
		at := block * anchor.BlockBytes
		starts, words, next := t.wordStarts(block, d.figures)
		if n := int(from-t.base) - at; n > 0 {
			starts &= ^uint64(0) << n
		}
		if n := int(to-t.base) - at; n < anchor.BlockBytes {
			starts &= 1<<n - 1
		}
		for ; starts != 0; starts &= starts - 1 {
			k := bits.TrailingZeros64(starts) & 63
			s := t.buf[at+k:]
			if len(s) >= 4 && !d.mayBegin(binary.LittleEndian.Uint32(s), words>>k|next<<(64-k)) || d.first[s[0]] == 0 {
				continue
			}
			p := t.base + int64(at+k)
			if r, _ := t.before(p); r < utf8.RuneSelf || !isAlnum(r) {
				hits = d.walk(t, p, p+1, d.first[s[0]], hits)
			}
		}
	}
	return hits
}

// wordStarts marks the letters in a block before which no ASCII letter or digit
// stands, and if figures the digits too. It returns the letters and digits of the
// block as well, and of the next those that a word of this one can go on with.
func (t *text) wordStarts(block int, figures bool) (starts, words, next uint64) {
	letters, digits := t.layoutOf(block).Letters, t.marks[block].Digits
	words = letters | digits
	starts = letters
	if figures {
		starts = words
	}
	if starts == 0 {
		return 0, 0, 0
	}
	before := uint64(0)
	if block > 0 {
		if c := t.buf[block*anchor.BlockBytes-1]; isLetter(c) || isDigit(c) {
			before = 1
		}
	}
	if words>>61 != 0 && block+1 < len(t.layout) {
		next = t.layoutOf(block+1).Letters | t.marks[block+1].Digits
	}
	return starts &^ (words<<1 | before), words, next
}

// findAnywhere is find for a text without marks, or keywords that begin with
// other characters than letters.
func (d *dictionary) findAnywhere(t *text, from, to int64, hits []hit) []hit {
	inside := false // the byte before is an ASCII letter or digit
	if r, _ := t.before(from); r < utf8.RuneSelf {
		inside = isAlnum(r)
	}
	for i, c := range t.slice(from, to) {
		starts := !inside && (d.first[c] != 0 || c >= utf8.RuneSelf && d.other)
		inside = isDigit(c) || isLetter(c)
		if !starts {
			continue
		}
		p := from + int64(i)
		if r, _ := t.before(p); r < utf8.RuneSelf || !isAlnum(r) {
			if c < utf8.RuneSelf {
				hits = d.walk(t, p, p+1, d.first[c], hits)
			} else {
				hits = d.walk(t, p, p, 0, hits)
			}
		}
	}
	return hits
}

// walk follows the tree from a node with the text at p, and notes the keywords
// that end on the way.
func (d *dictionary) walk(t *text, start, p int64, at int32, hits []hit) []hit {
	for {
		n := &d.nodes[at]
		for _, w := range n.words {
			if d.ends(t, start, p, w) {
				hits = append(hits, hit{start, p, w})
			}
		}
		if n.gap != 0 {
			if q, ok := t.gap(p); ok {
				hits = d.walk(t, start, q, n.gap, hits)
			}
		}
		c := t.at(p)
		if c < utf8.RuneSelf {
			if c-'A' < 26 {
				c |= 0x20
			}
			if at = n.child(c); at == 0 || c == ' ' {
				return hits
			}
			p++
			continue
		}
		r, size := t.after(p)
		var lower [utf8.UTFMax]byte
		for _, c := range lower[:utf8.EncodeRune(lower[:], unicode.ToLower(r))] {
			if at = d.nodes[at].child(c); at == 0 {
				return hits
			}
		}
		p += size
	}
}

// gap is the end of what stands between two words of a keyword at p: one to four
// characters of white space or '_', a hyphen, or nothing (camelCase and joined).
func (t *text) gap(p int64) (int64, bool) {
	if isLetter(t.at(p)) {
		return p, true
	}
	if t.at(p) == '-' {
		return p + 1, true
	}
	q := p
	for q-p < 5 && (isSpace(t.at(q)) || t.at(q) == '_') {
		q++
	}
	return q, q-p < 5
}

// ends reports whether the keyword that matched [start,end) may end there.
func (d *dictionary) ends(t *text, start, end int64, w int32) bool {
	word := &d.words[w]
	last, _ := t.before(end)
	if next, _ := t.after(end); isAlnum(last) && isAlnum(next) {
		// "orderNumber" and "trackingId" are keys of the same sort as "order".
		hump := unicode.IsLower(last) && unicode.IsUpper(next)
		if word.role < negative || word.role > against || !hump {
			return false
		}
	}
	return !word.exact || word.matchesCase(t.slice(start, end))
}

// matchesCase compares the words of a keyword whose case matters.
func (k *keyword) matchesCase(found []byte) bool {
	i, exact := 0, hasUpper(k.text)
	for _, c := range found {
		if i < len(k.text) && k.text[i] == ' ' {
			i++
			exact = hasUpper(k.text[i:])
		}
		if isSpace(c) || c == '_' || c == '-' && (i == len(k.text) || k.text[i] != '-') || c == '.' {
			continue
		}
		if i == len(k.text) || k.text[i] != c && (exact || k.text[i] != c|0x20) {
			return false
		}
		i++
	}
	return i == len(k.text)
}

// hasUpper reports whether the first word of s has an upper-case letter.
func hasUpper(s string) bool {
	for i := 0; i < len(s) && s[i] != ' '; i++ {
		if isUpper(s[i]) {
			return true
		}
	}
	return false
}
