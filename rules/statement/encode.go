package statement

import (
	"bytes"
	"encoding/base64"
	"maps"
	"mime"
	"mime/quotedprintable"
	"strings"
)

// lineChars is the length of encoded lines (RFC 2045 section 6).
const lineChars = 76

// insert puts coded text behind at bytes of the decoded part, after a gap.
func (w *work) insert(l *leaf, at int, gap string, coded []byte) {
	coded = append([]byte(gap), coded...)
	if l.bare {
		w.change(l.start, l.start, []byte(l.lineEnd))
	}
	switch l.coding {
	case "":
		w.change(l.start+int64(at), l.start+int64(at), coded)
	case "quoted-printable":
		w.insertQuoted(l, at, coded)
	default:
		w.insertBase64(l, at, coded)
	}
}

// insertQuoted puts text into quoted-printable: between two soft line breaks, so
// that no line becomes too long and no other byte changes.
func (w *work) insertQuoted(l *leaf, at int, coded []byte) {
	place := len(l.raw)
	if at < len(l.text) {
		place = quotedOffset(l.raw, at)
	}
	with := encodeQuoted(coded, l.lineEnd)
	if place > 0 && l.raw[place-1] != '\n' {
		with = append([]byte("="+l.lineEnd), with...)
	}
	if place < len(l.raw) && len(with) > 0 && !bytes.HasSuffix(with, []byte("\n")) {
		with = append(with, "="+l.lineEnd...)
	}
	w.change(l.start+int64(place), l.start+int64(place), with)
}

// quotedOffset is where the encoded text stands that gives so many decoded bytes.
func quotedOffset(raw []byte, decoded int) int {
	at := 0
	for line := range bytes.Lines(raw) {
		body := bytes.TrimRight(line, "\r\n")
		text := bytes.TrimRight(body, " \t") // transport may have added blanks
		for i := 0; i < len(text); i++ {
			if decoded == 0 {
				return at + i
			}
			if text[i] == '=' {
				if i == len(text)-1 {
					break
				}
				i += 2
			}
			decoded--
		}
		if decoded == 0 {
			return at + len(body)
		}
		if !bytes.HasSuffix(text, []byte("=")) {
			decoded = max(decoded-(len(line)-len(body)), 0)
		}
		at += len(line)
	}
	return len(raw)
}

// encodeQuoted encodes text; its line ends stay line ends.
func encodeQuoted(text []byte, eol string) []byte {
	var b bytes.Buffer
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write(text) // into memory
	_ = q.Close()
	if eol == "\n" {
		return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n"))
	}
	return b.Bytes()
}

// insertBase64 puts text into base64. What stands before the place stays as it
// is up to the last whole group of four characters; from there on it is encoded
// anew.
func (w *work) insertBase64(l *leaf, at int, coded []byte) {
	keep := at / 3 * 3
	place, column := base64Offset(l.raw, keep)
	text := append(append(bytes.Clone(l.text[keep:at]), coded...), l.text[at:]...)
	w.change(l.start+int64(place), l.end, encodeBase64(nil, text, column, l.lineEnd))
}

// base64Offset is where so many decoded bytes, whole groups, end in base64 without
// padding before, and how many characters its line has by then.
func base64Offset(raw []byte, decoded int) (place, column int) {
	chars := decoded / 3 * 4
	for place = 0; chars > 0; place++ {
		switch c := raw[place]; {
		case c == '\n':
			column = 0
		case c != '\r':
			column++
			chars--
		}
	}
	return place, column
}

// encodeBase64 encodes text in lines, the first of which has column characters
// already.
func encodeBase64(b, text []byte, column int, eol string) []byte {
	coded := base64.StdEncoding.EncodeToString(text)
	for len(coded) > 0 {
		n := min(max(lineChars-column, 0), len(coded))
		b = append(b, coded[:n]...)
		b = append(b, eol...)
		coded, column = coded[n:], 0
	}
	return b
}

// decodeBase64 decodes base64 as it must be written: groups of four, line ends
// between them, padding at the end alone.
func decodeBase64(raw []byte) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(string(raw)))
}

// declare gives the part another charset and transfer encoding.
func (w *work) declare(l *leaf, charset, coding string) {
	params := map[string]string{}
	maps.Copy(params, l.params)
	params["charset"] = charset
	media := mime.FormatMediaType(l.media, params)
	if l.coding != "" {
		coding = l.coding
	}
	w.field(l, "Content-Type", media)
	w.field(l, "Content-Transfer-Encoding", coding)
	if l.root && l.header.Get("Mime-Version") == "" {
		w.field(l, "MIME-Version", "1.0")
	}
}

// field sets a field of the part's header: of the mail's by an edit of its own,
// of another part's in the body, in place of the one that stands there.
func (w *work) field(l *leaf, name, value string) {
	if l.root {
		w.edit.Fields = append(w.edit.Fields, Field{name, value})
		return
	}
	if from, to, found := w.locate(l, name); found {
		w.change(from, to, []byte(name+": "+value+l.lineEnd))
		return
	}
	w.change(l.head, l.head, []byte(name+": "+value+l.lineEnd))
}

// locate finds a field with its folded lines in a part's header.
func (w *work) locate(l *leaf, name string) (from, to int64, found bool) {
	head := make([]byte, l.start-l.head)
	if _, err := w.body.ReadAt(head, l.head); err != nil {
		return 0, 0, false
	}
	at := 0
	for line := range bytes.Lines(head) {
		folded := line[0] == ' ' || line[0] == '\t'
		switch {
		case found && !folded:
			return from, l.head + int64(at), true
		case !found && !folded && isField(line, name):
			from, found = l.head+int64(at), true
		}
		at += len(line)
	}
	return from, l.head + int64(at), found
}

func isField(line []byte, name string) bool {
	before, _, found := bytes.Cut(line, []byte(":"))
	return found && strings.EqualFold(strings.TrimRight(string(before), " \t"), name)
}
