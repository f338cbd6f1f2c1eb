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
		breaks := t.layoutOf(i/anchor.BlockBytes).Breaks >> (i % anchor.BlockBytes)
		if breaks == 0 {
			l.quiet += int64(anchor.BlockBytes - i%anchor.BlockBytes)
			continue
		}
		p := l.quiet + int64(bits.TrailingZeros64(breaks))
		if l.quiet = p; p >= to {
			return
		}
		// Two breaks enclose an empty line unless they are CR LF.
		if c := t.at(p); l.last == p && p > 0 && (c == '\r' || t.at(p-1) == '\n') {
			l.blank = p + 1
		}
		l.quiet, l.last = p+1, p+1
	}
}
