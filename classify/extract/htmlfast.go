package extract

import (
	"bytes"
	"encoding/binary"
)

// maxFastAttrs bounds the attributes of a tag that is read at once.
const maxFastAttrs = 16

// fastAttr is where an attribute stands in its tag; value is 0 if it has none.
type fastAttr struct {
	name, nameEnd, value, end int
	kind                      attribute
}

// nameBytes are the bytes of names that fastTag takes: letters, digits, and what
// stands between them.
var nameBytes = func() (t [256]bool) {
	for i := range t {
		c := byte(i)
		t[i] = isAlnum(c) || c == '-' || c == ':' || c == '_'
	}
	return t
}()

// bareBytes are those of values without quotes.
var bareBytes = func() (t [256]bool) {
	for i := range t {
		c := byte(i)
		t[i] = !isSpace(c) && c != '>' && c != '&'
	}
	return t
}()

// seenTag is what a tag was found to do whose attributes are all noise.
type seenTag struct {
	bytes                                          []byte
	name                                           []byte
	element                                        elementKind
	closing, quoting, quotesRest, spanning, hiding bool
	inert                                          bool     // it does nothing to a page that hides and quotes nothing
	plain                                          bool     // it only shapes such a page
	next                                           *seenTag // that came behind it the last time
}

// seenTags are those tags by a hash of their bytes: a page has few different ones.
type seenTags [128]*seenTag

// Bounds of the tags that are remembered.
const (
	minSeenTag = 10 // bytes
	maxSeenTag = 400
)

// hashTag looks at the bytes of a tag at both its ends, where most differ, and
// at some between.
func hashTag(b []byte) uint64 {
	n := len(b)
	x := binary.LittleEndian.Uint64(b[1:])*0x9e3779b97f4a7c15 + binary.LittleEndian.Uint64(b[n-9:])
	if n >= 24 {
		x = x*0xc2b2ae3d27d4eb4f + binary.LittleEndian.Uint64(b[n/2-4:]) + binary.LittleEndian.Uint64(b[n/4:]) + 3*binary.LittleEndian.Uint64(b[n-n/4-8:])
	}
	return (x + uint64(n)) * 0x9e3779b97f4a7c15 >> 57
}

// seenTag does again what the same bytes did before, and returns how many they
// are; 0 if they are new.
func (h *htmlReader) seenTag(b []byte) int {
	t := h.last.next
	if t == nil || !bytes.HasPrefix(b, t.bytes) {
		end := bytes.IndexByte(b[:min(len(b), maxSeenTag)], '>') + 1
		if end < minSeenTag {
			return 0
		}
		t = h.tags[hashTag(b[:end])]
		if t == nil || !bytes.Equal(t.bytes, b[:end]) {
			return 0
		}
		h.last.next = t
	}
	h.last = t
	end := len(t.bytes)
	if p := h.page; len(p.quotes) == 0 && !p.shadow.inside {
		if t.inert {
			return end
		}
		if t.plain {
			p.shape(t.element, t.closing)
			return end
		}
	}
	h.closing, h.quoting, h.quotesRest, h.spanning, h.hiding, h.element = t.closing, t.quoting, t.quotesRest, t.spanning, t.hiding, t.element
	h.name, h.href = append(h.name[:0], t.name...), h.href[:0]
	h.endTag()
	return end
}

// remember keeps what the tag just read does.
func (h *htmlReader) remember(tag []byte) {
	if len(tag) < minSeenTag || len(tag) > maxSeenTag || h.element == fieldElement || bytes.IndexByte(tag, '>') != len(tag)-1 {
		return
	}
	at := hashTag(tag)
	t := h.tags[at]
	if t == nil {
		t = &seenTag{}
		h.tags[at] = t
	}
	simple := !h.quoting && !h.spanning && !h.hiding
	*t = seenTag{
		bytes: append(t.bytes[:0], tag...), name: append(t.name[:0], h.name...), element: h.element,
		closing: h.closing, quoting: h.quoting, quotesRest: h.quotesRest, spanning: h.spanning, hiding: h.hiding,
		inert: simple && h.element == inlineElement, plain: simple && h.element < citeElement,
	}
	h.last.next, h.last = t, t
}

