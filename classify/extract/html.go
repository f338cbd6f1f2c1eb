package extract

import (
	"bytes"
	"unicode/utf8"
)

// htmlReader turns HTML into the text that a client shows, as it streams by:
// block elements begin lines, the cells of a table row stand on one line with
// TABs between, runs of white space are one space, inline tags leave no trace.
// What stands in the source and not on the screen (attribute values, comments,
// scripts, styles) goes to a second text, line by line, so nothing is lost and
// no word of the first is broken. Hidden text counts as text.
//
// It is no HTML5 tree builder: broken markup costs layout, never text.
type htmlReader struct {
	page  *page
	aside *textBuffer
	state htmlState

	entity     []byte                 // an entity being read, from its "&" on
	entityFrom htmlState              // where it stands
	name       []byte                 // of the tag or the declaration being read, lower case
	closing    bool                   // the tag is an end tag
	attr       []byte                 // name of the attribute, lower case
	quote      byte                   // around its value
	value      []byte                 // its beginning, while it may turn out to be noise
	noise      bool                   // the attribute is one of those that say nothing
	quoting    bool                   // the tag's attributes say that quoted text follows
	spanning   bool                   // the tag is of a cell over several columns
	quotesRest bool                   // to the end
	dashes     int                    // in a row, within a comment
	markers    map[string]int         // by the value of a class or id
	attrs      [maxFastAttrs]fastAttr // of the tag that fastTag reads
	tags       seenTags               // those that fastTag read
	last       *seenTag               // of them
	plain      bool                   // the tag at hand has nothing but noise
	plainValue []byte                 // a value without its references
	element    elementKind            // of the tag
	kind       attribute              // of the attribute
	clean      bool                   // there is no sign of a tag within the one at hand
	entities   *entityTable           // commonEntities, once there was one
	char       [utf8.UTFMax]byte      // what a reference stands for
	leaf       *leaf                  // takes the files in data: URIs; nil reads none
	uri        dataURI
	style      []byte          // the beginning of a style element
	styles     map[string]bool // by the value of a style attribute: it hides
	hidden     map[string]bool // classes that a style element hides
	hiding     bool            // the tag's attributes say that its content is not shown
	raw        string          // the end of a raw element being read: "/script"
	tail       []byte          // what was read of it
	href       []byte          // where the link leads whose tag is being read
	inHref     bool            // the value being read is that
	query      []byte          // the value being read, as far as it is kept for its percent signs
	field      []byte          // what the input field shows whose tag is being read
	unseen     bool            // it does not show it
	inField    bool            // the value being read is that
	frame      *htmlReader     // reads values that are documents of their own
	inFrame    bool            // the value being read is one
	frames     int             // documents around this one
	sheet      *sheetFiles     // looks for files in the style being read
}

type htmlState uint8

const (
	inText htmlState = iota
	inEntity
	afterOpen   // "<"
	inName      // of a tag
	beforeAttr  // white space in a tag
	inAttr      // name of an attribute
	afterAttr   // white space behind it
	beforeValue // "="
	inQuoted
	inBare
	inBang    // "<!"
	inDecl    // "<!DOCTYPE", "<?xml", "<![endif]": up to ">"
	inComment // up to "-->"
	inRaw     // script or style
	inRawEnd  // "<" within
)

// Bounds of what is held of a construct; what is longer streams through.
const (
	maxEntity    = 40
	maxTagName   = 24
	maxNoise     = 256
	maxNestTable = 64
)

func newHTML(out, aside *textStream) *htmlReader {
	h := &htmlReader{page: newPage(&quoteMarks{out: out}, out.part), aside: newTextBuffer(aside), last: &seenTag{}}
	h.page.shadow.out = h.aside
	return h
}

// findBlocks has the text that is shown looked through for encoded files.
func (h *htmlReader) findBlocks(rd *reading) {
	marks := h.page.out
	h.page.out = &markedBlocks{newBlockFinder(rd, marks), marks}
}

// markedBlocks is a blockFinder in a text with marks.
type markedBlocks struct {
	*blockFinder
	marks markedStage
}

func (m *markedBlocks) mark(quoted bool) { m.marks.mark(quoted) }

