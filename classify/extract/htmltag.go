package extract

import (
	"bytes"
	"html"
)

// needsNoValue reports whether an attribute is one that stands without a value.
func needsNoValue(attr []byte) bool {
	switch string(attr) {
	case "nowrap", "disabled", "checked", "selected", "noshade", "hidden", "readonly", "":
		return true
	}
	return false
}

// inTag takes one byte of a tag behind its name, outside quoted values.
func (h *htmlReader) inTag(c byte) bool {
	if c == '>' {
		switch h.state {
		case inAttr, afterAttr, beforeValue:
			h.bareAttr()
		case inBare:
			h.endValue()
		}
		h.element = elementOf(h.name)
		h.endTag()
		return true
	}
	switch h.state {
	case beforeAttr, afterAttr:
		switch {
		case isSpace(c) || c == '/':
		case c == '=' && h.state == afterAttr:
			h.state = beforeValue
		default:
			if h.state == afterAttr {
				h.bareAttr()
			}
			h.attr, h.state = h.attr[:0], inAttr
			return h.attrName(c)
		}
	case inAttr:
		return h.attrName(c)
	case beforeValue:
		return h.beginValue(c)
	case inBare:
		if isSpace(c) {
			h.endValue()
		} else {
			h.valueByte(c)
		}
	}
	return true
}

