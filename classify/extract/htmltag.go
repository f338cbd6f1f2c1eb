package extract

import "bytes"

// isNoise reports whether an attribute is one whose short values no reader sees
// and no writer hides words in. A value longer than maxNoise is read all the same.
func isNoise(attr []byte) bool {
	switch string(attr) {
	case "style", "class", "id", "width", "height", "align", "valign", "bgcolor", "border", "cellpadding", "cellspacing", "color", "face",
		"size", "lang", "dir", "rel", "target", "type", "role", "colspan", "rowspan", "charset", "xmlns", "http-equiv", "hspace", "vspace",
		"link", "vlink", "bordercolor", "background", "media", "method", "tabindex", "shape", "coords":
		return true
	}
	return false
}

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
	}
	h.attr = h.attr[:0]
}

func (h *htmlReader) beginValue(c byte) bool {
	if isSpace(c) {
		return true
	}
	h.noise, h.value, h.inHref = isNoise(h.attr), h.value[:0], h.isHref()
	if !h.noise {
		h.aside.newline()
		if hasDigit(h.attr) {
			h.aside.write(h.attr)
			h.aside.newline()
		}
	}
	if h.quote = c; c == '"' || c == '\'' {
		h.state = inQuoted
		return true
	}
	h.state = inBare
	return false
}

func hasDigit(b []byte) bool { return bytes.ContainsAny(b, "0123456789") }

// quoted takes a quoted value, up to its end.
func (h *htmlReader) quoted(b []byte) []byte {
	i := bytes.IndexByte(b, h.quote)
	piece, rest := b, b[len(b):]
	if i >= 0 {
		piece, rest = b[:i], b[i+1:]
	}
	if h.noise {
		h.noiseValue(piece)
	} else if j := bytes.IndexByte(piece, '&'); j >= 0 {
		h.keepHref(piece[:j])
		h.aside.write(piece[:j])
		h.beginEntity(inQuoted)
		return b[j+1:]
	} else {
		h.keepHref(piece)
		h.aside.write(piece)
	}
	if i >= 0 {
		h.endValue()
	}
	return rest
}

func (h *htmlReader) valueByte(c byte) {
	switch {
	case h.noise:
		h.noiseValue([]byte{c})
	case c == '&':
		h.beginEntity(inBare)
	default:
		h.keepHref([]byte{c})
		h.aside.writeByte(c)
	}
}

// noiseValue holds the value of a noise attribute; one that is too long to be
// noise is read from its beginning.
func (h *htmlReader) noiseValue(b []byte) {
	if n := maxNoise - len(h.value); len(b) <= n {
		h.value = append(h.value, b...)
		return
	}
	h.noise = false
	h.aside.newline()
	h.aside.write(h.value)
	h.aside.write(b)
	h.value = h.value[:0]
}

func (h *htmlReader) endValue() {
	if h.noise {
		switch string(h.attr) {
		case "class", "id":
			h.quoteMarker()
		case "colspan":
			h.spanning = true
		}
		if bytes.IndexByte(h.value, '<') >= 0 || bytes.IndexByte(h.value, '>') >= 0 { // a quote sign forgotten: text was swallowed
			h.spill(h.value)
		}
	} else {
		h.aside.newline()
	}
	h.attr, h.state, h.inHref = h.attr[:0], beforeAttr, false
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

// quoteMarker looks for quoteMarkers in the value of a class or id.
func (h *htmlReader) quoteMarker() {
	for i, c := range h.value {
		h.value[i] = lowerTable[c]
	}
	for _, m := range quoteMarkers {
		if bytes.Contains(h.value, m.mark) {
			h.quoting, h.quotesRest = true, m.rest
		}
	}
}

// endTag ends a tag: the element shapes the page.
func (h *htmlReader) endTag() {
	h.state = inText
	switch string(h.name) {
	case "a":
		h.linkTag()
	case "script":
		h.beginRaw("/script")
		return
	case "style":
		h.beginRaw("/style")
		return
	}
	if h.quoting && !h.closing && h.quotesRest {
		h.page.quoteRest()
		h.quoting = false
	}
	h.page.element(h.name, h.closing, h.quoting)
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