func (h *htmlReader) write(b []byte) {
	for len(b) > 0 {
		switch h.state {
		case inText:
			b = h.text(b)
		case inQuoted:
			b = h.quoted(b)
		case inComment:
			b = h.comment(b)
		case inRaw:
			i := bytes.IndexByte(b, '<')
			if i < 0 {
				h.rawText(b)
				return
			}
			h.rawText(b[:i])
			h.state, h.tail, b = inRawEnd, h.tail[:0], b[i+1:]
		default:
			if b = h.run(b); len(b) > 0 && h.step(b[0]) {
				b = b[1:]
			}
		}
	}
}

// tagStops are the bytes at which a name or a bare value may end.
var tagStops = func() (t [256]bool) {
	for _, c := range " \t\r\n\f/=<>&\"'" {
		t[c] = true
	}
	return t
}()

// run takes the bytes of a tag that only make a name or value longer, and the
// white space between attributes, as step would.
func (h *htmlReader) run(b []byte) []byte {
	i := 0
	switch h.state {
	case beforeAttr:
		for i < len(b) && isSpace(b[i]) {
			i++
		}
	case inName:
		for i < len(b) && isLetter(b[i]) && len(h.name) < maxTagName {
			h.name = append(h.name, b[i]|0x20)
			i++
		}
	case inAttr:
		for i < len(b) && !tagStops[b[i]] && len(h.attr) < maxNoise {
			h.attr = append(h.attr, lowerTable[b[i]])
			i++
		}
	case inBare:
		for i < len(b) && !tagStops[b[i]] {
			i++
		}
		left := b[:i]
		if h.noise {
			left = h.noiseValue(left)
		}
		if !h.noise {
			h.valueText(left)
		}
	case inDecl:
		if i = bytes.IndexByte(b, '>'); i < 0 {
			i = len(b)
		}
		h.aside.write(b[:i])
	}
	return b[i:]
}

// lowerTable turns ASCII letters to lower case.
var lowerTable = func() (t [256]byte) {
	for i := range t {
		if t[i] = byte(i); 'A' <= i && i <= 'Z' {
			t[i] |= 0x20
		}
	}
	return t
}()

// text takes text outside tags, up to the next markup.
func (h *htmlReader) text(b []byte) []byte {
	p := h.page
	for i := 0; i < len(b); {
		c := b[i]
		if textClass[c] == visibleText {
			i += p.run(b[i:])
			continue
		}
		n := 0
		switch c {
		case '<':
			if n = h.fastTag(b[i:]); n == 0 {
				h.state = afterOpen
				return b[i+1:]
			}
			if h.state != inText {
				return b[i+n:]
			}
		case '&':
			if n = h.fastEntity(b[i:]); n == 0 {
				h.beginEntity(inText)
				return b[i+1:]
			}
		default:
			n = p.whiteSpace(b[i:])
		}
		i += n
	}
	return nil
}

func (h *htmlReader) beginEntity(from htmlState) {
	h.entity, h.entityFrom, h.state = append(h.entity[:0], '&'), from, inEntity
}

// step takes one byte of markup and reports whether it was used up; if not, the
// state has changed and the byte is to be read again.
func (h *htmlReader) step(c byte) bool {
	switch h.state {
	case inEntity:
		return h.inEntity(c)
	case afterOpen:
		return h.open(c)
	case inName:
		return h.tagName(c)
	case beforeAttr, inAttr, afterAttr, beforeValue, inBare:
		return h.inTag(c)
	case inBang:
		return h.bang(c)
	case inDecl:
		if c == '>' {
			h.aside.newline()
			h.state = inText
		} else {
			h.aside.writeByte(c)
		}
	case inRawEnd:
		return h.rawEnd(c)
	}
	return true
}

func (h *htmlReader) inEntity(c byte) bool {
	switch {
	case c == ';':
		h.entity = append(h.entity, c)
		h.endEntity()
		return true
	case len(h.entity) < maxEntity && (isAlnum(c) || c == '#' && len(h.entity) == 1):
		h.entity = append(h.entity, c)
		return true
	}
	h.endEntity()
	return false
}