// fastTag reads the tag at the front of b, "<" and all, if it is whole and
// well-formed, as nearly all tags are, and returns its length; 0 leaves it to the
// states of htmlReader, with nothing done. Both must read a tag the same way.
func (h *htmlReader) fastTag(b []byte) int {
	if len(b) >= 8 {
		if n := h.shortTag(b); n > 0 {
			return n
		}
	}
	if n := h.seenTag(b); n > 0 {
		return n
	}
	i := 1
	closing := len(b) > 1 && b[1] == '/'
	if closing {
		i = 2
	}
	name := i
	for i < len(b) && nameBytes[b[i]] {
		i++
	}
	nameEnd := i
	if i == len(b) || i == name || i-name >= maxTagName || !isLetter(b[name]) || !isSpace(b[i]) && b[i] != '/' && b[i] != '>' {
		return 0
	}
	n, i := h.fastAttrs(b, i)
	if n < 0 {
		return 0
	}
	h.plain = true
	h.closing, h.quoting, h.spanning, h.hiding, h.href, h.field, h.unseen = closing, false, false, false, h.href[:0], h.field[:0], false
	h.name = appendLower(h.name[:0], b[name:nameEnd])
	if name+8 <= len(b) {
		h.element = elementTable.find(b[name:], nameEnd-name)
	} else {
		h.element = elementOf(h.name)
	}
	h.clean = bytes.IndexByte(b[1:i-1], '<') < 0 && bytes.IndexByte(b[:i-1], '>') < 0
	for j := range h.attrs[:n] {
		h.fastAttr(b, &h.attrs[j])
	}
	h.clean = false
	if h.plain {
		h.remember(b[:i])
	}
	h.endTag()
	return i
}

// fastAttrs finds the attributes of a tag from behind its name on: how many there
// are in h.attrs, and where the tag ends. It returns -1 if the tag is not whole,
// or anything about it is odd.
func (h *htmlReader) fastAttrs(b []byte, i int) (n, end int) {
	for {
		for i < len(b) && (isSpace(b[i]) || b[i] == '/') {
			i++
		}
		if i == len(b) || n == maxFastAttrs {
			return -1, 0
		}
		if b[i] == '>' {
			return n, i + 1
		}
		a := &h.attrs[n]
		n++
		*a = fastAttr{name: i}
		for i < len(b) && nameBytes[b[i]] {
			i++
		}
		if a.nameEnd = i; i == a.name || i-a.name >= maxNoise || i+1 >= len(b) {
			return -1, 0
		}
		if a.name+8 <= len(b) {
			a.kind = attributeTable.find(b[a.name:], i-a.name)
		} else {
			a.kind = attributeOf(appendLower(nil, b[a.name:i]))
		}
		if b[i] != '=' {
			next := i
			for next < len(b) && isSpace(b[next]) {
				next++
			}
			if next == len(b) || b[next] == '=' || next == i && b[i] != '/' && b[i] != '>' {
				return -1, 0
			}
			continue
		}
		i++
		if quote := b[i]; quote == '"' || quote == '\'' {
			i++
			length := bytes.IndexByte(b[i:], quote)
			if length < 0 {
				return -1, 0
			}
			a.value, a.end = i, i+length
			i += length + 1
			continue
		}
		a.value = i
		for i < len(b) && bareBytes[b[i]] {
			i++
		}
		if a.end = i; i == len(b) || i == a.value || b[i] == '&' {
			return -1, 0
		}
	}
}

func appendLower(out, b []byte) []byte {
	for _, c := range b {
		out = append(out, lowerTable[c])
	}
	return out
}

// fastAttr takes an attribute of the tag in b.
func (h *htmlReader) fastAttr(b []byte, a *fastAttr) {
	if a.value == 0 {
		h.attr = appendLower(h.attr[:0], b[a.name:a.nameEnd])
		h.plain = h.plain && needsNoValue(h.attr)
		h.bareAttr()
		return
	}
	value := b[a.value:a.end]
	h.kind = a.kind
	if h.noise = h.kind.noise(); h.noise {
		if len(value) <= maxNoise {
			h.plain = h.plain && h.clean && (h.kind != styleAttr || !mayHoldFile(value))
			if h.kind != noiseAttr || !h.clean {
				h.noiseAttr(value)
			}
			return
		}
		h.value = h.value[:0]
		value = h.noiseValue(value)
	} else {
		h.attr = appendLower(h.attr[:0], b[a.name:a.nameEnd])
		h.beginAside()
	}
	h.plain = false
	if bytes.IndexByte(value, '&') >= 0 {
		value = h.decoded(value)
	}
	if len(value) > 0 {
		h.valueText(value)
	}
	h.endValue()
}
