package detect

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

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
	// beside are the hashes of the words one of which must follow for it to count;
	// without any of them all may.
	beside []uint64
}

// kind is what must be known of every keyword that is found.
type kind struct {
	detector, term int32
	role           role
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
// bytes; a space in it matches what may stand between two words. Only where the
// first words of the text are those of a keyword is the tree asked.
type dictionary struct {
	words   []keyword
	kinds   []kind   // of the words
	tree    []branch // while it is built
	nodes   []node
	edges   []edge
	ends    []int32    // keywords, by the nodes where they end
	first   [256]int32 // the node behind a keyword's first byte, 0 if there is none
	phrases *anchor.Phrases
	hops    hops
	few     *few   // finds them if they are few, else nil
	tails   []tail // by node, of few keywords
	longest int64  // bytes of the text that a keyword can take
	figures bool   // some keyword begins with a digit
	signs   bool   // some keyword begins with an ASCII character that is no letter or digit
	other   bool   // some keyword begins with a character that is not ASCII
}

// branch is a node of the tree while it is built.
type branch struct {
	next  []edge
	words []int32 // keywords that end here
	gap   int32   // the node behind a space, 0 if there is none
}

type edge struct {
	c  byte
	to int32
}

// node is a branch of the finished tree, with its part of edges and ends.
type node struct{ edge, lastEdge, end, lastEnd, gap int32 }

func newDictionary() *dictionary { return &dictionary{tree: make([]branch, 1)} }

// add compiles a pattern.
func (d *dictionary) add(detector int, r role, pattern string) error {
	return d.addTerm(detector, r, pattern, 0)
}

// addTerm compiles a pattern of a lexicon's term.
func (d *dictionary) addTerm(detector int, r role, pattern string, of int32) error {
	for _, spelled := range alternatives(pattern) {
		spelled = strings.Join(strings.Fields(spelled), " ")
		if n := keywordBytes(spelled); n == 0 || n > maxKeyword {
			return fmt.Errorf("keyword pattern %q has the spelling %q, want 1 to %d bytes", pattern, spelled, maxKeyword)
		}
		d.longest = max(d.longest, int64(keywordBytes(spelled)))
		lower := strings.ToLower(spelled)
		word := keyword{detector: detector, role: r, text: strings.ReplaceAll(spelled, ".", ""), exact: lower != spelled, term: of}
		index := int32(len(d.words))
		d.words = append(d.words, word)
		for _, variant := range stops(lower) {
			d.insertSpelled(variant, index)
		}
	}
	return nil
}

// keywordBytes is the most that a spelling takes in the text.
func keywordBytes(spelled string) int {
	return max(len(spelled), len(norm.NFD.String(spelled))) + 4*strings.Count(spelled, " ")
}

// insertSpelled inserts a spelling, and beside it the one whose accents stand behind
// their letters (Unicode NFD), as names of files of macOS have them. So the text need
// not be composed.
func (d *dictionary) insertSpelled(spelled string, word int32) {
	d.insert(spelled, word)
	if apart := norm.NFD.String(spelled); apart != spelled && !d.words[word].exact {
		d.insert(apart, word)
	}
}

// addLiteral adds a string that matches as it is, in any case.
func (d *dictionary) addLiteral(detector int, r role, literal string, of int32) error {
	if literal == "" || len(literal) > maxKeyword || strings.ContainsAny(literal, " \t\r\n") {
		return fmt.Errorf("%q is empty, longer than %d bytes or not one word", literal, maxKeyword)
	}
	d.longest = max(d.longest, int64(len(literal)))
	d.words = append(d.words, keyword{detector: detector, role: r, text: literal, term: of})
	d.insert(strings.ToLower(literal), int32(len(d.words)-1))
	return nil
}

func (d *dictionary) insert(spelled string, word int32) {
	at := int32(0)
	for i := range len(spelled) {
		to := d.tree[at].child(spelled[i])
		if to == 0 {
			to = int32(len(d.tree))
			d.tree = append(d.tree, branch{})
			d.tree[at].next = append(d.tree[at].next, edge{spelled[i], to})
			if spelled[i] == ' ' {
				d.tree[at].gap = to
			}
			if at == 0 {
				d.begins(spelled[i], to)
			}
		}
		at = to
	}
	if !slices.Contains(d.tree[at].words, word) {
		d.tree[at].words = append(d.tree[at].words, word)
	}
}

// begins notes the node behind the first byte of a keyword.
func (d *dictionary) begins(c byte, to int32) {
	d.first[c] = to
	switch {
	case isLetter(c):
		d.first[c&^0x20] = to
	case isDigit(c):
		d.figures = true
	case c < utf8.RuneSelf:
		d.signs = true
	default:
		d.other = true
	}
}

func (b *branch) child(c byte) int32 {
	for i := range b.next {
		if b.next[i].c == c {
			return b.next[i].to
		}
	}
	return 0
}

// finish makes the dictionary ready for find, once all keywords are in.
func (d *dictionary) finish() {
	d.nodes = make([]node, len(d.tree))
	for i := range d.tree {
		b, n := &d.tree[i], &d.nodes[i]
		n.edge, n.end, n.gap = int32(len(d.edges)), int32(len(d.ends)), b.gap
		d.edges, d.ends = append(d.edges, b.next...), append(d.ends, b.words...)
		n.lastEdge, n.lastEnd = int32(len(d.edges)), int32(len(d.ends))
	}
	d.tree = nil
	for i := range d.words {
		k := &d.words[i]
		d.kinds = append(d.kinds, kind{int32(k.detector), k.term, k.role})
	}
	d.open()
	d.hops.finish(d)
}

func (d *dictionary) edgesOf(n *node) []edge { return d.edges[n.edge:n.lastEdge] }

func (d *dictionary) child(n *node, c byte) int32 {
	for _, e := range d.edgesOf(n) {
		if e.c == c {
			return e.to
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

// walk follows the tree from a node with the text at p, and notes the keywords
// that end on the way.
func (d *dictionary) walk(t *text, start, p int64, at int32, hits []hit) []hit {
	for {
		n := &d.nodes[at]
		for _, w := range d.ends[n.end:n.lastEnd] {
			if d.endsAt(t, start, p, w) {
				hits = append(hits, hit{start, p, w})
			}
		}
		if n.gap != 0 {
			if q, ok := t.gap(p); ok {
				hits = d.walk(t, start, q, n.gap, hits)
			}
		}
		if d.tails != nil && len(d.tails[at].text) > 0 {
			switch tail := &d.tails[at]; t.goesOn(p, tail.text) {
			case matches:
				p, at = p+int64(len(tail.text)), tail.to
				continue
			case differs:
				return hits
			}
		}
		c := t.at(p)
		if c < utf8.RuneSelf {
			if c-'A' < 26 {
				c |= 0x20
			}
			if at = d.child(n, c); at == 0 || c == ' ' {
				return hits
			}
			p++
			continue
		}
		r, size := t.after(p)
		var lower [utf8.UTFMax]byte
		for _, c := range lower[:utf8.EncodeRune(lower[:], unicode.ToLower(r))] {
			if at = d.child(&d.nodes[at], c); at == 0 {
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

// endsAt reports whether the keyword that matched [start,end) may end there.
func (d *dictionary) endsAt(t *text, start, end int64, w int32) bool {
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
