package detect

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxPattern is the greatest length of a value that an expression finds, in
	// bytes of the folded view.
	MaxPattern = 256
	// patternStretch is the most of a line that is searched at once. A value that
	// begins in it is seen whole, since that and MaxPattern are always there.
	patternStretch = 1024
	// maxExpression is the greatest length of an expression. A compiled one takes
	// some hundred times as much memory.
	maxExpression = 256 << 10
	// checkGroup is the name of the group that is validated.
	checkGroup = "check"
)

// pattern is a compiled expression. A value stands on one line.
type pattern struct {
	source string
	expr   *regexp.Regexp
	here   *regexp.Regexp // expr at the beginning of the text
	lead   []*[256]bool   // what the first bytes of every match are
	// wordFirst tells that a match begins with a word character.
	wordFirst bool
	check     int // the group that is validated, 0 is the whole match
	// must is the smallest set of bytes of which every match holds one; nil if
	// nothing can be said.
	must *[256]bool
}

// compilePattern compiles an expression (RE2: time grows with the text alone).
func compilePattern(expr string) (*pattern, error) {
	if len(expr) > maxExpression {
		return nil, fmt.Errorf("the expression has %d bytes, more than %d; many values are given as words", len(expr), maxExpression)
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if checks := slices.DeleteFunc(tree.CapNames(), func(name string) bool { return name != checkGroup }); len(checks) > 1 {
		return nil, fmt.Errorf("%d groups are named %s, and only one piece of a value can be validated", len(checks), checkGroup)
	}
	if what := looksOutside(tree); what != "" {
		return nil, fmt.Errorf("%s looks outside the value; it is not needed, for a value stands by itself in any case", what)
	}
	if r, ok := unfolded(tree); ok {
		return nil, fmt.Errorf("the text never holds %q: it is folded first, write %q", r, foldWord(string(r)))
	}
	switch n := shortest(tree); {
	case n == 0:
		return nil, fmt.Errorf("the expression matches nothing at all, and so everywhere")
	case n > MaxPattern:
		return nil, fmt.Errorf("whatever the expression matches has %d characters or more, and a value has %d bytes at most: it finds nothing", n, MaxPattern)
	case needsLineBreak(tree):
		return nil, fmt.Errorf("whatever the expression matches holds a line break, and a value stands on one line: it finds nothing")
	}
	tree = tree.Simplify()
	// Where a value begins or ends with a word character it must not be a part of
	// a longer word. Saying so lets the search go on behind the longer word.
	p := &pattern{source: expr, lead: leadOf(tree)}
	begin, end := "", ""
	if edgeIsWord(tree, false) {
		begin, p.wordFirst = `\b`, true
	}
	if edgeIsWord(tree, true) {
		end = `\b`
	}
	if p.expr, err = regexp.Compile(begin + `(?:` + expr + `)` + end); err != nil {
		return nil, err
	}
	if p.here, err = regexp.Compile(`\A(?:` + expr + `)` + end); err != nil {
		return nil, err
	}
	p.check = max(p.expr.SubexpIndex(checkGroup), 0)
	p.must = mustHave(tree)
	return p, nil
}

// at returns the place of the match that begins at an index of a stretch; nil if
// there is none.
func (p *pattern) at(stretch []byte, begin int) []int {
	if p.wordFirst && begin > 0 && isWordByte(rune(stretch[begin-1])) {
		return nil
	}
	return shifted(p.here.FindSubmatchIndex(stretch[begin:]), begin)
}

// next returns the place of the next match at or behind an index.
func (p *pattern) next(stretch []byte, from int) []int {
	// The search would take the place where it begins for the edge of a word.
	for p.wordFirst && from > 0 && from < len(stretch) && isWordByte(rune(stretch[from-1])) {
		from++
	}
	return shifted(p.expr.FindSubmatchIndex(stretch[from:]), from)
}

func shifted(places []int, by int) []int {
	for i := range places {
		if places[i] >= 0 {
			places[i] += by
		}
	}
	return places
}

// possible reports whether a text holds a character without which nothing matches.
func (p *pattern) possible(text []byte) bool {
	if p.must == nil {
		return true
	}
	for _, c := range text {
		if p.must[c] {
			return true
		}
	}
	return false
}

// search is the part of a Stream that looks for expressions: it reads line after
// line, and keeps what it found until its place has come.
type search struct {
	from  int64 // up to here the text was searched
	each  []searched
	queue []sighting
}

// searched is how far one expression has come.
type searched struct {
	end      int64 // of its last match
	tries    int   // in this stretch
	done     bool  // with this stretch
	possible bool  // this stretch was seen to hold what every match has
}

// maxTries is how often an expression is tried at single places of a stretch
// before the rest is searched at once, in time that grows with its length alone.
const maxTries = 16

// sighting is a value that an expression found at [start,end) of the view.
type sighting struct {
	start, end           int64
	checkStart, checkEnd int64
	detector             int
}

func (s *search) reset(set *Set) {
	if len(s.each) != len(set.patterns) {
		s.each = make([]searched, len(set.patterns))
	}
	clear(s.each)
	s.from, s.queue = 0, s.queue[:0]
}

// read searches all stretches that begin before to. Where a stretch ends depends
// on the text alone: at the end of its line, or after patternStretch bytes.
func (s *search) read(set *Set, t *text, to int64) {
	if len(set.patterns) == 0 {
		return
	}
	for s.from < to {
		s.stretch(set, t)
	}
}

// add queues a sighting in the order of their beginnings.
func (s *search) add(one sighting) {
	i := len(s.queue)
	for i > 0 && s.queue[i-1].start > one.start {
		i--
	}
	s.queue = slices.Insert(s.queue, i, one)
}

// stretch searches the next stretch.
func (s *search) stretch(set *Set, t *text) {
	line := t.slice(s.from, s.from+patternStretch+MaxPattern)
	next := min(len(line), patternStretch)
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line, next = line[:end], min(end+1, patternStretch)
	}
	if end := bytes.IndexByte(line, '\r'); end >= 0 {
		line, next = line[:end], min(end+1, patternStretch)
	}
	for next < len(line) && next > 1 && !utf8.RuneStart(line[next]) {
		next--
	}
	for i := range s.each {
		s.each[i] = searched{end: s.each[i].end}
	}
	for _, scout := range set.scouts {
		scout.find(line[:min(len(line), next+maxLead-1)], func(i, at int) {
			if at < next && !s.each[i].done && s.from+int64(at) >= s.each[i].end {
				s.try(set, i, line, at, next)
			}
		})
	}
	s.from += int64(next)
}

