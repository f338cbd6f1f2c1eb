package detect

import (
	"math"

	"github.com/postern-mail/postern/classify/anchor"
)

// A Stream keeps history bytes of the folded view behind the place it has come
// to, and decides about a place when ahead bytes follow it. Both are more than
// any detector looks back or forth, so a decision depends on the text alone.
const (
	history = headerBytes + tokenBytes
	ahead   = 2048
	stretch = 10 << 10
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
	pos     int64 // up to here all candidates are judged
	room    int   // how long the text grows before it is scanned
	anchors []anchor.Hit
	finder  finder
	search  search
	pending overlap
}

// NewStream returns a Stream that hands its matches to emit in the order of
// their Start, overlaps resolved. emit may be called from Write and Close.
func (s *Set) NewStream(emit func(Match)) *Stream {
	st := &Stream{set: s, room: history + ahead + stretch}
	st.finder.lists, st.finder.found = make([]list, len(s.Detectors)), make([][]hit, len(s.Detectors)+1)
	st.Reset(emit)
	return st
}

// Write scans the next bytes. It never fails.
func (s *Stream) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := s.text.fold(rest, s.room)
		rest = rest[n:]
		if len(rest) > 0 {
			s.scan(s.text.end() - ahead)
			s.text.forget(s.pos - history)
		}
	}
	return len(b), nil
}

// Close ends the text and emits what was held back.
func (s *Stream) Close() error {
	s.text.foldPart(true)
	s.scan(s.text.end())
	s.pending.release(math.MaxInt64, s.emit)
	return nil
}

// Reset makes a closed Stream ready for another text.
func (s *Stream) Reset(emit func(Match)) {
	s.emit, s.pos = emit, 0
	s.text.reset()
	s.finder.reset(s)
	s.search.reset(s.set)
	s.pending.reset()
}

// Settled is the offset before which no further match will start.
func (s *Stream) Settled() int64 {
	settled := s.text.rawStart(max(s.pos-leftReach, s.text.base))
	if held := s.pending.held; len(held) > 0 {
		settled = min(settled, held[0].Start)
	}
	return settled
}

// scan judges all candidates whose first digit stands before to.
func (s *Stream) scan(to int64) {
	base := s.text.base
	s.anchors = s.set.anchors.Scan(s.text.buf, int(s.pos-base), int(to-base), s.anchors[:0])
	s.search.read(s.set, &s.text, to)
	for _, a := range s.anchors {
		at := base + int64(a.At)
		s.search.judge(&s.finder, at)
		for i, d := range s.set.Detectors {
			if d.digits <= a.Digits {
				s.finder.look(i, at)
			}
		}
	}
	s.search.judge(&s.finder, to)
	s.finder.columns.advance(&s.text, to)
	s.pos = to
	s.pending.release(to-leftReach, s.emit)
}

// leftReach is how far before its first digit a candidate can begin.
const leftReach = 8
