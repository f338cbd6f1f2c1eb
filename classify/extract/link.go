package extract

import (
	"bytes"
	"strings"

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
	host  string // where it leads; empty if not to a host
	shown []byte
}

// beginLink opens a link to what its href says.
func (p *page) beginLink(href []byte) {
	p.endLink()
	p.link.open, p.link.host, p.link.shown = true, hostOf(string(href)), p.link.shown[:0]
}

// endLink closes the open link, if there is one, and judges it.
func (p *page) endLink() {
	if l := &p.link; l.open && l.host != "" {
		switch shown := shownHost(string(l.shown)); {
		case shown == "":
			p.part.HiddenLinks++
		case !leadsTo(shown, l.host):
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
func hostOf(url string) string {
	url = strings.TrimSpace(url)
	scheme, rest, ok := strings.Cut(url, "//")
	if scheme = strings.ToLower(scheme); !ok || scheme != "" && scheme != "http:" && scheme != "https:" {
		return ""
	}
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	rest, _, _ = strings.Cut(rest, ":")
	return strings.TrimSuffix(strings.ToLower(rest), ".")
}

// shownHost is the first host that a text names: in an address of the web, or a
// domain by itself.
func shownHost(text string) string {
	if !strings.Contains(text, ".") && !strings.Contains(text, "//") { // nearly all
		return ""
	}
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

// isHref reports whether the value that begins says where a link leads.
func (h *htmlReader) isHref() bool {
	return bytes.Equal(h.name, []byte("a")) && bytes.Equal(h.attr, []byte("href"))
}
