package extract

import (
	"bytes"
	"strconv"
	"strings"
)

// newPartHeader begins the header of the next part of a multipart.
func newPartHeader(r *Reader, l *level) *header {
	e := &entity{path: strconv.Itoa(l.children), attached: l.entity.attached}
	if prefix := l.entity.prefix(); prefix != "" {
		e.path = prefix + "." + e.path
	}
	e.defaultType = "text/plain"
	switch mediaType(l.entity) {
	case "multipart/digest":
		e.defaultType = "message/rfc822"
	case "multipart/encrypted":
		e.inEncrypted = true
	}
	r.parts++
	return &header{r: r, entity: e, level: l}
}

// mediaType is the type that an entity is read as: of several declared ones a
// multipart, else the first.
func mediaType(e *entity) string {
	for _, t := range e.types {
		if strings.HasPrefix(t.token, "multipart/") {
			return t.token
		}
	}
	if media := declared(e); media != "" {
		return media
	}
	return e.defaultType
}

// declared is the type that an entity claims; empty if it claims none.
func declared(e *entity) string {
	if len(e.types) == 0 {
		return ""
	}
	return e.types[0].token
}

func isMessage(media string) bool {
	return media == "message/rfc822" || media == "message/global" || media == "message/news"
}

// encodingsOf lists the distinct transfer encodings that an entity declares, as
// names that newDecoder knows, and whether one of them is unknown.
func (r *Reader) encodingsOf(e *entity) (names []string, unknown bool) {
	for _, value := range e.encodings {
		name, clean, known := encodingName(value)
		if !clean {
			r.anomalies.add(unknownEncoding)
		}
		unknown = unknown || !known
		names = appendNew(names, name)
	}
	if len(names) == 0 {
		names = []string{""}
	}
	return names, unknown
}

// open begins the body below a header: it pushes a level, or sets the stage that
// takes the body.
func (w *walker) open(h *header) {
	e := h.entity
	media := mediaType(e)
	if media != "" && !strings.Contains(media, "/") || len(e.types) > 0 && declared(e) == "" {
		w.r.anomalies.add(badContentType)
	}
	switch media {
	case "message/partial":
		w.r.anomalies.add(partialMessage)
	case "message/external-body":
		w.r.anomalies.add(externalBody)
	}
	multi := strings.HasPrefix(media, "multipart/")
	path := e.leafPath()
	if multi {
		path = e.containerPath()
	}
	p := w.newPart(e, path)
	deep := (multi || isMessage(media)) && w.nesting() >= w.r.limits.Depth
	tell := func() { w.tellNames(e, p) }
	if h.part != nil {
		h.end()
	} else {
		tell = func() { h.tellKept(p); w.tellNames(e, p) }
	}
	if !deep && (multi || isMessage(media)) {
		tell()
		w.openContainer(e, p, multi)
		return
	}
	if deep {
		p.Problem = TooDeep
	}
	l := newLeaf(w, e, p)
	l.tell = tell // the path is known when the type is
	w.in = l
}

// newPart makes the Part of an entity.
func (w *walker) newPart(e *entity, path string) *Part {
	p := &Part{Path: path, Declared: declared(e), Where: Body}
	if len(e.names) > 0 {
		p.Name = e.names[0]
	}
	if e.attached || p.Name != "" || e.disposition != "" && e.disposition != "inline" {
		p.Where = Attachment
	}
	if e.tooBig && !e.root {
		p.Problem = TooBig
	}
	if e.root {
		w.r.parts++
	}
	return p
}

// tellNames gives a part's file names as texts of the part.
func (w *walker) tellNames(e *entity, p *Part) {
	for _, name := range e.names {
		s := newTextStream(w.r, p, Attachment)
		s.write([]byte(name))
		s.close()
	}
}

// openContainer begins a multipart or an attached mail. One that declares to be
// encoded, which RFC 2045 section 6.4 forbids, is looked at first.
func (w *walker) openContainer(e *entity, p *Part, multi bool) {
	names, _ := w.r.encodingsOf(e)
	for _, name := range names {
		if name != "" {
			w.in = &encodedBox{w: w, e: e, p: p, multi: multi, encoding: name}
			return
		}
	}
	w.push(e, p, multi)
}

