package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// Bounds of what is held of a link.
const (
	maxHref  = 512
	maxShown = 512
)

// link is the link of a page that is open: where it leads and what it shows.
type link struct {
	open  bool
	host  []byte // where it leads; empty if not to a host
	shown []byte
}

// beginLink opens a link to what its href says.
func (p *page) beginLink(href []byte) {
	p.endLink()
	p.link.open, p.link.host, p.link.shown = true, appendHost(p.link.host[:0], href), p.link.shown[:0]
}

// endLink closes the open link, if there is one, and judges it.
func (p *page) endLink() {
	if l := &p.link; l.open && len(l.host) > 0 {
		switch shown := shownHost(l.shown); {
		case shown == "":
			p.part.HiddenLinks++
		case !leadsTo(shown, string(l.host)):
			p.part.ConcealedLinks++
		}
	}
	p.link.open = false
}

func (l *link) show(b []byte) {
	l.shown = append(l.shown, b[:min(len(b), maxShown-len(l.shown))]...)
}

// hostOf is the host of an address of the web, without its port; empty for what
// leads to no host, such as mailto.
func hostOf(url string) string { return string(appendHost(nil, []byte(url))) }

// appendHost appends the host of an address.
func appendHost(dst, url []byte) []byte {
	url = bytes.TrimSpace(url)
	slashes := bytes.Index(url, []byte("//"))
	if slashes < 0 {
		return dst
	}
	if scheme := url[:slashes]; len(scheme) > 0 && !equalLower(scheme, "https:") && !equalLower(scheme, "http:") {
		return dst
	}
	rest := url[slashes+2:]
	if i := bytes.IndexAny(rest, `/\?#`); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[bytes.LastIndexByte(rest, '@')+1:]
	if i := bytes.IndexByte(rest, ':'); i >= 0 {
		rest = rest[:i]
	}
	for _, c := range rest {
		if c >= utf8.RuneSelf { // letters beyond ASCII have small ones as well
			rest = bytes.ToLower(rest)
			break
		}
	}
	return bytes.TrimSuffix(appendLower(dst, rest), []byte("."))
}

// shownHost is the first host that a text names: in an address of the web, or a
// domain by itself.
func shownHost(shown []byte) string {
	if bytes.IndexByte(shown, '.') < 0 && !bytes.Contains(shown, []byte("//")) { // nearly all
		return ""
	}
	text := string(shown)
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, `()[]<>{}"'.,;:!?`)
		if host := hostOf(word); host != "" {
			return host
		}
		if strings.IndexByte(word, '.') <= 0 || strings.IndexByte(word, '@') >= 0 {
			continue
		}
		host := hostOf("//" + word)
		if _, listed := publicsuffix.PublicSuffix(host); strings.IndexByte(host, '.') > 0 && (listed || strings.HasPrefix(host, "www.")) {
			return host
		}
	}
	return ""
}

// leadsTo reports whether a target is the host that was shown, or below it.
func leadsTo(shown, target string) bool {
	shown, target = strings.TrimPrefix(shown, "www."), strings.TrimPrefix(target, "www.")
	return target == shown || strings.HasSuffix(target, "."+shown)
}

// href keeps the value of a link's href while it is read.
func (h *htmlReader) keepHref(b []byte) {
	if h.inHref {
		h.href = append(h.href, b[:min(len(b), maxHref-len(h.href))]...)
	}
}

// linkTag takes the tag of a link.
func (h *htmlReader) linkTag() {
	if h.closing {
		h.page.endLink()
	} else if len(h.href) > 0 {
		h.page.beginLink(h.href)
	}
}
