package extract

import "bytes"

// maxFastAttrs bounds the attributes of a tag that is read at once.
const maxFastAttrs = 16

// fastAttr is where an attribute stands in its tag.
type fastAttr struct{ name, nameEnd, value, end int }

// nameBytes are the bytes of names that fastTag takes: letters, digits, and what
// stands between them.
var nameBytes = func() (t [256]bool) {
	for i := range t {
		c := byte(i)
		t[i] = isAlnum(c) || c == '-' || c == ':' || c == '_'
	}
	return t
}()

// fastTag reads the tag at the front of b, "<" and all, if it is whole and
// well-formed, as nearly all tags are, and returns its length; 0 leaves it to the
// states of htmlReader, with nothing done. Both must read a tag the same way.
func (h *htmlReader) fastTag(b []byte) int {
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
	if i == len(b) || i == name || i-name >= maxTagName || !isLetter(b[name]) {
		return 0
	}
	attrs := &h.attrs
	n := 0
	for {
		for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t' || b[i] == '/') {
			i++
		}
		if i == len(b) || n == maxFastAttrs {
			return 0
		}
		if b[i] == '>' {
			break
		}
		a := fastAttr{name: i}
		for i < len(b) && nameBytes[b[i]] {
			i++
		}
		if a.nameEnd = i; i == a.name || i-a.name >= maxNoise || i+1 >= len(b) || b[i] != '=' {
			return 0
		}
		i++
		switch quote := b[i]; quote {
		case '"', '\'':
			i++
			end := bytes.IndexByte(b[i:], quote)
			if end < 0 {
				return 0
			}
			a.value, a.end = i, i+end
			i += end + 1
		default:
			a.value = i
			for i < len(b) && nameBytes[b[i]] {
				i++
			}
			if a.end = i; i == len(b) || i == a.value || b[i] != '>' && b[i] != ' ' {
				return 0
			}
		}
		if a.end-a.value > maxNoise && isNoise(appendLower(nil, b[a.name:a.nameEnd])) {
			return 0
		}
		attrs[n] = a
		n++
	}
	h.closing, h.quoting, h.spanning, h.hiding, h.href, h.field, h.unseen = closing, false, false, false, h.href[:0], h.field[:0], false
	h.name = appendLower(h.name[:0], b[name:nameEnd])
	for _, a := range attrs[:n] {
		h.fastAttr(b[a.name:a.nameEnd], b[a.value:a.end])
	}
	h.endTag()
	return i + 1
}

func appendLower(out, b []byte) []byte {
	for _, c := range b {
		out = append(out, lowerTable[c])
	}
	return out
}

// fastAttr takes an attribute with its value.
func (h *htmlReader) fastAttr(name, value []byte) {
	h.attr = appendLower(h.attr[:0], name)
	h.noise = isNoise(h.attr)
	if h.noise {
		h.noiseAttr(value)
		return
	}
	h.beginAside()
	h.state, h.quote = inQuoted, '"'
	for len(value) > 0 {
		if h.state == inQuoted {
			value = h.quotedPiece(value)
		} else if h.inEntity(value[0]) {
			value = value[1:]
		}
	}
	if h.state == inEntity {
		h.endEntity()
	}
	h.endValue()
}

// fastEntity reads the character reference at the front of b, if it is whole, and
// returns its length.
func (h *htmlReader) fastEntity(b []byte) int {
	for i := 1; i < len(b) && i < maxEntity-1; i++ {
		switch c := b[i]; {
		case c == ';':
			h.page.literal(decodeEntity(b[:i+1]))
			return i + 1
		case !isAlnum(c) && (c != '#' || i != 1):
			return 0
		}
	}
	return 0
}
