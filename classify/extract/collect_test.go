package extract

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// collector is a Sink that writes down what it is told. Streams that are open at
// once stay apart; they are listed in the order in which they were opened.
type collector struct {
	t      testing.TB
	fields []string
	texts  []*collected
	parts  []*Part
	open   int
	told   map[*Part]bool
	known  map[string]*Part
}

type collected struct {
	c      *collector
	part   *Part
	where  Where
	text   strings.Builder
	marks  []string
	quoted bool
	closed bool
}

func newCollector(t testing.TB) *collector {
	t.Helper()
	return &collector{t: t, told: map[*Part]bool{}, known: map[string]*Part{}}
}

func (c *collector) Field(path, name, value string) {
	c.fields = append(c.fields, path+" "+name+": "+value)
}

func (c *collector) Text(p *Part, where Where) Stream {
	if c.told[p] {
		c.t.Errorf("part %q got a text after it was told", p.Path)
	}
	s := &collected{c: c, part: p, where: where}
	c.texts = append(c.texts, s)
	c.open++
	return s
}

func (c *collector) Part(p *Part) {
	if c.told[p] {
		c.t.Errorf("part %q was told twice", p.Path)
	}
	if c.known[p.Path] != nil {
		c.t.Errorf("two parts have the path %q", p.Path)
	}
	for _, s := range c.texts {
		if s.part == p && !s.closed {
			c.t.Errorf("part %q was told while a text of it was open", p.Path)
		}
	}
	c.told[p], c.known[p.Path] = true, p
	c.parts = append(c.parts, p)
}

func (s *collected) Write(b []byte) (int, error) {
	if s.closed {
		s.c.t.Error("write on a closed stream")
	}
	return s.text.Write(b)
}

func (s *collected) Mark(quoted bool) {
	if quoted == s.quoted {
		s.c.t.Errorf("mark says quoted=%v twice", quoted)
	}
	s.quoted = quoted
	s.marks = append(s.marks, fmt.Sprintf("%d:%v", s.text.Len(), quoted))
}

func (s *collected) Close() error {
	if s.closed {
		s.c.t.Error("stream closed twice")
	}
	s.closed = true
	s.c.open--
	return nil
}

// check holds what is true of every mail.
func (c *collector) check() {
	c.t.Helper()
	if c.open != 0 {
		c.t.Errorf("%d streams were left open", c.open)
	}
	for _, s := range c.texts {
		if !c.told[s.part] {
			c.t.Errorf("a text belongs to part %q, which was never told", s.part.Path)
		}
	}
}

// dump writes everything down, to be compared.
func (c *collector) dump(r *Reader) string {
	var b strings.Builder
	for _, f := range c.fields {
		fmt.Fprintf(&b, "field %s\n", f)
	}
	for _, s := range c.texts {
		fmt.Fprintf(&b, "text %s %s %q %v\n", s.part.Path, s.where, s.text.String(), s.marks)
	}
	for _, p := range c.parts {
		fmt.Fprintf(&b, "part %+v\n", *p)
	}
	fmt.Fprintf(&b, "anomalies %v\n", r.Anomalies())
	return b.String()
}

// cutWithin reports whether the mail was too big while a file within a part was
// read: where exactly that happens depends on how the input is cut.
func (c *collector) cutWithin() bool {
	within, full := false, false
	for _, p := range c.parts {
		within = within || strings.Contains(p.Path, "!")
		full = full || p.Problem == TooBig
	}
	return within && full
}

// bodies lists the texts outside header fields, as "path where text".
func (c *collector) bodies() string {
	var b strings.Builder
	for _, s := range c.texts {
		if s.where != Subject && s.where != Header && s.text.Len() > 0 && !strings.Contains(s.part.Path+".", "0.") {
			fmt.Fprintf(&b, "%s %s %q\n", s.part.Path, s.where, s.text.String())
		}
	}
	return b.String()
}

// tree lists the parts, as "path detected problem".
func (c *collector) tree() string {
	var b strings.Builder
	for _, p := range c.parts {
		fmt.Fprintf(&b, "%s %s", p.Path, p.Detected)
		if p.Problem != "" {
			fmt.Fprintf(&b, " %s", p.Problem)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// has reports whether any text holds s.
func (c *collector) has(s string) bool {
	for _, text := range c.texts {
		if strings.Contains(text.text.String(), s) {
			return true
		}
	}
	return false
}

// read reads a mail in pieces of the given size; 0 is whole.
func read(t testing.TB, mail string, limits Limits, piece int) (*Reader, *collector) {
	t.Helper()
	c := newCollector(t)
	r := NewReader(context.Background(), limits, c)
	if err := ReadMail(r, &pieces{s: mail, n: piece}); err != nil {
		t.Fatal(err)
	}
	c.check()
	return r, c
}

// pieces is a reader that gives n bytes at a time.
type pieces struct {
	s string
	n int
}

func (p *pieces) Read(b []byte) (int, error) {
	r := strings.NewReader(p.s)
	if p.n > 0 {
		b = b[:min(len(b), p.n)]
	}
	n, err := r.Read(b)
	p.s = p.s[n:]
	return n, err
}

// crlfLines turns the line ends of a mail written in this source into CRLF.
func crlfLines(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
