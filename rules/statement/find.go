package statement

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// maxDepth bounds nested multiparts on the way to the text, maxHeader the header
// of a part.
const (
	maxDepth  = 10
	maxHeader = 64 << 10
	maxParts  = 1000
)

// entity is a part of the mail: its header and where it stands in the body.
type entity struct {
	header      *textproto.Header
	head        int64 // where its header begins
	start, end  int64 // its body
	root        bool  // its header is the mail's
	bare        bool  // the line that ends its header is that of the boundary
	media       string
	params      map[string]string
	disposition string
}

// describe reads what the header says of the part. Two fields of one kind are
// read differently by different clients.
func (e *entity) describe() error {
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if len(e.header.Values(name)) > 1 {
			return fmt.Errorf("%w: two fields %s", ErrForm, name)
		}
	}
	e.media = "text/plain"
	if value := e.header.Get("Content-Type"); value != "" {
		media, params, err := mime.ParseMediaType(value)
		if err != nil {
			return fmt.Errorf("%w: a Content-Type that cannot be read", ErrForm)
		}
		e.media, e.params = media, params
	}
	if value := e.header.Get("Content-Disposition"); value != "" {
		disposition, params, err := mime.ParseMediaType(value)
		if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
			return fmt.Errorf("%w: a Content-Disposition that cannot be read", ErrForm)
		}
		e.disposition = disposition
		if params["filename"] != "" {
			e.disposition = "attachment"
		}
	}
	if e.params["name"] != "" {
		e.disposition = "attachment"
	}
	return nil
}

// find returns the parts that hold the mail's text.
func (w *work) find(e *entity, depth int) ([]*entity, error) {
	if err := e.describe(); err != nil {
		return nil, err
	}
	kind, sub, _ := strings.Cut(e.media, "/")
	switch {
	case e.media == "multipart/signed":
		return nil, ErrSigned
	case e.media == "multipart/encrypted":
		return nil, ErrEncrypted
	case sub == "pkcs7-mime" || sub == "x-pkcs7-mime":
		if strings.EqualFold(e.params["smime-type"], "signed-data") {
			return nil, ErrSigned
		}
		return nil, ErrEncrypted
	case e.media == "multipart/report" || e.disposition == "attachment":
		return nil, nil
	case e.media == "text/plain" || e.media == "text/html":
		return []*entity{e}, nil
	case kind != "multipart":
		return nil, nil
	case depth == maxDepth:
		return nil, fmt.Errorf("%w: multiparts nested too deep", ErrForm)
	}
	parts, err := w.split(e)
	if err != nil {
		return nil, err
	}
	switch sub {
	case "alternative":
		return w.all(parts, depth)
	case "related":
		return w.find(rootOf(e, parts), depth+1)
	}
	return w.first(parts, depth)
}

// all returns the texts of every part.
func (w *work) all(parts []*entity, depth int) (found []*entity, err error) {
	for _, p := range parts {
		leaves, err := w.find(p, depth+1)
		if err != nil {
			return nil, err
		}
		found = append(found, leaves...)
	}
	return found, nil
}

// first returns the texts of the first part that has any.
func (w *work) first(parts []*entity, depth int) ([]*entity, error) {
	for _, p := range parts {
		leaves, err := w.find(p, depth+1)
		if err != nil || len(leaves) > 0 {
			return leaves, err
		}
	}
	return nil, nil
}

// rootOf is the part of a multipart/related that is shown (RFC 2387 section 3.2).
func rootOf(e *entity, parts []*entity) *entity {
	if start := e.params["start"]; start != "" {
		for _, p := range parts {
			if strings.TrimSpace(p.header.Get("Content-Id")) == start {
				return p
			}
		}
	}
	return parts[0]
}

// split finds the parts of a multipart (RFC 2046 section 5.1.1). It wants both
// ends: where a boundary is missing, clients differ about what is text.
func (w *work) split(e *entity) ([]*entity, error) {
	boundary := e.params["boundary"]
	if boundary == "" {
		return nil, fmt.Errorf("%w: a multipart without a boundary", ErrForm)
	}
	delimiter := []byte("--" + boundary)
	r := bufio.NewReaderSize(io.NewSectionReader(w.body, e.start, e.end-e.start), 32<<10)
	var parts []*entity
	at, lineEnd := e.start, int64(0) // lineEnd: how long the last line's end was
	for {
		line, size, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: a multipart that is not closed", ErrForm)
		}
		if err != nil {
			return nil, err
		}
		if rest, found := bytes.CutPrefix(bytes.TrimRight(line, " \t\r\n"), delimiter); found {
			closing := bytes.Equal(rest, []byte("--"))
			if len(rest) > 0 && !closing {
				at, lineEnd = at+size, ending(line)
				continue
			}
			if n := len(parts); n > 0 {
				parts[n-1].end = max(at-lineEnd, parts[n-1].head)
			}
			if closing {
				break
			}
			if len(parts) == maxParts {
				return nil, fmt.Errorf("%w: more than %d parts", ErrForm, maxParts)
			}
			parts = append(parts, &entity{head: at + size})
		}
		at, lineEnd = at+size, ending(line)
	}
	for _, p := range parts {
		if err := w.readHeader(p); err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: a multipart without parts", ErrForm)
	}
	return parts, nil
}

// readLine takes a line, and returns it as far as it could be a boundary, and how
// long it is.
func readLine(r *bufio.Reader) (line []byte, size int64, err error) {
	line, err = r.ReadSlice('\n')
	size = int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = r.ReadSlice('\n')
			size += int64(len(line))
		}
		end := "x"[:0]
		if bytes.HasSuffix(line, []byte("\r\n")) {
			end = "\r\n"
		} else if bytes.HasSuffix(line, []byte("\n")) {
			end = "\n"
		}
		line = []byte(end)
	}
	if size > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return line, size, err
}

// ending is how long the end of a line is; it belongs to a boundary that follows.
func ending(line []byte) int64 {
	switch {
	case bytes.HasSuffix(line, []byte("\r\n")):
		return 2
	case bytes.HasSuffix(line, []byte("\n")):
		return 1
	}
	return 0
}

// readHeader reads the header of a part, and finds its body.
func (w *work) readHeader(p *entity) error {
	counted := &counter{r: io.NewSectionReader(w.body, p.head, min(p.end+2-p.head, maxHeader))}
	r := bufio.NewReader(counted)
	header, err := textproto.ReadHeader(r)
	if err != nil {
		return fmt.Errorf("%w: a part's header that cannot be read", ErrForm)
	}
	p.header, p.start = &header, p.head+counted.n-int64(r.Buffered())
	if p.bare = p.start > p.end; p.bare {
		p.start = p.end
	}
	return nil
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}
