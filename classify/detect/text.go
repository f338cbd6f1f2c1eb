package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify/anchor"
)

// text is the folded view of a stream: UTF-8 with every code point folded and
// the ignorable ones left out. It keeps a stretch of the view and the way back
// to the bytes of the stream. Positions are those of the whole view, so they
// stay valid while the stretch moves on.
type text struct {
	buf   []byte
	base  int64   // position of buf[0]
	raw   int64   // bytes of the stream that went in
	shift []shift // where the view and the stream move against each other
	part  []byte  // the beginning of a character whose end is yet to come
	table *foldTable
	wide  int64   // position behind the last character that is not ASCII
	inner []uint8 // by block: bytes that go on with a character

	marks []anchor.Digits  // of the blocks of buf, as far as mark came
	lines []anchor.Lines   // likewise, but made when asked for
	cells []anchor.Cells   // likewise
	made  []made           // by page
	list  *anchor.WordList // for searches
}

// made is how many blocks of a page have their lines, which of them have their cells, and in which of them keywords begin that can label a value.
type made struct {
	lines        uint8
	cells, keyed uint16
}

// The stretch moves on by whole pages, so that marks stay those of their blocks.
const (
	pageBlocks = 16
	pageBytes  = pageBlocks * anchor.BlockBytes
)

// shift tells where the view and the stream cease to run in step: the character
// before position at ended at raw offset end, the one that begins there begins
// at raw offset start.
type shift struct{ at, end, start int64 }

func (t *text) reset() {
	t.buf, t.shift, t.part = t.buf[:0], append(t.shift[:0], shift{}), t.part[:0]
	t.base, t.raw, t.wide, t.table = 0, 0, 0, foldings()
	t.inner = t.inner[:0]
	t.marks, t.lines, t.cells, t.made = t.marks[:0], t.lines[:0], t.cells[:0], t.made[:0]
}

// wipe overwrites the characters, once nobody asks for them any more.
func (t *text) wipe() {
	clear(t.buf[:cap(t.buf)])
	clear(t.part[:cap(t.part)])
}

// end is the position behind the last character of the view.
func (t *text) end() int64 { return t.base + int64(len(t.buf)) }

// marked is the position behind the last character that is marked.
func (t *text) marked() int64 {
	return min(t.base+int64(len(t.marks)*anchor.BlockBytes), t.end())
}

// fold takes bytes of the stream until the view's stretch is as long as room
// allows, and returns how many it took.
func (t *text) fold(b []byte, room int) int {
	taken := 0
	for taken < len(b) && len(t.buf)+utf8.UTFMax <= room {
		if len(t.part) > 0 {
			taken += t.foldJoined(b[taken:])
			continue
		}
		if b[taken] < utf8.RuneSelf {
			taken += t.foldASCII(b[taken:], room)
			continue
		}
		if !utf8.FullRune(b[taken:]) {
			t.part = append(t.part, b[taken:]...)
			return len(b)
		}
		r, size := utf8.DecodeRune(b[taken:])
		t.add(r, size)
		taken += size
	}
	return taken
}

// foldASCII takes the run of ASCII that b begins with, as far as there is room.
func (t *text) foldASCII(b []byte, room int) int {
	b = b[:min(len(b), room-len(t.buf))]
	if len(b) > 1 && b[1] >= utf8.RuneSelf { // as between the characters of other scripts
		t.buf = append(t.buf, b[0])
		t.raw++
		return 1
	}
	at := len(t.buf)
	t.buf = slices.Grow(t.buf, len(b))
	n := anchor.CopyASCII(t.buf[at:at+len(b)], b)
	t.buf = t.buf[:at+n]
	t.raw += int64(n)
	return n
}

// foldJoined folds a character that came in pieces, of which b holds the next, and
// returns how much of b it took.
func (t *text) foldJoined(b []byte) int {
	known := len(t.part)
	joined := append(t.part, b[:min(len(b), utf8.UTFMax)]...)
	if !utf8.FullRune(joined) {
		t.part = joined
		return len(joined) - known
	}
	r, size := utf8.DecodeRune(joined)
	t.add(r, size)
	t.part = t.part[:copy(t.part, t.part[min(size, known):])]
	return max(size-known, 0)
}

