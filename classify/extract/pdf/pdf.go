// Package pdf reads the text of PDF files, ISO 32000-2.
//
// Read tells it to an Out: the text of the pages in the order in which a person
// reads it, then the strings that stand elsewhere, and the attached files.
//
// # What is text
//
// The pages: what their content streams and the forms in these show, whether it
// can be seen or not, with the looks of annotations and form fields in their
// places. Rows are lines, wide gaps in them TABs. Then, a line each, the strings
// of all other objects: values and names of fields, comments, bookmarks, links,
// scripts, words for pictures, XML forms, the document's information and
// metadata. Of a file that was saved in increments, what the revisions before
// said and the last one does not is a text called "earlier revision".
//
// # Encryption
//
// A file that opens without a password is read, and has the anomaly
// "empty-password". Any other is an *Encrypted error.
//
// # Damage
//
// Of a damaged file the objects are looked for from its beginning to its end;
// what can be read is told, and the error is ErrMalformed. Text in fonts that
// do not say which characters they show has the anomaly "undecodable-font" and
// the error ErrUnsupported. Pages that are nothing but images have the anomaly
// "scanned-page"; an Out that is a Viewer gets the images of these.
//
// # Limits
//
// Time is linear in the bytes of the file and in those that Out.Expand allowed.
// In memory are a file of up to a mebibyte, some 16 MiB of objects, and what
// one page says; of a stream, a block.
package pdf

import (
	"bufio"
	"errors"
	"io"
)

// Out takes what Read finds. An error of any of its methods ends the reading and
// is returned by Read.
type Out interface {
	// Text opens a text of the document: "" for its pages, or a name for others.
	Text(name string) (io.WriteCloser, error)
	// Member takes an attached file.
	Member(name string, content io.Reader) error
	// Expand is asked before, or for a block at a time while, n bytes are decoded.
	Expand(n int) error
	// Anomaly notes something odd.
	Anomaly(name string)
}

// Errors of Read. What could be read was told before.
var (
	ErrMalformed   = errors.New("malformed pdf")
	ErrUnsupported = errors.New("unsupported pdf")
)

// Read reads a file of size bytes.
func Read(src io.ReaderAt, size int64, out Out) error {
	d := &document{source: newSource(src, size), out: out, cache: map[int]any{}, loading: map[int]bool{}}
	if !d.readXref() {
		if d.stopped != nil {
			return d.stopped
		}
		d.rebuild()
	}
	if d.locked != nil {
		return d.locked
	}
	if d.crypt != nil && d.crypt.locked == nil {
		out.Anomaly("empty-password")
	}
	if !d.hasCatalog() {
		d.rebuild()
	}
	r := &reader{d: d, appeared: map[string]bool{}}
	if err := r.readAll(); err != nil {
		return err
	}
	return r.verdict()
}

// readAll tells all texts and files.
func (r *reader) readAll() error {
	if len(r.d.sections) > 1 {
		r.contents = map[int64]bool{}
	}
	var told map[uint64]bool
	if r.contents != nil {
		told = map[uint64]bool{}
	}
	s := &sweeper{reader: r, filed: map[*stream]bool{}, seen: map[string]bool{}}
	err := r.tell("", told, func() {
		r.readPages()
		s.sweep(r.d.numbers(), r.properties())
		s.properties()
	})
	if err == nil && r.contents != nil && !r.d.rebuilt {
		err = r.tell("earlier revision", told, func() { s.revisions() })
	}
	if err == nil {
		err = s.members()
	}
	return err
}

// tell opens a text for what is found by find.
func (r *reader) tell(name string, told map[uint64]bool, find func()) error {
	w := &lazyText{out: r.d.out, name: name}
	r.p = &page{out: bufio.NewWriterSize(w, 16<<10), told: told, fresh: name == "earlier revision"}
	if r.x == nil {
		r.x = newInterpreter(r.d, r.p)
	}
	r.x.page = r.p
	find()
	err := r.p.out.Flush()
	if e := w.close(); err == nil {
		err = e
	}
	switch {
	case r.d.stopped != nil:
		return r.d.stopped
	case r.p.err != nil:
		return r.p.err
	case r.d.err != nil:
		return r.d.err
	}
	return err
}

// lazyText opens a text when there is some.
type lazyText struct {
	out  Out
	name string
	w    io.WriteCloser
}

func (l *lazyText) Write(b []byte) (n int, err error) {
	if l.w == nil {
		if l.w, err = l.out.Text(l.name); err != nil {
			return 0, err
		}
	}
	return l.w.Write(b)
}

func (l *lazyText) close() error {
	if l.w == nil {
		return nil
	}
	return l.w.Close()
}

// properties are the objects that describe the document.
func (r *reader) properties() map[int]bool {
	nums := map[int]bool{}
	for _, v := range []any{r.d.trailer["Info"], r.d.dict(r.d.trailer["Root"])["Metadata"]} {
		if n, ok := v.(ref); ok {
			nums[n.num] = true
		}
	}
	return nums
}

func (s *sweeper) properties() {
	info := s.d.dict(s.d.trailer["Info"])
	for _, k := range sortedKeys(info) {
		if v, ok := s.d.str(info[k]); ok && v != "" && k != "CreationDate" && k != "ModDate" {
			s.tell([]string{string(k)}, []string{text(v)})
		}
	}
	if st := s.d.stream(s.d.dict(s.d.trailer["Root"])["Metadata"]); st != nil {
		s.markup(st, true)
	}
}

// maxRevisions is how many revisions before the last are read.
const maxRevisions = 4

// revisions reads the document as it was before it was last saved.
func (s *sweeper) revisions() {
	last := s.d.trailer
	for i := 1; i < len(s.d.sections) && i <= maxRevisions && s.d.stopped == nil; i++ {
		s.d.revision, s.d.trailer = i, s.d.sections[i].trailer
		var changed []int
		for num := range s.d.sections[i-1].entries {
			changed = append(changed, num)
		}
		clear(s.d.cache)
		s.d.streams, s.d.packed, s.d.cached = nil, 0, 0
		s.x.settleFonts()
		s.repeated = true
		if s.d.hasCatalog() {
			s.readPages()
		}
		sortInts(changed)
		s.sweep(changed, nil)
	}
	s.d.revision, s.d.trailer = 0, last
}

// members hands over the attached files.
func (s *sweeper) members() error {
	for _, f := range s.files {
		if s.d.crypt != nil && s.d.crypt.locked != nil {
			return s.d.crypt.locked
		}
		r, err := s.d.open(f.st)
		if err != nil {
			s.d.damaged = true
			continue
		}
		content := &salvage{r: r}
		err = s.d.out.Member(f.name, content)
		r.close()
		s.d.damaged = s.d.damaged || content.broken
		if err == nil {
			err = s.d.stopped
		}
		if err != nil {
			return err
		}
	}
	return s.pictures()
}

// salvage ends a damaged attachment where the damage is.
type salvage struct {
	r      *decoded
	broken bool
}

func (s *salvage) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && s.r.d.stopped == nil {
		s.broken = true
		err = io.EOF
	}
	return n, err
}

// verdict says what is left to say of the document.
func (r *reader) verdict() error {
	r.x.settleFonts()
	if r.scans > 0 {
		r.d.out.Anomaly("scanned-page")
	}
	if r.x.blind {
		r.d.out.Anomaly("undecodable-font")
	}
	switch {
	case r.pages == 0, r.d.damaged:
		return ErrMalformed
	case r.x.blind:
		return ErrUnsupported
	}
	return nil
}
