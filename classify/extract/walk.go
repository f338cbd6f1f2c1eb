package extract

import "bytes"

// Bounds of boundary lines. RFC 2046 section 5.1.1 allows 70 characters.
const (
	maxBoundary   = 2000
	maxBoundaries = 8 // of one multipart that declares several
)

// walker splits one mail, or one decoded container, into its headers and bodies,
// in one pass. Multiparts and attached mails that are open are levels of a
// stack; what stands in no header goes to the stage in.
type walker struct {
	r      *Reader
	depth  int // of what this walker reads
	levels []*level
	head   *header // being read, else nil
	in     stage   // takes the body bytes; nil only in a header
	line   []byte  // the header line being read
	long   bool    // it is longer than a header block may be

	eol   []byte // a line end held back: it belongs to the boundary that may follow
	begun bool   // at the beginning of a line, of which cand was read
	cand  []byte
	junk  *lazyText // takes the rest of a boundary line
	pos   int64     // bytes taken
	end   int64     // of what a boundary ends
}

// level is an open multipart or attached mail.
type level struct {
	part       *Part
	listed     bool // told as a Part even if nothing is wrong with it
	entity     *entity
	message    bool // an attached mail: it has no boundaries and ends with what it is in
	boundaries [][]byte
	guess      bool // the boundary is unknown: the first line that looks like one is
	closed     bool
	children   int
	start      int64
}

func newWalker(r *Reader, depth int) *walker {
	return &walker{r: r, depth: depth, begun: true}
}

// level depth of what would be opened now.
func (w *walker) nesting() int { return w.depth + len(w.levels) }

func (w *walker) write(b []byte) {
	for len(b) > 0 && !w.r.halted() {
		switch {
		case w.junk != nil:
			b = w.skipJunk(b)
		case w.head != nil:
			b = w.header(b)
		default:
			b = w.body(b)
		}
	}
}

// header takes one line, or what there is of it, of a header block.
func (w *walker) header(b []byte) []byte {
	piece, rest, ended := bytes.Cut(b, crlf[1:])
	if room := int(w.r.limits.HeaderBytes) + maxBoundary - len(w.line); len(piece) > room {
		w.long = true
		w.head.overflow(append(w.line, piece[:room]...))
		w.line = w.line[:0]
		w.pos += int64(room)
		return b[room:]
	}
	w.pos += int64(len(b) - len(rest))
	w.line = append(w.line, piece...)
	if !ended {
		return nil
	}
	w.end = w.pos - int64(len(w.line)) - 1
	line := bytes.TrimSuffix(w.line, crlf[:1])
	w.head.eol = crlf[1-(len(w.line)-len(line)):]
	w.line = w.line[:0]
	if w.long {
		w.long = false
		w.head.junk(line)
		return rest
	}
	w.headerLine(line)
	return rest
}

func (w *walker) headerLine(line []byte) {
	if len(line) > 2 && line[0] == '-' && line[1] == '-' {
		if l, n := w.match(line); l != nil {
			line = append([]byte(nil), line...)
			if w.head.lines > 0 {
				w.r.anomalies.add(noBlankLine)
			}
			w.delimiter(l, line[n:])
			w.boundaryJunk(l, line[n:])
			w.endJunk()
			return
		}
	}
	switch w.head.line(line) {
	case headerEnds:
		w.endHeader()
		w.begun, w.eol = true, w.eol[:0]
	case bodyInPending:
		w.endHeader()
	}
}

// endHeader ends the header block being read and opens the body below it. Bad
// lines that were held turn out to be the body's first ones.
func (w *walker) endHeader() {
	h := w.head
	w.head = nil
	h.flush()
	pending := h.pending
	h.pending = nil
	w.open(h)
	w.begun, w.eol = true, w.eol[:0]
	if len(pending) > 0 {
		pos := w.pos
		w.write(pending)
		w.pos = pos
	}
}

// body takes bytes that stand in no header block.
func (w *walker) body(b []byte) []byte {
	if !w.watched() {
		w.release(true)
		w.pos += int64(len(b))
		w.in.write(b)
		return nil
	}
	if w.begun {
		return w.candidate(b)
	}
	if len(w.eol) > 0 { // a CR
		if b[0] == '\n' {
			w.eol, w.begun = append(w.eol, '\n'), true
			w.pos++
			return b[1:]
		}
		w.release(false)
	}
	i := dashLine(b)
	if i < 0 {
		w.pos += int64(len(b))
		if n := len(b) - 1; b[n] == '\r' {
			w.eol, b = append(w.eol, '\r'), b[:n]
		}
		w.in.write(b)
		return nil
	}
	w.pos += int64(i + 1)
	text := b[:i]
	if i > 0 && b[i-1] == '\r' {
		text, w.eol = b[:i-1], append(w.eol, '\r')
	}
	w.in.write(text)
	w.eol, w.begun = append(w.eol, '\n'), true
	return b[i+1:]
}

