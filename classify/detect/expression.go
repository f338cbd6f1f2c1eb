package detect

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// looksOutside names an assertion of an expression, "" if it has none.
func looksOutside(e *syntax.Regexp) string {
	switch e.Op {
	case syntax.OpBeginLine, syntax.OpBeginText:
		return "^"
	case syntax.OpEndLine, syntax.OpEndText:
		return "$"
	case syntax.OpWordBoundary:
		return `\b`
	case syntax.OpNoWordBoundary:
		return `\B`
	default:
	}
	for _, sub := range e.Sub {
		if what := looksOutside(sub); what != "" {
			return what
		}
	}
	return ""
}

// unfolded finds a character in an expression that folding leaves nowhere.
func unfolded(e *syntax.Regexp) (rune, bool) {
	if e.Op == syntax.OpLiteral {
		for _, r := range e.Rune {
			if foldings().fold(r) != r {
				return r, true
			}
		}
	}
	for _, sub := range e.Sub {
		if r, ok := unfolded(sub); ok {
			return r, true
		}
	}
	return 0, false
}

// shortest is the least number of characters that an expression matches.
func shortest(e *syntax.Regexp) int {
	switch e.Op {
	case syntax.OpLiteral:
		return len(e.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return shortest(e.Sub[0])
	case syntax.OpRepeat:
		return e.Min * shortest(e.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range e.Sub {
			n += shortest(sub)
		}
		return n
	case syntax.OpAlternate:
		n := shortest(e.Sub[0])
		for _, sub := range e.Sub[1:] {
			n = min(n, shortest(sub))
		}
		return n
	default:
		return 0
	}
}

// needsLineBreak reports whether every match holds an end of a line.
func needsLineBreak(e *syntax.Regexp) bool {
	isBreak := func(r rune) bool { return r == '\n' || r == '\r' }
	switch e.Op {
	case syntax.OpLiteral:
		return slices.ContainsFunc(e.Rune, isBreak)
	case syntax.OpCharClass:
		for i := 0; i < len(e.Rune); i += 2 {
			if e.Rune[i] != e.Rune[i+1] || !isBreak(e.Rune[i]) {
				return false
			}
		}
		return len(e.Rune) > 0
	case syntax.OpCapture, syntax.OpPlus:
		return needsLineBreak(e.Sub[0])
	case syntax.OpRepeat:
		return e.Min > 0 && needsLineBreak(e.Sub[0])
	case syntax.OpConcat:
		return slices.ContainsFunc(e.Sub, needsLineBreak)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(e.Sub, func(sub *syntax.Regexp) bool { return !needsLineBreak(sub) })
	default:
		return false
	}
}

// edgeIsWord reports whether every match begins, or ends, with an ASCII word
// character.
func edgeIsWord(e *syntax.Regexp, last bool) bool {
	switch e.Op {
	case syntax.OpLiteral:
		r := e.Rune[0]
		if last {
			r = e.Rune[len(e.Rune)-1]
		}
		return isWordByte(r) && e.Flags&syntax.FoldCase == 0 || isWordByte(r) && r != 'k' && r != 'K' && r != 's' && r != 'S'
	case syntax.OpCharClass:
		for i := 0; i < len(e.Rune); i += 2 {
			for r := e.Rune[i]; r <= e.Rune[i+1]; r++ {
				if !isWordByte(r) {
					return false
				}
			}
		}
		return len(e.Rune) > 0
	case syntax.OpCapture, syntax.OpPlus:
		return edgeIsWord(e.Sub[0], last)
	case syntax.OpRepeat:
		return e.Min > 0 && edgeIsWord(e.Sub[0], last)
	case syntax.OpConcat:
		at := 0
		if last {
			at = len(e.Sub) - 1
		}
		return edgeIsWord(e.Sub[at], last)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(e.Sub, func(sub *syntax.Regexp) bool { return !edgeIsWord(sub, last) })
	default:
		return false
	}
}

func isWordByte(r rune) bool { return r < utf8.RuneSelf && isWord(r) }

// mustHave is the smallest set of ASCII characters of which every match holds one.
func mustHave(e *syntax.Regexp) *[256]bool {
	switch e.Op {
	case syntax.OpLiteral:
		var best *[256]bool
		for _, r := range e.Rune {
			best = smaller(best, setOf(e.Flags&syntax.FoldCase != 0, r, r))
		}
		return best
	case syntax.OpCharClass:
		return setOf(false, e.Rune...)
	case syntax.OpCapture, syntax.OpPlus:
		return mustHave(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			return mustHave(e.Sub[0])
		}
	case syntax.OpConcat:
		var best *[256]bool
		for _, sub := range e.Sub {
			best = smaller(best, mustHave(sub))
		}
		return best
	case syntax.OpAlternate:
		all := new([256]bool)
		for _, sub := range e.Sub {
			one := mustHave(sub)
			if one == nil {
				return nil
			}
			for c := range one {
				all[c] = all[c] || one[c]
			}
		}
		return all
	default:
	}
	return nil
}

// setOf is a set of characters given as ranges; nil if one is not ASCII.
func setOf(fold bool, ranges ...rune) *[256]bool {
	set := new([256]bool)
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1] >= utf8.RuneSelf {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			set[r] = true
			if !fold {
				continue
			}
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				if other >= utf8.RuneSelf {
					return nil
				}
				set[other] = true
			}
		}
	}
	return set
}

func smaller(a, b *[256]bool) *[256]bool {
	size := func(s *[256]bool) int {
		n := 0
		for _, is := range s {
			if is {
				n++
			}
		}
		return n
	}
	if a == nil || b != nil && size(b) < size(a) {
		return b
	}
	return a
}