// endEntity decodes the entity that was read and goes back to where it stood.
func (h *htmlReader) endEntity() {
	h.state = h.entityFrom
	text := decodeEntity(h.entity)
	if h.state == inText {
		h.page.literal(text)
	} else {
		h.valueText(text)
	}
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// open takes the byte behind "<".
func (h *htmlReader) open(c byte) bool {
	h.name, h.closing, h.quoting, h.spanning, h.hiding, h.href, h.field, h.unseen = h.name[:0], false, false, false, false, h.href[:0], h.field[:0], false
	switch {
	case isLetter(c):
		h.state = inName
		return false
	case c == '/':
		h.closing, h.state = true, inName
	case c == '!':
		h.state = inBang
	case c == '?':
		h.state = inDecl
	default: // no markup: "a < b"
		h.page.literal([]byte("<"))
		h.state = inText
		return false
	}
	return true
}

func (h *htmlReader) tagName(c byte) bool {
	switch {
	case len(h.name) == 0 && h.closing && !isLetter(c): // "</ x>" is a comment
		h.state = inDecl
		return false
	case c == '>':
		h.element = elementOf(h.name)
		h.endTag()
	case c == '/' || isSpace(c):
		h.state = beforeAttr
	case c == '<':
		h.spill(h.name)
		h.state = afterOpen
	case len(h.name) < maxTagName:
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		h.name = append(h.name, c)
	default: // no tag has such a name; read what it says
		h.aside.write(h.name)
		h.aside.writeByte(c)
		h.state, h.name = inDecl, h.name[:0]
	}
	return true
}

// spill writes what turned out to be no markup to the second text.
func (h *htmlReader) spill(b []byte) {
	if len(b) > 0 {
		h.aside.write(b)
		h.aside.writeByte(' ')
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

// bang takes the bytes behind "<!" until they say what it is.
func (h *htmlReader) bang(c byte) bool {
	if c == '>' && len(h.name) < 2 {
		h.state = inText
		return true
	}
	h.name = append(h.name, c)
	const cdata = "[CDATA["
	switch name := string(h.name); {
	case name == "--":
		h.state, h.dashes, h.name = inComment, 2, h.name[:0]
	case name == cdata: // what follows is text
		h.state = inText
	case name == "-", len(name) < len(cdata) && name == cdata[:len(name)]:
	default:
		h.aside.newline()
		h.name = h.name[:len(h.name)-1]
		h.aside.write(h.name)
		h.state = inDecl
		return false
	}
	return true
}

// comment takes a comment. A conditional one, "<!--[if mso]>", is markup to some
// clients: its content is read as such.
func (h *htmlReader) comment(b []byte) []byte {
	for i := 0; i < len(b); i++ {
		if h.dashes == 0 && len(h.name) == 3 { // nothing but a hyphen matters
			j := bytes.IndexByte(b[i:], '-')
			if j < 0 {
				h.aside.write(b[i:])
				return nil
			}
			h.aside.write(b[i : i+j])
			i += j
		}
		c := b[i]
		switch {
		case c == '>' && h.dashes >= 2:
			h.aside.newline()
			h.state = inText
			return b[i+1:]
		case c == '-':
			h.dashes++
		case c != '!' || h.dashes < 2: // QUIRK: "--!>" ends it too
			h.dashes = 0
		}
		h.aside.writeByte(c)
		if len(h.name) < 3 {
			h.name = append(h.name, c)
			if string(h.name) == "[if" {
				h.state = inDecl
				return b[i+1:]
			}
		}
	}
	return nil
}

// rawEnd takes the bytes behind a "<" in a script or style.
func (h *htmlReader) rawEnd(c byte) bool {
	if n := len(h.tail); n < len(h.raw) && c|0x20 == h.raw[n]|0x20 {
		h.tail = append(h.tail, c)
		return true
	}
	if len(h.tail) == len(h.raw) && !isAlnum(c) {
		h.endStyle()
		h.endSheet()
		h.aside.newline()
		h.name, h.closing, h.state = append(h.name[:0], h.raw[1:]...), true, beforeAttr
		return false
	}
	h.aside.writeByte('<')
	h.aside.write(h.tail)
	h.state = inRaw
	return false
}

// finish ends the document, wherever it is cut off.
func (h *htmlReader) finish() {
	switch h.state {
	case inEntity:
		h.endEntity()
	case afterOpen:
		h.page.literal([]byte("<"))
	case inAttr, afterAttr, beforeValue:
		h.spill(h.attr)
	case inName:
		h.spill(h.name)
	case inQuoted, inBare:
		if h.noise {
			h.spill(h.value)
		}
	case inRawEnd:
		h.aside.write(h.tail)
	}
	h.endSheet()
	h.endFrame()
	h.endURI()
	h.aside.newline()
	h.page.shadow.end()
	h.page.endLink()
	h.state = inText
}

func (h *htmlReader) close() {
	h.finish()
	if h.frame != nil {
		h.frame.close()
	}
	h.page.close()
	h.aside.close()
}