// foldLast folds what is left of a character at the end of the stream: it is malformed.
func (t *text) foldLast() {
	for len(t.part) > 0 {
		r, size := utf8.DecodeRune(t.part)
		t.add(r, size)
		t.part = t.part[:copy(t.part, t.part[size:])]
	}
}

// add folds one character that took size bytes of the stream.
func (t *text) add(r rune, size int) {
	f := t.table.fold(r)
	t.raw += int64(size)
	if f == dropped {
		t.moved(t.raw, false)
		return
	}
	before := len(t.buf)
	t.buf = utf8.AppendRune(t.buf, f)
	for len(t.inner)*anchor.BlockBytes < len(t.buf) {
		t.inner = append(t.inner, 0)
	}
	if f >= utf8.RuneSelf {
		t.wide = t.end()
		for i := before + 1; i < len(t.buf); i++ {
			t.inner[i/anchor.BlockBytes]++
		}
	}
	if len(t.buf)-before != size {
		t.moved(t.raw, true)
	}
}

// moved notes that the next character of the view begins at raw offset start;
// added tells that a character was added since the last time.
func (t *text) moved(start int64, added bool) {
	at := t.end()
	last := &t.shift[len(t.shift)-1]
	switch {
	case last.at == at:
		last.start = start
	case added:
		t.shift = append(t.shift, shift{at, start, start})
	default:
		t.shift = append(t.shift, shift{at, last.start + at - last.at, start})
	}
}

// forget drops the pages before position to.
func (t *text) forget(to int64) {
	n := int(to-t.base) / pageBytes
	if n <= 0 {
		return
	}
	t.buf = t.buf[:copy(t.buf, t.buf[n*pageBytes:])]
	t.marks = t.marks[:copy(t.marks, t.marks[n*pageBlocks:])]
	t.inner = t.inner[:copy(t.inner, t.inner[min(n*pageBlocks, len(t.inner)):])]
	for page, made := range t.made[n:] {
		to := page * pageBlocks
		from := to + n*pageBlocks
		copy(t.lines[to:], t.lines[from:from+int(made.lines)])
		copy(t.cells[to:], t.cells[from:from+bits.Len16(made.cells)])
	}
	t.lines, t.cells = t.lines[:len(t.marks)], t.cells[:len(t.marks)]
	t.made = t.made[:copy(t.made, t.made[n:])]
	t.base += int64(n * pageBytes)
	if i := t.lastShift(t.base); i > 0 {
		t.shift = t.shift[:copy(t.shift, t.shift[i:])]
	}
}

// mark marks the digits of the blocks that are full; at the end of the stream
// also those of the last one.
func (t *text) mark(last bool) {
	n := len(t.buf) / anchor.BlockBytes
	t.buf = slices.Grow(t.buf, 2*anchor.BlockBytes)
	if last {
		n = (len(t.buf) + anchor.BlockBytes - 1) / anchor.BlockBytes
		clear(t.buf[len(t.buf) : len(t.buf)+2*anchor.BlockBytes])
	}
	done := len(t.marks)
	t.marks = slices.Grow(t.marks, n-done)[:n]
	anchor.MarkDigits(t.buf[done*anchor.BlockBytes:n*anchor.BlockBytes], t.marks[done:])
	t.lines = slices.Grow(t.lines, n-len(t.lines))[:n]
	t.cells = slices.Grow(t.cells, n-len(t.cells))[:n]
	for len(t.made)*pageBlocks < n {
		t.made = append(t.made, made{})
	}
}

// linesOf returns the lines of a block.
func (t *text) linesOf(block int) *anchor.Lines {
	if block%pageBlocks >= int(t.made[block/pageBlocks].lines) {
		t.makeLines(block)
	}
	return &t.lines[block]
}

// marksAtOnce is how many blocks are marked at once where marks are asked for only
// around what may be a value.
const marksAtOnce = 8

