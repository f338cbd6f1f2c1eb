package detect

import (
	"math/bits"

	"github.com/postern-mail/postern/classify/anchor"
)

// lines follows the line breaks of a text.
type lines struct {
	quiet int64 // up to here the breaks are known
	last  int64 // behind the last of them
	blank int64 // behind the last one that ends an empty line
}

// follow reads on to position to, from there backwards: behind the last empty line
// nothing more needs to be known.
func (l *lines) follow(t *text, to int64) {
	if to <= l.quiet {
		return
	}
	first, found := int(l.quiet-t.base)/anchor.BlockBytes, false
	for block := int(to-1-t.base) / anchor.BlockBytes; block >= first; block-- {
		m := t.linesOf(block)
		breaks := m.Breaks
		if breaks == 0 {
			continue
		}
		at := t.base + int64(block*anchor.BlockBytes)
		if n := to - at; n < anchor.BlockBytes {
			breaks &= 1<<n - 1
		}
		if n := l.quiet - at; n > 0 {
			breaks &= ^uint64(0) << n
		}
		if breaks == 0 {
			continue
		}
		if !found {
			l.last, found = at+int64(bits.Len64(breaks)), true
		}
		var before, feed uint64
		switch t.at(at - 1) {
		case '\n':
			before, feed = 1, 1
		case '\r':
			before = 1
		}
		// Two breaks enclose an empty line unless they are CR LF.
		if empty := breaks & (m.Breaks<<1 | before) & (^m.Feeds | m.Feeds<<1 | feed); empty != 0 {
			l.blank = at + int64(bits.Len64(empty))
			break
		}
	}
	l.quiet = to
}
