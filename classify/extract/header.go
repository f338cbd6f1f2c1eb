package extract

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a header block beside Limits.HeaderBytes.
const (
	maxFieldStreams = 1000     // fields with a stream of their own; the rest share one
	maxBadLines     = 4 << 10  // bytes of bad lines held to see whether the header goes on
	maxStructured   = 64 << 10 // bytes of a Content-* field that are interpreted
)

// header is one header block being read: of a mail ("0", "2.0"), whose fields
// are told at once, or of a MIME part, whose fields wait until the block ends
// and the part is known.
type header struct {
	r      *Reader
	part   *Part // nil in the header of a MIME part
	entity *entity
	level  *level  // that a MIME part stands in
	kept   []field // of a MIME part
	spill  *lazyText
	shared *lazyText
	stream textStream // of the field that is told
	told   int
	size   int64
	full   bool // past Limits.HeaderBytes

	// Reading raw lines:
	current []byte // the field being read, unfolded
	pending []byte // bad lines, perhaps the body
	lines   int
	blank   bool   // the block began with a blank line
	eol     []byte // the end of the line at hand, as it stands
}

// field is a field kept; text is what of its value is scanned.
type field struct{ name, value, text string }

// entity is what a header says about the body below it.
type entity struct {
	message     string // path of the mail that this is the body of; "" with root set is the mail itself
	root        bool   // the body of a mail, not a part of a multipart
	path        string // as a part of a multipart
	attached    bool   // under message/rfc822
	inEncrypted bool   // under multipart/encrypted
	defaultType string
	types       []*fieldValue
	encodings   []string
	disposition string
	names       []string // file names, the one that counts first
	tooBig      bool     // its header was
}

// leafPath is the path of the entity if it is no multipart.
func (e *entity) leafPath() string {
	switch {
	case !e.root:
		return e.path
	case e.message == "":
		return "1"
	}
	return e.message + ".1"
}

// containerPath is the path of the entity if it is a multipart. IMAP gives the
// body of a mail no number: it calls it TEXT.
func (e *entity) containerPath() string {
	switch {
	case !e.root:
		return e.path
	case e.message == "":
		return "TEXT"
	}
	return e.message + ".TEXT"
}

// prefix is what the paths of its parts begin with.
func (e *entity) prefix() string {
	if e.root {
		return e.message
	}
	return e.path
}

// newMailHeader begins the header of the mail at path ("" for the mail read).
func newMailHeader(r *Reader, path string, attached bool) *header {
	p := &Part{Path: "0", Detected: "text/rfc822-headers", Where: Header}
	if path != "" {
		p.Path = path + ".0"
	}
	if attached {
		p.Where = Attachment
	}
	r.parts++
	return &header{r: r, part: p, entity: &entity{message: path, root: true, attached: attached, defaultType: "text/plain"}}
}

// field takes one field, unfolded.
func (h *header) field(name, value string) {
	h.size += int64(len(name) + len(value) + 2)
	if h.size > h.r.limits.HeaderBytes {
		h.full = true
		h.entity.tooBig = true
	}
	hidden := h.content(name, value)
	if h.full {
		return
	}
	if h.part == nil {
		h.kept = append(h.kept, field{name, value, hide(value, hidden)})
		return
	}
	h.tell(h.part, name, value, hide(value, hidden))
}

// hide takes out of a field's text what is read elsewhere (file names), or by
// nobody (boundaries).
func hide(value string, hidden []string) string {
	for _, s := range hidden[:min(len(hidden), maxNames)] {
		if len(s) > 2 {
			value = strings.ReplaceAll(value, s, "")
		}
	}
	return value
}

