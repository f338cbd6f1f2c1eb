package extract

import (
	"encoding/binary"
	"math/bits"
)

// elementKind is what an HTML element does to a page.
type elementKind uint8

const (
	inlineElement elementKind = iota // nothing
	blockElement                     // begins a line
	breakElement
	cellElement
	headElement // a cell that heads a column
	rowElement
	tableElement
	preElement // keeps white space
	citeElement
	linkElement
	fieldElement
	scriptElement
	styleElement
)

var elementsByName = func() map[string]elementKind {
	m := map[string]elementKind{
		"br": breakElement, "td": cellElement, "th": headElement, "tr": rowElement, "table": tableElement, "blockquote": citeElement,
		"a": linkElement, "input": fieldElement, "script": scriptElement, "style": styleElement,
	}
	for _, name := range []string{"pre", "textarea", "listing", "xmp", "plaintext"} {
		m[name] = preElement
	}
	for _, name := range []string{
		"address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
		"fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup",
		"hr", "html", "iframe", "legend", "li", "main", "menu", "nav", "object", "ol", "optgroup", "option", "p", "section", "select",
		"summary", "text", "desc", "metadata", "nl", "np", "paragraph", "tbody", "tfoot", "thead", "title", "ul", "button", "xml", "marquee",
	} {
		m[name] = blockElement
	}
	return m
}()

func elementOf(name []byte) elementKind { return elementsByName[string(name)] }

// nameTable finds names of ASCII letters by their first eight bytes.
type nameTable[T any] [512]struct {
	word uint64 // the first byte lowest
	rest string
	what T
}

func hashName(name uint64) uint64 { return name * 0x9e3779b97f4a7c15 >> 55 }

func newNameTable[T any](names map[string]T) *nameTable[T] {
	t := &nameTable[T]{}
	for name, what := range names {
		var b [8]byte
		copy(b[:], name)
		word := binary.LittleEndian.Uint64(b[:])
		at := hashName(word)
		for t[at].word != 0 {
			at = (at + 1) % uint64(len(t))
		}
		t[at].word, t[at].rest, t[at].what = word, name[min(8, len(name)):], what
	}
	return t
}

// find looks the name up that stands at the front of b, n bytes long; it need not
// be in lower case. Behind it b has seven bytes more.
func (t *nameTable[T]) find(b []byte, n int) (what T) {
	word := binary.LittleEndian.Uint64(b) | 0x20*ones
	if n < 8 {
		word &= 1<<(8*n) - 1
	}
	for at := hashName(word); t[at].word != 0; at = (at + 1) % uint64(len(t)) {
		if e := &t[at]; e.word == word && (n <= 8 && e.rest == "" || n > 8 && equalLower(b[8:n], e.rest)) {
			return e.what
		}
	}
	return what
}

// equalLower reports whether a name is that in lower case.
func equalLower(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if lowerTable[c] != lower[i] {
			return false
		}
	}
	return true
}

var elementTable = newNameTable(elementsByName)

// Words of eight bytes, to look at as many at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeroBytes sets the high bit of the bytes of x that are zero. Of those that are
// set only the lowest is sure to be.
func zeroBytes(x uint64) uint64 { return (x - ones) &^ x & highs }

// shortTag is a tag of up to eight bytes, signs and all.
type shortTag struct {
	bytes   uint64 // the first one lowest
	name    []byte
	element elementKind
	closing bool
}

// shortTags are the tags without attributes that pages are full of, by hashShort.
var shortTags = func() *[2048]shortTag {
	t := &[2048]shortTag{}
	add := func(tag, name string, closing bool) {
		if len(tag) > 8 {
			return
		}
		var b [8]byte
		copy(b[:], tag)
		s := shortTag{bytes: binary.LittleEndian.Uint64(b[:]), name: []byte(name), element: elementsByName[name], closing: closing}
		at := hashShort(s.bytes)
		for t[at].bytes != 0 {
			at = (at + 1) % uint64(len(t))
		}
		t[at] = s
	}
	for _, name := range []string{
		"br", "td", "tr", "p", "div", "b", "span", "i", "u", "a", "li", "th", "table", "tbody", "thead", "ul", "ol", "o:p", "em", "font", "strong",
		"small", "big", "sub", "sup", "s", "code", "tt", "mark", "pre", "center", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "dd", "dl", "dt", "html", "body", "head",
		"title", "label", "main", "nav", "form", "option", "tfoot", "wbr", "del", "ins", "abbr", "q", "cite", "kbd", "var", "text", "tspan",
	} {
		upper := []byte(name)
		for i, c := range upper {
			if isLetter(c) {
				upper[i] = c &^ 0x20
			}
		}
		for _, n := range []string{name, string(upper)} {
			add("<"+n+">", name, false)
			add("</"+n+">", name, true)
			add("<"+n+"/>", name, false)
			add("<"+n+" />", name, false)
		}
	}
	return t
}()

func hashShort(tag uint64) uint64 { return tag * 0x9e3779b97f4a7c15 >> 53 }

// shortTag takes the tag at the front of b if it is one of shortTags, and returns
// its length.
func (h *htmlReader) shortTag(b []byte) int {
	x := binary.LittleEndian.Uint64(b)
	end := zeroBytes(x ^ '>'*ones)
	if end == 0 {
		return 0
	}
	n := bits.TrailingZeros64(end) + 1
	x &= 1<<n - 1
	for at := hashShort(x); ; at = (at + 1) % uint64(len(shortTags)) {
		t := &shortTags[at]
		if t.bytes == x {
			h.takeShort(t)
			return n >> 3
		}
		if t.bytes == 0 {
			return 0
		}
	}
}

func (h *htmlReader) takeShort(t *shortTag) {
	p := h.page
	if len(p.quotes) > 0 || p.shadow.inside || t.element == linkElement {
		h.closing, h.quoting, h.spanning, h.hiding, h.element = t.closing, false, false, false, t.element
		h.name, h.href = append(h.name[:0], t.name...), h.href[:0]
		h.endTag()
		return
	}
	if t.element != inlineElement {
		p.shape(t.element, t.closing)
	}
}

// attribute is what the value of an attribute says.
type attribute uint8

const (
	textAttr  attribute = iota // it is read
	noiseAttr                  // nothing
	classAttr
	idAttr
	styleAttr
	spanAttr
	typeAttr
	hrefAttr   // where something leads
	fieldAttr  // value: what a field shows
	srcdocAttr // a document
)

// noise reports whether an attribute is one whose short values no reader sees
// and no writer hides words in. A value longer than maxNoise is read all the same.
func (a attribute) noise() bool { return noiseAttr <= a && a <= typeAttr }

var attributesByName = func() map[string]attribute {
	m := map[string]attribute{
		"class": classAttr, "id": idAttr, "style": styleAttr, "colspan": spanAttr, "type": typeAttr, "href": hrefAttr, "value": fieldAttr, "srcdoc": srcdocAttr,
	}
	for _, name := range []string{
		"width", "height", "align", "valign", "bgcolor", "border", "cellpadding", "cellspacing", "color", "face",
		"size", "lang", "dir", "rel", "target", "role", "rowspan", "charset", "xmlns", "http-equiv", "hspace", "vspace",
		"link", "vlink", "bordercolor", "background", "media", "method", "tabindex", "shape", "coords",
	} {
		m[name] = noiseAttr
	}
	return m
}()

var attributeTable = newNameTable(attributesByName)

func attributeOf(name []byte) attribute { return attributesByName[string(name)] }