// watched reports whether there is a boundary that could end what is being read.
func (w *walker) watched() bool {
	for _, l := range w.levels {
		if len(l.boundaries) > 0 || l.guess {
			return true
		}
	}
	return false
}

// dashLine finds the first line end in b that two hyphens follow, or may follow
// in what is yet to come. Looking for hyphens is the fastest way: base64 has none.
func dashLine(b []byte) int {
	for k := 0; ; {
		j := bytes.IndexByte(b[k:], '-')
		if j < 0 {
			break
		}
		j += k
		if j > 0 && b[j-1] == '\n' && (j+1 == len(b) || b[j+1] == '-') {
			return j - 1
		}
		k = j + 1
		for k < len(b) && b[k] == '-' {
			k++
		}
	}
	if len(b) > 0 && b[len(b)-1] == '\n' {
		return len(b) - 1
	}
	return -1
}

// candidate takes the beginning of a line, which may be a boundary.
func (w *walker) candidate(b []byte) []byte {
	if len(w.cand) == 0 && b[0] != '-' || len(w.cand) == 1 && b[0] != '-' {
		w.release(false)
		return b
	}
	limit := w.candidateLimit()
	piece, rest, ended := b, b[len(b):], false
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		piece, rest, ended = b[:i], b[i:], true
	}
	if room := limit - len(w.cand); len(piece) > room {
		piece, rest, ended = b[:room], b[room:], true
	}
	w.pos += int64(len(piece))
	w.cand = append(w.cand, piece...)
	if !ended {
		return rest
	}
	l, n := w.match(w.cand)
	if l == nil {
		w.release(false)
		return rest
	}
	w.boundary(l, n)
	return rest
}

// boundary takes the candidate as the boundary of l, of which n bytes are known.
func (w *walker) boundary(l *level, n int) {
	tail := append([]byte(nil), w.cand[n:]...)
	w.end = w.pos - int64(len(w.cand)+len(w.eol))
	w.cand, w.eol = w.cand[:0], w.eol[:0]
	w.delimiter(l, tail)
	w.boundaryJunk(l, tail)
}

// candidateLimit is how much of a line decides whether it is a boundary, and
// whether it closes.
func (w *walker) candidateLimit() int {
	longest := 0
	for _, l := range w.levels {
		for _, b := range l.boundaries {
			longest = max(longest, len(b))
		}
		if w.guesses(l) {
			longest = maxBoundary
		}
	}
	return 2 + longest + 2
}

// release gives back what was held as a possible boundary: it is text. With all
// it also gives back a CR at its end.
func (w *walker) release(all bool) {
	if len(w.eol) > 0 {
		w.in.write(w.eol)
		w.eol = w.eol[:0]
	}
	w.begun = false
	if n := len(w.cand); n > 0 {
		if !all && w.cand[n-1] == '\r' {
			w.eol, n = append(w.eol, '\r'), n-1
		}
		w.in.write(w.cand[:n])
		w.cand = w.cand[:0]
	}
}

// match finds the level that a line beginning with two hyphens belongs to, and
// how long hyphens and boundary are. As RFC 2046 section 5.1.1 has it, the line
// only needs to begin with the boundary; the longest wins, then the innermost.
// A closed multipart takes its boundary only if nobody else does.
func (w *walker) match(line []byte) (found *level, n int) {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return nil, 0
	}
	for i := len(w.levels) - 1; i >= 0; i-- {
		l := w.levels[i]
		for _, b := range l.boundaries {
			if len(b)+2 <= len(line) && bytes.Equal(line[2:2+len(b)], b) {
				better := found == nil || len(b)+2 > n || len(b)+2 == n && found.closed && !l.closed
				if better {
					found, n = l, len(b)+2
				}
			}
		}
	}
	if found != nil {
		return found, n
	}
	for i := len(w.levels) - 1; i >= 0; i-- {
		if l := w.levels[i]; w.guesses(l) {
			b := bytes.TrimRight(line[2:], " \t\r")
			if len(b) == 0 || len(b) >= maxBoundary || bytes.IndexByte(b, ' ') >= 0 || len(bytes.Trim(b, "-=_*")) == 0 {
				return nil, 0 // a signature's dashes, a rule, a sentence
			}
			if !l.guess {
				w.r.anomalies.add(wrongBoundary)
			}
			l.guess = false
			l.boundaries = append(l.boundaries, append([]byte(nil), b...))
			return l, len(b) + 2
		}
	}
	return nil, 0
}

