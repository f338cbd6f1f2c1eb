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

// follow reads on to position to.
func (l *lines) follow(t *text, to int64) {
	for l.quiet < to {
		i := int(l.quiet - t.base)
		at := l.quiet - int64(i%anchor.BlockBytes)
		m := t.linesOf(i / anchor.BlockBytes)
		breaks := m.Breaks >> (i % anchor.BlockBytes) << (i % anchor.BlockBytes)
		if n := to - at; n < anchor.BlockBytes {
			breaks &= 1<<n - 1
		}
		if breaks != 0 {
			// Two breaks enclose an empty line unless they are CR LF.
			var before, feed uint64
			if l.last == at && at > 0 {
				before = 1
				if t.at(at-1) == '\n' {
					feed = 1
				}
			}
			if empty := breaks & (m.Breaks<<1 | before) & (^m.Feeds | m.Feeds<<1 | feed); empty != 0 {
				l.blank = at + int64(bits.Len64(empty))
			}
			l.last = at + int64(bits.Len64(breaks))
		}
		l.quiet = min(to, at+anchor.BlockBytes)
	}
}
