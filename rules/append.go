package rules

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/emersion/go-message/textproto"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/rules/statement"
)

// DefaultAppendBytes bounds the body of a mail that a statement is added to.
const DefaultAppendBytes = 16 << 20

// originalMemory is how much of a body is kept in memory; what is longer goes to
// a file without a name.
const originalMemory = 256 << 10

// original is a mail as it came, as far as adding a statement needs it: the
// fields that describe its body, and the body. field and Write take it as it
// arrives.
type original struct {
	header  textproto.Header
	memory  []byte
	file    *os.File
	size    int64
	limit   int64
	tooBig  bool
	failure error // of the machine
}

// readOriginal takes a whole mail: its header, an empty line and its body.
func readOriginal(mail []byte, limit int64) *original {
	o := &original{limit: limit}
	r := bufio.NewReader(bytes.NewReader(mail))
	header, err := textproto.ReadHeader(r)
	if err != nil || int64(len(mail)) > limit {
		o.tooBig = true // or no header that could be changed
		return o
	}
	o.header = header
	o.memory, _ = io.ReadAll(r) // from memory
	o.size = int64(len(o.memory))
	return o
}

// field takes a header field; of all of them only those that describe the body
// are kept.
func (o *original) field(name, value string) {
	lower := strings.ToLower(strings.TrimRight(name, " \t"))
	if strings.HasPrefix(lower, "content-") || lower == "mime-version" {
		value = strings.NewReplacer("\r", "", "\n", "").Replace(value)
		o.header.Add(lower, strings.TrimSpace(value))
	}
}

// Write takes the next bytes of the body.
func (o *original) Write(b []byte) (int, error) {
	switch {
	case o.tooBig || o.failure != nil:
	case o.size+int64(len(b)) > o.limit:
		o.tooBig = true
		o.free()
	case o.file == nil && len(o.memory)+len(b) <= originalMemory:
		o.memory = append(o.memory, b...)
		o.size += int64(len(b))
	default:
		o.failure = o.spill(b)
	}
	return len(b), nil
}

// spill writes to the file, and opens it first.
func (o *original) spill(b []byte) error {
	if o.file == nil {
		file, err := os.CreateTemp("", "postern-")
		if err != nil {
			return err
		}
		o.file = file
		// Without a name it is gone with the process, however that ends.
		if err := os.Remove(file.Name()); err != nil {
			return err
		}
		if _, err := file.WriteAt(o.memory, 0); err != nil {
			return err
		}
		o.memory = nil
	}
	_, err := o.file.WriteAt(b, o.size)
	o.size += int64(len(b))
	return err
}

// ReadAt reads the body.
func (o *original) ReadAt(b []byte, off int64) (int, error) {
	if o.file != nil {
		return o.file.ReadAt(b, off)
	}
	return bytes.NewReader(o.memory).ReadAt(b, off)
}

// free lets go of the body.
func (o *original) free() {
	if o.file != nil {
		_ = o.file.Close() // its bytes are not wanted any more
	}
	o.file, o.memory = nil, nil
}

// unable is what is said of a mail that no statement can be added to.
var unable = []struct {
	err  error
	text string
}{
	{statement.ErrSigned, "it is signed"},
	{statement.ErrEncrypted, "it is encrypted"},
	{statement.ErrNoText, "it has no text"},
	{statement.ErrForm, "its form leaves doubt where the text ends"},
	{statement.ErrCharset, "its text is not in the charset that it claims"},
	{statement.ErrTooBig, "it is too big"},
}

// Unables lists what a Report's Unable can say.
func Unables() []string {
	all := make([]string, len(unable))
	for i := range unable {
		all[i] = unable[i].text
	}
	return all
}

func unableText(err error) string {
	for _, u := range unable {
		if errors.Is(err, u.err) {
			return u.text
		}
	}
	return "it is too big"
}

// settle decides about a mail and adds the statements that the decision asks for:
// the Decision then holds the edits, and the body is the new one. Where nothing
// can be added, the report says why and the rules do what stands in its place.
func (p *Policy) settle(env *Envelope, report *classify.Report, original *original, explain bool) (*Decision, io.Reader, error) {
	m := p.open(env, report, explain)
	d := m.decide()
	m.note()
	if len(d.Append) == 0 || d.Action > Hold {
		return d, nil, nil
	}
	if original.failure != nil {
		return nil, nil, fmt.Errorf("the mail cannot be kept on disk: %w", original.failure)
	}
	edit, err := p.addStatements(d, original)
	report.Answers[p.appendID(d)] = classify.Answer{Yes: err == nil}
	if err != nil {
		report.Unable = unableText(err)
		return p.decide(env, report, explain), nil, nil
	}
	for _, f := range edit.Fields {
		d.Edits = append(d.Edits, Edit{ChangeHeader, f.Name, f.Value})
	}
	d.Edits = append(d.Edits, Edit{Op: ReplaceBody})
	return d, edit.Reader(original, original.size), nil
}

// addStatements works out one edit for all statements of a decision.
func (p *Policy) addStatements(d *Decision, original *original) (*statement.Edit, error) {
	if original.tooBig {
		return nil, statement.ErrTooBig
	}
	var all statement.Statement
	marked := false
	for _, a := range d.Append {
		_, html := p.Statement(a.Statement)
		marked = marked || html != ""
	}
	for _, a := range d.Append {
		text, html := p.Statement(a.Statement)
		text = strings.TrimSpace(text) + "\n"
		if marked {
			if html == "" {
				html = statement.Markup(text)
			}
			all.HTML += html
		}
		if all.Plain != "" {
			all.Plain += "\n"
		}
		all.Plain += text
	}
	return statement.Append(&original.header, original, original.size, all)
}

// appends reports whether a rule adds a statement.
func (p *Policy) appends() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return r.statement != "" })
}
