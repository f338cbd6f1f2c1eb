package extract

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// newPart makes the part of a member, or says that there are too many of them.
func (c *container) newPart(name string) (*Part, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.told = true
	c.members++
	if c.members > c.r.limits.Members || c.r.parts >= c.r.limits.Parts {
		return nil, c.stop(TooMany)
	}
	c.r.parts++
	return &Part{Path: c.path(name), Name: baseName(name), Where: Attachment}, nil
}

// maxMemberName bounds the name of a member in its path.
const maxMemberName = 4 << 10

// path is that of a member: one that has no name is called by its number, and
// of several that have the same one the later ones get a number behind it.
func (c *container) path(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	if name == "" {
		name = strconv.Itoa(c.members)
	}
	if len(name) > maxMemberName {
		name = strings.ToValidUTF8(name[:maxMemberName], "")
	}
	prefix := c.prefix
	if prefix == "" {
		prefix = c.leaf.part.Path
	}
	return c.r.unused(prefix + "!" + strings.ReplaceAll(name, "!", "%21"))
}

// unused returns the path, with a number behind it if it was given before.
func (r *Reader) unused(path string) string {
	if r.paths == nil {
		r.paths = map[string]int{}
	}
	for n, whole := r.paths[path]+1, path; ; n++ {
		if n > 1 {
			whole = path + " (" + strconv.Itoa(n) + ")"
		}
		if r.paths[whole] == 0 {
			r.paths[whole] = 1
			r.paths[path] = n
			return whole
		}
	}
}

// baseName is a member's name without the folders it stands in.
func baseName(name string) string {
	return name[strings.LastIndexAny(name, "/\\")+1:]
}

// Member reads an embedded file as a part of its own. That content cannot be
// read to its end is a fact about the member and no error.
func (c *container) Member(name string, content io.Reader) error {
	p, err := c.newPart(name)
	if err != nil {
		return err
	}
	c.inside++
	l := c.openMember(name, p)
	c.inside--
	pooled := blocks.Get().(*[maxBlock]byte)
	defer blocks.Put(pooled)
	for !l.over && err == nil {
		if err = c.check(); err != nil {
			l.problem(c.stopped)
			break
		}
		var n int
		n, err = pull(content, pooled[:])
		c.inside++
		l.write(pooled[:n])
		c.inside--
	}
	switch {
	case c.stopped != "":
		l.problem(c.stopped)
	case err != nil && !errors.Is(err, io.EOF):
		c.fault(l, err)
	}
	c.inside++
	l.close()
	c.inside--
	return c.check()
}

func (c *container) openMember(name string, p *Part) *leaf {
	e := &entity{attached: true, disposition: "attachment"}
	if name != "" {
		e.names = []string{name}
	}
	l := newLeaf(newWalker(c.r, c.depth), e, p)
	l.member = true
	l.tell = func() { c.tellName(name, p) }
	return l
}

// fault notes why the content of a member could not be read on.
func (c *container) fault(l *leaf, err error) {
	if locked, ok := errors.AsType[*lockedError](err); ok {
		l.part.Encrypted, l.part.Cipher, l.part.Weak = true, locked.Cipher, locked.Weak
		c.locked(locked.Cipher, locked.Weak)
	}
	l.problem(problemOf(err))
	c.missed(problemOf(err))
}

// pull reads from a parser's content, which may be nil, may panic, and may be
// without end or progress.
func pull(content io.Reader, b []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err = 0, errMalformed
		}
	}()
	if content == nil {
		return 0, io.EOF
	}
	for range 100 {
		if n, err = content.Read(b); n != 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// Unread tells a member whose content cannot be read, of the given size: err
// says why, as that of a format does. If it is a *lockedError the container
// counts as encrypted, too.
func (c *container) Unread(name string, size int64, err error) error {
	p, limit := c.newPart(name)
	if limit != nil {
		return limit
	}
	p.Bytes, p.Problem = size, problemOf(err)
	p.Detected = "application/octet-stream"
	if locked, ok := errors.AsType[*lockedError](err); ok {
		p.Encrypted, p.Cipher, p.Weak = true, locked.Cipher, locked.Weak
		c.locked(locked.Cipher, locked.Weak)
	}
	c.missed(p.Problem)
	c.inside++
	c.tellName(name, p)
	c.r.tellPart(p)
	c.inside--
	return nil
}

// Note gives a text that belongs to the container itself: a comment, the name of
// a folder.
func (c *container) Note(text string) error {
	if text == "" {
		return nil
	}
	w, err := c.Text("")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Close()
}

func (c *container) tellName(name string, p *Part) {
	if name == "" {
		return
	}
	s := newTextStream(c.r, p, Attachment)
	s.write([]byte(name))
	s.close()
}

// Text opens a text of the container: one that has a name is a part of its own,
// which is told when the text is closed.
func (c *container) Text(name string) (io.WriteCloser, error) {
	t := &memberText{c: c, part: c.leaf.part}
	if name == "" {
		if err := c.check(); err != nil {
			return nil, err
		}
	} else {
		p, err := c.newPart(name)
		if err != nil {
			return nil, err
		}
		p.Detected = "text/plain"
		t.part, t.own = p, true
		c.inside++
		c.tellName(name, p)
		c.inside--
	}
	t.out = &dropNUL{r: c.r, next: &armorWatch{rd: c.rd, next: newTextStream(c.r, t.part, t.part.Where)}}
	c.open = append(c.open, t)
	return t, nil
}

// memberText is a text of a container, being written by its parser.
type memberText struct {
	c      *container
	part   *Part
	own    bool // the part is the text's
	out    stage
	size   int64
	closed bool
}

// Write takes UTF-8 text.
func (t *memberText) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if t.closed {
			panic("internal error: write on a closed text")
		}
		if err := t.c.check(); err != nil {
			return n - len(b), err
		}
		block := b[:min(len(b), maxBlock)]
		t.size += int64(len(block))
		t.c.r.expanded += int64(len(block))
		if t.size > t.c.r.limits.PartBytes || t.c.r.expanded > t.c.r.limits.MailBytes {
			return n - len(b), t.c.stop(TooBig)
		}
		t.c.told = true
		t.c.inside++
		t.out.write(block)
		t.c.inside--
		b = b[len(block):]
	}
	return n, nil
}

// Close ends the text. Closing it again does nothing.
func (t *memberText) Close() error {
	if t.closed {
		return nil
	}
	t.closed = true
	c := t.c
	for i, o := range c.open {
		if o == t {
			c.open = append(c.open[:i], c.open[i+1:]...)
			break
		}
	}
	c.inside++
	t.out.close()
	if t.own {
		t.part.Bytes = t.size
		t.part.Problem = c.stopped
		c.r.tellPart(t.part)
	}
	c.inside--
	return nil
}
