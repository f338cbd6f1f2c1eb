package office

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// collector is an Out that keeps all.
type collector struct {
	texts     []*collected
	members   map[string]string
	anomalies []string
	expanded  int
	limit     int // of expanded, if not 0
	open      int
}

type collected struct {
	name string
	buf  bytes.Buffer
	c    *collector
}

func (t *collected) Write(b []byte) (int, error) { return t.buf.Write(b) }
func (t *collected) Close() error                { t.c.open--; return nil }

var errLimit = fmt.Errorf("too much")

func (c *collector) Text(name string) (io.WriteCloser, error) {
	if c.open++; c.open > 1 {
		panic("two texts are open")
	}
	c.texts = append(c.texts, &collected{name: name, c: c})
	return c.texts[len(c.texts)-1], nil
}

func (c *collector) Member(name string, content io.Reader) error {
	if c.open > 0 {
		panic("a member while a text is open")
	}
	b, _ := io.ReadAll(content)
	if c.members == nil {
		c.members = map[string]string{}
	}
	c.members[name] = string(b)
	return nil
}

func (c *collector) Expand(n int) error {
	if c.expanded += n; c.limit > 0 && c.expanded > c.limit {
		return errLimit
	}
	return nil
}

func (c *collector) Anomaly(name string) { c.anomalies = append(c.anomalies, name) }

// text is the text of that name.
func (c *collector) text(name string) string {
	var all strings.Builder
	for _, t := range c.texts {
		if t.name == name {
			all.WriteString(t.buf.String())
		}
	}
	return all.String()
}

func (c *collector) dump() string {
	var all strings.Builder
	for _, t := range c.texts {
		fmt.Fprintf(&all, "== %q\n%s", t.name, t.buf.String())
	}
	for name, b := range c.members {
		fmt.Fprintf(&all, "== member %q %d bytes\n", name, len(b))
	}
	return all.String()
}

func readBytes(t testing.TB, b []byte) (*collector, error) {
	t.Helper()
	c := &collector{}
	err := Read(bytes.NewReader(b), int64(len(b)), c)
	if c.open != 0 {
		t.Fatalf("%d texts are left open", c.open)
	}
	return c, err
}
