package extract

import (
	"bytes"
	"strings"
)

// maxFrames bounds documents in the srcdoc attributes of each other.
const maxFrames = 4

// openFrame begins the document that the attribute srcdoc of an iframe holds. All
// those of a part are read by one reader, each from a new line on.
func (h *htmlReader) openFrame() {
	h.inFrame = h.kind == srcdocAttr && h.leaf != nil && h.frames < maxFrames
	if !h.inFrame || h.frame != nil {
		return
	}
	l := h.leaf
	h.frame = newHTML(newTextStream(l.r, l.part, l.part.Where), newTextStream(l.r, l.part, l.part.Where))
	h.frame.leaf, h.frame.frames = l, h.frames+1
}

func (h *htmlReader) endFrame() {
	if h.inFrame {
		h.inFrame = false
		h.frame.finish()
		h.frame.page.reset()
	}
}

// maxQuery is how much of a value is looked at for percent signs.
const maxQuery = 4 << 10

// keepQuery keeps the value of an attribute while it is read.
func (h *htmlReader) keepQuery(b []byte) {
	if h.uri.state != uriData {
		h.query = append(h.query, b[:min(len(b), maxQuery-len(h.query))]...)
	}
}

// endQuery tells what the pieces of an address say that hold percent signs: each
// one on a line, for between them nothing is left out.
func (h *htmlReader) endQuery() {
	if bytes.IndexByte(h.query, '%') < 0 {
		return
	}
	mail := len(h.query) > 7 && strings.EqualFold(string(h.query[:7]), "mailto:")
	for _, piece := range bytes.FieldsFunc(h.query, func(c rune) bool { return c == '&' || c == '?' || c == ';' || c == '/' }) {
		text, ok := unescapeQuery(piece, !mail)
		if ok {
			h.aside.newline()
			h.aside.write(text)
			h.aside.newline()
		}
	}
	h.query = h.query[:0]
}

// unescapeQuery decodes a piece of an address, and reports whether there was
// anything to decode. An address in an address is encoded twice; plus is a blank in
// those of the web.
func unescapeQuery(piece []byte, plus bool) ([]byte, bool) {
	text := piece
	for range 3 {
		decoded := decodePercent(string(text))
		if len(decoded) == len(text) {
			break
		}
		text = decoded
	}
	if len(text) == len(piece) {
		return nil, false
	}
	if plus {
		text = bytes.ReplaceAll(text, []byte("+"), []byte(" "))
	}
	return []byte(hybridString(text)), true
}

// sheetText takes text of a style sheet.
func (h *htmlReader) sheetText(b []byte) {
	if h.leaf == nil {
		return
	}
	if h.sheet == nil {
		h.sheet = &sheetFiles{leaf: h.leaf}
	}
	h.sheet.write(b)
}

func (h *htmlReader) endSheet() {
	if h.sheet != nil {
		h.sheet.close()
		h.sheet = nil
	}
}

// mayHoldFile reports whether there may be a data: URI in a style attribute.
func mayHoldFile(style []byte) bool {
	if bytes.IndexByte(style, '(') < 0 {
		return false
	}
	if bytes.IndexByte(style, '&') >= 0 {
		return true
	}
	const scheme = "data"
	for i, c := range style {
		if c == ':' && i >= len(scheme) && equalLower(style[i-len(scheme):i], scheme) {
			return true
		}
	}
	return false
}

// sheetFiles finds the files that stand in a style sheet as data: URIs.
type sheetFiles struct {
	leaf *leaf
	tail []byte // the last bytes of what was read
	end  byte   // the quote that ends the URI, 0 for what ends it without one
	in   bool   // behind "data:"
	head []byte
	out  stage
}

func (f *sheetFiles) write(b []byte) {
	for len(b) > 0 {
		switch {
		case f.out != nil:
			i := f.ends(b)
			if i < 0 {
				f.out.write(b)
				return
			}
			f.out.write(b[:i])
			f.close()
			b = b[i:]
		case f.in:
			c := b[0]
			b = b[1:]
			switch {
			case c == ',':
				f.out = f.leaf.openURI(string(f.head))
				f.in = false
			case f.ends([]byte{c}) == 0 || len(f.head) == maxURIHead:
				f.in = false
			default:
				f.head = append(f.head, c)
			}
		default:
			i := bytes.IndexByte(b, ':')
			if i < 0 {
				f.keep(b)
				return
			}
			f.keep(b[:i])
			b = b[i+1:]
			if n := len(f.tail) - len("data"); n >= 0 && bytes.EqualFold(f.tail[n:], []byte("data")) {
				f.in, f.head, f.end = true, f.head[:0], 0
				if n > 0 && (f.tail[n-1] == '"' || f.tail[n-1] == '\'') {
					f.end = f.tail[n-1]
				}
			}
			f.tail = f.tail[:0]
		}
	}
}

// keep keeps the last bytes: a quote and "data".
func (f *sheetFiles) keep(b []byte) {
	const n = 1 + len("data")
	if len(b) >= n {
		f.tail = append(f.tail[:0], b[len(b)-n:]...)
		return
	}
	f.tail = append(f.tail, b...)
	f.tail = append(f.tail[:0], f.tail[max(0, len(f.tail)-n):]...)
}

// ends finds the end of the URI in b.
func (f *sheetFiles) ends(b []byte) int {
	if f.end != 0 {
		return bytes.IndexByte(b, f.end)
	}
	return bytes.IndexAny(b, ") \t\r\n")
}

func (f *sheetFiles) close() {
	if f.out != nil {
		f.out.close()
		f.out = nil
	}
	f.in = false
}
