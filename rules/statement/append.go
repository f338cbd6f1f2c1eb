package statement

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// Why no statement was added.
var (
	ErrSigned    = errors.New("the mail is signed")
	ErrEncrypted = errors.New("the mail is encrypted")
	ErrNoText    = errors.New("the mail has no text that a statement could follow")
	ErrForm      = errors.New("the mail's form leaves doubt where its text ends")
	ErrCharset   = errors.New("the mail's text is not in the charset that it claims")
	ErrTooBig    = errors.New("the mail's text is too big")
)

// maxText bounds a part that a statement is added to, in encoded bytes: it is
// held in memory meanwhile.
const maxText = 8 << 20

// Statement is what is added.
type Statement struct {
	Plain string // lines end with \n
	HTML  string // empty: Plain, in a paragraph of its own
}

// Markup is a plain text as HTML, in a paragraph of its own.
func Markup(plain string) string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(strings.TrimSpace(plain)), "\n", "<br>\n") + "</p>"
}

// markup is the statement as HTML, in ASCII.
func (s *Statement) markup() string {
	text := s.HTML
	if text == "" {
		text = Markup(s.Plain)
	}
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// Change replaces the bytes [From,To) of a body.
type Change struct {
	From, To int64
	With     []byte
}

// Field is a header field of the mail: its first of that name gets this value, or
// it is added.
type Field struct{ Name, Value string }

// Edit is what adds a statement to one mail.
type Edit struct {
	Changes []Change // in the order of the body, without overlap
	Fields  []Field
}

// Reader reads the body with the changes made.
func (e *Edit) Reader(body io.ReaderAt, size int64) io.Reader {
	var pieces []io.Reader
	at := int64(0)
	for _, c := range e.Changes {
		pieces = append(pieces, io.NewSectionReader(body, at, c.From-at), strings.NewReader(string(c.With)))
		at = c.To
	}
	return io.MultiReader(append(pieces, io.NewSectionReader(body, at, size-at))...)
}

// Append works out how the statement gets into a mail: its header, of which only
// the fields Content-* matter, and its body as an MTA hands it over.
func Append(header *textproto.Header, body io.ReaderAt, size int64, s Statement) (*Edit, error) {
	w := &work{body: body, statement: &s, edit: &Edit{}}
	root := &entity{header: header, end: size, root: true}
	leaves, err := w.find(root, 0)
	if err != nil {
		return nil, err
	}
	if len(leaves) == 0 {
		return nil, ErrNoText
	}
	for _, leaf := range leaves {
		if err := w.add(leaf); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(w.edit.Changes, func(a, b Change) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return w.edit, nil
}

// work is the adding of one statement.
type work struct {
	body      io.ReaderAt
	statement *Statement
	edit      *Edit
}

// read reads the body of a part.
func (w *work) read(e *entity) ([]byte, error) {
	if e.end-e.start > maxText {
		return nil, ErrTooBig
	}
	raw := make([]byte, e.end-e.start)
	if _, err := w.body.ReadAt(raw, e.start); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return raw, nil
}

// change notes a change.
func (w *work) change(from, to int64, with []byte) {
	w.edit.Changes = append(w.edit.Changes, Change{from, to, with})
}