// content interprets the fields that speak about the body, and returns what of
// their value need not be scanned as text of the field.
func (h *header) content(name, value string) (hidden []string) {
	if len(name) < 12 || !strings.EqualFold(name[:8], "content-") {
		return nil
	}
	value = value[:min(len(value), maxStructured)]
	e := h.entity
	switch strings.ToLower(name) {
	case "content-type":
		v := parseValue(value)
		if len(e.types) > 0 && !sameType(e.types[0], v) {
			h.r.anomalies.add(duplicateContentType)
		}
		if len(e.types) < 4 {
			e.types = append(e.types, v)
		}
		names := v.all("name")
		h.addNames(names, false)
		return append(v.all("boundary"), names...)
	case "content-transfer-encoding":
		if len(e.encodings) > 0 && !strings.EqualFold(e.encodings[0], strings.TrimSpace(value)) {
			h.r.anomalies.add(duplicateTransferEncoding)
		}
		if len(e.encodings) < 4 {
			e.encodings = append(e.encodings, strings.TrimSpace(value))
		}
	case "content-disposition":
		v := parseValue(value)
		if e.disposition == "" || e.disposition == "inline" {
			e.disposition = v.token
		}
		names := v.all("filename")
		h.addNames(names, true)
		return names
	}
	return nil
}

func sameType(a, b *fieldValue) bool {
	return a.token == b.token && a.get("boundary") == b.get("boundary") && a.get("charset") == b.get("charset")
}

// maxNames bounds the file names of one part.
const maxNames = 20

// addNames adds file names; that of the disposition goes before that of the type.
func (h *header) addNames(names []string, first bool) {
	e := h.entity
	all := e.names
	if first {
		all = append(names, e.names...)
		names = nil
	}
	e.names = nil
	for _, n := range append(all, names...) {
		if len(e.names) < maxNames {
			e.names = appendNew(e.names, n)
		}
	}
	if len(e.names) > 1 {
		h.r.anomalies.add(duplicateFileName)
	}
}

// untold are the fields whose text is not scanned: they hold no words of the
// sender, but numbers by the dozen.
var untold = []string{"received", "authentication-results", "message-id", "references", "in-reply-to", "date"}

func isUntold(name string) bool {
	return slices.ContainsFunc(untold, func(n string) bool { return strings.EqualFold(n, name) }) || hasPrefixFold(name, "dkim-") || hasPrefixFold(name, "arc-")
}

// tell hands a field to the Sink: the field itself, and its text as a stream.
func (h *header) tell(p *Part, name, value, text string) {
	decoded, ok := decodeWords(value)
	if !ok {
		h.r.anomalies.add(badEncodedWord)
	}
	p.Bytes += int64(len(name) + len(value) + 2)
	h.r.sink.Field(p.Path, name, decoded)
	if isUntold(name) {
		return
	}
	if text != value {
		decoded, _ = decodeWords(text)
	}
	where := Header
	line := h.r.line[:0]
	if h.part != nil && strings.EqualFold(name, "subject") {
		where = Subject
	} else {
		if utf8.ValidString(name) {
			line = append(line, name...)
		} else {
			line = append(line, hybridString([]byte(name))...)
		}
		line = append(line, ": "...)
	}
	if h.entity.attached {
		where = Attachment
	}
	h.r.line = append(line, decoded...)
	h.text(p, where, h.r.line)
}