// makeLines marks the lines of a page up to those of a block, and some behind it.
func (t *text) makeLines(block int) {
	page := block / pageBlocks
	from, to := page*pageBlocks+int(t.made[page].lines), min(block|(marksAtOnce-1)+1, len(t.lines))
	anchor.MarkLines(t.buf[from*anchor.BlockBytes:to*anchor.BlockBytes], t.lines[from:to])
	t.made[page].lines = uint8(to - page*pageBlocks)
}

// cellsOf returns the cells of a block.
func (t *text) cellsOf(block int) *anchor.Cells {
	if t.made[block/pageBlocks].cells>>(block%pageBlocks)&1 == 0 {
		t.makeCells(block)
	}
	return &t.cells[block]
}

func (t *text) makeCells(block int) {
	from := block &^ (marksAtOnce - 1)
	to := min(from+marksAtOnce, len(t.cells))
	anchor.MarkCells(t.buf[from*anchor.BlockBytes:to*anchor.BlockBytes], t.cells[from:to])
	t.made[block/pageBlocks].cells |= (1<<(to-from) - 1) << (from % pageBlocks)
}

// key notes that a keyword begins at p.
func (t *text) key(p int64) {
	block := int(p-t.base) / anchor.BlockBytes
	t.made[block/pageBlocks].keyed |= 1 << (block % pageBlocks)
}

// isKeyed reports whether a keyword may begin in [from,to).
func (t *text) isKeyed(from, to int64) bool {
	for block := int(from-t.base) / anchor.BlockBytes; block <= int(to-1-t.base)/anchor.BlockBytes; block++ {
		if t.made[block/pageBlocks].keyed>>(block%pageBlocks)&1 == 1 {
			return true
		}
	}
	return false
}

