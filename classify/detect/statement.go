package detect

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// disclaimer finds the statements that a sender owes to its readers: those known
// by their name, and else the phrases that such statements are made of. It is for
// rules that want one to be there.
var disclaimer = func() *Detector {
	d := (&Lexicon{
		ID:    "disclaimer",
		Title: "confidentiality statement",
		Finds: "A statement known by its name, by the share of its rows of three words that stand in the text: half is low, 0.7 medium, 0.9 high; case, punctuation, wrapping and marks of quotes do not matter. " +
			"Else the phrases that such statements are made of. The value is the name of the statement, or \"generic\".",
		Sources: []string{"Missouri DSS, Email Policy 0107.010.05, memorandum IM-65 (12 December 2024), the statement mo-dss"},
		Low:     6, Medium: 9, High: 12,
		Terms: []Term{
			{Weight: 4, Phrases: []string{"if you are not the intended recipient"}},
			{Weight: 4, Phrases: []string{"received this {e mail|message|communication} in error"}},
			{Weight: 3, Phrases: []string{"intended {only|solely} for"}},
			{Weight: 3, Phrases: []string{"notify the sender"}},
			{Weight: 2, Phrases: []string{"privileged"}},
			{Weight: 2, Phrases: []string{"strictly prohibited"}},
			{Weight: 2, Phrases: []string{"{delete|destroy} {this|the} {e mail|message|material}"}},
			{Weight: 1, Phrases: []string{"confidential"}},
			{Weight: 1, Phrases: []string{"unauthori{s|z}ed"}},
		},
	}).Detector()
	d.statements, d.Masking = true, "the name of the statement"
	return d
}()

// DefaultStatements are the statements of the shipped policies.
var DefaultStatements = []Statement{{"mo-dss", "This communication is being transmitted by the Department of Social Services (DSS) and is confidential, privileged, " +
	"and intended only for the use of the recipient named above. If you are not the intended recipient, unauthorized disclosure, copying, " +
	"distribution or use of the contents is strictly prohibited. If you have received this in error, please notify the sender and destroy the material received."}}

// statement is a compiled Statement: how many rows of three words it has.
type statement struct {
	name    string
	triples int
}

// triple is a row of three words of a statement. The dictionary knows the longest
// of them, the key.
type triple struct {
	statement, index int32
	words            [3][]byte
	key              int
}