// text opens a stream for one field's text; a header of very many fields has
// the later ones in one stream, a line each.
func (h *header) text(p *Part, where Where, text []byte) {
	if h.told++; h.told > maxFieldStreams {
		s := h.stray(p)
		s.write(text)
		s.write(crlf[1:])
		return
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	h.stream = textStream{r: h.r, part: p, where: where}
	h.stream.write(text)
	h.stream.close()
}

// stray takes what stands in a header block and is no field.
func (h *header) stray(p *Part) *lazyText {
	if h.shared == nil || h.shared.part != p {
		h.shared = newLazyText(h.r, p, whereOfHeader(h.entity.attached))
	}
	return h.shared
}

func whereOfHeader(attached bool) Where {
	if attached {
		return Attachment
	}
	return Header
}

// tellKept tells the fields of a MIME part's header, once the part is known.
func (h *header) tellKept(p *Part) {
	for _, f := range h.kept {
		if f.name == "" {
			h.stray(p).write([]byte(f.value))
			h.stray(p).write(crlf[1:])
			continue
		}
		h.tell(p, f.name, f.value, f.text)
	}
	h.kept = nil
	h.end()
}

// end closes the block; a mail's header is told as a Part.
func (h *header) end() {
	for _, s := range []*lazyText{h.shared, h.spill} {
		if s != nil {
			s.close()
		}
	}
	h.shared, h.spill = nil, nil
	if h.part != nil {
		if h.full {
			h.part.Problem = TooBig
		}
		h.r.tellPart(h.part)
		h.part = nil
	}
}

// lineResult is what a raw line meant for the header block.
type lineResult uint8

const (
	headerGoesOn  lineResult = iota
	headerEnds               // with this line, which is blank
	bodyInPending            // the lines in pending were the body already
)

// line takes one raw line without its line end.
func (h *header) line(line []byte) lineResult {
	h.lines++
	if h.full && len(line) > 0 {
		h.junk(line)
		return headerGoesOn
	}
	if len(h.pending) > 0 {
		return h.afterBad(line)
	}
	if h.blank {
		// QUIRK: some clients skip a blank line before the header of a mail.
		if h.blank = false; !opensMail(line) {
			h.pending = append(append(h.pending, line...), h.eol...)
			return bodyInPending
		}
	}
	switch {
	case len(line) == 0 && h.lines == 1 && h.part != nil:
		h.blank = true
		return headerGoesOn
	case len(line) == 0:
		h.flush()
		return headerEnds
	case line[0] == ' ' || line[0] == '\t':
		if len(h.current) > 0 {
			h.grow(line)
			return headerGoesOn
		}
	default:
		if _, ok := fieldName(line); ok {
			h.flush()
			h.grow(line)
			return headerGoesOn
		}
		if h.lines == 1 && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))) {
			return headerGoesOn // the separator of an mbox file
		}
	}
	h.r.anomalies.add(badHeaderLine)
	h.flush()
	return h.hold(line)
}

// opensMail reports whether a line is a field that the header of a mail has.
func opensMail(line []byte) bool {
	name, ok := fieldName(line)
	return ok && slices.ContainsFunc(mailNames, func(n string) bool { return isNamed(name, n) })
}

// afterBad takes a line behind a bad one: it decides whether the bad ones were
// junk within the header, or the beginning of a body that no blank line leads in.
func (h *header) afterBad(line []byte) lineResult {
	if name, ok := fieldName(line); ok && (hasPrefixFold(string(name), "content-") || hasPrefixFold(string(name), "mime-version")) {
		h.junk(h.pending)
		h.pending = h.pending[:0]
		h.grow(line)
		return headerGoesOn
	}
	return h.hold(line)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// hold keeps a line that may be of the body.
func (h *header) hold(line []byte) lineResult {
	h.pending = append(append(h.pending, line...), h.eol...)
	if len(line) == 0 || len(h.pending) > maxBadLines {
		h.r.anomalies.add(noBlankLine)
		return bodyInPending
	}
	return headerGoesOn
}

// overflow takes a piece of a line that is too long to be held.
func (h *header) overflow(b []byte) {
	h.flush()
	h.full, h.entity.tooBig = true, true
	h.junk(b)
}

// grow adds to the field being read, within the limit of the block.
func (h *header) grow(line []byte) {
	if h.size+int64(len(h.current)+len(line)) > h.r.limits.HeaderBytes {
		h.full, h.entity.tooBig = true, true
		h.junk(line)
		return
	}
	h.current = append(h.current, line...)
}

// junk takes text of the block that belongs to no field.
func (h *header) junk(b []byte) {
	if h.part != nil {
		s := h.stray(h.part)
		s.write(b)
		s.write(crlf[1:])
		return
	}
	if !h.full {
		h.size += int64(len(b))
		h.kept = append(h.kept, field{value: string(b)})
		return
	}
	// The part is not known yet and no more can be kept: the text is that of
	// the multipart.
	if h.spill == nil {
		h.spill = h.level.stray(h.r)
	}
	h.spill.write(b)
	h.spill.write(crlf[1:])
}

// flush ends the field being read.
func (h *header) flush() {
	if len(h.current) == 0 {
		return
	}
	line := string(h.current)
	name, _ := fieldName(h.current)
	h.field(line[:len(name)], unfold(line[strings.IndexByte(line, ':')+1:]))
	h.current = h.current[:0]
}