// lastShift is the index of the last shift at or before a position.
func (t *text) lastShift(at int64) int {
	lo, hi := 0, len(t.shift)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; t.shift[mid].at <= at {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// rawStart is the offset in the stream where the character at a position begins.
func (t *text) rawStart(at int64) int64 {
	s := t.shift[t.lastShift(at)]
	return s.start + at - s.at
}

// rawEnd is the offset in the stream where the character before a position ends.
func (t *text) rawEnd(at int64) int64 {
	s := t.shift[t.lastShift(at)]
	if s.at == at {
		return s.end
	}
	return s.start + at - s.at
}

// at is the byte at a position, 0 outside the text: the start and the end of a
// stream are boundaries.
func (t *text) at(p int64) byte {
	if i := p - t.base; uint64(i) < uint64(len(t.buf)) {
		return t.buf[i]
	}
	return 0
}

// slice is the text from one position to another, as far as it is there.
func (t *text) slice(from, to int64) []byte {
	from, to = max(from, t.base), min(to, t.end())
	if from >= to {
		return nil
	}
	return t.buf[from-t.base : to-t.base]
}

// before and after return the character on either side of a position, and its
// length; 0 at the edge of the text.
func (t *text) before(p int64) (rune, int64) {
	if c := t.at(p - 1); c < utf8.RuneSelf {
		return rune(c), 1
	}
	r, n := utf8.DecodeLastRune(t.slice(p-utf8.UTFMax, p))
	return r, int64(n)
}

func (t *text) after(p int64) (rune, int64) {
	if c := t.at(p); c < utf8.RuneSelf {
		return rune(c), 1
	}
	r, n := utf8.DecodeRune(t.slice(p, p+utf8.UTFMax))
	return r, int64(n)
}

func (t *text) wordBefore(p int64) bool { r, _ := t.before(p); return isWord(r) }
func (t *text) wordAfter(p int64) bool  { r, _ := t.after(p); return isWord(r) }

// back and forth are the positions n characters before and behind p, or the edge
// of the text.
func (t *text) back(p int64, n int) int64 {
	from := max(p-int64(n), t.base)
	if t.wide <= from {
		return from
	}
	for to := p; from < to && from > t.base; {
		more := t.tails(from, to)
		to, from = from, max(from-int64(more), t.base)
	}
	for from < p && isInner(t.at(from)) {
		from++
	}
	return from
}

func (t *text) forth(p int64, n int) int64 {
	to := min(p+int64(n), t.end())
	if t.wide <= p {
		return to
	}
	for from := p; from < to && to < t.end(); {
		more := t.tails(from, to)
		from, to = to, min(to+int64(more), t.end())
	}
	for isInner(t.at(to)) {
		to++
	}
	return to
}

// forthAtMost is forth or somewhat more.
func (t *text) forthAtMost(p int64, n int) int64 {
	to := min(p+int64(n), t.end())
	if t.wide <= p {
		return to
	}
	first := int(p-t.base) / anchor.BlockBytes
	for block := first; block < len(t.inner) && int64(block*anchor.BlockBytes) < to-t.base; block++ {
		to += int64(t.inner[block])
	}
	return min(to, t.end())
}

// tails counts the bytes in [from,to) that go on with a character.
func (t *text) tails(from, to int64) int {
	n := 0
	for i, end := int(from-t.base), int(to-t.base); i < end; {
		block := i / anchor.BlockBytes
		if block >= len(t.inner) {
			break
		}
		next := min((block+1)*anchor.BlockBytes, end)
		switch inner := int(t.inner[block]); {
		case inner == 0:
		case next-i == anchor.BlockBytes:
			n += inner
		default:
			n += inners(t.buf[i:next])
		}
		i = next
	}
	return n
}

// inners counts the bytes of a text that go on with a character.
func inners(text []byte) int {
	n := 0
	for ; len(text) >= 8; text = text[8:] {
		v := binary.LittleEndian.Uint64(text)
		n += bits.OnesCount64(v &^ (v << 1) & highs)
	}
	for _, c := range text {
		if isInner(c) {
			n++
		}
	}
	return n
}

// hasByte reports whether one of eight bytes is c (Hacker's Delight, 6-1).
func hasByte(v uint64, c uint8) bool {
	v ^= uint64(c) * ones
	return (v-ones)&^v&highs != 0
}

func isInner(c byte) bool { return c&0xC0 == 0x80 }

// lineStart is the position behind the last line break before p, looked for in
// the last n bytes.
func (t *text) lineStart(p, n int64) int64 {
	s := t.slice(p-n, p)
	for len(s) >= 8 {
		if v := binary.LittleEndian.Uint64(s[len(s)-8:]); hasByte(v, '\n') || hasByte(v, '\r') {
			break
		}
		s = s[:len(s)-8]
	}
	for len(s) > 0 && s[len(s)-1] != '\n' && s[len(s)-1] != '\r' {
		s = s[:len(s)-1]
	}
	return max(p-n, t.base) + int64(len(s))
}

// digits counts the ASCII digits from p on, up to most.
func (t *text) digits(p int64, most int) int {
	if i := int(p - t.base); uint(i)/anchor.BlockBytes+1 < uint(len(t.marks)) && most < anchor.BlockBytes {
		block := i / anchor.BlockBytes
		from := i % anchor.BlockBytes
		run := t.marks[block].Digits>>from | t.marks[block+1].Digits<<(anchor.BlockBytes-from)
		return min(bits.TrailingZeros64(^run), most)
	}
	n := 0
	for n < most && isDigit(t.at(p+int64(n))) {
		n++
	}
	return n
}

// digitsBefore counts the ASCII digits that end at p, up to most.
func (t *text) digitsBefore(p int64, most int) int {
	n := 0
	for n < most && isDigit(t.at(p-1-int64(n))) {
		n++
	}
	return n
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isUpper(c byte) bool  { return c-'A' < 26 }
func isHex(c byte) bool    { return isDigit(c) || (c|0x20)-'a' < 6 }

func isSpace(c byte) bool { return c == ' ' || c-'\t' < 5 }

// isWord reports whether r is a word character: a letter, mark, number or '_'.
func isWord(r rune) bool { return r == '_' || isAlnum(r) }

func isAlnum(r rune) bool {
	if r < utf8.RuneSelf {
		return r > 0 && (isDigit(byte(r)) || isLetter(byte(r)))
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}