// push opens the level of a container whose bytes stand in the clear.
func (w *walker) push(e *entity, p *Part, multi bool) {
	l := &level{part: p, entity: e, start: w.pos, listed: !e.root || len(e.names) > 0}
	w.levels = append(w.levels, l)
	p.Detected = mediaType(e)
	if !multi {
		l.message, l.listed = true, true
		l.entity = &entity{message: p.Path, root: true, attached: true}
		w.head = newMailHeader(w.r, p.Path, true)
		return
	}
	for _, t := range e.types {
		for _, b := range t.all("boundary") {
			l.addBoundary(b)
			// QUIRK: some clients end an unquoted value at white space.
			if i := strings.IndexAny(b, " \t"); i > 0 {
				l.addBoundary(b[:i])
			}
		}
	}
	switch {
	case len(l.boundaries) == 0:
		w.r.anomalies.add(missingBoundary)
		l.guess = true
	case len(declaredBoundaries(e)) > 1:
		w.r.anomalies.add(duplicateBoundary)
	}
	w.in = l.stray(w.r)
}

func declaredBoundaries(e *entity) (all []string) {
	for _, t := range e.types {
		for _, b := range t.all("boundary") {
			all = appendNew(all, b)
		}
	}
	return all
}

func (l *level) addBoundary(b string) {
	b = strings.TrimRight(b, " \t\r\n")
	if b == "" || len(b) > maxBoundary || len(l.boundaries) >= maxBoundaries {
		return
	}
	for _, have := range l.boundaries {
		if string(have) == b {
			return
		}
	}
	l.boundaries = append(l.boundaries, []byte(b))
}

// encodedBox is a multipart or attached mail with a transfer encoding: its first
// bytes tell whether it is really encoded.
type encodedBox struct {
	w        *walker
	e        *entity
	p        *Part
	multi    bool
	encoding string
	head     []byte
	next     stage
}

func (x *encodedBox) write(b []byte) {
	if x.next == nil {
		n := min(len(b), sniffBytes-len(x.head))
		x.head = append(x.head, b[:n]...)
		if b = b[n:]; len(x.head) == sniffBytes {
			x.decide()
		}
	}
	if len(b) > 0 {
		x.next.write(b)
	}
}

// decide opens a walker of its own for the container, below a decoder if its
// bytes do not look like a container yet.
func (x *encodedBox) decide() {
	r := x.w.r
	r.anomalies.add(encodedContainer)
	inner := newWalker(r, x.w.nesting()+1)
	inner.push(x.e, x.p, x.multi)
	x.next = inner
	switch {
	case !x.plain():
		meter := &meter{r: r, next: inner}
		x.next = newDecoder(r, x.encoding, meter, inner.levels[0].stray(r))
	case x.multi && x.encoding == "quoted-printable": // some decode it all the same
		x.next = fork{&quotedLines{next: inner.levels[0].stray(r)}, inner}
	}
	x.next.write(x.head)
	x.head = nil
}

func (x *encodedBox) plain() bool {
	if x.multi {
		for _, b := range declaredBoundaries(x.e) {
			if bytes.Contains(x.head, []byte("--"+b)) {
				return true
			}
		}
		return x.encoding == "base64" && !couldBeBase64(x.head)
	}
	if x.encoding == "quoted-printable" {
		return false // fields read the same, and the body is for its own header to say
	}
	return mailFields(x.head) > 0
}

func (x *encodedBox) close() {
	if x.next == nil {
		x.decide()
	}
	x.next.close()
}

// meter counts decoded bytes against the limit of the mail.
type meter struct {
	r    *Reader
	next stage
}

func (m *meter) write(b []byte) {
	m.next.write(m.r.allow(b))
	m.r.haltIfFull()
}

func (m *meter) close() { m.next.close() }

// newDecoder returns the stage that undoes a transfer encoding; stray takes what
// is read as text beside it.
func newDecoder(r *Reader, encoding string, next stage, stray *lazyText) stage {
	switch encoding {
	case "base64":
		return newBase64(r, next, stray)
	case "quoted-printable":
		return newQuoted(r, next)
	}
	return next
}
