package detect

import (
	"math"

	"github.com/postern-mail/postern/classify/anchor"
)

// A Stream keeps at most history bytes of the folded view behind the place it
// has come to, and decides about a place when ahead bytes follow it. Both are
// more than any detector looks back or forth, so a decision depends on the text
// alone.
const (
	history = headerBytes + tokenBytes
	ahead   = 4096
	stretch = 26 << 10
)

// MaxStreamBytes bounds the memory of one Stream. What a text really needs is
// far less: its worst is one where every character moves the offsets, between
// header rows of the greatest length.
const MaxStreamBytes = 2 << 20

// Stream scans one stream of text. It is an io.Writer; for any way of cutting
// the text the matches are the same. Its memory is bounded whatever the length.
type Stream struct {
	set     *Set
	emit    func(Match)
	text    text
	kind    Kind
	pos     int64 // up to here all candidates are judged
	room    int   // how long the text grows before it is scanned
	anchors []anchor.Hit
	finder  finder
	search  search
	pending overlap
}

// NewStream returns a Stream that hands its matches to emit in the order of
// their Start, overlaps resolved; those of lexicons, which are known only at the
// end, come last. emit may be called from Write and Close.
func (s *Set) NewStream(emit func(Match)) *Stream {
	st := &Stream{set: s, room: history + ahead + stretch}
	st.finder.lists, st.finder.found = make([]list, len(s.Detectors)), make([][]hit, len(s.Detectors))
	st.finder.halves, st.finder.scorers = make([]half, len(s.Detectors)), s.newScorers()
	st.finder.rows, st.finder.reads = make([]int64, len(s.Detectors)), make([]span, len(s.Detectors))
	st.finder.nearby.until, st.finder.behind.until = make([]int64, len(s.Detectors)), make([]int64, len(s.Detectors))
	st.finder.saidAt = make([]int64, len(s.Detectors))
	st.Reset(emit)
	return st
}

// SetKind tells what the text is. It holds until it is called again, and must be
// called before the first Write.
func (s *Stream) SetKind(kind Kind) { s.kind, s.finder.kind = kind, kind }

// SetQuoted gives a function that tells whether the text at an offset of the
// stream is quoted from an earlier mail. It is asked from Write and Close, for
// offsets from Settled on, and holds until SetQuoted is called again; nil: nothing
// is quoted.
func (s *Stream) SetQuoted(quoted func(offset int64) bool) { s.finder.quoted = quoted }

// Write scans the next bytes. It never fails.
func (s *Stream) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := s.text.fold(rest, s.room+pageBytes)
		rest = rest[n:]
		if len(rest) > 0 {
			s.text.mark(false)
			s.scan(s.text.end() - ahead)
			s.finder.columns.advance(&s.text, s.pos)
			if len(s.set.own) > 0 {
				s.finder.entitleTables()
			}
			s.text.forget(s.pos - s.needed())
		}
	}
	return len(b), nil
}

// needed is how many bytes before the place it has come to a Stream looks back:
// to the beginning of a token and, while it can be a header row, of the line.
func (s *Stream) needed() int64 {
	if line := s.pos - s.finder.columns.line.start; line <= headerBytes {
		return max(line, tokenBytes) + leftReach
	}
	return tokenBytes + leftReach
}

// Close ends the text and emits what was held back.
func (s *Stream) Close() error {
	s.text.foldLast()
	s.text.mark(true)
	s.scan(s.text.end())
	s.finder.part(math.MaxInt64)
	s.pending.release(math.MaxInt64, s.emit)
	s.finder.score(s.emit)
	s.text.wipe()
	return nil
}

// Reset makes a closed Stream ready for another text.
func (s *Stream) Reset(emit func(Match)) {
	s.emit, s.pos = emit, 0
	s.text.reset()
	s.finder.reset(s)
	s.search.reset(s.set)
	s.pending.reset(s.set)
}

// Settled is the offset before which no further match will start, but for those
// of lexicons.
func (s *Stream) Settled() int64 {
	settled := s.text.rawStart(max(s.pos-leftReach, s.text.base))
	if held := s.pending.held; len(held) > 0 {
		settled = min(settled, held[0].Start)
	}
	return settled
}

// scan judges all candidates whose first digit stands before to.
func (s *Stream) scan(to int64) {
	f := &s.finder
	if s.pos == 0 {
		f.findSubject()
	}
	f.limit = to
	if s.set.worded {
		f.readKeywords(s.pos, to)
	}
	s.search.read(s.set, &s.text, to)
	for from := s.pos; from < to; {
		// Where all of the text is searched for keywords, that is done before numbers are
		// looked at: most of who needs one has none.
		next, among := to, anchor.All
		if s.set.everywhere {
			next = min((from/amongBytes+1)*amongBytes, to)
			if among = 0; s.text.hasDigits(from, next) {
				s.search.judge(f, from)
				among = f.among(from, next)
			}
		}
		if among != 0 {
			s.look(from, next, among)
		}
		from = next
	}
	s.search.judge(f, to)
	if s.set.everywhere {
		f.readKeywords(to, to)
	}
	f.part(to)
	s.pos = to
	s.pending.release(to-leftReach, s.emit)
}

// look judges the candidates of some seekers whose first digit stands in [from,to).
func (s *Stream) look(from, to int64, among uint64) {
	f, base := &s.finder, s.text.base
	s.anchors = s.set.anchors.Scan(s.text.buf, s.text.marks, int(from-base), int(to-base), among, s.anchors[:0])
	for i := range s.anchors {
		a := &s.anchors[i]
		at := base + int64(a.At)
		s.search.judge(f, at)
		f.look(at, a.Wants)
		if held := s.pending.held; len(held) > maxWaiting && held[0].end < at-2*leftReach {
			f.part(at)
			s.pending.release(at-leftReach, s.emit)
		}
	}
}

// amongBytes is for how much of the text it is known together which detectors have
// keywords.
const amongBytes = 1024

// leftReach is how far before its first digit a candidate can begin: an address
// is found by its last line, the half of a pair waits for the other.
const leftReach = 2048

// nearReach is how far before its first digit any other candidate begins at most.
const nearReach = 64

// maxWaiting is how many matches wait for their rivals before those are settled
// that have none to come.
const maxWaiting = 32