// guesses reports whether a line that looks like a boundary is taken for one of
// l: its boundary is unknown, or it declares one that is yet to be seen. A mail
// reader that finds no part looks for parts in the same way.
func (w *walker) guesses(l *level) bool {
	innermost := w.levels[len(w.levels)-1] == l
	return l.guess || innermost && len(l.boundaries) > 0 && l.children == 0 && !l.closed && w.head == nil
}

// delimiter ends what is open inside l; rest is what follows the boundary.
func (w *walker) delimiter(l *level, rest []byte) {
	w.endBody()
	for w.levels[len(w.levels)-1] != l {
		w.pop()
	}
	if bytes.HasPrefix(rest, []byte("--")) {
		l.closed = true
		w.in = l.stray(w.r)
		return
	}
	if l.closed {
		w.r.anomalies.add(partAfterEnd)
		l.closed = false
	}
	if w.r.parts >= w.r.limits.Parts {
		// The rest of the multipart is read as text, and said to be unread.
		l.part.Problem = TooMany
		l.boundaries = nil
		w.in = l.stray(w.r)
		return
	}
	l.children++
	w.head = newPartHeader(w.r, l)
}

// boundaryJunk takes what stands behind a boundary in its line: text of the
// multipart, if it is anything.
func (w *walker) boundaryJunk(l *level, rest []byte) {
	w.junk = l.stray(w.r)
	w.junk.write(bytes.TrimPrefix(rest, []byte("--")))
}

// skipJunk passes over the rest of a boundary line.
func (w *walker) skipJunk(b []byte) []byte {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		w.pos += int64(len(b))
		w.junk.write(b)
		return nil
	}
	w.pos += int64(i + 1)
	w.junk.write(b[:i])
	w.endJunk()
	return b[i+1:]
}

func (w *walker) endJunk() {
	if w.junk.active {
		w.r.anomalies.add(boundaryJunk)
	}
	w.junk.close()
	w.junk = nil
	w.begun, w.eol = true, w.eol[:0]
}

// stray takes text of a multipart that stands in none of its parts.
func (l *level) stray(r *Reader) *lazyText {
	t := newLazyText(r, l.part, l.part.Where)
	t.used = &l.listed
	return t
}

// endBody ends the header or body being read inside the innermost level.
func (w *walker) endBody() {
	for w.head != nil { // the body may be a mail, whose header has yet to begin
		w.endHeader()
	}
	if w.in != nil {
		w.in.close()
		w.in = nil
	}
}

// pop ends the innermost level.
func (w *walker) pop() {
	l := w.levels[len(w.levels)-1]
	w.levels = w.levels[:len(w.levels)-1]
	l.end(w)
}

func (l *level) end(w *walker) {
	if !l.message {
		switch {
		case l.children == 0:
			w.r.anomalies.add(noParts)
			if l.listed && l.part.Problem == "" {
				l.part.Problem = Malformed // there is something, and nobody knows what
			}
		case !l.closed:
			w.r.anomalies.add(noClosingBoundary)
		}
	}
	if p := w.r.problem; p != "" && l.part.Problem == "" {
		l.part.Problem = p
	}
	l.part.Bytes = max(w.end-l.start, 0)
	if l.listed || l.part.Problem != "" {
		w.r.tellPart(l.part)
	}
}

// close ends the input, and with it whatever is open.
func (w *walker) close() {
	for w.head != nil && w.junk == nil {
		if line := w.line; len(line) > 0 && !w.r.halted() {
			w.line, w.end, w.head.eol = nil, w.pos, nil
			w.headerLine(bytes.TrimSuffix(line, crlf[:1]))
		} else {
			w.endHeader()
		}
	}
	if w.head == nil && len(w.cand) > 0 && !w.r.halted() {
		// The last line may be a boundary without a line end.
		if l, n := w.match(w.cand); l != nil {
			w.boundary(l, n)
		}
	}
	if w.junk != nil {
		w.endJunk()
	}
	w.end = w.pos
	if w.in != nil {
		w.release(true)
	}
	w.endBody()
	for len(w.levels) > 0 {
		w.pop()
	}
}