// try tries an expression at a place of a stretch, of which the first n bytes are
// its own.
func (s *search) try(set *Set, i int, line []byte, at, n int) {
	one, p := &s.each[i], set.Detectors[set.patterns[i]].pattern
	if !one.possible {
		if !p.possible(line) {
			one.done = true
			return
		}
		one.possible = true
	}
	if one.tries++; one.tries <= maxTries {
		if m := p.at(line, at); m != nil {
			s.found(i, set.patterns[i], p, m)
		}
		return
	}
	one.done = true
	for at < n {
		m := p.next(line, at)
		if m == nil || m[0] >= n {
			return
		}
		s.found(i, set.patterns[i], p, m)
		at = m[1]
	}
}

// found queues a match.
func (s *search) found(i, detector int, p *pattern, m []int) {
	s.each[i].end = s.from + int64(m[1])
	if m[1]-m[0] > MaxPattern {
		return
	}
	one := sighting{start: s.from + int64(m[0]), end: s.from + int64(m[1]), detector: detector}
	one.checkStart, one.checkEnd = one.start, one.end
	if c := 2 * p.check; c > 0 && m[c] >= 0 {
		one.checkStart, one.checkEnd = s.from+int64(m[c]), s.from+int64(m[c+1])
	}
	s.add(one)
}

// judge lets the finder judge what was found before a place, in order.
func (s *search) judge(f *finder, to int64) {
	n := 0
	for n < len(s.queue) && s.queue[n].start < to {
		f.sighted(&s.queue[n])
		n++
	}
	if n > 0 {
		s.queue = s.queue[:copy(s.queue, s.queue[n:])]
	}
}

// sighted makes a candidate of what an expression found.
func (f *finder) sighted(s *sighting) {
	d := f.set.Detectors[s.detector]
	if d.check != nil && !d.check(digitsAndLetters(nil, f.text.slice(s.checkStart, s.checkEnd))) {
		return
	}
	value := f.text.slice(s.start, s.end)
	f.detector = s.detector
	f.c = candidate{start: s.start, end: s.end, bare: true, loose: true}
	for _, c := range value {
		if !isDigit(c) {
			f.c.bare, f.c.loose = false, false
		}
	}
	canonical := digitsAndLetters(nil, value)
	if len(canonical) == 0 {
		canonical = value
	}
	for len(canonical) > len(f.c.value) || !utf8.Valid(canonical) && len(canonical) > 0 {
		canonical = canonical[:min(len(canonical)-1, len(f.c.value))]
	}
	f.c.put(canonical...)
	f.stands(s.start)
}

// digitsAndLetters appends the digits and letters of a value, in capitals.
func digitsAndLetters(to, value []byte) []byte {
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		if isAlnum(r) && r != utf8.RuneError {
			to = utf8.AppendRune(to, unicode.ToUpper(r))
		}
		value = value[size:]
	}
	return to
}
