package extract

import (
	"bytes"
	"strings"
)

// dataURI reads the value of an attribute: the files that stand in data: URIs
// (RFC 2397) become members of the part, anything else is text.
type dataURI struct {
	state uriState
	head  []byte
	out   stage
}

type uriState uint8

const (
	uriNone  uriState = iota // the value is something else
	uriStart                 // it may be a data: URI
	uriHead                  // it is one, of which the type is being read
	uriData
)

// maxURIHead bounds what stands before the comma.
const maxURIHead = 300

func (u *dataURI) begin() { u.state, u.head = uriStart, u.head[:0] }

// valueText takes the text of a value that is no noise.
func (h *htmlReader) valueText(b []byte) {
	if h.inFrame {
		h.frame.write(b)
		return
	}
	if h.inField {
		h.field = append(h.field, b[:min(len(b), maxQuery-len(h.field))]...)
	}
	h.keepHref(b)
	h.keepQuery(b)
	if h.sheet != nil {
		h.sheet.write(b)
	}
	u := &h.uri
	if u.state == uriStart && len(u.head) == 0 && len(b) > 0 && b[0]|0x20 != 'd' {
		u.state = uriNone
	}
	if u.state == uriNone || h.leaf == nil {
		h.aside.write(b)
		return
	}
	for len(b) > 0 && u.state != uriNone {
		if u.state == uriData {
			u.out.write(b)
			return
		}
		c := b[0]
		b = b[1:]
		switch u.head = append(u.head, c); u.state {
		case uriStart:
			const scheme = "data:"
			if lowerTable[c] != scheme[len(u.head)-1] {
				h.notURI()
			} else if len(u.head) == len(scheme) {
				u.state = uriHead
			}
		default:
			if c == ',' {
				h.openURI(string(u.head[len("data:") : len(u.head)-1]))
			} else if len(u.head) == maxURIHead {
				h.notURI()
			}
		}
	}
	h.aside.write(b)
}

// notURI gives back what was held: it is text.
func (h *htmlReader) notURI() {
	h.aside.write(h.uri.head)
	h.uri.state = uriNone
}

// openURI opens the file behind the comma.
func (h *htmlReader) openURI(media string) {
	h.aside.write(h.uri.head)
	h.uri.out, h.uri.state = h.leaf.openURI(media), uriData
}

// openURI opens the file in a data: URI of which media stands before the comma.
func (l *leaf) openURI(media string) stage {
	declared, encoded := media, false
	if i := strings.LastIndexByte(media, ';'); i >= 0 && strings.EqualFold(strings.TrimSpace(media[i+1:]), "base64") {
		declared, encoded = media[:i], true
	}
	if declared == "" || declared[0] == ';' {
		declared = "text/plain" + declared
	}
	out := l.within(member{declared: declared, inline: true})
	if encoded {
		d := newBase64(l.r, out, nil)
		d.quiet = true
		out = d
	}
	return &percent{next: out}
}

// endURI ends the value.
func (h *htmlReader) endURI() {
	u := &h.uri
	switch u.state {
	case uriData:
		u.out.close()
		u.out = nil
	case uriStart, uriHead:
		if h.leaf != nil {
			h.aside.write(u.head)
		}
	}
	u.state = uriNone
}

// percent decodes the percent signs of a URI.
type percent struct {
	next stage
	held []byte
}

func (p *percent) write(b []byte) {
	for len(b) > 0 {
		if len(p.held) == 0 {
			i := bytes.IndexByte(b, '%')
			if i < 0 {
				p.next.write(b)
				return
			}
			if i > 0 {
				p.next.write(b[:i])
			}
			p.held, b = append(p.held, '%'), b[i+1:]
			continue
		}
		if hexValue[b[0]] > 15 {
			p.release()
			continue
		}
		if p.held, b = append(p.held, b[0]), b[1:]; len(p.held) == 3 {
			p.held = append(p.held[:0], hexValue[p.held[1]]<<4|hexValue[p.held[2]])
			p.release()
		}
	}
}

func (p *percent) release() {
	if len(p.held) > 0 {
		p.next.write(p.held)
		p.held = p.held[:0]
	}
}

func (p *percent) close() {
	p.release()
	p.next.close()
}
