package detect

import "sort"

// Around returns the folded text before and behind a match, up to the reach of
// the window, 300 characters. It may be called from emit only, with the match
// that emit was given, and the slices are good until emit returns. They are the
// same for every way of cutting the text.
func (s *Stream) Around(m *Match) (before, after []byte) {
	t := &s.text
	start, end := t.position(m.Start, t.rawStart), t.position(m.End, t.rawEnd)
	return t.slice(t.back(start, windowChars), start), t.slice(end, t.forth(end, windowChars))
}

// position finds the place in the view of an offset in the stream. offset is
// rawStart or rawEnd, which both grow with the place.
func (t *text) position(raw int64, offset func(int64) int64) int64 {
	n := sort.Search(len(t.buf), func(i int) bool { return offset(t.base+int64(i)) >= raw })
	return t.base + int64(n)
}
