package statement

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// leaf is a text part, decoded.
type leaf struct {
	*entity
	raw      []byte // its body as it stands in the mail
	coding   string // its transfer encoding: "", base64 or quoted-printable
	text     []byte // raw without the transfer encoding
	charset  string
	encoding encoding.Encoding // of the charset; nil for us-ascii and utf-8
	opaque   bool              // the charset's bytes are not those of ASCII
	eol      string            // between the lines of text
	lineEnd  string            // and of raw
}

// lineEnd is how lines end: as the first one does.
func lineEnd(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i == 0 || i > 0 && text[i-1] != '\r' {
		return "\n"
	}
	return "\r\n"
}

// add adds the statement to one text part.
func (w *work) add(e *entity) error {
	raw, err := w.read(e)
	if err != nil {
		return err
	}
	l := &leaf{entity: e, raw: raw, lineEnd: lineEnd(raw)}
	if err := l.decode(); err != nil {
		return err
	}
	l.eol = lineEnd(l.text)
	if err := l.refuse(); err != nil {
		return err
	}
	if l.media == "text/html" {
		return w.addHTML(l)
	}
	return w.addPlain(l)
}

// decode undoes the transfer encoding and finds the charset.
func (l *leaf) decode() error {
	l.coding = strings.ToLower(strings.TrimSpace(l.header.Get("Content-Transfer-Encoding")))
	var err error
	switch l.coding {
	case "", "7bit", "8bit", "binary":
		l.coding, l.text = "", l.raw
	case "quoted-printable":
		l.text, err = io.ReadAll(quotedprintable.NewReader(bytes.NewReader(l.raw)))
	case "base64":
		l.text, err = decodeBase64(l.raw)
	default:
		return fmt.Errorf("%w: an unknown transfer encoding", ErrForm)
	}
	if err != nil {
		return fmt.Errorf("%w: its transfer encoding is broken", ErrForm)
	}
	l.charset = strings.ToLower(l.params["charset"])
	switch l.charset {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968":
		l.charset = "us-ascii"
		return nil
	case "utf-8", "utf8":
		l.charset = "utf-8"
		if !utf8.Valid(l.text) {
			return ErrCharset
		}
		return nil
	}
	if l.encoding, err = ianaindex.MIME.Encoding(l.charset); err != nil || l.encoding == nil {
		return fmt.Errorf("%w: an unknown charset", ErrCharset)
	}
	l.opaque = !isASCIIBased(l.encoding)
	return nil
}

// isASCIIBased reports whether the bytes of ASCII mean themselves anywhere in a
// text: not so in UTF-16, UTF-7, EBCDIC and charsets with escape sequences.
func isASCIIBased(e encoding.Encoding) bool {
	const probe = "<p>abc ~{+ 09</p>"
	coded, err := e.NewEncoder().String(probe)
	if err != nil || coded != probe {
		return false
	}
	for _, letter := range []string{"\u3042", "\u4e2d", "\ud55c"} { // one of them is in any charset with escapes
		if shifted, err := e.NewEncoder().String(letter); err == nil && strings.ContainsAny(shifted, "\x1b~\x0e") {
			return false
		}
	}
	return true
}

// refuse finds OpenPGP inside the text.
func (l *leaf) refuse() error {
	switch {
	case bytes.Contains(l.text, []byte("-----BEGIN PGP SIGNED MESSAGE-----")):
		return ErrSigned
	case bytes.Contains(l.text, []byte("-----BEGIN PGP MESSAGE-----")):
		return ErrEncrypted
	}
	return nil
}

// addPlain adds the statement at the end of a plain text.
func (w *work) addPlain(l *leaf) error {
	statement := l.lines(w.statement.Plain)
	if l.opaque {
		return w.rewrite(l, func(text []byte) []byte { return append(text, "\n"+w.plainLines(l)...) })
	}
	coded := []byte(statement)
	switch {
	case isASCII(coded) || l.charset == "utf-8":
	case l.charset == "us-ascii":
		if !isASCII(l.text) {
			return ErrCharset
		}
		w.declare(l, "utf-8", "8bit")
	default:
		var err error
		if coded, err = l.encoding.NewEncoder().Bytes(coded); err != nil {
			return w.rewrite(l, func(text []byte) []byte { return append(text, "\n"+w.plainLines(l)...) })
		}
	}
	w.insert(l, len(l.text), l.gap(), coded)
	return nil
}

// gap is what ends the last line of the text and sets the statement apart.
func (l *leaf) gap() string {
	if len(l.text) == 0 {
		return ""
	}
	if l.text[len(l.text)-1] == '\n' {
		return l.eol
	}
	return l.eol + l.eol
}

func (w *work) plainLines(l *leaf) string {
	return strings.ReplaceAll(l.lines(w.statement.Plain), "\r\n", "\n")
}

// lines are the statement's lines as this text has them. In a flowed text a line
// must not end with a blank, and some must not begin as they do (RFC 3676 section
// 4.4).
func (l *leaf) lines(statement string) string {
	var b strings.Builder
	flowed := strings.EqualFold(l.params["format"], "flowed")
	for line := range strings.SplitSeq(strings.TrimRight(statement, "\r\n "), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if flowed && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, ">") || strings.HasPrefix(line, "From ")) {
			b.WriteByte(' ')
		}
		b.WriteString(line + l.eol)
	}
	return b.String()
}

// addHTML adds the statement before the end of an HTML body.
func (w *work) addHTML(l *leaf) error {
	markup := strings.ReplaceAll(w.statement.markup(), "\n", l.eol)
	if l.opaque {
		return w.rewrite(l, func(text []byte) []byte {
			at := endOfHTML(text)
			return append(append(bytes.Clone(text[:at]), "\n"+w.statement.markup()+"\n"...), text[at:]...)
		})
	}
	w.insert(l, endOfHTML(l.text), l.eol, []byte(markup+l.eol))
	return nil
}

// endOfHTML is where in an HTML text the last thing is put that a reader sees.
func endOfHTML(text []byte) int {
	lower := bytes.Clone(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] |= 0x20
		}
	}
	for _, tag := range []string{"</body", "</html"} {
		if i := bytes.LastIndex(lower, []byte(tag)); i >= 0 {
			return i
		}
	}
	return len(text)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// rewrite writes the part anew in utf-8, where its charset cannot hold the
// statement.
func (w *work) rewrite(l *leaf, change func(text []byte) []byte) error {
	decoder := l.encoding.NewDecoder()
	if strings.HasPrefix(l.charset, "utf-16") {
		decoder = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
		if l.charset == "utf-16le" {
			decoder = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		}
	}
	text, _, err := transform.Bytes(decoder, l.text)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return ErrCharset
	}
	l.eol = lineEnd(text)
	text = bytes.ReplaceAll(bytes.ReplaceAll(change(text), []byte("\r\n"), []byte("\n")), []byte("\n"), []byte(l.eol))
	coding := "8bit"
	switch l.coding {
	case "base64":
		coding, text = "base64", encodeBase64(nil, text, 0, l.lineEnd)
	case "quoted-printable":
		coding, text = "quoted-printable", encodeQuoted(text, l.lineEnd)
	}
	w.declare(l, "utf-8", coding)
	w.change(l.start, l.end, text)
	return nil
}
