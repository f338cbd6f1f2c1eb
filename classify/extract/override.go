package extract

import (
	"bytes"
	"slices"
)

// The characters that make what follows run from right to left, and that end it
// (Unicode Standard Annex 9).
var (
	rightToLeft  = []byte("\u202e")
	popDirection = []byte("\u202c")
)

// maxOverridden bounds the run that is turned round.
const maxOverridden = 500

// overridden tells the second reading of lines that hold a right-to-left
// override: in the order in which a reader sees the characters. They are a text
// of their own; the first reading stays as it is.
func (q *quoteMarks) overridden(b []byte) {
	for {
		i := indexOverride(b)
		if i < 0 {
			return
		}
		begin := bytes.LastIndexByte(b[:i], '\n') + 1
		end := len(b)
		if j := bytes.IndexByte(b[i:], '\n'); j >= 0 {
			end = i + j
		}
		line := b[i+len(rightToLeft) : end]
		run, rest, _ := bytes.Cut(line, popDirection)
		runes := []rune(string(run[:min(len(run), maxOverridden)]))
		slices.Reverse(runes)
		if q.seen == nil {
			q.seen = newTextStream(q.out.r, q.out.part, q.out.where)
		}
		q.seen.write(b[begin:i])
		q.seen.write([]byte(string(runes)))
		q.seen.write(rest)
		q.seen.write(crlf[1:])
		b = b[end:]
	}
}

// indexOverride finds rightToLeft by its last byte, which is the rarest; -1 if
// there is none.
func indexOverride(b []byte) int {
	last := len(rightToLeft) - 1
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], rightToLeft[last])
		if i < 0 {
			return -1
		}
		if at += i; at >= last && b[at-1] == rightToLeft[last-1] && b[at-last] == rightToLeft[0] {
			return at - last
		}
	}
}
