package office

import (
	"io"
	"strings"
)

// typeBytes is how much is expanded to tell a type.
const typeBytes = 1 << 20

// silence is an Out for which nothing is found, up to typeBytes.
type silence struct{ expanded int }

func (*silence) Text(string) (io.WriteCloser, error) { return discard{}, nil }
func (*silence) Member(string, io.Reader) error      { return nil }
func (*silence) Anomaly(string)                      {}

func (s *silence) Expand(n int) error {
	if s.expanded += n; s.expanded > typeBytes {
		return ErrUnsupported
	}
	return nil
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }

// Type returns the media type of a document, "" if it is none. It reads the
// list of the document's parts and the part that names its type.
func Type(src io.ReaderAt, size int64) string {
	d := &document{out: &silence{}}
	d.w.out = d.out
	if isZip(src) {
		parts, _ := listParts(src, size)
		d.parts, d.byKey = parts, make(map[string]*part, len(parts))
		for _, p := range parts {
			if d.byKey[p.key] == nil {
				d.byKey[p.key] = p
			}
		}
		return typeOf(d)
	}
	head := make([]byte, min(size, flatHead))
	n, _ := src.ReadAt(head, 0)
	return FlatType(head[:n])
}

// byFolder are the types of packages whose list of types does not tell.
var byFolder = []struct{ folder, media string }{
	{"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"visio/", "application/vnd.ms-visio.drawing"},
}

func typeOf(d *document) string {
	if p := d.byKey["mimetype"]; p != nil {
		if c, err := p.expand(&silence{}); err == nil {
			b, _ := io.ReadAll(io.LimitReader(c, 256))
			c.Close()
			media := strings.TrimSpace(string(b))
			if strings.HasPrefix(media, "application/vnd.oasis.opendocument.") || strings.HasPrefix(media, "application/vnd.sun.xml.") {
				return media
			}
		}
	}
	if d.byKey["content.xml"] != nil && (d.byKey["meta-inf/manifest.xml"] != nil || d.byKey["styles.xml"] != nil) {
		return "application/vnd.oasis.opendocument.text"
	}
	for _, kind := range d.contentTypes() {
		main, ok := strings.CutSuffix(kind, ".main+xml")
		if !ok {
			main, ok = strings.CutSuffix(kind, ".main")
		}
		if ok && (strings.Contains(main, "openxmlformats-officedocument.") || strings.Contains(main, ".ms-")) {
			if strings.HasSuffix(main, "macroEnabled") || strings.HasSuffix(main, "macroEnabledTemplate") {
				main += ".12"
			}
			return main
		}
	}
	if len(d.types) == 0 && d.byKey["_rels/.rels"] == nil && d.byKey["[content_types].xml"] == nil {
		return ""
	}
	for _, p := range d.parts {
		for _, f := range byFolder {
			if strings.HasPrefix(p.key, f.folder) {
				return f.media
			}
		}
	}
	return ""
}
