package office

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// declarationBytes is how far an XML declaration is looked for.
const declarationBytes = 256

// utf8Reader returns XML as UTF-8, whatever it is in (XML 1.0 appendix F): its
// byte order mark, its first two characters, or its declaration tell.
func utf8Reader(src io.Reader) io.Reader {
	head := make([]byte, declarationBytes)
	n, _ := io.ReadFull(src, head)
	head = head[:n]
	whole := &prefixed{head: head, src: src}
	var enc encoding.Encoding
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		whole.head = head[3:]
		return whole
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\x00<")):
		enc = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("<\x00")):
		enc = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	default:
		enc = declaredEncoding(head)
	}
	if enc == nil {
		return whole
	}
	return transform.NewReader(whole, enc.NewDecoder())
}

// prefixed reads head before src.
type prefixed struct {
	head []byte
	src  io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.src.Read(b)
}

// declaredEncoding is what an XML declaration says; nil is UTF-8. A declaration
// that can be read as ASCII and says UTF-16 is wrong.
func declaredEncoding(head []byte) encoding.Encoding {
	if !bytes.HasPrefix(head, []byte("<?xml")) {
		return nil
	}
	end := bytes.Index(head, []byte("?>"))
	if end < 0 {
		return nil
	}
	name := strings.ToLower(string(attrOf(head[5:end], "encoding")))
	if name == "" || strings.HasPrefix(name, "utf-") || strings.HasPrefix(name, "ucs-") {
		return nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil || enc == unicode.UTF8 {
		return nil
	}
	return enc
}