// beside are the hashes of the words that can follow the key, nil if that is not
// known. The two behind the first may be one in the text.
func (row *triple) beside() []uint64 {
	if row.key == 2 || bytes.ContainsFunc(bytes.Join(row.words[:], nil), func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	hashes := []uint64{hashOf(row.words[row.key+1])}
	if row.key == 0 {
		hashes = append(hashes, hashOf(bytes.Join(row.words[1:], nil)))
	}
	return hashes
}

// maxStatement bounds the words of a statement.
const maxStatement = 1000

// addStatements adds the rows of three words of all statements to the dictionary.
func (s *Set) addStatements(c *scale) error {
	all := s.options.Statements
	if all == nil {
		all = DefaultStatements
	}
	for i, st := range all {
		words := strings.FieldsFunc(foldString(st.Text), func(r rune) bool { return !isAlnum(r) })
		if st.Name == "" || len(words) < 8 || len(words) > maxStatement {
			return fmt.Errorf("statement %q has %d words, want 8 to %d", st.Name, len(words), maxStatement)
		}
		known := map[string]bool{}
		for j := range len(words) - 2 {
			row := triple{statement: int32(i), index: int32(len(known))}
			for k, word := range words[j : j+3] {
				row.words[k] = []byte(strings.ToLower(word))
				if len(word) > len(words[j+row.key]) {
					row.key = k
				}
			}
			whole := string(bytes.Join(row.words[:], []byte(" ")))
			if known[whole] {
				continue
			}
			known[whole] = true
			of := int32(len(c.lexicon.Terms) + len(c.triples))
			if err := s.words.addTerm(c.detector, term, string(row.words[row.key]), of); err != nil {
				return fmt.Errorf("statement %q: %w", st.Name, err)
			}
			s.words.words[len(s.words.words)-1].beside = row.beside()
			c.triples = append(c.triples, row)
		}
		c.statements = append(c.statements, statement{st.Name, len(known)})
	}
	return nil
}

// foldString is the folded view of a short text.
func foldString(s string) string {
	var t text
	t.reset()
	t.fold([]byte(s), len(s)+2*utf8.UTFMax)
	t.foldLast()
	return string(t.buf)
}

// share is how much of a statement was seen, and where most of it stands.
type share struct {
	seen      []bool
	count     int
	at, best  span // the stretch of late, and the one with most new rows
	rows, top int
}

// maxStray is how far apart the rows of one stretch can stand, in bytes.
const maxStray = 200

// newShares are those of new text, and then those of quoted text.
func newShares(all []statement) []share {
	shares := make([]share, 2*len(all))
	for i := range shares {
		shares[i].seen = make([]bool, all[i%len(all)].triples)
	}
	return shares
}

// sharesOf are the shares of new or of quoted text.
func (s *scorer) sharesOf(age Age) []share {
	n := len(s.scale.statements)
	if age == Quoted {
		return s.shares[n:]
	}
	return s.shares[:n]
}

func (s *share) reset() {
	if s.count > 0 {
		clear(s.seen)
	}
	*s = share{seen: s.seen}
}

// share notes a row of three words if the words around its key are there. What
// quotes it on its line and the full stop behind it belong to it.
func (s *scorer) share(f *finder, row *triple, h hit) {
	t, age := f.text, New
	if f.quoted != nil && f.quoted(t.rawStart(h.start)) {
		age = Quoted
	}
	known := &s.sharesOf(age)[row.statement]
	if known.seen[row.index] {
		return
	}
	for _, word := range row.words[row.key+1:] {
		p := t.pastBreak(h.end)
		h.end = p + int64(len(word))
		if !bytes.EqualFold(t.slice(p, h.end), word) {
			return
		}
	}
	if next, _ := t.after(h.end); isAlnum(next) {
		return
	}
	for k := row.key - 1; k >= 0; k-- {
		p := t.beforeBreak(h.start)
		h.start = p - int64(len(row.words[k]))
		if !bytes.EqualFold(t.slice(h.start, p), row.words[k]) {
			return
		}
	}
	if last, _ := t.before(h.start); isAlnum(last) {
		return
	}
	at := span{t.rawStart(quoteBefore(t, h.start)), t.rawEnd(h.end)}
	if isStop(t.at(h.end)) {
		at.to = t.rawEnd(h.end + 1)
	}
	known.note(row, at)
}

// maxBreak is how many characters may stand between two words of a statement that
// was wrapped, quoted and punctuated anew.
const maxBreak = 16

// pastBreak is the position behind the characters at p that are neither letters
// nor numbers, beforeBreak that before them; p if there are none or too many.
func (t *text) pastBreak(p int64) int64 {
	q := p
	for n := 0; n < maxBreak && q < t.end(); n++ {
		r, size := t.after(q)
		if isAlnum(r) {
			return q
		}
		q += size
	}
	return p
}

func (t *text) beforeBreak(p int64) int64 {
	q := p
	for n := 0; n < maxBreak && q > t.base; n++ {
		r, size := t.before(q)
		if isAlnum(r) {
			return q
		}
		q -= size
	}
	return p
}

func isStop(b byte) bool { return b == '.' || b == '!' || b == '?' }

// quoteBefore is where the marks of a quote begin that stand on the line before p,
// or p.
func quoteBefore(t *text, p int64) int64 {
	q := p
	for q > p-maxDecoration && (t.at(q-1) == '>' || t.at(q-1) == ' ') {
		q--
	}
	if !isLineEnd(t.at(q - 1)) {
		return p
	}
	return q
}

// note notes a row that was not seen before.
func (s *share) note(row *triple, at span) {
	s.seen[row.index] = true
	s.count++
	if s.rows == 0 || at.from > s.at.to+maxStray {
		s.at, s.rows = at, 0
	}
	s.rows++
	s.at.to = max(s.at.to, at.to)
	if s.rows > s.top {
		s.best, s.top = s.at, s.rows
	}
}

// statement returns the match of the statement that is seen most of in text of an
// age, if that is half of it.
func (s *scorer) statement(age Age) (Match, bool) {
	best, parts := -1, 0
	shares := s.sharesOf(age)
	for i := range shares {
		if p := 1000 * shares[i].count / s.scale.statements[i].triples; p >= 500 && p > parts {
			best, parts = i, p
		}
	}
	if best < 0 {
		return Match{}, false
	}
	level := Low
	switch {
	case parts >= 900:
		level = High
	case parts >= 700:
		level = Medium
	}
	h, st := &shares[best], &s.scale.statements[best]
	return Match{
		Detector: s.scale.detector, Start: h.best.from, End: h.best.to, Value: st.name, Confidence: level,
		Context: []string{fmt.Sprintf("%d of %d rows of words", h.count, st.triples)}, Score: s.score, Age: age,
	}, true
}
