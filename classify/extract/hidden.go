package extract

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// shadow is the second reading of lines that hold hidden text: without it. The
// first one, with it, is the page's own; a value that hidden characters tear
// apart for one reader is whole for the other.
type shadow struct {
	out    *textBuffer
	on     bool // the line at hand has had hidden text
	name   string
	nested int // elements of the same name open in the hidden one
	inside bool
	line   []byte
}

// Bounds of a line of a shadow, and of what stands before the hidden text.
const (
	maxShadow     = 2 << 10
	maxShadowHead = 300
)

func (s *shadow) hiding() bool { return s.inside }

// write takes what the page shows, hidden or not.
func (s *shadow) write(b []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 && !s.inside {
		s.line = append(s.line, b[:i]...)
		s.end()
		return
	}
	if s.inside {
		return
	}
	if s.line = append(s.line, b...); len(s.line) > maxShadow {
		s.end()
	}
}

// end writes the line.
func (s *shadow) end() {
	if s.on && len(bytes.TrimSpace(s.line)) > 0 {
		s.out.newline()
		s.out.write(s.line)
		s.out.newline()
	}
	s.on, s.line = s.inside, s.line[:0]
}

// hide follows the element that hides its content. hiding is what the tag's own
// attributes say.
func (p *page) hide(name []byte, closing, hiding bool) {
	s := &p.shadow
	switch {
	case !s.inside:
		if closing || isVoid(name) {
			return
		}
		p.settle() // white space before the element is shown
		if !s.on {
			tail := p.buf[max(0, len(p.buf)-maxShadowHead):]
			s.line = append(s.line[:0], tail[bytes.LastIndexByte(tail, '\n')+1:]...)
		}
		s.on, s.inside, s.name, s.nested = true, true, string(name), 0
	case s.name != string(name):
	case !closing:
		s.nested++
	case s.nested > 0:
		s.nested--
	default:
		s.inside = false
	}
}

// isVoid reports whether an element has no content.
func isVoid(name []byte) bool {
	switch string(name) {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr":
		return true
	}
	return false
}

// mayHide reports whether hides has to look at declarations: nearly all of them set
// what hides nothing, or set it to what does not hide.
func mayHide(css string) bool {
	for css != "" {
		declaration, rest, _ := strings.Cut(css, ";")
		css = rest
		property, value, ok := strings.Cut(declaration, ":")
		if property, value = trimASCII(property), trimASCII(value); !ok || value == "" {
			continue
		}
		for i := range len(property) {
			if c := property[i]; c >= utf8.RuneSelf || c <= ' ' {
				return true // white space within may be meant to mislead
			}
		}
		switch c := value[0]; {
		case c >= utf8.RuneSelf:
			return true
		case strings.IndexByte("nNhHcCaA012.-", c) < 0:
			continue
		}
		if slices.ContainsFunc(hidingProperties, func(p string) bool { return strings.EqualFold(p, property) }) {
			return true
		}
	}
	return false
}

func trimASCII(s string) string { return strings.Trim(s, " \t\r\n\f\v") }

// hidingProperties are those that hides knows.
var hidingProperties = []string{
	"display", "visibility", "mso-hide", "font-size", "opacity", "max-height", "line-height", "width", "height",
	"left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top",
}

// hides reports whether declarations of CSS keep an element from being seen.
func hides(css string) bool {
	if !mayHide(css) {
		return false
	}
	css = strings.Join(strings.Fields(strings.ToLower(css)), "")
	for d := range strings.SplitSeq(css, ";") {
		property, value, _ := strings.Cut(d, ":")
		value, _, _ = strings.Cut(value, "!")
		switch property {
		case "display":
			if value == "none" {
				return true
			}
		case "visibility":
			if value == "hidden" || value == "collapse" {
				return true
			}
		case "mso-hide":
			if value == "all" {
				return true
			}
		case "font-size", "opacity", "max-height", "line-height", "width", "height":
			n := strings.TrimRight(value, "pxtemrvhw%")
			if n != "" && strings.Trim(n, "0.") == "" {
				return property == "font-size" || property == "opacity" || strings.Contains(css, "overflow:hidden")
			}
			if property == "font-size" && (value == "1px" || value == "1pt" || value == "2px") {
				return true
			}
		case "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top": // out of the page
			if len(value) > len("-999") && value[0] == '-' && strings.Trim(value[1:5], "0123456789") == "" {
				return true
			}
		}
	}
	return false
}

// hidingStyle reports whether the value of a style attribute hides its element.
func (h *htmlReader) hidingStyle(value []byte) bool {
	hiding, seen := h.styles[string(value)]
	if !seen {
		hiding = hides(string(value))
		if h.styles == nil {
			h.styles = map[string]bool{}
		}
		if len(h.styles) < maxSeenMarkers {
			h.styles[string(value)] = hiding
		}
	}
	return hiding
}

// Bounds of the style elements that are interpreted.
const (
	maxStyle         = 64 << 10
	maxHiddenClasses = 200
)

// rawText takes the content of a script or style.
func (h *htmlReader) rawText(b []byte) {
	h.aside.write(b)
	if h.raw == "/style" {
		h.sheetText(b)
		h.style = append(h.style, b[:min(len(b), maxStyle-len(h.style))]...)
	}
}

// endStyle learns which classes a style element hides.
func (h *htmlReader) endStyle() {
	rules := string(h.style)
	h.style, h.tags, h.last = h.style[:0], seenTags{}, &seenTag{} // the same classes may do something else now
	for rules != "" {
		selectors, rest, ok := strings.Cut(rules, "{")
		if !ok {
			return
		}
		var body string
		body, rules, _ = strings.Cut(rest, "}")
		if !hides(body) {
			continue
		}
		for selector := range strings.SplitSeq(selectors, ",") {
			selector = strings.TrimSpace(selector)
			_, class, ok := strings.Cut(selector, ".")
			if class = strings.ToLower(class); !ok || strings.ContainsAny(class, " >+~:.[#") {
				continue
			}
			if h.hidden == nil {
				h.hidden = map[string]bool{}
			}
			if len(h.hidden) < maxHiddenClasses {
				h.hidden[class] = true
			}
		}
	}
}

// hiddenClass reports whether one of an element's classes is hidden.
func (h *htmlReader) hiddenClass(value []byte) bool {
	for class := range strings.FieldsSeq(strings.ToLower(string(value))) {
		if h.hidden[class] {
			return true
		}
	}
	return false
}