func (h *htmlReader) attrName(c byte) bool {
	switch {
	case c == '<': // a tag that was never closed
		h.bareAttr()
		h.state = afterOpen
	case c == '=' && len(h.attr) > 0:
		h.state = beforeValue
	case isSpace(c):
		h.state = afterAttr
	case c == '/':
		h.bareAttr()
		h.state = beforeAttr
	default:
		if len(h.attr) == maxNoise { // no attribute has such a name; read what it says
			h.aside.write(h.attr)
			h.attr = h.attr[:0]
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		h.attr = append(h.attr, c)
	}
	return true
}

// bareAttr ends an attribute without a value. A word where none belongs may be
// text behind a "<" that is no markup.
func (h *htmlReader) bareAttr() {
	if !needsNoValue(h.attr) {
		h.spill(h.attr)
	} else if string(h.attr) == "hidden" {
		h.hiding = true
	}
	h.attr = h.attr[:0]
}

func (h *htmlReader) beginValue(c byte) bool {
	if isSpace(c) {
		return true
	}
	h.kind = attributeOf(h.attr)
	if h.noise, h.value = h.kind.noise(), h.value[:0]; !h.noise {
		h.beginAside()
	}
	if h.quote = c; c == '"' || c == '\'' {
		h.state = inQuoted
		return true
	}
	h.state = inBare
	return false
}

// beginAside begins a line for the value of an attribute that is no noise. A
// name with digits says something as well.
func (h *htmlReader) beginAside() {
	h.noise, h.inHref = false, h.kind == hrefAttr && string(h.name) == "a"
	h.uri.begin()
	h.query = h.query[:0]
	h.inField = h.kind == fieldAttr && string(h.name) == "input" && len(h.field) == 0 && !h.unseen
	h.openFrame()
	h.aside.newline()
	if hasDigit(h.attr) {
		h.aside.write(h.attr)
		h.aside.newline()
	}
}

func hasDigit(b []byte) bool {
	for _, c := range b {
		if '0' <= c && c <= '9' {
			return true
		}
	}
	return false
}

// quoted takes a quoted value, up to its end.
func (h *htmlReader) quoted(b []byte) []byte {
	i := bytes.IndexByte(b, h.quote)
	piece, rest := b, b[len(b):]
	if i >= 0 {
		piece, rest = b[:i], b[i+1:]
	}
	if h.noise {
		piece = h.noiseValue(piece)
	}
	if !h.noise { // or else all of it is held
		if left := h.quotedPiece(piece); h.state == inEntity {
			return b[len(piece)-len(left):]
		}
	}
	if i >= 0 {
		h.endValue()
	}
	return rest
}

// quotedPiece takes a piece of a value that is no noise, up to an entity, and
// returns what is left behind its "&".
func (h *htmlReader) quotedPiece(piece []byte) []byte {
	before, after, ok := bytes.Cut(piece, []byte{'&'})
	if !ok {
		h.valueText(piece)
		return nil
	}
	h.valueText(before)
	h.beginEntity(inQuoted)
	return after
}

func (h *htmlReader) valueByte(c byte) {
	switch {
	case h.noise && len(h.noiseValue([]byte{c})) == 0:
	case c == '&':
		h.beginEntity(inBare)
	default:
		h.valueText([]byte{c})
	}
}

// noiseValue holds the value of a noise attribute; one that is too long to be
// noise is read from its beginning. It returns what is yet to be read.
func (h *htmlReader) noiseValue(b []byte) []byte {
	n := min(maxNoise-len(h.value), len(b))
	h.value = append(h.value, b[:n]...)
	if n == len(b) {
		return nil
	}
	h.noise = false
	h.query = h.query[:0]
	h.aside.newline()
	h.aside.write(h.value)
	if h.kind == styleAttr {
		h.sheetText([]byte(html.UnescapeString(string(h.value))))
	}
	h.value = h.value[:0]
	return b[n:]
}

func (h *htmlReader) endValue() {
	if h.noise {
		h.noiseAttr(h.value)
	} else {
		h.endFrame()
		h.endSheet()
		h.endURI()
		h.aside.newline()
		h.endQuery()
	}
	h.attr, h.state, h.inHref, h.inField = h.attr[:0], beforeAttr, false, false
}

// noiseAttr takes a whole attribute that says nothing to a reader.
func (h *htmlReader) noiseAttr(value []byte) {
	switch h.kind {
	case classAttr, idAttr:
		h.quoteMarker(value)
		if len(h.hidden) > 0 && !h.hiding && h.kind == classAttr {
			h.hiding = h.hiddenClass(value)
		}
	case styleAttr:
		h.hiding = h.hiding || h.hidingStyle(value)
		if mayHoldFile(value) {
			h.sheetText([]byte(html.UnescapeString(string(value))))
			h.endSheet()
		}
	case spanAttr:
		h.spanning = true
	case typeAttr:
		if bytes.EqualFold(value, []byte("hidden")) {
			h.field, h.unseen = h.field[:0], true
		}
	}
	if h.clean {
		return
	}
	if bytes.IndexByte(value, '<') >= 0 || bytes.IndexByte(value, '>') >= 0 { // a quote sign forgotten: text was swallowed
		h.spill(value)
	}
}

// quoteMarkers are what the classes and ids have in common that clients give to
// the element which holds the mail that is answered or forwarded. QUIRK: Outlook
// puts the head of that mail into an element, and its text behind it.
var quoteMarkers = []struct {
	mark []byte
	rest bool // all that follows is quoted
}{
	{[]byte("_quote"), false}, // gmail_quote, protonmail_quote, tutanota_quote, yahoo_quoted
	{[]byte("mail_extra"), false},
	{[]byte("moz-cite-prefix"), false},
	{[]byte("divrplyfwdmsg"), true},
	{[]byte("outlookmessageheader"), true},
	{[]byte("olk_src_body_section"), false},
	{[]byte("moz-forward-container"), false},
	{[]byte("mail-quote"), false},
	{[]byte("isforwardcontent"), false},
	{[]byte("reference-message"), true}, // of Outlook's apps
	{[]byte("zwchr"), true},             // Zimbra's rule above the head
}

// maxSeenMarkers bounds how many values of class and id are remembered.
const maxSeenMarkers = 500

// quoteMarker looks for quoteMarkers in the value of a class or id. A page has
// few different ones, so what they were is remembered.
func (h *htmlReader) quoteMarker(value []byte) {
	mark, seen := h.markers[string(value)]
	if !seen {
		lower := appendLower(nil, value)
		for i, m := range quoteMarkers {
			if bytes.Contains(lower, m.mark) {
				mark = i + 1
			}
		}
		if h.markers == nil {
			h.markers = map[string]int{}
		}
		if len(h.markers) < maxSeenMarkers {
			h.markers[string(value)] = mark
		}
	}
	if mark > 0 {
		h.quoting, h.quotesRest = true, quoteMarkers[mark-1].rest
	}
}

// endTag ends a tag: the element shapes the page.
func (h *htmlReader) endTag() {
	h.state = inText
	switch h.element {
	case linkElement:
		h.linkTag()
	case fieldElement: // shows its value in its place, behind what says what it is
		if len(h.field) > 0 && !h.page.fresh && h.page.due != lineGap {
			h.page.space(' ')
			h.page.literal(h.field)
			h.page.space(' ')
		}
	case scriptElement:
		h.beginRaw("/script")
		return
	case styleElement:
		h.beginRaw("/style")
		return
	}
	if h.quoting && !h.closing && h.quotesRest {
		h.page.quoteRest()
		h.quoting = false
	}
	if h.hiding || h.page.shadow.hiding() {
		h.page.hide(h.name, h.closing, h.hiding)
	}
	h.page.element(h.element, h.name, h.closing, h.quoting)
	if h.spanning {
		h.page.span()
	}
}

// beginRaw begins an element whose content is no markup, up to its end.
func (h *htmlReader) beginRaw(end string) {
	if !h.closing {
		h.raw, h.state = end, inRaw
		h.aside.newline()
	}
}
